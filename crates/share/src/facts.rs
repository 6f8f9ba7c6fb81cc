//! What the first screen says of a record: who, when, which machine, authorised by whom, attested by whom, what was run.

use caisey_ledger::event::{Channel, Decision, Event};
use caisey_transcript::attestation::{Review, Verdict};
use caisey_transcript::counted::counted;
use caisey_transcript::excerpt::{Proved, ProvedEntry};
use caisey_transcript::moment;
use caisey_transcript::rows::{Row, RowText, Transcript};
use caisey_transcript::snapshot::{Scope, SnapshotState};
use caisey_transcript::verify::Record;
use std::collections::HashMap;

/// The facts, in words; none of them is safe to draw as it is.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) title: String,
    pub(crate) purpose: Option<RowText>,
    pub(crate) when: String,
    pub(crate) who: Vec<String>,
    /// Name and identifier.
    pub(crate) machines: Vec<(String, String)>,
    pub(crate) clients: Vec<String>,
    pub(crate) authorised: Vec<String>,
    pub(crate) attested: Vec<String>,
    pub(crate) refused: Vec<String>,
    pub(crate) reviewed: bool,
    pub(crate) released: Option<String>,
    pub(crate) commands: Vec<Command>,
    pub(crate) ran: String,
    pub(crate) entries: Vec<String>,
    pub(crate) checkpoints: Vec<String>,
    pub(crate) several_days: bool,
}

/// A command that was proposed, and what became of it.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) anchor: String,
    pub(crate) time_ms: u64,
    pub(crate) machine: String,
    pub(crate) text: Option<RowText>,
    pub(crate) who: String,
    pub(crate) authorised: String,
    pub(crate) outcome: String,
    pub(crate) mood: Mood,
}

/// Whether an outcome is good news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Good,
    Bad,
    Open,
}

/// Where a row stands on the page.
pub(crate) fn anchor(record: &Record, row: &Row) -> String {
    anchor_of(record, &row.log, row.seq)
}

/// Where an entry's row stands on the page. Logs count from 1.
pub(crate) fn anchor_of(record: &Record, log: &str, seq: u64) -> String {
    let part = record
        .snapshot
        .logs
        .iter()
        .position(|range| range.log == log)
        .unwrap_or_default()
        + 1;
    format!("e{part}-{seq}")
}

/// The entry behind a row.
pub(crate) fn entry<'a>(own: &[&'a Proved], log: &str, seq: u64) -> Option<&'a ProvedEntry> {
    let part = own.iter().find(|part| part.checkpoint.origin == log)?;
    let found = part.entries.binary_search_by_key(&seq, |proved| proved.entry.seq.get());
    found.ok().and_then(|at| part.entries.get(at))
}

/// The endpoint's identifier is the last part of its log's origin.
pub(crate) fn machine_id(log: &str) -> &str {
    log.rsplit('/').next().unwrap_or(log)
}

pub(crate) fn machine(record: &Record, log: &str) -> String {
    let id = machine_id(log);
    record.keys.names().get(id).cloned().unwrap_or_else(|| id.to_owned())
}

/// Rows by the action that they are about, each action's in the order of the log: a record has thousands of actions, and going through all rows
/// for each would take longer than verifying it.
struct Actions<'a>(HashMap<(&'a str, &'a str), Vec<&'a Row>>);

impl<'a> Actions<'a> {
    fn of(rows: &'a [Row]) -> Self {
        let mut actions: HashMap<(&str, &str), Vec<&Row>> = HashMap::new();
        for row in rows {
            if let Some(action) = &row.action {
                actions.entry((&row.log, action)).or_default().push(row);
            }
        }
        Self(actions)
    }

    /// All rows of the action that this row is about.
    fn around<'b>(&'b self, row: &'b Row) -> &'b [&'a Row] {
        let action = row
            .action
            .as_deref()
            .and_then(|action| self.0.get(&(row.log.as_str(), action)));
        action.map_or(&[], Vec::as_slice)
    }
}

