//! A table as CSV: RFC 4180, UTF-8, one header line, CR LF.
//!
//! What endpoints and people wrote is hostile: control characters are made visible, and a cell that a spreadsheet would take for a formula
//! gets an apostrophe in front (OWASP, "CSV Injection"). Numbers of ours stay numbers.

use super::{Answer, At, AuditTable, Line};
use crate::moment;
use crate::visible::marked_line;

const HEADER: [&str; 26] = [
    "verdict",
    "reasons",
    "endpoint",
    "session",
    "action",
    "requester",
    "requester_id",
    "model",
    "command",
    "reason",
    "class",
    "proposed_utc",
    "proposed_seq",
    "approvers",
    "approvals_needed",
    "approved_utc",
    "approved_seq",
    "authorised_utc",
    "authorised_seq",
    "policy",
    "channel",
    "started_utc",
    "started_seq",
    "outcome",
    "exit_code",
    "controls",
];

pub(super) fn table(table: &AuditTable) -> String {
    let mut out = String::new();
    record(&mut out, HEADER.iter().map(|name| (*name).to_owned()));
    for line in &table.lines {
        record(&mut out, cells(line).into_iter());
    }
    out
}

fn record(out: &mut String, cells: impl Iterator<Item = String>) {
    let cells: Vec<String> = cells.collect();
    out.push_str(&cells.join(","));
    out.push_str("\r\n");
}

fn cells(line: &Line) -> Vec<String> {
    let time = |at: Option<At>| at.map(|at| moment::full(at.time_ms)).unwrap_or_default();
    let place = |at: Option<At>| at.map(|at| at.seq.to_string()).unwrap_or_default();
    let yes = line.answers.iter().rfind(|answer| answer.decision == "approved");
    let approved = yes.map(|answer| At {
        seq: answer.seq,
        time_ms: answer.time_ms,
    });
    let policy = match (&line.policy, line.policy_version) {
        (Some(policy), Some(version)) => format!("{policy} (version {version})"),
        _ => String::new(),
    };
    vec![
        text(line.verdict.sentence()),
        text(&line.reasons.join(" ")),
        text(&line.endpoint),
        text(&line.session),
        text(&line.action),
        text(&line.requester_name),
        text(&line.requester),
        text(line.model.as_deref().unwrap_or_default()),
        text(line.command.as_deref().unwrap_or("(not shown)")),
        text(line.reason.as_deref().unwrap_or("(not shown)")),
        text(line.class.as_deref().unwrap_or_default()),
        time(Some(line.proposed)),
        place(Some(line.proposed)),
        text(&line.answers.iter().map(answer).collect::<Vec<_>>().join("; ")),
        line.needed.to_string(),
        time(approved),
        place(approved),
        time(line.authorised),
        place(line.authorised),
        text(&policy),
        text(line.channel.as_deref().unwrap_or_default()),
        time(line.started),
        place(line.started),
        text(line.outcome.as_deref().unwrap_or_default()),
        line.exit_code.map(|code| code.to_string()).unwrap_or_default(),
        text(&line.controls.join("; ")),
    ]
    .into_iter()
    .map(quoted)
    .collect()
}

fn answer(answer: &Answer) -> String {
    let who = if answer.name.is_empty() { "nobody" } else { &answer.name };
    let assurance = if answer.assurance.is_empty() {
        String::new()
    } else {
        format!(", {}", answer.assurance)
    };
    format!("{who}: {} ({}{assurance})", answer.decision, answer.channel)
}

/// Safe to draw, and nothing that a spreadsheet computes.
fn text(words: &str) -> String {
    let words = marked_line(words);
    if words.starts_with(['=', '+', '-', '@', '\t', '\r', '|', '%', '＝', '＋', '－', '＠']) {
        format!("'{words}")
    } else {
        words
    }
}

fn quoted(cell: String) -> String {
    if cell.contains([',', '"', '\r', '\n']) || cell.starts_with(' ') || cell.ends_with(' ') {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_somebody_wrote_is_computed() {
        for (words, wanted) in [
            (
                "=HYPERLINK(\"http://x\",\"y\")",
                "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"",
            ),
            ("-2+3", "'-2+3"),
            ("@sum", "'@sum"),
            ("a\r\nb", "a⏎b"),
            ("\u{1b}[2Jx", "‹ESC[2J›x"),
            ("plain", "plain"),
        ] {
            assert_eq!(quoted(text(words)), wanted);
        }
    }
}
