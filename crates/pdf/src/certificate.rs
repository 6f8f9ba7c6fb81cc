//! Signatures under certificates and chains of certificates up to a root that the reader trusts (RFC 5280 §6, the parts that matter
//! here: names, validity, basic constraints, key usage, signatures). Leaves out revocation: it needs the network; what was checked
//! says so.

use cms::cert::x509::Certificate;
use cms::cert::x509::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage};
use der::{Decode, Encode};
use rsa::signature::Verifier;
use rsa::signature::hazmat::PrehashVerifier;
use sha2::{Digest, Sha256, Sha384, Sha512};
use spki::{AlgorithmIdentifierOwned, ObjectIdentifier, SubjectPublicKeyInfoOwned};

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const LONGEST_CHAIN: usize = 6;

/// What is wrong with a signature or a chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainFault {
    /// A kind of key or signature that this program does not check.
    #[error("it uses a kind of key or signature that this program does not check ({0})")]
    Unsupported(String),
    /// The mathematics says no.
    #[error("the signature does not fit the key")]
    Signature,
    /// A certificate was not valid then.
    #[error("the certificate of {0} was not valid at that time")]
    Validity(String),
    /// A certificate was used for what it does not allow.
    #[error("the certificate of {0} does not allow this use")]
    Usage(String),
    /// An issuer is missing, or the chain is too long.
    #[error("the issuer of the certificate of {0} is neither in the file nor among the roots")]
    Issuer(String),
    /// It could not be read.
    #[error("a certificate could not be read")]
    Der,
}

impl From<der::Error> for ChainFault {
    fn from(_: der::Error) -> Self {
        Self::Der
    }
}

/// Whether `signature` over `bytes` holds under a public key.
pub(crate) fn holds(
    key: &SubjectPublicKeyInfoOwned,
    algorithm: &AlgorithmIdentifierOwned,
    bytes: &[u8],
    signature: &[u8],
) -> Result<(), ChainFault> {
    let digest = match algorithm.oid.to_string().as_str() {
        "1.2.840.10045.4.3.2" | "1.2.840.113549.1.1.11" => Sha256::digest(bytes).to_vec(),
        "1.2.840.10045.4.3.3" | "1.2.840.113549.1.1.12" => Sha384::digest(bytes).to_vec(),
        "1.2.840.10045.4.3.4" | "1.2.840.113549.1.1.13" => Sha512::digest(bytes).to_vec(),
        other => return Err(ChainFault::Unsupported(other.to_owned())),
    };
    let is_rsa = algorithm.oid.to_string().starts_with("1.2.840.113549");
    let parameters = key.algorithm.parameters.as_ref();
    let curve = parameters.and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
    let bits = key.subject_public_key.as_bytes().ok_or(ChainFault::Der)?;
    match (key.algorithm.oid, curve) {
        (EC_PUBLIC_KEY, Some(P256)) if !is_rsa => {
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(bits).map_err(|_| ChainFault::Signature)?;
            let signature = p256::ecdsa::Signature::from_der(signature).map_err(|_| ChainFault::Signature)?;
            key.verify_prehash(&digest, &signature).map_err(|_| ChainFault::Signature)
        }
        (EC_PUBLIC_KEY, Some(P384)) if !is_rsa => {
            let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(bits).map_err(|_| ChainFault::Signature)?;
            let signature = p384::ecdsa::Signature::from_der(signature).map_err(|_| ChainFault::Signature)?;
            key.verify_prehash(&digest, &signature).map_err(|_| ChainFault::Signature)
        }
        (RSA, _) if is_rsa => holds_rsa(bits, algorithm, bytes, signature),
        (oid, _) => Err(ChainFault::Unsupported(oid.to_string())),
    }
}

fn holds_rsa(key: &[u8], algorithm: &AlgorithmIdentifierOwned, bytes: &[u8], signature: &[u8]) -> Result<(), ChainFault> {
    use rsa::pkcs1v15::{Signature, VerifyingKey};
    let key: rsa::RsaPublicKey = rsa::pkcs1::DecodeRsaPublicKey::from_pkcs1_der(key).map_err(|_| ChainFault::Signature)?;
    let signature = Signature::try_from(signature).map_err(|_| ChainFault::Signature)?;
    let result = match algorithm.oid.to_string().as_str() {
        "1.2.840.113549.1.1.11" => VerifyingKey::<Sha256>::new(key).verify(bytes, &signature),
        "1.2.840.113549.1.1.12" => VerifyingKey::<Sha384>::new(key).verify(bytes, &signature),
        _ => VerifyingKey::<Sha512>::new(key).verify(bytes, &signature),
    };
    result.map_err(|_| ChainFault::Signature)
}

/// What a certificate is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Signing documents.
    Documents,
    /// Signing time-stamp tokens (RFC 3161 §2.3).
    TimeStamps,
}

