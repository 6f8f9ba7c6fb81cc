//! Every action with its authorisation, for auditors.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Whose controls an audit table names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum AuditPreset {
    /// Nobody's.
    #[default]
    None,
    /// Sarbanes-Oxley Act §404.
    Sox,
    /// HIPAA Security Rule.
    Hipaa,
}

/// Every action of a period with its authorisation, exceptions first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AuditView {
    /// SHA-256 of the snapshot that it was made from.
    pub digest: String,
    /// How many of each verdict, exceptions first.
    pub counts: Vec<AuditCount>,
    /// Controls of the preset.
    pub controls: Vec<AuditControl>,
    /// The first actions, in the order of the counts.
    pub lines: Vec<AuditRow>,
    /// How many there are; a screen asks for the others.
    #[ts(type = "number")]
    pub total: u64,
}

/// How many actions have a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AuditCount {
    /// `exception`, `break_glass_unreviewed`, …
    pub verdict: String,
    /// In words.
    pub words: String,
    /// How many.
    #[ts(type = "number")]
    pub count: u64,
}

/// A control, and what of the table speaks to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AuditControl {
    /// As its source names it.
    pub id: String,
    /// What it asks for.
    pub asks: String,
    /// Where the answer stands.
    pub spoken_to_by: String,
}

/// One action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AuditRow {
    /// `exception`, …
    pub verdict: String,
    /// In words.
    pub words: String,
    /// Why it is an exception.
    pub reasons: Vec<String>,
    /// Endpoint's name.
    pub hostname: String,
    /// Session.
    pub session: String,
    /// Place of the proposal.
    #[ts(type = "number")]
    pub seq: u64,
    /// When it was proposed.
    #[ts(type = "number")]
    pub proposed_at_ms: u64,
    /// Who asked.
    pub requester: String,
    /// The command's first line, safe to draw.
    pub command: String,
    /// What it does, as recorded: `read_only`, `changing`, …
    pub class: Option<String>,
    /// Who or which policy allowed it, when and how surely; a sentence each.
    pub authority: Vec<String>,
    /// When it was authorised and at which place.
    #[ts(type = "[number, number] | null")]
    pub authorised: Option<(u64, u64)>,
    /// When it started and at which place.
    #[ts(type = "[number, number] | null")]
    pub started: Option<(u64, u64)>,
    /// How it ended.
    pub outcome: String,
    /// Controls that it speaks to.
    pub controls: Vec<String>,
}
