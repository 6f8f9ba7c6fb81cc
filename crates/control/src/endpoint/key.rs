//! Which devices' keys this log has introduced, and for whom.

use crate::row::{Row, text};
use crate::store::{Store, StoreError};
use caisey_ledger::id::{DeviceId, MemberId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IntroducedKey {
    pub(super) key: String,
    pub(super) member: MemberId,
    pub(super) device: DeviceId,
    pub(super) role: String,
}

pub(super) fn find(store: &dyn Store, device: &DeviceId) -> Result<Option<IntroducedKey>, StoreError> {
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

impl IntroducedKey {
    pub(super) fn put(&self, store: &dyn Store) -> Result<(), StoreError> {
        store.exec(
            "INSERT OR REPLACE INTO keys (key, member, device, role) VALUES (?1, ?2, ?3, ?4)",
            &[text(&self.key), text(&self.member), text(&self.device), text(&self.role)],
        )?;
        Ok(())
    }
}
