//! Answers to "did anyone access this?", in three parts.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// An answer to "did anyone access this?", in its three parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NegativeView {
    /// What was looked for.
    pub pattern: String,
    /// From.
    #[ts(type = "number")]
    pub from_ms: u64,
    /// Until.
    #[ts(type = "number")]
    pub to_ms: u64,
    /// SHA-256 of the snapshot that was searched.
    pub digest: String,
    /// The three parts in a sentence each.
    pub sentences: [String; 3],
    /// First part.
    pub complete: Vec<CompleteRow>,
    /// Second part.
    pub matched: Vec<NamedRow>,
    /// Third part.
    pub unbounded: Vec<NamedRow>,
    /// Texts that were searched.
    #[ts(type = "number")]
    pub searched_texts: u64,
    /// Whose key signs it.
    pub by: String,
}

/// That one endpoint's record has no gap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CompleteRow {
    /// Endpoint.
    pub endpoint: String,
    /// Its name.
    pub hostname: String,
    /// First entry of the dense range.
    #[ts(type = "number")]
    pub first_seq: u64,
    /// Last entry.
    #[ts(type = "number")]
    pub last_seq: u64,
    /// Entries in question.
    #[ts(type = "number")]
    pub entries: u64,
    /// Sessions.
    #[ts(type = "number")]
    pub sessions: u64,
    /// Commands.
    #[ts(type = "number")]
    pub commands: u64,
    /// Whether the record shows that nothing of the period came later.
    pub bounded: bool,
}

/// An entry that an answer names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NamedRow {
    /// Endpoint's name.
    pub hostname: String,
    /// Session, if it belongs to one.
    pub session: Option<String>,
    /// Place in the log.
    #[ts(type = "number")]
    pub seq: u64,
    /// Control plane's clock.
    #[ts(type = "number")]
    pub time_ms: u64,
    /// Who.
    pub who: String,
    /// Which text, or why its effects cannot be bounded.
    pub why: String,
    /// The line in question or what happened, safe to draw.
    pub words: String,
}
