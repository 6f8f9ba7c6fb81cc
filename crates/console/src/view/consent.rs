//! Approval requests as those who are asked, and those who ask, see them; and who speaks for a client.
//!
//! Sentences, names and words are safe to draw. What somebody wrote (commands, reasons, outputs) comes as a [`TextView`].

use super::{FloorRow, TextView, TimelineItem};
use crate::visible::Segment;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// All approval requests that concern the signed-in person, open ones first, then the newest ended ones.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct InboxView {
    /// Each once.
    pub rows: Vec<ApprovalRow>,
    /// How many wait for an answer of this person.
    pub waiting: u32,
    /// How many ran under break-glass and wait for a review by this person.
    pub to_review: u32,
    /// How many ran under break-glass and wait for anybody's review, this person's own included.
    pub unreviewed: u32,
}

/// One approval request in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ApprovalRow {
    /// The action, which names the request.
    pub action: String,
    /// The session.
    pub session: String,
    /// The endpoint.
    pub endpoint: String,
    /// Its name.
    pub hostname: String,
    /// The client.
    pub client: String,
    /// Its name.
    pub client_name: String,
    /// Who asks, by name.
    pub requester_name: String,
    /// `pending`, `delivered`, `acknowledged`, `approved`, `denied`, `expired`, `withdrawn`.
    pub state: String,
    /// `read_only`, `changing`, `destructive`, `opaque`: the worse of what the control plane and this console found.
    pub class: String,
    /// Who wants to do what, where: one sentence.
    pub sentence: String,
    /// What the command names.
    pub object: String,
    /// When it was asked.
    #[ts(type = "number")]
    pub asked_at_ms: u64,
    /// It lapses then, by the control plane's clock.
    #[ts(type = "number")]
    pub expires_at_ms: u64,
    /// How many people have to say yes.
    pub needed: u32,
    /// Whose answer counts: `contact`, `owner` or `member`.
    pub approver: String,
    /// On whose consoles it is, by name.
    pub delivered: Vec<String>,
    /// Who has had it open, by name.
    pub seen: Vec<String>,
    /// Who said yes so far, by name.
    pub approved_by: Vec<String>,
    /// Who said no, by name.
    pub denied_by: Option<String>,
    /// How often the requester asked again.
    pub nudges: u32,
    /// It is for this person to decide.
    pub for_me: bool,
    /// This person asked.
    pub mine: bool,
    /// Whether a yes needs the number that the requester sees.
    pub needs_number: bool,
    /// What this person answered here: `approved` or `denied`.
    pub answer: Option<String>,
    /// Whether the control plane has that answer, or has spoken about it.
    pub answer_sent: bool,
    /// Why the last answer from here did not count.
    pub refusal: Option<String>,
    /// Why it cannot be relied on; then nothing of it may be answered.
    pub fault: Option<String>,
    /// The number that an approver has to type; only for who asked.
    pub number: Option<String>,
    /// Whether policy lets contacts answer through a link in a mail.
    pub by_mail: bool,
    /// Mail about it, one for each contact who gets one.
    pub mails: Vec<MailRow>,
    /// Its requester declared an emergency: it ran under break-glass.
    pub emergency: bool,
    /// It ran under break-glass and nobody has reviewed it since.
    pub review_due: bool,
    /// That review is this person's to give.
    pub review_for_me: bool,
}

/// A mail to one contact about a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MailRow {
    /// To whom.
    pub name: String,
    /// Their address.
    pub address: String,
    /// `waiting`, `sending`, `accepted`, `refused`, `gave_up`, `not_needed`.
    pub state: String,
    /// How often it was tried.
    pub attempts: u32,
    /// Since when it stands there, by the control plane's clock.
    #[ts(type = "number")]
    pub at_ms: u64,
    /// Why, in a sentence; empty when it is simply so.
    pub detail: String,
}

/// One approval request in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ApprovalDetail {
    /// As in the list.
    pub row: ApprovalRow,
    /// The exact command.
    pub command: Option<TextView>,
    /// Why, in the requester's words.
    pub reason: Option<TextView>,
    /// Where it would run.
    pub cwd: Option<TextView>,
    /// The command that reads the state before and after.
    pub probe: Option<TextView>,
    /// What will read the command.
    pub interpreter: String,
    /// The state that it finds, as far as it is known; often what a probe printed, of several lines.
    pub current_state: Option<TextView>,
    /// What it would do.
    pub proposed_action: String,
    /// What the class means, in words.
    pub class_sentence: String,
    /// What this console noticed by itself about the command.
    pub remarks: Vec<String>,
    /// Which policy asks, with its version.
    pub policy: String,
    /// Digest of what is approved.
    pub digest: String,
    /// Whether the proposal was found, and verified, in the endpoint's record on this machine.
    pub recorded: bool,
    /// What the record holds about the action so far, outputs included.
    pub entries: Vec<TimelineItem>,
    /// What the action changed, when its state was read before and after.
    pub difference: Option<StateDifference>,
}

