//! Whose key is it? Keys of people's consoles, as proved entries introduce them; nobody's word is taken for it.

use crate::excerpt::{Proved, ProvedEntry};
use caisey_ledger::disclosure::{Disclosure, Piece};
use caisey_ledger::entry::Actor;
use caisey_ledger::event::Event;
use caisey_ledger::id::{DeviceId, MemberId, Seq};
use std::collections::HashMap;

/// A key that a proved entry introduces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntroducedKey {
    /// Whose.
    pub member: MemberId,
    /// The console that holds it.
    pub device: DeviceId,
    /// Ed25519 public key, standard base64.
    pub key: String,
    /// The role that the identity provider vouched for then.
    pub role: String,
    /// Origin of the log that introduces it.
    pub log: String,
    /// The entry.
    pub seq: Seq,
}

/// All keys and names that proved entries tell.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    keys: Vec<IntroducedKey>,
    names: HashMap<String, String>,
}

impl Keys {
    /// Learns from proved entries.
    pub fn of(parts: &[Proved]) -> Self {
        let mut all = Self::default();
        for part in parts {
            for proved in &part.entries {
                all.learn(&part.checkpoint.origin, proved);
            }
        }
        all
    }

    fn learn(&mut self, log: &str, proved: &ProvedEntry) {
        let Some((member, device, key, role)) = introduction(proved) else {
            if let Some(Event::EndpointEnrolled { .. }) = proved.event
                && let (Some(name), Some(endpoint)) = (shown(proved, "hostname"), log.rsplit('/').next())
            {
                self.names.insert(endpoint.to_owned(), name);
            }
            return;
        };
        if let Some(name) = shown(proved, "name") {
            self.names.insert(member.to_string(), name);
        }
        self.keys.push(IntroducedKey {
            member,
            device,
            key,
            role,
            log: log.to_owned(),
            seq: proved.entry.seq,
        });
    }

    /// The introduction of exactly this key for exactly this person and console.
    pub fn find(&self, member: &MemberId, device: &DeviceId, key: &str) -> Option<&IntroducedKey> {
        self.keys
            .iter()
            .rev()
            .find(|known| known.member == *member && known.device == *device && known.key == key)
    }

    /// Names of people and endpoints by identifier, as far as they are shown.
    pub fn names(&self) -> &HashMap<String, String> {
        &self.names
    }
}

fn introduction(proved: &ProvedEntry) -> Option<(MemberId, DeviceId, String, String)> {
    if let Some(Event::KeyIntroduced {
        member,
        device,
        key,
        role,
    }) = &proved.event
    {
        return Some((member.clone(), device.clone(), key.clone(), role.clone()));
    }
    // The organisation's own log has kinds that entries of endpoints do not have (docs/formats/admin-log.md).
    let statement = &proved.entry.statement;
    if statement.kind != "device.registered" || statement.actor != (Actor::Control {}) {
        return None;
    }
    let fact = |name: &str| statement.facts.get(name).and_then(|value| value.as_str());
    Some((
        fact("member")?.parse().ok()?,
        fact("device")?.parse().ok()?,
        fact("key")?.to_owned(),
        fact("role")?.to_owned(),
    ))
}

/// A text as far as it is shown, hidden ranges by their pseudonyms; none when nothing is.
pub(crate) fn shown(proved: &ProvedEntry, name: &str) -> Option<String> {
    let commitment = proved.entry.statement.texts.get(name)?;
    let pieces = proved.disclosures.get(name)?.verify(commitment).ok()?;
    text_of(&pieces)
}

/// Pieces as one text; none for an erased one.
fn text_of(pieces: &[Piece<'_>]) -> Option<String> {
    let mut out = String::new();
    for piece in pieces {
        match piece {
            Piece::Shown(text) => out.push_str(text),
            Piece::Hidden { label, .. } => {
                let name = if label.pseudonym.is_empty() {
                    &label.class
                } else {
                    &label.pseudonym
                };
                out.push_str(&format!("‹{name}›"));
            }
            Piece::Erased => return None,
        }
    }
    Some(out)
}

/// Whether the whole text is shown.
pub(crate) fn is_full(disclosure: Option<&Disclosure>) -> bool {
    matches!(disclosure, Some(Disclosure::Full { .. }))
}
