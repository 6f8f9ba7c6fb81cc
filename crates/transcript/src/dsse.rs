//! Signed statements about documents: DSSE envelopes (github.com/secure-systems-lab/dsse, v1.0.2) around in-toto Statements
//! (github.com/in-toto/attestation, v1), signed with one Ed25519 key (docs/formats/snapshot.md, "Envelope").
//!
//! Promises: an envelope has one form only, so that changing any byte of it is noticed: canonical JSON outside and inside, exactly one
//! signature, whose key identifier is the public key itself. Leaves out: whose key it is; see [`crate::keys`].

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use caisey_ledger::canonical;
use caisey_ledger::hash::Hash;
use ed25519_dalek::{Signature, VerifyingKey};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the payload is.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The `_type` of every statement here.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// An envelope longer than this is refused unread.
pub const MAX_ENVELOPE_BYTES: usize = 64 << 20;

/// A DSSE envelope with one signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Envelope {
    /// The statement's bytes, standard base64.
    pub payload: String,
    /// Always [`PAYLOAD_TYPE`].
    pub payload_type: String,
    /// Exactly one.
    pub signatures: Vec<EnvelopeSignature>,
}

/// Who signed an envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvelopeSignature {
    /// The Ed25519 public key, standard base64.
    pub keyid: String,
    /// The signature over the pre-authentication encoding, standard base64.
    pub sig: String,
}

/// A document that a statement is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Its name within the pack.
    pub name: String,
    /// Digests by algorithm; exactly `sha256`, lower-case hexadecimal.
    pub digest: BTreeMap<String, String>,
}

/// An in-toto Statement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Statement<P> {
    /// Always [`STATEMENT_TYPE`].
    #[serde(rename = "_type")]
    pub kind: String,
    /// What it is about.
    pub subject: Vec<Subject>,
    /// What kind of thing is said.
    pub predicate_type: String,
    /// What is said.
    pub predicate: P,
}

/// An envelope that is none, or whose signature does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeFault {
    /// Not in the one permitted form.
    #[error("it is not a signed statement in its one permitted form: {0}")]
    Form(String),
    /// It says something else than what was looked for.
    #[error("it says {found}, expected was {expected}")]
    Type {
        /// Looked for.
        expected: &'static str,
        /// Found.
        found: String,
    },
    /// The key is not usable.
    #[error("its signer's key is not a usable Ed25519 public key")]
    Key,
    /// The signature does not hold.
    #[error("its signature does not hold: it was altered, or another key signed it")]
    Signature,
}

/// An envelope whose signature holds. Whose key it is has still to be found out.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened<P> {
    /// What is said.
    pub statement: Statement<P>,
    /// The key that signed, standard base64.
    pub key: String,
}

/// SHA-256 in lower-case hexadecimal, as subjects have it.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Hash::of(bytes).0)
}

impl Subject {
    /// A document by its name and bytes.
    pub fn of(name: &str, bytes: &[u8]) -> Self {
        Self::digested(name, sha256_hex(bytes))
    }

    /// A document by its name and digest.
    pub fn digested(name: &str, sha256: String) -> Self {
        Self {
            name: name.to_owned(),
            digest: BTreeMap::from([("sha256".to_owned(), sha256)]),
        }
    }

    /// Its SHA-256, when that is the one digest.
    pub fn sha256(&self) -> Option<&str> {
        match (self.digest.len(), self.digest.get("sha256")) {
            (1, Some(digest)) => Some(digest),
            _ => None,
        }
    }
}

impl<P: Serialize + DeserializeOwned> Statement<P> {
    /// A statement of this type about these documents.
    pub fn new(predicate_type: &str, subject: Vec<Subject>, predicate: P) -> Self {
        Self {
            kind: STATEMENT_TYPE.to_owned(),
            subject,
            predicate_type: predicate_type.to_owned(),
            predicate,
        }
    }

    /// Signs it; `sign` is Ed25519 (RFC 8032) with the secret of `public_key`. Returns the envelope's bytes.
    ///
    /// # Errors
    /// When the statement has no canonical form.
    pub fn seal(&self, public_key: &[u8; 32], sign: impl FnOnce(&[u8]) -> [u8; 64]) -> Result<String, EnvelopeFault> {
        let payload = one_form(self)?;
        let envelope = Envelope {
            payload: STANDARD.encode(&payload),
            payload_type: PAYLOAD_TYPE.to_owned(),
            signatures: vec![EnvelopeSignature {
                keyid: STANDARD.encode(public_key),
                sig: STANDARD.encode(sign(&pae(PAYLOAD_TYPE, payload.as_bytes()))),
            }],
        };
        one_form(&envelope)
    }

