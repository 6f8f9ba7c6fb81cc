//! What an entry can say: every kind with its facts.
//!
//! Facts are what may never be hidden: decisions, counts, exit codes, digests, names of kinds. Whatever a person or an
//! endpoint wrote goes into the statement's *texts*, of which the entry carries only commitments; each variant names the
//! texts that it expects; [`crate::kind`] holds that, and who may say it, as a table. On the wire an event is `"kind": "<name>", "facts": {…}`. A verifier keeps and proves entries of
//! kinds that it does not know; it only cannot interpret them.

use crate::consent::{Assurance, Request};
use crate::id::{ClientId, DeviceId, MemberId};
pub use crate::kind::KINDS;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Which output stream of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// What reads the command's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Interpreter {
    /// POSIX `sh`.
    Sh,
    /// GNU bash.
    Bash,
    /// PowerShell 7 or later, any platform.
    Pwsh,
    /// Windows PowerShell 5.1.
    Powershell,
    /// The Windows command processor.
    Cmd,
}

/// How a command's run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// It ended by itself; see the exit code.
    Exited,
    /// A signal that we did not send ended it.
    Signalled,
    /// A person cancelled it and its whole process tree was killed.
    Cancelled,
    /// It outlived its time limit and its whole process tree was killed.
    TimedOut,
    /// It never started; the text `detail` says why.
    NotStarted,
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionEnd {
    /// Its technician closed it.
    ByTechnician,
    /// Nothing happened in it for the organisation's limit.
    Idle,
    /// The endpoint was removed.
    EndpointRemoved,
}

/// Why the connection to a runtime ended, as far as the control plane can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisconnectReason {
    /// The runtime said goodbye.
    Closed,
    /// The transport broke.
    Lost,
    /// A newer connection of the same endpoint took its place.
    Replaced,
    /// The control plane restarted and found the connection gone.
    ControlRestarted,
}

/// Who decided an approval request, in the vocabulary of policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// The contact's or member's own console, signed with its key.
    Console,
    /// The page behind an e-mailed link.
    Email,
    /// A person at the endpoint.
    AtEndpoint,
    /// A policy or pre-authorisation, without asking anybody.
    Policy,
    /// Nobody: the technician declared an emergency. Such an action has to be reviewed.
    BreakGlass,
}

/// An approval request's terminal states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Yes, to exactly this action.
    Approved,
    /// No; the text `reason` may say why.
    Denied,
    /// Nobody answered in time. Silence is a no.
    Expired,
    /// The requester took the request back.
    Withdrawn,
}

/// How an endpoint came to know a contact's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrustSource {
    /// It came with the enrolment.
    Enrolment,
    /// The endpoint knew none and took the first chain that it was shown.
    FirstUse,
    /// A contact whose key was known signed for it.
    Statement,
}

/// What a later review found of an action that ran under break-glass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// There was an emergency.
    Justified,
    /// There was none, or the action went beyond it.
    NotJustified,
}

/// Whether state was read before or after the action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Before the command ran.
    Before,
    /// After the command ended.
    After,
}

