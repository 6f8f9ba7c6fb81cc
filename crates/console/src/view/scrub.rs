//! What is hidden from what leaves, and how well that was found.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Something that does not leave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RemovalView {
    /// Its first byte in the whole text: names it within the text.
    pub at: u32,
    /// Class.
    pub class: String,
    /// Rule or person.
    pub by: String,
    /// What stands in its place: `email 2`.
    pub pseudonym: String,
    /// Whether this piece is its first.
    pub first: bool,
}

/// What is hidden from what leaves, and how well that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ScrubView {
    /// Version of the rules.
    pub rules: String,
    /// Removals in all.
    #[ts(type = "number")]
    pub removals: u64,
    /// By class; classes that nothing was found of are there for their measure.
    pub classes: Vec<ScrubClass>,
    /// Found in a thousand planted, of every class, below which nothing leaves.
    #[ts(type = "number")]
    pub least_per_mille: u64,
    /// Why nothing may leave scrubbed, and what to do.
    pub blocked: Option<String>,
    /// Rows with removals.
    pub rows: Vec<u32>,
    /// Removals that people took back.
    pub restored: Vec<RestoredRow>,
    /// Why some words stay whatever is selected.
    pub fixed: String,
}

/// One class of removals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ScrubClass {
    /// Name.
    pub class: String,
    /// How many removals.
    #[ts(type = "number")]
    pub removals: u64,
    /// Made-up ones that were planted in a copy of the record.
    #[ts(type = "number")]
    pub planted: u64,
    /// Of these, found.
    #[ts(type = "number")]
    pub found: u64,
    /// Whether too few were.
    pub below: bool,
}

/// A removal that somebody took back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RestoredRow {
    /// What the rules took it for.
    pub class: String,
    /// The rule.
    pub rule: String,
    /// Who took it back.
    pub by: String,
    /// Why, safe to draw.
    pub reason: String,
}

/// An end of a selection: a piece, and how many UTF-16 units into what is drawn of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TextPoint {
    /// The piece's own `at`.
    pub at: u32,
    /// Units; 0 for a label.
    pub units: u32,
}
