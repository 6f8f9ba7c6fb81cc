//! A statement in the making: an event, its belonging and its texts, until its author signs (docs/formats/entry.md).

use crate::disclosure::{Disclosure, DisclosureFault};
use crate::entry::{Actor, ENTRY_VERSION, SignedStatement, Statement, StatementSignature};
use crate::event::Event;
use crate::id::{ActionId, Counter, SessionId, TimeMs};
use crate::statement::{StatementFault, sign};
use crate::text::{MAX_TEXT_BYTES, TextSeed, commit};
use ed25519_dalek::SigningKey;
use std::collections::BTreeMap;

/// A statement in the making, with its texts.
#[derive(Debug, Clone)]
pub struct Draft {
    statement: Statement,
    disclosures: BTreeMap<String, Disclosure>,
}

impl Draft {
    /// Begins a statement in the log of this origin.
    ///
    /// # Errors
    /// When the event cannot be written as JSON.
    pub fn new(log: &str, at_ms: TimeMs, actor: Actor, event: &Event) -> Result<Self, StatementFault> {
        let (kind, facts) = event.to_parts()?;
        let statement = Statement {
            v: ENTRY_VERSION,
            log: log.to_owned(),
            at_ms,
            actor,
            kind,
            facts,
            session: None,
            action: None,
            counter: None,
            texts: BTreeMap::new(),
        };
        Ok(Self {
            statement,
            disclosures: BTreeMap::new(),
        })
    }

    /// Within this session.
    #[must_use]
    pub fn session(mut self, session: SessionId) -> Self {
        self.statement.session = Some(session);
        self
    }

    /// About this action.
    #[must_use]
    pub fn action(mut self, action: ActionId) -> Self {
        self.statement.action = Some(action);
        self
    }

    /// The endpoint's own count.
    #[must_use]
    pub fn counter(mut self, counter: Counter) -> Self {
        self.statement.counter = Some(counter);
        self
    }

    /// With this text. The seed must be fresh and known to nobody else.
    #[must_use]
    pub fn text(mut self, name: &str, text: impl Into<String>, seed: TextSeed) -> Self {
        let text = text.into();
        self.statement.texts.insert(name.to_owned(), commit(&text, &seed));
        self.disclosures.insert(name.to_owned(), Disclosure::Full { text, seed });
        self
    }

    /// Signs it with the author's key.
    ///
    /// # Errors
    /// When the statement breaks a rule of its kind, or the author is the control plane.
    pub fn sign(self, key: &SigningKey) -> Result<SignedStatement, StatementFault> {
        let signature = sign(&self.statement, key)?;
        self.finish(Some(signature))
    }

    /// Leaves it unsigned, as the control plane's own statements are.
    ///
    /// # Errors
    /// When the statement breaks a rule of its kind, or the author is anybody else.
    pub fn unsigned(self) -> Result<SignedStatement, StatementFault> {
        self.finish(None)
    }

    fn finish(self, signature: Option<StatementSignature>) -> Result<SignedStatement, StatementFault> {
        let signed = SignedStatement {
            statement: self.statement,
            signature,
            disclosures: self.disclosures,
        };
        signed.check()?;
        for (name, disclosure) in &signed.disclosures {
            let bytes = disclosure.full_text().map_or(0, str::len);
            if bytes > MAX_TEXT_BYTES {
                return Err(StatementFault::Disclosure {
                    name: name.clone(),
                    cause: DisclosureFault::TooLong { bytes },
                });
            }
        }
        Ok(signed)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::event::Stream;
    use crate::id::EndpointId;

    fn draft() -> Draft {
        let event = Event::CommandOutput {
            stream: Stream::Stdout,
            chunk: 0,
        };
        let actor = Actor::Endpoint {
            id: EndpointId::from_bits([1; 16]),
        };
        Draft::new("caisey.example/a/b", TimeMs::default(), actor, &event).unwrap()
    }

    fn complete(text: &str) -> Draft {
        let draft = draft()
            .session(SessionId::from_bits([2; 16]))
            .action(ActionId::from_bits([3; 16]));
        draft
            .counter(Counter::default())
            .text("output", text, TextSeed::from_bytes([4; 32]))
    }

    #[test]
    fn a_complete_draft_is_signed_and_an_incomplete_one_says_what_it_lacks() {
        let key = SigningKey::from_bytes(&[5; 32]);
        assert!(complete("x").sign(&key).unwrap().verify().unwrap().is_some());
        let seed = || TextSeed::from_bytes([4; 32]);
        for (wrong, what) in [
            (draft(), "counter"),
            (draft().counter(Counter::default()), "session"),
            (
                draft().counter(Counter::default()).session(SessionId::from_bits([2; 16])),
                "action",
            ),
            (complete("x").text("other", "", seed()), "not allowed"),
            (complete("x").text("Other Name", "", seed()), "text name"),
            (complete(&"x".repeat(MAX_TEXT_BYTES + 1)), "does not hold"),
        ] {
            let error = wrong.sign(&key).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
        assert!(matches!(complete("x").unsigned(), Err(StatementFault::SignaturePresence(_))));
    }

    #[test]
    fn a_signature_speaks_for_one_statement_only() {
        let key = SigningKey::from_bytes(&[5; 32]);
        let signed = complete("x").sign(&key).unwrap();
        let mut other = complete("y").sign(&key).unwrap();
        other.signature = signed.signature.clone();
        assert!(matches!(other.verify(), Err(StatementFault::BadSignature)));
        let mut other = signed;
        other.disclosures = complete("y").sign(&key).unwrap().disclosures;
        assert!(matches!(other.verify(), Err(StatementFault::Disclosure { .. })));
    }
}