/// One thing that happened, with its facts. See the module's text for what a fact is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "facts", deny_unknown_fields)]
pub enum Event {
    /// The endpoint joined. First entry of every log. By control. Texts: `hostname`.
    #[serde(rename = "endpoint.enrolled")]
    EndpointEnrolled {
        /// Ed25519 public key (RFC 8032), 32 bytes, standard base64.
        key: String,
        /// The client it belongs to.
        client: ClientId,
        /// Operating system family: `linux`, `windows` or `macos`.
        os: String,
        /// Processor architecture as Rust names it, such as `x86_64`.
        arch: String,
        /// The installer token that was used, by its public name.
        installer: String,
    },
    /// The runtime is connected and has proved its key. By control. Texts: none.
    #[serde(rename = "endpoint.connected")]
    EndpointConnected {
        /// Whether commands run with an administrator's rights, as the runtime says; absent when it did not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        elevated: Option<bool>,
        /// The runtime's version.
        runtime_version: String,
        /// Statements that the control plane had stored from this endpoint when it connected.
        next_counter: u64,
    },
    /// The connection ended. By control. Texts: none.
    #[serde(rename = "endpoint.disconnected")]
    EndpointDisconnected {
        /// As far as the control plane can tell.
        reason: DisconnectReason,
    },
    /// The endpoint was taken out of service; its key is no longer accepted. By control. Texts: none.
    #[serde(rename = "endpoint.removed")]
    EndpointRemoved {
        /// Who asked for it.
        member: MemberId,
    },
    /// From here on this key signs for this person in this log. By control. Texts: `name`.
    #[serde(rename = "key.introduced")]
    KeyIntroduced {
        /// Whose key.
        member: MemberId,
        /// The console that holds it.
        device: DeviceId,
        /// Ed25519 public key, 32 bytes, standard base64.
        key: String,
        /// The role that the identity provider vouched for when the key was introduced.
        role: String,
    },
    /// Work on this endpoint begins. By the technician's device. Texts: `purpose`.
    #[serde(rename = "session.opened")]
    SessionOpened {
        /// The device that signed it.
        device: DeviceId,
    },
    /// Work has ended. By the technician's device, or by control. Texts: none.
    #[serde(rename = "session.closed")]
    SessionClosed {
        /// Why.
        reason: SessionEnd,
    },
    /// An exact command that somebody, or an agent, wants to run. By the device. Texts: `command`, `reason`, optional `cwd`, `probe`.
    #[serde(rename = "action.proposed")]
    ActionProposed {
        /// What will read the command.
        interpreter: Interpreter,
        /// The command is killed after this many milliseconds.
        timeout_ms: u64,
        /// The model that wrote the command, when an agent proposed it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<String>,
    },
    /// Policy allowed the action without asking, or an approval was complete. By control. Texts: none.
    #[serde(rename = "action.authorised")]
    ActionAuthorised {
        /// Policy that decided, by name.
        policy: String,
        /// Its version.
        policy_version: u64,
        /// How the permission came about.
        channel: Channel,
        /// SHA-256 of the policy version's text, lower-case hexadecimal.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        policy_digest: Option<String>,
        /// What the command was found to be: `read_only`, `changing`, `destructive` or `opaque`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        class: Option<String>,
    },
    /// The action will not run. By control or by the endpoint. Texts: `detail`.
    #[serde(rename = "action.refused")]
    ActionRefused {
        /// A stable word for the reason, such as `not_recorded`, `bad_signature`, `expired`, `busy`.
        code: String,
    },
    /// A person asked for a running command to be killed. By the device. Texts: none.
    #[serde(rename = "action.cancel_requested")]
    ActionCancelRequested {},
    /// The runtime vanished while the command ran: how it ended is not known. By control. Texts: none.
    #[serde(rename = "action.unknown")]
    ActionUnknown {
        /// Statements stored from the endpoint when this was written.
        next_counter: u64,
    },
    /// Somebody was asked. By control. Texts: `object`, `current_state`, `proposed_action`.
    #[serde(rename = "approval.requested")]
    ApprovalRequested {
        /// SHA-256 over what is to be approved, lower-case hexadecimal.
        digest: String,
        /// The request lapses at this time, milliseconds since the Unix epoch.
        expires_at_ms: u64,
        /// How many approvals are needed.
        needed: u32,
        /// What `digest` is over (docs/formats/consent.md).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<Box<Request>>,
    },
    /// The request reached somebody's screen. By control. Texts: none.
    #[serde(rename = "approval.delivered")]
    ApprovalDelivered {
        /// To whom.
        member: MemberId,
        /// How.
        channel: Channel,
    },
    /// Somebody has the request open before them. By control. Texts: none.
    #[serde(rename = "approval.acknowledged")]
    ApprovalAcknowledged {
        /// Who.
        member: MemberId,
        /// Where.
        channel: Channel,
    },
    /// The requester asked again for an answer. By control. Texts: none.
    #[serde(rename = "approval.nudged")]
    ApprovalNudged {
        /// Who asked.
        member: MemberId,
    },
    /// An answer that does not count: too late, of the wrong person, with the wrong number. By control. Texts: `detail`.
    #[serde(rename = "approval.answer_refused")]
    ApprovalAnswerRefused {
        /// A stable word for the reason, such as `late`, `own_request`, `wrong_number`.
        code: String,
        /// Whose answer.
        member: MemberId,
        /// What they answered.
        decision: Decision,
    },
    /// What one approver said, or the request's end when nobody was left to say anything. By the approver's device, or by control.
    /// Texts: `reason`.
    #[serde(rename = "approval.decided")]
    ApprovalDecided {
        /// What.
        decision: Decision,
        /// Who, unless nobody did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        member: Option<MemberId>,
        /// How.
        channel: Channel,
        /// The request's digest, which an approver's signature is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        digest: Option<String>,
        /// How sure the answer is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        assurance: Option<Assurance>,
        /// The number that the approver typed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        number: Option<String>,
    },
    /// A waiting action is to run without the approval that policy asks for, because of an emergency. By the device. Texts: `why`.
    #[serde(rename = "action.break_glass")]
    ActionBreakGlass {},
    /// Somebody who did not ask for it looked at an action that ran under break-glass. By the device. Texts: `note`.
    #[serde(rename = "action.reviewed")]
    ActionReviewed {
        /// What they found.
        verdict: Verdict,
    },
    /// From here on this endpoint lets this contact's key decide. By the endpoint. Texts: none.
    #[serde(rename = "contact.trusted")]
    ContactTrusted {
        /// Whose key.
        member: MemberId,
        /// The console that holds it.
        device: DeviceId,
        /// Ed25519 public key, 32 bytes, standard base64.
        key: String,
        /// How the endpoint came to know it.
        source: TrustSource,
        /// The number of the contact's statement (docs/formats/consent.md).
        number: u64,
    },
    /// From here on it does not. By the endpoint. Texts: none.
    #[serde(rename = "contact.distrusted")]
    ContactDistrusted {
        /// The console that held the key.
        device: DeviceId,
        /// The number of the contact's statement.
        number: u64,
    },
    /// From here on this endpoint runs nothing of this class, or a worse one, on answers that are less than this. By the endpoint. Texts: none.
    #[serde(rename = "contact.floor_set")]
    ContactFloorSet {
        /// The floor's name; replaces one of the same name.
        name: String,
        /// The mildest class that it holds for: `changing`, `destructive` or `opaque`.
        class: String,
        /// How many different people have to say yes.
        needed: u32,
        /// What each answer has to be at least.
        assurance: Assurance,
        /// Channels whose pre-authorisations are enough all the same.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        except: Vec<Channel>,
        /// The number of the contact's statement.
        number: u64,
    },
    /// A floor of this name no longer holds on this endpoint. By the endpoint. Texts: none.
    #[serde(rename = "contact.floor_ended")]
    ContactFloorEnded {
        /// The floor's name.
        name: String,
        /// The number of the contact's statement.
        number: u64,
    },
    /// What was said in the client's name does not hold, and was not believed. By the endpoint. Texts: `detail`.
    #[serde(rename = "contact.refused")]
    ContactRefused {
        /// A stable word for the reason.
        code: String,
    },
    /// The command runs. By the endpoint. Texts: `cwd`, `user`.
    #[serde(rename = "command.started")]
    CommandStarted {
        /// Process number on the endpoint.
        pid: u32,
        /// What reads the command.
        interpreter: Interpreter,
        /// Whether it has the rights of an administrator.
        elevated: bool,
    },
    /// A piece of what it printed. By the endpoint. Texts: `output`, at most 65,536 bytes, lossless (docs/formats/text.md).
    #[serde(rename = "command.output")]
    CommandOutput {
        /// Which stream.
        stream: Stream,
        /// Dense number of this piece within its stream and command, from 0.
        chunk: u64,
    },
    /// Output that the recorder did not keep. By the endpoint. Texts: none.
    #[serde(rename = "command.output_omitted")]
    CommandOutputOmitted {
        /// Which stream.
        stream: Stream,
        /// Bytes printed and not kept.
        omitted_bytes: u64,
        /// SHA-256 of the bytes that were not kept, lower-case hexadecimal.
        omitted_sha256: String,
    },
    /// The command is over. By the endpoint. Texts: optional `detail`.
    #[serde(rename = "command.finished")]
    CommandFinished {
        /// How.
        outcome: RunOutcome,
        /// The exit code, when there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exit_code: Option<i64>,
        /// The signal, when one ended it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signal: Option<i32>,
        /// By the endpoint's steady clock.
        duration_ms: u64,
        /// Everything printed on standard output, kept or not.
        stdout_bytes: u64,
        /// Everything printed on standard error, kept or not.
        stderr_bytes: u64,
    },
    /// State read around an action. By the endpoint. Texts: `probe` (the command that read it), `state`.
    #[serde(rename = "state.captured")]
    StateCaptured {
        /// Before or after.
        phase: Phase,
        /// The probe's exit code, when it ran to its end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exit_code: Option<i64>,
        /// Whether `state` holds all that the probe printed.
        complete: bool,
    },
    /// A line of chat between the people in the session. By the device. Texts: `message`.
    #[serde(rename = "chat.message")]
    ChatMessage {},
    /// A technician's note for the record. By the device. Texts: `note`.
    #[serde(rename = "note.added")]
    NoteAdded {},
    /// The recorder could not record for a while. By the endpoint or control. Texts: `detail`.
    #[serde(rename = "recorder.gap")]
    RecorderGap {
        /// A stable word: `outbox_full`, `disk_full`, `clock_jump`, `restarted`.
        cause: String,
        /// When it began, by the author's clock, milliseconds since the Unix epoch.
        from_ms: u64,
        /// When it ended.
        to_ms: u64,
    },
    /// Texts of an earlier entry were destroyed; its commitments stay. By control. Texts: `basis`.
    #[serde(rename = "text.erased")]
    TextErased {
        /// The entry.
        entry_seq: u64,
        /// Which of its texts.
        names: Vec<String>,
        /// Who asked for it.
        member: MemberId,
    },
}

