//! Enrolment: a machine with an installer token becomes an endpoint of the token's client.
//!
//! The token is all that it has: every refusal about the token is the same, so that nothing can be learned by trying. The key proves
//! itself over the token's digest; the same key with the same token is the same endpoint, however often it asks.

use super::event::AdminEvent;
use super::{OrganisationObject, client, endpoint, installer};
use crate::endpoint::Identity;
use crate::proof;
use crate::refusal::{Stop, refused};
use crate::row::damaged;
use crate::turn::Turn;
use caisey_ledger::id::EndpointId;
use caisey_protocol::PROTOCOL_VERSION;
use caisey_protocol::error::ErrorCode;
use caisey_protocol::http::{ENROL_CONTEXT, EndpointState, EnrolRequest};

impl OrganisationObject {
    pub(super) fn enrol(&mut self, turn: &mut Turn<'_>, wanted: EnrolRequest) -> Result<Identity, Stop> {
        check_fields(&wanted)?;
        let token_sha256 = installer::digest(&wanted.installer_token);
        if !proof::is_key(&wanted.key) || !proof::holds(&wanted.key, &[ENROL_CONTEXT, &token_sha256], &wanted.proof) {
            return Err(refused(
                ErrorCode::BadSignature,
                "The proof is not by this key over this token. Let the runtime make a new key.",
            ));
        }
        let (organisation, name) = installer::parse_token(&wanted.installer_token).ok_or_else(token_refused)?;
        if organisation != self.organisation {
            return Err(token_refused());
        }
        let installer = installer::find(turn.store, &name)?.ok_or_else(token_refused)?;
        if installer.token_sha256 != token_sha256 || installer.revoked {
            return Err(token_refused());
        }
        let client = client::find(turn.store, &installer.client)?.ok_or_else(|| damaged("an installer's client is missing"))?;
        if let Some(known) = endpoint::by_key(turn.store, &wanted.key)? {
            // The answer may have been lost; by now the token may be used up, perhaps by this very endpoint.
            if known.installer != installer.installer || known.state == EndpointState::Removing {
                return Err(refused(
                    ErrorCode::Conflict,
                    "This key is in use or was removed. Let the runtime make a new key.",
                ));
            }
            return Ok(self.identity(known, client.name));
        }
        if !installer.usable(turn.now) {
            return Err(token_refused());
        }
        let endpoint = EndpointId::from_bits(turn.bits());
        let joined = endpoint::Endpoint {
            log: format!("{}/{endpoint}", self.journal.origin()),
            endpoint,
            client: client.client,
            installer: installer.installer.clone(),
            key: wanted.key,
            hostname: wanted.hostname,
            os: wanted.os,
            arch: wanted.arch,
            state: EndpointState::Pending,
            log_size: 0,
            enrolled_at: turn.now,
            changed_at: turn.now,
        };
        joined.insert(turn.store)?;
        installer.count_use(turn.store)?;
        let event = AdminEvent::EndpointJoined {
            endpoint: joined.endpoint.clone(),
            client: joined.client.clone(),
            installer: joined.installer.clone(),
            key: joined.key.clone(),
        };
        event.record(turn, &mut self.journal, &[("hostname", &joined.hostname)])?;
        Ok(self.identity(joined, client.name))
    }

    /// Gives an endpoint whose log is closed a new name. Asked again, the name that it was given.
    pub(super) fn succeed(&mut self, turn: &mut Turn<'_>, old: &EndpointId) -> Result<Identity, Stop> {
        let unknown = || refused(ErrorCode::NotFound, "There is no such endpoint.");
        let (known, client_name) = endpoint::find(turn.store, old)?.ok_or_else(unknown)?;
        if let Some(key) = known.key.strip_suffix(&format!(" {old}")) {
            let successor = endpoint::by_key(turn.store, key)?.ok_or_else(|| damaged("a successor is missing"))?;
            return Ok(self.identity(successor, client_name));
        }
        if known.state == EndpointState::Removing {
            return Err(refused(
                ErrorCode::Conflict,
                "This endpoint was taken out of service: its log has no successor.",
            ));
        }
        endpoint::retire_key(turn.store, old, &known.key)?;
        let name = EndpointId::from_bits(turn.bits());
        let successor = endpoint::Endpoint {
            log: format!("{}/{name}", self.journal.origin()),
            endpoint: name,
            state: EndpointState::Pending,
            log_size: 0,
            enrolled_at: turn.now,
            changed_at: turn.now,
            ..known
        };
        successor.insert(turn.store)?;
        let event = AdminEvent::EndpointJoined {
            endpoint: successor.endpoint.clone(),
            client: successor.client.clone(),
            installer: successor.installer.clone(),
            key: successor.key.clone(),
        };
        event.record(turn, &mut self.journal, &[("hostname", &successor.hostname)])?;
        Ok(self.identity(successor, client_name))
    }

    fn identity(&self, endpoint: endpoint::Endpoint, client_name: String) -> Identity {
        Identity {
            organisation: self.organisation.clone(),
            endpoint: endpoint.endpoint,
            client: endpoint.client,
            client_name,
            log: endpoint.log,
            key: endpoint.key,
            hostname: endpoint.hostname,
            os: endpoint.os,
            arch: endpoint.arch,
            installer: endpoint.installer.to_string(),
        }
    }
}

fn token_refused() -> Stop {
    refused(
        ErrorCode::InstallerRefused,
        "The installer token is unknown, expired, revoked or used up. Ask an administrator for a new one.",
    )
}

/// Everything that a machine says of itself is hostile until it has one of these shapes.
fn check_fields(wanted: &EnrolRequest) -> Result<(), Stop> {
    if wanted.version != PROTOCOL_VERSION {
        let detail = format!(
            "The runtime speaks version {}, this control plane {PROTOCOL_VERSION}. Update the older one.",
            wanted.version
        );
        return Err(refused(ErrorCode::UnsupportedVersion, detail));
    }
    let hostname = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let shapes = [
        (
            "hostname",
            (1..=255).contains(&wanted.hostname.len()) && wanted.hostname.chars().all(hostname),
        ),
        ("os", ["linux", "windows", "macos"].contains(&wanted.os.as_str())),
        ("arch", (1..=32).contains(&wanted.arch.len()) && wanted.arch.chars().all(word)),
        (
            "runtime_version",
            (1..=64).contains(&wanted.runtime_version.len()) && wanted.runtime_version.bytes().all(|b| b.is_ascii_graphic()),
        ),
    ];
    match shapes.into_iter().find(|(_, fits)| !fits) {
        None => Ok(()),
        Some((field, _)) => Err(refused(
            ErrorCode::BadRequest,
            format!("`{field}` is not written as it must be. Nothing was enrolled."),
        )),
    }
}
