//! Statements on their way into a log.
//!
//! [`Proved`] is a statement that holds by itself: form, the kind's rules, size, signature, texts. Only this module makes one, so whoever
//! holds one need not check again. A host may let [`Offered::examine`] run for many statements on many threads before it is their turn;
//! whoever places them asks [`Offered::prove`], which examines what nobody has examined yet. Whether the key is the author's, and whether
//! the statement fits the log's history, is for whoever places it.

use crate::entry::{Entry, MAX_ENTRY_BYTES, SignedStatement};
use crate::event::Event;
use crate::hash::Hash;
use crate::id::{Seq, TimeMs};
use crate::keyring::PreparedKey;
use crate::statement::{SIGNING_CONTEXT, StatementFault, check_signature_presence, statement_json};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::ops::Deref;
use std::sync::Arc;

/// A statement that holds by itself.
#[derive(Debug, PartialEq)]
pub struct Proved {
    said: SignedStatement,
    event: Option<Event>,
    json: String,
}

impl Proved {
    /// A statement of the control plane's own, which nobody signs. Its texts are believed: whoever made it committed to them.
    ///
    /// # Errors
    /// When somebody else is its author, or it breaks a rule.
    pub fn own(said: SignedStatement) -> Result<Self, StatementFault> {
        check_signature_presence(&said.statement, said.signature.as_ref())?;
        if said.signature.is_some() {
            return Err(StatementFault::SignaturePresence(
                "a signed statement is not the control plane's own",
            ));
        }
        let event = said.statement.check()?;
        let json = statement_json(&said.statement)?;
        Ok(Self { said, event, json })
    }

    /// What it says; none for a kind that this version does not know.
    pub fn event(&self) -> Option<&Event> {
        self.event.as_ref()
    }

    /// SHA-256 of the bytes that its author signs.
    pub fn digest(&self) -> Hash {
        let hash = Sha256::new_with_prefix(SIGNING_CONTEXT).chain_update(&self.json);
        Hash(hash.finalize().into())
    }

    /// The canonical bytes of the entry that it becomes in this place.
    ///
    /// # Errors
    /// `TooLong`, for the control plane's own only.
    pub fn leaf(&self, seq: Seq, time_ms: TimeMs) -> Result<String, StatementFault> {
        let mut leaf = String::with_capacity(self.json.len() + 256);
        // Members in canonical order; the statement's bytes are canonical where they stand.
        let _ = write!(leaf, "{{\"seq\":{seq}");
        if let Some(signature) = &self.said.signature {
            let _ = write!(
                leaf,
                ",\"signature\":{{\"key\":\"{}\",\"sig\":\"{}\"}}",
                signature.key, signature.sig
            );
        }
        let _ = write!(leaf, ",\"statement\":{},\"time_ms\":{time_ms}}}", self.json);
        if leaf.len() > MAX_ENTRY_BYTES {
            return Err(StatementFault::TooLong { bytes: leaf.len() });
        }
        Ok(leaf)
    }

    /// The entry that it becomes in this place.
    pub fn entry(&self, seq: Seq, time_ms: TimeMs) -> Entry {
        Entry {
            seq,
            time_ms,
            statement: self.said.statement.clone(),
            signature: self.said.signature.clone(),
        }
    }
}

impl Deref for Proved {
    type Target = SignedStatement;

    fn deref(&self) -> &SignedStatement {
        &self.said
    }
}

/// A statement that is offered to a log. Cheap to clone once it was examined.
#[derive(Debug, Clone)]
pub enum Offered {
    /// As it came.
    Unexamined(Box<SignedStatement>),
    /// It holds.
    Holds(Arc<Proved>),
    /// It does not.
    Fails(Arc<SignedStatement>, Arc<StatementFault>),
}

impl From<SignedStatement> for Offered {
    fn from(said: SignedStatement) -> Self {
        Self::Unexamined(Box::new(said))
    }
}

/// By what is said; how far it was examined does not count.
impl PartialEq for Offered {
    fn eq(&self, other: &Self) -> bool {
        self.said() == other.said()
    }
}

impl Offered {
    /// What is said, whether it holds or not.
    pub fn said(&self) -> &SignedStatement {
        match self {
            Self::Unexamined(said) => said,
            Self::Holds(proved) => proved,
            Self::Fails(said, _) => said,
        }
    }

    /// Checks everything that needs no history, unless that was done. `find` looks the signer's key up ([`crate::keyring::Keyring::find`]).
    #[must_use]
    pub fn examine(self, find: impl FnOnce(&str) -> Option<Arc<PreparedKey>>) -> Self {
        let Self::Unexamined(said) = self else { return self };
        match said.examine(find) {
            Ok((event, json)) => Self::Holds(Arc::new(Proved {
                said: *said,
                event,
                json,
            })),
            Err(fault) => Self::Fails(Arc::new(*said), Arc::new(fault)),
        }
    }

