//! How fast entries are verified and stored, compared with inserting the same rows raw.

use super::sample::{AUTHORITY, SampleLog};
use super::{BenchError, listing};
use crate::cache::entry::EntryWriter;
use crate::cache::search::tag::{Tag, token};
use crate::cache::{Cache, log};
use crate::facade::Access;
use crate::sync::witness::{Page, check_page, take_in};
use caisey_ledger::entry::{Entry, Record};
use caisey_ledger::event::Event;
use caisey_protocol::http::{EndpointState, EndpointView};
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

const BEGIN_MS: u64 = 1_760_000_000_000;
const PAGE: usize = 1_000;

/// Verifies and stores `entries` entries as synchronisation does, then inserts the same rows raw into tables of the same schema, with the
/// same page size of transactions. `ratio` is raw time over synchronisation time: at least 0.5 is the bar. "The same rows" are all that an
/// entry becomes: its row with the table's indexes, and its row of the full-text index, whose text is prepared beforehand. What is derived
/// over many entries (sessions, actions, tallies: a few rows per hundred entries) is written by synchronisation alone.
///
/// `ratio_to_bare_entries` leaves the full-text index out of the raw side: how far offline search as one types is paid for on arrival.
///
/// # Errors
/// See [`BenchError`].
pub fn synchronise(folder: &Path, entries: usize) -> Result<Value, BenchError> {
    let sample = sample(entries)?;
    let notes = notes(&sample)?;
    let verified = verified(&folder.join("verified"), &sample, &notes)?;
    let rows = rows(&folder.join("verified"))?;
    let raw = raw(&folder.join("raw"), &rows, true)?;
    let bare = self::raw(&folder.join("bare"), &rows, false)?;
    let plain = derived(&folder.join("plain"), &sample)?;
    let per_second = |time: Duration| sample.records.len() as f64 / time.as_secs_f64();
    Ok(json!({
        "entries": sample.records.len(),
        "bytes_of_leaves": sample.records.iter().map(|record| record.leaf.len()).sum::<usize>(),
        "verify_and_store_per_second": per_second(verified),
        "raw_insert_per_second": per_second(raw),
        "unverified_store_per_second": per_second(plain),
        "bare_insert_per_second": per_second(bare),
        "ratio": raw.as_secs_f64() / verified.as_secs_f64(),
        "ratio_to_bare_entries": bare.as_secs_f64() / verified.as_secs_f64(),
        "bar": 0.5,
    }))
}

fn sample(entries: usize) -> Result<SampleLog, BenchError> {
    let mut sample = SampleLog::new(1, BEGIN_MS)?;
    let mut number = 0;
    while sample.records.len() < entries {
        let session = sample.open_session("measurement")?;
        for _ in 0..20 {
            let outputs: Vec<String> = (0..6).map(|piece| listing(number * 10 + piece)).collect();
            let outputs: Vec<&str> = outputs.iter().map(String::as_str).collect();
            sample.command(&session, &format!("systemctl status unit-{number}"), &outputs)?;
            number += 1;
        }
        sample.close_session(&session)?;
    }
    sample.records.truncate(entries);
    Ok(sample)
}

/// A checkpoint after every page, as the control plane would give.
fn notes(sample: &SampleLog) -> Result<Vec<String>, BenchError> {
    let mut frontier = caisey_ledger::tree::Frontier::new();
    let mut notes = Vec::new();
    for page in sample.records.chunks(PAGE) {
        page.iter()
            .for_each(|record| frontier.append(caisey_ledger::tree::leaf_hash(record.leaf.as_bytes())));
        notes.push(sample.sign(&frontier)?);
    }
    Ok(notes)
}

pub(super) fn directory(sample: &SampleLog) -> EndpointView {
    EndpointView {
        endpoint: sample.endpoint.clone(),
        log: format!("{AUTHORITY}/{}/{}", sample.organisation, sample.endpoint),
        client: sample.client.clone(),
        client_name: "Example & Partners".to_owned(),
        hostname: sample.hostname.clone(),
        os: "linux".to_owned(),
        arch: "x86_64".to_owned(),
        state: EndpointState::Ready,
        log_size: sample.records.len() as u64,
        enrolled_at_ms: Default::default(),
        changed_at_ms: Default::default(),
    }
}

pub(super) fn open(folder: &Path, sample: &SampleLog) -> Result<(Cache, i64), BenchError> {
    let cache = Cache::open(folder, "bench", &[7; 32], Access::ReadWrite, 0)?.cache;
    let view = directory(sample);
    cache.write(|tx| log::put_directory(tx, &view))?;
    let row = cache.read(|cache| log::of_endpoint(cache, view.endpoint.as_str()))?;
    let row = row.ok_or_else(|| BenchError::Wrong("the log is not there".to_owned()))?;
    Ok((cache, row.log))
}

