//! How fast a search answers in a large cache.

use super::sample::SampleLog;
use super::{BenchError, listing, synchronise};
use crate::cache::Cache;
use crate::cache::entry::EntryWriter;
use crate::cache::search::search as ask;
use crate::view::SearchQuery;
use caisey_ledger::entry::{Entry, Record};
use caisey_ledger::event::Event;
use caisey_ledger::id::{Seq, TimeMs};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Instant;

const BEGIN_MS: u64 = 1_760_000_000_000;
/// A million entries are three months of work.
const EVERY_MS: u64 = 7_776;
const ENDPOINTS: u64 = 50;
/// The bar for the 95th percentile, in milliseconds.
const BAR_MS: f64 = 50.0;

/// Fills a cache with `entries` entries of 50 endpoints (rows and index as synchronisation writes them; signatures are not made again for
/// every copy, since a search does not look at them) and asks many different questions.
///
/// # Errors
/// See [`BenchError`].
pub fn search(folder: &Path, entries: u64) -> Result<Value, BenchError> {
    let begun = Instant::now();
    let (cache, logs) = fill(folder, entries)?;
    let filled_s = begun.elapsed().as_secs_f64();
    let mut times = Vec::new();
    let mut slowest = (0.0, String::new());
    for query in queries(&logs) {
        let begun = Instant::now();
        let result = cache.read(|cache| ask(cache, &query))?;
        let took = begun.elapsed().as_secs_f64() * 1_000.0;
        if took > slowest.0 {
            slowest = (
                took,
                format!("{query:?} gave {} hits, truncated: {}", result.hits.len(), result.truncated),
            );
        }
        times.push(took);
    }
    times.sort_by(f64::total_cmp);
    let percentile = |share: f64| {
        times
            .get(((times.len() as f64 - 1.0) * share) as usize)
            .copied()
            .unwrap_or_default()
    };
    let size = std::fs::metadata(cache.path())?.len();
    Ok(json!({
        "entries": entries,
        "cache_bytes": size,
        "filled_in_s": filled_s,
        "queries": times.len(),
        "p50_ms": percentile(0.5),
        "p95_ms": percentile(0.95),
        "max_ms": percentile(1.0),
        "slowest": slowest.1,
        "bar_p95_ms": BAR_MS,
    }))
}

fn fill(folder: &Path, entries: u64) -> Result<(Cache, Vec<SampleLog>), BenchError> {
    let mut logs = Vec::new();
    for number in 0..ENDPOINTS {
        let mut sample = SampleLog::new(number, BEGIN_MS)?;
        let session = sample.open_session("measurement")?;
        sample.command(&session, "systemctl --failed", &["0 loaded units listed.\n"])?;
        logs.push(sample);
    }
    let first = logs.first().ok_or_else(|| BenchError::Wrong("no log".to_owned()))?;
    let (cache, _) = synchronise::open(folder, first)?;
    let mut number = 0;
    while number < entries {
        for sample in &logs {
            let view = synchronise::directory(sample);
            cache.write(|tx| {
                crate::cache::log::put_directory(tx, &view)?;
                let log = crate::cache::log::of_endpoint(tx, view.endpoint.as_str())?.map_or(0, |row| row.log);
                let held: u64 = tx.query_row("SELECT coalesce(max(seq) + 1, 0) FROM entries WHERE log = ?1", [log], |row| {
                    row.get(0)
                })?;
                let mut writer = EntryWriter::new(tx, log);
                for seq in held..held + 2_000 {
                    let (entry, event, record) = variation(sample, seq, number)?;
                    writer.insert(&entry, event.as_ref(), &record, None)?;
                    number += 1;
                }
                writer.finish()
            })?;
            if number >= entries {
                break;
            }
        }
    }
    Ok((cache, logs))
}

/// The sample's entries in turn, with another place, time and output.
fn variation(sample: &SampleLog, seq: u64, number: u64) -> Result<(Entry, Option<Event>, Record), crate::error::ConsoleError> {
    let wrong = |what: &str| crate::error::ConsoleError::Internal(what.to_owned());
    let length = sample.records.len() as u64;
    // After the first round only the command's five entries come again.
    let at = if seq < length { seq } else { length - 5 + (seq - length) % 5 };
    let mut record = usize::try_from(at)
        .ok()
        .and_then(|at| sample.records.get(at))
        .cloned()
        .ok_or_else(|| wrong("no sample"))?;
    let mut entry: Entry = serde_json::from_str(&record.leaf).map_err(|_| wrong("an unreadable sample"))?;
    entry.seq = Seq::new(seq).unwrap_or_default();
    entry.time_ms = TimeMs::new(BEGIN_MS + number * EVERY_MS).unwrap_or_default();
    for (name, text) in &mut record.disclosures {
        if let caisey_ledger::disclosure::Disclosure::Full { text, .. } = text {
            match name.as_str() {
                "output" => *text = listing(number),
                "command" => *text = format!("systemctl status unit-{}", number % 5_000),
                _ => {}
            }
        }
    }
    record.leaf = serde_json::to_string(&entry).map_err(|_| wrong("an unwritable sample"))?;
    let event = Event::from_parts(&entry.statement.kind, &entry.statement.facts)
        .ok()
        .flatten();
    Ok((entry, event, record))
}

/// What people type, letter by letter and all at once: common words, rare ones, none at all, several, with and without filters.
fn queries(logs: &[SampleLog]) -> Vec<SearchQuery> {
    let words = [
        "pay",
        "payr",
        "payroll",
        "payroll failed",
        "system",
        "systemctl status",
        "unit-4711",
        "spooler stopped",
        "postfix-",
        "nginx running",
        "\"start pending\"",
        "no such words anywhere",
        "qqqq",
        "zzz",
        "/var/lib/payroll",
        "report-final disabled",
        "999999",
        "ss",
        "no",
        "x9",
        "routine",
        "root",
        "schedule-00",
        "winlogon-ffff",
        "backup backup",
        "ail",
        "ser",
        "service failed payroll",
        "東京",
        "%",
        "\"",
        "",
    ];
    let endpoint = |number: usize| logs.get(number).map(|log| log.endpoint.to_string());
    let mut queries = Vec::new();
    for word in words {
        let plain = SearchQuery {
            text: word.to_owned(),
            ..SearchQuery::default()
        };
        queries.push(plain.clone());
        queries.push(SearchQuery {
            endpoint: endpoint(7),
            ..plain.clone()
        });
        queries.push(SearchQuery {
            client: logs.get(23).map(|log| log.client.to_string()),
            ..plain.clone()
        });
        queries.push(SearchQuery {
            kinds: vec!["command.output".to_owned()],
            ..plain.clone()
        });
        queries.push(SearchQuery {
            kinds: vec!["session.opened".to_owned()],
            ..plain.clone()
        });
        queries.push(SearchQuery {
            member: logs.first().map(|log| log.member.to_string()),
            ..plain.clone()
        });
        queries.push(SearchQuery {
            from_ms: Some(BEGIN_MS + 500_000_000),
            to_ms: Some(BEGIN_MS + 2_500_000_000),
            ..plain.clone()
        });
        queries.push(SearchQuery {
            endpoint: endpoint(31),
            kinds: vec!["action.proposed".to_owned()],
            ..plain
        });
    }
    queries
}
