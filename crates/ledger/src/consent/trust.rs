//! What a client's chain of statements comes to: whose keys count, what is allowed beforehand and the least that answers have to be.

use super::CONSENT_VERSION;
use super::beforehand::Beforehand;
use super::contact::{CHAIN_START, ContactSaid, PreAuthorisation, SignedContactStatement, digest_of};
use super::fault::TrustFault;
use super::floor::{Floor, Least};
use crate::event::Channel;
use crate::id::{ClientId, DeviceId, EndpointId, MemberId, OrganisationId, TimeMs};
use crate::signature::Key;
use std::collections::BTreeMap;

/// A chain may have this many statements.
pub const MAX_CHAIN: usize = 4_096;

/// A key that speaks for the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactKey {
    /// Whose.
    pub member: MemberId,
    /// The console that holds it.
    pub device: DeviceId,
    /// Ed25519 public key, standard base64.
    pub key: String,
}

/// A pre-authorisation that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Standing {
    granted: PreAuthorisation,
    number: u64,
    signer: DeviceId,
}

/// What a chain comes to. Grows statement by statement; a statement that does not fit changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    organisation: OrganisationId,
    client: ClientId,
    number: u64,
    head: String,
    keys: BTreeMap<DeviceId, ContactKey>,
    standing: BTreeMap<String, Standing>,
    /// With the numbers of their statements. Whose key signed them is not kept: a floor does not fall with it.
    floors: BTreeMap<String, (Floor, u64)>,
}

impl Trust {
    /// A client for whom nobody has spoken yet.
    pub fn new(organisation: OrganisationId, client: ClientId) -> Self {
        Self {
            organisation,
            client,
            number: 0,
            head: CHAIN_START.to_owned(),
            keys: BTreeMap::new(),
            standing: BTreeMap::new(),
            floors: BTreeMap::new(),
        }
    }

