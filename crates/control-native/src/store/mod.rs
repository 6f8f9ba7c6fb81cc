//! The store port over one SQLite file, caged so that what works here works in a Durable Object.
//!
//! Promises: a committed transaction survives power loss (write-ahead log, `synchronous=FULL`); SQL that the other host would refuse
//! is refused here too (the `cage` module); erased content is overwritten in the database file (`secure_delete`). Leaves out: who may open
//! a second connection (readers may, writers are one by the host's design), and scheduling. Follows the rules in the header of
//! `caisey_control::store`.

mod cage;
mod failure;

use cage::Cage;
use caisey_control::store::{Rows, Store, StoreError, Value, check_parameters};
use caisey_ledger::id::MAX_SAFE_INTEGER;
use failure::normalise;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags};
use std::cell::Cell;
use std::path::Path;
use std::time::Duration;

/// Pages kept in memory per open store. Thousands may be open, and an append touches a handful of pages.
const CACHE_KIB: u32 = 256;
/// The write-ahead log's file keeps this size while the store is open: what it grows to between two checkpoints (1,000 pages) and some
/// more. A file that is cut and grows again costs a commit of the file system with nearly every commit here.
const LOG_BYTES: u32 = 4_608 * 1_024;
/// Prepared statements kept per open store: all that an object uses.
const STATEMENTS: usize = 64;
/// How long to wait for another connection's lock, such as a reader that recovers the write-ahead log.
const BUSY: Duration = Duration::from_secs(5);

/// One object's database file, or one in memory for tests.
pub struct SqliteStore {
    connection: Connection,
    cage: Cage,
    depth: Cell<u32>,
}

impl SqliteStore {
    /// Opens the file for reading and writing, making it (readable by its owner only) when there is none.
    ///
    /// # Errors
    /// `Io` when it cannot be opened, `Corrupt` when it is no database, `Full` when there is no room for the write-ahead log.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        make_private(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Self::start(Connection::open_with_flags(path, flags).map_err(normalise)?)
    }

    /// A store that lasts as long as this value.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn in_memory() -> Result<Self, StoreError> {
        Self::start(Connection::open_in_memory().map_err(normalise)?)
    }

    /// Moves the write-ahead log into the database file and empties it: after an erasure, no copy of the erased text stays behind.
    ///
    /// # Errors
    /// The medium's; and `Io` while another connection reads an old state, which is for the caller to try again later.
    pub fn flush_log(&self) -> Result<(), StoreError> {
        let blocked: i64 = self.cage.open_for(|| {
            self.connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
                .map_err(normalise)
        })?;
        if blocked == 0 {
            Ok(())
        } else {
            Err(StoreError::Io("another connection still reads the write-ahead log".into()))
        }
    }

    fn start(mut connection: Connection) -> Result<Self, StoreError> {
        connection.busy_timeout(BUSY).map_err(normalise)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection
            .execute_batch(&format!(
                "PRAGMA journal_mode = WAL;
                 PRAGMA synchronous = FULL;
                 PRAGMA foreign_keys = ON;
                 PRAGMA secure_delete = ON;
                 PRAGMA trusted_schema = OFF;
                 PRAGMA cell_size_check = ON;
                 PRAGMA temp_store = MEMORY;
                 PRAGMA mmap_size = 0;
                 PRAGMA journal_size_limit = {LOG_BYTES};
                 PRAGMA cache_size = -{CACHE_KIB};"
            ))
            .map_err(normalise)?;
        let cage = Cage::around(&mut connection)?;
        Ok(Self {
            connection,
            cage,
            depth: Cell::new(0),
        })
    }

    fn control(&self, sql: &str) -> Result<(), StoreError> {
        self.cage.open_for(|| self.connection.execute_batch(sql).map_err(normalise))
    }

    /// Undoes the innermost transaction. SQLite has already done so by itself after some failures (disk full, medium).
    fn undo(&self, level: u32) {
        if self.connection.is_autocommit() {
            return;
        }
        let sql = if level == 0 {
            "ROLLBACK".to_owned()
        } else {
            format!("ROLLBACK TO level{level}; RELEASE level{level}")
        };
        if let Err(error) = self.control(&sql) {
            tracing::warn!(%error, "a transaction could not be rolled back; closing the store will do it");
        }
    }
}

impl Store for SqliteStore {
    fn exec(&self, sql: &str, params: &[Value]) -> Result<Rows, StoreError> {
        check_parameters(params)?;
        let mut statement = self.connection.prepare_cached(sql).map_err(normalise)?;
        let columns = statement.column_count();
        let mut rows = statement
            .query(rusqlite::params_from_iter(params.iter().map(Bound)))
            .map_err(normalise)?;
        let mut out = Rows::new();
        while let Some(row) = rows.next().map_err(normalise)? {
            let mut values = Vec::with_capacity(columns);
            for column in 0..columns {
                values.push(taken(row.get_ref(column).map_err(normalise)?)?);
            }
            out.push(values);
        }
        Ok(out)
    }

    fn script(&self, sql: &str) -> Result<(), StoreError> {
        self.connection.execute_batch(sql).map_err(normalise)
    }

    fn tx(&self, body: &mut dyn FnMut() -> Result<(), StoreError>) -> Result<(), StoreError> {
        let level = self.depth.get();
        if level == 0 {
            self.control("BEGIN IMMEDIATE")?;
        } else {
            self.control(&format!("SAVEPOINT level{level}"))?;
        }
        self.depth.set(level + 1);
        let done = body();
        self.depth.set(level);
        let done = done.and_then(|()| match level {
            0 => self.control("COMMIT"),
            _ => self.control(&format!("RELEASE level{level}")),
        });
        if done.is_err() {
            self.undo(level);
        }
        done
    }

    fn size_bytes(&self) -> Result<u64, StoreError> {
        let number = |sql| {
            self.connection
                .query_row(sql, [], |row| row.get::<_, i64>(0))
                .map_err(normalise)
        };
        let (pages, page) = self
            .cage
            .open_for(|| Ok((number("PRAGMA page_count")?, number("PRAGMA page_size")?)))?;
        Ok(pages.unsigned_abs() * page.unsigned_abs())
    }
}

struct Bound<'a>(&'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Int(number) => ValueRef::Integer(*number),
            Value::Real(number) => ValueRef::Real(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn taken(value: ValueRef<'_>) -> Result<Value, StoreError> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) if number.unsigned_abs() > MAX_SAFE_INTEGER => {
            return Err(StoreError::Refused(
                "a result is above 2^53 - 1, which the other host would round silently".into(),
            ));
        }
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(error) => return Err(StoreError::Corrupt(format!("a text is not UTF-8: {error}"))),
        },
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    })
}

fn make_private(path: &Path) -> Result<(), StoreError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(|error| match error.kind() {
        std::io::ErrorKind::StorageFull => StoreError::Full(error.to_string()),
        _ => StoreError::Io(error.to_string()),
    })
}
