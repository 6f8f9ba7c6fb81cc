//! Who signed which entries: each with the keys that the log introduced for them.

use super::checks::weigh;
use caisey_ledger::entry::{self, Actor};
use caisey_transcript::finding::Findings;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn check(found: &mut Findings, entries: &[&entry::Entry]) {
    let introduced = introductions(entries);
    let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entry in entries {
        if let (Some(signature), Some(author)) = (&entry.signature, author(&entry.statement.actor)) {
            keys.entry(author).or_default().insert(signature.key.clone());
        }
    }
    let mut failures = Vec::new();
    let mut unknown: BTreeSet<String> = BTreeSet::new();
    for (author, keys) in &keys {
        let known: Vec<&String> = introduced
            .iter()
            .filter(|(who, _)| who == author)
            .map(|(_, key)| key)
            .collect();
        for key in keys {
            if known.is_empty() {
                unknown.insert(author.clone());
            } else if !known.contains(&key) {
                failures.push(format!(
                    "{author} signed with a key that the log never introduced for them: {key}"
                ));
            }
        }
        if known.is_empty() && keys.len() > 1 {
            failures.push(format!("{author} signed with {} different keys", keys.len()));
        }
    }
    if unknown.len() < keys.len() || !failures.is_empty() {
        let by = keys.len() - unknown.len();
        weigh(
            found,
            format!(
                "{by} of {} signers' keys are introduced by entries in this file, and each signed with theirs only.",
                keys.len()
            ),
            failures,
        );
    }
    if !unknown.is_empty() {
        found.note(
            "record",
            format!(
                "The entries that introduce these signers' keys are not in this file: {}",
                unknown.into_iter().collect::<Vec<_>>().join(", ")
            ),
        );
    }
}

/// Whose keys these entries introduce, and the keys.
pub(super) fn introductions(entries: &[&entry::Entry]) -> BTreeSet<(String, String)> {
    entries.iter().filter_map(|entry| introduction(entry)).collect()
}

/// Whose key an entry introduces, and the key.
fn introduction(entry: &entry::Entry) -> Option<(String, String)> {
    let fact = |name: &str| {
        entry
            .statement
            .facts
            .get(name)
            .and_then(|value| value.as_str())
            .map(str::to_owned)
    };
    match entry.statement.kind.as_str() {
        "key.introduced" => Some((fact("device")?, fact("key")?)),
        // The last part of a log's origin is its endpoint.
        "endpoint.enrolled" => Some((entry.statement.log.rsplit('/').next()?.to_owned(), fact("key")?)),
        _ => None,
    }
}

fn author(actor: &Actor) -> Option<String> {
    match actor {
        Actor::Control {} => None,
        Actor::Endpoint { id } => Some(id.to_string()),
        Actor::Member { device, .. } | Actor::Contact { device, .. } | Actor::Agent { device, .. } => Some(device.to_string()),
    }
}
