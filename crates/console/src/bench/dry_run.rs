//! How long it takes to say what a policy would have decided for a month of recorded actions, against reading the same rows.

use super::sample::SampleLog;
use super::{BenchError, synchronise};
use crate::cache::entry::EntryWriter;
use crate::cache::recorded::{self, Period};
use crate::cache::{Cache, log};
use crate::error::ConsoleError;
use crate::facade::CancelFlag;
use crate::facade::policies::dry_run::{Rules, decide};
use caisey_ledger::consent::Trust;
use caisey_ledger::disclosure::Disclosure;
use caisey_ledger::entry::{Entry, Record};
use caisey_ledger::event::Event;
use caisey_ledger::id::{ActionId, ClientId, Seq, TimeMs};
use caisey_policy::decide::Policies;
use caisey_policy::document::{Document, Scope};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Instant;

const BEGIN_MS: u64 = 1_760_000_000_000;
const MONTH_MS: u64 = 30 * 86_400_000;
const ENDPOINTS: u64 = 20;
/// Entries of a command: proposed, authorised, started, printed, finished.
const PER_COMMAND: u64 = 5;
/// What people wait for without wondering, in milliseconds.
const BAR_MS: f64 = 1_000.0;
/// Kinds that a dry run reads.
const KINDS: &str = "SELECT number FROM names WHERE name IN ('action.proposed', 'action.authorised', 'approval.requested')";

/// Fills a cache with `actions` recorded actions of 20 endpoints (rows as synchronisation writes them; signatures are not made again for
/// every copy, since a dry run relies on what was verified) and tries a policy beside eight others that are in force.
///
/// # Errors
/// See [`BenchError`].
pub fn dry_run(folder: &Path, actions: u64) -> Result<Value, BenchError> {
    let (cache, clients) = fill(folder, actions)?;
    let (read_ms, bytes) = best(|| {
        cache.read(|cache| {
            let sql = format!("SELECT coalesce(sum(length(leaf) + length(disclosures)), 0) FROM entries WHERE kind IN ({KINDS})");
            Ok(cache.query_row(&sql, [], |row| row.get::<_, u64>(0))?)
        })
    })?;
    let (gather_ms, period) =
        best(|| cache.read(|cache| recorded::of_period(cache, BEGIN_MS, BEGIN_MS + MONTH_MS, &|_, _| Ok(()))))?;
    let organisation = organisation(&period)?;
    let rules = Rules {
        before: compiled(&in_force())?,
        after: compiled(&in_force().into_iter().chain([draft()]).collect::<Vec<_>>())?,
        traits: Default::default(),
        trusts: clients
            .into_iter()
            .map(|client| (client.clone(), Trust::new(organisation.clone(), client)))
            .collect(),
    };
    let (decide_ms, (run, left_out)) = best(|| decide(&rules, &period, &CancelFlag::default(), &|_, _| ()))?;
    if run.actions != actions || left_out != 0 || run.differences.is_empty() {
        return Err(BenchError::Wrong(format!(
            "{} actions of {actions} were decided, {left_out} left out, {} differ",
            run.actions,
            run.differences.len()
        )));
    }
    let whole_ms = gather_ms + decide_ms;
    Ok(json!({
        "actions": actions, "bytes_read": bytes, "read_rows_ms": read_ms, "gather_ms": gather_ms, "decide_ms": decide_ms,
        "whole_ms": whole_ms, "ratio_to_reading": whole_ms / read_ms, "per_decision_us": decide_ms * 500.0 / actions as f64,
        "differences": run.differences.len(), "bar_ms": BAR_MS,
    }))
}

/// The fastest of three, and what it gave.
fn best<T>(work: impl Fn() -> Result<T, ConsoleError>) -> Result<(f64, T), BenchError> {
    let once = || {
        let begun = Instant::now();
        work().map(|found| (begun.elapsed().as_secs_f64() * 1_000.0, found))
    };
    let mut fastest = once()?;
    for _ in 0..2 {
        let next = once()?;
        if next.0 < fastest.0 {
            fastest = next;
        }
    }
    Ok(fastest)
}

fn compiled(documents: &[Document]) -> Result<Policies, BenchError> {
    Policies::compile(documents).map_err(|error| BenchError::Wrong(error.to_string()))
}

fn document(name: &str, text: &str) -> Document {
    Document {
        name: name.to_owned(),
        version: 1,
        scope: Scope::Organisation,
        text: text.to_owned(),
        form: None,
    }
}

