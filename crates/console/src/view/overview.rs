//! What the main window shows at once, and what flows to it afterwards.

use super::{EndpointRow, InboxView, OutcomeNotice, PromptNotice, SessionRow, TimelineItem};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Whether the control plane can be reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
#[ts(export)]
pub enum Connection {
    /// Nobody is signed in; the cache can still be read.
    SignedOut {},
    /// On the way.
    Connecting {},
    /// Live.
    Online {},
    /// Not reachable; trying again.
    Offline {
        /// Since when, milliseconds since the Unix epoch.
        #[ts(type = "number")]
        since_ms: u64,
        /// For people.
        why: String,
        /// When it is tried again.
        #[ts(type = "number")]
        retry_at_ms: u64,
    },
}

/// Everything the main window needs at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Overview {
    /// Who is signed in.
    pub me: Option<MeView>,
    /// Reachability.
    pub connection: Connection,
    /// Endpoints, by client name and host name.
    pub endpoints: Vec<EndpointRow>,
    /// Sessions, newest first, 200 at most.
    pub sessions: Vec<SessionRow>,
    /// Synchronisation under way, if any.
    pub sync: Option<SyncProgress>,
    /// Things that a person must know: a forked log, a damaged cache set aside, a missing key store.
    pub notices: Vec<Notice>,
}

/// The signed-in person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MeView {
    /// Identifier.
    pub member: String,
    /// Name.
    pub name: String,
    /// Role.
    pub role: String,
    /// Organisation's name.
    pub organisation_name: String,
    /// Whether the control plane runs inside this program.
    pub embedded: bool,
    /// The one client that a contact may see; absent for members.
    #[serde(default)]
    pub client: Option<String>,
}

/// How far synchronisation is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SyncProgress {
    /// Entries verified and stored in this round.
    #[ts(type = "number")]
    pub done: u64,
    /// Entries that this round has to get.
    #[ts(type = "number")]
    pub total: u64,
}

/// Something a person must know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Notice {
    /// Stable word: `fork`, `cache_damaged`, `key_store_missing`, `entry_broken`, …
    pub code: String,
    /// `info`, `warning` or `danger`.
    pub severity: String,
    /// What happened, what it means, what to do.
    pub message: String,
    /// Endpoint concerned.
    pub endpoint: Option<String>,
    /// Evidence for the interested: for a fork, both checkpoints.
    pub evidence: Vec<String>,
}

/// State flows to the window as these. After subscribing the window asks for the present state once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
#[ts(export)]
pub enum ConsoleEvent {
    /// The overview changed; at most four a second.
    Overview(Box<Overview>),
    /// New entries of a session that somebody looks at, or entries whose verification changed.
    Session {
        /// Which.
        session: String,
        /// In order.
        items: Vec<TimelineItem>,
        /// The summary after them.
        row: Box<SessionRow>,
    },
    /// Approval requests changed: all of them as they are now.
    Inbox(Box<InboxView>),
    /// A request has just been stored here, or was asked again.
    Prompt(Box<PromptNotice>),
    /// There is nothing left to decide about it here.
    PromptGone {
        /// Which.
        action: String,
    },
    /// A request of this person came to its end.
    Outcome(Box<OutcomeNotice>),
}
