//! What a client's contacts say for the client: a chain of signed statements, one after the other.

use super::fault::TrustFault;
use super::floor::Floor;
use super::hex;
use crate::canonical;
use crate::entry::StatementSignature;
use crate::event::Channel;
use crate::hash::{Hash, decode_base64, encode_base64};
use crate::id::{ClientId, DeviceId, EndpointId, MemberId, OrganisationId, TimeMs};
use crate::signature::Key;
use ed25519_dalek::{Signer, SigningKey};
use serde::{Deserialize, Serialize};

/// What goes before a contact statement's canonical bytes when it is signed: this line and a line feed.
pub const CONTACT_CONTEXT: &str = "caisey.consent.contact/v1\n";

/// `previous` of a chain's first statement.
pub const CHAIN_START: &str = "0000000000000000000000000000000000000000000000000000000000000000";

const DAY_MINUTES: u32 = 1_440;

/// When in a week something is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Days on which it begins: bit 0 is Monday, bit 6 Sunday; 1 to 127.
    pub days: u32,
    /// First minute of the day, 0 to 1439, by the local clock.
    pub from_minute: u32,
    /// First minute after it, 1 to 1440; not after `from_minute` means that it reaches into the next day.
    pub to_minute: u32,
    /// Minutes that the local clock is ahead of UTC, −840 to 840. Summer time needs a statement of its own.
    pub utc_offset_minutes: i32,
}

impl Window {
    /// Whether its numbers make sense.
    pub fn is_sound(&self) -> bool {
        (1..=127).contains(&self.days)
            && self.from_minute < DAY_MINUTES
            && (1..=DAY_MINUTES).contains(&self.to_minute)
            && (-840..=840).contains(&self.utc_offset_minutes)
    }

    /// Whether the time lies within it.
    pub fn holds(&self, time: TimeMs) -> bool {
        let minutes = i64::try_from(time.get() / 60_000).unwrap_or(i64::MAX / 2) + i64::from(self.utc_offset_minutes);
        // 1970-01-01 was a Thursday.
        let day = minutes.div_euclid(i64::from(DAY_MINUTES)) + 3;
        let minute = u32::try_from(minutes.rem_euclid(i64::from(DAY_MINUTES))).unwrap_or(0);
        let begins_on = |day: i64| self.days & (1 << u32::try_from(day.rem_euclid(7)).unwrap_or(0)) != 0;
        if self.from_minute < self.to_minute {
            begins_on(day) && (self.from_minute..self.to_minute).contains(&minute)
        } else {
            (begins_on(day) && minute >= self.from_minute) || (begins_on(day - 1) && minute < self.to_minute)
        }
    }
}

/// Whether something that contacts said can be called this: 1 to 64 of `a`–`z`, `0`–`9`, `-`.
pub(super) fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(plain)
}

/// What a contact allows beforehand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreAuthorisation {
    /// Its name: 1 to 64 of `a`–`z`, `0`–`9`, `-`.
    pub name: String,
    /// Which endpoints; none named means all of the client.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<EndpointId>,
    /// Which classes of action: `changing`, `destructive`, `opaque`. At least one, in ascending order.
    pub classes: Vec<String>,
    /// Which of the control plane's own words is good enough for these actions: `policy` (nobody is asked), `email` (somebody answered by
    /// e-mail) or `break_glass` (the technician declared an emergency).
    pub channel: Channel,
    /// When in the week; absent means always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// From when on.
    pub from_ms: TimeMs,
    /// Until when, exclusive. There is no pre-authorisation without an end.
    pub until_ms: TimeMs,
}

impl PreAuthorisation {
    /// Whether it says something that can be kept.
    ///
    /// # Errors
    /// What makes no sense in it.
    pub fn check(&self) -> Result<(), TrustFault> {
        let known = ["changing", "destructive", "opaque"];
        let ascending = |classes: &[String]| classes.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
        let problems = [
            (
                !is_name(&self.name),
                "a pre-authorisation's name is 1 to 64 small letters, digits and hyphens",
            ),
            (
                self.classes.is_empty()
                    || !ascending(&self.classes)
                    || !self.classes.iter().all(|class| known.contains(&class.as_str())),
                "a pre-authorisation names classes of action in order: changing, destructive, opaque",
            ),
            (
                !matches!(self.channel, Channel::Policy | Channel::Email | Channel::BreakGlass),
                "a pre-authorisation is for the channel policy, email or break_glass",
            ),
            (
                self.window.as_ref().is_some_and(|window| !window.is_sound()),
                "a pre-authorisation's window has days 1 to 127, minutes within a day and an offset within 14 hours",
            ),
            (self.from_ms >= self.until_ms, "a pre-authorisation ends after it begins"),
            (self.endpoints.len() > 256, "a pre-authorisation names at most 256 endpoints"),
        ];
        problems
            .into_iter()
            .find(|(wrong, _)| *wrong)
            .map_or(Ok(()), |(_, what)| Err(TrustFault::Senseless(what)))
    }

