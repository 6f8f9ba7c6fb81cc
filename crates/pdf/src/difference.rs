//! What an action changed: the state that was read before it beside the state that was read after it, line by line.
//!
//! Promises: a difference that may be the reading's own is said to be that; what is not compared is said. Leaves out comparing
//! ([`caisey_console::state_change`]), and how much may be printed.

use crate::entries::{caption, clipped, paragraph};
use crate::page::Paper;
use crate::palette::{ACCENT, BAD, Ink, MUTED, OPEN, OUTPUT, RULE};
use caisey_console::view::{DifferenceLine, StateDifference};

/// Prints it below the entry that holds the state after; `take` says how many of so many bytes may be printed.
pub(crate) fn print(paper: &mut Paper, x: f32, change: &StateDifference, mut take: impl FnMut(usize) -> usize) {
    let heading = format!("What changed since entry #{}", change.before_seq);
    caption(paper, x, &heading);
    if !change.certain {
        let words = "One of the two readings was incomplete or failed, so this may be a difference of the readings and not of the machine.";
        paragraph(paper, x, "", words, OPEN);
    }
    if change.too_long {
        let words = format!(
            "The two states differ and are too long to be compared line by line: {} lines before, {} after.",
            change.removed, change.added
        );
        return paragraph(paper, x, "", &words, MUTED);
    }
    if change.removed == 0 && change.added == 0 {
        return paragraph(paper, x, "", "Nothing, as far as this reading shows.", MUTED);
    }
    for block in change.lines.chunk_by(|one, next| one.kind == next.kind) {
        let Some(first) = block.first() else { continue };
        if first.kind == "folded" {
            let lines: u32 = block.iter().map(|line| line.count).sum();
            let words = format!(
                "{lines} more {}",
                if lines == 1 { "line, unchanged" } else { "lines, unchanged" }
            );
            paragraph(paper, x, "", &words, MUTED);
            continue;
        }
        let (sign, bar) = sign(&first.kind);
        let text: Vec<String> = block.iter().map(|line| signed(sign, line)).collect();
        let text = text.join("\n");
        paper.skip(2.0);
        clipped(paper, x, &text, take(text.len()), OUTPUT, bar);
    }
}

fn sign(kind: &str) -> (char, Ink) {
    match kind {
        "removed" => ('-', BAD),
        "added" => ('+', ACCENT),
        _ => (' ', RULE),
    }
}

fn signed(sign: char, line: &DifferenceLine) -> String {
    format!("{sign} {}", line.text)
}
