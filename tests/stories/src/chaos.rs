//! kill -9 of control plane, runtime and console at random points of a streaming command, over and over; then the record is held
//! against what each of them had acknowledged.
//!
//! Promises, when it returns well: the log verifies from its first entry to its checkpoint; every action that the console was told
//! is recorded is in it exactly once; what each command printed is there from its first line on, without a hole or a repetition;
//! every action came to an honest end; and the console's cache, killed as often as the others, verifies as the same log.

use crate::peer::{self, LINES, is_end};
use crate::programs::Program;
use crate::stage::Stage;
use anyhow::{Context, Result, ensure};
use caisey_client::address::ControlUrl;
use caisey_client::api::Api;
use caisey_console::view::Verification;
use caisey_ledger::disclosure::Disclosure;
use caisey_ledger::entry::{Entry, Record};
use caisey_ledger::id::{EndpointId, Seq};
use caisey_ledger::verify::{Coverage, LogVerifier};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

/// What happened.
#[derive(Debug, Default, serde::Serialize)]
pub struct Report {
    /// Kills of the control plane.
    pub control_kills: u32,
    /// Kills of the runtime.
    pub runtime_kills: u32,
    /// Kills of the console.
    pub console_kills: u32,
    /// Entries in the log at the end.
    pub entries: u64,
    /// Actions acknowledged to the console.
    pub acknowledged: usize,
    /// Actions that ran to their end.
    pub finished: usize,
    /// Actions honestly recorded as unknown.
    pub unknown: usize,
    /// Actions refused.
    pub refused: usize,
    /// Lines of output in the record.
    pub lines: usize,
}

/// A small generator for kill times (SplitMix64, Steele, Lea and Flood 2014): the same seed kills in the same order.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

/// Plays `rounds` kills on a stage that was just set, with the program `own` as the console.
///
/// # Errors
/// The first promise that does not hold.
pub async fn play((stage, mut control): (Stage, Program), own: &Path, rounds: u32, seed: u64) -> Result<Report> {
    let folder = stage.folder();
    let mut runtime = stage.start_runtime()?;
    let home = folder.join("console");
    let said = folder.join("console.said");
    let start_console = || -> Result<Program> {
        let (home, url) = (home.to_string_lossy().into_owned(), stage.url());
        let mut arguments = vec!["peer", "--home", &home, "--url", &url];
        arguments.extend(stage.issuer().into_iter().flat_map(|issuer| ["--issuer", issuer]));
        Program::start(own, &arguments, &said)
    };
    let mut console = start_console()?;
    wait_for_first_action(&said, &mut console)?;

    let mut report = Report::default();
    let mut dice = Dice(seed);
    for _ in 0..rounds {
        std::thread::sleep(Duration::from_millis(50 + dice.below(2_000)));
        match dice.below(3) {
            0 => {
                control.kill()?;
                report.control_kills += 1;
                std::thread::sleep(Duration::from_millis(dice.below(400)));
                control = stage.start_control()?.0;
            }
            1 => {
                runtime.kill()?;
                report.runtime_kills += 1;
                std::thread::sleep(Duration::from_millis(dice.below(400)));
                runtime = stage.start_runtime()?;
            }
            _ => {
                console.kill()?;
                report.console_kills += 1;
                console = start_console()?;
            }
        }
    }
    // Whatever was cut off by the last kills is delivered, finished or declared unknown within this time.
    console.kill()?;
    runtime.must_be_alive()?;
    control.must_be_alive()?;
    let acknowledged = acknowledged(&said)?;
    let records = settled(&stage, Duration::from_secs(60)).await?;
    judge(&records, &acknowledged, &mut report)?;
    judge_cache(&home, &stage, records.len() as u64).await?;
    Ok(report)
}

fn wait_for_first_action(said: &Path, console: &mut Program) -> Result<()> {
    console
        .wait_for_line(0, "acked ", Duration::from_secs(60))
        .map(drop)
        .with_context(|| {
            format!(
                "the console never got an action acknowledged; it said:\n{}",
                std::fs::read_to_string(said).unwrap_or_default()
            )
        })
}

fn acknowledged(said: &Path) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(said)?;
    Ok(text
        .lines()
        .filter_map(|line| line.strip_prefix("acked "))
        .map(str::to_owned)
        .collect())
}

