//! The form that a Cedar text comes to, where there is one.
//!
//! A rule is taken apart into the conditions that all have to hold; each has to be one that a form has a field for, and no field twice.
//! Anything else is told with its place. What comes out means the same; whether it is also written the same, [`Reading::exact`] says.

use super::{Form, Rule, Then, hours};
use crate::document::{Complaint, check_text, demand, label};
use caisey_command::ActionClass;
use cedar_policy::{Effect, Policy, PolicySet};
use serde_json::Value;

/// What a text is as a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Means the same as the text.
    pub form: Form,
    /// Whether the form writes exactly this text. Otherwise remarks, layout or wording would be lost by taking the form.
    pub exact: bool,
}

/// Why a text comes to no form; each complaint names its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoForm {
    /// The text is no policy at all.
    Wrong(Vec<Complaint>),
    /// It is one, and says what no form can say.
    Beyond(Vec<Complaint>),
}

/// A rule in its text.
pub(crate) struct Place<'a> {
    /// Counted from 1.
    pub(crate) number: u32,
    /// Byte at which it begins.
    pub(crate) offset: Option<usize>,
    pub(crate) policy: &'a Policy,
}

/// The rules of a text, in its order.
pub(crate) fn places<'a>(text: &str, set: &'a PolicySet) -> Vec<Place<'a>> {
    let number = |policy: &Policy| {
        let id = policy.id().to_string();
        id.strip_prefix("policy")
            .and_then(|number| number.parse::<u32>().ok())
            .unwrap_or(0)
    };
    let mut policies: Vec<&Policy> = set.policies().collect();
    policies.sort_by_key(|policy| number(policy));
    let mut from = 0;
    let place = |policy: &'a Policy| {
        let own = policy.to_cedar().unwrap_or_default();
        let offset = text.get(from..).and_then(|rest| rest.find(&own)).map(|at| from + at);
        from = offset.map_or(from, |offset| offset + own.len());
        Place {
            number: number(policy) + 1,
            offset,
            policy,
        }
    };
    policies.into_iter().map(place).collect()
}

/// Reads a text as a form.
///
/// # Errors
/// Why there is none.
pub fn read(text: &str) -> Result<Reading, NoForm> {
    let set = check_text(text).map_err(NoForm::Wrong)?;
    let (mut rules, mut beyond) = (Vec::new(), Vec::new());
    for place in places(text, &set) {
        match rule(place.policy, place.number) {
            Ok(rule) => rules.push(rule),
            Err(why) => {
                beyond.push(Complaint::at(text, place.offset, Some(label(place.policy)), why).of_rule(place.number));
            }
        }
    }
    let form = Form { rules };
    if beyond.is_empty() {
        beyond = form.complaints();
    }
    if !beyond.is_empty() {
        return Err(NoForm::Beyond(beyond));
    }
    let exact = form.to_cedar() == text;
    Ok(Reading { form, exact })
}

/// What is wrong with the hours that a rule names in words.
pub(crate) fn hours_fault(policy: &Policy) -> Option<String> {
    let words = policy.annotation("hours")?;
    let Some(window) = hours::from_words(words) else {
        return Some(format!(
            "@hours(\"{words}\") is not understood. Write it like @hours(\"Mon Tue 18:00-06:00 UTC+01:00\"), or remove it."
        ));
    };
    let says_so = Conditions::of(policy).is_ok_and(|mut conditions| conditions.take_window(&window).is_some());
    (!says_so).then(|| {
        "The rule’s condition does not say the hours that @hours names, and only the condition decides. Correct one of the two, or remove \
         @hours."
            .to_owned()
    })
}

fn rule(policy: &Policy, number: u32) -> Result<Rule, String> {
    if policy.annotation("id").is_some() {
        return Err("It carries @id, which no form keeps.".to_owned());
    }
    let mut conditions = Conditions::of(policy)?;
    let mut rule = Rule {
        label: policy
            .annotation("label")
            .map_or_else(|| format!("Rule {number}"), str::to_owned),
        classes: std::mem::take(&mut conditions.classes),
        roles: Vec::new(),
        members: Vec::new(),
        by_agent: conditions.by_agent,
        clients: Vec::new(),
        endpoints: Vec::new(),
        endpoint_classes: Vec::new(),
        attended: None,
        sensitive: None,
        elevated: None,
        client_has_contacts: None,
        window: None,
        then: match (policy.effect(), demand(policy)?) {
            (Effect::Forbid, _) => Then::Forbid,
            (Effect::Permit, None) => Then::Allow,
            (Effect::Permit, Some(demand)) => Then::Ask(demand),
        },
    };
    if let Some(window) = policy.annotation("hours").and_then(hours::from_words) {
        conditions
            .take_window(&window)
            .ok_or("Its hours are not those that @hours names.")?;
        rule.window = Some(window);
    }
    for condition in conditions.all {
        take(&mut rule, &condition)?;
    }
    Ok(rule)
}

