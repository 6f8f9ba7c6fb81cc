//! Reading a log back: pages for consoles, single entries for the objects themselves.

use super::LAST_CHECKPOINT;
use crate::row::{Row, damaged, int};
use crate::store::{Store, StoreError};
use caisey_ledger::disclosure::Disclosure;
use caisey_ledger::entry::{Entry, Record, SignedStatement};
use caisey_ledger::hash::Hash;
use caisey_ledger::id::Seq;
use caisey_ledger::text::TextSeed;
use caisey_protocol::http::EntriesPage;
use std::collections::BTreeMap;

/// A page carries at most this many bytes of records, as JSON, unless its first record alone is larger.
const PAGE_BYTES: u64 = 512 * 1024;
/// And at most this many records.
const PAGE_RECORDS: u32 = 2_000;

const SIZES: &str = "SELECT record_bytes FROM entries WHERE seq >= ?1 AND seq < ?2 ORDER BY seq";
const LEAVES: &str = "SELECT leaf FROM entries WHERE seq >= ?1 AND seq < ?2 ORDER BY seq";
const TEXTS: &str = "SELECT seq, name, text, seed FROM texts WHERE seq >= ?1 AND seq < ?2 ORDER BY seq, name";

/// A run of the log below its newest checkpoint, `limit` records at most; none when there is no log yet. The checkpoint is read first and
/// entries are never changed, so this is consistent without a transaction.
///
/// # Errors
/// The store's.
pub(crate) fn read_page(store: &dyn Store, from: Seq, limit: u32) -> Result<Option<EntriesPage>, StoreError> {
    let Some(mut last) = Row::first(store.exec(LAST_CHECKPOINT, &[])?) else {
        return Ok(None);
    };
    let (size, checkpoint) = (last.number()?, last.text()?);
    let wanted = from.get().saturating_add(limit.clamp(1, PAGE_RECORDS).into()).min(size);
    let to = fitting(store, from.get(), wanted)?;
    Ok(Some(EntriesPage {
        from,
        records: records(store, from.get(), to)?,
        size,
        checkpoint,
    }))
}

/// Where a page that begins at `from` has to end, `to` at most.
fn fitting(store: &dyn Store, from: u64, to: u64) -> Result<u64, StoreError> {
    if from >= to {
        return Ok(from);
    }
    let mut bytes = 0_u64;
    let mut end = from;
    for row in store.exec(SIZES, &[int(from), int(to)])? {
        bytes = bytes.saturating_add(Row::from(row).number()?);
        if bytes > PAGE_BYTES && end > from {
            break;
        }
        end += 1;
    }
    Ok(end)
}

fn records(store: &dyn Store, from: u64, to: u64) -> Result<Vec<Record>, StoreError> {
    if from >= to {
        return Ok(Vec::new());
    }
    let mut records = Vec::new();
    for row in store.exec(LEAVES, &[int(from), int(to)])? {
        records.push(Record {
            leaf: Row::from(row).text()?,
            disclosures: BTreeMap::new(),
        });
    }
    if records.len() as u64 != to - from {
        return Err(damaged("entries are missing"));
    }
    for row in store.exec(TEXTS, &[int(from), int(to)])? {
        let (seq, name, disclosure) = text_of(row)?;
        let place = usize::try_from(seq - from).ok().and_then(|place| records.get_mut(place));
        place
            .ok_or_else(|| damaged("a text has no entry"))?
            .disclosures
            .insert(name, disclosure);
    }
    Ok(records)
}

fn text_of(row: Vec<crate::store::Value>) -> Result<(u64, String, Disclosure), StoreError> {
    let mut row = Row::from(row);
    let (seq, name, text, seed) = (row.number()?, row.text()?, row.text()?, row.bytes32()?);
    Ok((
        seq,
        name,
        Disclosure::Full {
            text,
            seed: TextSeed::from_bytes(seed),
        },
    ))
}

/// The canonical bytes of a run of entries.
///
/// # Errors
/// The store's; damaged when some are missing.
pub(crate) fn leaves(store: &dyn Store, from: u64, to: u64) -> Result<Vec<String>, StoreError> {
    let rows = store.exec(LEAVES, &[int(from), int(to)])?;
    let leaves: Vec<String> = rows.into_iter().map(|row| Row::from(row).text()).collect::<Result<_, _>>()?;
    if leaves.len() as u64 == to.saturating_sub(from) {
        Ok(leaves)
    } else {
        Err(damaged("entries are missing"))
    }
}

/// One entry with its texts, the newest checkpoint, and the set proof from the one to the other; none when the checkpoint does not cover it.
///
/// # Errors
/// The store's.
pub(crate) fn evidence(store: &dyn Store, seq: u64) -> Result<Option<(Record, String, Vec<Hash>)>, StoreError> {
    let Some(mut last) = Row::first(store.exec(LAST_CHECKPOINT, &[])?) else {
        return Ok(None);
    };
    let (size, checkpoint) = (last.number()?, last.text()?);
    let (Some(leaf), true) = (leaf(store, seq)?, seq < size) else {
        return Ok(None);
    };
    let record = Record {
        leaf,
        disclosures: disclosures(store, seq)?,
    };
    Ok(super::nodes::prove_set(store, &[seq], size)?.map(|proof| (record, checkpoint, proof)))
}

/// The canonical bytes of one entry.
///
/// # Errors
/// The store's.
pub(crate) fn leaf(store: &dyn Store, seq: u64) -> Result<Option<String>, StoreError> {
    Row::first(store.exec(LEAVES, &[int(seq), int(seq + 1)])?)
        .map(|mut row| row.text())
        .transpose()
}

/// The texts of one entry that were not erased.
///
/// # Errors
/// The store's.
pub(crate) fn disclosures(store: &dyn Store, seq: u64) -> Result<BTreeMap<String, Disclosure>, StoreError> {
    let rows = store.exec(TEXTS, &[int(seq), int(seq + 1)])?;
    rows.into_iter()
        .map(|row| text_of(row).map(|(_, name, disclosure)| (name, disclosure)))
        .collect()
}

/// One entry's statement with whatever of its texts was not erased.
///
/// # Errors
/// The store's.
pub(crate) fn signed(store: &dyn Store, seq: u64) -> Result<Option<SignedStatement>, StoreError> {
    let Some(leaf) = leaf(store, seq)? else { return Ok(None) };
    let entry: Entry = serde_json::from_str(&leaf).map_err(|_| damaged("an entry cannot be read"))?;
    Ok(Some(SignedStatement {
        statement: entry.statement,
        signature: entry.signature,
        disclosures: disclosures(store, seq)?,
    }))
}
