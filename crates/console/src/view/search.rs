//! What to look for, and what was found.

use super::TimelineItem;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What to look for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(export)]
pub struct SearchQuery {
    /// Words or a phrase; matched as substrings from three characters on, as word prefixes below.
    pub text: String,
    /// Only this client.
    pub client: Option<String>,
    /// Only this endpoint.
    pub endpoint: Option<String>,
    /// Only this technician.
    pub member: Option<String>,
    /// Only these kinds; empty means all.
    pub kinds: Vec<String>,
    /// At or after.
    #[ts(type = "number | null")]
    pub from_ms: Option<u64>,
    /// Before.
    #[ts(type = "number | null")]
    pub to_ms: Option<u64>,
    /// At most this many hits; 0 means 50.
    pub limit: u32,
}

/// Where it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SearchHit {
    /// The entry.
    pub item: TimelineItem,
    /// Endpoint's name.
    pub hostname: String,
    /// Client's name.
    pub client_name: String,
    /// Which text.
    pub text_name: String,
    /// An excerpt around the first match, on one line, everything hidden in it already made visible.
    pub excerpt: String,
    /// Matches within the excerpt, as UTF-16 offsets [start, end).
    pub highlights: Vec<(u32, u32)>,
}

/// Answer to a search. Says what was searched, so that nothing found means something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SearchResult {
    /// Newest first.
    pub hits: Vec<SearchHit>,
    /// More exist than were asked for.
    pub truncated: bool,
    /// Entries in the cache that the filters left to search.
    #[ts(type = "number")]
    pub searched_entries: u64,
    /// Of these, how many carry a text that was erased or never disclosed.
    #[ts(type = "number")]
    pub unreadable_entries: u64,
    /// Milliseconds that it took.
    pub took_ms: f64,
}
