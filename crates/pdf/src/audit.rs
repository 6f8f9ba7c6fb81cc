//! A printed audit table: what was asked for, how many of each verdict, and every action with who allowed it, exceptions first.
//!
//! The same table travels inside as files for programs. Leaves out: outputs; they are in the record that the digest names.

use crate::cover::{body, heading, table_of_facts};
use crate::face::{self, Style};
use crate::imprint::Particulars;
use crate::page::Paper;
use crate::palette::{ACCENT, BAD, COMMAND, GOOD, HEIGHT, Ink, LEFT, MUTED, OPEN, RIGHT, RULE, WIDTH};
use crate::prose::{self, Setting};
use crate::tree::Tag;
use crate::{Enclosure, Imprint, PdfError, Progress, moment, mono};
use caisey_console::view::{AuditRow, AuditView};
use caisey_console::visible::marked_line;
use std::ops::ControlFlow;

/// Prints a table. `about` says what it is of: endpoints and period.
///
/// # Errors
/// As [`crate::transcript`].
pub fn audit(
    view: &AuditView,
    about: &str,
    imprint: &Imprint,
    mut enclosure: Enclosure<'_>,
    mut watch: impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<Vec<u8>, PdfError> {
    let head = format!("Audit of actions  ·  {}", marked_line(about));
    let mut paper = Paper::new(face::Faces::load()?, head);
    paper.within(Tag::Section, |paper| front(paper, view, about, imprint));
    let total = view.lines.len();
    paper.within(Tag::Section, |paper| {
        heading(paper, "Actions, exceptions first");
        if view.lines.is_empty() {
            prose::print(
                paper,
                body(LEFT, RIGHT - LEFT),
                "No action was proposed or ran in this period on these endpoints.",
            );
        }
        for (at, line) in view.lines.iter().enumerate() {
            let progress = Progress {
                done: at,
                total,
                pages: paper.count(),
            };
            if watch(progress).is_break() {
                return Err(PdfError::Stopped);
            }
            action(paper, line);
        }
        Ok(())
    })?;
    let particulars = Particulars {
        title: format!("Audit of actions: {}", marked_line(about)),
        author: marked_line(&imprint.organisation),
        subject: marked_line(about),
        program: imprint.program.clone(),
        made_at_ms: imprint.printed_at_ms,
        identity: crate::identity(&[b"audit", view.digest.as_bytes(), &imprint.printed_at_ms.to_be_bytes()]),
    };
    crate::close(&mut paper, &particulars, imprint, &mut enclosure, total, watch)
}

fn front(paper: &mut Paper, view: &AuditView, about: &str, imprint: &Imprint) {
    paper.bookmark(0, "Summary".to_owned());
    paper.fill(0.0, HEIGHT, WIDTH, 6.0, ACCENT);
    paper.skip(2.0);
    paper.line_of(LEFT, paper.y(), Style::Bold, 8.5, ACCENT, "AUDIT OF ACTIONS");
    paper.skip(12.0);
    let title = Setting {
        style: Style::Bold,
        size: 21.0,
        leading: 27.0,
        ..body(LEFT, RIGHT - LEFT)
    };
    paper.within(Tag::Title, |paper| prose::print(paper, title, "Who allowed what, and when"));
    paper.skip(2.0);
    prose::print(paper, muted(), about);
    paper.skip(12.0);
    let verdicts: Vec<String> = view
        .counts
        .iter()
        .map(|one| format!("{} × {}", one.count, one.words))
        .collect();
    let facts = [
        ("Organisation", imprint.organisation.clone()),
        ("Actions", view.total.to_string()),
        ("Verdicts", verdicts.join("; ")),
        ("Made from", format!("the snapshot with SHA-256 {}", view.digest)),
    ];
    table_of_facts(paper, &facts);
    paper.skip(8.0);
    prose::print(
        paper,
        muted(),
        "Whether an action was allowed before it ran is decided by its place in the log first, then by times. The same table is attached for \
         programs; an evidence pack of the same period proves every entry that it was made from.",
    );
    if view.controls.is_empty() {
        return;
    }
    heading(paper, "Controls that this speaks to");
    prose::print(paper, muted(), "Whether a control is met is for the auditor to say.");
    paper.skip(4.0);
    for control in &view.controls {
        paper.need(44.0);
        prose::print(
            paper,
            Setting {
                style: Style::Bold,
                ..body(LEFT, RIGHT - LEFT)
            },
            &control.id,
        );
        prose::print(
            paper,
            body(LEFT, RIGHT - LEFT),
            &format!("{} {}", control.asks, control.spoken_to_by),
        );
        paper.skip(5.0);
    }
}

fn muted() -> Setting {
    Setting {
        ink: MUTED,
        ..body(LEFT, RIGHT - LEFT)
    }
}

fn ink(verdict: &str) -> Ink {
    match verdict {
        "exception" | "break_glass_unreviewed" => BAD,
        "did_not_run" => OPEN,
        _ => GOOD,
    }
}

fn action(paper: &mut Paper, line: &AuditRow) {
    paper.need(96.0);
    paper.skip(16.0);
    let verdict = Setting {
        style: Style::Bold,
        ink: ink(&line.verdict),
        ..body(LEFT, RIGHT - LEFT)
    };
    paper.within(Tag::Paragraph, |paper| prose::print(paper, verdict, &line.words));
    for reason in &line.reasons {
        paper.within(Tag::Paragraph, |paper| prose::print(paper, body(LEFT, RIGHT - LEFT), reason));
    }
    paper.skip(3.0);
    mono::print(paper, LEFT, RIGHT - LEFT, COMMAND, ink(&line.verdict), &line.command);
    paper.skip(2.0);
    let at = |place: Option<(u64, u64)>| {
        place.map_or_else(|| "no".to_owned(), |(seq, ms)| format!("{}, entry {seq}", moment::full(ms)))
    };
    let mut facts = vec![
        ("Machine", line.hostname.clone()),
        (
            "Asked for by",
            format!(
                "{}, {}, entry {}",
                line.requester,
                moment::full(line.proposed_at_ms),
                line.seq
            ),
        ),
    ];
    if let Some(class) = &line.class {
        facts.push(("What it does", class.clone()));
    }
    facts.push(("Allowed by", line.authority.join("; ")));
    facts.push(("Authorised", at(line.authorised)));
    facts.push(("Started", at(line.started)));
    facts.push(("Outcome", line.outcome.clone()));
    table_of_facts(paper, &facts);
    paper.skip(3.0);
    paper.rule(paper.y(), LEFT, RIGHT, RULE, 0.6);
}
