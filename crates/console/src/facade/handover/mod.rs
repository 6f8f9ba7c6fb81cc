//! Handing over: review a snapshot, ask a question of it, make the table for auditors, pack the evidence.
//!
//! Everything is made from the cache and works with the network unplugged, except handing a review in; the proof that this console's key is
//! known to the organisation is fetched at sign-in and kept.

mod audit;
mod desk;
mod draft;
mod negative;
mod pack;
mod pieces;
mod reviews;
mod scrub;
mod share;
mod standing;
mod verdict;

pub use audit::AuditFiles;
pub(super) use audit::Shown as ShownTable;
pub(super) use desk::Desk;
pub use pack::HandOver;
pub use scrub::Leaving;

use super::sign_in::key_bytes;
use super::{Console, Device, key_named};
use crate::cache::schema;
use crate::error::ConsoleError;
use crate::gather::{self, Gathered, Notes};
use crate::sync::engine::blocking;
use crate::view::{MeView, RecordOf};
use caisey_ledger::id::{DeviceId, MemberId, TimeMs};
use caisey_protocol::handover::KeyEvidence;
use caisey_transcript::audit::{AuditTable, Preset};
use caisey_transcript::certificate::Certificate;
use caisey_transcript::dsse::Statement;
use caisey_transcript::excerpt::Proved;
use caisey_transcript::finding::{Findings, Weight};
use caisey_transcript::keys::Keys;
use caisey_transcript::release::Releaser;
use caisey_transcript::rows::Transcript;
use caisey_transcript::snapshot::Snapshot;
use caisey_transcript::visible::marked_line;
use ed25519_dalek::{Signer, SigningKey};
use serde::{Deserialize, Serialize};

/// What is to be handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// One session.
    Session(String),
    /// A period on these endpoints, milliseconds since the Unix epoch; all that are in the cache when none is named.
    Period {
        /// Endpoints.
        endpoints: Vec<String>,
        /// At or after.
        from_ms: u64,
        /// Before.
        to_ms: u64,
    },
}

impl From<RecordOf> for Question {
    fn from(of: RecordOf) -> Self {
        match of {
            RecordOf::Session { session } => Self::Session(session),
            RecordOf::Period {
                endpoints,
                from_ms,
                to_ms,
            } => Self::Period {
                endpoints,
                from_ms,
                to_ms,
            },
        }
    }
}

/// Who signs here, and what proves it; kept in the cache.
#[derive(Clone, Serialize, Deserialize)]
struct Own {
    member: MemberId,
    device: DeviceId,
    name: String,
    role: String,
    evidence: KeyEvidence,
}

impl Own {
    fn releaser(&self) -> Releaser {
        Releaser {
            member: self.member.clone(),
            device: self.device.clone(),
            name: self.name.clone(),
        }
    }
}

/// A record that was gathered and proved on this machine.
struct Ready {
    gathered: Gathered,
    parts: Vec<Proved>,
    keys: Keys,
    control: [u8; 32],
}

impl Ready {
    fn own(&self) -> Vec<&Proved> {
        self.parts.iter().collect()
    }

    fn snapshot(&self) -> &Snapshot {
        &self.gathered.snapshot
    }

    fn transcript(&self) -> Transcript {
        Transcript::of(self.snapshot(), &self.own(), &self.keys)
    }

    /// The machine's name, as far as the record tells it; safe to draw.
    fn hostname(&self, log: &str) -> String {
        let id = endpoint_of(log);
        marked_line(self.keys.names().get(id).map_or(id, String::as_str))
    }
}

/// The endpoint's identifier is the last part of its log's name.
fn endpoint_of(log: &str) -> &str {
    log.rsplit('/').next().unwrap_or(log)
}

fn internal(error: impl std::fmt::Display) -> ConsoleError {
    ConsoleError::Internal(error.to_string())
}

impl Console {
    /// Keeps what proves this console's key; called when somebody signs in. An older control plane gives none.
    pub(super) async fn keep_evidence(
        &self,
        device: &Device,
        me: &MeView,
        evidence: Option<KeyEvidence>,
    ) -> Result<(), ConsoleError> {
        let Some(evidence) = evidence else { return Ok(()) };
        let own = Own {
            member: device.member.clone(),
            device: device.device.clone(),
            name: me.name.clone(),
            role: me.role.clone(),
            evidence,
        };
        let text = serde_json::to_string(&own).map_err(internal)?;
        let cache = self.inner.cache()?;
        blocking(move || cache.write(|tx| schema::put(tx, "own_key", &text))).await
    }

