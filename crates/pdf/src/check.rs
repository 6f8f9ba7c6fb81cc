//! Signed data (RFC 5652) with one signer, as documents and time-stamp tokens have it: is it signed by the certificate that it names?

use crate::certificate::{self, ChainFault};
use crate::seal::{CONTENT_TYPE, MESSAGE_DIGEST, SHA256, SIGNED_DATA, SIGNING_CERTIFICATE, SigningCertificate};
use cms::cert::CertificateChoices;
use cms::cert::x509::Certificate;
use cms::cert::x509::attr::Attributes;
use cms::cert::x509::ext::pkix::SubjectKeyIdentifier;
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use der::asn1::OctetString;
use der::{Any, Encode};
use sha2::{Digest, Sha384, Sha512};
use spki::{AlgorithmIdentifierOwned, ObjectIdentifier};

const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// What is wrong with signed data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CmsFault {
    /// Not DER, or not signed data.
    #[error("the signature could not be read")]
    Form,
    /// Signed something else.
    #[error("the signature is over something else than it should be")]
    Content,
    /// Not one signer.
    #[error("the signature has no signer, or more than one")]
    Signers,
    /// The certificate that it names is not there.
    #[error("the signer's certificate is missing or not the one that was signed with")]
    Certificate,
    /// The signed digest is another one.
    #[error("the content was changed after it was signed")]
    Digest,
    /// The key or a certificate.
    #[error(transparent)]
    Chain(#[from] ChainFault),
}

impl From<der::Error> for CmsFault {
    fn from(_: der::Error) -> Self {
        Self::Form
    }
}

/// Signed data with its certificates at hand.
pub(crate) struct Signed {
    /// As it is.
    pub(crate) data: SignedData,
    /// Its certificates.
    pub(crate) certificates: Vec<Certificate>,
}

/// Opens the envelope.
pub(crate) fn open(content: &ContentInfo) -> Result<Signed, CmsFault> {
    if content.content_type != SIGNED_DATA {
        return Err(CmsFault::Form);
    }
    let data: SignedData = content.content.decode_as()?;
    let choices = data.certificates.iter().flat_map(|set| set.0.iter());
    let certificates = choices
        .filter_map(|choice| match choice {
            CertificateChoices::Certificate(certificate) => Some(certificate.clone()),
            CertificateChoices::Other(_) => None,
        })
        .collect();
    Ok(Signed { data, certificates })
}

impl Signed {
    /// Its only signer.
    pub(crate) fn signer(&self) -> Result<&SignerInfo, CmsFault> {
        match self.data.signer_infos.0.as_slice() {
            [signer] => Ok(signer),
            _ => Err(CmsFault::Signers),
        }
    }

    /// Checks the signature over content whose SHA-256 is `sha256`; `bytes` is the content itself when another digest is used and it is
    /// short enough to have at hand. Returns the signer's certificate.
    pub(crate) fn verify(&self, content_type: ObjectIdentifier, sha256: &[u8], bytes: &[u8]) -> Result<Certificate, CmsFault> {
        let signer = self.signer()?;
        let own = self.named(signer)?;
        let attributes = signer.signed_attrs.as_ref().ok_or(CmsFault::Form)?;
        let typed: ObjectIdentifier = single(attributes, CONTENT_TYPE)?.decode_as()?;
        if typed != content_type {
            return Err(CmsFault::Content);
        }
        let digest: OctetString = single(attributes, MESSAGE_DIGEST)?.decode_as()?;
        let wanted = match signer.digest_alg.oid {
            SHA256 => sha256.to_vec(),
            SHA384 if !bytes.is_empty() => Sha384::digest(bytes).to_vec(),
            SHA512 if !bytes.is_empty() => Sha512::digest(bytes).to_vec(),
            other => return Err(ChainFault::Unsupported(other.to_string()).into()),
        };
        if digest.as_bytes() != wanted {
            return Err(CmsFault::Digest);
        }
        let algorithm = signature_algorithm(signer);
        let key = &own.tbs_certificate.subject_public_key_info;
        certificate::holds(key, &algorithm, &attributes.to_der()?, signer.signature.as_bytes())?;
        Ok(own)
    }

    /// Whether the signature itself says which certificate was meant (RFC 5035), so that no other with the same key can take its place.
    pub(crate) fn names_certificate(&self, own: &Certificate) -> Result<(), CmsFault> {
        let attributes = self.signer()?.signed_attrs.as_ref().ok_or(CmsFault::Form)?;
        let named: SigningCertificate = single(attributes, SIGNING_CERTIFICATE)?.decode_as()?;
        let first = named.certs.first().ok_or(CmsFault::Certificate)?;
        if first.cert_hash.as_bytes() == certificate::sha256(&own.to_der()?) {
            Ok(())
        } else {
            Err(CmsFault::Certificate)
        }
    }

    fn named(&self, signer: &SignerInfo) -> Result<Certificate, CmsFault> {
        let found = self.certificates.iter().find(|certificate| {
            let tbs = &certificate.tbs_certificate;
            match &signer.sid {
                SignerIdentifier::IssuerAndSerialNumber(named) => {
                    named.issuer == tbs.issuer && named.serial_number == tbs.serial_number
                }
                SignerIdentifier::SubjectKeyIdentifier(named) => tbs
                    .get::<SubjectKeyIdentifier>()
                    .is_ok_and(|own| own.is_some_and(|(_, own)| own == *named)),
            }
        });
        found.cloned().ok_or(CmsFault::Certificate)
    }
}

/// Some signers write only the kind of key here, and the digest elsewhere.
fn signature_algorithm(signer: &SignerInfo) -> AlgorithmIdentifierOwned {
    let mut algorithm = signer.signature_algorithm.clone();
    if algorithm.oid == RSA {
        algorithm.oid = match signer.digest_alg.oid {
            SHA384 => ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12"),
            SHA512 => ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13"),
            _ => crate::signer::RSA_SHA256,
        };
    }
    algorithm
}

fn single(attributes: &Attributes, oid: ObjectIdentifier) -> Result<&Any, CmsFault> {
    let mut found = attributes.iter().filter(|attribute| attribute.oid == oid);
    match (found.next(), found.next()) {
        (Some(attribute), None) => match attribute.values.as_slice() {
            [value] => Ok(value),
            _ => Err(CmsFault::Form),
        },
        _ => Err(CmsFault::Form),
    }
}
