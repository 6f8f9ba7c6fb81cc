//! Rules and outcomes in words, for people who will never read Cedar.

use crate::view::{OutcomeView, PolicyHours, PolicyRule, PolicyScope, PolicyThen};
use crate::visible::marked_line;
use caisey_ledger::consent::{Approver, Assurance};
use caisey_policy::decide::Outcome;
use caisey_policy::document::Demand;
use std::collections::{BTreeMap, HashMap};

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Names of those whom policies name by identifier; safe to draw.
#[derive(Default)]
pub(super) struct Names {
    pub(super) people: HashMap<String, String>,
    pub(super) clients: BTreeMap<String, String>,
    pub(super) endpoints: HashMap<String, String>,
}

impl Names {
    pub(super) fn person(&self, id: &str) -> String {
        self.people.get(id).map_or_else(|| marked_line(id), |name| marked_line(name))
    }

    /// Empty when the name is not known here: an identifier tells a client's contact nothing.
    pub(super) fn known_person(&self, id: &str) -> String {
        self.people.get(id).map(|name| marked_line(name)).unwrap_or_default()
    }

    pub(super) fn client(&self, id: &str) -> String {
        self.clients.get(id).map_or_else(|| marked_line(id), |name| marked_line(name))
    }

    fn endpoint(&self, id: &str) -> String {
        self.endpoints
            .get(id)
            .map_or_else(|| marked_line(id), |name| marked_line(name))
    }

    /// What a policy covers.
    pub(super) fn scope(&self, scope: &PolicyScope) -> String {
        match scope {
            PolicyScope::Organisation {} => "The whole organisation".to_owned(),
            PolicyScope::Client { client } => self.client(client),
            PolicyScope::EndpointClass { class } => format!("Endpoints of class {}", marked_line(class)),
            PolicyScope::Endpoint { endpoint } => self.endpoint(endpoint),
        }
    }

    /// A whole rule: "When a technician deletes or overwrites something on endpoints of class server, …".
    pub(super) fn sentence(&self, rule: &PolicyRule) -> String {
        let when = rule
            .window
            .as_ref()
            .map_or_else(String::new, |window| format!(", {}", hours(window)));
        format!(
            "When {} {}{}{when}, {}.",
            self.who(rule),
            what(&rule.classes),
            self.place(rule),
            then(&rule.then)
        )
    }

    fn who(&self, rule: &PolicyRule) -> String {
        let roles: Vec<_> = rule.roles.iter().map(|role| with_article(role)).collect();
        let people: Vec<_> = rule.members.iter().map(|member| self.person(member)).collect();
        let whom = match (people.is_empty(), roles.is_empty()) {
            (true, true) => "anybody".to_owned(),
            (true, false) => either(&roles),
            (false, true) => either(&people),
            (false, false) => format!("{}, as {},", either(&people), either(&roles)),
        };
        match rule.by_agent {
            None => whom,
            Some(true) => format!("an agent that works for {whom}"),
            Some(false) => format!("{whom} in person"),
        }
    }

    fn place(&self, rule: &PolicyRule) -> String {
        let mut parts = Vec::new();
        let mut names = |before: &str, names: Vec<String>| {
            if !names.is_empty() {
                parts.push(format!("{before}{}", either(&names)));
            }
        };
        names(" on ", rule.endpoints.iter().map(|id| self.endpoint(id)).collect());
        names(
            " on endpoints of class ",
            rule.endpoint_classes.iter().map(|class| marked_line(class)).collect(),
        );
        names(" at ", rule.clients.iter().map(|id| self.client(id)).collect());
        let mut flag = |wanted: Option<bool>, yes: &str, no: &str| {
            parts.extend(wanted.map(|wanted| if wanted { yes } else { no }.to_owned()));
        };
        flag(
            rule.sensitive,
            " on a sensitive machine",
            " on a machine that is not sensitive",
        );
        flag(rule.attended, " where somebody sits", " where nobody sits");
        flag(
            rule.elevated,
            " with an administrator’s rights",
            " without an administrator’s rights",
        );
        flag(
            rule.client_has_contacts,
            " where the client has contacts",
            " where the client has no contact",
        );
        parts.concat()
    }
}

fn what(classes: &[String]) -> String {
    let all: Vec<_> = classes
        .iter()
        .map(|class| match class.as_str() {
            "read_only" => "only looks".to_owned(),
            "changing" => "changes something".to_owned(),
            "destructive" => "deletes or overwrites something".to_owned(),
            "opaque" => "runs what cannot be bounded".to_owned(),
            other => marked_line(other),
        })
        .collect();
    if all.is_empty() {
        "runs anything".to_owned()
    } else {
        either(&all)
    }
}

fn with_article(role: &str) -> String {
    let article = if role.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {}", marked_line(role))
}

