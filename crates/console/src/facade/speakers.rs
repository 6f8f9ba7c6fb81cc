//! Who speaks for a client: keys that count, keys that wait, and what is allowed beforehand. ([`super::floors`] has the least that answers have to be.)
//!
//! Promises: a chain that does not hold, or does not continue the one that this console saw before, is shown as broken and nothing is said in it; what is
//! said is signed with this console's key. The first contact of a client introduces their own key as soon as they are signed in: there is
//! nobody yet who could do it for them.

use super::{Console, Device, floors};
use crate::cache::{approvals, log, session};
use crate::error::ConsoleError;
use crate::sync::engine::Engine;
use crate::view::{NewStanding, SpeakerRow, SpeakersView, StandingRow};
use crate::visible::marked_line;
use caisey_ledger::consent::{
    CONSENT_VERSION, ContactSaid, ContactStatement, PreAuthorisation, SignedContactStatement, Trust, TrustFault, Window,
};
use caisey_ledger::hash::Hash;
use caisey_ledger::id::{ClientId, DeviceId, EndpointId, TimeMs};
use caisey_protocol::PROTOCOL_VERSION;
use caisey_protocol::consent::{ContactChain, ContactKeyView, ContactSays};
use caisey_protocol::role::Role;
use std::collections::HashMap;
use std::sync::Arc;

/// Characters of a key's digest that people compare.
const FINGERPRINT: usize = 20;

impl Console {
    /// Who speaks for a client; of a contact the own one when none is named.
    ///
    /// # Errors
    /// Not signed in, control plane unreachable or refusing.
    pub async fn speakers(&self, client: Option<&str>) -> Result<SpeakersView, ConsoleError> {
        let (engine, device) = (self.inner.engine()?, self.inner.device()?);
        let client = client_of(&device, client)?;
        let chain = engine.api.contacts(&client).await?;
        self.speakers_of(&engine, &device, chain).await
    }

    /// Introduces the key of another contact's console: from then on it speaks for the client, too.
    ///
    /// # Errors
    /// Unknown console, a chain that does not hold, not signed in, control plane unreachable or refusing.
    pub async fn introduce(&self, device: &str) -> Result<SpeakersView, ConsoleError> {
        let wanted = device.to_owned();
        self.say_for_client(move |chain, _| {
            let waits = chain.waiting.iter().find(|key| key.device.as_str() == wanted);
            let key = waits.ok_or_else(|| unknown_console(&wanted))?;
            Ok(ContactSaid::KeyIntroduced {
                member: key.member.clone(),
                device: key.device.clone(),
                key: key.key.clone(),
            })
        })
        .await
    }

    /// Takes a key out: it no longer speaks for the client, and what it allowed beforehand no longer counts.
    ///
    /// # Errors
    /// Unknown console, the last key, a chain that does not hold, not signed in, control plane unreachable or refusing.
    pub async fn revoke_speaker(&self, device: &str) -> Result<SpeakersView, ConsoleError> {
        let device: DeviceId = device.parse().map_err(|_| unknown_console(device))?;
        self.say_for_client(move |_, _| Ok(ContactSaid::KeyRevoked { device })).await
    }

    /// Allows something beforehand, or changes what is allowed under this name.
    ///
    /// # Errors
    /// Something that makes no sense, a chain that does not hold, not signed in, control plane unreachable or refusing.
    pub async fn grant(&self, new: NewStanding) -> Result<SpeakersView, ConsoleError> {
        let granted = granted(new, self.inner.ports.clock.now_ms())?;
        granted.check().map_err(|fault| ConsoleError::Invalid(fault.to_string()))?;
        self.say_for_client(move |_, _| Ok(ContactSaid::PreAuthorisationGranted(granted)))
            .await
    }

    /// Takes back what was allowed beforehand.
    ///
    /// # Errors
    /// Unknown name, a chain that does not hold, not signed in, control plane unreachable or refusing.
    pub async fn take_back(&self, name: &str) -> Result<SpeakersView, ConsoleError> {
        let name = name.to_owned();
        self.say_for_client(move |_, _| Ok(ContactSaid::PreAuthorisationWithdrawn { name }))
            .await
    }

    pub(super) async fn say_for_client(
        &self,
        what: impl FnOnce(&ContactChain, &Trust) -> Result<ContactSaid, ConsoleError>,
    ) -> Result<SpeakersView, ConsoleError> {
        let chain = self.say_in_chain(what).await?;
        let (engine, device) = (self.inner.engine()?, self.inner.device()?);
        self.speakers_of(&engine, &device, chain).await
    }

