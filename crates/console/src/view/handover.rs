//! Handing over: a snapshot in the making with what its reviewer sees, what is hidden from what leaves, answers and tables.

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
    /// [`DraftPiece::at`].
    pub at: u32,
    /// Units; 0 for a label.
    pub units: u32,
}

/// An answer to "did anyone access this?", in its three parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NegativeView {
    /// What was looked for.
    pub pattern: String,
    /// From.
    #[ts(type = "number")]
    pub from_ms: u64,
    /// Until.
    #[ts(type = "number")]
    pub to_ms: u64,
    /// SHA-256 of the snapshot that was searched.
    pub digest: String,
    /// The three parts in a sentence each.
    pub sentences: [String; 3],
    /// First part.
    pub complete: Vec<CompleteRow>,
    /// Second part.
    pub matched: Vec<NamedRow>,
    /// Third part.
    pub unbounded: Vec<NamedRow>,
    /// Texts that were searched.
    #[ts(type = "number")]
    pub searched_texts: u64,
    /// Whose key signs it.
    pub by: String,
}

/// That one endpoint's record has no gap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CompleteRow {
    /// Endpoint.
    pub endpoint: String,
    /// Its name.
    pub hostname: String,
    /// First entry of the dense range.
    #[ts(type = "number")]
    pub first_seq: u64,
    /// Last entry.
    #[ts(type = "number")]
    pub last_seq: u64,
    /// Entries in question.
    #[ts(type = "number")]
    pub entries: u64,
    /// Sessions.
    #[ts(type = "number")]
    pub sessions: u64,
    /// Commands.
    #[ts(type = "number")]
    pub commands: u64,
    /// Whether the record shows that nothing of the period came later.
    pub bounded: bool,
}

/// An entry that an answer names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NamedRow {
    /// Endpoint's name.
    pub hostname: String,
    /// Session, if it belongs to one.
    pub session: Option<String>,
    /// Place in the log.
    #[ts(type = "number")]
    pub seq: u64,
    /// Control plane's clock.
    #[ts(type = "number")]
    pub time_ms: u64,
    /// Who.
    pub who: String,
    /// Which text, or why its effects cannot be bounded.
    pub why: String,
    /// The line in question or what happened, safe to draw.
    pub words: String,
}

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
    /// The actions.
    pub lines: Vec<AuditRow>,
    /// How many there are, when not all of them are here.
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
