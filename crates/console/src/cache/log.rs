//! Logs and what is known of them as wholes: directory facts, verifier state, checkpoints, faults.

use crate::error::ConsoleError;
use caisey_ledger::checkpoint::Checkpoint;
use caisey_ledger::verify::LogVerifier;
use caisey_protocol::http::EndpointView;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// A log as the cache knows it.
#[derive(Debug, Clone)]
pub struct LogRow {
    /// Number within this cache.
    pub log: i64,
    /// Endpoint.
    pub endpoint: String,
    /// Origin, the name in checkpoints.
    pub origin: String,
    /// Client.
    pub client: String,
    /// Its name.
    pub client_name: String,
    /// The machine's own name.
    pub hostname: String,
    /// Operating system family.
    pub os: String,
    /// Processor architecture.
    pub arch: String,
    /// Last known state.
    pub state: String,
    /// Entries, as last heard.
    pub log_size: u64,
    /// When anything last changed.
    pub changed_at_ms: u64,
    /// Entries in the cache.
    pub cached_size: u64,
    /// Of these, how many a checked checkpoint covers.
    pub verified_size: u64,
    /// First entry that cannot be relied on, if any.
    pub broken_from: Option<u64>,
}

const COLUMNS: &str = "log, endpoint, origin, client, client_name, hostname, os, arch, state, log_size, changed_at_ms, cached_size, \
                       verified_size, broken_from";

fn row(row: &Row<'_>) -> rusqlite::Result<LogRow> {
    Ok(LogRow {
        log: row.get(0)?,
        endpoint: row.get(1)?,
        origin: row.get(2)?,
        client: row.get(3)?,
        client_name: row.get(4)?,
        hostname: row.get(5)?,
        os: row.get(6)?,
        arch: row.get(7)?,
        state: row.get(8)?,
        log_size: row.get(9)?,
        changed_at_ms: row.get(10)?,
        cached_size: row.get(11)?,
        verified_size: row.get(12)?,
        broken_from: row.get(13)?,
    })
}

/// All logs, by client name and host name.
///
/// # Errors
/// The database's.
pub fn all(cache: &Connection) -> Result<Vec<LogRow>, ConsoleError> {
    let sql = format!("SELECT {COLUMNS} FROM logs ORDER BY client_name COLLATE NOCASE, hostname COLLATE NOCASE, endpoint");
    let rows = cache.prepare_cached(&sql)?.query_map([], row)?.collect::<Result<_, _>>()?;
    Ok(rows)
}

/// One endpoint's log.
///
/// # Errors
/// The database's.
pub fn of_endpoint(cache: &Connection, endpoint: &str) -> Result<Option<LogRow>, ConsoleError> {
    let sql = format!("SELECT {COLUMNS} FROM logs WHERE endpoint = ?1");
    Ok(cache.prepare_cached(&sql)?.query_row([endpoint], row).optional()?)
}

/// One log by its number.
///
/// # Errors
/// The database's; unknown numbers are a mistake of ours.
pub fn by_number(cache: &Connection, log: i64) -> Result<LogRow, ConsoleError> {
    let sql = format!("SELECT {COLUMNS} FROM logs WHERE log = ?1");
    Ok(cache.prepare_cached(&sql)?.query_row([log], row)?)
}

/// A client has another name.
///
/// # Errors
/// The database's.
pub fn rename_client(cache: &Connection, client: &str, name: &str) -> Result<(), ConsoleError> {
    cache
        .prepare_cached("UPDATE logs SET client_name = ?2 WHERE client = ?1")?
        .execute([client, name])?;
    Ok(())
}

/// Takes in what the directory says. The origin of a log never changes: another one is kept out by the caller.
///
/// # Errors
/// The database's.
pub fn put_directory(cache: &Connection, view: &EndpointView) -> Result<(), ConsoleError> {
    let state = serde_json::to_value(view.state)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default();
    cache
        .prepare_cached(
            "INSERT INTO logs (endpoint, origin, client, client_name, hostname, os, arch, state, log_size, enrolled_at_ms, changed_at_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (endpoint) DO UPDATE SET client = ?3, client_name = ?4, hostname = ?5, os = ?6, arch = ?7, state = ?8,
             log_size = ?9, changed_at_ms = ?11",
        )?
        .execute(params![
            view.endpoint.as_str(),
            view.log,
            view.client.as_str(),
            view.client_name,
            view.hostname,
            view.os,
            view.arch,
            state,
            view.log_size,
            view.enrolled_at_ms.get(),
            view.changed_at_ms.get(),
        ])?;
    Ok(())
}

/// Where verification of a log stands; a fresh verifier before its first entry.
///
/// # Errors
/// The database's, or a state that this program cannot read.
pub fn verifier(cache: &Connection, log: i64) -> Result<LogVerifier, ConsoleError> {
    let (origin, state): (String, Option<String>) = cache
        .prepare_cached("SELECT origin, verifier FROM logs WHERE log = ?1")?
        .query_row([log], |row| Ok((row.get(0)?, row.get(1)?)))?;
    match state {
        None => Ok(LogVerifier::new(&origin)),
        Some(json) => {
            serde_json::from_str(&json).map_err(|error| ConsoleError::Internal(format!("stored verifier state: {error}")))
        }
    }
}