    /// Signs the next statement of the own client's chain; the chain with it.
    pub(super) async fn say_in_chain(
        &self,
        what: impl FnOnce(&ContactChain, &Trust) -> Result<ContactSaid, ConsoleError>,
    ) -> Result<ContactChain, ConsoleError> {
        let (engine, device) = (self.inner.engine()?, self.inner.device()?);
        let chain = engine.api.contacts(&client_of(&device, None)?).await?;
        let trust = engine.held(&chain).await?.map_err(ConsoleError::Untrusted)?;
        if trust.key(&device.device).is_none() {
            return Err(ConsoleError::Invalid(
                "This console does not speak for the client yet, so nothing was said. Ask a contact whose console does to introduce it."
                    .to_owned(),
            ));
        }
        let says = what(&chain, &trust)?;
        engine.say_next(&trust, says).await
    }

    async fn speakers_of(&self, engine: &Engine, device: &Device, chain: ContactChain) -> Result<SpeakersView, ConsoleError> {
        let client = chain.client.to_string();
        let (people, rows) = self
            .inner
            .read(|cache| Ok((session::people(cache)?, log::all(cache)?)))
            .await?;
        let names: HashMap<String, String> = rows
            .iter()
            .map(|row| (row.endpoint.clone(), marked_line(&row.hostname)))
            .collect();
        let client_name = rows.iter().find(|row| row.client == client);
        let person = |member: &str| match people.get(member) {
            Some(name) => marked_line(name),
            None if member == device.member.as_str() => marked_line(&device.member_name),
            None => String::new(),
        };
        let speaker = |key: &ContactKeyView| SpeakerRow {
            device: key.device.to_string(),
            member: key.member.to_string(),
            name: person(key.member.as_str()),
            label: key.label.as_deref().map(marked_line).unwrap_or_default(),
            fingerprint: fingerprint(&key.key),
            this_console: key.device == device.device,
        };
        let held = engine.held(&chain).await?;
        let (standing, floors, keys, fault) = match &held {
            Ok(trust) => (
                trust
                    .standing()
                    .map(|(granted, _)| standing(granted, trust, &names))
                    .collect(),
                floors::rows(trust, &chain.statements, &names, person),
                chain.keys.iter().filter(|key| counts(trust, key)).map(speaker).collect(),
                None,
            ),
            Err(fault) => (Vec::new(), Vec::new(), Vec::new(), Some(fault.clone())),
        };
        Ok(SpeakersView {
            client_name: client_name.map(|row| marked_line(&row.client_name)).unwrap_or_default(),
            client,
            this_console: held.is_ok_and(|trust| trust.key(&device.device).is_some()),
            keys,
            waiting: chain.waiting.iter().map(speaker).collect(),
            standing,
            floors,
            fault,
        })
    }
}

impl Engine {
    /// Makes this console the client's first voice, when nobody has spoken for it.
    pub(crate) async fn speak_first(&self) {
        let (Role::Contact, Some(client)) = (self.device.role, self.device.client.clone()) else {
            return;
        };
        let spoken = async {
            let chain = self.api.contacts(&client).await?;
            match self.held(&chain).await? {
                Ok(trust) if !trust.is_pinned() => {
                    let says = ContactSaid::KeyIntroduced {
                        member: self.device.member.clone(),
                        device: self.device.device.clone(),
                        key: crate::facade::base64_of(self.device.key.verifying_key().as_bytes()),
                    };
                    self.say_next(&trust, says).await.map(drop)
                }
                _ => Ok(()),
            }
        };
        if let Err(error) = spoken.await {
            // Somebody else may have been first; the next connection looks again.
            tracing::debug!(error = crate::sync::witness::chain(&error), "this console was not introduced");
        }
    }

    /// What a chain comes to, when it holds and continues what was seen before; else why not. What holds is kept.
    pub(super) async fn held(&self, chain: &ContactChain) -> Result<Result<Trust, String>, ConsoleError> {
        let (organisation, client) = (self.device.organisation.clone(), chain.client.clone());
        let statements = chain.statements.clone();
        self.with_cache(move |cache| {
            cache.write(|tx| {
                let known = approvals::chain(tx, client.as_str())?;
                if !continues(&known, &statements) {
                    return Ok(Err(
                        "The control plane shows another list of who speaks for the client than the one that this console saw before. \
                         Nothing is signed in it. Ask your provider, and do not approve anything until this is explained."
                            .to_owned(),
                    ));
                }
                match Trust::replay(&organisation, &client, &statements) {
                    Ok(trust) => {
                        approvals::put_chain(tx, client.as_str(), &statements)?;
                        Ok(Ok(trust))
                    }
                    Err(fault) => Ok(Err(broken(&fault))),
                }
            })
        })
        .await
    }

