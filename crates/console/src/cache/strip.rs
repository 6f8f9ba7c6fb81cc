//! The commands of a session as the strip above its timeline shows them: when each began and ended, and how.
//!
//! Promises: never more marks than a strip can show; where commands lie too close together one mark stands for several, with the worst
//! of their outcomes. Outputs are not read.

use super::session::{self, disclosures};
use crate::error::ConsoleError;
use crate::view::CommandMark;
use crate::visible::marked_line;
use caisey_ledger::entry::Entry;
use caisey_ledger::event::{Decision, Event, RunOutcome};
use rusqlite::{Connection, params};
use std::collections::HashMap;

/// More marks than this are no use on any screen.
const MOST_MARKS: u64 = 600;

/// The marks, by time.
///
/// # Errors
/// Unknown session; the database's.
pub fn commands(cache: &Connection, session: &str) -> Result<Vec<CommandMark>, ConsoleError> {
    let found = session::one(cache, session)?;
    let mut rows = cache.prepare_cached(
        "SELECT leaf, disclosures FROM entries WHERE session = ?1 AND kind IN (SELECT number FROM names WHERE name IN
           ('action.proposed', 'approval.requested', 'approval.decided', 'action.refused', 'action.unknown', 'command.started',
            'command.finished')) ORDER BY seq",
    )?;
    let mut rows = rows.query(params![found.number])?;
    let mut marks: Vec<CommandMark> = Vec::new();
    let mut by_action: HashMap<String, usize> = HashMap::new();
    while let Some(row) = rows.next()? {
        // What cannot be read is shown as broken in the timeline; it has no place here.
        let Ok(entry) = serde_json::from_str::<Entry>(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?) else {
            continue;
        };
        let statement = &entry.statement;
        let Some(action) = statement.action.as_ref().map(ToString::to_string) else {
            continue;
        };
        let Ok(Some(event)) = Event::from_parts(&statement.kind, &statement.facts) else {
            continue;
        };
        let at_ms = entry.time_ms.get();
        if let Event::ActionProposed { .. } = event {
            let stored = disclosures(row.get_ref(1)?.as_str_or_null().ok().flatten());
            let command = stored.get("command").and_then(|text| text.full_text());
            by_action.insert(action.clone(), marks.len());
            marks.push(CommandMark {
                action,
                seq: entry.seq.get(),
                from_ms: at_ms,
                to_ms: None,
                status: "proposed".to_owned(),
                label: command.map_or_else(|| "erased command".to_owned(), first_line),
                commands: 1,
            });
        } else if let Some(mark) = by_action.get(&action).and_then(|at| marks.get_mut(*at)) {
            advance(mark, &event, at_ms);
        }
    }
    Ok(reduced(marks))
}

fn first_line(command: &str) -> String {
    let line: String = command.lines().next().unwrap_or_default().chars().take(120).collect();
    marked_line(&line)
}

fn advance(mark: &mut CommandMark, event: &Event, at_ms: u64) {
    let (status, is_over) = match event {
        Event::CommandStarted { .. } => {
            mark.from_ms = at_ms;
            ("running", false)
        }
        Event::ApprovalRequested { .. } => ("waiting", false),
        Event::ApprovalDecided { decision, .. } if *decision != Decision::Approved => ("refused", true),
        Event::ActionRefused { .. } => ("refused", true),
        Event::ActionUnknown { .. } => ("unknown", true),
        Event::CommandFinished { outcome, exit_code, .. } => (
            match outcome {
                RunOutcome::Cancelled => "cancelled",
                RunOutcome::TimedOut => "timed_out",
                RunOutcome::Exited if *exit_code == Some(0) => "ok",
                _ => "failed",
            },
            true,
        ),
        _ => return,
    };
    mark.status = status.to_owned();
    if is_over {
        mark.to_ms = Some(at_ms);
    }
}

/// One mark for all that begin within the same sliver of time, when there are too many.
fn reduced(marks: Vec<CommandMark>) -> Vec<CommandMark> {
    let (Some(first), Some(last)) = (marks.first(), marks.last()) else {
        return marks;
    };
    if marks.len() as u64 <= MOST_MARKS {
        return marks;
    }
    let begin = first.from_ms;
    let sliver = (last.from_ms.saturating_sub(begin) / MOST_MARKS).max(1);
    let mut kept: Vec<(u64, CommandMark)> = Vec::new();
    for mark in marks {
        let place = mark.from_ms.saturating_sub(begin) / sliver;
        match kept.last_mut() {
            Some((known, whole)) if *known == place => join(whole, mark),
            _ => kept.push((place, mark)),
        }
    }
    kept.into_iter().map(|(_, mark)| mark).collect()
}

fn join(whole: &mut CommandMark, mark: CommandMark) {
    whole.commands += 1;
    whole.label = format!("{} commands", whole.commands);
    whole.to_ms = match (whole.to_ms, mark.to_ms) {
        (Some(one), Some(other)) => Some(one.max(other)),
        _ => None,
    };
    if gravity(&mark.status) > gravity(&whole.status) {
        whole.status = mark.status;
        whole.seq = mark.seq;
    }
}

fn gravity(status: &str) -> u8 {
    match status {
        "unknown" => 6,
        "failed" | "timed_out" => 5,
        "refused" => 4,
        "cancelled" => 3,
        "running" | "waiting" | "proposed" => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(at: u64, status: &str) -> CommandMark {
        CommandMark {
            action: format!("act_{at}"),
            seq: at,
            from_ms: at * 10,
            to_ms: Some(at * 10 + 5),
            status: status.to_owned(),
            label: "ls".to_owned(),
            commands: 1,
        }
    }

    #[test]
    fn few_commands_stay_as_they_are() {
        let few: Vec<_> = (0..600).map(|at| mark(at, "ok")).collect();
        assert_eq!(reduced(few.clone()), few);
    }

    #[test]
    fn many_commands_become_few_marks_that_count_them_all_and_keep_the_worst() {
        let many: Vec<_> = (0..50_000)
            .map(|at| mark(at, if at == 31_007 { "failed" } else { "ok" }))
            .collect();
        let marks = reduced(many);
        assert!(marks.len() <= 602, "{}", marks.len());
        assert_eq!(marks.iter().map(|mark| mark.commands).sum::<u32>(), 50_000);
        let failed: Vec<_> = marks.iter().filter(|mark| mark.status == "failed").collect();
        assert!(matches!(failed.as_slice(), [one] if one.seq == 31_007), "{failed:?}");
    }
}