    /// Whether it covers an action of this class on this endpoint at this time.
    pub fn covers(&self, endpoint: &EndpointId, class: &str, channel: Channel, now: TimeMs) -> bool {
        self.channel == channel
            && (self.endpoints.is_empty() || self.endpoints.contains(endpoint))
            && self.classes.iter().any(|allowed| allowed == class)
            && (self.from_ms..self.until_ms).contains(&now)
            && self.window.as_ref().is_none_or(|window| window.holds(now))
    }
}

/// One thing that a contact says for the client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "facts", deny_unknown_fields)]
pub enum ContactSaid {
    /// From here on this key, too, speaks for the client. A chain begins with the first contact introducing their own key.
    #[serde(rename = "key.introduced")]
    KeyIntroduced {
        /// Whose.
        member: MemberId,
        /// The console that holds it.
        device: DeviceId,
        /// Ed25519 public key, 32 bytes, standard base64.
        key: String,
    },
    /// From here on the device's key does not count, nor do pre-authorisations that it signed.
    #[serde(rename = "key.revoked")]
    KeyRevoked {
        /// Which device.
        device: DeviceId,
    },
    /// Something is allowed without asking.
    #[serde(rename = "pre_authorisation.granted")]
    PreAuthorisationGranted(PreAuthorisation),
    /// It is no longer.
    #[serde(rename = "pre_authorisation.withdrawn")]
    PreAuthorisationWithdrawn {
        /// Which, by name.
        name: String,
    },
    /// The client has read and agreed to a version of a policy.
    #[serde(rename = "policy.agreed")]
    PolicyAgreed {
        /// Which policy, by name.
        policy: String,
        /// Its version.
        version: u64,
        /// SHA-256 of the version's text, lower-case hexadecimal.
        digest: String,
    },
    /// Answers have to be at least this; replaces a floor of the same name.
    #[serde(rename = "floor.set")]
    FloorSet(Floor),
    /// They no longer have to.
    #[serde(rename = "floor.withdrawn")]
    FloorWithdrawn {
        /// Which, by name.
        name: String,
    },
}

/// A contact's statement in its place in the client's chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactStatement {
    /// Always [`super::CONSENT_VERSION`].
    pub v: u32,
    /// The organisation that works for the client.
    pub organisation: OrganisationId,
    /// The client.
    pub client: ClientId,
    /// Place in the chain, dense from 1.
    pub number: u64,
    /// [`digest_of`] the statement before, or [`CHAIN_START`].
    pub previous: String,
    /// When, by the contact's clock.
    pub at_ms: TimeMs,
    /// Who says it.
    pub member: MemberId,
    /// The console whose key signs it.
    pub device: DeviceId,
    /// What.
    pub says: ContactSaid,
}

/// A contact's statement, signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedContactStatement {
    /// What is said.
    pub statement: ContactStatement,
    /// By whom.
    pub signature: StatementSignature,
}

fn signing_bytes(statement: &ContactStatement) -> Result<Vec<u8>, TrustFault> {
    let json = canonical::to_string(statement).map_err(|_| TrustFault::NotCanonical)?;
    canonical::check(&json).map_err(|_| TrustFault::NotCanonical)?;
    Ok([CONTACT_CONTEXT, &json].concat().into_bytes())
}

/// What the next statement names as `previous`: SHA-256 of [`CONTACT_CONTEXT`] and the statement's canonical JSON, lower-case hexadecimal.
///
/// # Errors
/// When it has no canonical form.
pub fn digest_of(statement: &ContactStatement) -> Result<String, TrustFault> {
    Ok(hex(Hash::of(&signing_bytes(statement)?)))
}

impl ContactStatement {
    /// Signs it with the contact's device key.
    ///
    /// # Errors
    /// When it has no canonical form.
    pub fn sign(self, key: &SigningKey) -> Result<SignedContactStatement, TrustFault> {
        let signature = key.sign(&signing_bytes(&self)?).to_bytes();
        Ok(SignedContactStatement {
            signature: StatementSignature {
                key: encode_base64(key.verifying_key().as_bytes(), &mut [0; 44]).to_owned(),
                sig: encode_base64(&signature, &mut [0; 88]).to_owned(),
            },
            statement: self,
        })
    }
}

impl SignedContactStatement {
    /// Whether the key that it names signed exactly this. Whether that key counts, only the chain knows.
    ///
    /// # Errors
    /// When it does not hold.
    pub fn verify(&self) -> Result<(), TrustFault> {
        let key = Key::from_base64(&self.signature.key).ok_or(TrustFault::BadSignature)?;
        let signature = decode_base64(&self.signature.sig).ok_or(TrustFault::BadSignature)?;
        if key.verify(&[&signing_bytes(&self.statement)?], &signature) {
            Ok(())
        } else {
            Err(TrustFault::BadSignature)
        }
    }
}
