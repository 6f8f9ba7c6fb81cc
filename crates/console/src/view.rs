//! View models: what a screen or a document shows, decided here and drawn elsewhere. TypeScript types are generated from these
//! (ts-rs) into `ui/src/generated/`. Texts in view models are as recorded; whoever draws them must show control characters,
//! terminal escapes and bidirectional overrides visibly ([`crate::visible`]) and never interpret them: where a text needs it, its
//! segments come along. Names, headlines and excerpts are already safe to draw.

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

/// A session in full.
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

/// A command to propose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NewCommand {
    /// Exact text.
    pub command: String,
    /// `sh`, `bash`, `pwsh`, `powershell`, `cmd`; absent means the endpoint's usual one.
    pub interpreter: Option<String>,
    /// Why.
    pub reason: String,
    /// Where to run it.
    pub cwd: Option<String>,
    /// A read-only command run before and after, to record the state that this changes.
    pub probe: Option<String>,
    /// Killed after this long; absent means ten minutes.
    #[ts(type = "number | null")]
    pub timeout_ms: Option<u64>,
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

/// An installer token to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NewInstaller {
    /// Endpoints enrolled with it belong to this client.
    pub client: String,
    /// What it is for.
    pub label: String,
    /// It stops working after this many milliseconds from now; absent means one day.
    #[ts(type = "number | null")]
    pub valid_for_ms: Option<u64>,
    /// How many endpoints may enrol with it; absent means one.
    pub max_uses: Option<u32>,
}

/// The only time that an installer token's secret is shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct InstallerSecretView {
    /// Identifier.
    pub installer: String,
    /// The secret, to be given to `caisey-runtime enrol`.
    pub token: String,
}

/// An installer token without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct InstallerRow {
    /// Identifier.
    pub installer: String,
    /// Client.
    pub client: String,
    /// What it is for.
    pub label: String,
    /// It stops working at this time.
    #[ts(type = "number")]
    pub expires_at_ms: u64,
    /// Limit.
    pub max_uses: u32,
    /// So far.
    pub uses: u32,
    /// Whether it was revoked.
    pub revoked: bool,
}

/// How far a renewed check of a cached log is, and, at its end, what it found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct VerifyProgress {
    /// Endpoint whose log is checked.
    pub endpoint: String,
    /// Entries checked.
    #[ts(type = "number")]
    pub done: u64,
    /// Entries to check.
    #[ts(type = "number")]
    pub total: u64,
    /// Whether it is over.
    pub finished: bool,
    /// The outcome so far: broken as soon as one entry is.
    pub verification: Verification,
    /// What does not hold, in words, with the entry's number first; at most 100.
    pub faults: Vec<String>,
}