/// Puts one condition into the field that says it.
fn take(rule: &mut Rule, condition: &Value) -> Result<(), String> {
    if let Some((name, wanted)) = flag(condition) {
        let field = match name.as_str() {
            "resource.attended" => &mut rule.attended,
            "resource.sensitive" => &mut rule.sensitive,
            "context.elevated" => &mut rule.elevated,
            "context.clientHasContacts" => &mut rule.client_has_contacts,
            _ => return Err(beyond(condition)),
        };
        return match field.replace(wanted) {
            None => Ok(()),
            Some(_) => Err(format!("It speaks of {name} twice.")),
        };
    }
    if let Some(ids) = in_person_or_by_agent(condition) {
        return match rule.by_agent {
            None => fill(&mut rule.members, ids, "people"),
            Some(_) => Err(beyond(condition)),
        };
    }
    let (what, members) = group(condition).ok_or_else(|| beyond(condition))?;
    let kinds: std::collections::BTreeSet<&str> = members.iter().map(|(kind, _)| kind.as_str()).collect();
    let ids = |wanted: &str| {
        members
            .iter()
            .filter(|(kind, _)| kind == wanted)
            .map(|(_, id)| id.clone())
            .collect::<Vec<_>>()
    };
    let kinds: Vec<&str> = kinds.into_iter().collect();
    match (what.as_str(), kinds.as_slice()) {
        ("principal", ["Role"]) => fill(&mut rule.roles, ids("Role"), "roles"),
        ("principal", ["Member"]) if rule.by_agent == Some(false) => fill(&mut rule.members, ids("Member"), "people"),
        ("principal", ["Agent"]) if rule.by_agent == Some(true) => fill(&mut rule.members, ids("Agent"), "people"),
        ("principal", _) => Err("It names people or agents in a way that the form has no field for.".to_owned()),
        ("resource", ["Client"]) => fill(&mut rule.clients, ids("Client"), "clients"),
        ("resource", ["Endpoint"]) => fill(&mut rule.endpoints, ids("Endpoint"), "endpoints"),
        ("resource", ["EndpointClass"]) => fill(&mut rule.endpoint_classes, ids("EndpointClass"), "classes of endpoints"),
        _ => Err(beyond(condition)),
    }
}

fn fill<T: std::str::FromStr>(field: &mut Vec<T>, ids: Vec<String>, what: &str) -> Result<(), String> {
    if !field.is_empty() {
        return Err(format!("It names {what} twice, of which both have to hold."));
    }
    *field = ids
        .iter()
        .map(|id| {
            id.parse()
                .map_err(|_| format!("Of the {what}, “{id}” is none that this program could know."))
        })
        .collect::<Result<_, _>>()?;
    Ok(())
}

/// Why a condition has no field.
fn beyond(condition: &Value) -> String {
    match looks_at(condition) {
        Some("utcMinuteOfWeek") => {
            "Its hours are not written beside it with @hours, so the form cannot tell by which clock they are meant.".to_owned()
        }
        Some("interpreter") => "It looks at the interpreter (context.interpreter), for which the form has no field.".to_owned(),
        Some("os") => "It looks at the operating system (resource.os), for which the form has no field.".to_owned(),
        _ if condition.get("||").is_some() => "It says “or” between conditions. In a form, that is two rules.".to_owned(),
        Some(name) => format!("It says something about {name} that the form has no field for."),
        None => "It has a condition that the form has no field for.".to_owned(),
    }
}

/// The first attribute that a condition looks at.
fn looks_at(value: &Value) -> Option<&str> {
    match value {
        Value::Object(fields) => {
            let own = fields.get(".").and_then(|access| access.get("attr")).and_then(Value::as_str);
            own.or_else(|| fields.values().find_map(looks_at))
        }
        Value::Array(all) => all.iter().find_map(looks_at),
        _ => None,
    }
}

/// `resource.attended`, and whether it has to be so.
fn flag(condition: &Value) -> Option<(String, bool)> {
    let (access, wanted) = match condition.get("!") {
        Some(not) => (not.get("arg")?.get(".")?, false),
        None => (condition.get(".")?, true),
    };
    let of = access.get("left")?.get("Var")?.as_str()?;
    Some((format!("{of}.{}", access.get("attr")?.as_str()?), wanted))
}

/// `principal in […]`: what, and the kinds and identifiers of those among which it has to be.
fn group(condition: &Value) -> Option<(String, Vec<(String, String)>)> {
    let within = condition.get("in")?;
    let what = within.get("left")?.get("Var")?.as_str()?;
    let right = within.get("right")?;
    let members = match right.get("Set") {
        Some(set) => set
            .as_array()?
            .iter()
            .map(|one| uid(one.get("Value")?))
            .collect::<Option<Vec<_>>>()?,
        None => vec![uid(right.get("Value")?)?],
    };
    (!members.is_empty()).then(|| (what.to_owned(), members))
}

