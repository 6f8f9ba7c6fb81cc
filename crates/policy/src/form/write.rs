//! The Cedar text that a rule comes to. The same rule gives the same text.

use super::{Rule, Then, hours};
use caisey_ledger::consent::{Approver, Assurance};
use caisey_ledger::id::{ClientId, EndpointId, MemberId};
use std::fmt::Write as _;

impl Rule {
    pub(super) fn to_cedar(&self) -> String {
        let mut text = format!("@label({})\n", quoted(self.label.trim()));
        if let Some(window) = &self.window {
            let _ = writeln!(text, "@hours({})", quoted(&hours::words(window)));
        }
        let effect = match &self.then {
            Then::Forbid => "forbid",
            Then::Allow => "permit",
            Then::Ask(demand) => {
                let who = match demand.approver {
                    Approver::Contact => "contact",
                    Approver::Member => "member",
                    Approver::Owner => "owner",
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
            let among = |kind: &str| format!("principal in [{}]", list(kind, ids()));
            all.push(match self.by_agent {
                Some(true) => among("Agent"),
                Some(false) => among("Member"),
                // One list of both would not pass: a set holds one kind.
                None => format!("({} || {})", among("Member"), among("Agent")),
            });
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
        all.extend(flag("context.clientHasContacts", self.client_has_contacts));
        all.extend(self.window.as_ref().map(hours::condition));
        all
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
