//! Rules that people fill in, and the Cedar text that they come to. The text is written from the form, never the other way round.

use crate::document::{Complaint, Demand, is_class};
use caisey_command::ActionClass;
use caisey_ledger::consent::{Approver, Assurance, Window};
use caisey_ledger::id::{ClientId, EndpointId, MemberId};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// Rules of one form.
const MAX_RULES: usize = 64;
/// Minutes of a week.
const WEEK: i64 = 10_080;
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
                    .map(|sentence| Complaint::about(Some(name.clone()), sentence)),
            );
        }
        complaints
    }

    /// The text that it comes to. The same form gives the same text.
    pub fn to_cedar(&self) -> String {
        let rules: Vec<_> = self.rules.iter().map(Rule::to_cedar).collect();
        rules.join("\n")
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

    fn to_cedar(&self) -> String {
        let mut text = format!("@label({})\n", quoted(self.label.trim()));
        let effect = match &self.then {
            Then::Forbid => "forbid",
            Then::Allow => "permit",
            Then::Ask(demand) => {
                let who = match demand.approver {
                    Approver::Contact => "contact",
                    Approver::Member => "member",
                };
                let assurance = match demand.assurance {
                    Assurance::Link => "link",
                    Assurance::Signed => "signed",
                    Assurance::Number => "number",
                };
                let _ = writeln!(
                    text,
                    "@require(\"{who}\")\n@count(\"{}\")\n@assurance(\"{assurance}\")\n@expires(\"{}\")",
                    demand.needed, demand.minutes
                );
                "permit"
            }
        };
        let principal = match self.by_agent {
            None => "principal",
            Some(true) => "principal is Agent",
            Some(false) => "principal is Member",
        };
        let action = if self.classes.is_empty() {
            "action".to_owned()
        } else {
            format!(
                "action in [{}]",
                list("Action", self.classes.iter().map(|class| class.word()))
            )
        };
        let _ = write!(text, "{effect} ({principal}, {action}, resource)");
        let conditions = self.conditions();
        if !conditions.is_empty() {
            let _ = write!(text, "\nwhen {{\n    {}\n}}", conditions.join(" &&\n    "));
        }
        text.push_str(";\n");
        text
    }

    fn conditions(&self) -> Vec<String> {
        let mut all = Vec::new();
        let group = |what: &str, kind: &str, ids: Vec<&str>| {
            (!ids.is_empty()).then(|| format!("{what} in [{}]", list(kind, ids.into_iter())))
        };
        all.extend(group("principal", "Role", self.roles.iter().map(String::as_str).collect()));
        if !self.members.is_empty() {
            let ids = || self.members.iter().map(MemberId::as_str);
            let people = match self.by_agent {
                Some(true) => list("Agent", ids()),
                Some(false) => list("Member", ids()),
                None => format!("{}, {}", list("Member", ids()), list("Agent", ids())),
            };
            all.push(format!("principal in [{people}]"));
        }
        all.extend(group(
            "resource",
            "Client",
            self.clients.iter().map(ClientId::as_str).collect(),
        ));
        all.extend(group(
            "resource",
            "Endpoint",
            self.endpoints.iter().map(EndpointId::as_str).collect(),
        ));
        all.extend(group(
            "resource",
            "EndpointClass",
            self.endpoint_classes.iter().map(String::as_str).collect(),
        ));
        let flag =
            |name: &str, wanted: Option<bool>| wanted.map(|wanted| if wanted { name.to_owned() } else { format!("!{name}") });
        all.extend(flag("resource.attended", self.attended));
        all.extend(flag("resource.sensitive", self.sensitive));
        all.extend(flag("context.elevated", self.elevated));
        all.extend(self.window.as_ref().map(in_window));
        all
    }
}

/// The window as ranges of the week's minutes in UTC.
fn in_window(window: &Window) -> String {
    let length = if window.from_minute < window.to_minute {
        i64::from(window.to_minute) - i64::from(window.from_minute)
    } else {
        1_440 - i64::from(window.from_minute) + i64::from(window.to_minute)
    };
    let mut ranges = Vec::new();
    for day in (0..7).filter(|day| window.days & (1 << day) != 0) {
        let start = (day * 1_440 + i64::from(window.from_minute) - i64::from(window.utc_offset_minutes)).rem_euclid(WEEK);
        let end = start + length;
        ranges.push((start, end.min(WEEK)));
        if end > WEEK {
            ranges.push((0, end - WEEK));
        }
    }
    ranges.sort_unstable();
    let ranges: Vec<_> = ranges
        .into_iter()
        .map(|(from, to)| format!("(context.utcMinuteOfWeek >= {from} && context.utcMinuteOfWeek < {to})"))
        .collect();
    if ranges.is_empty() {
        "false".to_owned()
    } else {
        format!("({})", ranges.join(" || "))
    }
}

fn list<'a>(kind: &str, ids: impl Iterator<Item = &'a str>) -> String {
    let ids: Vec<_> = ids.map(|id| format!("{kind}::{}", quoted(id))).collect();
    ids.join(", ")
}

/// A Cedar string.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
