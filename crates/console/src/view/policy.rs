//! Policies as people see them: what is in force where, its versions, a form with the text beside it, and what a change would have come to.
//!
//! Names, sentences and quoted commands are safe to draw. Texts of policies are as published: whoever draws them shows them as text.

use super::{AgreementOf, StandingRow};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Everything that decides, as far as this person may see it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PoliciesView {
    /// Widest scope first, then by name.
    pub rows: Vec<PolicyRow>,
    /// What clients' contacts allowed beforehand.
    pub standing: Vec<StandingOf>,
    /// Clients whose list of what contacts said does not hold, each with why.
    pub faults: Vec<String>,
    /// When the control plane was last asked; absent when this is its answer of now.
    #[ts(type = "number | null")]
    pub as_of_ms: Option<u64>,
    /// People whom rules can name.
    pub people: Vec<NamedId>,
    /// Classes of endpoints that are in use.
    pub classes: Vec<String>,
}

/// Somebody or something with a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NamedId {
    /// Identifier.
    pub id: String,
    /// Name.
    pub name: String,
}

/// What a policy covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "scope", rename_all = "snake_case")]
#[ts(export)]
pub enum PolicyScope {
    /// The whole organisation.
    Organisation {},
    /// One client.
    Client {
        /// Which.
        client: String,
    },
    /// One class of endpoints.
    EndpointClass {
        /// Which.
        class: String,
    },
    /// One endpoint.
    Endpoint {
        /// Which.
        endpoint: String,
    },
}

/// One policy in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PolicyRow {
    /// Its name.
    pub name: String,
    /// What it covers.
    pub scope: PolicyScope,
    /// That in words.
    pub covers: String,
    /// The newest version.
    #[ts(type = "number")]
    pub version: u64,
    /// Whether that version says anything: an empty one takes the policy out of force.
    pub in_force: bool,
    /// When it was published; absent for the built-in one.
    #[ts(type = "number | null")]
    pub published_at_ms: Option<u64>,
    /// By whom, by name; absent for the built-in one.
    pub published_by: Option<String>,
    /// Its rules in words.
    pub sentences: Vec<String>,
    /// Whether somebody wrote its text, which then no form shows.
    pub by_hand: bool,
}

/// Something that a contact of a client allowed beforehand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct StandingOf {
    /// The client.
    pub client: String,
    /// Its name.
    pub client_name: String,
    /// Who signed it, by name.
    pub signed_by: String,
    /// What it allows.
    pub standing: StandingRow,
}

/// One policy with all its versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PolicyDetail {
    /// As in the list.
    pub row: PolicyRow,
    /// Where the clients that it covers stand with it.
    pub agreements: Vec<AgreementOf>,
    /// Newest first.
    pub versions: Vec<PolicyVersion>,
}

/// One version of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PolicyVersion {
    /// Dense from 1.
    #[ts(type = "number")]
    pub version: u64,
    /// When it was published; absent for the built-in one.
    #[ts(type = "number | null")]
    pub published_at_ms: Option<u64>,
    /// By whom, by name.
    pub published_by: Option<String>,
    /// Cedar.
    pub text: String,
    /// SHA-256 of the text.
    pub digest: String,
    /// The form that says the same, if one does.
    pub form: Option<PolicyForm>,
    /// Whether that form writes exactly this text; otherwise remarks and layout would be lost by taking it.
    pub exact: bool,
    /// Its rules in words.
    pub sentences: Vec<String>,
    /// Clients whose contacts signed that they agree to this version.
    pub agreed_by: Vec<String>,
}

/// A policy as people fill it in (crates/policy, `Form`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PolicyForm {
    /// In the order in which people see them; order decides nothing.
    pub rules: Vec<PolicyRule>,
}

/// One rule: when all of its conditions hold, its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PolicyRule {
    /// What people call it.
    pub label: String,
    /// `read_only`, `changing`, `destructive`, `opaque`; none means any.
    #[serde(default)]
    pub classes: Vec<String>,
    /// Roles; none means any.
    #[serde(default)]
    pub roles: Vec<String>,
    /// People; none means any.
    #[serde(default)]
    pub members: Vec<String>,
    /// Only what an agent wrote, or only what a person wrote.
    #[serde(default)]
    pub by_agent: Option<bool>,
    /// Clients; none means any.
    #[serde(default)]
    pub clients: Vec<String>,
    /// Endpoints; none means any.
    #[serde(default)]
    pub endpoints: Vec<String>,
    /// Classes of endpoints; none means any.
    #[serde(default)]
    pub endpoint_classes: Vec<String>,
    /// Only where somebody sits, or only where nobody does.
    #[serde(default)]
    pub attended: Option<bool>,
    /// Only on sensitive endpoints, or only on others.
    #[serde(default)]
    pub sensitive: Option<bool>,
    /// Only with an administrator's rights, or only without.
    #[serde(default)]
    pub elevated: Option<bool>,
    /// Only where somebody can speak for the client, or only where nobody can.
    #[serde(default)]
    pub client_has_contacts: Option<bool>,
    /// Only at these times.
    #[serde(default)]
    pub window: Option<PolicyHours>,
    /// What happens then.
    pub then: PolicyThen,
}

