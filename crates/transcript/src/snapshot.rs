//! A snapshot: which entries a record is about, fixed for good (docs/formats/snapshot.md).
//!
//! It names dense ranges of logs and, for each, the tree head that covers it. A tree head fixes every entry below it, and entries
//! commit to their texts: so the digest of these few bytes fixes everything, whatever of the texts is shown to whom. Hiding or
//! opening a text leaves the digest as it is; another range, or a newer tree head, is another snapshot.

use crate::dsse::{EnvelopeFault, Subject, in_one_form, one_form, sha256_hex};
use caisey_ledger::entry::Entry;
use caisey_ledger::hash::Hash;
use caisey_ledger::id::{Seq, SessionId, TimeMs};
use serde::{Deserialize, Serialize};

/// Written into every snapshot.
pub const FORMAT: &str = "caisey.snapshot/v1";

/// The snapshot's name as a document.
pub const FILE: &str = "snapshot.json";

/// What a snapshot is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Scope {
    /// One session, with what concerns its endpoint as a whole and falls between its entries.
    Session {
        /// Which.
        session: SessionId,
    },
    /// Everything that the control plane placed at or after `from_ms` and before `to_ms`, milliseconds since the Unix epoch.
    Period {
        /// At or after.
        from_ms: TimeMs,
        /// Before.
        to_ms: TimeMs,
    },
}

/// A dense run of a log's entries, and the tree head that covers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogRange {
    /// Origin of the log.
    pub log: String,
    /// First entry.
    pub first_seq: Seq,
    /// Last entry.
    pub last_seq: Seq,
    /// Entries that the tree head covers.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

/// Which entries a record is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// Always [`FORMAT`].
    pub format: String,
    /// Of what.
    pub scope: Scope,
    /// At least one, no log twice, by origin.
    pub logs: Vec<LogRange>,
}

/// What became of a snapshot, as people see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SnapshotState {
    /// Nobody has reviewed it.
    Draft,
    /// Somebody who took no part has attested it, and nobody refused it.
    Attested,
    /// A reviewer refused it.
    Refused,
}

