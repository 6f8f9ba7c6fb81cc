//! The chronological transcript: UTC time, what happened, who, outcome; every entry of the record.

use crate::facts::{Facts, anchor, entry, machine};
use crate::markup::Html;
use crate::texts;
use caisey_transcript::excerpt::Proved;
use caisey_transcript::headline::{Quoted, headline};
use caisey_transcript::moment;
use caisey_transcript::rows::{Row, RowText, Transcript};
use caisey_transcript::verify::Record;
use std::borrow::Cow;

/// Texts that stand below the headline, and what they are called there. Those without a name explain themselves.
const BELOW: [(&str, &str, bool); 15] = [
    ("command", "", true),
    ("output", "", true),
    ("state", "", true),
    ("purpose", "Purpose", false),
    ("object", "About", false),
    ("current_state", "State before", false),
    ("proposed_action", "Proposed", false),
    ("reason", "Reason", false),
    ("cwd", "In the folder", false),
    ("probe", "State is read with", true),
    ("message", "", false),
    ("note", "", false),
    ("detail", "", false),
    ("why", "Why", false),
    ("basis", "On the basis of", false),
];

/// Entries in one list. Browsers lay out the lists that are looked at and leave the others for later (page.css): long enough that there
/// are few of them, short enough that one is laid out between two frames.
const PORTION: usize = 40;

/// A transcript of more entries has links into it, this many at most.
const LONG: usize = 200;
const JUMPS: usize = 24;

pub(crate) fn print(html: &mut Html, record: &Record, own: &[&Proved], transcript: &Transcript, facts: &Facts) {
    html.raw("<section aria-labelledby=\"transcript\"><h2 id=\"transcript\">Transcript</h2><p class=\"lead\">");
    html.raw("Every entry of the record in the order of the log, with the time at which the control plane placed it, in UTC.");
    if transcript.out_of_scope > 0 {
        html.raw(" ").number(transcript.out_of_scope);
        html.raw(
            " further entries between them belong to other work on the same machine: they are in the file to show that no number is missing, \
             and their texts are not.",
        );
    }
    html.raw("</p>");
    jumps(html, record, &transcript.rows, facts);
    let mut before: Option<(&str, String)> = None;
    let mut in_list = 0;
    for row in &transcript.rows {
        let here = (row.log.as_str(), moment::date(row.time_ms));
        if before.as_ref() == Some(&here) && in_list == PORTION {
            html.raw("</ol><ol class=\"entries\">");
            in_list = 0;
        }
        in_list += 1;
        if before.as_ref() != Some(&here) {
            html.raw(if before.is_some() { "</ol>" } else { "" });
            html.raw("<h3>");
            if facts.machines.len() > 1 {
                html.line(&machine(record, &row.log)).raw(", ");
            }
            html.line(&moment::day(row.time_ms)).raw("</h3><ol class=\"entries\">");
            before = Some(here);
            in_list = 1;
        }
        print_row(html, record, own, row);
    }
    html.raw(if before.is_some() { "</ol>" } else { "" }).raw("</section>");
}

/// Links to times in a long transcript, evenly spread over its entries.
fn jumps(html: &mut Html, record: &Record, rows: &[Row], facts: &Facts) {
    if rows.len() <= LONG {
        return;
    }
    html.raw("<nav class=\"links\" aria-label=\"Times in the transcript\"><ul>");
    for row in rows.iter().step_by(rows.len().div_ceil(JUMPS)) {
        html.raw("<li><a href=\"#").line(&anchor(record, row)).raw("\">");
        if facts.machines.len() > 1 {
            html.line(&machine(record, &row.log)).raw(", ");
        }
        if facts.several_days {
            html.line(&moment::date(row.time_ms)).raw(" ");
        }
        html.line(moment::clock(row.time_ms).trim_end_matches(" UTC"))
            .raw("</a></li>");
    }
    html.raw("</ul></nav>");
}

fn print_row(html: &mut Html, record: &Record, own: &[&Proved], row: &Row) {
    html.raw("<li class=\"entry ")
        .raw(weight(row))
        .raw("\" id=\"")
        .line(&anchor(record, row))
        .raw("\">");
    let clock = moment::clock(row.time_ms);
    html.raw("<time datetime=\"")
        .line(&moment::date(row.time_ms))
        .raw("T")
        .line(clock.trim_end_matches(" UTC"))
        .raw("Z\">");
    html.line(&clock)
        .raw("</time><div class=\"what\"><p>")
        .line(&bare_headline(record, own, row))
        .raw("</p>");
    for (name, label, fixed) in BELOW {
        if let Some(text) = row.texts.iter().find(|text| text.name == name) {
            below(html, text, label, fixed);
        }
    }
    html.raw("</div><div class=\"whom\"><span class=\"who\">")
        .line(&row.who)
        .raw("</span>");
    if let Some(outcome) = &row.outcome {
        html.raw("<span class=\"outcome ")
            .raw(mood(row))
            .raw("\">")
            .line(outcome)
            .raw("</span>");
    }
    html.raw("<span class=\"seq\">entry ")
        .number(row.seq)
        .raw("</span></div></li>");
}

fn below(html: &mut Html, text: &RowText, label: &'static str, fixed: bool) {
    if !label.is_empty() {
        html.raw(if fixed {
            "<p class=\"label\">"
        } else {
            "<p class=\"text\"><span class=\"label\">"
        });
        html.raw(label).raw(if fixed { "</p>" } else { "</span> " });
    }
    if fixed {
        texts::block(html, text);
    } else {
        html.raw(if label.is_empty() { "<p class=\"text\">" } else { "" });
        texts::pieces(html, text, false);
        html.raw("</p>");
    }
}

/// The headline without the texts that stand below it.
fn bare_headline(record: &Record, own: &[&Proved], row: &Row) -> String {
    let event = entry(own, &row.log, row.seq).and_then(|proved| proved.event.as_ref());
    let quoted = |name: &str| -> Quoted<'static> {
        if BELOW.iter().any(|(below, ..)| *below == name) {
            return Quoted::Absent;
        }
        match row.texts.iter().find(|text| text.name == name) {
            None => Quoted::Absent,
            Some(text) => text.plain().map_or(Quoted::Withheld, |text| Quoted::Shown(Cow::Owned(text))),
        }
    };
    headline(&row.kind, event, &row.who, &quoted, record.keys.names())
}

fn weight(row: &Row) -> &'static str {
    match row.kind.as_str() {
        "action.proposed" | "session.opened" | "session.closed" => "main",
        "action.refused" | "action.unknown" | "recorder.gap" | "command.output_omitted" | "action.break_glass" => "alarm",
        _ => "plain",
    }
}

fn mood(row: &Row) -> &'static str {
    match row.outcome.as_deref() {
        Some("exit code 0" | "approved" | "authorised") => "good",
        Some("not known" | "lapsed" | "withdrawn") => "unknown",
        _ => "bad",
    }
}
