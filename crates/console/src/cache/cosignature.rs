//! Who besides the control plane signed which checkpoint: one row per line, each checked before it came here.

use super::log::{self, StoredCheckpoint};
use crate::error::ConsoleError;
use caisey_ledger::witness::with_line;
use rusqlite::{Connection, Row, params};

/// Second migration of the cache. `tree_marks` holds the tree's right edge every few thousand entries, so that a root in the middle of a
/// long log is soon computed.
pub(super) const TABLES: &str = "
CREATE TABLE cosignatures (
  log INTEGER NOT NULL, size INTEGER NOT NULL, witness TEXT NOT NULL, key TEXT NOT NULL, who TEXT NOT NULL, line TEXT NOT NULL,
  time_s INTEGER NOT NULL, kind TEXT NOT NULL, introduced INTEGER NOT NULL, PRIMARY KEY (log, size, witness)
) STRICT, WITHOUT ROWID;
CREATE INDEX cosignatures_by_witness ON cosignatures (log, witness, size);
CREATE TABLE tree_marks (log INTEGER NOT NULL, size INTEGER NOT NULL, frontier TEXT NOT NULL, PRIMARY KEY (log, size)) STRICT, WITHOUT ROWID;
";

/// What kind of witness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The endpoint's runtime.
    Endpoint,
    /// Another console.
    Console,
    /// This one.
    ThisConsole,
}

impl Kind {
    /// The stable word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Endpoint => "endpoint",
            Self::Console => "console",
            Self::ThisConsole => "this_console",
        }
    }

    fn parse(word: &str) -> Self {
        [Self::Endpoint, Self::ThisConsole]
            .into_iter()
            .find(|kind| kind.word() == word)
            .unwrap_or(Self::Console)
    }
}

/// One line that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosignature {
    /// The checkpoint's size.
    pub size: u64,
    /// Name in the line.
    pub witness: String,
    /// Public key, standard base64.
    pub key: String,
    /// For people.
    pub who: String,
    /// The line.
    pub line: String,
    /// When, seconds since the Unix epoch, by the witness's clock.
    pub time_s: u64,
    /// What it is.
    pub kind: Kind,
    /// Whether the log itself introduced the key; else it is the control plane's word whose it is.
    pub introduced: bool,
}

fn read(row: &Row<'_>) -> rusqlite::Result<Cosignature> {
    let kind: String = row.get(6)?;
    Ok(Cosignature {
        size: row.get(0)?,
        witness: row.get(1)?,
        key: row.get(2)?,
        who: row.get(3)?,
        line: row.get(4)?,
        time_s: row.get(5)?,
        kind: Kind::parse(&kind),
        introduced: row.get(7)?,
    })
}

const COLUMNS: &str = "SELECT size, witness, key, who, line, time_s, kind, introduced FROM cosignatures";

/// Keeps a line; says whether it is news.
///
/// # Errors
/// The database's.
pub fn keep(cache: &Connection, log: i64, line: &Cosignature) -> Result<bool, ConsoleError> {
    let added = cache
        .prepare_cached("INSERT OR IGNORE INTO cosignatures VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?
        .execute(params![
            log,
            line.size,
            line.witness,
            line.key,
            line.who,
            line.line,
            line.time_s,
            line.kind.word(),
            line.introduced
        ])?;
    Ok(added > 0)
}

/// The largest checkpoint that this witness signed.
///
/// # Errors
/// The database's.
pub fn newest_of(cache: &Connection, log: i64, witness: &str) -> Result<Option<u64>, ConsoleError> {
    Ok(cache
        .prepare_cached("SELECT max(size) FROM cosignatures WHERE log = ?1 AND witness = ?2")?
        .query_row(params![log, witness], |row| row.get(0))?)
}

/// All lines of one checkpoint.
///
/// # Errors
/// The database's.
pub fn of(cache: &Connection, log: i64, size: u64) -> Result<Vec<Cosignature>, ConsoleError> {
    let sql = format!("{COLUMNS} WHERE log = ?1 AND size = ?2 ORDER BY witness");
    let mut rows = cache.prepare_cached(&sql)?;
    let rows = rows.query_map(params![log, size], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// For each witness of a log the smallest checkpoint of at least this size that it signed; its largest, when none is.
///
/// # Errors
/// The database's.
pub fn witnesses(cache: &Connection, log: i64, size: u64) -> Result<Vec<Cosignature>, ConsoleError> {
    let sql = format!(
        "{COLUMNS} AS c WHERE log = ?1 AND size = coalesce(
           (SELECT min(size) FROM cosignatures WHERE log = ?1 AND witness = c.witness AND size >= ?2),
           (SELECT max(size) FROM cosignatures WHERE log = ?1 AND witness = c.witness))
         ORDER BY kind = 'endpoint' DESC, who, witness"
    );
    let mut rows = cache.prepare_cached(&sql)?;
    let rows = rows.query_map(params![log, size], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The checkpoint that speaks best for the first `size` entries, with its lines: the smallest that covers them and that the endpoint
/// cosigned, else that most others did, else the smallest that covers them.
///
/// # Errors
/// The database's.
pub fn best_covering(
    cache: &Connection,
    log: i64,
    size: u64,
) -> Result<Option<(StoredCheckpoint, Vec<Cosignature>)>, ConsoleError> {
    let cosigned: Option<u64> = {
        let mut rows = cache.prepare_cached(
            "SELECT size FROM cosignatures JOIN checkpoints USING (log, size) WHERE log = ?1 AND size >= ?2
             GROUP BY size ORDER BY max(kind = 'endpoint') DESC, count(*) DESC, size LIMIT 1",
        )?;
        let mut rows = rows.query(params![log, size])?;
        rows.next()?.map(|row| row.get(0)).transpose()?
    };
    let Some(mut best) = log::checkpoint_covering(cache, log, cosigned.unwrap_or(size))? else {
        return Ok(None);
    };
    let lines = of(cache, log, best.size)?;
    for line in &lines {
        best.note = with_line(&best.note, &line.line).map_err(|error| ConsoleError::Internal(error.to_string()))?;
    }
    Ok(Some((best, lines)))
}