/// A snapshot that cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotFault {
    /// Not canonical, or not of this shape.
    #[error("the snapshot is malformed")]
    Form(#[source] EnvelopeFault),
    /// Written by a newer program, or something else.
    #[error("the snapshot's format is `{0}`, this program knows `{FORMAT}`")]
    Format(String),
    /// No logs, logs twice or out of order, ranges that are none.
    #[error("the snapshot's ranges make no sense: {0}")]
    Ranges(&'static str),
}

impl Scope {
    /// Whether an entry within the snapshot's ranges belongs to it. Entries of other sessions, and the neighbours that bound a period,
    /// are there only to show that nothing is missing.
    pub fn holds(&self, entry: &Entry) -> bool {
        match self {
            Self::Session { session } => entry.statement.session.as_ref().is_none_or(|own| own == session),
            Self::Period { from_ms, to_ms } => (*from_ms..*to_ms).contains(&entry.time_ms),
        }
    }
}

impl Snapshot {
    /// A snapshot of these ranges, in whatever order.
    ///
    /// # Errors
    /// When they make no sense.
    pub fn new(scope: Scope, mut logs: Vec<LogRange>) -> Result<Self, SnapshotFault> {
        logs.sort_by(|a, b| a.log.cmp(&b.log));
        let snapshot = Self {
            format: FORMAT.to_owned(),
            scope,
            logs,
        };
        snapshot.check()?;
        Ok(snapshot)
    }

    fn check(&self) -> Result<(), SnapshotFault> {
        use SnapshotFault::Ranges;
        if self.format != FORMAT {
            return Err(SnapshotFault::Format(self.format.chars().take(80).collect()));
        }
        if self.logs.is_empty() {
            return Err(Ranges("there are none"));
        }
        if !self.logs.is_sorted_by(|a, b| a.log < b.log) {
            return Err(Ranges("logs are out of order or twice"));
        }
        if self
            .logs
            .iter()
            .any(|range| range.first_seq > range.last_seq || range.last_seq.get() >= range.size)
        {
            return Err(Ranges("a range is empty or not below its tree head"));
        }
        match &self.scope {
            Scope::Session { .. } if self.logs.len() > 1 => Err(Ranges("a session is on one endpoint")),
            Scope::Period { from_ms, to_ms } if from_ms >= to_ms => Err(Ranges("the period ends before it begins")),
            _ => Ok(()),
        }
    }

    /// Its canonical bytes.
    ///
    /// # Errors
    /// Never for one that [`Snapshot::new`] or [`Snapshot::parse`] gave.
    pub fn to_text(&self) -> Result<String, SnapshotFault> {
        one_form(self).map_err(SnapshotFault::Form)
    }

    /// Reads canonical bytes, and only those.
    ///
    /// # Errors
    /// See [`SnapshotFault`].
    pub fn parse(text: &str) -> Result<Self, SnapshotFault> {
        let snapshot: Self = in_one_form(text).map_err(SnapshotFault::Form)?;
        snapshot.check()?;
        Ok(snapshot)
    }

    /// SHA-256 of its canonical bytes, lower-case hexadecimal.
    ///
    /// # Errors
    /// As [`Snapshot::to_text`].
    pub fn digest(&self) -> Result<String, SnapshotFault> {
        Ok(sha256_hex(self.to_text()?.as_bytes()))
    }

    /// It as the subject of a statement.
    ///
    /// # Errors
    /// As [`Snapshot::to_text`].
    pub fn subject(&self) -> Result<Subject, SnapshotFault> {
        Ok(Subject::digested(FILE, self.digest()?))
    }

    /// The range of this log.
    pub fn range(&self, log: &str) -> Option<&LogRange> {
        self.logs.iter().find(|range| range.log == log)
    }
}

impl LogRange {
    /// How many entries.
    pub fn entries(&self) -> u64 {
        self.last_seq.get().saturating_sub(self.first_seq.get()) + 1
    }

    /// Whether an entry of the log lies within.
    pub fn contains(&self, seq: Seq) -> bool {
        (self.first_seq..=self.last_seq).contains(&seq)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn range(log: &str, first: u64, last: u64, size: u64) -> LogRange {
        LogRange {
            log: log.to_owned(),
            first_seq: Seq::new(first).unwrap(),
            last_seq: Seq::new(last).unwrap(),
            size,
            root: Hash([7; 32]),
        }
    }

    fn period() -> Scope {
        Scope::Period {
            from_ms: TimeMs::new(5).unwrap(),
            to_ms: TimeMs::new(6).unwrap(),
        }
    }

    #[test]
    fn snapshot_format_unchanged() {
        let session = Scope::Session {
            session: SessionId::from_bits([8; 16]),
        };
        let snapshot = Snapshot::new(session, vec![range("caisey.example/a/b", 4, 19, 25)]).unwrap();
        let text = snapshot.to_text().unwrap();
        assert_eq!(
            text,
            "{\"format\":\"caisey.snapshot/v1\",\"logs\":[{\"first_seq\":4,\"last_seq\":19,\"log\":\"caisey.example/a/b\",\
             \"root\":\"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\",\"size\":25}],\
             \"scope\":{\"session\":\"ses_081040g2081040g2081040g208\",\"type\":\"session\"}}"
        );
        assert_eq!(Snapshot::parse(&text).unwrap(), snapshot);
        assert_eq!(snapshot.digest().unwrap(), sha256_hex(text.as_bytes()));
    }

    #[test]
    fn the_order_in_which_logs_are_named_does_not_matter_and_nonsense_is_refused() {
        let (a, b) = (range("x/a", 0, 1, 2), range("x/b", 3, 3, 9));
        let digest = |logs| Snapshot::new(period(), logs).unwrap().digest().unwrap();
        assert_eq!(digest(vec![a.clone(), b.clone()]), digest(vec![b.clone(), a.clone()]));
        for wrong in [
            vec![],
            vec![a.clone(), a.clone()],
            vec![range("x", 2, 1, 9)],
            vec![range("x", 1, 9, 9)],
        ] {
            assert!(Snapshot::new(period(), wrong).is_err());
        }
        let text = Snapshot::new(period(), vec![a, b]).unwrap().to_text().unwrap();
        for wrong in [
            text.replace("v1", "v2"),
            text.replace("\"to_ms\":6", "\"to_ms\":5"),
            format!("{text} "),
        ] {
            assert!(Snapshot::parse(&wrong).is_err(), "{wrong}");
        }
    }
}
