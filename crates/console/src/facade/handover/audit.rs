//! Audit tables for a screen: one line per action with who allowed it in plain words, exceptions first. A table that was made is kept, so that a
//! screen can ask for all of its lines, some at a time, and finds them as they were counted.

use super::Question;
use super::desk::locked;
use crate::error::ConsoleError;
use crate::facade::Console;
use crate::view::{AuditControl, AuditCount, AuditPreset, AuditRow, AuditView, RecordOf};
use caisey_transcript::audit::{Answer, At, AuditTable, Line, Preset, Verdict};
use caisey_transcript::moment;
use caisey_transcript::visible::marked_line;
use std::sync::Arc;

/// Lines that come with the counts; a screen asks for the others as it comes to them.
const FIRST_LINES: usize = 200;
/// Lines that are given at once.
const MOST_LINES: u32 = 500;
/// Longest command that is quoted, in characters.
const LONGEST_QUOTE: usize = 200;

impl From<AuditPreset> for Preset {
    fn from(preset: AuditPreset) -> Self {
        match preset {
            AuditPreset::None => Self::None,
            AuditPreset::Sox => Self::Sox,
            AuditPreset::Hipaa => Self::Hipaa,
        }
    }
}

/// The table that a screen shows.
pub(in crate::facade) struct Shown {
    question: Question,
    preset: AuditPreset,
    table: Arc<AuditTable>,
}

/// A table in all its forms.
#[derive(Debug, Clone)]
pub struct AuditFiles {
    /// Every line, for printing.
    pub view: AuditView,
    /// For spreadsheets (RFC 4180).
    pub csv: String,
    /// For programs (docs/formats/audit.md).
    pub json: Vec<u8>,
}

impl Console {
    /// Every action with its authorisation, as files.
    ///
    /// # Errors
    /// As [`Console::transcript`].
    pub async fn audit_files(&self, of: RecordOf, preset: AuditPreset) -> Result<AuditFiles, ConsoleError> {
        let table = self.audit(&Question::from(of), preset.into()).await?;
        Ok(AuditFiles {
            view: view(&table, usize::MAX),
            csv: table.to_csv(),
            json: serde_json::to_vec_pretty(&table).map_err(super::internal)?,
        })
    }

    /// Every action with its authorisation, for a screen: the counts, and the first lines. It is made anew.
    ///
    /// # Errors
    /// As [`Console::transcript`].
    pub async fn audit_view(&self, of: RecordOf, preset: AuditPreset) -> Result<AuditView, ConsoleError> {
        let table = self.shown_table(&Question::from(of), preset, true).await?;
        Ok(view(&table, FIRST_LINES))
    }

    /// Further lines of the table whose counts were given last, from one on. Lines stand in the order of the counts.
    ///
    /// # Errors
    /// As [`Console::transcript`].
    pub async fn audit_rows(
        &self,
        of: RecordOf,
        preset: AuditPreset,
        from: u32,
        count: u32,
    ) -> Result<Vec<AuditRow>, ConsoleError> {
        let table = self.shown_table(&Question::from(of), preset, false).await?;
        let lines = table.lines.iter().skip(from as usize);
        Ok(lines.take(count.min(MOST_LINES) as usize).map(row).collect())
    }

    /// The table that a screen shows; another one is made when it asks for another one.
    async fn shown_table(&self, question: &Question, preset: AuditPreset, anew: bool) -> Result<Arc<AuditTable>, ConsoleError> {
        if !anew {
            let shown = locked(&self.inner.table);
            let same = |shown: &&Shown| shown.question == *question && shown.preset == preset;
            if let Some(shown) = shown.as_ref().filter(same) {
                return Ok(Arc::clone(&shown.table));
            }
        }
        let table = Arc::new(self.audit(question, preset.into()).await?);
        *locked(&self.inner.table) = Some(Shown {
            question: question.clone(),
            preset,
            table: Arc::clone(&table),
        });
        Ok(table)
    }
}

