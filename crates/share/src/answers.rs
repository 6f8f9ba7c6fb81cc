//! Answers to questions such as "did anyone access this?", each in its three parts, and never a bare no.

use crate::facts::{Facts, anchor_of, machine, machine_id};
use crate::markup::Html;
use caisey_transcript::certificate::{Certificate, Complete, Why};
use caisey_transcript::counted::counted;
use caisey_transcript::moment;
use caisey_transcript::verify::Record;

/// Entries that are listed before the rest is counted.
const MOST_LISTED: usize = 200;

pub(crate) fn print(html: &mut Html, record: &Record, facts: &Facts) {
    for (at, certificate) in record.certificates.iter().enumerate() {
        html.raw("<section class=\"answer\">");
        html.raw(if at == 0 { "<h2 id=\"answers\">" } else { "<h2>" })
            .raw("Did anyone access <q>")
            .line(&certificate.pattern)
            .raw("</q>?</h2>");
        answer(html, record, certificate, facts);
        html.raw("<p class=\"signed\">Answered and signed by ")
            .line(&certificate.by.name)
            .raw(" on ");
        html.line(&moment::full(certificate.at_ms.get())).raw(".</p></section>");
    }
}

fn answer(html: &mut Html, record: &Record, certificate: &Certificate, facts: &Facts) {
    let [_, matched, unbounded] = certificate.sentences();
    html.raw("<ol class=\"parts\"><li><strong>Is the record complete?</strong> ")
        .line(&complete(certificate));
    html.raw("</li><li><strong>What names it?</strong> ").line(&matched);
    let several = facts.machines.len() > 1;
    if !certificate.matched.is_empty() {
        html.raw("<ul>");
        for one in certificate.matched.iter().take(MOST_LISTED) {
            place(html, record, &one.log, one.seq.get(), several);
            html.raw(", in its ").line(&one.text.replace('_', " ")).raw("</li>");
        }
        rest(html, certificate.matched.len());
        html.raw("</ul>");
    }
    html.raw("</li><li><strong>What cannot be told from the record?</strong> ")
        .line(&unbounded);
    if !certificate.unbounded.is_empty() {
        html.raw("<ul>");
        for one in certificate.unbounded.iter().take(MOST_LISTED) {
            place(html, record, &one.log, one.seq.get(), several);
            html.raw(": ").raw(why(one.why)).raw("</li>");
        }
        rest(html, certificate.unbounded.len());
        html.raw("</ul>");
    }
    html.raw("</li></ol>");
}

fn complete(certificate: &Certificate) -> String {
    let sum = |number: fn(&Complete) -> u64| certificate.complete.iter().map(number).sum::<u64>();
    let open = certificate.complete.iter().filter(|log| !log.bounded).count() as u64;
    let end = match open {
        0 => String::new(),
        _ => format!(
            " On {} nothing shows yet that no later entry belongs to it.",
            counted(open, "machine")
        ),
    };
    format!(
        "The record has no gaps: {} of {} with {} on {}, each in its place under a signed checkpoint.{end}",
        counted(sum(|log| log.entries), "entry"),
        counted(sum(|log| log.sessions), "session"),
        counted(sum(|log| log.commands), "command"),
        counted(certificate.complete.len() as u64, "machine"),
    )
}

fn place(html: &mut Html, record: &Record, log: &str, seq: u64, several: bool) {
    html.raw("<li><a href=\"#")
        .line(&anchor_of(record, log, seq))
        .raw("\">Entry ")
        .number(seq)
        .raw("</a>");
    if several {
        let name = machine(record, log);
        html.element(" of ", if name.is_empty() { machine_id(log) } else { &name }, "");
    }
}

fn rest(html: &mut Html, all: usize) {
    if all > MOST_LISTED {
        html.raw("<li>and ")
            .number((all - MOST_LISTED) as u64)
            .raw(" more, all of them in the file</li>");
    }
}

fn why(why: Why) -> &'static str {
    match why {
        Why::OpaqueCommand => "a script, or an encoded or computed command; its text does not say what it touches",
        Why::OutputNotKept => "not all of its output was kept",
        Why::TextNotReadable => "a text was erased, or is hidden in part here",
        Why::RecorderGap => "the recorder could not record for a while",
        Why::OutcomeUnknown => "the machine vanished while the command ran",
        Why::UnknownKind => "a kind of entry that this version does not know",
    }
}