/// When in a week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PolicyHours {
    /// Days on which it begins: bit 0 is Monday.
    pub days: u32,
    /// First minute of the day.
    pub from_minute: u32,
    /// First minute after it, up to 1440; not after the first means into the next day.
    pub to_minute: u32,
    /// Minutes ahead of UTC.
    pub utc_offset_minutes: i32,
}

/// What a rule comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "then", rename_all = "snake_case")]
#[ts(export)]
pub enum PolicyThen {
    /// It runs without asking.
    Allow {},
    /// Somebody is asked.
    Ask {
        /// `contact`, `owner` or `member`.
        approver: String,
        /// How many different people have to say yes.
        needed: u32,
        /// `link`, `signed` or `number`.
        assurance: String,
        /// How long they have.
        minutes: u32,
    },
    /// It does not run.
    Forbid {},
}

/// A version that somebody works on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PolicyDraft {
    /// Name: small letters, digits and hyphens.
    pub name: String,
    /// The version that it follows; 0 for the first.
    #[ts(type = "number")]
    pub after: u64,
    /// What it covers.
    pub scope: PolicyScope,
    /// Rules as filled in; else there is a text.
    pub form: Option<PolicyForm>,
    /// Cedar, when it is written by hand.
    pub text: Option<String>,
}

/// What such a version comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PolicyDraftView {
    /// The text that would be published.
    pub text: String,
    /// Its rules, with their places in the text when it was written from a form.
    pub rules: Vec<PolicyRuleView>,
    /// Everything that is wrong; none when it can be published.
    pub complaints: Vec<PolicyProblem>,
    /// The form that means the same as the text; absent when there is none.
    pub form: Option<PolicyForm>,
    /// Whether that form writes exactly this text; otherwise remarks and layout would be lost by taking it.
    pub exact: bool,
    /// Why there is no form, rule by rule.
    pub beyond: Vec<PolicyProblem>,
}

/// A rule in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PolicyRuleView {
    /// What it says.
    pub sentence: String,
    /// Its first line in the text, from 1.
    pub first_line: u32,
    /// Its last.
    pub last_line: u32,
}

/// Something that is wrong with a policy, at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PolicyProblem {
    /// Line in the text, from 1.
    pub line: Option<u32>,
    /// Character in the line, from 1.
    pub column: Option<u32>,
    /// Which rule, by name.
    pub rule: Option<String>,
    /// Which rule, counted from 1.
    pub number: Option<u32>,
    /// What is wrong and what to do.
    pub sentence: String,
}

/// What a version would have changed about recorded actions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DryRunView {
    /// First moment that was looked at.
    #[ts(type = "number")]
    pub from_ms: u64,
    /// First moment after.
    #[ts(type = "number")]
    pub to_ms: u64,
    /// Recorded actions that were looked at.
    #[ts(type = "number")]
    pub actions: u64,
    /// In so many sessions.
    #[ts(type = "number")]
    pub sessions: u64,
    /// On so many endpoints.
    #[ts(type = "number")]
    pub endpoints: u64,
    /// Actions that were left out because their record is not verified on this machine.
    #[ts(type = "number")]
    pub unverified: u64,
    /// Entries of the period that the control plane has and this console has not yet, as far as is known.
    #[ts(type = "number")]
    pub missing: u64,
    /// Run without asking: now, then.
    #[ts(type = "[number, number]")]
    pub allowed: (u64, u64),
    /// Somebody is asked: now, then.
    #[ts(type = "[number, number]")]
    pub asked: (u64, u64),
    /// Forbidden: now, then.
    #[ts(type = "[number, number]")]
    pub forbidden: (u64, u64),
    /// Actions that come to something else, most frequent change first.
    pub groups: Vec<DryRunGroup>,
    /// When policies and what they know of endpoints were last heard from the control plane; absent when that was just now.
    #[ts(type = "number | null")]
    pub as_of_ms: Option<u64>,
}

/// Actions that come from the same to the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DryRunGroup {
    /// As the versions in force decide.
    pub before: OutcomeView,
    /// As the new version would.
    pub after: OutcomeView,
    /// `looser`, `stricter` or `other`.
    pub direction: String,
    /// How many.
    #[ts(type = "number")]
    pub count: u64,
    /// The newest of them.
    pub rows: Vec<DryRunRow>,
}

/// An outcome in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct OutcomeView {
    /// `allow`, `ask` or `forbid`.
    pub kind: String,
    /// In words.
    pub words: String,
}

/// One recorded action that comes to something else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DryRunRow {
    /// Its session.
    pub session: String,
    /// Entry of the proposal.
    #[ts(type = "number")]
    pub seq: u64,
    /// When.
    #[ts(type = "number")]
    pub at_ms: u64,
    /// Where.
    pub hostname: String,
    /// Whose machine.
    pub client_name: String,
    /// Who asked.
    pub member_name: String,
    /// First line of the command.
    pub command: String,
    /// `read_only`, `changing`, `destructive`, `opaque`.
    pub class: String,
    /// What decides now: policy, version, rule.
    pub before_by: String,
    /// What would decide.
    pub after_by: String,
}

/// What policies may know of an endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TraitsView {
    /// A word that administrators choose, such as `server`.
    pub class: Option<String>,
    /// Whether a person sits at it.
    pub attended: bool,
    /// Whether it holds what must not get out.
    pub sensitive: bool,
}
