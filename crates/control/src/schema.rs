//! Which schema a store has: migrations applied once and in order, each with its record in one transaction.
//!
//! Promises: a store written by a newer program is refused unless that program said that older ones may use it. Migrations are
//! constants and never edited after release.

use crate::row::{Row, int, text};
use crate::store::{Store, StoreError};

/// What a kind of object keeps.
pub(crate) struct Schema {
    /// Kind of object, so that one kind's file is never taken for another's.
    pub(crate) object: &'static str,
    /// Scripts; the version of a store is how many of them were applied.
    pub(crate) migrations: &'static [&'static str],
    /// Programs that know this many migrations may still use a store that has all of `migrations`.
    pub(crate) readable_by: u64,
}

impl Schema {
    /// Brings the store up to date.
    ///
    /// # Errors
    /// `Refused` when the store belongs to another kind of object or to a newer program; else the store's.
    pub(crate) fn apply(&self, store: &dyn Store) -> Result<(), StoreError> {
        let made = store.exec(
            "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_version'",
            &[],
        )?;
        let version = if made.is_empty() { 0 } else { self.present(store)? };
        let known = self.migrations.len() as u64;
        if version >= known {
            return Ok(());
        }
        store.tx(&mut || {
            if made.is_empty() {
                store.script(
                    "CREATE TABLE schema_version (
                         only INTEGER PRIMARY KEY CHECK (only = 1),
                         object TEXT NOT NULL,
                         version INTEGER NOT NULL,
                         readable_by INTEGER NOT NULL
                     ) STRICT",
                )?;
            }
            for migration in self.migrations.iter().skip(usize::try_from(version).unwrap_or(usize::MAX)) {
                store.script(migration)?;
            }
            let row = [text(self.object), int(known), int(self.readable_by)];
            store.exec(
                "INSERT OR REPLACE INTO schema_version (only, object, version, readable_by) VALUES (1, ?1, ?2, ?3)",
                &row,
            )?;
            Ok(())
        })
    }

    fn present(&self, store: &dyn Store) -> Result<u64, StoreError> {
        let rows = store.exec("SELECT object, version, readable_by FROM schema_version", &[])?;
        let Some(mut row) = Row::first(rows) else { return Ok(0) };
        let (object, version, readable_by) = (row.text()?, row.number()?, row.number()?);
        if object != self.object {
            return Err(StoreError::Refused(format!(
                "this store belongs to an object of kind {object}, not {}",
                self.object
            )));
        }
        let known = self.migrations.len() as u64;
        if version > known && readable_by > known {
            return Err(StoreError::Refused(format!(
                "this store was written by a newer program (schema {version}, this program knows {known}): update this program"
            )));
        }
        Ok(version)
    }
}
