//! What the endpoint is: one row, written when it enrols.

use super::Identity;
use crate::row::{Row, damaged, int, text};
use crate::store::{Store, StoreError};
use caisey_ledger::id::TimeMs;

/// The identity with what happened to it since.
#[derive(Clone)]
pub(super) struct Enrolment {
    pub(super) identity: Identity,
    pub(super) enrolled_at: TimeMs,
    pub(super) removed: bool,
}

impl Enrolment {
    pub(super) fn load(store: &dyn Store) -> Result<Option<Self>, StoreError> {
        let rows = store.exec(
            "SELECT organisation, endpoint, client, client_name, log, key, hostname, os, arch, installer, enrolled_at_ms, removed FROM identity",
            &[],
        )?;
        let Some(mut row) = Row::first(rows) else { return Ok(None) };
        let identity = Identity {
            organisation: row.parsed()?,
            endpoint: row.parsed()?,
            client: row.parsed()?,
            client_name: row.text()?,
            log: row.text()?,
            key: row.text()?,
            hostname: row.text()?,
            os: row.text()?,
            arch: row.text()?,
            installer: row.text()?,
        };
        let enrolled_at = TimeMs::new(row.number()?).ok_or_else(|| damaged("the enrolment's time is out of range"))?;
        Ok(Some(Self {
            identity,
            enrolled_at,
            removed: row.flag()?,
        }))
    }

    pub(super) fn insert(&self, store: &dyn Store) -> Result<(), StoreError> {
        let Identity {
            organisation,
            endpoint,
            client,
            client_name,
            log,
            key,
            hostname,
            os,
            arch,
            installer,
        } = &self.identity;
        store.exec(
            "INSERT INTO identity (only, organisation, endpoint, client, client_name, log, key, hostname, os, arch, installer,
                 enrolled_at_ms, removed) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            &[
                text(organisation),
                text(endpoint),
                text(client),
                text(client_name),
                text(log),
                text(key),
                text(hostname),
                text(os),
                text(arch),
                text(installer),
                int(self.enrolled_at.get()),
                int(self.removed.into()),
            ],
        )?;
        Ok(())
    }

    pub(super) fn remove(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        self.removed = true;
        store.exec("UPDATE identity SET removed = 1", &[]).map(drop)
    }
}
