//! How fast a session of any length opens: what the window asks for first, against reading the session whole.

use super::sample::SampleLog;
use super::{BenchError, listing, synchronise};
use crate::cache::{entry::EntryWriter, page, proof, session, strip};
use caisey_ledger::entry::Entry;
use caisey_ledger::event::Event;
use caisey_ledger::id::{ActionId, Seq, TimeMs};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Instant;

const BEGIN_MS: u64 = 1_760_000_000_000;
/// Entries of a command: proposed, authorised, started, printed, finished.
const PER_COMMAND: u64 = 5;

/// Fills a cache with one session of `entries` entries and opens it as the window does (head, one page), as the strip and the panel ask
/// afterwards, and whole. Rows are as synchronisation writes them; signatures are not made again for every copy.
///
/// # Errors
/// See [`BenchError`].
pub fn session(folder: &Path, entries: u64) -> Result<Value, BenchError> {
    let mut sample = SampleLog::new(1, BEGIN_MS)?;
    let name = sample.open_session("measurement")?;
    sample.command(&name, "systemctl --failed", &["0 loaded units listed.\n"])?;
    let (cache, log) = synchronise::open(folder, &sample)?;
    let length = sample.records.len() as u64;
    cache.write(|tx| {
        let mut writer = EntryWriter::new(tx, log);
        for seq in 0..entries {
            let (entry, event, record) = copy(&sample, length, seq)?;
            writer.insert(&entry, event.as_ref(), &record, None)?;
        }
        writer.finish()
    })?;
    let measured = |what: &dyn Fn(&rusqlite::Connection) -> Result<u64, crate::error::ConsoleError>| {
        let mut best = (f64::MAX, 0);
        for _ in 0..5 {
            let begun = Instant::now();
            let count = cache.read(what)?;
            best = (best.0.min(begun.elapsed().as_secs_f64() * 1_000.0), count);
        }
        Ok::<_, BenchError>(best)
    };
    let id = name.as_str();
    let (open_ms, first) = measured(&|cache| {
        let head = page::head(cache, id)?;
        let last = head.pages.last().copied().unwrap_or_default();
        Ok(page::page(cache, id, last, None)?.items.len() as u64)
    })?;
    let (middle_ms, _) = measured(&|cache| Ok(page::page(cache, id, entries / 2, Some(entries / 2 + 256))?.items.len() as u64))?;
    let (strip_ms, marks) = measured(&|cache| Ok(strip::commands(cache, id)?.len() as u64))?;
    let (proof_ms, total) = measured(&|cache| Ok(proof::proof(cache, id)?.total))?;
    let (whole_ms, items) = measured(&|cache| Ok(session::detail(cache, id)?.items.len() as u64))?;
    if first == 0 || total != items {
        return Err(BenchError::Wrong(format!(
            "{first} entries first, {total} and {items} in all"
        )));
    }
    Ok(json!({
        "entries": items, "open_ms": open_ms, "page_ms": middle_ms, "strip_ms": strip_ms, "strip_marks": marks, "proof_ms": proof_ms,
        "whole_ms": whole_ms, "open_to_whole": open_ms / whole_ms,
    }))
}

/// The sample's entries, its command again and again, each time another one.
fn copy(
    sample: &SampleLog,
    length: u64,
    seq: u64,
) -> Result<(Entry, Option<Event>, caisey_ledger::entry::Record), crate::error::ConsoleError> {
    let wrong = |what: &str| crate::error::ConsoleError::Internal(what.to_owned());
    let at = if seq < length {
        seq
    } else {
        length - PER_COMMAND + (seq - length) % PER_COMMAND
    };
    let found = usize::try_from(at).ok().and_then(|at| sample.records.get(at));
    let mut record = found.cloned().ok_or_else(|| wrong("no sample"))?;
    let mut entry: Entry = serde_json::from_str(&record.leaf).map_err(|_| wrong("an unreadable sample"))?;
    entry.seq = Seq::new(seq).unwrap_or_default();
    entry.time_ms = TimeMs::new(BEGIN_MS + seq * 200).unwrap_or_default();
    if seq >= length && entry.statement.action.is_some() {
        let mut bits = [0; 16];
        let number = (seq - length) / PER_COMMAND + 1;
        bits.iter_mut().zip(number.to_be_bytes()).for_each(|(bit, byte)| *bit = byte);
        entry.statement.action = Some(ActionId::from_bits(bits));
    }
    for (name, text) in &mut record.disclosures {
        if let caisey_ledger::disclosure::Disclosure::Full { text, .. } = text
            && name == "output"
        {
            *text = listing(seq);
        }
    }
    record.leaf = serde_json::to_string(&entry).map_err(|_| wrong("an unwritable sample"))?;
    let event = Event::from_parts(&entry.statement.kind, &entry.statement.facts);
    Ok((entry, event.ok().flatten(), record))
}
