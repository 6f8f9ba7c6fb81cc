//! What a session's record amounts to: how much of it was checked, what does not hold, and the checkpoint that covers it.

use super::cosignature;
use super::log;
use super::session;
use crate::error::ConsoleError;
use crate::view::{EntryFault, SessionProof, Verification};
use caisey_ledger::entry::Entry;
use rusqlite::{Connection, params};
use std::collections::BTreeSet;

/// Faults that are listed; all are counted.
const LISTED: usize = 100;

/// The session's entries, and the endpoint's own between them, with what says how each stands.
const STANDING: &str = "SELECT seq, kind, fault FROM entries WHERE session = ?2 AND seq BETWEEN ?3 AND ?4
     UNION ALL SELECT seq, kind, fault FROM entries WHERE log = ?1 AND session IS NULL AND seq BETWEEN ?3 AND ?4";

/// Looks at every entry of a session.
///
/// # Errors
/// Unknown session; the database's.
pub fn proof(cache: &Connection, session: &str) -> Result<SessionProof, ConsoleError> {
    let found = session::one(cache, session)?;
    let log = log::by_number(cache, found.log)?;
    let gap: Option<i64> = number_of(cache, "recorder.gap")?;
    let end = found.view.last_seq + 1;
    let covering = cosignature::best_covering(cache, log.log, end)?.map(|(checkpoint, _)| checkpoint);
    let cosigned = cosignature::witnesses(cache, log.log, end)?;
    let mut proof = SessionProof {
        total: 0,
        broken: 0,
        unverified: 0,
        erased: 0,
        gaps: 0,
        faults: Vec::new(),
        cosigned: cosigned.into_iter().map(|line| session::cosigner(line, end)).collect(),
        root: covering.as_ref().map(|checkpoint| checkpoint.root.clone()),
        log_size: covering.as_ref().map_or(0, |checkpoint| checkpoint.size),
        checkpoint: covering.map(|checkpoint| checkpoint.note),
        row: found.view.clone(),
    };
    let erased = erased(cache, log.log, found.view.first_seq)?;
    let mut rows = cache.prepare_cached(&format!("SELECT seq, kind, fault FROM ({STANDING}) ORDER BY seq"))?;
    let mut rows = rows.query(params![found.log, found.number, found.view.first_seq, found.view.last_seq])?;
    while let Some(row) = rows.next()? {
        let (seq, kind, fault): (u64, i64, Option<String>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        proof.total += 1;
        proof.gaps += u64::from(Some(kind) == gap);
        proof.erased += u64::from(erased.contains(&seq));
        match crate::timeline::verification(&log, seq, fault.as_deref()) {
            Verification::Verified => {}
            Verification::Unverified => proof.unverified += 1,
            Verification::Broken => {
                proof.broken += 1;
                if proof.faults.len() < LISTED {
                    let why = fault.unwrap_or_else(|| {
                        "The log cannot be relied on from here on; see the notice for this endpoint.".to_owned()
                    });
                    proof.faults.push(EntryFault { seq, why });
                }
            }
        }
    }
    Ok(proof)
}

/// Entries of which a tombstone says that texts were destroyed. Tombstones come after what they speak of.
fn erased(cache: &Connection, log: i64, from: u64) -> Result<BTreeSet<u64>, ConsoleError> {
    let Some(kind) = number_of(cache, "text.erased")? else {
        return Ok(BTreeSet::new());
    };
    let mut rows = cache.prepare_cached("SELECT leaf FROM entries WHERE log = ?1 AND seq > ?2 AND kind = ?3")?;
    let mut rows = rows.query(params![log, from, kind])?;
    let mut seqs = BTreeSet::new();
    while let Some(row) = rows.next()? {
        let leaf = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        let stated = serde_json::from_str::<Entry>(leaf).ok();
        seqs.extend(stated.and_then(|entry| entry.statement.facts.get("entry_seq").and_then(serde_json::Value::as_u64)));
    }
    Ok(seqs)
}

fn number_of(cache: &Connection, name: &str) -> Result<Option<i64>, ConsoleError> {
    use rusqlite::OptionalExtension as _;
    let mut row = cache.prepare_cached("SELECT number FROM names WHERE name = ?1")?;
    Ok(row.query_row([name], |row| row.get(0)).optional()?)
}