    /// The proof, examining the statement now if nobody has.
    ///
    /// # Errors
    /// Why it does not hold.
    pub fn prove(self) -> Result<Arc<Proved>, Arc<StatementFault>> {
        match self.examine(|key| PreparedKey::from_base64(key).map(Arc::new)) {
            Self::Holds(proved) => Ok(proved),
            Self::Fails(_, fault) => Err(fault),
            // `examine` leaves none such.
            Self::Unexamined(_) => Err(Arc::new(StatementFault::BadSignature)),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::entry::Actor;
    use crate::event::{Event, Stream};
    use crate::id::{ActionId, Counter, EndpointId, SessionId};
    use crate::statement::{Draft, MAX_STATEMENT_BYTES, sign};
    use crate::text::TextSeed;
    use ed25519_dalek::SigningKey;
    use serde_json::{Value, json};

    fn signed(text: &str) -> SignedStatement {
        let event = Event::CommandOutput {
            stream: Stream::Stdout,
            chunk: 0,
        };
        let actor = Actor::Endpoint {
            id: EndpointId::from_bits([1; 16]),
        };
        Draft::new("caisey.example/a/b", TimeMs::default(), actor, &event)
            .unwrap()
            .session(SessionId::from_bits([2; 16]))
            .action(ActionId::from_bits([3; 16]))
            .counter(Counter::default())
            .text("output", text, TextSeed::from_bytes([4; 32]))
            .sign(&SigningKey::from_bytes(&[5; 32]))
            .unwrap()
    }

    /// With a kind that nobody knows and these facts.
    fn unknown(facts: Value) -> SignedStatement {
        let mut said = signed("x");
        said.statement.kind = "later.kind".into();
        let Value::Object(facts) = facts else {
            panic!("facts are an object")
        };
        said.statement.facts = facts;
        said
    }

    fn nested(depth: usize) -> Value {
        (0..depth).fold(json!(1), |inside, _| json!({ "a": inside }))
    }

    #[test]
    fn a_leaf_is_the_entrys_canonical_bytes() {
        let seq = Seq::new(12).unwrap();
        let time = TimeMs::new(1_700_000_000_000).unwrap();
        let proved = Offered::from(signed("né \u{1}\"\\")).prove().unwrap();
        assert_eq!(proved.leaf(seq, time).unwrap(), proved.entry(seq, time).leaf().unwrap());
        let mut odd = unknown(json!({"\u{fb33}": 1, "😀": "\u{7f}\u{2028}", "b": {"z": [], "a": -1}}));
        odd.signature = Some(sign(&odd.statement, &SigningKey::from_bytes(&[5; 32])).unwrap());
        let proved = Offered::from(odd).prove().unwrap();
        let leaf = proved.leaf(seq, time).unwrap();
        assert_eq!(leaf, proved.entry(seq, time).leaf().unwrap());
        crate::canonical::check(&leaf).unwrap();
    }

    #[test]
    fn what_would_not_fit_into_an_entry_is_not_proved() {
        let key = SigningKey::from_bytes(&[5; 32]);
        // Thirteen levels below the facts, within the statement, within the entry, are the sixteen that may be.
        let mut deepest = unknown(nested(13));
        deepest.signature = Some(sign(&deepest.statement, &key).unwrap());
        let proved = Offered::from(deepest).prove().unwrap();
        proved.leaf(Seq::default(), TimeMs::default()).unwrap();
        assert!(matches!(
            Offered::from(unknown(nested(14))).prove().unwrap_err().as_ref(),
            StatementFault::NotCanonical(_)
        ));
        let mut longest = unknown(json!({"a": "x".repeat(MAX_STATEMENT_BYTES)}));
        longest.signature = Some(sign(&longest.statement, &key).unwrap());
        assert!(matches!(
            Offered::from(longest).prove().unwrap_err().as_ref(),
            StatementFault::TooLong { .. }
        ));
    }

    #[test]
    fn examined_elsewhere_or_not_the_answer_is_the_same() {
        let mut ring = crate::keyring::Keyring::new(4);
        let mut bad = signed("x");
        bad.statement.at_ms = TimeMs::new(1).unwrap();
        for _ in 0..20 {
            let good = Offered::from(signed("x")).examine(|key| ring.find(key));
            assert!(matches!(good, Offered::Holds(_)) && good.prove().is_ok());
            let bad = Offered::from(bad.clone()).examine(|key| ring.find(key));
            assert!(matches!(bad.prove().unwrap_err().as_ref(), StatementFault::BadSignature));
        }
        assert!(matches!(Proved::own(signed("x")), Err(StatementFault::SignaturePresence(_))));
    }
}
