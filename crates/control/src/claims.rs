//! From a token's claims to a person in an organisation: the same on every host.
//!
//! Promises: organisation, member and role come from the token alone. Identifiers are the first 16 bytes of
//! SHA-256(issuer ‖ 0x00 ‖ organisation or subject): two issuers can never name each other's organisations. Leaves out the signature, `iss`,
//! `exp`, `nbf` and `aud`, which the host has checked before. Follows OpenID Connect Core 1.0 §3.1.3.7, RFC 8725, and Clerk's session token
//! claims, versions 1 and 2.

use crate::issuer::IssuerConfig;
use crate::port::Caller;
use caisey_ledger::id::{ClientId, MemberId, OrganisationId};
use caisey_protocol::error::{ErrorBody, ErrorCode};
use caisey_protocol::role::Role;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// How far an issuer's clock may be from ours, in seconds.
pub const LEEWAY_S: u64 = 60;

/// Longest name or address that is taken from a token, in characters.
const MAX_NAME: usize = 200;

/// Who the token says the caller is.
#[derive(Debug, Clone)]
pub struct Identity {
    /// For the objects.
    pub caller: Caller,
    /// E-mail address, when the issuer gives one.
    pub email: Option<String>,
    /// The organisation's name.
    pub organisation_name: String,
    /// End of the token's life, milliseconds since the Unix epoch, leeway included.
    pub expires_at_ms: u64,
}

/// Why a token is not accepted. The texts are for the person who sent it and hold nothing of the token.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// There is none.
    #[error("There is no bearer token in the Authorization header. Sign in first.")]
    Missing,
    /// It does not hold.
    #[error("The identity token is not accepted: {0}. Sign in again.")]
    Invalid(&'static str),
    /// It holds, but allows nothing here.
    #[error("You are signed in, but {0}.")]
    Forbidden(&'static str),
    /// The issuer's keys cannot be had right now.
    #[error("The identity provider's keys could not be fetched, so nobody can be let in. Try again in a moment.")]
    KeysUnavailable,
}

impl From<Refused> for ErrorBody {
    fn from(refused: Refused) -> Self {
        let (code, retry_after_ms) = match refused {
            Refused::Missing | Refused::Invalid(_) => (ErrorCode::Unauthenticated, None),
            Refused::Forbidden(_) => (ErrorCode::Forbidden, None),
            Refused::KeysUnavailable => (ErrorCode::Internal, Some(5_000)),
        };
        Self {
            code,
            detail: refused.to_string(),
            retry_after_ms,
        }
    }
}

/// A token's claims as they came.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Claims(Value);

impl Claims {
    /// What they say the issuer is.
    pub fn issuer(&self) -> Option<&str> {
        self.0.get("iss").and_then(Value::as_str)
    }

    /// Who this is. The signature, `iss`, `exp`, `nbf` and `aud` have been checked.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn identity(&self, config: &IssuerConfig, now_s: u64) -> Result<Identity, Refused> {
        let issued_s = self
            .number("iat")
            .ok_or(Refused::Invalid("it does not say when it was issued"))?;
        if issued_s > now_s + LEEWAY_S {
            return Err(Refused::Invalid("it was issued in the future"));
        }
        self.check_party(config)?;
        // Clerk: the person has still to do something, such as choose an organisation, before the session counts.
        if self.text(&["/sts".to_owned()]) == Some("pending") {
            return Err(Refused::Forbidden(
                "your sign-in is not complete; finish it with your identity provider",
            ));
        }
        let subject = self
            .0
            .get("sub")
            .and_then(Value::as_str)
            .ok_or(Refused::Invalid("it names nobody"))?;
        let organisation = self.text(&config.claims.organisation).ok_or(Refused::Forbidden(
            "your token names no organisation; choose one when you sign in",
        ))?;
        if !config.organisations.is_empty() && !config.organisations.iter().any(|allowed| allowed == organisation) {
            return Err(Refused::Forbidden("your organisation does not use this control plane"));
        }
        let role = self.role(config)?;
        let client = match role {
            Role::Contact => Some(self.client(config)?),
            _ => None,
        };
        let name = self.text(&config.claims.name).unwrap_or(subject);
        Ok(Identity {
            caller: Caller {
                organisation: organisation_id(&config.issuer, organisation),
                member: member_id(&config.issuer, subject),
                name: shortened(name),
                role,
                client,
                device: None,
            },
            email: self.text(&config.claims.email).map(shortened),
            organisation_name: shortened(self.text(&config.claims.organisation_name).unwrap_or(organisation)),
            expires_at_ms: self.number("exp").unwrap_or(0).saturating_add(LEEWAY_S).saturating_mul(1_000),
        })
    }

    fn check_party(&self, config: &IssuerConfig) -> Result<(), Refused> {
        if config.authorized_parties.is_empty() {
            return Ok(());
        }
        match self.0.get("azp").and_then(Value::as_str) {
            Some(party) if config.authorized_parties.iter().any(|allowed| allowed == party) => Ok(()),
            _ => Err(Refused::Invalid("it was issued for another application")),
        }
    }

    fn role(&self, config: &IssuerConfig) -> Result<Role, Refused> {
        let claimed = self
            .text(&config.claims.role)
            .ok_or(Refused::Forbidden("your token gives you no role"))?;
        let role = config.roles.get(claimed).or_else(|| {
            // Clerk's second token version leaves the prefix out.
            if claimed.contains(':') {
                None
            } else {
                config.roles.get(&format!("org:{claimed}"))
            }
        });
        role.copied()
            .ok_or(Refused::Forbidden("your role is not one that may use this control plane"))
    }

    fn client(&self, config: &IssuerConfig) -> Result<ClientId, Refused> {
        // `client_id` is also what RFC 9068 calls the program that asked for the token: only what can be a client counts.
        let pointers = config.claims.client.iter();
        let named = pointers.filter_map(|pointer| self.0.pointer(pointer).and_then(Value::as_str));
        named
            .filter_map(|claimed| claimed.parse().ok())
            .next()
            .ok_or(Refused::Forbidden("your token does not say whose contact you are"))
    }

    fn number(&self, name: &str) -> Option<u64> {
        let value = self.0.get(name)?;
        // Seconds may come with a fraction (RFC 7519 §2, NumericDate).
        value
            .as_u64()
            .or_else(|| value.as_f64().filter(|number| *number >= 0.0).map(|number| number as u64))
    }

    /// The first of these pointers that leads to a text.
    fn text(&self, pointers: &[String]) -> Option<&str> {
        pointers
            .iter()
            .find_map(|pointer| self.0.pointer(pointer).and_then(Value::as_str))
            .filter(|text| !text.is_empty())
    }
}

fn shortened(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_control())
        .take(MAX_NAME)
        .collect()
}

fn derived(issuer: &str, name: &str) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update(issuer.as_bytes());
    hash.update([0]);
    hash.update(name.as_bytes());
    let digest: [u8; 32] = hash.finalize().into();
    let mut bits = [0; 16];
    bits.iter_mut().zip(digest).for_each(|(bit, byte)| *bit = byte);
    bits
}

/// Our identifier for an issuer's organisation.
pub fn organisation_id(issuer: &str, organisation: &str) -> OrganisationId {
    OrganisationId::from_bits(derived(issuer, organisation))
}

/// Our identifier for an issuer's subject.
pub fn member_id(issuer: &str, subject: &str) -> MemberId {
    MemberId::from_bits(derived(issuer, subject))
}
