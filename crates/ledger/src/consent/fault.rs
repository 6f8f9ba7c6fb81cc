//! What can be wrong with a consent or with a client's chain of statements. Every one is a sentence that says what to do.

use super::floor::Least;
use crate::id::{DeviceId, MemberId};

/// Why an action may not run on this consent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConsentFault {
    /// The statement that is to be approved proposes nothing.
    #[error("The statement that was to be approved is not a proposal. Propose the action again.")]
    NotAProposal,
    /// It cannot be hashed.
    #[error("The request has no canonical form, so that nobody can sign it. Propose the action again.")]
    NotCanonical,
    /// Written by a program that is newer, or wrong.
    #[error("The request has version {found}, which is not known here. Update this program.")]
    Version {
        /// Its version.
        found: u32,
    },
    /// Nobody was asked, or nobody's answer came along.
    #[error(
        "This action is classed {class}, and the client's contacts have to allow it, but no signed consent came with it. Ask for approval \
         and run it again."
    )]
    Missing {
        /// The action's class.
        class: String,
    },
    /// The consent is for something else.
    #[error("The consent is for another {what} than the one that was to run. Ask for approval of exactly this action.")]
    Differs {
        /// What differs.
        what: &'static str,
    },
    /// The decision names another request.
    #[error("The decision was signed for another request. Ask for approval of exactly this action.")]
    OtherRequest,
    /// Nobody signed it, or it was changed after signing.
    #[error("A decision's signature does not hold: it was altered, or another key signed it. Ask the contact to decide again.")]
    BadSignature,
    /// The key is not one of the client's contacts.
    #[error(
        "A decision is signed with a key that this endpoint does not know as one of the client's contacts (device {device}). Let a known \
         contact introduce that key, or let a known contact decide."
    )]
    UnknownKey {
        /// The device that it names.
        device: DeviceId,
    },
    /// The statement is no decision.
    #[error("What came as a decision is not one. Ask for approval again.")]
    NotADecision,
    /// Somebody said no.
    #[error("A contact denied this action. It does not run; talk to the contact before asking again.")]
    Denied,
    /// Too late.
    #[error(
        "The approval had lapsed {} before this endpoint came to use it, by its own clock. Ask for approval again; if it was only just given, \
         correct the endpoint's clock.",
        how_long(*expires_at_ms, *now_ms)
    )]
    Expired {
        /// When it lapsed.
        expires_at_ms: u64,
        /// When it was to be used.
        now_ms: u64,
    },
    /// Not enough people.
    #[error("{found} of {needed} approvals came along. Wait for the others, then run it again.")]
    TooFew {
        /// Different people who said yes.
        found: u32,
        /// How many it needs.
        needed: u32,
    },
    /// Not sure enough.
    #[error(
        "A decision was given without typing the number that the request asks for. Ask the contact to decide again, with the number."
    )]
    Assurance,
    /// Less than what the client's contacts want at least, whatever the request asked for.
    #[error(
        "The client's contacts want at least {} for an action classed {class} ({}), and {} such came with it. Ask for approval again; if \
         the request asks for less than that, tell whoever runs the control plane. A contact can change the floor.",
        least.in_words(), floors(&least.floors), how_many(*found)
    )]
    BelowFloor {
        /// The action's class.
        class: String,
        /// What they want.
        least: Least,
        /// Different people whose answers are that sure.
        found: u32,
    },
    /// People do not approve what they asked for.
    #[error("{member} asked for this action and approved it too, which does not count. Let somebody else decide.")]
    OwnRequest {
        /// Who.
        member: MemberId,
    },
    /// The state has changed.
    #[error("The state is not the one that was shown when the action was approved. Look at it again and ask for approval again.")]
    StateChanged,
}

