//! The outbox's tables, and nothing else knows their SQL.
//!
//! ```sql
//! meta(name, value)                 version, next counter, last time, checkpoint, tree, notes for `status`
//! statements(counter, body)         signed statements as JSON, deleted once found in the log
//! actions(id, session, state, …)    every action ever seen; never deleted: an action runs at most once
//! ```

use super::Mark;
use crate::witness::Tree;
use caisey_ledger::entry::SignedStatement;
use caisey_ledger::id::{ActionId, SessionId};
use caisey_ledger::tree::Frontier;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};
use std::path::Path;
use std::time::Duration;

const VERSION: i64 = 1;

/// Migrations by number, never edited; a new one goes to the end.
const SCHEMA: &str = "
    CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE statements (counter INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
    CREATE TABLE actions (
        id TEXT PRIMARY KEY, session TEXT NOT NULL, state TEXT NOT NULL, pid INTEGER, started INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX actions_unfinished ON actions (state) WHERE state IN ('accepted', 'running');
    INSERT INTO meta VALUES ('next', '0'), ('last_ms', '0');
";

/// The outbox's file failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database or the disk under it.
    #[error("the outbox cannot be used")]
    Sql(#[from] rusqlite::Error),
    /// It was written by a newer program.
    #[error("the outbox was written by a newer caisey-runtime (format {0}); install that version or a later one")]
    Newer(i64),
    /// What is in it makes no sense.
    #[error("the outbox is damaged: {0}")]
    Damaged(String),
    /// Its thread cannot be started.
    #[error("the outbox's thread cannot be started")]
    Thread(#[from] std::io::Error),
}

impl StoreError {
    /// Whether the disk has no room left.
    pub(crate) fn is_disk_full(&self) -> bool {
        matches!(self, Self::Sql(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull))
    }
}

/// How far an action has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ActionState {
    /// Stored, its process not yet known to live.
    Accepted,
    /// Its process lives.
    Running,
    /// Over.
    Over,
    /// Refused.
    Refused,
}

impl ActionState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Running => "running",
            Self::Over => "over",
            Self::Refused => "refused",
        }
    }

    fn parse(text: &str) -> Result<Self, StoreError> {
        [Self::Accepted, Self::Running, Self::Over, Self::Refused]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| StoreError::Damaged(format!("action state {text:?}")))
    }
}

/// An action whose end was never recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unfinished {
    pub(crate) action: ActionId,
    pub(crate) session: SessionId,
    /// Process number and start time (the operating system's own unit), when the process was seen.
    pub(crate) process: Option<(u32, Option<u64>)>,
}

/// The writing side. Every method that changes something belongs into a transaction of [`Store::transaction`].
pub(super) struct Store {
    sql: Connection,
    next: u64,
    held_bytes: u64,
}

fn configure(sql: &Connection) -> Result<(), StoreError> {
    sql.busy_timeout(Duration::from_secs(10))?;
    sql.pragma_update(None, "journal_mode", "WAL")?;
    sql.pragma_update(None, "synchronous", "FULL")?;
    sql.pragma_update(None, "journal_size_limit", 16 << 20)?;
    Ok(())
}

