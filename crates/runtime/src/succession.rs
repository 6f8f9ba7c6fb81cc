//! When the control plane was restored from a backup and its operator opened a new log: checking that word, and going over to it.
//!
//! Promises: only a log that the pinned key signs, that enrols this endpoint's own key, and that names this endpoint's log as the one it
//! continues is followed. The old outbox is set aside whole, never deleted: with what was not delivered, and with the last checkpoint that
//! was accepted. The first statement in the new log says, signed by this endpoint, what it had seen of the old one; a control plane that
//! was set back on purpose cannot keep that out of sight. Interrupted anywhere, the next start finishes it.

use crate::identity::{Enrolment, IdentityError};
use crate::outbox::{Outbox, Weight, waiting};
use crate::state::StateDir;
use crate::voice::Voice;
use caisey_ledger::disclosure::Disclosure;
use caisey_ledger::entry::{Actor, Record};
use caisey_ledger::event::Event;
use caisey_ledger::id::EndpointId;
use caisey_ledger::verify::{Coverage, LogVerifier};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

const FILE: &str = "succession.json";
/// Cause of the entries with which a log begins that continues another.
const CAUSE: &str = "log_succeeded";

/// What the control plane says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Offer {
    pub(crate) endpoint: EndpointId,
    pub(crate) log: String,
    pub(crate) records: Vec<Record>,
    pub(crate) checkpoint: String,
}

/// Why it is not followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the control plane names another log as this endpoint's, and does not show that it may: {0}")]
pub(crate) struct NotFollowed(String);

impl Offer {
    /// Checks everything that this endpoint can know.
    pub(crate) fn check(&self, enrolment: &Enrolment, own_key: &str) -> Result<(), NotFollowed> {
        let no = |why: &str| Err(NotFollowed(why.to_owned()));
        let place = |log: &str| log.rsplit_once('/').map(|(place, _)| place.to_owned());
        if place(&self.log) != place(&enrolment.log) || !self.log.ends_with(&format!("/{}", self.endpoint)) {
            return no("it is of another organisation or endpoint");
        }
        if self.log == enrolment.log {
            return no("it is this very log");
        }
        let key = enrolment
            .checkpoint_key_bytes()
            .ok_or_else(|| NotFollowed("the pinned key cannot be read".to_owned()))?;
        let mut verifier = LogVerifier::new(&self.log);
        let outcome = verifier.accept_batch(&self.records);
        if let Some(fault) = outcome.fault {
            return Err(NotFollowed(format!("its entries do not hold ({fault})")));
        }
        match verifier.check_checkpoint(&self.checkpoint, &key) {
            Ok(Coverage::Exact(_)) => {}
            _ => return no("no checkpoint by the key that was pinned at enrolment signs its entries"),
        }
        let [enrolled, continues] = outcome.accepted.as_slice() else {
            return no("it does not begin with two entries");
        };
        if !matches!(&enrolled.event, Some(Event::EndpointEnrolled { key, .. }) if key == own_key) {
            return no("it enrols another key than this endpoint's");
        }
        let said_so = matches!(&continues.event, Some(Event::RecorderGap { cause, .. }) if cause == CAUSE)
            && continues.entry.statement.actor == Actor::Control {};
        let detail = self.records.get(1).and_then(|record| record.disclosures.get("detail"));
        let names_us = matches!(detail, Some(Disclosure::Full { text, .. })
            if text.lines().next() == Some(format!("predecessor: {}", enrolment.log).as_str()));
        if said_so && names_us {
            Ok(())
        } else {
            no("it does not say that it continues this endpoint's log")
        }
    }
}

/// What is written down before anything is changed.
#[derive(Serialize, Deserialize)]
struct Intent {
    old: Enrolment,
    new: Enrolment,
    /// The last checkpoint of the old log that was accepted.
    last_note: Option<String>,
}

/// Decides to follow; takes effect with the next start.
pub(crate) fn follow(state: &StateDir, old: &Enrolment, offer: &Offer, last_note: Option<&str>) -> Result<(), IdentityError> {
    let intent = Intent {
        old: old.clone(),
        new: Enrolment {
            endpoint: offer.endpoint.clone(),
            log: offer.log.clone(),
            ..old.clone()
        },
        last_note: last_note.map(str::to_owned),
    };
    let json = serde_json::to_vec_pretty(&intent).map_err(|error| IdentityError::DamagedEnrolment(error.to_string()))?;
    Ok(state.write(FILE, &json)?)
}

/// A succession that was begun, with the old outbox set aside.
pub(crate) struct Begun(Intent);

/// Sets the old outbox aside and enrols under the new name, if that was decided. To be called before the outbox is opened.
pub(crate) fn complete(state: &StateDir, enrolment: Enrolment) -> Result<(Enrolment, Option<Begun>), IdentityError> {
    let Some(bytes) = state.read(FILE)? else {
        return Ok((enrolment, None));
    };
    let intent: Intent =
        serde_json::from_slice(&bytes).map_err(|error| IdentityError::DamagedEnrolment(format!("{FILE}: {error}")))?;
    if enrolment.log != intent.old.log {
        return Ok((enrolment, Some(Begun(intent))));
    }
    for end in ["", "-wal", "-shm"] {
        let from = state.file(&format!("outbox.db{end}"));
        let mut to = set_aside(state, &intent.old).into_os_string();
        to.push(end);
        match std::fs::rename(&from, &to) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(IdentityError::State(crate::state::StateError::Io {
                    what: "set aside",
                    path: from,
                    cause: error,
                }));
            }
            _ => {}
        }
    }
    let moved = Enrolment {
        control: enrolment.control,
        ..intent.new.clone()
    };
    moved.store(state)?;
    Ok((moved, Some(Begun(intent))))
}

fn set_aside(state: &StateDir, old: &Enrolment) -> PathBuf {
    state.file(&format!("outbox-{}.db", old.endpoint))
}

impl Begun {
    /// Says in the new log what was seen of the old one, as its first statement, and is done.
    pub(crate) async fn confirm(self, state: &StateDir, outbox: &Outbox, voice: &Voice) {
        let Self(intent) = self;
        if outbox.tip().borrow().next == 0 {
            let kept = waiting(&set_aside(state, &intent.old)).ok().flatten();
            let kept = kept.map_or_else(|| "an unknown number".to_owned(), |kept| kept.statements.to_string());
            let detail = format!(
                "predecessor: {}\n\nThis endpoint's record continues from that log, which the control plane closed after it was restored from a \
                 backup. {kept} statements of this endpoint were not found in it; they are kept on this machine. The last checkpoint of it that \
                 this endpoint had accepted:\n\n{}",
                intent.old.log,
                intent.last_note.as_deref().unwrap_or("none\n")
            );
            let now = crate::machine::now_ms().get();
            let event = Event::RecorderGap {
                cause: CAUSE.to_owned(),
                from_ms: now,
                to_ms: now,
            };
            match voice.draft(None, &event, &[("detail", &detail)]) {
                Ok(draft) => {
                    if let Err(error) = outbox.say(draft, Weight::Essential, None).await {
                        tracing::error!(%error, "the end of the old log could not be recorded; it is tried again at the next start");
                        return;
                    }
                }
                Err(error) => tracing::error!(%error, "the end of the old log cannot be put into words"),
            }
        }
        if let Err(error) = std::fs::remove_file(state.file(FILE)) {
            tracing::warn!(%error, "the note on the log's succession could not be removed");
        }
    }
}
