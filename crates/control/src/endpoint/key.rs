//! Which devices' keys this log has introduced, and for whom. Those in use are also in memory.

use crate::row::{Row, text};
use crate::store::{Store, StoreError};
use caisey_ledger::id::{DeviceId, MemberId};
use std::collections::BTreeMap;

/// More devices than this in one log's memory, and those that are not in use are read again when they are.
const REMEMBERED: usize = 64;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IntroducedKey {
    pub(super) key: String,
    pub(super) member: MemberId,
    pub(super) device: DeviceId,
    pub(super) role: String,
}

/// The introduced keys.
#[derive(Clone, Default)]
pub(super) struct Keys {
    remembered: BTreeMap<DeviceId, IntroducedKey>,
}

impl Keys {
    pub(super) fn find(&mut self, store: &dyn Store, device: &DeviceId) -> Result<Option<&IntroducedKey>, StoreError> {
        if !self.remembered.contains_key(device)
            && let Some(found) = read(store, device)?
        {
            self.remember(found);
        }
        Ok(self.remembered.get(device))
    }

    pub(super) fn put(&mut self, store: &dyn Store, key: IntroducedKey) -> Result<(), StoreError> {
        store.exec(
            "INSERT OR REPLACE INTO keys (key, member, device, role) VALUES (?1, ?2, ?3, ?4)",
            &[text(&key.key), text(&key.member), text(&key.device), text(&key.role)],
        )?;
        self.remember(key);
        Ok(())
    }

    fn remember(&mut self, key: IntroducedKey) {
        if self.remembered.len() >= REMEMBERED {
            self.remembered.clear();
        }
        self.remembered.insert(key.device.clone(), key);
    }
}

fn read(store: &dyn Store, device: &DeviceId) -> Result<Option<IntroducedKey>, StoreError> {
    let Some(mut row) = Row::first(store.exec(
        "SELECT key, member, device, role FROM keys WHERE device = ?1",
        &[text(device)],
    )?) else {
        return Ok(None);
    };
    Ok(Some(IntroducedKey {
        key: row.text()?,
        member: row.parsed()?,
        device: row.parsed()?,
        role: row.text()?,
    }))
}