impl Store {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let sql = Connection::open(path)?;
        configure(&sql)?;
        let version: i64 = sql.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        match version {
            0 => sql.execute_batch(&format!("BEGIN IMMEDIATE; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;"))?,
            VERSION => {}
            newer => return Err(StoreError::Newer(newer)),
        }
        let mut store = Self {
            sql,
            next: 0,
            held_bytes: 0,
        };
        store.reload()?;
        Ok(store)
    }

    pub(super) fn tip(&self) -> super::Tip {
        super::Tip {
            next: self.next,
            held_bytes: self.held_bytes,
        }
    }

    /// Runs `work` in one transaction. When it fails, nothing has happened, in memory either.
    pub(super) fn transaction<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let before = (self.next, self.held_bytes);
        self.sql.execute_batch("BEGIN IMMEDIATE")?;
        let outcome = work(self).and_then(|done| Ok(self.sql.execute_batch("COMMIT").map(|()| done)?));
        if outcome.is_err() {
            // The failed commit may have ended the transaction already.
            if !self.sql.is_autocommit() {
                let _ = self.sql.execute_batch("ROLLBACK");
            }
            (self.next, self.held_bytes) = before;
        }
        outcome
    }

    /// Adds the statement that carries the next counter.
    pub(super) fn push(&mut self, counter: u64, body: &str, at_ms: u64) -> Result<(), StoreError> {
        self.sql
            .prepare_cached("INSERT INTO statements (counter, body) VALUES (?1, ?2)")?
            .execute(params![integer(counter), body])?;
        self.held_bytes += body.len() as u64;
        self.set_next(counter + 1)?;
        self.set("last_ms", &at_ms.to_string())
    }

    pub(super) fn set_next(&mut self, next: u64) -> Result<(), StoreError> {
        self.next = next;
        self.set("next", &next.to_string())
    }

    pub(super) fn set(&self, name: &str, value: &str) -> Result<(), StoreError> {
        self.sql
            .prepare_cached("INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)")?
            .execute(params![name, value])?;
        Ok(())
    }

    pub(super) fn note(&self, name: &str) -> Result<Option<String>, StoreError> {
        note(&self.sql, name)
    }

    /// The log's tree as it was last rebuilt. An outbox of an earlier version has none: what it no longer holds is taken as hashes then.
    pub(super) fn tree(&self) -> Result<Tree, StoreError> {
        let damaged = |what: String| StoreError::Damaged(what);
        match self.note("tree")? {
            Some(frontier) => Ok(Tree {
                frontier: serde_json::from_str::<Frontier>(&frontier).map_err(|error| damaged(error.to_string()))?,
                counter: self.number("found")?,
            }),
            None => Ok(Tree {
                frontier: Frontier::new(),
                counter: self.first_kept()?,
            }),
        }
    }

    pub(super) fn set_tree(&self, tree: &Tree) -> Result<(), StoreError> {
        let frontier = serde_json::to_string(&tree.frontier).map_err(|error| StoreError::Damaged(error.to_string()))?;
        self.set("tree", &frontier)?;
        self.set("found", &tree.counter.to_string())
    }

    pub(super) fn last_ms(&self) -> Result<u64, StoreError> {
        self.number("last_ms")
    }

    /// Deletes statements below `next`.
    pub(super) fn forget(&mut self, next: u64) -> Result<(), StoreError> {
        let below = integer(next.min(self.next));
        let freed: i64 = self
            .sql
            .prepare_cached("SELECT COALESCE(SUM(LENGTH(CAST(body AS BLOB))), 0) FROM statements WHERE counter < ?1")?
            .query_row([below], |row| row.get(0))?;
        self.sql
            .prepare_cached("DELETE FROM statements WHERE counter < ?1")?
            .execute([below])?;
        self.held_bytes = self.held_bytes.saturating_sub(u64::try_from(freed).unwrap_or(0));
        Ok(())
    }

    /// The first counter that is still here; the next one when none is.
    pub(super) fn first_kept(&self) -> Result<u64, StoreError> {
        let first: Option<i64> = self
            .sql
            .query_row("SELECT MIN(counter) FROM statements", [], |row| row.get(0))?;
        Ok(first.and_then(|first| u64::try_from(first).ok()).unwrap_or(self.next))
    }

    pub(super) fn action(&self, action: &ActionId) -> Result<Option<ActionState>, StoreError> {
        let state: Option<String> = self
            .sql
            .prepare_cached("SELECT state FROM actions WHERE id = ?1")?
            .query_row([action.as_str()], |row| row.get(0))
            .optional()?;
        state.map(|state| ActionState::parse(&state)).transpose()
    }

    pub(super) fn accept(&mut self, action: &ActionId, session: &SessionId) -> Result<(), StoreError> {
        self.sql
            .prepare_cached("INSERT INTO actions (id, session, state) VALUES (?1, ?2, 'accepted')")?
            .execute(params![action.as_str(), session.as_str()])?;
        Ok(())
    }

    pub(super) fn mark(&mut self, mark: &Mark) -> Result<(), StoreError> {
        match mark {
            Mark::Running { action, pid, started } => {
                let started = started.map(integer);
                self.sql
                    .prepare_cached(
                        "UPDATE actions SET state = 'running', pid = ?2, started = ?3 WHERE id = ?1 AND state = 'accepted'",
                    )?
                    .execute(params![action.as_str(), pid, started])?;
            }
            Mark::Over { action } => {
                self.sql
                    .prepare_cached("UPDATE actions SET state = 'over' WHERE id = ?1")?
                    .execute([action.as_str()])?;
            }
            Mark::Refused { action, session } => {
                self.sql
                    .prepare_cached(
                        "INSERT INTO actions (id, session, state) VALUES (?1, ?2, 'refused')
                         ON CONFLICT (id) DO UPDATE SET state = 'refused' WHERE state = 'accepted'",
                    )?
                    .execute(params![action.as_str(), session.as_str()])?;
            }
        }
        Ok(())
    }

    pub(super) fn unfinished(&self) -> Result<Vec<Unfinished>, StoreError> {
        let mut query = self
            .sql
            .prepare("SELECT id, session, pid, started FROM actions WHERE state IN ('accepted', 'running') ORDER BY id")?;
        let rows = query.query_map([], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, Option<u32>>(2)?,
                row.get::<_, Option<i64>>(3)?,
            ))
        })?;
        rows.map(|row| {
            let (action, session, pid, started) = row?;
            let damaged = |error: caisey_ledger::id::InvalidId| StoreError::Damaged(error.to_string());
            Ok(Unfinished {
                action: action.parse().map_err(damaged)?,
                session: session.parse().map_err(damaged)?,
                process: pid.map(|pid| (pid, started.and_then(|started| u64::try_from(started).ok()))),
            })
        })
        .collect()
    }

    fn number(&self, name: &str) -> Result<u64, StoreError> {
        let text = self.note(name)?.unwrap_or_default();
        text.parse().map_err(|_| StoreError::Damaged(format!("{name} is {text:?}")))
    }

    fn reload(&mut self) -> Result<(), StoreError> {
        self.next = self.number("next")?;
        let (held, last): (i64, Option<i64>) = self.sql.query_row(
            "SELECT COALESCE(SUM(LENGTH(CAST(body AS BLOB))), 0), MAX(counter) FROM statements",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        self.held_bytes = u64::try_from(held).unwrap_or(0);
        if last.is_some_and(|last| u64::try_from(last).unwrap_or(u64::MAX) >= self.next) {
            return Err(StoreError::Damaged("it holds statements beyond its own count".to_owned()));
        }
        Ok(())
    }
}