/// Facts that do not fit their kind.
#[derive(Debug, thiserror::Error)]
#[error("the facts do not fit the kind {kind}")]
pub struct FactsMismatch {
    /// The kind.
    pub kind: String,
    /// What is wrong.
    #[source]
    pub cause: serde_json::Error,
}

impl Event {
    /// Reads a kind and its facts; none for a kind that this version does not know.
    ///
    /// # Errors
    /// When the kind is known and the facts do not fit it.
    pub fn from_parts(kind: &str, facts: &Map<String, Value>) -> Result<Option<Self>, FactsMismatch> {
        if crate::kind::rules(kind).is_none() {
            return Ok(None);
        }
        let parts = [("kind", Value::from(kind)), ("facts", Value::Object(facts.clone()))];
        let whole = Value::Object(parts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
        serde_json::from_value(whole).map(Some).map_err(|cause| FactsMismatch {
            kind: kind.to_owned(),
            cause,
        })
    }

    /// The kind's name and the facts, as they stand in a statement.
    ///
    /// # Errors
    /// Never for values that can be built; the signature is honest about serialisation.
    pub fn to_parts(&self) -> Result<(String, Map<String, Value>), FactsMismatch> {
        let unfit = |cause| FactsMismatch {
            kind: String::new(),
            cause,
        };
        let parts: Parts = serde_json::from_value(serde_json::to_value(self).map_err(unfit)?).map_err(unfit)?;
        Ok((parts.kind, parts.facts))
    }
}

#[derive(Deserialize)]
struct Parts {
    kind: String,
    facts: Map<String, Value>,
}
