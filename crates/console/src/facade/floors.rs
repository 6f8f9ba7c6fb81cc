//! The least that a contact lets answers be: setting a floor, taking it away, and what is in force (docs/formats/consent.md, `floor.set`).
//!
//! Promises: what nobody could ever reach is not signed; what is shown is what the chain that holds comes to.

use super::Console;
use crate::error::ConsoleError;
use crate::view::{FloorRow, NewFloor, SpeakersView};
use crate::visible::marked_line;
use caisey_ledger::consent::{Assurance, ContactSaid, Floor, SignedContactStatement, Trust};
use caisey_ledger::event::Channel;
use caisey_ledger::id::EndpointId;
use std::collections::{BTreeSet, HashMap};

impl Console {
    /// Sets a floor, or changes the one of this name.
    ///
    /// # Errors
    /// Something that makes no sense, more people than speak for the client, a chain that does not hold, not signed in, control plane
    /// unreachable or refusing.
    pub async fn set_floor(&self, new: NewFloor) -> Result<SpeakersView, ConsoleError> {
        let floor = floor(new)?;
        floor.check().map_err(|fault| ConsoleError::Invalid(fault.to_string()))?;
        self.say_for_client(move |_, trust| {
            reachable(&floor, trust)?;
            Ok(ContactSaid::FloorSet(floor))
        })
        .await
    }

    /// Takes a floor away: from then on answers have to be what policies ask for.
    ///
    /// # Errors
    /// Unknown name, a chain that does not hold, not signed in, control plane unreachable or refusing.
    pub async fn withdraw_floor(&self, name: &str) -> Result<SpeakersView, ConsoleError> {
        let name = name.to_owned();
        self.say_for_client(move |_, _| Ok(ContactSaid::FloorWithdrawn { name }))
            .await
    }
}

/// Requests that ask for more people than there are can only lapse.
fn reachable(floor: &Floor, trust: &Trust) -> Result<(), ConsoleError> {
    let people: BTreeSet<_> = trust.keys().map(|key| &key.member).collect();
    let people = people.len();
    if usize::try_from(floor.needed).is_ok_and(|needed| needed <= people) {
        return Ok(());
    }
    let speak = if people == 1 {
        "1 person speaks".to_owned()
    } else {
        format!("{people} people speak")
    };
    Err(ConsoleError::Invalid(format!(
        "Only {speak} for the client, so nobody could reach a floor of {}. Introduce more contacts first, or ask for fewer people.",
        floor.needed
    )))
}

fn floor(new: NewFloor) -> Result<Floor, ConsoleError> {
    let endpoints = new.endpoints.iter().map(|endpoint| super::work::endpoint_id(endpoint));
    let mut channels = new.except;
    channels.sort();
    channels.dedup();
    let channel = |name: &String| {
        let read = serde_json::from_value::<Channel>(serde_json::Value::String(name.clone()));
        read.map_err(|_| ConsoleError::Invalid(format!("There is no way called {}.", marked_line(name))))
    };
    Ok(Floor {
        name: new.name.trim().to_owned(),
        endpoints: endpoints.collect::<Result<_, _>>()?,
        class: new.class,
        needed: new.needed,
        assurance: if new.number { Assurance::Number } else { Assurance::Signed },
        except: channels.iter().map(channel).collect::<Result<_, _>>()?,
    })
}

/// What is in force. `names` are endpoints', `person` gives people's.
pub(super) fn rows(
    trust: &Trust,
    chain: &[SignedContactStatement],
    names: &HashMap<String, String>,
    person: impl Fn(&str) -> String,
) -> Vec<FloorRow> {
    let row = |(floor, number): (&Floor, u64)| {
        let signed = chain.iter().find(|signed| signed.statement.number == number);
        let word = |channel: &Channel| serde_json::to_value(channel).ok()?.as_str().map(str::to_owned);
        let name = |endpoint: &EndpointId| names.get(endpoint.as_str()).cloned().unwrap_or_else(|| endpoint.to_string());
        FloorRow {
            name: marked_line(&floor.name),
            endpoints: floor.endpoints.iter().map(name).collect(),
            class: floor.class.clone(),
            needed: floor.needed,
            number: floor.assurance == Assurance::Number,
            except: floor.except.iter().filter_map(word).collect(),
            set_by: signed
                .map(|signed| person(signed.statement.member.as_str()))
                .unwrap_or_default(),
            set_at_ms: signed.map_or(0, |signed| signed.statement.at_ms.get()),
        }
    };
    trust.floors().map(row).collect()
}
