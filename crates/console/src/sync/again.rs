//! Checks a cached log again, from its bytes: every record, the whole tree, every checkpoint that was kept.

use super::witness::chain;
use crate::cache::Cache;
use crate::cache::log::{self, NewFault};
use crate::cache::session::disclosures;
use crate::error::ConsoleError;
use crate::facade::CancelFlag;
use crate::view::{Verification, VerifyProgress};
use caisey_ledger::entry::Record;
use caisey_ledger::verify::{Coverage, LogVerifier};
use rusqlite::params;
use std::collections::BTreeMap;

/// Records that are checked between two looks at the cancel flag.
const RUN: u64 = 512;

/// Faults that are listed.
const MOST_FAULTS: usize = 100;

/// Checks the log of an endpoint again. A record that does not hold any more marks the log as broken from there on.
///
/// # Errors
/// Unknown endpoint, disk, stopped.
pub fn verify_again(
    cache: &Cache,
    endpoint: &str,
    key: &[u8; 32],
    now_ms: u64,
    cancel: &CancelFlag,
    progress: &dyn Fn(VerifyProgress),
) -> Result<VerifyProgress, ConsoleError> {
    let (row, kept) = cache.read(|cache| {
        let row = log::of_endpoint(cache, endpoint)?.ok_or_else(|| ConsoleError::NotFound {
            what: "endpoint",
            id: endpoint.to_owned(),
        })?;
        Ok((row.clone(), log::checkpoints(cache, row.log)?))
    })?;
    let mut due: BTreeMap<u64, String> = kept.into_iter().map(|kept| (kept.size, kept.note)).collect();
    let mut verifier = LogVerifier::new(&row.origin);
    let mut state = VerifyProgress {
        endpoint: endpoint.to_owned(),
        done: 0,
        total: row.cached_size,
        finished: false,
        verification: if row.broken_from.is_some() {
            Verification::Broken
        } else {
            Verification::Verified
        },
        faults: Vec::new(),
    };
    let mut first_fault = None;
    'log: while verifier.size() < row.cached_size {
        if cancel.is_cancelled() {
            return Err(ConsoleError::Cancelled);
        }
        let records = read_run(cache, row.log, verifier.size())?;
        if records.is_empty() {
            first_fault = Some(format!("entry {} is missing from the cache", verifier.size()));
            break;
        }
        for checked in super::witness::precheck_all(&records) {
            if let Err(fault) = verifier.accept_checked(checked) {
                first_fault = Some(chain(&fault));
                break 'log;
            }
            if let Some(note) = due.remove(&verifier.size()) {
                match verifier.check_checkpoint(&note, key) {
                    Ok(Coverage::Exact(_)) => {}
                    Ok(_) => {}
                    Err(fault) => {
                        first_fault = Some(chain(&fault));
                        break 'log;
                    }
                }
            }
            state.done = verifier.size();
        }
        progress(state.clone());
    }
    if let Some(message) = first_fault {
        state.verification = Verification::Broken;
        if state.faults.len() < MOST_FAULTS {
            state.faults.push(format!("{}: {message}", verifier.size()));
        }
        let fault = NewFault {
            seq: verifier.size(),
            code: "cache_altered".to_owned(),
            message,
            evidence: Vec::new(),
        };
        cache.write(|tx| log::keep_fault(tx, row.log, &fault, now_ms))?;
    } else if row.verified_size < row.cached_size && state.verification == Verification::Verified {
        state.verification = Verification::Unverified;
    }
    state.finished = true;
    progress(state.clone());
    Ok(state)
}

fn read_run(cache: &Cache, log: i64, from: u64) -> Result<Vec<Record>, ConsoleError> {
    cache.read(|cache| {
        let mut rows = cache.prepare_cached(
            "SELECT leaf, disclosures FROM entries WHERE log = ?1 AND seq >= ?2 AND seq < ?3 AND fault IS NULL ORDER BY seq",
        )?;
        let rows = rows.query_map(params![log, from, from + RUN], |row| {
            let stored: Option<String> = row.get(1)?;
            Ok(Record {
                leaf: row.get(0)?,
                disclosures: disclosures(stored.as_deref()),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    })
}