/// As the engine does it: the next page is checked while the last one is stored.
fn verified(folder: &Path, sample: &SampleLog, notes: &[String]) -> Result<Duration, BenchError> {
    let (cache, log) = open(folder, sample)?;
    let pages: Vec<Page> = sample
        .records
        .chunks(PAGE)
        .zip(notes)
        .enumerate()
        .map(|(number, (records, note))| Page {
            from: (number * PAGE) as u64,
            records: records.to_vec(),
            checkpoint: note.clone(),
            is_current: false,
        })
        .collect();
    let begun = Instant::now();
    let (send, receive) = mpsc::sync_channel(2);
    let stored = std::thread::scope(|scope| -> Result<u64, BenchError> {
        scope.spawn(move || pages.into_iter().map(check_page).try_for_each(|page| send.send(page)));
        let mut verified = 0;
        for page in receive {
            let taken = take_in(&cache, log, page, &sample.control_key(), &BTreeMap::new(), 0)?;
            if let Some(broken) = taken.broken {
                return Err(BenchError::Wrong(broken));
            }
            verified = taken.verified_size;
        }
        Ok(verified)
    })?;
    let took = begun.elapsed();
    if stored == sample.records.len() as u64 {
        Ok(took)
    } else {
        Err(BenchError::Wrong(format!("{stored} entries were verified")))
    }
}

/// An entry's row, and its technician's number.
type Row = (i64, i64, i64, i64, Option<i64>, String, Option<String>, Option<i64>);

/// The rows of the cache that was just filled, with what the index sees of each.
fn rows(filled: &Path) -> Result<Vec<(Row, String)>, BenchError> {
    let key = [7; 32];
    let source = Cache::open(filled, "bench", &key, Access::ReadOnly, 0)?.cache;
    let rows: Vec<Row> = source.read(|cache| {
        let mut rows = cache.prepare(
            "SELECT id, log, seq, kind, session, leaf, disclosures,
             (SELECT names.number FROM sessions JOIN names ON name = member WHERE sessions.number = entries.session)
             FROM entries ORDER BY seq",
        )?;
        let rows = rows.query_map([], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
                row.get(5)?,
                row.get(6)?,
                row.get(7)?,
            ))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    })?;
    let body = |row: &Row| crate::cache::entry::body(&crate::cache::session::disclosures(row.6.as_deref()));
    Ok(rows
        .into_iter()
        .map(|row| {
            let body = body(&row);
            (row, body)
        })
        .collect())
}

/// Inserts rows that are ready in memory by plain statements.
fn raw(folder: &Path, rows: &[(Row, String)], indexed: bool) -> Result<Duration, BenchError> {
    let target = Cache::open(folder, "bench", &[7; 32], Access::ReadWrite, 0)?.cache;
    let begun = Instant::now();
    for rows in rows.chunks(PAGE) {
        target.write(|tx| {
            for (row, body) in rows {
                insert(tx, row, indexed.then_some(body.as_str()))?;
            }
            Ok(())
        })?;
    }
    Ok(begun.elapsed())
}

fn insert(tx: &Connection, row: &Row, body: Option<&str>) -> Result<(), crate::error::ConsoleError> {
    tx.prepare_cached("INSERT INTO entries VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, NULL)")?
        .execute(params![row.0, row.1, row.2, row.3, row.4, row.5, row.6])?;
    let Some(body) = body else { return Ok(()) };
    tx.prepare_cached("INSERT INTO text_index (rowid, body, place, kind, member) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![
            row.0,
            body,
            token(Tag::Log, row.1),
            token(Tag::Kind, row.3),
            row.7.map(|member| token(Tag::Member, member))
        ])?;
    Ok(())
}

/// The console's own writer without any verification: what the derived rows cost.
fn derived(folder: &Path, sample: &SampleLog) -> Result<Duration, BenchError> {
    let (cache, log) = open(folder, sample)?;
    let parsed: Vec<(Entry, Option<Event>, &Record)> = sample
        .records
        .iter()
        .map(|record| {
            let entry: Entry = serde_json::from_str(&record.leaf).map_err(|error| BenchError::Wrong(error.to_string()))?;
            let event = Event::from_parts(&entry.statement.kind, &entry.statement.facts)
                .ok()
                .flatten();
            Ok((entry, event, record))
        })
        .collect::<Result<_, BenchError>>()?;
    let begun = Instant::now();
    for page in parsed.chunks(PAGE) {
        cache.write(|tx| {
            let mut writer = EntryWriter::new(tx, log);
            for (entry, event, record) in page {
                writer.insert(entry, event.as_ref(), record, None)?;
            }
            writer.finish()
        })?;
    }
    Ok(begun.elapsed())
}
