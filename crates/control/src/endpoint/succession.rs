//! The end of a log whose control plane was restored from a backup, and the beginning of the one that continues it.
//!
//! A restored log is shorter than what the endpoint and consoles saw, so they distrust it for good, and rightly. An operator then closes it
//! and opens another one (docs/operations/restore.md). Promises: the old log says in its last entry that it ends, why and by whom; the new
//! one says in its second entry what it continues, with the old one's last checkpoint as it was restored; the endpoint's runtime is shown
//! both with signatures, and only its own first statement in the new log says what it had seen of the old. Nothing of the old log is changed.

use super::live::Live;
use crate::port::{ConnId, Effect};
use crate::row::{Row, damaged, text};
use crate::store::{Store, StoreError};
use crate::turn::Turn;
use caisey_ledger::entry::Record;
use caisey_ledger::event::{Event, SessionEnd};
use caisey_ledger::id::EndpointId;
use caisey_protocol::runtime::ToRuntime;

/// Fourth migration of an Endpoint object's store.
pub(super) const TABLES: &str = "
    CREATE TABLE succession (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        frame TEXT NOT NULL
    ) STRICT;
";

/// Cause of the `recorder.gap` that ends a log.
pub const CLOSED: &str = "log_closed";
/// Cause of the `recorder.gap`s with which a log begins that continues another: the control plane's, then the endpoint's.
pub const SUCCEEDED: &str = "log_succeeded";

/// Who decided, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The operator's name.
    pub by: String,
    /// For people.
    pub reason: String,
}

/// The log that a new one continues.
#[derive(Debug, Clone, PartialEq)]
pub struct Predecessor {
    /// Its origin.
    pub log: String,
    /// Its newest checkpoint as it was restored: a signed note.
    pub checkpoint: String,
    /// Why.
    pub decision: Decision,
}

/// The log that continues one that ends, with the proof that it does.
#[derive(Debug, Clone, PartialEq)]
pub struct Successor {
    /// The endpoint under its new name.
    pub endpoint: EndpointId,
    /// Origin.
    pub log: String,
    /// Its first entries: the enrolment, and what it continues.
    pub records: Vec<Record>,
    /// Signed note over exactly these.
    pub checkpoint: String,
    /// Why.
    pub decision: Decision,
}

impl Live {
    /// The second entry of a new log.
    pub(super) fn continues(&mut self, turn: &mut Turn<'_>, before: &Predecessor) -> Result<(), StoreError> {
        if self.journal.size() > 1 {
            return Ok(());
        }
        let Decision { by, reason } = &before.decision;
        let detail = format!(
            "predecessor: {}\nby: {}\nreason: {}\n\nThe control plane was restored from a backup, which is shorter than what others had seen of \
             the earlier log. This log continues it; the earlier one is closed. Its newest checkpoint as restored:\n\n{}",
            before.log,
            one_line(by),
            one_line(reason),
            before.checkpoint
        );
        self.gap(turn, SUCCEEDED, &detail)
    }

    /// The last entry of an old one: sessions end, and the runtime is sent on.
    pub(super) fn succeeded_by(&mut self, turn: &mut Turn<'_>, after: Successor) -> Result<(), StoreError> {
        if self.succession(turn.store)?.is_some() {
            return Ok(());
        }
        let open: Vec<_> = self.sessions.keys().cloned().collect();
        for session in open {
            self.end_session(turn, &session, SessionEnd::EndpointRemoved)?;
        }
        let Decision { by, reason } = &after.decision;
        let detail = format!(
            "successor: {}\nby: {}\nreason: {}\n\nThe control plane was restored from a backup. What this log held after that backup is not here; \
             the endpoint and consoles that had seen it distrust this log from there on. Nothing more is added to it.",
            after.log,
            one_line(by),
            one_line(reason)
        );
        self.gap(turn, CLOSED, &detail)?;
        let frame = ToRuntime::Succeeded {
            endpoint: after.endpoint,
            log: after.log,
            records: after.records,
            checkpoint: after.checkpoint,
        };
        let frame = serde_json::to_string(&frame).map_err(|error| StoreError::Refused(error.to_string()))?;
        turn.store
            .exec("INSERT INTO succession (only, frame) VALUES (1, ?1)", &[text(frame)])?;
        self.enrolment.remove(turn.store)?;
        self.link.changed_at = turn.now;
        self.link.put(turn.store)
    }

    fn gap(&mut self, turn: &mut Turn<'_>, cause: &str, detail: &str) -> Result<(), StoreError> {
        let event = Event::RecorderGap {
            cause: cause.to_owned(),
            from_ms: turn.now.get(),
            to_ms: turn.now.get(),
        };
        self.say(turn, &event, &[("detail", detail)]).map(drop)
    }

    /// Tells a runtime whose endpoint is out of service why: its log goes on elsewhere, or it was removed.
    pub(super) fn dismiss(&mut self, store: &dyn Store, conn: ConnId) -> Result<(), StoreError> {
        let word = self.succession(store)?.unwrap_or(ToRuntime::Removed {});
        self.out.send_runtime(conn, word);
        self.out.push(Effect::CloseRuntime { conn });
        Ok(())
    }

    fn succession(&self, store: &dyn Store) -> Result<Option<ToRuntime>, StoreError> {
        let Some(mut row) = Row::first(store.exec("SELECT frame FROM succession", &[])?) else {
            return Ok(None);
        };
        serde_json::from_str(&row.text()?)
            .map(Some)
            .map_err(|_| damaged("the word on the log's successor cannot be read"))
    }
}

pub(super) fn is_closed(store: &dyn Store) -> Result<bool, StoreError> {
    Ok(!store.exec("SELECT only FROM succession", &[])?.is_empty())
}

/// What an operator wrote, on one line and not endless.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(500).collect()
}