impl ConsentFault {
    /// A stable word, as in `action.refused`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAProposal | Self::NotCanonical | Self::NotADecision => "consent_malformed",
            Self::Version { .. } => "consent_version",
            Self::Missing { .. } => "consent_missing",
            Self::Differs { .. } | Self::OtherRequest => "consent_mismatch",
            Self::BadSignature => "consent_bad_signature",
            Self::UnknownKey { .. } => "consent_unknown_key",
            Self::Denied => "consent_denied",
            Self::Expired { .. } => "consent_expired",
            Self::TooFew { .. } => "consent_incomplete",
            Self::Assurance => "consent_assurance",
            Self::BelowFloor { .. } => "consent_below_floor",
            Self::OwnRequest { .. } => "consent_own_request",
            Self::StateChanged => "state_changed",
        }
    }
}

/// Why a contact's statement does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustFault {
    /// It cannot be hashed.
    #[error("The statement has no canonical form. Make it again.")]
    NotCanonical,
    /// Written by a program that is newer, or wrong.
    #[error("The statement has version {found}, which is not known here. Update this program.")]
    Version {
        /// Its version.
        found: u32,
    },
    /// It is about somebody else's computers.
    #[error("The statement is of another client or organisation. Nothing was changed.")]
    OtherClient,
    /// It does not follow the last one.
    #[error(
        "The statement is number {found} and does not follow number {last}: another was made meanwhile, or the list was altered. Read the \
         newest ones and make it again."
    )]
    NotNext {
        /// Its number.
        found: u64,
        /// The last number that counts.
        last: u64,
    },
    /// Nobody known signed it.
    #[error("The statement is signed with a key that is not known for {device}. A known contact has to sign it.")]
    UnknownKey {
        /// The device that it names.
        device: DeviceId,
    },
    /// It was altered.
    #[error("The statement's signature does not hold. Make it again on the contact's own console.")]
    BadSignature,
    /// The first statement introduces the key that signs it.
    #[error("A client's first statement must introduce the key that signs it. Enrol the first contact's console.")]
    NoBeginning,
    /// A key that cannot be used, or stands for somebody else.
    #[error("The key for {device} cannot be used, or that device is known with another key or person. Make a new device key.")]
    KeyConflict {
        /// For which device.
        device: DeviceId,
    },
    /// Somebody has to be left.
    #[error("This is the client's last key. Introduce another before it is revoked, or nobody could ever decide again.")]
    LastKey,
    /// A pre-authorisation, floor or reference that makes no sense.
    #[error("The statement makes no sense: {0}. Read the client's statements again and make a new one.")]
    Senseless(&'static str),
    /// Too many statements.
    #[error("The client's list of statements is full ({0}). Enrol the client's endpoints anew.")]
    Full(usize),
}

impl TrustFault {
    /// A stable word.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotCanonical | Self::Senseless(_) | Self::Version { .. } => "malformed",
            Self::OtherClient => "other_client",
            Self::NotNext { .. } => "not_next",
            Self::UnknownKey { .. } => "unknown_key",
            Self::BadSignature => "bad_signature",
            Self::NoBeginning => "no_beginning",
            Self::KeyConflict { .. } => "key_conflict",
            Self::LastKey => "last_key",
            Self::Full(_) => "full",
        }
    }
}

fn floors(names: &[String]) -> String {
    let many = if names.len() == 1 { "" } else { "s" };
    format!("floor{many} {}", names.join(", "))
}

fn how_many(found: u32) -> String {
    if found == 0 { "none".to_owned() } else { found.to_string() }
}

/// From one time to a later one, in the largest unit that has passed once.
fn how_long(from_ms: u64, to_ms: u64) -> String {
    let seconds = to_ms.saturating_sub(from_ms) / 1_000;
    let (number, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3_600 => (seconds / 60, "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::how_long;

    #[test]
    fn times_are_told_in_words() {
        let told = [0, 1_999, 59_000, 60_000, 7_199_000, 172_800_000].map(|ms| how_long(5, 5 + ms));
        assert_eq!(told, ["0 seconds", "1 second", "59 seconds", "1 minute", "1 hour", "2 days"]);
        assert_eq!(how_long(9, 5), "0 seconds");
    }
}