fn view(table: &AuditTable, most: usize) -> AuditView {
    let controls = table.controls.iter().map(|control| AuditControl {
        id: control.id.clone(),
        asks: control.asks.clone(),
        spoken_to_by: control.spoken_to_by.clone(),
    });
    let counts = table.counts.iter().map(|(verdict, count)| AuditCount {
        verdict: key(*verdict),
        words: verdict.sentence().to_owned(),
        count: *count,
    });
    AuditView {
        digest: table.snapshot.clone(),
        counts: counts.collect(),
        controls: controls.collect(),
        total: table.lines.len() as u64,
        lines: table.lines.iter().take(most).map(row).collect(),
    }
}

/// As the verdict stands in files.
fn key(verdict: Verdict) -> String {
    serde_json::to_value(verdict)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn row(line: &Line) -> AuditRow {
    let place = |at: Option<At>| at.map(|at| (at.seq, at.time_ms));
    let first = line
        .command
        .as_deref()
        .and_then(|command| command.lines().find(|line| !line.trim().is_empty()));
    AuditRow {
        verdict: key(line.verdict),
        words: line.verdict.sentence().to_owned(),
        reasons: line.reasons.iter().map(|reason| marked_line(reason)).collect(),
        hostname: marked_line(&line.endpoint),
        session: line.session.clone(),
        seq: line.proposed.seq,
        proposed_at_ms: line.proposed.time_ms,
        requester: requester(line),
        command: first.map_or_else(|| "(not shown)".to_owned(), quoted),
        class: line.class.as_ref().map(|class| class.replace('_', " ")),
        authority: authority(line),
        authorised: place(line.authorised),
        started: place(line.started),
        outcome: outcome(line),
        controls: line.controls.clone(),
    }
}

/// A command's first line; where it is cut, it says so.
fn quoted(first: &str) -> String {
    let short: String = first.chars().take(LONGEST_QUOTE).collect();
    let end = if short.len() < first.len() { "…" } else { "" };
    marked_line(&short) + end
}

fn requester(line: &Line) -> String {
    let name = marked_line(if line.requester_name.is_empty() {
        &line.requester
    } else {
        &line.requester_name
    });
    match &line.model {
        Some(model) => format!("Agent ({}) for {name}", marked_line(model)),
        None => name,
    }
}

fn authority(line: &Line) -> Vec<String> {
    let mut found: Vec<String> = line.answers.iter().map(answer).collect();
    if let Some(policy) = &line.policy {
        let version = line
            .policy_version
            .map_or_else(String::new, |version| format!(", version {version}"));
        let how = match line.channel.as_deref() {
            Some("policy") => "Allowed without asking by policy",
            Some("break_glass") => "Emergency declared; policy",
            _ => "Policy",
        };
        found.push(format!("{how} {}{version}", marked_line(policy)));
    }
    found
}

fn answer(one: &Answer) -> String {
    let who = match (one.name.is_empty(), one.role.is_empty()) {
        (true, _) => "Nobody".to_owned(),
        (false, true) => marked_line(&one.name),
        (false, false) => format!("{} ({})", marked_line(&one.name), marked_line(&one.role)),
    };
    let through = match one.channel.as_str() {
        "console" => " on their console",
        "email" => " by e-mail",
        "at_endpoint" => " at the machine",
        _ => "",
    };
    let sure = match one.assurance.as_str() {
        "signed" => ", signed with their own key",
        "number" => ", with the number that was read out",
        "link" => ", by a link only",
        _ => "",
    };
    format!(
        "{who}: {}{through}{sure}, {}, entry {}",
        one.decision,
        moment::full(one.time_ms),
        one.seq
    )
}

fn outcome(line: &Line) -> String {
    match (line.outcome.as_deref(), line.exit_code) {
        (Some("exited"), Some(code)) => format!("exit code {code}"),
        (Some(outcome), _) => outcome.replace('_', " "),
        (None, _) if line.started.is_some() => "running, or not recorded".to_owned(),
        (None, _) => "did not run".to_owned(),
    }
}