    /// Reads an envelope and checks its form, its type and its signature.
    ///
    /// # Errors
    /// See [`EnvelopeFault`].
    pub fn open(envelope: &str, predicate_type: &'static str) -> Result<Opened<P>, EnvelopeFault> {
        let form = |what: &str| EnvelopeFault::Form(what.to_owned());
        if envelope.len() > MAX_ENVELOPE_BYTES {
            return Err(form("it is too long"));
        }
        let read: Envelope = in_one_form(envelope)?;
        let [signature] = read.signatures.as_slice() else {
            return Err(form("it does not have exactly one signature"));
        };
        if read.payload_type != PAYLOAD_TYPE {
            return Err(EnvelopeFault::Type {
                expected: PAYLOAD_TYPE,
                found: read.payload_type,
            });
        }
        let payload = STANDARD
            .decode(&read.payload)
            .map_err(|_| form("its payload is not base64"))?;
        let payload = String::from_utf8(payload).map_err(|_| form("its payload is not UTF-8"))?;
        verify(&signature.keyid, &pae(PAYLOAD_TYPE, payload.as_bytes()), &signature.sig)?;
        // The type first: a statement of another type has another predicate.
        let any: Statement<serde_json::Value> = in_one_form(&payload)?;
        for (expected, found) in [(STATEMENT_TYPE, any.kind), (predicate_type, any.predicate_type)] {
            if found != expected {
                return Err(EnvelopeFault::Type { expected, found });
            }
        }
        Ok(Opened {
            statement: in_one_form(&payload)?,
            key: signature.keyid.clone(),
        })
    }
}

/// DSSE's pre-authentication encoding: what is signed.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

fn verify(key: &str, message: &[u8], signature: &str) -> Result<(), EnvelopeFault> {
    let bytes = Hash::from_base64(key).ok_or(EnvelopeFault::Key)?.0;
    let key = VerifyingKey::from_bytes(&bytes)
        .ok()
        .filter(|key| !key.is_weak() && key.to_bytes() == bytes)
        .ok_or(EnvelopeFault::Key)?;
    let signature = STANDARD
        .decode(signature)
        .ok()
        .and_then(|bytes| Signature::from_slice(&bytes).ok())
        .ok_or(EnvelopeFault::Signature)?;
    key.verify_strict(message, &signature).map_err(|_| EnvelopeFault::Signature)
}

/// Canonical JSON of a value, checked to be such.
pub(crate) fn one_form(value: &impl Serialize) -> Result<String, EnvelopeFault> {
    let text = canonical::to_string(value).map_err(|error| EnvelopeFault::Form(error.to_string()))?;
    canonical::check(&text).map_err(|error| EnvelopeFault::Form(error.to_string()))?;
    Ok(text)
}

/// Reads canonical JSON, and only that: a value that would be written otherwise is refused.
pub(crate) fn in_one_form<T: DeserializeOwned + Serialize>(text: &str) -> Result<T, EnvelopeFault> {
    canonical::check(text).map_err(|error| EnvelopeFault::Form(error.to_string()))?;
    let value: T = serde_json::from_str(text).map_err(|error| EnvelopeFault::Form(error.to_string()))?;
    if one_form(&value)? == text {
        Ok(value)
    } else {
        Err(EnvelopeFault::Form(
            "it says something twice or leaves out what it must say".to_owned(),
        ))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;
    use ed25519_dalek::{Signer, SigningKey};
    use serde_json::{Value, json};

    const TYPE: &str = "urn:caisey:test:v1";

    fn sealed() -> String {
        let key = SigningKey::from_bytes(&[7; 32]);
        Statement::new(TYPE, vec![Subject::of("a", b"b")], json!({"x": 1}))
            .seal(&key.verifying_key().to_bytes(), |message| key.sign(message).to_bytes())
            .unwrap()
    }

    /// The example of the DSSE protocol document.
    #[test]
    fn encoding_before_signing_is_the_standards() {
        assert_eq!(
            pae("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let good = sealed();
        assert!(Statement::<Value>::open(&good, TYPE).is_ok());
        for at in 0..good.len() {
            for flip in [1, 0x20] {
                let mut bytes = good.clone().into_bytes();
                bytes[at] ^= flip;
                let Ok(text) = String::from_utf8(bytes) else { continue };
                // A changed key identifier changes the key, and no signature holds under two keys.
                assert!(Statement::<Value>::open(&text, TYPE).is_err(), "byte {at}");
            }
        }
    }

    #[test]
    fn other_types_are_refused_by_name() {
        assert!(matches!(
            Statement::<Value>::open(&sealed(), "urn:other"),
            Err(EnvelopeFault::Type { .. })
        ));
    }
}
