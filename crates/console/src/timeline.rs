//! From stored entry to what the timeline shows.

use crate::cache::log::LogRow;
use crate::headline::{Quoted, headline};
use crate::view::{TextView, TimelineItem, Verification};
use crate::visible::{marked_line, segments_if_needed};
use caisey_ledger::disclosure::Disclosure;
use caisey_ledger::entry::{Actor, Entry};
use caisey_ledger::event::Event;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

/// How far an entry of this log has been checked.
pub fn verification(log: &LogRow, seq: u64, fault: Option<&str>) -> Verification {
    if fault.is_some() || log.broken_from.is_some_and(|from| seq >= from) {
        Verification::Broken
    } else if seq < log.verified_size {
        Verification::Verified
    } else {
        Verification::Unverified
    }
}

/// The view of a stored entry. A leaf that cannot be read is shown as broken, never left out.
pub fn item(
    log: &LogRow,
    seq: u64,
    leaf: &str,
    disclosures: &BTreeMap<String, Disclosure>,
    fault: Option<String>,
    people: &HashMap<String, String>,
) -> TimelineItem {
    let verification = verification(log, seq, fault.as_deref());
    let Ok(entry) = serde_json::from_str::<Entry>(leaf) else {
        return unreadable(log, seq, fault);
    };
    let statement = &entry.statement;
    let event = Event::from_parts(&statement.kind, &statement.facts).ok().flatten();
    let texts = texts(&entry, disclosures);
    let (actor_kind, actor_name) = actor(&statement.actor, log, people);
    let stream = match &event {
        Some(Event::CommandOutput { stream, .. } | Event::CommandOutputOmitted { stream, .. }) => serde_json::to_value(stream)
            .ok()
            .and_then(|value| value.as_str().map(str::to_owned)),
        _ => None,
    };
    let exit_code = match &event {
        Some(Event::CommandFinished { exit_code, .. }) => *exit_code,
        _ => None,
    };
    let fault = fault.or_else(|| {
        log.broken_from
            .filter(|from| seq >= *from)
            .map(|from| format!("The log cannot be relied on from entry {from} on; see the notice for this endpoint."))
    });
    TimelineItem {
        endpoint: log.endpoint.clone(),
        seq,
        time_ms: entry.time_ms.get(),
        kind: marked_line(&statement.kind),
        actor_kind: actor_kind.to_owned(),
        headline: headline(
            &statement.kind,
            event.as_ref(),
            &actor_name,
            &|name| quoted(&texts, name),
            people,
        ),
        actor_name,
        session: statement.session.as_ref().map(ToString::to_string),
        action: statement.action.as_ref().map(ToString::to_string),
        stream,
        exit_code,
        facts: statement.facts.clone(),
        texts,
        verification,
        fault,
    }
}

fn quoted<'a>(texts: &'a [TextView], name: &str) -> Quoted<'a> {
    match texts.iter().find(|text| text.name == name) {
        None => Quoted::Absent,
        Some(view) => view
            .text
            .as_deref()
            .map_or(Quoted::Withheld, |text| Quoted::Shown(Cow::Borrowed(text))),
    }
}

fn texts(entry: &Entry, disclosures: &BTreeMap<String, Disclosure>) -> Vec<TextView> {
    let view = |name: &String| {
        let text = disclosures.get(name).and_then(Disclosure::full_text).map(str::to_owned);
        TextView {
            name: name.clone(),
            segments: text.as_deref().and_then(segments_if_needed),
            text,
        }
    };
    entry.statement.texts.keys().map(view).collect()
}

fn actor(actor: &Actor, log: &LogRow, people: &HashMap<String, String>) -> (&'static str, String) {
    let person = |id: &str| marked_line(people.get(id).map_or(id, String::as_str));
    match actor {
        Actor::Control {} => ("control", "Control plane".to_owned()),
        Actor::Endpoint { .. } => ("endpoint", marked_line(&log.hostname)),
        Actor::Member { id, .. } => ("member", person(id.as_str())),
        Actor::Contact { id, .. } => ("contact", person(id.as_str())),
        Actor::Agent { on_behalf_of, .. } => ("agent", format!("Agent of {}", person(on_behalf_of.as_str()))),
    }
}

fn unreadable(log: &LogRow, seq: u64, fault: Option<String>) -> TimelineItem {
    TimelineItem {
        endpoint: log.endpoint.clone(),
        seq,
        time_ms: 0,
        kind: "unreadable".to_owned(),
        actor_kind: "control".to_owned(),
        actor_name: "Unknown".to_owned(),
        headline: "An entry that cannot be read".to_owned(),
        session: None,
        action: None,
        stream: None,
        exit_code: None,
        facts: serde_json::Map::new(),
        texts: Vec::new(),
        verification: Verification::Broken,
        fault: Some(fault.unwrap_or_else(|| "The stored bytes are not an entry.".to_owned())),
    }
}