    async fn own(&self) -> Result<(Own, SigningKey), ConsoleError> {
        let text = self.inner.read(|cache| schema::get(cache, "own_key")).await?;
        let text = text.ok_or_else(|| ConsoleError::Offline {
            why: "what proves this console's key is not in the cache yet: sign in once".to_owned(),
        })?;
        let own: Own = serde_json::from_str(&text).map_err(internal)?;
        let profile = self.inner.state().profile.clone().ok_or(ConsoleError::SignedOut)?;
        let ports = self.inner.ports.clone();
        let secret = blocking(move || key_named(&ports, &profile.device_key_name(), false)).await?;
        Ok((own, SigningKey::from_bytes(&secret)))
    }

    /// Gathers what is asked for and proves it again from its bytes.
    async fn ready(&self, question: &Question, notes: Notes) -> Result<Ready, ConsoleError> {
        let question = question.clone();
        let (gathered, pinned) = self
            .inner
            .read(move |cache| {
                let gathered = match question {
                    Question::Session(session) => gather::session(cache, &session, &notes)?,
                    Question::Period {
                        endpoints,
                        from_ms,
                        to_ms,
                    } => {
                        let all = || crate::cache::log::all(cache).map(|logs| logs.into_iter().map(|log| log.endpoint).collect());
                        let endpoints = if endpoints.is_empty() { all()? } else { endpoints };
                        gather::period(cache, &endpoints, from_ms, to_ms, &notes)?
                    }
                };
                Ok((gathered, schema::get(cache, "pinned")?))
            })
            .await?;
        let control = pinned
            .as_deref()
            .and_then(|pinned| pinned.split_once(' '))
            .and_then(|(_, key)| key_bytes(key))
            .ok_or(ConsoleError::SignedOut)?;
        blocking(move || prove(gathered, control)).await
    }

    /// The snapshot and its transcript, as a reviewer reads it.
    ///
    /// # Errors
    /// Unknown session or endpoint, no checkpoint yet, a broken log, disk.
    pub async fn transcript(&self, question: &Question) -> Result<(Snapshot, Transcript), ConsoleError> {
        let ready = self.ready(question, Notes::new()).await?;
        let transcript = ready.transcript();
        Ok((ready.gathered.snapshot, transcript))
    }

    /// An answer to "did anyone access this?", signed with this console's key: the certificate, its envelope, and the snapshot it is of.
    ///
    /// # Errors
    /// As [`Console::transcript`]; a pattern that is none; nothing proves this console's key yet.
    pub async fn certify(&self, question: &Question, pattern: &str) -> Result<(Certificate, String, Snapshot), ConsoleError> {
        let (own, key) = self.own().await?;
        let ready = self.ready(question, Notes::new()).await?;
        let certificate = Certificate::answer(pattern, ready.snapshot(), &ready.own(), own.releaser(), self.now()?)
            .map_err(|fault| ConsoleError::Invalid(sentence(&fault)))?;
        let envelope = seal(&certificate.clone().statement(ready.snapshot()).map_err(internal)?, &key)?;
        Ok((certificate, envelope, ready.gathered.snapshot))
    }

    /// Every action with its authorisation, exceptions first.
    ///
    /// # Errors
    /// As [`Console::transcript`].
    pub async fn audit(&self, question: &Question, preset: Preset) -> Result<AuditTable, ConsoleError> {
        let ready = self.ready(question, Notes::new()).await?;
        Ok(AuditTable::of(ready.snapshot(), &ready.own(), &ready.keys, preset))
    }

    fn now(&self) -> Result<TimeMs, ConsoleError> {
        TimeMs::new(self.inner.ports.clock.now_ms()).ok_or_else(|| internal("the clock is out of range"))
    }
}

fn prove(gathered: Gathered, control: [u8; 32]) -> Result<Ready, ConsoleError> {
    let mut found = Findings::default();
    let ranges = gathered.snapshot.logs.iter().zip(&gathered.excerpts);
    let parts: Vec<Proved> = ranges
        .filter_map(|(range, excerpt)| excerpt.prove(&range.log, Some(range), &control, &mut found))
        .collect();
    if !found.hold() || parts.len() != gathered.excerpts.len() {
        let first = found.0.into_iter().find(|finding| finding.weight == Weight::Fails);
        return Err(ConsoleError::Untrusted(
            first.map_or_else(String::new, |finding| finding.words),
        ));
    }
    Ok(Ready {
        keys: Keys::of(&parts),
        gathered,
        parts,
        control,
    })
}

fn seal<P: Serialize + serde::de::DeserializeOwned>(statement: &Statement<P>, key: &SigningKey) -> Result<String, ConsoleError> {
    statement
        .seal(&key.verifying_key().to_bytes(), |message| key.sign(message).to_bytes())
        .map_err(internal)
}

/// An error's words as a sentence.
fn sentence(error: &dyn std::fmt::Display) -> String {
    let words = error.to_string();
    let mut letters = words.chars();
    let first = letters
        .next()
        .map(|first| first.to_uppercase().to_string())
        .unwrap_or_default();
    let rest = letters.as_str();
    let end = if rest.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{rest}{end}")
}
