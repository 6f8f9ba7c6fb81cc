//! Identifiers and numbers that appear inside signed bytes.
//!
//! Every identifier is a prefix that names its kind, an underscore, and 26 lower-case Crockford base-32 digits that carry
//! 128 bits. The caller supplies the bits: this crate has no source of randomness. Numbers stay at or below 2^53 − 1 because
//! the Workers host, the browser and RFC 8785 (I-JSON, RFC 7493 §2.2) carry numbers as IEEE 754 doubles.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Largest integer that every host carries exactly: 2^53 − 1 (RFC 7493 §2.2).
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// Why a string is not an identifier of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind} identifier: expected {prefix}_ and 26 base-32 digits")]
pub struct InvalidId {
    kind: &'static str,
    prefix: &'static str,
}

fn encode(prefix: &str, bits: [u8; 16]) -> String {
    let value = u128::from_be_bytes(bits);
    let mut out = String::with_capacity(prefix.len() + 27);
    out.push_str(prefix);
    out.push('_');
    for place in (0..26).rev() {
        let digit = (value >> (place * 5)) & 31;
        out.push(char::from(DIGITS.get(digit as usize).copied().unwrap_or(b'0')));
    }
    out
}

fn is_valid(text: &str, prefix: &str) -> bool {
    let Some(digits) = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')) else {
        return false;
    };
    // 26 digits hold 130 bits; the first may only use its lowest three.
    digits.len() == 26
        && digits.bytes().all(|digit| DIGITS.contains(&digit))
        && digits.bytes().next().is_some_and(|first| first < b'8')
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// What every identifier of this kind starts with.
            pub const PREFIX: &'static str = $prefix;

            /// Makes the identifier that carries these 128 bits.
            pub fn from_bits(bits: [u8; 16]) -> Self {
                Self(encode($prefix, bits))
            }

            /// The identifier as it is written on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                if is_valid(text, $prefix) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidId { kind: stringify!($name), prefix: $prefix })
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// The MSP's workspace.
    OrganisationId = "org";
    /// A customer of the MSP: a group of endpoints.
    ClientId = "cli";
    /// An enrolled machine.
    EndpointId = "ep";
    /// A person of the organisation or a client's contact.
    MemberId = "mem";
    /// One console installation of one person; it holds a signing key.
    DeviceId = "dev";
    /// One technician's or agent's work on one endpoint, from open to close.
    SessionId = "ses";
    /// One exact command with its reason and target.
    ActionId = "act";
    /// An installer token's public name (never its secret).
    InstallerId = "ins";
    /// A share link's public name (never its secret).
    ShareId = "shr";
}

macro_rules! safe_numbers {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
        #[serde(transparent)]
        pub struct $name(u64);

        impl $name {
            /// Accepts values up to [`MAX_SAFE_INTEGER`].
            pub fn new(value: u64) -> Option<Self> {
                (value <= MAX_SAFE_INTEGER).then_some(Self(value))
            }

            /// The plain number.
            pub fn get(self) -> u64 {
                self.0
            }

            /// The number `by` further on, or none past [`MAX_SAFE_INTEGER`].
            pub fn checked_add(self, by: u64) -> Option<Self> {
                self.0.checked_add(by).and_then(Self::new)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = u64::deserialize(deserializer)?;
                Self::new(value).ok_or_else(|| serde::de::Error::custom("number above 2^53 - 1"))
            }
        }
    )*};
}

safe_numbers! {
    /// An entry's place in its log, dense from 0.
    Seq;
    /// An endpoint's own count of the statements it has signed, dense from 0.
    Counter;
    /// Milliseconds since 1970-01-01T00:00:00Z, leap seconds ignored (POSIX time).
    TimeMs;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_carry_their_bits_and_refuse_everything_else() {
        assert_eq!(EndpointId::from_bits([0; 16]).as_str(), "ep_00000000000000000000000000");
        assert_eq!(EndpointId::from_bits([255; 16]).as_str(), "ep_7zzzzzzzzzzzzzzzzzzzzzzzzz");
        for wrong in [
            "",
            "ep_",
            "ses_00000000000000000000000000",
            "ep_8zzzzzzzzzzzzzzzzzzzzzzzzz",
            "ep_0000000000000000000000000U",
        ] {
            assert!(wrong.parse::<EndpointId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers_above_the_safe_range_are_refused() {
        assert!(Seq::new(MAX_SAFE_INTEGER).is_some());
        assert!(Seq::new(MAX_SAFE_INTEGER + 1).is_none());
        assert!(serde_json::from_str::<Seq>("9007199254740992").is_err());
    }
}