/// `principal in [Member::…] || principal in [Agent::…]`, the same people on both sides: who they are.
fn in_person_or_by_agent(condition: &Value) -> Option<Vec<String>> {
    let sides = condition.get("||")?;
    let side = |name: &str, kind: &str| {
        let (what, members) = group(sides.get(name)?)?;
        let of_kind = what == "principal" && members.iter().all(|(own, _)| own == kind);
        of_kind.then(|| members.into_iter().map(|(_, id)| id).collect::<Vec<_>>())
    };
    let (members, agents) = (side("left", "Member")?, side("right", "Agent")?);
    (members == agents).then_some(members)
}

/// An entity's kind and identifier, with Cedar's escape around it or without.
fn uid(value: &Value) -> Option<(String, String)> {
    let entity = value.get("__entity").unwrap_or(value);
    let word = |name: &str| entity.get(name).and_then(Value::as_str).map(str::to_owned);
    Some((word("type")?, word("id")?))
}

/// A rule as conditions that all have to hold.
struct Conditions {
    by_agent: Option<bool>,
    /// None means any.
    classes: Vec<ActionClass>,
    /// Cedar's own JSON form of expressions.
    all: Vec<Value>,
}

impl Conditions {
    fn of(policy: &Policy) -> Result<Self, String> {
        let json = policy
            .to_json()
            .map_err(|error| format!("It cannot be taken apart ({error})."))?;
        let mut own = Self {
            by_agent: None,
            classes: Vec::new(),
            all: Vec::new(),
        };
        let scope = |name: &str| json.get(name).cloned().unwrap_or_default();
        own.principal(&scope("principal"))?;
        own.action(&scope("action"))?;
        own.resource(&scope("resource"))?;
        for clause in json.get("conditions").and_then(Value::as_array).into_iter().flatten() {
            let body = clause.get("body").cloned().unwrap_or_default();
            match clause.get("kind").and_then(Value::as_str) {
                Some("unless") => own.all.push(serde_json::json!({ "!": { "arg": body } })),
                _ => split(body, &mut own.all),
            }
        }
        Ok(own)
    }

    fn principal(&mut self, scope: &Value) -> Result<(), String> {
        match scope.get("entity_type").and_then(Value::as_str) {
            None => {}
            Some("Agent") => self.by_agent = Some(true),
            Some("Member") => self.by_agent = Some(false),
            Some(other) => return Err(format!("It is for {other} only, for which the form has no field.")),
        }
        self.within("principal", scope)
    }

    fn resource(&mut self, scope: &Value) -> Result<(), String> {
        match scope.get("entity_type").and_then(Value::as_str) {
            // All are.
            None | Some("Endpoint") => self.within("resource", scope),
            Some(other) => Err(format!("It is for {other} only, for which the form has no field.")),
        }
    }

    /// What stands in the head of a rule, as a condition. Nothing is in one endpoint or person but these themselves, so `==` says the same.
    fn within(&mut self, what: &str, scope: &Value) -> Result<(), String> {
        let inner = scope.get("in").unwrap_or(scope);
        let Some(entity) = inner.get("entity") else {
            return Ok(());
        };
        let (kind, _) = uid(entity).ok_or("Its head cannot be taken apart.")?;
        let is_equal = scope.get("op").and_then(Value::as_str) == Some("==");
        if is_equal && !["Endpoint", "Member", "Agent"].contains(&kind.as_str()) {
            return Err(format!("Its head asks for one {kind} itself, which no action has."));
        }
        self.all.push(serde_json::json!({
            "in": { "left": { "Var": what }, "right": { "Value": { "__entity": entity } } }
        }));
        Ok(())
    }

    fn action(&mut self, scope: &Value) -> Result<(), String> {
        let one = scope.get("entity").into_iter();
        let several = scope.get("entities").and_then(Value::as_array).into_iter().flatten();
        self.classes = one
            .chain(several)
            .map(class)
            .collect::<Option<_>>()
            .ok_or("It names an action that is no class of actions.")?;
        match scope.get("op").and_then(Value::as_str) {
            Some("in") if self.classes.is_empty() => Err("It names no action at all.".to_owned()),
            _ => Ok(()),
        }
    }

    /// Takes out what these hours come to; none when they are not there.
    fn take_window(&mut self, window: &caisey_ledger::consent::Window) -> Option<()> {
        let text = format!(
            "permit (principal, action, resource) when {{ {} }};",
            hours::condition(window)
        );
        let wanted = Self::of(&Policy::parse(None, text).ok()?).ok()?.all;
        for condition in wanted {
            let at = self.all.iter().position(|own| *own == condition)?;
            self.all.remove(at);
        }
        Some(())
    }
}

fn class(entity: &Value) -> Option<ActionClass> {
    let (_, id) = uid(entity)?;
    ActionClass::ALL.into_iter().find(|class| class.word() == id)
}

/// Both sides of every “and”.
fn split(mut body: Value, all: &mut Vec<Value>) {
    match body.get_mut("&&").map(Value::take) {
        Some(mut both) => {
            for side in ["left", "right"] {
                let side = both.get_mut(side).map(Value::take).unwrap_or_default();
                split(side, all);
            }
        }
        None => all.push(body),
    }
}