/// Waits until every action in the log has come to its end, and returns the whole log, verified.
async fn settled(stage: &Stage, within: Duration) -> Result<Vec<(Entry, Record)>> {
    let api = Api::new(stage.url().parse::<ControlUrl>()?, stage.tokens())?;
    let endpoint = api
        .endpoints()
        .await?
        .into_iter()
        .next()
        .context("the directory lost its endpoint")?;
    let key = api.health().await?.checkpoint_key;
    let end = Instant::now() + within;
    loop {
        let records = read_log(&api, &endpoint.endpoint, &endpoint.log, &key).await?;
        let open = open_actions(&records);
        if open.is_empty() {
            return Ok(records);
        }
        ensure!(Instant::now() < end, "these actions never came to an end: {open:?}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn read_log(api: &Api, endpoint: &EndpointId, log: &str, key: &str) -> Result<Vec<(Entry, Record)>> {
    let key = caisey_ledger::hash::Hash::from_base64(key)
        .context("the checkpoint key is not a key")?
        .0;
    let mut verifier = LogVerifier::new(log);
    let mut records = Vec::new();
    loop {
        let from = Seq::new(verifier.size()).context("the log is beyond reason")?;
        let page = api.entries(endpoint, from, Some(1000)).await?;
        let outcome = verifier.accept_batch(&page.records);
        if let Some(fault) = outcome.fault {
            anyhow::bail!("the log does not verify: {fault}");
        }
        records.extend(outcome.accepted.into_iter().map(|accepted| accepted.entry).zip(page.records));
        match verifier
            .check_checkpoint(&page.checkpoint, &key)
            .map_err(|fault| anyhow::anyhow!("{fault}"))?
        {
            Coverage::Exact(_) => return Ok(records),
            Coverage::Ahead(_) => {}
            Coverage::Behind(older) => anyhow::bail!("the checkpoint covers {} of {} entries", older.size, verifier.size()),
        }
    }
}

fn by_action(records: &[(Entry, Record)]) -> BTreeMap<String, Vec<&(Entry, Record)>> {
    let mut actions: BTreeMap<String, Vec<&(Entry, Record)>> = BTreeMap::new();
    for record in records {
        if let Some(action) = &record.0.statement.action {
            actions.entry(action.to_string()).or_default().push(record);
        }
    }
    actions
}

fn open_actions(records: &[(Entry, Record)]) -> Vec<String> {
    by_action(records)
        .into_iter()
        .filter(|(_, entries)| !entries.iter().any(|(entry, _)| is_end(&entry.statement.kind)))
        .map(|(action, _)| action)
        .collect()
}

fn judge(records: &[(Entry, Record)], acknowledged: &[String], report: &mut Report) -> Result<()> {
    let actions = by_action(records);
    for action in acknowledged {
        let entries = actions
            .get(action)
            .with_context(|| format!("{action} was acknowledged and is not in the log"))?;
        let proposals = entries
            .iter()
            .filter(|(entry, _)| entry.statement.kind == "action.proposed")
            .count();
        ensure!(proposals == 1, "{action} is in the log {proposals} times");
    }
    for (action, entries) in &actions {
        let count = |kind: &str| entries.iter().filter(|(entry, _)| entry.statement.kind == kind).count();
        let starts = count("command.started");
        ensure!(starts <= 1, "{action} ran {starts} times");
        let lines = lines_of(entries)?;
        for (number, line) in lines.iter().enumerate() {
            ensure!(
                *line == format!("line-{number}"),
                "{action}: line {number} of its output is {line:?}"
            );
        }
        let finished = count("command.finished");
        ensure!(finished <= 1, "{action} finished {finished} times");
        if finished == 1 && count("action.unknown") == 0 {
            let exited = entries.iter().any(|(entry, _)| {
                entry
                    .statement
                    .facts
                    .get("outcome")
                    .is_some_and(|outcome| outcome == "exited")
            });
            ensure!(
                !exited || lines.len() == LINES,
                "{action} finished and {} of its {LINES} lines are in the record",
                lines.len()
            );
        }
        report.finished += finished;
        report.unknown += count("action.unknown");
        report.refused += count("action.refused");
        report.lines += lines.len();
    }
    report.entries = records.len() as u64;
    report.acknowledged = acknowledged.len();
    Ok(())
}

/// Lines on standard output, in the record's order; a last line without its end is left out when the command was cut off.
fn lines_of(entries: &[&(Entry, Record)]) -> Result<Vec<String>> {
    let mut text = String::new();
    let mut next_chunk = 0;
    for (entry, record) in entries {
        if entry.statement.kind != "command.output" || entry.statement.facts.get("stream").is_none_or(|stream| stream != "stdout")
        {
            continue;
        }
        let chunk = entry.statement.facts.get("chunk").and_then(serde_json::Value::as_u64);
        ensure!(
            chunk == Some(next_chunk),
            "piece {next_chunk} of the output is missing or doubled: found {chunk:?}"
        );
        next_chunk += 1;
        if let Some(Disclosure::Full { text: piece, .. }) = record.disclosures.get("output") {
            text.push_str(piece);
        }
    }
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    Ok(whole.lines().map(str::to_owned).collect())
}

async fn judge_cache(home: &Path, stage: &Stage, size: u64) -> Result<()> {
    let console = peer::open_at(home, &stage.url(), stage.issuer()).await?;
    let endpoint = peer::first_endpoint(&console).await?;
    console.wait_synchronised(Some(&endpoint), Duration::from_secs(60)).await?;
    let overview = console.overview().await?;
    let row = overview.endpoints.first().context("the cache lost its endpoint")?;
    ensure!(
        row.verification == Verification::Verified,
        "the cache calls the log {:?}: {:?}",
        row.verification,
        overview.notices
    );
    ensure!(row.cached_size >= size, "the cache has {} of {size} entries", row.cached_size);
    let damaged: Vec<_> = overview.notices.iter().filter(|notice| notice.severity != "info").collect();
    ensure!(damaged.is_empty(), "the console complains: {damaged:?}");
    console.shut_down().await;
    Ok(())
}
