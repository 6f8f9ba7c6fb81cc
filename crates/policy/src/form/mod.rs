//! Rules that people fill in, the Cedar text that they come to (`write`), and the form that a text comes to (`read`).
//!
//! Promises: what is read from a text that a form wrote is that form; what a form cannot express is told and never bent into one.

mod hours;
mod read;
mod write;

pub use read::{NoForm, Reading, read};
pub(crate) use read::{hours_fault, places};

use crate::document::{Complaint, Demand, is_class};
use caisey_command::ActionClass;
use caisey_ledger::consent::Window;
use caisey_ledger::id::{ClientId, EndpointId, MemberId};
use serde::{Deserialize, Serialize};

/// Rules of one form.
const MAX_RULES: usize = 64;
const ROLES: [&str; 6] = ["owner", "admin", "technician", "dispatcher", "auditor", "contact"];

/// A policy as people fill it in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// In the order in which people see them; order decides nothing.
    pub rules: Vec<Rule>,
}

/// One rule: when all of its conditions hold, its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What people call it.
    pub label: String,
    /// Only of these classes of action; empty means any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<ActionClass>,
    /// Only by people of these roles; empty means any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Only by these people; empty means any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<MemberId>,
    /// Only what an agent wrote, or only what a person wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_agent: Option<bool>,
    /// Only for these clients; empty means any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<ClientId>,
    /// Only on these endpoints; empty means any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<EndpointId>,
    /// Only on endpoints of these classes; empty means any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub endpoint_classes: Vec<String>,
    /// Only where somebody sits, or only where nobody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attended: Option<bool>,
    /// Only on sensitive endpoints, or only on others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensitive: Option<bool>,
    /// Only with an administrator's rights, or only without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elevated: Option<bool>,
    /// Only where somebody can speak for the client, or only where nobody can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_has_contacts: Option<bool>,
    /// Only at these times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// What happens then.
    pub then: Then,
}

/// What a rule comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "then", rename_all = "snake_case", deny_unknown_fields)]
pub enum Then {
    /// It runs without asking.
    Allow,
    /// Somebody is asked.
    Ask(Demand),
    /// It does not run.
    Forbid,
}

impl Form {
    /// What is wrong with it; nothing when its text can be written.
    pub fn complaints(&self) -> Vec<Complaint> {
        let mut complaints = Vec::new();
        if self.rules.len() > MAX_RULES {
            let sentence = format!("A policy has at most {MAX_RULES} rules. Split it into several.");
            complaints.push(Complaint::about(None, sentence));
        }
        for (number, rule) in (1..).zip(&self.rules) {
            let name = if rule.label.trim().is_empty() {
                format!("rule {number}")
            } else {
                rule.label.clone()
            };
            complaints.extend(
                rule.complaints()
                    .map(|sentence| Complaint::about(Some(name.clone()), sentence).of_rule(number)),
            );
        }
        complaints
    }

    /// The text that it comes to. The same form gives the same text.
    pub fn to_cedar(&self) -> String {
        let rules: Vec<_> = self.rules.iter().map(Rule::to_cedar).collect();
        rules.join("\n")
    }

    /// First and last line of each rule in that text, from 1.
    pub fn lines(&self) -> Vec<(u32, u32)> {
        let mut next = 1_u32;
        let place = |rule: &Rule| {
            let first = next;
            let lines = u32::try_from(rule.to_cedar().lines().count()).unwrap_or(u32::MAX);
            next = first.saturating_add(lines).saturating_add(1);
            (first, next.saturating_sub(2))
        };
        self.rules.iter().map(place).collect()
    }
}

impl Rule {
    fn complaints(&self) -> impl Iterator<Item = &'static str> {
        let label = self.label.trim();
        let demand = match &self.then {
            Then::Ask(demand) => Some(demand),
            Then::Allow | Then::Forbid => None,
        };
        let problems = [
            (
                label.is_empty() || label.chars().count() > 100 || label.chars().any(char::is_control),
                "Give the rule a name of 1 to 100 characters.",
            ),
            (
                !self.roles.iter().all(|role| ROLES.contains(&role.as_str())),
                "A role is owner, admin, technician, dispatcher, auditor or contact. Choose one of them.",
            ),
            (
                !self.endpoint_classes.iter().all(|class| is_class(class)),
                "A class of endpoints is 1 to 64 small letters, digits and hyphens. Correct its name.",
            ),
            (
                self.window.as_ref().is_some_and(|window| !window.is_sound()),
                "The times make no sense: choose at least one day, and times within the day.",
            ),
            (
                demand.is_some_and(|demand| !(1..=16).contains(&demand.needed)),
                "Ask 1 to 16 people.",
            ),
            (
                demand.is_some_and(|demand| !(1..=7 * 1_440).contains(&demand.minutes)),
                "Give people between a minute and a week to answer.",
            ),
        ];
        problems.into_iter().filter(|(wrong, _)| *wrong).map(|(_, sentence)| sentence)
    }
}
