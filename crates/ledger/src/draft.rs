//! A statement in the making: an event, its belonging and its texts, until its author signs (docs/formats/entry.md).

use crate::disclosure::Disclosure;
use crate::entry::{Actor, ENTRY_VERSION, SignedStatement, Statement, StatementSignature};
use crate::event::Event;
use crate::id::{ActionId, Counter, SessionId, TimeMs};
use crate::statement::{StatementFault, sign};
use crate::text::{TextSeed, commit};
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
        Ok(signed)
    }
}
