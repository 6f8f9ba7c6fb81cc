//! Audit tables: every action of a record with its authorisation, and whether that came first (docs/formats/audit.md).
//!
//! A row says who asked, what for, who or which policy allowed it, through which channel and how surely, when and at which places in the
//! log; and one verdict. "Allowed before it ran" is decided by places in the log first, then by times. Exceptions stand first, each
//! with its reasons in plain words. Leaves out: whether the signatures hold, which was checked when the record was proved.

mod csv;
mod floor;
mod gather;
mod preset;
mod verdict;

use crate::excerpt::Proved;
use crate::keys::Keys;
use crate::snapshot::Snapshot;
pub use preset::{Control, Preset};
use serde::{Deserialize, Serialize};

/// Written into every table.
pub const FORMAT: &str = "caisey.audit/v1";

/// What the record says about an action's authorisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Something about it should not be so; see the reasons.
    Exception,
    /// An emergency was declared, and nobody has reviewed it since.
    BreakGlassUnreviewed,
    /// An emergency was declared, and somebody else found it justified.
    BreakGlassReviewed,
    /// Somebody who was authorised then said yes before it ran.
    ApprovedBeforeItRan,
    /// A policy or pre-authorisation allowed it without asking.
    AutomaticUnderPolicy,
    /// It did not run.
    DidNotRun,
}

/// Somebody's answer to an approval request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Who, unless nobody did.
    pub member: Option<String>,
    /// Their name, as far as it is shown.
    pub name: String,
    /// `contact`, `member` or `control`: who signed the entry.
    pub signed_by: String,
    /// The role with which their key was introduced; empty when nothing here introduces it.
    pub role: String,
    /// `approved`, `denied`, `expired`, `withdrawn`.
    pub decision: String,
    /// `console`, `email`, …
    pub channel: String,
    /// `link`, `signed`, `number`; empty when the entry does not say.
    pub assurance: String,
    /// Place.
    pub seq: u64,
    /// Control plane's clock.
    pub time_ms: u64,
}

/// A place in the log and its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct At {
    /// Place.
    pub seq: u64,
    /// Control plane's clock.
    pub time_ms: u64,
}

/// One action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// First, so that a reader sees it first.
    pub verdict: Verdict,
    /// Why it is an exception; empty otherwise.
    pub reasons: Vec<String>,
    /// Origin of the log.
    pub log: String,
    /// The machine's name, as far as it is shown.
    pub endpoint: String,
    /// Session.
    pub session: String,
    /// Action.
    pub action: String,
    /// Who asked.
    pub requester: String,
    /// Their name; of an agent, of whom it worked for.
    pub requester_name: String,
    /// The model, when an agent proposed it.
    pub model: Option<String>,
    /// The exact command, as far as it is shown.
    pub command: Option<String>,
    /// The reason given for it, likewise.
    pub reason: Option<String>,
    /// `read_only`, `changing`, `destructive`, `opaque`, as recorded when it was authorised.
    pub class: Option<String>,
    /// When it was proposed.
    pub proposed: At,
    /// When approval was asked for.
    pub requested: Option<At>,
    /// How many approvals were needed.
    pub needed: u32,
    /// All answers, in order.
    pub answers: Vec<Answer>,
    /// When it was authorised.
    pub authorised: Option<At>,
    /// The policy that decided.
    pub policy: Option<String>,
    /// Its version.
    pub policy_version: Option<u64>,
    /// How the permission came about.
    pub channel: Option<String>,
    /// When it started.
    pub started: Option<At>,
    /// When it ended.
    pub finished: Option<At>,
    /// `exited`, `signalled`, … or `unknown`.
    pub outcome: Option<String>,
    /// Exit code.
    pub exit_code: Option<i64>,
    /// Controls of the preset that this line speaks to.
    pub controls: Vec<String>,
}

/// Every action of a record, exceptions first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditTable {
    /// Always [`FORMAT`].
    pub format: String,
    /// SHA-256 of the snapshot that it was made from, lower-case hexadecimal.
    pub snapshot: String,
    /// Whose controls are named.
    pub preset: Preset,
    /// Which, and what of the table speaks to each.
    pub controls: Vec<Control>,
    /// How many of each verdict, in the order of verdicts.
    pub counts: Vec<(Verdict, u64)>,
    /// The actions.
    pub lines: Vec<Line>,
}

impl AuditTable {
    /// The table of a proved record. `own` are the parts of the snapshot's logs.
    pub fn of(snapshot: &Snapshot, own: &[&Proved], keys: &Keys, preset: Preset) -> Self {
        let mut lines: Vec<Line> = own.iter().flat_map(|part| gather::lines(snapshot, part, keys)).collect();
        for line in &mut lines {
            verdict::judge(line);
            line.controls = preset.controls_of(line);
        }
        lines.sort_by(|a, b| (a.verdict, &a.log, a.proposed.seq).cmp(&(b.verdict, &b.log, b.proposed.seq)));
        let mut counts: Vec<(Verdict, u64)> = Vec::new();
        for line in &lines {
            match counts.last_mut() {
                Some((verdict, count)) if *verdict == line.verdict => *count += 1,
                _ => counts.push((line.verdict, 1)),
            }
        }
        Self {
            format: FORMAT.to_owned(),
            snapshot: snapshot.digest().unwrap_or_default(),
            preset,
            controls: preset.controls(),
            counts,
            lines,
        }
    }

    /// As CSV (RFC 4180), for a spreadsheet.
    pub fn to_csv(&self) -> String {
        csv::table(self)
    }
}

impl Verdict {
    /// In words.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Exception => "Exception",
            Self::BreakGlassUnreviewed => "Emergency, not reviewed",
            Self::BreakGlassReviewed => "Emergency, reviewed and found justified",
            Self::ApprovedBeforeItRan => "Approved before it ran, by somebody authorised then",
            Self::AutomaticUnderPolicy => "Allowed by policy without asking",
            Self::DidNotRun => "Did not run",
        }
    }
}
