//! From a token's claims to a person in an organisation.

use super::{Identity, LEEWAY_S, Refused, member_id, organisation_id};
use crate::config::IssuerConfig;
use caisey_control::port::Caller;
use caisey_ledger::id::ClientId;
use caisey_protocol::role::Role;
use serde::Deserialize;
use serde_json::Value;

/// Longest name or address that is taken from a token, in characters.
const MAX_NAME: usize = 200;

/// A token's claims as they came.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Claims(Value);

impl Claims {
    pub(super) fn issuer(&self) -> Option<&str> {
        self.0.get("iss").and_then(Value::as_str)
    }

    /// Who this is. The signature, `iss`, `exp`, `nbf` and `aud` have been checked.
    pub(super) fn identity(&self, config: &IssuerConfig, now_s: u64) -> Result<Identity, Refused> {
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
