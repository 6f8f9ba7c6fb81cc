//! Somebody else's checkpoint, held against the tree rebuilt here: the other half of being a witness.
//!
//! Promises: a checkpoint that the control plane signed for another history breaks the log, and both are kept; of the cosignatures under one
//! that agrees, those that hold are kept, with whose they are by the log's own word where it has one.

use super::witness::{chain, root_at};
use crate::cache::Cache;
use crate::cache::cosignature::{self, Cosignature, Kind};
use crate::cache::log::{self, LogRow, NewFault};
use crate::error::ConsoleError;
use caisey_ledger::checkpoint::Checkpoint;
use caisey_ledger::entry::Entry;
use caisey_ledger::hash::Hash;
use caisey_ledger::verify::LogVerifier;
use caisey_ledger::witness::{check_line, split, witness_id};
use caisey_protocol::http::WitnessView;
use rusqlite::Connection;

/// What holding somebody else's checkpoint against our tree came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compared {
    /// It signs what we have, too.
    Same {
        /// Its size.
        size: u64,
        /// Whether any of its cosignatures was not known.
        news: bool,
    },
    /// It signs more than we have.
    Ahead {
        /// Its size.
        size: u64,
    },
    /// The control plane signed it and it is not of our tree: it shows different histories. The log is broken, both are kept.
    Differs {
        /// Its size.
        size: u64,
    },
    /// It is not a checkpoint of this log by this control plane, so it says nothing.
    Unusable(String),
}

/// Holds a cosigned checkpoint against the tree rebuilt here, and keeps those of its cosignatures that hold. `claimed` is the control
/// plane's word on whose keys they are; of keys that the log introduced, the log's counts.
///
/// # Errors
/// The database's.
pub fn compare(
    cache: &Cache,
    log: i64,
    note: &str,
    claimed: &[WitnessView],
    key: &[u8; 32],
    now_ms: u64,
) -> Result<Compared, ConsoleError> {
    cache.write(|tx| compare_in(tx, log, note, claimed, key, Some(now_ms)))
}

/// The same on an open cache; nothing is kept without a time.
///
/// # Errors
/// The database's.
pub fn compare_in(
    tx: &Connection,
    log: i64,
    note: &str,
    claimed: &[WitnessView],
    key: &[u8; 32],
    keep_at_ms: Option<u64>,
) -> Result<Compared, ConsoleError> {
    let row = log::by_number(tx, log)?;
    let opened = split(note).and_then(|(plain, lines)| Ok((Checkpoint::open(&plain, &row.origin, key)?, plain, lines)));
    let (checkpoint, plain, lines) = match opened {
        Ok(opened) => opened,
        Err(error) => return Ok(Compared::Unusable(chain(&error))),
    };
    let size = checkpoint.size;
    if size > row.cached_size {
        return Ok(Compared::Ahead { size });
    }
    let known = log::checkpoint_at_or_below(tx, log, size)?.filter(|kept| kept.size == size);
    let same = match &known {
        Some(kept) => kept.root == checkpoint.root.to_base64(),
        None => root_at(tx, log, size)? == checkpoint.root,
    };
    if !same {
        let names: Vec<&str> = lines.iter().map(|(name, _)| name.as_str()).collect();
        let mut evidence: Vec<String> = log::checkpoint_covering(tx, log, size)?
            .into_iter()
            .map(|kept| kept.note)
            .collect();
        evidence.push(note.to_owned());
        let fault = NewFault {
            seq: size.saturating_sub(1),
            code: "fork".to_owned(),
            message: format!(
                "the control plane signed another history of {size} entries, which others saw ({})",
                if names.is_empty() {
                    "not cosigned".to_owned()
                } else {
                    names.join(", ")
                }
            ),
            evidence,
        };
        if let Some(now_ms) = keep_at_ms {
            log::keep_fault(tx, log, &fault, now_ms)?;
        }
        tracing::warn!(
            endpoint = row.endpoint,
            size,
            "another history of a log was shown to somebody else"
        );
        return Ok(Compared::Differs { size });
    }
    let Some(now_ms) = keep_at_ms else {
        return Ok(Compared::Same { size, news: false });
    };
    if size > 0 && row.broken_from.is_none() {
        log::keep_checkpoint(tx, log, &checkpoint, &plain, now_ms)?;
    }
    let verifier = log::verifier(tx, log)?;
    let mut news = false;
    for (name, line) in lines {
        if let Some(holds) = line_of(tx, &row, &verifier, size, &plain, &name, line, claimed)? {
            news |= cosignature::keep(tx, log, &holds)?;
        }
    }
    Ok(Compared::Same { size, news })
}

/// A line with whose it is, when it holds; none of keys that nobody vouches for.
#[allow(clippy::too_many_arguments, reason = "one call, in the loop above")]
fn line_of(
    cache: &Connection,
    row: &LogRow,
    verifier: &LogVerifier,
    size: u64,
    plain: &str,
    name: &str,
    line: String,
    claimed: &[WitnessView],
) -> Result<Option<Cosignature>, ConsoleError> {
    let Some(id) = witness_id(&row.origin, name) else {
        return Ok(None);
    };
    let claim = claimed.iter().find(|claim| claim.name == name);
    let device = id.parse().ok().and_then(|device| verifier.devices().get(&device));
    let (kind, key, who, introduced) = if id == row.endpoint {
        (Kind::Endpoint, enrolled_key(cache, row.log)?, row.hostname.clone(), true)
    } else if let Some(device) = device {
        let people = crate::cache::session::people(cache)?;
        let who = people.get(device.member.as_str()).cloned();
        let who = who.or_else(|| claim.map(|claim| claim.who.clone())).unwrap_or_default();
        (Kind::Console, Some(device.key.clone()), who, true)
    } else {
        let key = claim.map(|claim| claim.key.clone());
        (
            Kind::Console,
            key,
            claim.map(|claim| claim.who.clone()).unwrap_or_default(),
            false,
        )
    };
    let Some(key) = key else { return Ok(None) };
    let Some(Hash(public)) = Hash::from_base64(&key) else {
        return Ok(None);
    };
    let Ok(time_s) = check_line(plain, &line, name, &public) else {
        return Ok(None);
    };
    Ok(Some(Cosignature {
        size,
        witness: name.to_owned(),
        key,
        who,
        line,
        time_s: time_s.min(caisey_ledger::id::MAX_SAFE_INTEGER),
        kind,
        introduced,
    }))
}

/// The endpoint's key, as its log begins with it.
fn enrolled_key(cache: &Connection, log: i64) -> Result<Option<String>, ConsoleError> {
    let leaf: Option<String> = {
        let mut rows = cache.prepare_cached("SELECT leaf FROM entries WHERE log = ?1 AND seq = 0 AND fault IS NULL")?;
        let mut rows = rows.query([log])?;
        rows.next()?.map(|row| row.get(0)).transpose()?
    };
    let entry = leaf.and_then(|leaf| serde_json::from_str::<Entry>(&leaf).ok());
    Ok(entry.and_then(|entry| entry.statement.facts.get("key")?.as_str().map(str::to_owned)))
}
