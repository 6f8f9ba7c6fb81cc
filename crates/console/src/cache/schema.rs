//! The cache's tables. One migration per change, applied and recorded in one transaction, never edited.
//!
//! Two numbers stand in every file: how many migrations it has seen, and the lowest program format that may open it (the
//! compatibility number), so that an old program refuses a newer file instead of misreading it.

use crate::error::ConsoleError;
use rusqlite::{Connection, OptionalExtension, params};

/// The highest compatibility number that this program may open.
pub const KNOWN_COMPATIBILITY: i64 = 1;

/// An entry's `id` grows with the control plane's time: milliseconds times this, plus a number within the millisecond. Newest first is
/// then simply descending `id`, also in the search index, whose rows have the same numbers.
pub const IDS_PER_MS: i64 = 1 << 21;

struct Migration {
    compatibility: i64,
    sql: &'static str,
}

/// `text_index` holds no text: only which entries contain which three characters. `place`, `kind` and `member` are single tokens of private
/// use characters, so that filters are answered by the same intersection as words (see [`super::search`]).
const MIGRATIONS: &[Migration] = &[
    Migration {
    compatibility: 1,
    sql: "
CREATE TABLE logs (
  log INTEGER PRIMARY KEY, endpoint TEXT NOT NULL UNIQUE, origin TEXT NOT NULL, client TEXT NOT NULL, client_name TEXT NOT NULL,
  hostname TEXT NOT NULL, os TEXT NOT NULL, arch TEXT NOT NULL, state TEXT NOT NULL, log_size INTEGER NOT NULL,
  enrolled_at_ms INTEGER NOT NULL, changed_at_ms INTEGER NOT NULL,
  cached_size INTEGER NOT NULL DEFAULT 0, verified_size INTEGER NOT NULL DEFAULT 0, verifier TEXT,
  broken_from INTEGER
) STRICT;
CREATE TABLE checkpoints (
  log INTEGER NOT NULL, size INTEGER NOT NULL, root TEXT NOT NULL, note TEXT NOT NULL, stored_at_ms INTEGER NOT NULL,
  PRIMARY KEY (log, size)
) STRICT, WITHOUT ROWID;
CREATE TABLE faults (
  fault INTEGER PRIMARY KEY, log INTEGER NOT NULL, seq INTEGER NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL,
  evidence TEXT NOT NULL, found_at_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE names (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE people (member TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE sessions (
  number INTEGER PRIMARY KEY, session TEXT NOT NULL UNIQUE, log INTEGER NOT NULL, member TEXT NOT NULL, member_name TEXT NOT NULL,
  purpose TEXT NOT NULL, opened_at_ms INTEGER NOT NULL, closed_at_ms INTEGER, first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL,
  actions INTEGER NOT NULL, recorded INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_time ON sessions (opened_at_ms);
CREATE TABLE entries (
  id INTEGER PRIMARY KEY, log INTEGER NOT NULL, seq INTEGER NOT NULL, kind INTEGER NOT NULL, session INTEGER,
  leaf TEXT NOT NULL, disclosures TEXT, fault TEXT
) STRICT;
CREATE UNIQUE INDEX entries_by_place ON entries (log, seq);
CREATE INDEX entries_by_session ON entries (session, seq) WHERE session IS NOT NULL;
CREATE INDEX entries_outside_sessions ON entries (log, seq) WHERE session IS NULL;
CREATE TABLE actions (action TEXT PRIMARY KEY, log INTEGER NOT NULL, session INTEGER NOT NULL, entry INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE commands (
  command TEXT NOT NULL, log INTEGER NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (command, log)
) STRICT, WITHOUT ROWID;
CREATE INDEX commands_by_use ON commands (last);
CREATE TABLE tallies (
  log INTEGER NOT NULL, member INTEGER NOT NULL, kind INTEGER NOT NULL, slot INTEGER NOT NULL,
  entries INTEGER NOT NULL, unreadable INTEGER NOT NULL, PRIMARY KEY (slot, log, member, kind)
) STRICT, WITHOUT ROWID;
CREATE TABLE drafts (session TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE VIRTUAL TABLE text_index USING fts5 (
  body, place, kind, member, content = '', columnsize = 0, detail = none, tokenize = 'trigram'
);
INSERT INTO text_index (text_index, rank) VALUES ('hashsize', 33554432);
",
    },
    Migration {
        compatibility: 1,
        sql: super::cosignature::TABLES,
    },
    Migration {
        compatibility: 1,
        sql: super::approvals::TABLES,
    },
    Migration {
        compatibility: 1,
        sql: super::approvals::UNREVIEWED,
    },
];

/// Brings a cache up to date.
///
/// # Errors
/// [`ConsoleError::CacheTooNew`], or the database's.
pub fn migrate(cache: &mut Connection) -> Result<(), ConsoleError> {
    let tx = cache.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    tx.execute_batch("CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;")?;
    let applied = number(&tx, "schema")?;
    check_compatibility(&tx)?;
    for (done, migration) in (1_i64..).zip(MIGRATIONS) {
        if done > applied {
            tx.execute_batch(migration.sql)?;
            put_number(&tx, "schema", done)?;
            put_number(&tx, "compatibility", migration.compatibility)?;
        }
    }
    tx.commit()?;
    Ok(())
}

/// Refuses a file that only newer programs understand.
///
/// # Errors
/// [`ConsoleError::CacheTooNew`], or the database's.
pub fn check_compatibility(cache: &Connection) -> Result<(), ConsoleError> {
    let found = number(cache, "compatibility")?;
    if found > KNOWN_COMPATIBILITY {
        Err(ConsoleError::CacheTooNew {
            found,
            known: KNOWN_COMPATIBILITY,
        })
    } else {
        Ok(())
    }
}

fn number(cache: &Connection, key: &str) -> Result<i64, ConsoleError> {
    Ok(get(cache, key)?.and_then(|text| text.parse().ok()).unwrap_or(0))
}

fn put_number(cache: &Connection, key: &str, value: i64) -> Result<(), ConsoleError> {
    put(cache, key, &value.to_string())
}

/// A value that belongs to the cache as a whole.
///
/// # Errors
/// The database's.
pub fn get(cache: &Connection, key: &str) -> Result<Option<String>, ConsoleError> {
    Ok(cache
        .prepare_cached("SELECT value FROM meta WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?)
}

/// Stores such a value.
///
/// # Errors
/// The database's.
pub fn put(cache: &Connection, key: &str, value: &str) -> Result<(), ConsoleError> {
    cache.execute("INSERT OR REPLACE INTO meta VALUES (?1, ?2)", params![key, value])?;
    Ok(())
}
