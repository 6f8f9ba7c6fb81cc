//! Making, signing, checking and placing statements (docs/formats/entry.md).
//!
//! A [`Draft`] gathers an event and its texts and becomes a [`SignedStatement`]; the control plane places that in a log as a
//! [`Record`]. Checks here need nothing but the bytes themselves; what needs the log's history is in [`crate::verify`].

use crate::canonical::{self, NotCanonical};
use crate::disclosure::{Disclosure, DisclosureFault};
pub use crate::draft::Draft;
use crate::entry::{ENTRY_VERSION, Entry, MAX_ENTRY_BYTES, Record, SignedStatement, Statement, StatementSignature};
use crate::event::{Event, FactsMismatch};
use crate::hash::{decode_base64, encode_base64};
use crate::id::{Seq, TimeMs};
use crate::keyring::PreparedKey;
use crate::kind::{self, Author, Rules};
use crate::text::{Commitment, MAX_TEXT_BYTES};
use ed25519_dalek::{Signer, SigningKey};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What goes before a statement's canonical bytes when it is signed: this line and a line feed.
pub const SIGNING_CONTEXT: &str = "caisey.statement/v1\n";

/// A statement's canonical bytes may be this many: an entry around it adds less than 512.
pub const MAX_STATEMENT_BYTES: usize = MAX_ENTRY_BYTES - 512;

/// A log's origin may be this long.
pub const MAX_ORIGIN_BYTES: usize = 255;

