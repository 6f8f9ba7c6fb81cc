//! How the endpoint speaks: statements in its own log, under its own name, signed with its own key. The counter is given and the
//! signature made where statements are stored ([`crate::outbox`]), so that order, count and storage cannot disagree.

use crate::machine;
use caisey_ledger::entry::Actor;
use caisey_ledger::entry::SignedStatement;
use caisey_ledger::event::Event;
use caisey_ledger::id::{ActionId, Counter, EndpointId, SessionId, TimeMs};
use caisey_ledger::statement::{Draft, StatementFault};
use caisey_ledger::text::TextSeed;
use ed25519_dalek::SigningKey;
use std::sync::Arc;

/// The endpoint as an author. Cheap to clone.
#[derive(Clone)]
pub struct Voice {
    inner: Arc<Inner>,
}

struct Inner {
    log: String,
    endpoint: EndpointId,
    key: SigningKey,
}

/// A statement could not be made.
#[derive(Debug, thiserror::Error)]
pub enum VoiceError {
    /// It breaks the rules of its kind.
    #[error("the statement cannot be made")]
    Fault(#[from] StatementFault),
    /// No seeds for its texts.
    #[error("the operating system gives no randomness: {0}")]
    Randomness(String),
}

/// What an action's statements belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) session: SessionId,
    pub(crate) action: ActionId,
}

impl Voice {
    /// Speaks in the log of this origin.
    pub fn new(log: String, endpoint: EndpointId, key: SigningKey) -> Self {
        Self {
            inner: Arc::new(Inner { log, endpoint, key }),
        }
    }

    pub(crate) fn log(&self) -> &str {
        &self.inner.log
    }

    pub(crate) fn endpoint(&self) -> &EndpointId {
        &self.inner.endpoint
    }

    /// Everything of a statement but counter and signature. Committing to long texts takes milliseconds.
    pub(crate) fn draft(&self, about: Option<&About>, event: &Event, texts: &[(&str, &str)]) -> Result<Draft, VoiceError> {
        self.draft_at(machine::now_ms(), about, event, texts)
    }

    pub(crate) fn draft_at(
        &self,
        at_ms: TimeMs,
        about: Option<&About>,
        event: &Event,
        texts: &[(&str, &str)],
    ) -> Result<Draft, VoiceError> {
        let actor = Actor::Endpoint {
            id: self.inner.endpoint.clone(),
        };
        let mut draft = Draft::new(&self.inner.log, at_ms, actor, event)?;
        if let Some(about) = about {
            draft = draft.session(about.session.clone()).action(about.action.clone());
        }
        for (name, text) in texts {
            let mut seed = [0u8; 32];
            getrandom::fill(&mut seed).map_err(|error| VoiceError::Randomness(error.to_string()))?;
            draft = draft.text(name, shortened(text), TextSeed::from_bytes(seed));
        }
        Ok(draft)
    }

    pub(crate) fn sign(&self, draft: Draft, counter: Counter) -> Result<SignedStatement, VoiceError> {
        Ok(draft.counter(counter).sign(&self.inner.key)?)
    }
}

/// No text may be longer than the ledger allows; ours never are, but an operating system's error message might.
fn shortened(text: &str) -> &str {
    let limit = caisey_ledger::text::MAX_TEXT_BYTES;
    if text.len() <= limit {
        return text;
    }
    let end = (0..=limit).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}
