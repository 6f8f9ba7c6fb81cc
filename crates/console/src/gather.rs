//! From the cache to what leaves the house: a snapshot of a session or a period, and the parts of logs that prove it
//! (docs/formats/snapshot.md, docs/formats/pack.md).
//!
//! Only entries below a checkpoint that this console has verified are taken. Texts of entries out of scope stay here.

use crate::cache::log::{self, LogRow};
use crate::cache::{cosignature, schema, session};
use crate::error::ConsoleError;
use crate::export::Tree;
use caisey_ledger::checkpoint::{Checkpoint, cosigner_vkey};
use caisey_ledger::entry::Record;
use caisey_ledger::hash::Hash;
use caisey_ledger::id::{Seq, TimeMs};
use caisey_ledger::witness::with_line;
use caisey_transcript::excerpt::{Excerpt, introduces};
use caisey_transcript::snapshot::{LogRange, Scope, Snapshot};
use rusqlite::{Connection, params};
use std::collections::BTreeMap;

/// A snapshot with what proves it.
#[derive(Debug, Clone)]
pub struct Gathered {
    /// Which entries.
    pub snapshot: Snapshot,
    /// The parts of its logs, in its order.
    pub excerpts: Vec<Excerpt>,
    /// Keys of the witnesses that cosigned their checkpoints, as C2SP writes them.
    pub witnesses: Vec<String>,
}

fn internal(error: impl std::fmt::Display) -> ConsoleError {
    ConsoleError::Internal(error.to_string())
}

fn seq(number: u64) -> Result<Seq, ConsoleError> {
    Seq::new(number).ok_or_else(|| internal("a place in the cache is out of range"))
}

/// Checkpoints to gather under, by the logs' origins: those of a snapshot that was reviewed.
pub type Notes = BTreeMap<String, String>;

/// A session, under the oldest checkpoint kept here that covers it, or under the one in `notes`.
///
/// # Errors
/// Unknown session; no checkpoint that covers it; the log is broken; the database's.
pub fn session(cache: &Connection, name: &str, notes: &Notes) -> Result<Gathered, ConsoleError> {
    let row = session::row(cache, name)?;
    let log = log::of_endpoint(cache, &row.endpoint)?.ok_or_else(|| not_found("endpoint", &row.endpoint))?;
    let scope = Scope::Session {
        session: row.session.parse().map_err(internal)?,
    };
    let range = (row.first_seq, row.last_seq);
    let part = part(cache, &log, &scope, range, notes)?;
    finish(scope, vec![part])
}

/// A period on these endpoints, each under the newest checkpoint kept here; once the log goes on behind the period, under the oldest
/// that covers it, so that its snapshot stays the same. Or under the ones in `notes`.
///
/// # Errors
/// No endpoints; a log without a checkpoint, or broken; the database's.
pub fn period(
    cache: &Connection,
    endpoints: &[String],
    from_ms: u64,
    to_ms: u64,
    notes: &Notes,
) -> Result<Gathered, ConsoleError> {
    let time = |ms: u64| TimeMs::new(ms).ok_or_else(|| internal("a time is out of range"));
    let scope = Scope::Period {
        from_ms: time(from_ms)?,
        to_ms: time(to_ms)?,
    };
    let mut parts = Vec::new();
    for endpoint in endpoints {
        let log = log::of_endpoint(cache, endpoint)?.ok_or_else(|| not_found("endpoint", endpoint))?;
        if log.verified_size == 0 {
            continue;
        }
        let place = |sql: &str, ms: u64| -> Result<Option<u64>, ConsoleError> {
            let id = i64::try_from(ms).unwrap_or(i64::MAX).saturating_mul(schema::IDS_PER_MS);
            Ok(cache
                .prepare_cached(sql)?
                .query_row(params![log.log, id, log.verified_size], |row| row.get(0))?)
        };
        let first = place(
            "SELECT max(seq) FROM entries WHERE log = ?1 AND id < ?2 AND seq < ?3",
            from_ms,
        )?
        .unwrap_or(0);
        let last = place("SELECT min(seq) FROM entries WHERE log = ?1 AND id >= ?2 AND seq < ?3", to_ms)?;
        let mut own = notes.clone();
        if let (Some(last), false) = (last, notes.contains_key(&log.origin))
            && let Some((stored, _)) = cosignature::best_covering(cache, log.log, last + 1)?
        {
            own.insert(log.origin.clone(), stored.note);
        }
        let last = last.unwrap_or(log.verified_size - 1).max(first);
        parts.push(part(cache, &log, &scope, (first, last), &own)?);
    }
    if parts.is_empty() {
        return Err(not_found("endpoint", "with a verified log"));
    }
    finish(scope, parts)
}

