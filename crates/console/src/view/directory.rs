//! Endpoints, sessions and clients as lists show them, and what narrows a list.

use super::Verification;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// An endpoint as the list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct EndpointRow {
    /// Identifier.
    pub endpoint: String,
    /// Client.
    pub client: String,
    /// Its name.
    pub client_name: String,
    /// The machine's own name.
    pub hostname: String,
    /// `linux`, `windows` or `macos`.
    pub os: String,
    /// Processor architecture.
    pub arch: String,
    /// `pending`, `ready`, `offline`, `removing`; while the console is offline, the last known one.
    pub state: String,
    /// The last answer to "can a call be answered right now?"; absent while it was never asked or the console is offline.
    pub sendable: Option<SendableView>,
    /// Entries in the log, as last heard.
    #[ts(type = "number")]
    pub log_size: u64,
    /// Entries in the cache.
    #[ts(type = "number")]
    pub cached_size: u64,
    /// Of the cached log as a whole.
    pub verification: Verification,
    /// Whether it is the machine this console runs on.
    pub is_this_computer: bool,
    /// When anything last changed.
    #[ts(type = "number")]
    pub changed_at_ms: u64,
}

/// An answer to the question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SendableView {
    /// It answered.
    pub sendable: bool,
    /// How fast.
    #[ts(type = "number | null")]
    pub round_trip_ms: Option<u64>,
    /// When it was asked.
    #[ts(type = "number")]
    pub asked_at_ms: u64,
    /// Why not.
    pub why_not: Option<String>,
}

/// A session as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SessionRow {
    /// Identifier.
    pub session: String,
    /// Endpoint.
    pub endpoint: String,
    /// Its name.
    pub hostname: String,
    /// Client.
    pub client: String,
    /// Its name.
    pub client_name: String,
    /// Technician.
    pub member: String,
    /// Their name.
    pub member_name: String,
    /// What it is for.
    pub purpose: String,
    /// Control plane's clock.
    #[ts(type = "number")]
    pub opened_at_ms: u64,
    /// Absent while it is open.
    #[ts(type = "number | null")]
    pub closed_at_ms: Option<u64>,
    /// First entry.
    #[ts(type = "number")]
    pub first_seq: u64,
    /// Last entry in the cache.
    #[ts(type = "number")]
    pub last_seq: u64,
    /// Commands proposed.
    #[ts(type = "number")]
    pub actions: u64,
    /// Worst of its entries.
    pub verification: Verification,
}

/// Which sessions a list shows; absent means any.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(export)]
pub struct SessionFilter {
    /// Only this client.
    pub client: Option<String>,
    /// Only this endpoint.
    pub endpoint: Option<String>,
    /// Only this technician.
    pub member: Option<String>,
    /// Opened at or after.
    #[ts(type = "number | null")]
    pub from_ms: Option<u64>,
    /// Opened before.
    #[ts(type = "number | null")]
    pub to_ms: Option<u64>,
    /// Only open ones.
    pub open_only: bool,
    /// At most this many, newest first; 0 means 200.
    pub limit: u32,
}

/// A client, for choosing one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ClientRow {
    /// Identifier.
    pub client: String,
    /// Name.
    pub name: String,
}
