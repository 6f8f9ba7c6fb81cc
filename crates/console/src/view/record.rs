//! What one entry, and one session in full, look like.

use super::SessionRow;
use crate::visible::Segment;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How far something shown has been checked on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Verification {
    /// Signatures, commitments, place and checkpoint hold.
    Verified,
    /// Not checked yet.
    Unverified,
    /// A check failed, or the log forked.
    Broken,
}

/// One text of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TextView {
    /// Name within the entry: `command`, `output`, `reason`, …
    pub name: String,
    /// As recorded; absent when erased or not disclosed.
    pub text: Option<String>,
    /// Present exactly when the text must not be drawn as it is (terminal escapes, control characters, hidden or imitating
    /// letters): draw these instead.
    pub segments: Option<Vec<Segment>>,
}

/// One entry as the timeline shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TimelineItem {
    /// Endpoint.
    pub endpoint: String,
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
    /// A name for people.
    pub actor_name: String,
    /// One line for people: "Command finished: exit code 0 after 1.2 s".
    pub headline: String,
    /// Session.
    pub session: Option<String>,
    /// Action.
    pub action: Option<String>,
    /// `stdout` or `stderr` for outputs.
    pub stream: Option<String>,
    /// For `command.finished`.
    #[ts(type = "number | null")]
    pub exit_code: Option<i64>,
    /// The facts as JSON.
    #[ts(type = "Record<string, unknown>")]
    pub facts: serde_json::Map<String, serde_json::Value>,
    /// Its texts.
    pub texts: Vec<TextView>,
    /// Of this entry.
    pub verification: Verification,
    /// Why it is broken.
    pub fault: Option<String>,
}

/// A session without its entries: where the pages of its timeline begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SessionHead {
    /// Summary.
    pub row: SessionRow,
    /// Entries of the timeline: the session's, and the endpoint's own (connectivity, gaps) that fall between them.
    #[ts(type = "number")]
    pub total: u64,
    /// First sequence number of every page. The last page goes on to the end.
    #[ts(type = "number[]")]
    pub pages: Vec<u64>,
}

/// A run of a session's entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SessionPage {
    /// In order of sequence.
    pub items: Vec<TimelineItem>,
    /// Entries outside of the run that its commands need to be understood: how they began, and how they ended.
    pub context: Vec<TimelineItem>,
}

/// A command on the strip above a timeline; where they lie too close together, several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CommandMark {
    /// The action; the first of several.
    pub action: String,
    /// The proposal to show for it.
    #[ts(type = "number")]
    pub seq: u64,
    /// When it began.
    #[ts(type = "number")]
    pub from_ms: u64,
    /// When it ended; absent while it has not.
    #[ts(type = "number | null")]
    pub to_ms: Option<u64>,
    /// `proposed`, `waiting`, `running`, `ok`, `failed`, `refused`, `cancelled`, `timed_out`, `unknown`; the worst of several.
    pub status: String,
    /// The command's first line, safe to draw, or how many commands there are.
    pub label: String,
    /// How many commands it stands for.
    pub commands: u32,
}

/// An entry that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct EntryFault {
    /// Which.
    #[ts(type = "number")]
    pub seq: u64,
    /// Why.
    pub why: String,
}

/// What a session's record amounts to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SessionProof {
    /// Summary.
    pub row: SessionRow,
    /// Entries looked at.
    #[ts(type = "number")]
    pub total: u64,
    /// Entries that do not hold.
    #[ts(type = "number")]
    pub broken: u64,
    /// Entries that wait for their checkpoint.
    #[ts(type = "number")]
    pub unverified: u64,
    /// Entries of which texts were destroyed, as tombstones say.
    #[ts(type = "number")]
    pub erased: u64,
    /// Gaps that the recorder admits.
    #[ts(type = "number")]
    pub gaps: u64,
    /// What does not hold; at most 100 of `broken`.
    pub faults: Vec<EntryFault>,
    /// The checkpoint that covers the last entry: a C2SP signed note.
    pub checkpoint: Option<String>,
    /// Root hash that the checkpoint signs, standard base64.
    pub root: Option<String>,
    /// Entries the checkpoint covers.
    #[ts(type = "number")]
    pub log_size: u64,
    /// Who besides the control plane signed that the log is this one: the endpoint, consoles.
    pub cosigned: Vec<CosignerRow>,
}

/// A session in full, for documents. Screens take [`SessionHead`] and pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SessionDetail {
    /// Summary.
    pub row: SessionRow,
    /// In order of sequence: the session's entries, and the endpoint's own (connectivity, gaps) that fall between them.
    pub items: Vec<TimelineItem>,
    /// The checkpoint that covers the last item: a C2SP signed note.
    pub checkpoint: Option<String>,
    /// Root hash that the checkpoint signs, standard base64.
    pub root: Option<String>,
    /// Entries the checkpoint covers.
    #[ts(type = "number")]
    pub log_size: u64,
    /// Who besides the control plane signed that the log is this one: the endpoint, consoles.
    pub cosigned: Vec<CosignerRow>,
}

/// Somebody who checked the log for themselves and signed a checkpoint of it; the signature was checked here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CosignerRow {
    /// The machine's name, or the person whose console it is.
    pub who: String,
    /// `endpoint`, `console` or `this_console`.
    pub kind: String,
    /// Entries that the checkpoint covers.
    #[ts(type = "number")]
    pub size: u64,
    /// When, by the witness's clock.
    #[ts(type = "number")]
    pub time_ms: u64,
    /// Whether that is all of the session.
    pub covers_all: bool,
    /// Whether the log itself introduced the key; else it is the control plane's word whose it is.
    pub introduced: bool,
}