fn not_found(what: &'static str, id: &str) -> ConsoleError {
    ConsoleError::NotFound { what, id: id.to_owned() }
}

/// A log's range, what proves it, and keys of witnesses.
type Part = (LogRange, Excerpt, Vec<String>);

fn finish(scope: Scope, mut parts: Vec<Part>) -> Result<Gathered, ConsoleError> {
    parts.sort_by(|(a, ..), (b, ..)| a.log.cmp(&b.log));
    let (mut ranges, mut excerpts, mut witnesses) = (Vec::new(), Vec::new(), Vec::new());
    for (range, excerpt, keys) in parts {
        ranges.push(range);
        excerpts.push(excerpt);
        witnesses.extend(keys);
    }
    witnesses.sort();
    witnesses.dedup();
    Ok(Gathered {
        snapshot: Snapshot::new(scope, ranges).map_err(internal)?,
        excerpts,
        witnesses,
    })
}

fn part(cache: &Connection, log: &LogRow, scope: &Scope, (first, last): (u64, u64), notes: &Notes) -> Result<Part, ConsoleError> {
    if log.broken_from.is_some_and(|from| from <= last) {
        return Err(ConsoleError::Untrusted(format!(
            "the log of {} is broken from entry {} on; nothing of it can be handed over before that is explained",
            log.endpoint,
            log.broken_from.unwrap_or(0)
        )));
    }
    let note = match (notes.get(&log.origin), scope) {
        (Some(note), _) => Some(note.clone()),
        (None, Scope::Session { .. }) => cosignature::best_covering(cache, log.log, last + 1)?.map(|(stored, _)| stored.note),
        (None, Scope::Period { .. }) => log::checkpoints(cache, log.log)?
            .pop()
            .filter(|stored| stored.size > last)
            .map(|stored| stored.note),
    };
    let note = note.ok_or_else(|| ConsoleError::Offline {
        why: format!("no checkpoint that covers entry {last} is in the cache yet"),
    })?;
    let checkpoint = Checkpoint::read(&note).map_err(internal)?;
    if checkpoint.origin != log.origin || checkpoint.size > log.cached_size {
        return Err(ConsoleError::Untrusted(
            "the checkpoint does not fit the cached log".to_owned(),
        ));
    }
    let (mut note, mut witnesses) = (note, Vec::new());
    for line in cosignature::of(cache, log.log, checkpoint.size)? {
        let Some(Hash(key)) = Hash::from_base64(&line.key) else {
            continue;
        };
        if !note.contains(&line.line) {
            note = with_line(&note, &line.line).map_err(internal)?;
        }
        witnesses.push(cosigner_vkey(&line.witness, &key).map_err(internal)?);
    }
    let (mut places, mut records) = (Vec::new(), Vec::new());
    let mut rows = cache.prepare_cached(
        "SELECT seq, leaf, disclosures FROM entries WHERE log = ?1 AND (seq BETWEEN ?2 AND ?3 OR seq < ?2 AND session IS NULL) ORDER BY seq",
    )?;
    let mut rows = rows.query(params![log.log, first, last])?;
    while let Some(row) = rows.next()? {
        let (at, leaf): (u64, String) = (row.get(0)?, row.get(1)?);
        if at < first && !introduces(&leaf) {
            continue;
        }
        let stored: Option<String> = row.get(2)?;
        let mut record = Record {
            leaf,
            disclosures: session::disclosures(stored.as_deref()),
        };
        if at >= first && !scope.holds(&record.parse().map_err(internal)?) {
            record.disclosures.clear();
        }
        places.push(at);
        records.push(record);
    }
    let tree = Tree::of(cache, log.log, checkpoint.size, &mut crate::export::Steps::untold())?;
    let excerpt = Excerpt::new(&note, &places, records, &tree).map_err(internal)?;
    let range = LogRange {
        log: log.origin.clone(),
        first_seq: seq(first)?,
        last_seq: seq(last)?,
        size: checkpoint.size,
        root: checkpoint.root,
    };
    Ok((range, excerpt, witnesses))
}
