//! What clients' contacts say for their client: one chain for each client, one row for each statement.
//!
//! Promises: a statement is taken when it is the next of the chain, its signature and key hold (caisey-ledger, `Trust`), and the caller is the
//! contact who signed it; the same again changes nothing. Taken means: stored, in the log, and on its way to the client's endpoints.

use super::event::AdminEvent;
use super::{OrganisationObject, client, only_client, policy};
use crate::port::Caller;
use crate::refusal::{Stop, refused};
use crate::row::{Row, damaged, int, text};
use crate::store::{Store, StoreError};
use crate::turn::Turn;
use caisey_ledger::consent::{ContactSaid, SignedContactStatement, Trust, TrustFault, digest_of};
use caisey_ledger::id::{ClientId, DeviceId};
use caisey_protocol::PROTOCOL_VERSION;
use caisey_protocol::consent::{ContactChain, ContactKeyView, ContactSays};
use caisey_protocol::error::ErrorCode;
use caisey_protocol::role::Role;
use std::collections::{BTreeMap, BTreeSet};

/// The whole chain of a client.
pub(super) fn chain(store: &dyn Store, client: &ClientId) -> Result<Vec<SignedContactStatement>, StoreError> {
    let sql = "SELECT statement FROM contact_statements WHERE client = ?1 ORDER BY number";
    store
        .exec(sql, &[text(client)])?
        .into_iter()
        .map(|row| serde_json::from_str(&Row::from(row).text()?).map_err(|_| damaged("a contact's statement cannot be read")))
        .collect()
}

/// Remembers that a device belongs to a contact of this client.
pub(super) fn note_device(store: &dyn Store, device: &DeviceId, client: &ClientId) -> Result<(), StoreError> {
    let row = [text(device), text(client)];
    store
        .exec(
            "INSERT OR REPLACE INTO contact_devices (device, client) VALUES (?1, ?2)",
            &row,
        )
        .map(drop)
}

impl OrganisationObject {
    pub(super) fn contacts(&self, store: &dyn Store, caller: &Caller, client: &ClientId) -> Result<ContactChain, Stop> {
        let hidden = only_client(caller)?.is_some_and(|only| only != *client);
        if hidden || client::find(store, client)?.is_none() {
            return Err(refused(ErrorCode::NotFound, "There is no such client."));
        }
        let statements = chain(store, client)?;
        let trust = self.trust(client, &statements)?;
        Ok(view(store, &trust, statements)?)
    }

    fn trust(&self, client: &ClientId, statements: &[SignedContactStatement]) -> Result<Trust, StoreError> {
        Trust::replay(&self.organisation, client, statements)
            .map_err(|fault| damaged(&format!("a stored chain of contacts does not hold: {fault}")))
    }

    pub(super) fn contact_says(
        &mut self,
        turn: &mut Turn<'_>,
        caller: &Caller,
        wanted: ContactSays,
    ) -> Result<ContactChain, Stop> {
        let signed = self.check_speaker(turn.store, caller, wanted)?;
        let statement = &signed.statement;
        let mut statements = chain(turn.store, &statement.client)?;
        let mut trust = self.trust(&statement.client, &statements)?;
        if statements.contains(&signed) {
            return Ok(view(turn.store, &trust, statements)?);
        }
        if let ContactSaid::PolicyAgreed { policy, version, digest } = &statement.says
            && !policy::is_known(turn.store, policy, *version, digest)?
        {
            return Err(refused(
                ErrorCode::Conflict,
                "There is no such version of that policy with that text. Read the policy again and agree to what it says now.",
            ));
        }
        trust.apply(&signed).map_err(|fault| not_taken(&fault))?;
        let json = serde_json::to_string(&signed).map_err(|error| StoreError::Refused(error.to_string()))?;
        turn.store.exec(
            "INSERT INTO contact_statements (client, number, statement) VALUES (?1, ?2, ?3)",
            &[text(&statement.client), int(statement.number), text(json)],
        )?;
        self.rules_changed(turn)?;
        let event = AdminEvent::ContactSaid {
            client: statement.client.clone(),
            number: statement.number,
            digest: digest_of(statement).map_err(|fault| not_taken(&fault))?,
            by: caller.member.clone(),
        };
        event.record(turn, &mut self.journal, &[])?;
        statements.push(signed);
        Ok(view(turn.store, &trust, statements)?)
    }

    /// The caller is the contact who signed it, with a device of their own, for their client.
    fn check_speaker(&self, store: &dyn Store, caller: &Caller, wanted: ContactSays) -> Result<SignedContactStatement, Stop> {
        if wanted.version != PROTOCOL_VERSION {
            let detail = format!(
                "The console speaks version {}, this control plane {PROTOCOL_VERSION}. Update the older one.",
                wanted.version
            );
            return Err(refused(ErrorCode::UnsupportedVersion, detail));
        }
        let statement = &wanted.statement.statement;
        if caller.role != Role::Contact || caller.client.as_ref() != Some(&statement.client) {
            return Err(refused(
                ErrorCode::Forbidden,
                "Only a client's own contacts speak for the client. Ask one of them.",
            ));
        }
        if client::find(store, &statement.client)?.is_none() {
            return Err(refused(ErrorCode::NotFound, "There is no such client."));
        }
        let device = Self::find_device(store, caller, &wanted.statement.signature.key)?;
        let own = device.is_some_and(|device| device.device == statement.device) && statement.member == caller.member;
        if own {
            Ok(wanted.statement)
        } else {
            Err(refused(
                ErrorCode::BadSignature,
                "The statement is not signed by you with one of your registered devices. Register this device first.",
            ))
        }
    }
}

fn not_taken(fault: &TrustFault) -> Stop {
    let code = match fault {
        TrustFault::BadSignature | TrustFault::UnknownKey { .. } | TrustFault::NoBeginning => ErrorCode::BadSignature,
        TrustFault::NotNext { .. } | TrustFault::KeyConflict { .. } | TrustFault::LastKey | TrustFault::Full(_) => {
            ErrorCode::Conflict
        }
        _ => ErrorCode::BadRequest,
    };
    refused(code, fault.to_string())
}

fn view(store: &dyn Store, trust: &Trust, statements: Vec<SignedContactStatement>) -> Result<ContactChain, StoreError> {
    let mut labels = BTreeMap::new();
    let mut waiting = Vec::new();
    let introduced: BTreeSet<&DeviceId> = statements
        .iter()
        .filter_map(|signed| match &signed.statement.says {
            ContactSaid::KeyIntroduced { device, .. } => Some(device),
            _ => None,
        })
        .collect();
    let sql = "SELECT devices.device, member, key, label FROM contact_devices JOIN devices USING (device) WHERE client = ?1
         ORDER BY devices.device";
    for row in store.exec(sql, &[text(trust.client())])? {
        let mut row = Row::from(row);
        let (device, member, key, label): (DeviceId, _, _, _) = (row.parsed()?, row.parsed()?, row.text()?, row.text()?);
        if !introduced.contains(&device) {
            waiting.push(ContactKeyView {
                member,
                device,
                key,
                label: Some(label),
            });
        } else {
            labels.insert(device, label);
        }
    }
    let keys = trust.keys().map(|key| ContactKeyView {
        member: key.member.clone(),
        device: key.device.clone(),
        key: key.key.clone(),
        label: labels.get(&key.device).cloned(),
    });
    Ok(ContactChain {
        client: trust.client().clone(),
        head: trust.head().to_owned(),
        keys: keys.collect(),
        waiting,
        statements,
    })
}