/// Stores where verification stands.
///
/// # Errors
/// The database's.
pub fn put_verifier(
    cache: &Connection,
    log: i64,
    verifier: &LogVerifier,
    verified_size: Option<u64>,
) -> Result<(), ConsoleError> {
    let json = serde_json::to_string(verifier).map_err(|error| ConsoleError::Internal(error.to_string()))?;
    cache
        .prepare_cached(
            "UPDATE logs SET verifier = ?2, cached_size = ?3, log_size = max(log_size, ?3), verified_size = coalesce(?4, verified_size)
             WHERE log = ?1",
        )?
        .execute(params![log, json, verifier.size(), verified_size])?;
    Ok(())
}

/// A checkpoint that this console keeps as a witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// Entries it covers.
    pub size: u64,
    /// Root, standard base64.
    pub root: String,
    /// The signed note.
    pub note: String,
}

/// Keeps a checked checkpoint; one of the same size is never replaced.
///
/// # Errors
/// The database's.
pub fn keep_checkpoint(
    cache: &Connection,
    log: i64,
    checkpoint: &Checkpoint,
    note: &str,
    now_ms: u64,
) -> Result<(), ConsoleError> {
    cache
        .prepare_cached("INSERT OR IGNORE INTO checkpoints VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![log, checkpoint.size, checkpoint.root.to_base64(), note, now_ms])?;
    Ok(())
}

/// The checkpoint kept of exactly this size, or the newest at or below it.
///
/// # Errors
/// The database's.
pub fn checkpoint_at_or_below(cache: &Connection, log: i64, size: u64) -> Result<Option<StoredCheckpoint>, ConsoleError> {
    checkpoint(
        cache,
        "SELECT size, root, note FROM checkpoints WHERE log = ?1 AND size <= ?2 ORDER BY size DESC LIMIT 1",
        log,
        size,
    )
}

/// The smallest checkpoint kept that covers this many entries.
///
/// # Errors
/// The database's.
pub fn checkpoint_covering(cache: &Connection, log: i64, size: u64) -> Result<Option<StoredCheckpoint>, ConsoleError> {
    checkpoint(
        cache,
        "SELECT size, root, note FROM checkpoints WHERE log = ?1 AND size >= ?2 ORDER BY size LIMIT 1",
        log,
        size,
    )
}

fn checkpoint(cache: &Connection, sql: &str, log: i64, size: u64) -> Result<Option<StoredCheckpoint>, ConsoleError> {
    let read = |row: &Row<'_>| {
        Ok(StoredCheckpoint {
            size: row.get(0)?,
            root: row.get(1)?,
            note: row.get(2)?,
        })
    };
    Ok(cache.prepare_cached(sql)?.query_row(params![log, size], read).optional()?)
}

/// All checkpoints kept of a log, by size.
///
/// # Errors
/// The database's.
pub fn checkpoints(cache: &Connection, log: i64) -> Result<Vec<StoredCheckpoint>, ConsoleError> {
    let mut found = cache.prepare_cached("SELECT size, root, note FROM checkpoints WHERE log = ?1 ORDER BY size")?;
    let rows = found.query_map([log], |row| {
        Ok(StoredCheckpoint {
            size: row.get(0)?,
            root: row.get(1)?,
            note: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Something wrong with a log, kept with what proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFault {
    /// Endpoint.
    pub endpoint: String,
    /// Its name.
    pub hostname: String,
    /// From this entry on.
    pub seq: u64,
    /// Stable word: `fork`, `rewind`, or a ledger fault's.
    pub code: String,
    /// For people.
    pub message: String,
    /// Signed checkpoints or records.
    pub evidence: Vec<String>,
}

/// A fault to keep.
#[derive(Debug, Clone)]
pub struct NewFault {
    /// From this entry on.
    pub seq: u64,
    /// Stable word.
    pub code: String,
    /// For people.
    pub message: String,
    /// Signed checkpoints or records.
    pub evidence: Vec<String>,
}

/// Marks a log as broken from an entry on and keeps the evidence. The first break stays the one that counts.
///
/// # Errors
/// The database's.
pub fn keep_fault(cache: &Connection, log: i64, fault: &NewFault, now_ms: u64) -> Result<(), ConsoleError> {
    let evidence = serde_json::to_string(&fault.evidence).unwrap_or_default();
    let same: i64 = cache.query_row(
        "SELECT count(*) FROM faults WHERE log = ?1 AND seq = ?2 AND code = ?3 AND evidence = ?4",
        params![log, fault.seq, fault.code, evidence],
        |row| row.get(0),
    )?;
    if same == 0 {
        cache.execute(
            "INSERT INTO faults (log, seq, code, message, evidence, found_at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![log, fault.seq, fault.code, fault.message, evidence, now_ms],
        )?;
    }
    cache.execute(
        "UPDATE logs SET broken_from = min(coalesce(broken_from, ?2), ?2) WHERE log = ?1",
        params![log, fault.seq],
    )?;
    Ok(())
}

/// All faults, oldest first.
///
/// # Errors
/// The database's.
pub fn faults(cache: &Connection) -> Result<Vec<StoredFault>, ConsoleError> {
    let mut found = cache.prepare_cached(
        "SELECT endpoint, hostname, seq, code, message, evidence FROM faults JOIN logs USING (log) ORDER BY fault LIMIT 200",
    )?;
    let rows = found.query_map([], |row| {
        let evidence: String = row.get(5)?;
        Ok(StoredFault {
            endpoint: row.get(0)?,
            hostname: row.get(1)?,
            seq: row.get(2)?,
            code: row.get(3)?,
            message: row.get(4)?,
            evidence: serde_json::from_str(&evidence).unwrap_or_default(),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
