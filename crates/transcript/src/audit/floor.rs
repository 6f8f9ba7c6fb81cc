//! Whether what ran reached the floors that its endpoint had said it holds to (docs/formats/consent.md).
//!
//! An endpoint that keeps its word refuses what does not, so a line that fails here is about an endpoint that did not, or a record that was made up.
//! What counts is what was answered and recorded, not what was asked for. A floor counts that was on record when the action was authorised, and
//! still was when it started: what is set later may have come too late for it, and the endpoint takes what ends a floor before what it lets run.

use super::Line;
use crate::excerpt::ProvedEntry;
use caisey_ledger::consent::{Assurance, Floor, Least};
use caisey_ledger::event::{Channel, Event};
use caisey_ledger::id::EndpointId;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};

/// What is wrong, in words; none when it reached them or there are none.
pub(super) fn below(line: &Line, endpoint: &EndpointId, entries: &[ProvedEntry]) -> Option<String> {
    let (started, class) = (line.started?, line.class.as_deref()?);
    let before = line.authorised.unwrap_or(started).seq;
    let (mut floors, still) = (in_force(entries, before), in_force(entries, started.seq));
    floors.retain(|name, floor| still.get(name) == Some(floor));
    let least = Least::of(floors.values(), endpoint, class)?;
    let channel: Channel = read(line.channel.as_deref()?)?;
    if least.excepts(channel) {
        return None;
    }
    let mut sure: BTreeSet<&str> = BTreeSet::new();
    if channel == Channel::Console {
        let counts = |answer: &&super::Answer| {
            answer.seq < started.seq
                && answer.decision == "approved"
                && answer.signed_by == "contact"
                && read::<Assurance>(&answer.assurance).is_some_and(|assurance| assurance >= least.assurance)
        };
        let members = line
            .answers
            .iter()
            .filter(counts)
            .filter_map(|answer| answer.member.as_deref());
        sure.extend(members.filter(|member| *member != line.requester));
    }
    if sure.len() as u64 >= u64::from(least.needed) {
        return None;
    }
    let found = match sure.len() {
        0 => "none".to_owned(),
        found => found.to_string(),
    };
    Some(format!(
        "The client’s contacts want at least {} for what is {class} (floor {}), and {found} such came before it ran.",
        least.in_words(),
        least.floors.join(", ")
    ))
}

/// Floors by name, as the endpoint had said before this place.
fn in_force(entries: &[ProvedEntry], before: u64) -> BTreeMap<&str, Floor> {
    let mut floors = BTreeMap::new();
    for proved in entries.iter().filter(|proved| proved.entry.seq.get() < before) {
        match &proved.event {
            Some(Event::ContactFloorSet {
                name,
                class,
                needed,
                assurance,
                except,
                ..
            }) => {
                let floor = Floor {
                    name: name.clone(),
                    endpoints: Vec::new(),
                    class: class.clone(),
                    needed: *needed,
                    assurance: *assurance,
                    except: except.clone(),
                };
                floors.insert(name.as_str(), floor);
            }
            Some(Event::ContactFloorEnded { name, .. }) => {
                floors.remove(name.as_str());
            }
            _ => {}
        }
    }
    floors
}

/// A word as it stands in entries.
fn read<T: DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::from(word)).ok()
}