/// What one action changed, as far as its probe sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct StateDifference {
    /// Entry that holds the state before.
    #[ts(type = "number")]
    pub before_seq: u64,
    /// Entry that holds the state after.
    #[ts(type = "number")]
    pub after_seq: u64,
    /// Whether both readings are complete and went well.
    pub certain: bool,
    /// Whether the states were too long to be compared line by line.
    pub too_long: bool,
    /// Lines that are gone.
    pub removed: u32,
    /// Lines that are new.
    pub added: u32,
    /// What to show, in order.
    pub lines: Vec<DifferenceLine>,
}

/// One line, or a fold, of a difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DifferenceLine {
    /// `unchanged`, `removed`, `added` or `folded`.
    pub kind: String,
    /// The line as recorded; empty for a fold.
    pub text: String,
    /// Present when the line must not be drawn as it is.
    pub segments: Option<Vec<Segment>>,
    /// How many lines a fold stands for; else 1.
    pub count: u32,
}

/// An answer to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Verdict {
    /// Yes or no.
    pub approve: bool,
    /// The number as typed.
    pub number: Option<String>,
    /// Why; may be empty.
    pub reason: String,
}

/// A request that has just arrived, or was asked again: for a notification outside of the window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PromptNotice {
    /// Which.
    pub action: String,
    /// Who wants to do what, where, current state and proposed action, safe to show.
    pub text: String,
    /// A few words that say what it is about.
    pub title: String,
    /// Whether a yes can be given from a notification: it needs no number, and the text shows the whole command.
    pub can_approve: bool,
    /// It lapses then.
    #[ts(type = "number")]
    pub expires_at_ms: u64,
}

/// A request of this person came to its end: for a notification outside of the window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct OutcomeNotice {
    /// Which.
    pub action: String,
    /// The session.
    pub session: String,
    /// A few words.
    pub title: String,
    /// A sentence.
    pub text: String,
}

/// Who speaks for a client, what they allowed beforehand, and the least that their answers have to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SpeakersView {
    /// The client.
    pub client: String,
    /// Its name.
    pub client_name: String,
    /// Whether this console's key is one of those that count.
    pub this_console: bool,
    /// Keys that count.
    pub keys: Vec<SpeakerRow>,
    /// Consoles of contacts that nobody has introduced yet.
    pub waiting: Vec<SpeakerRow>,
    /// What is allowed beforehand.
    pub standing: Vec<StandingRow>,
    /// Floors in force.
    pub floors: Vec<FloorRow>,
    /// Why the control plane's list is not the one that this console knew; then nothing may be said.
    pub fault: Option<String>,
}

/// A console that speaks, or wants to speak, for a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SpeakerRow {
    /// The console.
    pub device: String,
    /// Whose it is.
    pub member: String,
    /// The same, by name where the name is known.
    pub name: String,
    /// What the person calls the machine.
    pub label: String,
    /// The beginning of its key's digest, to compare over the telephone.
    pub fingerprint: String,
    /// Whether it is this one.
    pub this_console: bool,
}

/// Something that a contact allowed beforehand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct StandingRow {
    /// Its name.
    pub name: String,
    /// Endpoints by name; none means all of the client.
    pub endpoints: Vec<String>,
    /// `changing`, `destructive`, `opaque`.
    pub classes: Vec<String>,
    /// `policy`, `email` or `break_glass`.
    pub channel: String,
    /// Days on which the window begins, bit 0 is Monday; 127 when it is always open.
    pub days: u32,
    /// First minute of the day; absent when it is always open.
    pub from_minute: Option<u32>,
    /// First minute after it.
    pub to_minute: Option<u32>,
    /// Minutes ahead of UTC.
    pub utc_offset_minutes: i32,
    /// From when on.
    #[ts(type = "number")]
    pub from_ms: u64,
    /// Until when.
    #[ts(type = "number")]
    pub until_ms: u64,
    /// Floors that keep it from counting, for some of its actions or all.
    pub held_by: Vec<String>,
}

/// Something to be allowed beforehand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NewStanding {
    /// Its name: small letters, digits and hyphens.
    pub name: String,
    /// Endpoints; none means all of the client.
    pub endpoints: Vec<String>,
    /// `changing`, `destructive`, `opaque`.
    pub classes: Vec<String>,
    /// `policy`, `email` or `break_glass`.
    pub channel: String,
    /// Days on which the window begins, bit 0 is Monday; absent means always.
    pub days: Option<u32>,
    /// First minute of the day.
    pub from_minute: u32,
    /// First minute after it.
    pub to_minute: u32,
    /// Minutes ahead of UTC.
    pub utc_offset_minutes: i32,
    /// Until when.
    #[ts(type = "number")]
    pub until_ms: u64,
}
