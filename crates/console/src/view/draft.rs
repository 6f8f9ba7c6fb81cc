//! A snapshot that is open on this console, as its reviewer reads it: entries row by row, what was on the screen, verdicts.

use super::RemovalView;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a record is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "of", rename_all = "snake_case")]
#[ts(export)]
pub enum RecordOf {
    /// One session.
    Session {
        /// Which.
        session: String,
    },
    /// A period.
    Period {
        /// Endpoints; none means all in the cache.
        endpoints: Vec<String>,
        /// At or after, milliseconds since the Unix epoch.
        #[ts(type = "number")]
        from_ms: u64,
        /// Before.
        #[ts(type = "number")]
        to_ms: u64,
    },
}

/// What became of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ReviewState {
    /// Nobody has reviewed it.
    Draft,
    /// Somebody who took no part has attested it, and nobody refused it.
    Reviewed,
    /// A reviewer refused it.
    Refused,
}

/// A snapshot that is open on this console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DraftView {
    /// Its name while it is open.
    pub draft: String,
    /// `Session on HOST`, or how many endpoints.
    pub title: String,
    /// Purpose, or the period.
    pub about: String,
    /// The session, if it is one.
    pub session: Option<String>,
    /// SHA-256 of the snapshot, lower-case hexadecimal.
    pub digest: String,
    /// First entry's time.
    #[ts(type = "number")]
    pub from_ms: u64,
    /// Last entry's time.
    #[ts(type = "number")]
    pub to_ms: u64,
    /// Logs that it is of.
    pub logs: Vec<DraftLog>,
    /// Rows of the list: entries, long ones in parts.
    pub rows: u32,
    /// Entries that are shown.
    #[ts(type = "number")]
    pub entries: u64,
    /// Entries in between that belong to other sessions and are there only to show that nothing is missing.
    #[ts(type = "number")]
    pub out_of_scope: u64,
    /// What became of it.
    pub state: ReviewState,
    /// Verdicts, on this snapshot and on earlier ones of the same session, newest first.
    pub reviews: Vec<ReviewRow>,
    /// Why an earlier attestation does not hold for this snapshot.
    pub changed: Option<String>,
    /// Why this person cannot attest it.
    pub why_not_attest: Option<String>,
    /// What an attestation says.
    pub sentence: String,
    /// What was on the screen so far.
    pub coverage: CoverageView,
}

/// One log's part in a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DraftLog {
    /// Endpoint.
    pub endpoint: String,
    /// Its name.
    pub hostname: String,
    /// First entry.
    #[ts(type = "number")]
    pub first_seq: u64,
    /// Last entry.
    #[ts(type = "number")]
    pub last_seq: u64,
    /// Entries that the signed checkpoint covers.
    #[ts(type = "number")]
    pub size: u64,
}

/// Somebody's verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ReviewRow {
    /// Name, safe to draw.
    pub who: String,
    /// Role then.
    pub role: String,
    /// Whether it attests; otherwise it refuses.
    pub attests: bool,
    /// Why not, safe to draw.
    pub reason: Option<String>,
    /// When.
    #[ts(type = "number")]
    pub at_ms: u64,
    /// Entries that were on the reviewer's screen.
    #[ts(type = "number")]
    pub seen: u64,
    /// Of so many.
    #[ts(type = "number")]
    pub entries: u64,
    /// Whether it is about exactly this snapshot.
    pub of_this: bool,
    /// Whether it is this person's.
    pub own: bool,
}

/// What was on the reviewer's screen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CoverageView {
    /// Entries that were on it, whole.
    #[ts(type = "number")]
    pub seen: u64,
    /// Of so many.
    #[ts(type = "number")]
    pub entries: u64,
    /// Rows that were on it, as runs: first and last.
    pub runs: Vec<(u32, u32)>,
    /// First row that was not.
    pub next: Option<u32>,
    /// For how long entries were on the screen, all together.
    #[ts(type = "number")]
    pub shown_ms: u64,
}

/// How long a row was on the screen since that was last told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Shown {
    /// The row.
    pub row: u32,
    /// Milliseconds.
    pub ms: u32,
}

/// A row: an entry, or a part of one whose text is long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DraftRow {
    /// Its place in the list.
    pub row: u32,
    /// Endpoint's name.
    pub hostname: String,
    /// Place in the log.
    #[ts(type = "number")]
    pub seq: u64,
    /// Control plane's clock.
    #[ts(type = "number")]
    pub time_ms: u64,
    /// Kind, as in the entry.
    pub kind: String,
    /// `control`, `endpoint`, `member`, `contact` or `agent`.
    pub actor_kind: String,
    /// Who.
    pub who: String,
    /// What happened, in one line.
    pub what: String,
    /// How it came out.
    pub outcome: Option<String>,
    /// Which part of the entry, from 1.
    pub part: u32,
    /// Of how many.
    pub parts: u32,
    /// What of its texts belongs here.
    pub texts: Vec<DraftText>,
    /// Whether it was on the screen.
    pub seen: bool,
}

/// A text, or the part of it that belongs to a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DraftText {
    /// `command`, `output`, `reason`, …
    pub name: String,
    /// In order; none when it was erased or is not disclosed.
    pub pieces: Vec<DraftPiece>,
    /// Whether it is not there.
    pub withheld: bool,
}

/// A piece of a text, as it may be drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DraftPiece {
    /// Byte of the whole text at which it begins.
    pub at: u32,
    /// What to draw.
    pub text: String,
    /// Whether that is a label for something that must not be drawn.
    pub label: bool,
    /// Whether it does not leave.
    pub removal: Option<RemovalView>,
}