impl Facts {
    pub(crate) fn of(record: &Record, own: &[&Proved], transcript: &Transcript) -> Self {
        let rows = &transcript.rows;
        let logs = &record.snapshot.logs;
        let machines: Vec<(String, String)> = logs
            .iter()
            .map(|range| (machine(record, &range.log), machine_id(&range.log).to_owned()))
            .collect();
        let actions = Actions::of(rows);
        let commands = commands(record, own, rows, &actions);
        let day = |time_ms: u64| moment::date(time_ms);
        Self {
            title: match machines.as_slice() {
                [(name, _)] => format!("Remote work on {name}"),
                several => format!("Remote work on {} machines", several.len()),
            },
            purpose: rows
                .iter()
                .find(|row| row.kind == "session.opened")
                .filter(|_| matches!(record.snapshot.scope, Scope::Session { .. }))
                .and_then(|row| row.texts.iter().find(|text| text.name == "purpose").cloned()),
            when: when(record, rows),
            who: once(
                rows.iter()
                    .filter(|row| matches!(row.kind.as_str(), "session.opened" | "action.proposed"))
                    .map(|row| row.who.clone()),
            ),
            clients: once(clients(record, own)),
            authorised: authorised(record, own, rows, &actions),
            attested: reviews(record, Verdict::Attested),
            refused: reviews(record, Verdict::Refused),
            reviewed: record.state() == SnapshotState::Attested,
            released: record
                .release
                .as_ref()
                .map(|release| format!("{}, on {}", release.by.name, moment::full(release.at_ms.get()))),
            ran: ran(&commands),
            commands,
            entries: logs
                .iter()
                .map(|range| {
                    format!(
                        "{} of {}, numbers {} to {} without a gap",
                        counted(range.entries(), "entry"),
                        machine(record, &range.log),
                        range.first_seq,
                        range.last_seq
                    )
                })
                .collect(),
            checkpoints: logs
                .iter()
                .map(|range| format!("{} entries, root {}", range.size, range.root))
                .collect(),
            machines,
            several_days: rows.first().map(|row| day(row.time_ms)) != rows.last().map(|row| day(row.time_ms)),
        }
    }
}

fn once(words: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for word in words {
        if !out.contains(&word) {
            out.push(word);
        }
    }
    out
}

fn when(record: &Record, rows: &[Row]) -> String {
    if let Scope::Period { from_ms, to_ms } = &record.snapshot.scope {
        return format!("{} to {}", moment::full(from_ms.get()), moment::full(to_ms.get()));
    }
    let own = |kind: &str| rows.iter().find(|row| row.kind == kind).map(|row| row.time_ms);
    match (own("session.opened"), own("session.closed")) {
        (Some(from), Some(to)) => {
            let end = if moment::date(from) == moment::date(to) {
                moment::clock(to)
            } else {
                moment::full(to)
            };
            let start = moment::full(from);
            let start = start.strip_suffix(" UTC").unwrap_or(&start);
            format!("{start} to {end} ({})", moment::span(to.saturating_sub(from)))
        }
        (Some(from), None) => format!("From {}; not closed when this record was taken", moment::full(from)),
        _ => "Not known".to_owned(),
    }
}

fn clients<'a>(record: &'a Record, own: &'a [&Proved]) -> impl Iterator<Item = String> + 'a {
    own.iter()
        .flat_map(|part| &part.entries)
        .filter_map(move |proved| match &proved.event {
            Some(Event::EndpointEnrolled { client, .. }) => {
                let name = record.keys.names().get(client.as_str()).cloned();
                Some(name.unwrap_or_else(|| client.to_string()))
            }
            _ => None,
        })
}

fn reviews(record: &Record, wanted: Verdict) -> Vec<String> {
    let own = record.reviews.iter().filter(|review| review.verdict == wanted);
    own.map(|review| reviewed(review, wanted)).collect()
}

fn reviewed(review: &Review, verdict: Verdict) -> String {
    let who = format!(
        "{} ({}), who took no part, on {}",
        review.reviewer.name,
        review.reviewer.role,
        moment::full(review.at_ms.get())
    );
    match verdict {
        Verdict::Attested => format!(
            "{who}, with {} of {} entries on screen: “{}”",
            review.coverage.seen, review.coverage.entries, review.sentence
        ),
        Verdict::Refused => format!("{who}: “{}”", review.reason.as_deref().unwrap_or_default()),
    }
}

/// Whoever or whatever allowed something, and how much of it.
fn authorised(record: &Record, own: &[&Proved], rows: &[Row], actions: &Actions<'_>) -> Vec<String> {
    let mut all: Vec<(String, u64)> = Vec::new();
    for row in rows.iter().filter(|row| row.kind == "action.authorised") {
        let words = authorisation(record, own, actions, row);
        match all.iter_mut().find(|(known, _)| *known == words) {
            Some((_, number)) => *number += 1,
            None => all.push((words, 1)),
        }
    }
    if all.is_empty() {
        return vec!["No command was authorised".to_owned()];
    }
    all.into_iter()
        .map(|(words, number)| format!("{words}: {}", counted(number, "command")))
        .collect()
}

