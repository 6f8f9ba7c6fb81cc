//! The last page: what was checked, the checkpoint in full, and how a stranger checks the record without our software.

use crate::Imprint;
use crate::cover::{body, counts, heading};
use crate::face::Style;
use crate::moment;
use crate::mono;
use crate::page::Paper;
use crate::palette::{ACCENT, LEFT, MUTED, OUTPUT, RIGHT};
use crate::prose::{self, Setting};
use caisey_console::view::SessionDetail;

const STEPS: [&str; 5] = [
    "Ask for the session's record, session.json, exported together with this document. It holds every entry as it was signed, every \
     text that may be shown, and the proofs. This document is a rendering of it and proves nothing by itself: it is not signed.",
    "Run `caisey verify session.json`. It works offline, prints what holds and what does not, and fails if anything does not. Or check \
     it without our program: the formats are public standards (RFC 8785, RFC 6962, RFC 8032, C2SP signed notes and checkpoints) and are \
     described byte by byte, with test vectors, in docs/formats of the program's source.",
    "Compare the checkpoint below with the one in the record, and with one kept by somebody else: the machine itself and every \
     console of the organisation keep those they have seen. A log that was rewritten cannot match an older checkpoint.",
    "Compare the numbers of the entries: they are dense within the log. A missing number in the record is a missing entry.",
    "Compare commands, outputs, names and times on these pages with the record, by searching for them.",
];

/// Prints it.
pub(crate) fn print(paper: &mut Paper, detail: &SessionDetail, imprint: &Imprint) {
    paper.break_page();
    paper.bookmark(0, "How to check this record".to_owned());
    heading(paper, "How to check this record");
    paper.skip(6.0);
    for (index, step) in STEPS.iter().enumerate() {
        paper.need(30.0);
        paper.line_of(LEFT, paper.y() - 13.2, Style::Bold, 9.2, ACCENT, &format!("{}.", index + 1));
        prose::print(paper, body(LEFT + 18.0, RIGHT - LEFT - 18.0), step);
        paper.skip(5.0);
    }
    heading(paper, "What was checked");
    paper.skip(4.0);
    let (verified, open, broken) = counts(detail);
    let words = format!(
        "Of the {} entries in this document {verified} were verified on the machine that printed it, {open} had not been checked, and \
         {broken} failed a check. Verified means: the author's signature holds, the texts match their commitments, and the entry has its \
         place under a checkpoint that extends every earlier one this machine had stored.",
        detail.items.len()
    );
    prose::print(paper, body(LEFT, RIGHT - LEFT), &words);
    heading(paper, "Checkpoint");
    paper.skip(6.0);
    match &detail.checkpoint {
        Some(note) => {
            mono::print(paper, LEFT, RIGHT - LEFT, OUTPUT, ACCENT, note);
            paper.skip(4.0);
            let words = format!(
                "A C2SP signed note: the log's name, its size ({} entries), the root of its RFC 6962 tree, and signatures over them.",
                detail.log_size
            );
            prose::print(
                paper,
                Setting {
                    ink: MUTED,
                    ..body(LEFT, RIGHT - LEFT)
                },
                &words,
            );
        }
        None => prose::print(
            paper,
            body(LEFT, RIGHT - LEFT),
            "No checkpoint covered these entries when this was printed. Print it again once the console has synchronised.",
        ),
    }
    paper.skip(8.0);
    let words = format!(
        "Printed {} by {} for {}.",
        moment::full(imprint.printed_at_ms),
        imprint.program,
        imprint.organisation
    );
    prose::print(
        paper,
        Setting {
            ink: MUTED,
            ..body(LEFT, RIGHT - LEFT)
        },
        &words,
    );
}