/// The reading side: a connection of its own, so that sending never waits for an fsync.
pub(super) struct Reader {
    sql: Connection,
}

impl Reader {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let sql = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        sql.busy_timeout(Duration::from_secs(10))?;
        Ok(Self { sql })
    }

    pub(super) fn read(&self, from: u64, max_bytes: usize) -> Result<(Vec<SignedStatement>, usize), StoreError> {
        let mut query = self
            .sql
            .prepare_cached("SELECT counter, body FROM statements WHERE counter >= ?1 ORDER BY counter")?;
        let mut rows = query.query([integer(from)])?;
        let (mut found, mut bytes, mut expected) = (Vec::new(), 0usize, from);
        while let Some(row) = rows.next()? {
            let counter: i64 = row.get(0)?;
            let body = row
                .get_ref(1)?
                .as_str()
                .map_err(|error| StoreError::Damaged(error.to_string()))?;
            if counter != integer(expected) {
                return Err(StoreError::Damaged(format!("statement {expected} is missing")));
            }
            // One more byte for the comma between two of them.
            if !found.is_empty() && bytes + body.len() + 1 > max_bytes {
                break;
            }
            bytes += body.len() + 1;
            expected += 1;
            found.push(serde_json::from_str(body).map_err(|error| StoreError::Damaged(error.to_string()))?);
        }
        Ok((found, bytes))
    }

    pub(super) fn waiting(&self) -> Result<super::Waiting, StoreError> {
        let (statements, bytes): (i64, i64) = self.sql.query_row(
            "SELECT COUNT(*), COALESCE(SUM(LENGTH(CAST(body AS BLOB))), 0) FROM statements",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let running: i64 = self.sql.query_row(
            "SELECT COUNT(*) FROM actions WHERE state IN ('accepted', 'running')",
            [],
            |row| row.get(0),
        )?;
        let unsigned = |number: i64| u64::try_from(number).unwrap_or(0);
        Ok(super::Waiting {
            statements: unsigned(statements),
            bytes: unsigned(bytes),
            running: unsigned(running),
            connection: note(&self.sql, "connection")?,
            trouble: note(&self.sql, "trouble")?.filter(|text| !text.is_empty()),
        })
    }
}

fn note(sql: &Connection, name: &str) -> Result<Option<String>, StoreError> {
    Ok(sql
        .prepare_cached("SELECT value FROM meta WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?)
}

/// Counters stay below 2^53, so they always fit SQLite's signed integers.
fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
