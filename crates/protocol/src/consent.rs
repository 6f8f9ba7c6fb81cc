//! Approval requests, policies and a client's contacts, as they travel. Routes, all below `/v1` and in the table of [`crate::http`]:
//!
//! | method and path | body → answer | permission |
//! |---|---|---|
//! | GET /v1/approvals | → `[ApprovalView]`, open ones first | ReadDirectory |
//! | POST /v1/endpoints/{id}/decisions | `Submit` of an `approval.decided` or `action.reviewed` → `Submitted` | Decide |
//! | POST /v1/endpoints/{id}/approvals | `AboutApproval` → `ApprovalAnswer` | ReadDirectory; what each may do, the object checks |
//! | GET /v1/policies · POST /v1/policies | → `[PolicyView]`, all versions · `PublishPolicy` → `PolicyView` | ReadDirectory · Administer |
//! | POST /v1/policies/check | `PublishPolicy` → `PolicyCheck` | ReadDirectory |
//! | GET /v1/contacts?client= | → `ContactChain` | ReadDirectory |
//! | POST /v1/contacts | `ContactSays` → `ContactChain` | Decide |
//! | GET /v1/endpoints/{id}/traits | → `EndpointTraits` | ReadDirectory |
//! | PUT /v1/endpoints/{id}/traits | `EndpointTraits` → 204 | Administer |
//!
//! A decision that does not count is on record and is answered with an error whose `detail` says why: `conflict`, the request is over, or is
//! another one than the decision names; `bad_request`, the number is wrong or the answer not sure enough, so it can be given again;
//! `bad_signature`, the console's key does not speak for the client yet; `forbidden`, this person's answer does not count here, whatever it is.
//! The same decision sent again gets the same answer. An emergency is declared by an `action.break_glass` with the other statements.
//!
//! Prompts reach consoles as [`crate::watch::DirectoryEvent::Approvals`] (the whole list, with every connection) and
//! [`crate::watch::DirectoryEvent::Approval`].

use caisey_ledger::consent::{Approver, Assurance, Request, SignedContactStatement};
use caisey_ledger::entry::SignedStatement;
use caisey_ledger::id::{ActionId, ClientId, DeviceId, EndpointId, MemberId, Seq, SessionId, TimeMs};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where a request stands, as users see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalState {
    /// Nobody's console has it.
    Pending,
    /// A console of somebody who may decide has stored it.
    Delivered,
    /// Somebody who may decide has it open.
    Acknowledged,
    /// Enough people said yes.
    Approved,
    /// Somebody said no.
    Denied,
    /// Silence.
    Expired,
    /// Taken back.
    Withdrawn,
}

impl ApprovalState {
    /// Whether it never changes again.
    pub fn is_terminal(self) -> bool {
        self >= Self::Approved
    }
}

/// One approval request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ApprovalView {
    /// On which endpoint.
    #[schema(value_type = String)]
    pub endpoint: EndpointId,
    /// Its own name.
    pub hostname: String,
    /// The client.
    #[schema(value_type = String)]
    pub client: ClientId,
    /// Its name.
    pub client_name: String,
    /// The session.
    #[schema(value_type = String)]
    pub session: SessionId,
    /// The action.
    #[schema(value_type = String)]
    pub action: ActionId,
    /// Entry of the proposal.
    #[schema(value_type = u64)]
    pub proposal_seq: Seq,
    /// Where it stands.
    pub state: ApprovalState,
    /// Who asks.
    #[schema(value_type = String)]
    pub requester: MemberId,
    /// Their name.
    pub requester_name: String,
    /// Digest of what is to be approved.
    pub digest: String,
    /// `read_only`, `changing`, `destructive` or `opaque`.
    pub class: String,
    /// Which policy asks.
    pub policy: String,
    /// Its version.
    pub policy_version: u64,
    /// Whose answer counts: `contact`, `owner` or `member`.
    #[schema(value_type = String)]
    pub approver: Approver,
    /// How many people have to say yes.
    pub needed: u32,
    /// What an answer has to be at least: `link`, `signed` or `number`.
    #[schema(value_type = String)]
    pub assurance: Assurance,
    /// When it was asked.
    #[schema(value_type = u64)]
    pub asked_at_ms: TimeMs,
    /// It lapses then, by the control plane's clock.
    #[schema(value_type = u64)]
    pub expires_at_ms: TimeMs,
    /// On whose consoles it is.
    #[schema(value_type = Vec<String>)]
    pub delivered: Vec<MemberId>,
    /// Who has had it open.
    #[schema(value_type = Vec<String>)]
    pub acknowledged: Vec<MemberId>,
    /// Who said yes so far.
    #[schema(value_type = Vec<String>)]
    pub approved_by: Vec<MemberId>,
    /// Who said no.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub denied_by: Option<MemberId>,
    /// How often the requester asked again.
    pub nudges: u32,
    /// Its requester declared an emergency: the action ran under break-glass.
    #[serde(default)]
    pub emergency: bool,
    /// The action ran under break-glass and waits for its review.
    #[serde(default)]
    pub review_due: bool,
    /// E-mail about it, one for each contact who gets one.
    #[serde(default)]
    pub mails: Vec<crate::mail::MailView>,
    /// What is to be approved, as long as it can be.
    #[serde(default)]
    pub prompt: Option<Box<Prompt>>,
}