    async fn say_next(&self, trust: &Trust, says: ContactSaid) -> Result<ContactChain, ConsoleError> {
        let statement = ContactStatement {
            v: CONSENT_VERSION,
            organisation: self.device.organisation.clone(),
            client: trust.client().clone(),
            number: trust.number() + 1,
            previous: trust.head().to_owned(),
            at_ms: TimeMs::new(self.ports.clock.now_ms()).unwrap_or_default(),
            member: self.device.member.clone(),
            device: self.device.device.clone(),
            says,
        };
        let statement = statement
            .sign(&self.device.key)
            .map_err(|fault| ConsoleError::Invalid(fault.to_string()))?;
        // What the endpoints would not believe is not said.
        trust
            .clone()
            .apply(&statement)
            .map_err(|fault| ConsoleError::Invalid(fault.to_string()))?;
        let request = ContactSays {
            version: PROTOCOL_VERSION,
            statement,
        };
        Ok(self.api.contact_says(&request).await?)
    }
}

/// Nothing that was seen is missing or different.
fn continues(known: &[SignedContactStatement], shown: &[SignedContactStatement]) -> bool {
    known.len() <= shown.len() && known.iter().zip(shown).all(|(known, shown)| known == shown)
}

fn broken(fault: &TrustFault) -> String {
    format!("The list of who speaks for the client does not hold: {fault} Nothing is signed in it.")
}

fn counts(trust: &Trust, key: &ContactKeyView) -> bool {
    trust
        .key(&key.device)
        .is_some_and(|known| known.member == key.member && known.key == key.key)
}

pub(super) fn client_of(device: &Arc<Device>, named: Option<&str>) -> Result<ClientId, ConsoleError> {
    let own = device.client.clone();
    match named {
        None => {
            own.ok_or_else(|| ConsoleError::Invalid("Only a client’s contact speaks for a client. Name the client.".to_owned()))
        }
        Some(client) => client.parse().map_err(|_| ConsoleError::NotFound {
            what: "client",
            id: marked_line(client),
        }),
    }
}

fn unknown_console(device: &str) -> ConsoleError {
    ConsoleError::NotFound {
        what: "console",
        id: marked_line(device),
    }
}

fn fingerprint(key: &str) -> String {
    let digest = hex::encode(Hash::of(key.as_bytes()).0);
    let shown: Vec<String> = digest
        .chars()
        .take(FINGERPRINT)
        .collect::<Vec<_>>()
        .chunks(4)
        .map(|four| four.iter().collect())
        .collect();
    shown.join(" ")
}

fn granted(new: NewStanding, now_ms: u64) -> Result<PreAuthorisation, ConsoleError> {
    let endpoints = new.endpoints.iter().map(|endpoint| super::work::endpoint_id(endpoint));
    let channel = serde_json::from_value(serde_json::Value::String(new.channel.clone()));
    let mut classes = new.classes;
    classes.sort();
    classes.dedup();
    let too_late = || ConsoleError::Invalid("The end is beyond what can be told.".to_owned());
    Ok(PreAuthorisation {
        name: new.name.trim().to_owned(),
        endpoints: endpoints.collect::<Result<Vec<EndpointId>, _>>()?,
        classes,
        channel: channel.map_err(|_| ConsoleError::Invalid(format!("There is no way called {}.", marked_line(&new.channel))))?,
        window: new.days.map(|days| Window {
            days,
            from_minute: new.from_minute,
            to_minute: new.to_minute,
            utc_offset_minutes: new.utc_offset_minutes,
        }),
        from_ms: TimeMs::new(now_ms).unwrap_or_default(),
        until_ms: TimeMs::new(new.until_ms).ok_or_else(too_late)?,
    })
}

pub(super) fn standing(granted: &PreAuthorisation, trust: &Trust, names: &HashMap<String, String>) -> StandingRow {
    let name = |endpoint: &EndpointId| names.get(endpoint.as_str()).cloned().unwrap_or_else(|| endpoint.to_string());
    let window = granted.window.as_ref();
    StandingRow {
        name: marked_line(&granted.name),
        endpoints: granted.endpoints.iter().map(name).collect(),
        classes: granted.classes.clone(),
        channel: serde_json::to_value(granted.channel)
            .ok()
            .and_then(|value| value.as_str().map(str::to_owned))
            .unwrap_or_default(),
        days: window.map_or(127, |window| window.days),
        from_minute: window.map(|window| window.from_minute),
        to_minute: window.map(|window| window.to_minute),
        utc_offset_minutes: window.map_or(0, |window| window.utc_offset_minutes),
        from_ms: granted.from_ms.get(),
        until_ms: granted.until_ms.get(),
        held_by: trust
            .floors()
            .filter(|(floor, _)| floor.holds_back(granted))
            .map(|(floor, _)| marked_line(&floor.name))
            .collect(),
    }
}