/// "a", "a or b", "a, b or c"
fn either(all: &[String]) -> String {
    match all {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// "Mon to Fri 18:00 to 06:00 (UTC+2)"
fn hours(window: &PolicyHours) -> String {
    let on: Vec<_> = (0_u32..).zip(DAYS).filter(|(bit, _)| window.days & (1 << bit) != 0).collect();
    let days = match on.as_slice() {
        all if all.len() == 7 => "every day".to_owned(),
        [(from, first), .., (to, last)] if on.len() > 2 && *to - *from == u32::try_from(on.len()).unwrap_or(0) - 1 => {
            format!("{first} to {last}")
        }
        some => some.iter().map(|(_, day)| *day).collect::<Vec<_>>().join(", "),
    };
    let clock = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
    let ahead = window.utc_offset_minutes.unsigned_abs();
    let zone = match (window.utc_offset_minutes, ahead % 60) {
        (0, _) => "UTC".to_owned(),
        (offset, minutes) => {
            let sign = if offset < 0 { '−' } else { '+' };
            let rest = if minutes == 0 {
                String::new()
            } else {
                format!(":{minutes:02}")
            };
            format!("UTC{sign}{}{rest}", ahead / 60)
        }
    };
    format!("{days} {} to {} ({zone})", clock(window.from_minute), clock(window.to_minute))
}

fn then(then: &PolicyThen) -> String {
    match then {
        PolicyThen::Allow {} => "it runs without asking".to_owned(),
        PolicyThen::Forbid {} => "it is forbidden".to_owned(),
        PolicyThen::Ask {
            approver,
            needed,
            assurance,
            minutes,
        } => {
            let whom = match (approver.as_str(), needed) {
                ("contact", 1) => "a contact of the client has to say yes".to_owned(),
                ("contact", needed) => format!("{needed} contacts of the client have to say yes"),
                ("owner", 1) => "another owner has to say yes".to_owned(),
                ("owner", needed) => format!("{needed} other owners have to say yes"),
                (_, 1) => "another owner or administrator has to say yes".to_owned(),
                (_, needed) => format!("{needed} other owners or administrators have to say yes"),
            };
            let sure = match assurance.as_str() {
                "number" => " on their console with the number",
                "link" => ", by e-mail at least",
                _ => " on their console",
            };
            format!("{whom}{sure} within {}", span(*minutes))
        }
    }
}

fn span(minutes: u32) -> String {
    match minutes {
        1 => "a minute".to_owned(),
        60 => "an hour".to_owned(),
        1_440 => "a day".to_owned(),
        days if days % 1_440 == 0 => format!("{} days", days / 1_440),
        hours if hours % 60 == 0 => format!("{} hours", hours / 60),
        minutes => format!("{minutes} minutes"),
    }
}

/// An outcome in a few words.
pub(super) fn outcome(outcome: &Outcome) -> OutcomeView {
    let (kind, words) = match outcome {
        Outcome::Allow => ("allow", "Runs without asking".to_owned()),
        Outcome::Forbid => ("forbid", "Forbidden".to_owned()),
        Outcome::Ask(demand) => ("ask", asks(demand)),
    };
    OutcomeView {
        kind: kind.to_owned(),
        words,
    }
}

fn asks(demand: &Demand) -> String {
    let whom = match (demand.approver, demand.needed) {
        (Approver::Contact, 1) => "a contact".to_owned(),
        (Approver::Contact, needed) => format!("{needed} contacts"),
        (Approver::Member, 1) => "an owner or admin".to_owned(),
        (Approver::Member, needed) => format!("{needed} owners or admins"),
        (Approver::Owner, 1) => "an owner".to_owned(),
        (Approver::Owner, needed) => format!("{needed} owners"),
    };
    let sure = match demand.assurance {
        Assurance::Number => ", with the number",
        Assurance::Signed => "",
        Assurance::Link => ", e-mail is enough",
    };
    format!("Asks {whom}{sure}, within {}", span(demand.minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(then: PolicyThen) -> PolicyRule {
        PolicyRule {
            label: "x".into(),
            classes: vec![],
            roles: vec![],
            members: vec![],
            by_agent: None,
            clients: vec![],
            endpoints: vec![],
            endpoint_classes: vec![],
            attended: None,
            sensitive: None,
            elevated: None,
            client_has_contacts: None,
            window: None,
            then,
        }
    }

    #[test]
    fn rules_are_sentences() {
        let names = Names {
            people: [("mem_1".to_owned(), "Ana\u{202e} Ruiz".to_owned())].into(),
            ..Names::default()
        };
        assert_eq!(
            names.sentence(&rule(PolicyThen::Allow {})),
            "When anybody runs anything, it runs without asking."
        );
        let full = PolicyRule {
            classes: vec!["changing".into(), "destructive".into()],
            roles: vec!["technician".into(), "admin".into()],
            endpoint_classes: vec!["server".into()],
            sensitive: Some(true),
            window: Some(PolicyHours {
                days: 0b001_1111,
                from_minute: 18 * 60,
                to_minute: 6 * 60,
                utc_offset_minutes: -210,
            }),
            ..rule(PolicyThen::Ask {
                approver: "contact".into(),
                needed: 2,
                assurance: "number".into(),
                minutes: 30,
            })
        };
        assert_eq!(
            names.sentence(&full),
            "When a technician or an admin changes something or deletes or overwrites something on endpoints of class server on a sensitive \
             machine, Mon to Fri 18:00 to 06:00 (UTC−3:30), 2 contacts of the client have to say yes on their console with the number within \
             30 minutes."
        );
        let agent = PolicyRule {
            members: vec!["mem_1".into()],
            by_agent: Some(true),
            ..rule(PolicyThen::Forbid {})
        };
        let sentence = names.sentence(&agent);
        assert!(
            sentence.starts_with("When an agent that works for Ana") && !sentence.contains('\u{202e}'),
            "{sentence}"
        );
    }
}