/// What somebody who is asked has to see. A console checks it before it shows it: the proposal's signature and texts, that the request is about
/// it, and that its digest is the view's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Prompt {
    /// What is signed (docs/formats/consent.md).
    #[schema(value_type = Object)]
    pub request: Request,
    /// The proposal as the requester signed it, texts disclosed: the exact command, the reason.
    #[schema(value_type = Object)]
    pub proposal: SignedStatement,
    /// What the command names, in words.
    pub object: String,
    /// The state that it finds, as far as it is known.
    pub current_state: String,
    /// What it would do, in words.
    pub proposed_action: String,
}

/// Something that is said about a request without a signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AboutApproval {
    /// Which.
    #[schema(value_type = String)]
    pub action: ActionId,
    /// What.
    pub what: ApprovalWord,
}

/// See [`AboutApproval`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalWord {
    /// The caller's console has stored it. By those who are asked.
    Delivered,
    /// The caller has it open. By those who are asked.
    Acknowledged,
    /// Ask again. By the requester.
    Nudge,
    /// Nothing: only look. The requester is told the number.
    Look,
}

/// Answer to [`AboutApproval`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ApprovalAnswer {
    /// As it stands now.
    pub approval: ApprovalView,
    /// The number that an approver has to type. Only for the requester.
    #[serde(default)]
    pub number: Option<String>,
}

/// A version of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PolicyView {
    /// Name.
    pub name: String,
    /// Version, dense from 1.
    pub version: u64,
    /// What it covers.
    #[schema(value_type = Object)]
    pub scope: Value,
    /// Cedar.
    pub text: String,
    /// The form that the text was written from.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub form: Option<Value>,
    /// SHA-256 of the text, lower-case hexadecimal.
    pub digest: String,
    /// When it was published.
    #[schema(value_type = u64)]
    pub published_at_ms: TimeMs,
    /// By whom; absent for the built-in one.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub published_by: Option<MemberId>,
}

/// Publishes the next version of a policy. An empty text without rules takes the policy out of force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PublishPolicy {
    /// Name: 1 to 64 small letters, digits and hyphens.
    pub name: String,
    /// The version that this follows; 0 for the first. Somebody else's newer version is never overwritten.
    pub after: u64,
    /// What it covers (crates/policy, `Scope`). Every version of a policy covers the same.
    #[schema(value_type = Object)]
    pub scope: Value,
    /// Rules as people fill them in (crates/policy, `Form`).
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub form: Option<Value>,
    /// Cedar, when there is no form.
    #[serde(default)]
    pub text: Option<String>,
}

/// What is wrong with a policy, at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PolicyComplaint {
    /// Line in the text, from 1.
    #[serde(default)]
    pub line: Option<u32>,
    /// Character in the line, from 1.
    #[serde(default)]
    pub column: Option<u32>,
    /// Which rule.
    #[serde(default)]
    pub rule: Option<String>,
    /// What is wrong and what to do.
    pub sentence: String,
}

/// What publishing it would come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PolicyCheck {
    /// The text that would be published.
    pub text: String,
    /// Its digest.
    pub digest: String,
    /// Everything that is wrong; none when it can be published.
    pub complaints: Vec<PolicyComplaint>,
}

/// What a client's contacts have said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ContactChain {
    /// The client.
    #[schema(value_type = String)]
    pub client: ClientId,
    /// All of it, in order (docs/formats/consent.md).
    #[schema(value_type = Vec<Object>)]
    pub statements: Vec<SignedContactStatement>,
    /// What the next statement names as `previous`.
    pub head: String,
    /// Keys that count.
    pub keys: Vec<ContactKeyView>,
    /// Devices of the client's contacts whose keys nobody has introduced yet.
    pub waiting: Vec<ContactKeyView>,
}

/// A contact's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ContactKeyView {
    /// Whose.
    #[schema(value_type = String)]
    pub member: MemberId,
    /// The console that holds it.
    #[schema(value_type = String)]
    pub device: DeviceId,
    /// Ed25519 public key, standard base64.
    pub key: String,
    /// What the person calls that console.
    #[serde(default)]
    pub label: Option<String>,
}

/// A contact says something for their client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ContactSays {
    /// [`crate::PROTOCOL_VERSION`].
    pub version: u32,
    /// Signed with the contact's device key.
    #[schema(value_type = Object)]
    pub statement: SignedContactStatement,
}

/// What policies may know of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EndpointTraits {
    /// A word that administrators choose, such as `server`.
    #[serde(default)]
    pub class: Option<String>,
    /// Whether a person sits at it.
    #[serde(default)]
    pub attended: bool,
    /// Whether it holds what must not get out.
    #[serde(default)]
    pub sensitive: bool,
}