/// A statement or entry that is wrong in itself.
#[derive(Debug, thiserror::Error)]
pub enum StatementFault {
    /// The bytes are not in the one permitted form.
    #[error(transparent)]
    NotCanonical(#[from] NotCanonical),
    /// Longer than entries may be.
    #[error("the entry has {bytes} bytes, more than the {MAX_ENTRY_BYTES} that an entry may have")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// JSON, but not an entry.
    #[error("the bytes are not an entry: {0}")]
    Shape(String),
    /// Written by a program that is newer, or wrong.
    #[error("entry version {found} is not known here, only {ENTRY_VERSION}: update this program")]
    Version {
        /// Its version.
        found: u32,
    },
    /// A name or origin with characters or a length that it may not have.
    #[error("`{what}` is not written as it must be")]
    Name {
        /// Which field.
        what: &'static str,
    },
    /// Facts that do not fit.
    #[error(transparent)]
    Facts(#[from] FactsMismatch),
    /// Somebody said what only others may say.
    #[error("{kind} may not be said by {author:?}")]
    WrongAuthor {
        /// The kind.
        kind: &'static str,
        /// Who said it.
        author: Author,
    },
    /// A field that must be there or must not.
    #[error("{kind} {problem}")]
    Belonging {
        /// The kind.
        kind: String,
        /// Which field, and whether it lacks or is too much.
        problem: &'static str,
    },
    /// A text that must be there is not, or one that may not be there is.
    #[error("{kind} has the wrong texts: `{name}` is {problem}")]
    Texts {
        /// The kind.
        kind: String,
        /// The text.
        name: String,
        /// Missing, or not allowed.
        problem: &'static str,
    },
    /// The control plane signs checkpoints, everybody else signs statements.
    #[error("{0}")]
    SignaturePresence(&'static str),
    /// The key is not an Ed25519 public key that may be used.
    #[error("the signer's key is not a usable Ed25519 public key")]
    BadKey,
    /// The signature does not hold.
    #[error("the signature does not hold: the statement was altered, or another key signed it")]
    BadSignature,
    /// A disclosed text is not what was committed to.
    #[error("the text `{name}` does not hold")]
    Disclosure {
        /// Which text.
        name: String,
        /// Why.
        #[source]
        cause: DisclosureFault,
    },
    /// A text came along that the statement knows nothing of.
    #[error("a text `{name}` came with the entry, but the entry does not commit to it")]
    UnknownText {
        /// Its name.
        name: String,
    },
}

/// Canonical bytes of a statement, as text. They are canonical also where they will stand, within an entry.
pub(crate) fn statement_json(statement: &Statement) -> Result<String, StatementFault> {
    let shape = |error: serde_json::Error| StatementFault::Shape(error.to_string());
    let plain = serde_json::to_string(statement).map_err(shape)?;
    if canonical::check_within(&plain, 2).is_ok() {
        return Ok(plain);
    }
    // Names in the facts that are not in order yet, or no canonical form at all.
    let json = canonical::to_string(statement).map_err(|error| StatementFault::Shape(error.to_string()))?;
    canonical::check_within(&json, 2)?;
    Ok(json)
}

/// The bytes that an author signs: [`SIGNING_CONTEXT`], then the statement's canonical JSON.
///
/// # Errors
/// When the statement has no canonical form.
pub fn signing_bytes(statement: &Statement) -> Result<Vec<u8>, StatementFault> {
    Ok([SIGNING_CONTEXT, &statement_json(statement)?].concat().into_bytes())
}

/// Signs a statement.
///
/// # Errors
/// When the statement has no canonical form.
pub fn sign(statement: &Statement, key: &SigningKey) -> Result<StatementSignature, StatementFault> {
    let signature = key.sign(&signing_bytes(statement)?).to_bytes();
    Ok(StatementSignature {
        key: encode_base64(key.verifying_key().as_bytes(), &mut [0; 44]).to_owned(),
        sig: encode_base64(&signature, &mut [0; 88]).to_owned(),
    })
}

impl SignedStatement {
    /// Checks everything that can be checked without the log: form, the kind's rules, signature and disclosed texts. Whether the
    /// signing key is the author's, only the log knows.
    ///
    /// # Errors
    /// See [`StatementFault`].
    pub fn verify(&self) -> Result<Option<Event>, StatementFault> {
        Ok(self.examine(|key| PreparedKey::from_base64(key).map(Arc::new))?.0)
    }

    /// The same with keys from elsewhere; also returns the statement's canonical bytes.
    pub(crate) fn examine(
        &self,
        find: impl FnOnce(&str) -> Option<Arc<PreparedKey>>,
    ) -> Result<(Option<Event>, String), StatementFault> {
        let event = self.check()?;
        let json = statement_json(&self.statement)?;
        if json.len() > MAX_STATEMENT_BYTES {
            return Err(StatementFault::TooLong { bytes: json.len() });
        }
        if let Some(signature) = &self.signature {
            let key = find(&signature.key)
                .filter(|key| key.is(&signature.key))
                .ok_or(StatementFault::BadKey)?;
            let sig = decode_base64(&signature.sig).ok_or(StatementFault::BadSignature)?;
            if !key.verify(&[SIGNING_CONTEXT.as_bytes(), json.as_bytes()], &sig) {
                return Err(StatementFault::BadSignature);
            }
        }
        check_disclosures(&self.statement, &self.disclosures)?;
        Ok((event, json))
    }

    pub(crate) fn check(&self) -> Result<Option<Event>, StatementFault> {
        check_signature_presence(&self.statement, self.signature.as_ref())?;
        self.statement.check()
    }

    /// Gives it its place in the log. The leaf's hash is [`crate::tree::leaf_hash`] of the record's leaf.
    ///
    /// # Errors
    /// When the entry has no canonical form or is too long.
    pub fn into_record(self, seq: Seq, time_ms: TimeMs) -> Result<Record, StatementFault> {
        let entry = Entry {
            seq,
            time_ms,
            statement: self.statement,
            signature: self.signature,
        };
        Ok(Record {
            leaf: entry.leaf()?,
            disclosures: self.disclosures,
        })
    }
}

impl Statement {
    /// Checks form and the kind's rules, and reads the event; none for a kind that this version does not know.
    ///
    /// # Errors
    /// See [`StatementFault`].
    pub fn check(&self) -> Result<Option<Event>, StatementFault> {
        if self.v != ENTRY_VERSION {
            return Err(StatementFault::Version { found: self.v });
        }
        check_origin(&self.log)?;
        check_name(&self.kind, "kind", 64)?;
        self.texts
            .iter()
            .try_for_each(|(name, commitment)| check_commitment(name, commitment))?;
        let is_endpoint = self.actor.author() == Author::Endpoint;
        if self.counter.is_some() != is_endpoint {
            let problem = if is_endpoint {
                "lacks the endpoint's counter"
            } else {
                "has a counter, but is not from an endpoint"
            };
            return Err(StatementFault::Belonging {
                kind: self.kind.clone(),
                problem,
            });
        }
        if let Some(rules) = kind::rules(&self.kind) {
            self.check_rules(rules)?;
        }
        Ok(Event::from_parts(&self.kind, &self.facts)?)
    }

    fn check_rules(&self, rules: &Rules) -> Result<(), StatementFault> {
        let author = self.actor.author();
        if !rules.authors.contains(&author) {
            return Err(StatementFault::WrongAuthor {
                kind: rules.kind,
                author,
            });
        }
        let lacks = |problem| {
            Err(StatementFault::Belonging {
                kind: self.kind.clone(),
                problem,
            })
        };
        if rules.session && self.session.is_none() {
            return lacks("lacks its session");
        }
        if rules.action && self.action.is_none() {
            return lacks("lacks its action");
        }
        let wrong = |name: &str, problem| StatementFault::Texts {
            kind: self.kind.clone(),
            name: name.to_owned(),
            problem,
        };
        if let Some(name) = rules.texts.iter().find(|name| !self.texts.contains_key(**name)) {
            return Err(wrong(name, "missing"));
        }
        let known = |name: &&String| rules.texts.contains(&name.as_str()) || rules.optional_texts.contains(&name.as_str());
        match self.texts.keys().find(|name| !known(name)) {
            Some(name) => Err(wrong(name, "not allowed")),
            None => Ok(()),
        }
    }
}

/// A checkpoint's first line and a key's name: no white space, no plus sign, printable ASCII.
pub(crate) fn check_origin(log: &str) -> Result<(), StatementFault> {
    let fits = (1..=MAX_ORIGIN_BYTES).contains(&log.len()) && log.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'+');
    if fits {
        Ok(())
    } else {
        Err(StatementFault::Name { what: "log" })
    }
}

fn check_name(name: &str, what: &'static str, longest: usize) -> Result<(), StatementFault> {
    let fits = (1..=longest).contains(&name.len())
        && name
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.'));
    if fits { Ok(()) } else { Err(StatementFault::Name { what }) }
}

fn check_commitment(name: &str, commitment: &Commitment) -> Result<(), StatementFault> {
    check_name(name, "text name", 32)?;
    if commitment.tokens > MAX_TEXT_BYTES as u64 {
        return Err(StatementFault::Name { what: "tokens" });
    }
    Ok(())
}

pub(crate) fn check_signature_presence(
    statement: &Statement,
    signature: Option<&StatementSignature>,
) -> Result<(), StatementFault> {
    match (statement.actor.author(), signature) {
        (Author::Control, Some(_)) => Err(StatementFault::SignaturePresence(
            "the control plane's statement carries a signature",
        )),
        (Author::Control, None) | (_, Some(_)) => Ok(()),
        (_, None) => Err(StatementFault::SignaturePresence(
            "the statement carries no signature, and only the control plane's may not",
        )),
    }
}

pub(crate) fn check_disclosures(statement: &Statement, disclosures: &BTreeMap<String, Disclosure>) -> Result<(), StatementFault> {
    for (name, disclosure) in disclosures {
        let commitment = statement
            .texts
            .get(name)
            .ok_or_else(|| StatementFault::UnknownText { name: name.clone() })?;
        disclosure.verify(commitment).map_err(|cause| StatementFault::Disclosure {
            name: name.clone(),
            cause,
        })?;
    }
    Ok(())
}

impl Entry {
    /// Its canonical bytes, as text: the Merkle leaf's data.
    ///
    /// # Errors
    /// When it has no canonical form or is too long.
    pub fn leaf(&self) -> Result<String, StatementFault> {
        let leaf = canonical::to_string(self).map_err(|error| StatementFault::Shape(error.to_string()))?;
        if leaf.len() > MAX_ENTRY_BYTES {
            return Err(StatementFault::TooLong { bytes: leaf.len() });
        }
        canonical::check(&leaf)?;
        Ok(leaf)
    }
}

/// Reads a leaf; also returns the statement's canonical bytes as they stand in it.
pub(crate) fn parse_leaf(leaf: &str) -> Result<(Entry, &str), StatementFault> {
    if leaf.len() > MAX_ENTRY_BYTES {
        return Err(StatementFault::TooLong { bytes: leaf.len() });
    }
    let members = canonical::check(leaf)?;
    let entry: Entry = serde_json::from_str(leaf).map_err(|error| StatementFault::Shape(error.to_string()))?;
    let statement = canonical::member(&members, "statement").unwrap_or_default();
    Ok((entry, statement))
}

impl Record {
    /// Reads the entry out of its exact bytes. Checks that they are canonical; proves nothing else (see [`crate::verify`]).
    ///
    /// # Errors
    /// See [`StatementFault`].
    pub fn parse(&self) -> Result<Entry, StatementFault> {
        parse_leaf(&self.leaf).map(|(entry, _)| entry)
    }
}
