//! The one place that decides whether a recorded proposal may run: what the command does, what policies say of that, and whether the
//! endpoint would go along.
//!
//! Decisions (docs/decisions/0050-where-approvals-are-decided.md): command and probe are read, the worse of both counts. What the endpoint
//! itself would refuse is settled in crates/policy, so that a dry run says the same.

use super::Identity;
use super::rules::InForce;
use caisey_command::{ActionClass, Reading};
use caisey_ledger::event::{Channel, Event, Interpreter};
use caisey_ledger::id::{MemberId, TimeMs};
use caisey_policy::decide::Verdict;
use caisey_policy::spoken::Spoken;
use caisey_policy::vocabulary::Facts;
use caisey_protocol::role::Role;

/// Who asks for what.
pub(super) struct Deed<'a> {
    pub(super) member: &'a MemberId,
    pub(super) role: Role,
    pub(super) by_agent: bool,
    pub(super) interpreter: Interpreter,
    /// As the runtime said last.
    pub(super) elevated: Option<bool>,
    pub(super) command: &'a str,
    pub(super) probe: Option<&'a str>,
    pub(super) at: TimeMs,
}

/// What was found out about it.
pub(super) struct Ruling {
    pub(super) reading: Reading,
    /// Of command and probe, the worse.
    pub(super) class: ActionClass,
    /// What policies come to, or why they come to nothing.
    pub(super) verdict: Result<Verdict, String>,
}

/// Reads the command and asks the policies.
pub(super) fn rule(rules: &InForce, identity: &Identity, deed: &Deed<'_>) -> Ruling {
    let reading = caisey_command::read(deed.interpreter, deed.command);
    let probe = deed.probe.map(|probe| caisey_command::read(deed.interpreter, probe).class);
    let class = reading.class.max(probe.unwrap_or(ActionClass::ReadOnly));
    let facts = facts(rules, identity, deed, class);
    let verdict = decide(rules, &facts);
    Ruling { reading, class, verdict }
}

fn facts(rules: &InForce, identity: &Identity, deed: &Deed<'_>, class: ActionClass) -> Facts {
    let traits = &rules.rules.traits;
    Facts {
        organisation: identity.organisation.clone(),
        client: identity.client.clone(),
        client_has_contacts: rules.trust.is_pinned(),
        endpoint: identity.endpoint.clone(),
        endpoint_class: traits.class.clone(),
        os: identity.os.clone(),
        attended: traits.attended,
        sensitive: traits.sensitive,
        member: deed.member.clone(),
        role: word(&deed.role),
        by_agent: deed.by_agent,
        class,
        interpreter: word(&deed.interpreter),
        // Who does not say may have all rights: runtimes are installed as a service that has them.
        elevated: deed.elevated.unwrap_or(true),
        at: deed.at,
    }
}

fn decide(rules: &InForce, facts: &Facts) -> Result<Verdict, String> {
    let spoken = Spoken::from(&rules.trust);
    rules.policies()?.settle(facts, &spoken).map_err(|error| error.to_string())
}

/// What allowed an action: the facts of its `action.authorised` entry.
pub(super) fn authorised(verdict: &Verdict, channel: Channel, class: &str) -> Event {
    Event::ActionAuthorised {
        policy: verdict.policy.clone(),
        policy_version: verdict.version,
        channel,
        policy_digest: verdict.digest.clone(),
        class: Some(class.to_owned()),
    }
}

/// Why a policy's word keeps an action from running, for people.
pub(super) fn forbidden(verdict: &Verdict) -> String {
    let rules = if verdict.rules.is_empty() {
        String::new()
    } else {
        format!(" ({})", verdict.rules.join("; "))
    };
    format!(
        "Version {} of the policy {} forbids this{rules}. It was not sent to the endpoint and will not run. Look for another way, or talk to \
         an administrator of your organisation about the policy.",
        verdict.version, verdict.policy
    )
}

/// A value's word on the wire.
fn word(value: &impl serde::Serialize) -> String {
    let word = serde_json::to_value(value).ok();
    word.and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}
