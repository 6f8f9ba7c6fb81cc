//! The pages between transcript and verification: who allowed what, what was removed, how complete the record is.

use crate::cover::{body, column_head, heading, table_of_facts};
use crate::dossier::{Authorisation, Completeness, Dossier, Mention, Redactions};
use crate::face::Style;
use crate::moment;
use crate::page::Paper;
use crate::palette::{ACCENT, LEFT, MUTED, RIGHT, RULE};
use crate::prose::{self, Setting};
use crate::tree::Tag;
use caisey_console::visible::marked_line;
use caisey_transcript::counted::counted;

/// Left edges of the columns of a list of entries.
const COLUMNS: [f32; 3] = [LEFT, LEFT + 128.0, LEFT + 178.0];
const LEADING: f32 = 12.6;

/// Prints what there is.
pub(crate) fn print(paper: &mut Paper, dossier: &Dossier) {
    if !dossier.authorisations.is_empty() {
        paper.within(Tag::Section, |paper| authorisations(paper, &dossier.authorisations));
    }
    if let Some(redactions) = &dossier.redactions {
        paper.within(Tag::Section, |paper| removals(paper, redactions));
    }
    for completeness in &dossier.completeness {
        paper.within(Tag::Section, |paper| certificate(paper, completeness));
    }
}

fn begin(paper: &mut Paper, title: &str) {
    paper.need(150.0);
    paper.bookmark(0, title.to_owned());
    heading(paper, title);
    paper.skip(4.0);
}

fn note(paper: &mut Paper, words: &str) {
    let setting = Setting {
        ink: MUTED,
        ..body(LEFT, RIGHT - LEFT)
    };
    prose::print(paper, setting, words);
}

fn authorisations(paper: &mut Paper, all: &[Authorisation]) {
    begin(paper, "Who allowed what");
    let rows = all.iter().map(|one| {
        [
            moment::full(one.at_ms),
            format!("#{}", one.seq),
            format!("{}  ·  {}", one.by, one.how),
        ]
    });
    table(paper, ["Time", "Entry", "Allowed by"], rows, Style::Plain);
}

fn removals(paper: &mut Paper, redactions: &Redactions) {
    begin(paper, "What was removed");
    let total: u64 = redactions.classes.iter().map(|(_, count)| *count).sum();
    let words = if total == 0 {
        "Nothing was removed: the detectors found no personal data or secrets, and nobody took anything out by hand.".to_owned()
    } else {
        format!(
            "{} taken out before this document left the house: shown in its place as its class and a number, the same number for the same \
             text. Kinds, times, decisions, verbs of commands and counts are never taken out. Every removal \
             is listed in the attached pack, and the signed log still commits to what stood there.",
            if total == 1 {
                "1 passage was".to_owned()
            } else {
                format!("{total} passages were")
            }
        )
    };
    prose::print(paper, body(LEFT, RIGHT - LEFT), &words);
    paper.skip(6.0);
    let rows: Vec<(&str, String)> = redactions
        .classes
        .iter()
        .map(|(class, count)| (class.as_str(), count.to_string()))
        .collect();
    table_of_facts(paper, &rows);
    paper.skip(8.0);
    let words = match redactions.recall {
        Some((found, planted)) if planted > 0 => format!(
            "Measured on this very text: of {planted} made-up identifiers planted in a copy, {found} were found ({}.{} %).",
            found * 100 / planted,
            found * 1000 / planted % 10
        ),
        _ => "How many of such passages the detectors find was not measured on this text.".to_owned(),
    };
    note(paper, &words);
    if redactions.restored.is_empty() {
        return;
    }
    part(paper, "Shown again by a person");
    note(
        paper,
        "The detectors would have hidden the following. Somebody looked, and shows it all the same; why is their word, under their name.",
    );
    for sentence in &redactions.restored {
        paper.skip(4.0);
        prose::print(paper, body(LEFT, RIGHT - LEFT), sentence);
    }
}

fn certificate(paper: &mut Paper, certificate: &Completeness) {
    paper.break_page();
    begin(paper, "Completeness certificate");
    let (from, until) = certificate.period_ms;
    let (sessions, commands, entries) = certificate.counts;
    table_of_facts(
        paper,
        &[
            ("Looked for", certificate.pattern.clone()),
            ("Period", format!("{} to {}", moment::full(from), moment::full(until))),
            (
                "Looked at",
                format!(
                    "{}, {}, {}",
                    counted(sessions, "session"),
                    counted(commands, "command"),
                    counted(entries, "entry")
                ),
            ),
        ],
    );
    part(paper, "1. Is the record of that period complete?");
    if certificate.record.is_empty() {
        prose::print(
            paper,
            body(LEFT, RIGHT - LEFT),
            "No machine has a record of that period. This certificate says nothing about it.",
        );
    }
    for sentence in &certificate.record {
        prose::print(paper, body(LEFT, RIGHT - LEFT), sentence);
        paper.skip(2.0);
    }
    part(paper, "2. Entries that name it");
    let none = "None of the entries looked at names it in a command, an output or a changed state.";
    mentions(paper, &certificate.matching, none);
    part(paper, "3. Entries whose effects cannot be told from their text");
    note(
        paper,
        "Scripts, encoded commands and programs started by name may do what their text does not say. They are listed so that nobody \
         has to take their absence for granted.",
    );
    mentions(
        paper,
        &certificate.unbounded,
        "None: every command's effects can be told from its text.",
    );
}

fn part(paper: &mut Paper, title: &str) {
    paper.need(60.0);
    paper.skip(22.0);
    paper.within(Tag::Subheading, |paper| {
        paper.line_of(LEFT, paper.y(), Style::Bold, 10.0, ACCENT, title);
    });
    paper.skip(3.0);
}

fn mentions(paper: &mut Paper, all: &[Mention], none: &str) {
    if all.is_empty() {
        prose::print(paper, body(LEFT, RIGHT - LEFT), none);
        return;
    }
    let rows = all.iter().map(|one| {
        let words = format!("{}  {}", marked_line(&one.machine), one.words.replace('\n', " ⏎ "));
        [moment::full(one.at_ms), format!("#{}", one.seq), words]
    });
    table(paper, ["Time", "Entry", "Machine and command"], rows, Style::Mono);
}

fn table(paper: &mut Paper, heads: [&str; 3], rows: impl Iterator<Item = [String; 3]>, last: Style) {
    paper.within(Tag::Table, |paper| {
        paper.need(50.0);
        paper.skip(17.0);
        paper.within(Tag::Row, |paper| {
            for (x, words) in COLUMNS.into_iter().zip(heads) {
                column_head(paper, x, paper.y(), words);
            }
        });
        paper.skip(4.0);
        paper.rule(paper.y(), LEFT, RIGHT, RULE, 0.6);
        for [time, number, words] in rows {
            paper.need(LEADING * 2.0);
            paper.within(Tag::Row, |paper| {
                let [first, second, third] = COLUMNS;
                let y = paper.y() - LEADING;
                for (x, text) in [(first, &time), (second, &number)] {
                    paper.within(Tag::Cell, |paper| {
                        paper.line_of(x, y, Style::Plain, 8.0, MUTED, text);
                    });
                }
                let size = if last == Style::Mono { 7.4 } else { 8.6 };
                let setting = Setting {
                    style: last,
                    size,
                    leading: LEADING,
                    ..body(third, RIGHT - third)
                };
                paper.within(Tag::Cell, |paper| prose::print(paper, setting, &words));
            });
            paper.skip(4.0);
            paper.rule(paper.y(), LEFT, RIGHT, RULE, 0.3);
        }
    });
}
