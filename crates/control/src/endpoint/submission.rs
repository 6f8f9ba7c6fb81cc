//! What a person's device signed, checked by all that needs no history: who it is, whether they may, and whether the statement holds.

use super::live::Live;
use super::said::check_texts;
use crate::port::Caller;
use crate::refusal::{Stop, fault, refused};
use caisey_ledger::admission::{Offered, Proved};
use caisey_ledger::entry::{Actor, SignedStatement};
use caisey_ledger::event::Event;
use caisey_ledger::hash::Hash;
use caisey_ledger::id::DeviceId;
use caisey_protocol::MAX_COMMAND_BYTES;
use caisey_protocol::error::ErrorCode;
use caisey_protocol::role::{Permission, Role};
use std::sync::Arc;

/// A chat line, note, purpose, reason or directory may have this many bytes of UTF-8.
pub const MAX_LINE_BYTES: usize = 16_384;
/// Texts of a proposal: command, probe and two lines.
const MAX_TEXTS_BYTES: usize = 2 * MAX_COMMAND_BYTES + 2 * MAX_LINE_BYTES;

/// A statement that passed every check that needs no history.
pub(super) struct Submission {
    pub(super) caller: Arc<Caller>,
    pub(super) device: DeviceId,
    pub(super) key: String,
    pub(super) said: Arc<Proved>,
    pub(super) event: Event,
    pub(super) digest: Hash,
}

impl Live {
    /// Another organisation's endpoint, or another client's for a contact, does not exist for the caller.
    pub(super) fn check_caller(&self, caller: &Caller, permission: Permission) -> Result<(), Stop> {
        let identity = &self.enrolment.identity;
        let contact = caller.role == Role::Contact;
        let other_client = if contact {
            caller.client.as_ref() != Some(&identity.client)
        } else {
            caller.client.is_some()
        };
        if caller.organisation != identity.organisation || other_client {
            return Err(refused(ErrorCode::NotFound, "There is no such endpoint."));
        }
        if !caller.role.may(permission) {
            return Err(refused(
                ErrorCode::Forbidden,
                "Your role does not allow this. Ask an administrator of your organisation.",
            ));
        }
        Ok(())
    }

    pub(super) fn check_submission(&self, caller: Arc<Caller>, offered: Offered) -> Result<Submission, Stop> {
        let said = offered.said();
        let statement = &said.statement;
        if statement.log != self.enrolment.identity.log {
            return Err(refused(
                ErrorCode::BadRequest,
                "The statement belongs to another log. Nothing was recorded.",
            ));
        }
        check_texts(said, MAX_TEXTS_BYTES)?;
        check_lengths(said)?;
        let Some((device, key)) = caller.device.clone() else {
            return Err(refused(
                ErrorCode::BadSignature,
                "The key that signed this is not registered to you. Register this device first.",
            ));
        };
        if said.signature.as_ref().is_none_or(|signature| signature.key != key) || !speaks_for(&statement.actor, &caller, &device)
        {
            return Err(refused(
                ErrorCode::BadSignature,
                "The statement names another person or device than the one that signed it.",
            ));
        }
        let said = offered.prove().map_err(|wrong| Stop::Refused(fault(&wrong)))?;
        let event = said.event().cloned().ok_or_else(|| {
            refused(
                ErrorCode::BadRequest,
                "This control plane does not know that kind of statement.",
            )
        })?;
        Ok(Submission {
            caller,
            device,
            key,
            digest: said.digest(),
            event,
            said,
        })
    }
}

fn speaks_for(actor: &Actor, caller: &Caller, device: &DeviceId) -> bool {
    let role = match actor {
        Actor::Control {} | Actor::Endpoint { .. } => false,
        Actor::Contact { .. } => caller.role == Role::Contact,
        Actor::Member { .. } | Actor::Agent { .. } => caller.role != Role::Contact,
    };
    role && actor.person() == Some((&caller.member, device))
}

/// Commands and probes may be longer than lines.
fn check_lengths(said: &SignedStatement) -> Result<(), Stop> {
    for (name, disclosure) in &said.disclosures {
        let most = if matches!(name.as_str(), "command" | "probe") {
            MAX_COMMAND_BYTES
        } else {
            MAX_LINE_BYTES
        };
        let bytes = disclosure.full_text().map_or(0, str::len);
        if bytes > most {
            return Err(refused(
                ErrorCode::TooLarge,
                format!("`{name}` has {bytes} bytes; {most} are allowed."),
            ));
        }
    }
    Ok(())
}
