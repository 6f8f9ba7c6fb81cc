//! Who signs: a private key with its certificates, from a PKCS#12 file or from an authority of the organisation's own.
//!
//! Leaves out where keys are kept. P-256 is preferred; RSA is accepted because certificates that one can buy mostly have it: it signs
//! on the owner's machine only, out of reach of whoever could time it over a network.

use cms::cert::x509::Certificate;
use der::{Decode, Encode};
use p12_keystore::KeyStore;
use p256::pkcs8::DecodePrivateKey;
use rsa::signature::{SignatureEncoding, Signer as _};
use rsa::traits::PublicKeyParts;
use sha2::Sha256;
use spki::{AlgorithmIdentifierOwned, ObjectIdentifier};

/// ecdsa-with-SHA256
pub(crate) const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
/// sha256WithRSAEncryption
pub(crate) const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// Why there is no signer.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Its seal does not hold.
    #[error(
        "the PKCS#12 file does not open with this password: type it again. If it is right, the file was damaged: export it again"
    )]
    Password,
    /// The file is something else.
    #[error("the PKCS#12 file could not be read ({0}): export it again, with its private key and a password")]
    Store(String),
    /// There is nothing to sign with.
    #[error("the file holds no private key with a certificate: export it with its private key")]
    Empty,
    /// Neither P-256 nor RSA.
    #[error("the private key is neither P-256 nor RSA of at least 2048 bits: use a certificate with such a key")]
    Kind,
    /// Key and certificate are strangers.
    #[error("the private key does not belong to the certificate beside it")]
    Mismatch,
    /// A certificate or name could not be written or read.
    #[error("a certificate could not be read or made")]
    Der(#[from] der::Error),
}

enum Key {
    P256(Box<p256::ecdsa::SigningKey>),
    Rsa(Box<rsa::pkcs1v15::SigningKey<Sha256>>),
}

/// A key and its certificates, the key's own first.
pub struct Signer {
    key: Key,
    chain: Vec<Certificate>,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Nothing of the key.
        f.debug_struct("Signer").field("name", &self.name()).finish_non_exhaustive()
    }
}

impl Signer {
    /// Opens a PKCS#12 file as OpenSSL, Windows and macOS write it.
    ///
    /// # Errors
    /// When the file, the password, the key or the certificates do not fit.
    pub fn from_pkcs12(file: &[u8], password: &str) -> Result<Self, KeyError> {
        let store = KeyStore::from_pkcs12(file, password).map_err(|error| match error {
            p12_keystore::error::Error::MacError(_) => KeyError::Password,
            other => KeyError::Store(other.to_string()),
        })?;
        let (_, found) = store.private_key_chain().ok_or(KeyError::Empty)?;
        let chain: Vec<&[u8]> = found.chain().iter().map(p12_keystore::Certificate::as_der).collect();
        Self::from_der(found.key(), &chain)
    }

    /// A PKCS#8 key and its certificates, its own first.
    ///
    /// # Errors
    /// When they do not fit.
    pub fn from_der(key: &[u8], chain: &[&[u8]]) -> Result<Self, KeyError> {
        let chain = chain
            .iter()
            .map(|der| Certificate::from_der(der))
            .collect::<Result<Vec<_>, _>>()?;
        let key = if let Ok(key) = p256::ecdsa::SigningKey::from_pkcs8_der(key) {
            Key::P256(Box::new(key))
        } else {
            let key = rsa::RsaPrivateKey::from_pkcs8_der(key).map_err(|_| KeyError::Kind)?;
            if key.size() < 256 {
                return Err(KeyError::Kind);
            }
            Key::Rsa(Box::new(rsa::pkcs1v15::SigningKey::new(key)))
        };
        Self::new(key, chain)
    }

    /// The authority's own.
    pub(crate) fn from_p256(key: p256::ecdsa::SigningKey, chain: Vec<Certificate>) -> Result<Self, KeyError> {
        Self::new(Key::P256(Box::new(key)), chain)
    }

    fn new(key: Key, chain: Vec<Certificate>) -> Result<Self, KeyError> {
        let own = chain.first().ok_or(KeyError::Empty)?;
        // What does not belong to the way up is left behind.
        let way = crate::certificate::way_up(own, &chain);
        let signer = Self { key, chain: way };
        // What it signs must hold under the certificate that readers will use.
        let signature = signer.sign(b"key and certificate belong together")?;
        crate::certificate::holds(
            &own.tbs_certificate.subject_public_key_info,
            &signer.algorithm(),
            b"key and certificate belong together",
            &signature,
        )
        .map_err(|_| KeyError::Mismatch)?;
        Ok(signer)
    }

    /// The name in the certificate, for people.
    pub fn name(&self) -> String {
        self.chain
            .first()
            .map(|own| name_of(&own.tbs_certificate.subject))
            .unwrap_or_default()
    }

    /// The last certificate that came with the key: what readers have to trust.
    pub fn root(&self) -> Vec<u8> {
        self.chain.last().and_then(|root| root.to_der().ok()).unwrap_or_default()
    }

    /// Certificates, its own first.
    pub(crate) fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// How it signs.
    pub(crate) fn algorithm(&self) -> AlgorithmIdentifierOwned {
        match self.key {
            Key::P256(_) => AlgorithmIdentifierOwned {
                oid: ECDSA_SHA256,
                parameters: None,
            },
            Key::Rsa(_) => AlgorithmIdentifierOwned {
                oid: RSA_SHA256,
                parameters: Some(der::asn1::Null.into()),
            },
        }
    }

    /// Signs; the same bytes give the same signature (RFC 6979, or RSA which never draws).
    pub(crate) fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, KeyError> {
        match &self.key {
            Key::P256(key) => {
                let signature: p256::ecdsa::DerSignature = key.try_sign(bytes).map_err(|_| KeyError::Kind)?;
                Ok(signature.as_bytes().to_vec())
            }
            Key::Rsa(key) => Ok(key.try_sign(bytes).map_err(|_| KeyError::Kind)?.to_vec()),
        }
    }
}

/// The common name, or the whole name when it has none.
pub(crate) fn name_of(name: &cms::cert::x509::name::Name) -> String {
    let parts = name.0.iter().flat_map(|relative| relative.0.iter());
    for part in parts {
        if part.oid == COMMON_NAME {
            return String::from_utf8_lossy(part.value.value()).into_owned();
        }
    }
    name.to_string()
}
