//! The organisation's own certificate authority: a root that readers may be given, and a certificate for signing documents under it
//! (RFC 5280). Secrets and time come in; the same ones give the same certificates.

use crate::signer::{ECDSA_SHA256, KeyError, Signer};
use cms::cert::x509::attr::AttributeTypeAndValue;
use cms::cert::x509::certificate::{Certificate, TbsCertificate, Version};
use cms::cert::x509::ext::Extension;
use cms::cert::x509::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectKeyIdentifier,
};
use cms::cert::x509::name::{Name, RdnSequence, RelativeDistinguishedName};
use cms::cert::x509::serial_number::SerialNumber;
use cms::cert::x509::time::{Time, Validity};
use der::asn1::{Any, BitString, GeneralizedTime, OctetString, SetOfVec, UtcTime};
use der::oid::AssociatedOid;
use der::{Encode, Tag};
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer as _;
use p256::pkcs8::EncodePublicKey;
use sha2::{Digest, Sha256};
use spki::{AlgorithmIdentifierOwned, ObjectIdentifier, SubjectPublicKeyInfoOwned};
use std::time::Duration;

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const ORGANISATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
/// id-kp-documentSigning, RFC 9336
const DOCUMENT_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.36");
const YEAR_S: u64 = 31_557_600;
/// X.509 writes years up to 2049 in two digits.
const TWO_DIGITS_END_S: u64 = 2_524_608_000;

/// What an authority is made from.
#[derive(zeroize::Zeroize, zeroize::ZeroizeOnDrop)]
pub struct Secrets {
    /// Of the root: 32 random bytes.
    pub root: [u8; 32],
    /// Of the key that signs documents: 32 random bytes.
    pub signing: [u8; 32],
}

/// Makes the root (for 20 years) and the signing certificate (for 10), both beginning at `since_ms`, milliseconds since the Unix epoch.
///
/// # Errors
/// When a secret is no P-256 key (one in 2^32) or the name cannot be written in a certificate.
pub fn found(organisation: &str, secrets: &Secrets, since_ms: u64) -> Result<Signer, KeyError> {
    let root_key = SigningKey::from_slice(&secrets.root).map_err(|_| KeyError::Kind)?;
    let signing_key = SigningKey::from_slice(&secrets.signing).map_err(|_| KeyError::Kind)?;
    let root_name = name(organisation, &format!("{} Document Authority", short(organisation, 40)))?;
    let own_name = name(organisation, &short(organisation, 64))?;
    let since_s = since_ms / 1000;
    let root_id = identifier(&root_key)?;
    let root = certify(
        &root_key,
        &root_key,
        [&root_name, &root_name],
        [since_s, since_s + 20 * YEAR_S],
        vec![
            extension(
                true,
                &BasicConstraints {
                    ca: true,
                    path_len_constraint: Some(0),
                },
            )?,
            extension(true, &KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign))?,
            extension(false, &SubjectKeyIdentifier(root_id.clone()))?,
        ],
    )?;
    let own = certify(
        &root_key,
        &signing_key,
        [&root_name, &own_name],
        [since_s, since_s + 10 * YEAR_S],
        vec![
            extension(
                true,
                &BasicConstraints {
                    ca: false,
                    path_len_constraint: None,
                },
            )?,
            extension(true, &KeyUsage(KeyUsages::DigitalSignature | KeyUsages::NonRepudiation))?,
            extension(false, &ExtendedKeyUsage(vec![DOCUMENT_SIGNING]))?,
            extension(false, &SubjectKeyIdentifier(identifier(&signing_key)?))?,
            extension(
                false,
                &AuthorityKeyIdentifier {
                    key_identifier: Some(root_id),
                    authority_cert_issuer: None,
                    authority_cert_serial_number: None,
                },
            )?,
        ],
    )?;
    Signer::from_p256(signing_key, vec![own, root])
}

fn certify(
    issuer_key: &SigningKey,
    subject_key: &SigningKey,
    [issuer, subject]: [&Name; 2],
    [from_s, until_s]: [u64; 2],
    extensions: Vec<Extension>,
) -> Result<Certificate, KeyError> {
    let algorithm = AlgorithmIdentifierOwned {
        oid: ECDSA_SHA256,
        parameters: None,
    };
    let key = public(subject_key)?;
    // A serial number nobody can predict is asked of public authorities; here a digest that never repeats for another key is enough.
    let mut serial = Sha256::digest(key.to_der()?).to_vec();
    serial.truncate(16);
    if let Some(first) = serial.first_mut() {
        *first = (*first & 0x3f) | 0x40;
    }
    let tbs_certificate = TbsCertificate {
        version: Version::V3,
        serial_number: SerialNumber::new(&serial)?,
        signature: algorithm.clone(),
        issuer: issuer.clone(),
        validity: Validity {
            not_before: time(from_s)?,
            not_after: time(until_s)?,
        },
        subject: subject.clone(),
        subject_public_key_info: key,
        issuer_unique_id: None,
        subject_unique_id: None,
        extensions: Some(extensions),
    };
    let signature: p256::ecdsa::DerSignature = issuer_key.try_sign(&tbs_certificate.to_der()?).map_err(|_| KeyError::Kind)?;
    Ok(Certificate {
        tbs_certificate,
        signature_algorithm: algorithm,
        signature: BitString::from_bytes(signature.as_bytes())?,
    })
}

fn public(key: &SigningKey) -> Result<SubjectPublicKeyInfoOwned, KeyError> {
    let der = key.verifying_key().to_public_key_der().map_err(|_| KeyError::Kind)?;
    Ok(der::Decode::from_der(der.as_bytes())?)
}

/// RFC 7093's first method: the left 160 bits of the key's SHA-256.
fn identifier(key: &SigningKey) -> Result<OctetString, KeyError> {
    let point = key.verifying_key().to_encoded_point(false);
    let digest = Sha256::digest(point.as_bytes());
    Ok(OctetString::new(digest.get(..20).unwrap_or_default())?)
}

fn extension<T: AssociatedOid + Encode>(critical: bool, content: &T) -> Result<Extension, KeyError> {
    Ok(Extension {
        extn_id: T::OID,
        critical,
        extn_value: OctetString::new(content.to_der()?)?,
    })
}

fn time(seconds: u64) -> Result<Time, KeyError> {
    let duration = Duration::from_secs(seconds);
    Ok(if seconds < TWO_DIGITS_END_S {
        Time::UtcTime(UtcTime::from_unix_duration(duration)?)
    } else {
        Time::GeneralTime(GeneralizedTime::from_unix_duration(duration)?)
    })
}

fn name(organisation: &str, common: &str) -> Result<Name, KeyError> {
    let mut parts = Vec::new();
    for (oid, text) in [(ORGANISATION, short(organisation, 64)), (COMMON_NAME, common.to_owned())] {
        let part = AttributeTypeAndValue {
            oid,
            value: Any::new(Tag::Utf8String, text.as_bytes())?,
        };
        parts.push(RelativeDistinguishedName(SetOfVec::try_from(vec![part])?));
    }
    Ok(RdnSequence(parts))
}

/// X.520 gives names 64 characters. A name without letters would be no name.
fn short(text: &str, most: usize) -> String {
    let text: String = text.chars().filter(|letter| !letter.is_control()).take(most).collect();
    if text.trim().is_empty() {
        "Organisation".to_owned()
    } else {
        text
    }
}