    /// What a whole chain comes to.
    ///
    /// # Errors
    /// The first statement's that does not fit.
    pub fn replay<'a>(
        organisation: &OrganisationId,
        client: &ClientId,
        chain: impl IntoIterator<Item = &'a SignedContactStatement>,
    ) -> Result<Self, TrustFault> {
        let mut trust = Self::new(organisation.clone(), client.clone());
        for signed in chain {
            trust.apply(signed)?;
        }
        Ok(trust)
    }

    /// Whether anybody has spoken for the client, so that consent is needed here at all.
    pub fn is_pinned(&self) -> bool {
        self.number > 0
    }

    /// How many statements count.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// What the next statement names as `previous`.
    pub fn head(&self) -> &str {
        &self.head
    }

    /// The client.
    pub fn client(&self) -> &ClientId {
        &self.client
    }

    /// The keys that count.
    pub fn keys(&self) -> impl Iterator<Item = &ContactKey> {
        self.keys.values()
    }

    /// The key of a device, if it counts.
    pub fn key(&self, device: &DeviceId) -> Option<&ContactKey> {
        self.keys.get(device)
    }

    /// Pre-authorisations that stand, each with the number of its statement.
    pub fn standing(&self) -> impl Iterator<Item = (&PreAuthorisation, u64)> {
        self.standing
            .values()
            .filter(|standing| self.keys.contains_key(&standing.signer))
            .map(|standing| (&standing.granted, standing.number))
    }

    /// Floors that are in force, each with the number of its statement.
    pub fn floors(&self) -> impl Iterator<Item = (&Floor, u64)> {
        self.floors.values().map(|(floor, number)| (floor, *number))
    }

    /// The least that answers have to be for an action of this class on this endpoint; none where no floor holds.
    pub fn least(&self, endpoint: &EndpointId, class: &str) -> Option<Least> {
        Least::of(self.floors().map(|(floor, _)| floor), endpoint, class)
    }

    /// Whether something that was allowed beforehand lets the control plane's own word be enough.
    pub fn beforehand(&self, endpoint: &EndpointId, class: &str, channel: Channel, now: TimeMs) -> Beforehand<'_> {
        let floors = self.floors().map(|(floor, _)| floor);
        Beforehand::of(self.standing(), floors, endpoint, class, channel, now)
    }

    /// Takes the next statement.
    ///
    /// # Errors
    /// When it does not count; nothing has changed then.
    pub fn apply(&mut self, signed: &SignedContactStatement) -> Result<(), TrustFault> {
        let statement = &signed.statement;
        if statement.v != CONSENT_VERSION {
            return Err(TrustFault::Version { found: statement.v });
        }
        if statement.organisation != self.organisation || statement.client != self.client {
            return Err(TrustFault::OtherClient);
        }
        if statement.number != self.number + 1 || statement.previous != self.head {
            return Err(TrustFault::NotNext {
                found: statement.number,
                last: self.number,
            });
        }
        if usize::try_from(self.number).unwrap_or(usize::MAX) >= MAX_CHAIN {
            return Err(TrustFault::Full(MAX_CHAIN));
        }
        self.check_signer(signed)?;
        signed.verify()?;
        let head = digest_of(statement)?;
        self.follow(signed)?;
        self.number = statement.number;
        self.head = head;
        Ok(())
    }

    /// The signer is known, or this is the beginning and they introduce themselves.
    fn check_signer(&self, signed: &SignedContactStatement) -> Result<(), TrustFault> {
        let statement = &signed.statement;
        if self.number == 0 {
            let introduces_itself = matches!(&statement.says, ContactSaid::KeyIntroduced { member, device, key }
                if *member == statement.member && *device == statement.device && *key == signed.signature.key);
            return if introduces_itself {
                Ok(())
            } else {
                Err(TrustFault::NoBeginning)
            };
        }
        let known = self.keys.get(&statement.device);
        if known.is_some_and(|known| known.member == statement.member && known.key == signed.signature.key) {
            Ok(())
        } else {
            Err(TrustFault::UnknownKey {
                device: statement.device.clone(),
            })
        }
    }

    fn follow(&mut self, signed: &SignedContactStatement) -> Result<(), TrustFault> {
        match &signed.statement.says {
            ContactSaid::KeyIntroduced { member, device, key } => {
                let other = self
                    .keys
                    .values()
                    .any(|known| (known.device == *device) != (known.key == *key));
                let known = self.keys.get(device).is_some_and(|known| known.member != *member);
                if other || known || Key::from_base64(key).is_none() {
                    return Err(TrustFault::KeyConflict { device: device.clone() });
                }
                self.keys.insert(
                    device.clone(),
                    ContactKey {
                        member: member.clone(),
                        device: device.clone(),
                        key: key.clone(),
                    },
                );
            }
            ContactSaid::KeyRevoked { device } => {
                if !self.keys.contains_key(device) {
                    return Err(TrustFault::Senseless("the key that it revokes is not known"));
                }
                if self.keys.len() == 1 {
                    return Err(TrustFault::LastKey);
                }
                self.keys.remove(device);
            }
            ContactSaid::PreAuthorisationGranted(granted) => {
                granted.check()?;
                self.standing.insert(
                    granted.name.clone(),
                    Standing {
                        granted: granted.clone(),
                        number: signed.statement.number,
                        signer: signed.statement.device.clone(),
                    },
                );
            }
            ContactSaid::PreAuthorisationWithdrawn { name } => {
                if self.standing.remove(name).is_none() {
                    return Err(TrustFault::Senseless("the pre-authorisation that it withdraws is not known"));
                }
            }
            ContactSaid::PolicyAgreed { .. } => {}
            ContactSaid::FloorSet(floor) => {
                floor.check()?;
                self.floors
                    .insert(floor.name.clone(), (floor.clone(), signed.statement.number));
            }
            ContactSaid::FloorWithdrawn { name } => {
                if self.floors.remove(name).is_none() {
                    return Err(TrustFault::Senseless("the floor that it withdraws is not known"));
                }
            }
        }
        Ok(())
    }
}