/// Follows a certificate up to one of `roots` through `others`; `at_s` is the time, seconds since the Unix epoch, at which all have to
/// be valid. Returns the way: the certificate first, the root last.
pub(crate) fn follow(
    own: &Certificate,
    others: &[Certificate],
    roots: &[Certificate],
    at_s: u64,
    purpose: Purpose,
) -> Result<Vec<Certificate>, ChainFault> {
    usable(own, purpose)?;
    let mut current = own.clone();
    let mut way = Vec::new();
    for depth in 0..LONGEST_CHAIN {
        let name = crate::signer::name_of(&current.tbs_certificate.subject);
        let validity = &current.tbs_certificate.validity;
        if at_s < validity.not_before.to_unix_duration().as_secs() || at_s > validity.not_after.to_unix_duration().as_secs() {
            return Err(ChainFault::Validity(name));
        }
        if depth > 0 {
            may_issue(&current, depth - 1)?;
        }
        way.push(current.clone());
        if roots.contains(&current) {
            return Ok(way);
        }
        current = issuer_of(&current, roots.iter().chain(others)).ok_or(ChainFault::Issuer(name))?;
    }
    Err(ChainFault::Issuer(crate::signer::name_of(&own.tbs_certificate.subject)))
}

/// The way as far as it goes: up to a self-signed certificate, or one whose issuer is not there.
pub(crate) fn way_up(own: &Certificate, others: &[Certificate]) -> Vec<Certificate> {
    let mut way = vec![own.clone()];
    while let Some(issuer) = way.last().and_then(|last| issuer_of(last, others.iter()))
        && way.len() < LONGEST_CHAIN
    {
        way.push(issuer);
    }
    way
}

/// Another certificate that this one is signed with.
fn issuer_of<'a>(certificate: &Certificate, mut among: impl Iterator<Item = &'a Certificate>) -> Option<Certificate> {
    among
        .find(|candidate| {
            *candidate != certificate
                && candidate.tbs_certificate.subject == certificate.tbs_certificate.issuer
                && is_signed_by(certificate, candidate)
        })
        .cloned()
}

fn is_signed_by(certificate: &Certificate, issuer: &Certificate) -> bool {
    let Ok(tbs) = certificate.tbs_certificate.to_der() else {
        return false;
    };
    let Some(signature) = certificate.signature.as_bytes() else {
        return false;
    };
    certificate.signature_algorithm == certificate.tbs_certificate.signature
        && holds(
            &issuer.tbs_certificate.subject_public_key_info,
            &certificate.signature_algorithm,
            &tbs,
            signature,
        )
        .is_ok()
}

/// `below` is the number of issuers between it and the certificate at the bottom.
fn may_issue(certificate: &Certificate, below: usize) -> Result<(), ChainFault> {
    let name = || ChainFault::Usage(crate::signer::name_of(&certificate.tbs_certificate.subject));
    let (_, basic) = certificate.tbs_certificate.get::<BasicConstraints>()?.ok_or_else(name)?;
    let is_short_enough = basic.path_len_constraint.is_none_or(|most| below <= usize::from(most));
    let usage = certificate.tbs_certificate.get::<KeyUsage>()?;
    let may_sign = usage.is_none_or(|(_, usage)| usage.key_cert_sign());
    if basic.ca && is_short_enough && may_sign {
        Ok(())
    } else {
        Err(name())
    }
}

fn usable(certificate: &Certificate, purpose: Purpose) -> Result<(), ChainFault> {
    const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
    let fault = || ChainFault::Usage(crate::signer::name_of(&certificate.tbs_certificate.subject));
    let usage = certificate.tbs_certificate.get::<KeyUsage>()?;
    if usage.is_some_and(|(_, usage)| !usage.digital_signature() && !usage.non_repudiation()) {
        return Err(fault());
    }
    let extended = certificate.tbs_certificate.get::<ExtendedKeyUsage>()?;
    match (purpose, extended) {
        (Purpose::Documents, _) => Ok(()),
        (Purpose::TimeStamps, Some((true, extended))) if extended.0 == [TIME_STAMPING] => Ok(()),
        (Purpose::TimeStamps, _) => Err(fault()),
    }
}

/// Certificates from a file: one as DER, or any number as PEM. Returns DER.
///
/// # Errors
/// When it holds none.
pub fn read_certificates(file: &[u8]) -> Result<Vec<Vec<u8>>, ChainFault> {
    let found = if file.trim_ascii_start().starts_with(b"-----") {
        Certificate::load_pem_chain(file).map_err(|_| ChainFault::Der)?
    } else {
        vec![Certificate::from_der(file)?]
    };
    Ok(found.iter().map(Encode::to_der).collect::<Result<Vec<_>, _>>()?)
}

/// SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Reads certificates.
pub(crate) fn read_all(certificates: &[Vec<u8>]) -> Result<Vec<Certificate>, ChainFault> {
    Ok(certificates
        .iter()
        .map(|der| Certificate::from_der(der))
        .collect::<Result<Vec<_>, _>>()?)
}
