//! The signature in a document: PAdES baseline B-B, or B-T with a time-stamp token (ETSI EN 319 142-1, ETSI EN 319 122-1, RFC 5652,
//! RFC 5035, RFC 3161).
//!
//! One revision, signed as a whole but for the gap that takes the signature. The claimed time stands in the document; the proven one
//! in the token.

use crate::certificate;
use crate::finish::Draft;
use crate::signer::{KeyError, Signer};
use crate::stamp::{self, StampError};
use cms::cert::x509::Certificate;
use cms::cert::x509::attr::Attribute;
use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos};
use der::asn1::{Any, OctetString, SetOfVec};
use der::{Encode, Sequence};
use sha2::{Digest, Sha256};
use spki::{AlgorithmIdentifierOwned, ObjectIdentifier};

/// id-data
pub(crate) const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
/// id-signedData
pub(crate) const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
/// id-contentType
pub(crate) const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
/// id-messageDigest
pub(crate) const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
/// id-aa-signingCertificateV2
pub(crate) const SIGNING_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");
/// id-aa-signatureTimeStampToken
pub(crate) const TIME_STAMP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.14");
/// id-sha256
pub(crate) const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

/// ESSCertIDv2 with the default algorithm, SHA-256, which DER leaves out.
#[derive(Sequence)]
pub(crate) struct CertificateId {
    /// The certificate's digest.
    pub(crate) cert_hash: OctetString,
}

/// SigningCertificateV2
#[derive(Sequence)]
pub(crate) struct SigningCertificate {
    /// The signer's own first.
    pub(crate) certs: Vec<CertificateId>,
}

/// Asks a time-stamp authority: takes the request's DER, returns the response's. The network is the caller's.
pub type Ask<'a> = dyn FnMut(&[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> + 'a;

/// A signature to put into a document.
pub struct Seal<'a> {
    /// Who signs.
    pub signer: &'a Signer,
    /// Why, for readers' signature panels.
    pub reason: String,
    /// For level B-T: a fresh random number and the way to an authority.
    pub stamp: Option<(u64, &'a mut Ask<'a>)>,
}

/// Why a document was not signed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The key would not.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The time-stamp authority would not.
    #[error(transparent)]
    Stamp(#[from] StampError),
    /// DER would not.
    #[error("the signature could not be written")]
    Der(#[from] der::Error),
    /// The certificates are too large.
    #[error("the signature takes {0} bytes and the document has room for {1}: use a certificate with a shorter chain")]
    Room(usize, usize),
}

/// Signs a draft that has a gap.
pub(crate) fn close(draft: Draft, seal: &mut Seal<'_>) -> Result<Vec<u8>, SealError> {
    let Draft {
        mut bytes,
        gap: Some(gap),
    } = draft
    else {
        return Ok(draft.bytes);
    };
    let mut digest = Sha256::new();
    digest.update(bytes.get(..gap.start).unwrap_or_default());
    digest.update(bytes.get(gap.end..).unwrap_or_default());
    let signed = sign(&digest.finalize(), seal)?;
    let room = gap.len().saturating_sub(2) / 2;
    if signed.len() > room {
        return Err(SealError::Room(signed.len(), room));
    }
    let text = crate::file::hexadecimal(&signed);
    let inner = text.trim_end_matches('>').as_bytes();
    if let Some(slot) = bytes.get_mut(gap.start..gap.start + inner.len()) {
        slot.copy_from_slice(inner);
    }
    Ok(bytes)
}

fn sign(digest: &[u8], seal: &mut Seal<'_>) -> Result<Vec<u8>, SealError> {
    let signer = seal.signer;
    let own = signer.chain().first().ok_or(KeyError::Empty)?;
    let own_digest = certificate::sha256(&own.to_der()?);
    let named = SigningCertificate {
        certs: vec![CertificateId {
            cert_hash: OctetString::new(own_digest)?,
        }],
    };
    let attributes = SetOfVec::try_from(vec![
        attribute(CONTENT_TYPE, &DATA)?,
        attribute(MESSAGE_DIGEST, &OctetString::new(digest)?)?,
        attribute(SIGNING_CERTIFICATE, &named)?,
    ])?;
    let signature = signer.sign(&attributes.to_der()?)?;
    let unsigned_attrs = match &mut seal.stamp {
        None => None,
        Some((nonce, ask)) => {
            let token = stamp::obtain(&signature, *nonce, ask)?;
            Some(SetOfVec::try_from(vec![attribute(TIME_STAMP, &token)?])?)
        }
    };
    let parts = Parts {
        attributes,
        signature,
        unsigned_attrs,
    };
    Ok(envelope(own, signer.chain(), &signer.algorithm(), parts)?)
}

/// What differs from one signature to the next.
pub(crate) struct Parts {
    /// What is signed.
    pub(crate) attributes: SetOfVec<Attribute>,
    /// The signature over it.
    pub(crate) signature: Vec<u8>,
    /// The time-stamp token.
    pub(crate) unsigned_attrs: Option<SetOfVec<Attribute>>,
}

/// The one way in which this program writes a signature: whoever reads one can write it again and compare.
pub(crate) fn envelope(
    own: &Certificate,
    chain: &[Certificate],
    algorithm: &AlgorithmIdentifierOwned,
    parts: Parts,
) -> Result<Vec<u8>, der::Error> {
    let sha256 = AlgorithmIdentifierOwned {
        oid: SHA256,
        parameters: None,
    };
    let info = SignerInfo {
        version: CmsVersion::V1,
        sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
            issuer: own.tbs_certificate.issuer.clone(),
            serial_number: own.tbs_certificate.serial_number.clone(),
        }),
        digest_alg: sha256.clone(),
        signed_attrs: Some(parts.attributes),
        signature_algorithm: algorithm.clone(),
        signature: OctetString::new(parts.signature)?,
        unsigned_attrs: parts.unsigned_attrs,
    };
    let certificates: Vec<CertificateChoices> = chain.iter().cloned().map(CertificateChoices::Certificate).collect();
    let data = SignedData {
        version: CmsVersion::V1,
        digest_algorithms: SetOfVec::try_from(vec![sha256])?,
        encap_content_info: EncapsulatedContentInfo {
            econtent_type: DATA,
            econtent: None,
        },
        certificates: Some(CertificateSet::try_from(certificates)?),
        crls: None,
        signer_infos: SignerInfos::try_from(vec![info])?,
    };
    let content = ContentInfo {
        content_type: SIGNED_DATA,
        content: Any::encode_from(&data)?,
    };
    content.to_der()
}

fn attribute<T: der::EncodeValue + der::Tagged>(oid: ObjectIdentifier, value: &T) -> Result<Attribute, der::Error> {
    Ok(Attribute {
        oid,
        values: SetOfVec::try_from(vec![Any::encode_from(value)?])?,
    })
}
