//! Devices: one row for each console installation of each person, with its key.

use super::event::AdminEvent;
use super::{OrganisationObject, checked_line, contact, role_word};
use crate::port::Caller;
use crate::proof;
use crate::refusal::{Stop, refused};
use crate::row::{Row, text};
use crate::store::{Store, StoreError};
use crate::turn::Turn;
use caisey_ledger::id::DeviceId;
use caisey_protocol::error::ErrorCode;
use caisey_protocol::http::{DEVICE_CONTEXT, DeviceView, RegisterDevice};

/// Devices that one person may register.
const MAX_DEVICES: usize = 64;

fn by_key(store: &dyn Store, key: &str) -> Result<Option<DeviceView>, StoreError> {
    let rows = store.exec("SELECT device, member, key, label FROM devices WHERE key = ?1", &[text(key)])?;
    let Some(mut row) = Row::first(rows) else { return Ok(None) };
    Ok(Some(DeviceView {
        device: row.parsed()?,
        member: row.parsed()?,
        key: row.text()?,
        label: row.text()?,
    }))
}

/// A contact's device may be introduced to the client's endpoints by those who speak for the client.
fn note_contact(store: &dyn Store, caller: &Caller, device: &DeviceView) -> Result<(), StoreError> {
    match &caller.client {
        Some(client) => contact::note_device(store, &device.device, client),
        None => Ok(()),
    }
}

impl OrganisationObject {
    /// Repeating it gives the same device.
    pub(super) fn register_device(
        &mut self,
        turn: &mut Turn<'_>,
        caller: &Caller,
        wanted: RegisterDevice,
    ) -> Result<DeviceView, Stop> {
        let label = checked_line("label", &wanted.label, 100)?;
        if !proof::is_key(&wanted.key) || !proof::holds(&wanted.key, &[DEVICE_CONTEXT, caller.member.as_str()], &wanted.proof) {
            return Err(refused(
                ErrorCode::BadSignature,
                "The proof is not by this key for you. Make a new device key and try again.",
            ));
        }
        if let Some(known) = by_key(turn.store, &wanted.key)? {
            if known.member == caller.member {
                note_contact(turn.store, caller, &known)?;
                return Ok(known);
            }
            return Err(refused(
                ErrorCode::Conflict,
                "This key belongs to another person's device. Make a new device key.",
            ));
        }
        let others = turn
            .store
            .exec("SELECT device FROM devices WHERE member = ?1", &[text(&caller.member)])?;
        if others.len() >= MAX_DEVICES {
            return Err(refused(
                ErrorCode::Conflict,
                format!("You have {MAX_DEVICES} devices, which is the limit."),
            ));
        }
        let view = DeviceView {
            device: DeviceId::from_bits(turn.bits()),
            member: caller.member.clone(),
            key: wanted.key,
            label,
        };
        turn.store.exec(
            "INSERT INTO devices (device, member, key, label) VALUES (?1, ?2, ?3, ?4)",
            &[text(&view.device), text(&view.member), text(&view.key), text(&view.label)],
        )?;
        note_contact(turn.store, caller, &view)?;
        let event = AdminEvent::DeviceRegistered {
            device: view.device.clone(),
            member: view.member.clone(),
            key: view.key.clone(),
            role: role_word(caller.role),
        };
        event.record(turn, &mut self.journal, &[("label", &view.label), ("name", &caller.name)])?;
        Ok(view)
    }

    /// The caller's own device that holds this key.
    pub(super) fn find_device(store: &dyn Store, caller: &Caller, key: &str) -> Result<Option<DeviceView>, StoreError> {
        Ok(by_key(store, key)?.filter(|device| device.member == caller.member))
    }
}