/// Who allowed this action: the people who approved it, or the policy that did not have to ask.
fn authorisation(record: &Record, own: &[&Proved], actions: &Actions<'_>, row: &Row) -> String {
    let Some(Event::ActionAuthorised {
        policy,
        policy_version,
        channel,
        ..
    }) = entry(own, &row.log, row.seq).and_then(|proved| proved.event.as_ref())
    else {
        return "Not known".to_owned();
    };
    match channel {
        Channel::Policy => format!("Policy {policy}, version {policy_version}, without asking anybody"),
        Channel::BreakGlass => "Nobody: an emergency was declared (break-glass)".to_owned(),
        Channel::Console | Channel::Email | Channel::AtEndpoint => {
            let decisions = actions.around(row).iter().filter(|other| other.kind == "approval.decided");
            let people = once(decisions.filter_map(|decided| {
                match &entry(own, &decided.log, decided.seq)?.event {
                    Some(Event::ApprovalDecided {
                        decision: Decision::Approved,
                        member: Some(member),
                        ..
                    }) => Some(
                        record
                            .keys
                            .names()
                            .get(member.as_str())
                            .cloned()
                            .unwrap_or_else(|| member.to_string()),
                    ),
                    _ => None,
                }
            }));
            let how = match channel {
                Channel::Email => "by e-mail",
                Channel::AtEndpoint => "at the machine",
                _ => "on their own console",
            };
            let people = if people.is_empty() {
                "Somebody".to_owned()
            } else {
                people.join(" and ")
            };
            format!("{people}, {how}, as policy {policy}, version {policy_version}, asks")
        }
    }
}

fn commands(record: &Record, own: &[&Proved], rows: &[Row], actions: &Actions<'_>) -> Vec<Command> {
    let proposed = rows.iter().filter(|row| row.kind == "action.proposed");
    proposed
        .map(|row| {
            let around = actions.around(row);
            let authorised = around.iter().find(|other| other.kind == "action.authorised");
            let (outcome, mood) = outcome(own, around);
            Command {
                anchor: anchor(record, row),
                time_ms: row.time_ms,
                machine: machine(record, &row.log),
                text: row.texts.iter().find(|text| text.name == "command").cloned(),
                who: row.who.clone(),
                authorised: authorised.map_or_else(
                    || "Not authorised".to_owned(),
                    |authorised| authorisation(record, own, actions, authorised),
                ),
                outcome,
                mood,
            }
        })
        .collect()
}

fn outcome(own: &[&Proved], around: &[&Row]) -> (String, Mood) {
    let ends = |row: &&&Row| matches!(row.kind.as_str(), "command.finished" | "action.refused" | "action.unknown");
    let Some(last) = around.iter().rev().find(ends) else {
        return ("Not over when this record was taken".to_owned(), Mood::Open);
    };
    let event = entry(own, &last.log, last.seq).and_then(|proved| proved.event.as_ref());
    match event {
        Some(Event::CommandFinished { exit_code: Some(0), .. }) => ("Exit code 0".to_owned(), Mood::Good),
        Some(Event::ActionUnknown { .. }) => ("How it ended is not known".to_owned(), Mood::Open),
        Some(Event::ActionRefused { code }) => (format!("Did not run: {}", code.replace('_', " ")), Mood::Bad),
        _ => {
            let words = last.outcome.clone().unwrap_or_default();
            let mut letters = words.chars();
            let first = letters
                .next()
                .map(|first| first.to_uppercase().to_string())
                .unwrap_or_default();
            (first + letters.as_str(), Mood::Bad)
        }
    }
}

fn ran(commands: &[Command]) -> String {
    let of = |mood: Mood| commands.iter().filter(|command| command.mood == mood).count() as u64;
    match commands.len() as u64 {
        0 => "None was proposed".to_owned(),
        all => {
            let parts = [
                (of(Mood::Good), "ended with exit code 0"),
                (of(Mood::Bad), "ended otherwise or did not run"),
                (of(Mood::Open), "without a known end"),
            ];
            let parts: Vec<String> = parts
                .iter()
                .filter(|(number, _)| *number > 0)
                .map(|(number, words)| format!("{number} {words}"))
                .collect();
            format!("{} proposed: {}", counted(all, "command"), parts.join(", "))
        }
    }
}
