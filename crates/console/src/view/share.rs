//! Links to records: made, listed, and who looked.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A link to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NewShare {
    /// What members call it. Never on the page.
    pub label: String,
    /// The link ends then, milliseconds since the Unix epoch.
    #[ts(type = "number")]
    pub expires_at_ms: u64,
    /// Readers are asked for it.
    pub passphrase: Option<String>,
    /// Hands it out although nobody attested it; the page says so.
    pub unreviewed: bool,
}

/// A link that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ShareRow {
    /// Its public name.
    pub share: String,
    /// `active`, `refreshed`, `revoked`, `expired`.
    pub state: String,
    /// Whether it can be read.
    pub open: bool,
    /// What members call it, safe to draw.
    pub label: String,
    /// The session that it is of; absent when it is of a period.
    pub session: Option<String>,
    /// Whether somebody who took no part attested it.
    pub reviewed: bool,
    /// Whether readers need a passphrase.
    pub passphrase: bool,
    /// Length of its pack.
    #[ts(type = "number")]
    pub size_bytes: u64,
    /// When it was made.
    #[ts(type = "number")]
    pub created_at_ms: u64,
    /// When it ends or ended by itself.
    #[ts(type = "number")]
    pub expires_at_ms: u64,
    /// When what it shows was replaced last.
    #[ts(type = "number | null")]
    pub refreshed_at_ms: Option<u64>,
    /// When it was revoked.
    #[ts(type = "number | null")]
    pub revoked_at_ms: Option<u64>,
    /// How often the page was opened.
    #[ts(type = "number")]
    pub views: u64,
    /// How often a wrong passphrase was given.
    #[ts(type = "number")]
    pub wrong_passphrases: u64,
    /// When it was opened last.
    #[ts(type = "number | null")]
    pub viewed_at_ms: Option<u64>,
    /// The link, where it was made or kept: the control plane shows it only once.
    pub url: Option<String>,
}

/// One line of a link's view log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ShareVisitRow {
    /// When.
    #[ts(type = "number")]
    pub at_ms: u64,
    /// What the reader did, in words.
    pub what: String,
    /// With what kind of program, safe to draw.
    pub agent: String,
}