/// As an organisation has them that cares: hours, roles, agents, sensitive machines, what deletes.
fn in_force() -> Vec<Document> {
    let rule =
        |name: &str, head: &str, when: &str| document(name, &format!("{head} (principal, action, resource) when {{ {when} }};"));
    let ask = "@require(\"member\") permit";
    vec![
        rule("agents", "forbid", "principal is Agent && action == Action::\"opaque\""),
        rule(
            "nights",
            ask,
            "context.utcMinuteOfWeek < 60 || context.utcMinuteOfWeek > 10020",
        ),
        rule("sensitive", "forbid", "resource.sensitive && action == Action::\"opaque\""),
        rule("deletes", ask, "action == Action::\"destructive\""),
        rule(
            "dispatchers",
            "forbid",
            "principal in Role::\"dispatcher\" && action == Action::\"destructive\"",
        ),
        rule("shells", ask, "context.interpreter == \"cmd\""),
        rule("attended", ask, "resource.attended && action == Action::\"changing\""),
        rule("readers", "permit", "action == Action::\"read_only\""),
    ]
}

fn draft() -> Document {
    document(
        "changes",
        "@require(\"member\") @count(\"2\") permit (principal, action in [Action::\"changing\", Action::\"destructive\"], resource);",
    )
}

fn organisation(period: &Period) -> Result<caisey_ledger::id::OrganisationId, BenchError> {
    let origin = period.logs.first().map(|log| log.origin.as_str()).unwrap_or_default();
    let found = origin.split('/').nth(1).and_then(|organisation| organisation.parse().ok());
    found.ok_or_else(|| BenchError::Wrong(format!("no organisation in {origin:?}")))
}

fn fill(folder: &Path, actions: u64) -> Result<(Cache, Vec<ClientId>), BenchError> {
    let mut samples = Vec::new();
    for number in 0..ENDPOINTS {
        let mut sample = SampleLog::new(number, BEGIN_MS)?;
        let session = sample.open_session("measurement")?;
        sample.command(&session, "systemctl --failed", &["0 loaded units listed.\n"])?;
        samples.push(sample);
    }
    let first = samples.first().ok_or_else(|| BenchError::Wrong("no log".to_owned()))?;
    let (cache, _) = synchronise::open(folder, first)?;
    for (place, sample) in (0..).zip(&samples) {
        let own = actions / ENDPOINTS + u64::from(place < actions % ENDPOINTS);
        let length = sample.records.len() as u64;
        let entries = if own == 0 {
            length - PER_COMMAND
        } else {
            length + (own - 1) * PER_COMMAND
        };
        cache.write(|tx| {
            let view = synchronise::directory(sample);
            log::put_directory(tx, &view)?;
            let number = log::of_endpoint(tx, view.endpoint.as_str())?.map_or(0, |row| row.log);
            let mut writer = EntryWriter::new(tx, number);
            for seq in 0..entries {
                let (entry, event, record) = copy(sample, place, seq, MONTH_MS / entries)?;
                writer.insert(&entry, event.as_ref(), &record, None)?;
            }
            writer.finish()?;
            // What was verified when it was written is not verified again by a dry run.
            let sql = "UPDATE logs SET cached_size = ?2, log_size = ?2, verified_size = ?2 WHERE log = ?1";
            tx.execute(sql, rusqlite::params![number, entries])?;
            Ok(())
        })?;
    }
    Ok((cache, samples.iter().map(|sample| sample.client.clone()).collect()))
}

/// The sample's entries, its command again and again, each time another one.
fn copy(sample: &SampleLog, place: u64, seq: u64, every_ms: u64) -> Result<(Entry, Option<Event>, Record), ConsoleError> {
    let wrong = |what: &str| ConsoleError::Internal(what.to_owned());
    let length = sample.records.len() as u64;
    let at = if seq < length {
        seq
    } else {
        length - PER_COMMAND + (seq - length) % PER_COMMAND
    };
    let found = usize::try_from(at).ok().and_then(|at| sample.records.get(at));
    let mut record = found.cloned().ok_or_else(|| wrong("no sample"))?;
    let mut entry: Entry = serde_json::from_str(&record.leaf).map_err(|_| wrong("an unreadable sample"))?;
    entry.seq = Seq::new(seq).unwrap_or_default();
    entry.time_ms = TimeMs::new(BEGIN_MS + seq * every_ms).unwrap_or_default();
    let number = (seq + PER_COMMAND).saturating_sub(length) / PER_COMMAND;
    if entry.statement.action.is_some() {
        let mut bits = [0; 16];
        let numbers = place.to_be_bytes().into_iter().chain(number.to_be_bytes());
        bits.iter_mut().zip(numbers).for_each(|(bit, byte)| *bit = byte);
        entry.statement.action = Some(ActionId::from_bits(bits));
    }
    for (name, text) in &mut record.disclosures {
        if let Disclosure::Full { text, .. } = text
            && name == "command"
        {
            *text = match number % 4 {
                0 => format!("systemctl restart unit-{number}"),
                1 => format!("rm -rf /var/tmp/build-{number}"),
                _ => format!("journalctl -u unit-{number} --since today | tail -n 40"),
            };
        }
    }
    record.leaf = serde_json::to_string(&entry).map_err(|_| wrong("an unwritable sample"))?;
    let event = Event::from_parts(&entry.statement.kind, &entry.statement.facts);
    Ok((entry, event.ok().flatten(), record))
}
