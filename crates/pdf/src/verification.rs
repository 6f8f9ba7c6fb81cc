//! The last page: what was checked, the checkpoint in full, and how a stranger checks the record without our software.

use crate::code;
use crate::cover::{body, counts, heading};
use crate::face::Style;
use crate::moment;
use crate::mono;
use crate::page::Paper;
use crate::palette::{ACCENT, LEFT, MUTED, OUTPUT, RIGHT};
use crate::prose::{self, Setting};
use crate::tree::Tag;
use crate::{Enclosure, Imprint};
use caisey_console::view::SessionDetail;
use caisey_console::visible::marked_line;

const STEPS: [&str; 3] = [
    "Compare the checkpoint below with the one in the record, and with one kept by somebody else: the machine itself and every \
     console of the organisation keep those they have seen. A log that was rewritten cannot match an older checkpoint.",
    "Compare the numbers of the entries: they are dense within the log. A missing number in the record is a missing entry.",
    "Compare commands, outputs, names and times on these pages with the record, by searching for them.",
];

/// Prints it.
pub(crate) fn print(paper: &mut Paper, detail: &SessionDetail, imprint: &Imprint, enclosure: &Enclosure<'_>) {
    paper.break_page();
    paper.bookmark(0, "How to check this record".to_owned());
    heading(paper, "How to check this record");
    paper.skip(6.0);
    let own = steps(enclosure);
    for (index, step) in own.iter().map(String::as_str).chain(STEPS).enumerate() {
        paper.need(30.0);
        paper.within(Tag::Paragraph, |paper| {
            paper.line_of(LEFT, paper.y() - 13.2, Style::Bold, 9.2, ACCENT, &format!("{}.", index + 1));
            prose::print(paper, body(LEFT + 18.0, RIGHT - LEFT - 18.0), step);
        });
        paper.skip(5.0);
    }
    if let Some(link) = &enclosure.dossier.link {
        paper.need(130.0);
        paper.skip(8.0);
        let top = paper.y();
        let has_code = code::print(paper, LEFT, 96.0, link);
        let bottom = paper.y();
        let x = if has_code { LEFT + 114.0 } else { LEFT };
        paper.skip(bottom - top);
        prose::print(
            paper,
            body(x, RIGHT - x),
            "Read the same record in a browser, where it checks itself:",
        );
        paper.skip(2.0);
        let setting = Setting {
            style: Style::Mono,
            size: 7.8,
            ..body(x, RIGHT - x)
        };
        prose::print(paper, setting, link);
        paper.skip((paper.y() - bottom).max(0.0));
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

/// What to do first depends on what the file carries.
fn steps(enclosure: &Enclosure<'_>) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(seal) = &enclosure.seal {
        out.push(format!(
            "This document is signed by {} (PAdES, ETSI EN 319 142). A reader that shows signatures says whether a byte was changed since. \
             It may not know the signer's authority yet: compare its fingerprint with the organisation, then import it. Anything \
             appended after the signature is not part of this document, whatever a reader shows.",
            marked_line(&seal.signer.name())
        ));
    }
    match enclosure.attachments.first() {
        Some(pack) => out.push(format!(
            "The record itself is attached inside this file as {}: every entry as it was signed, every text that may be shown, and the \
             proofs. Open the attachments of your reader, or run `pdfdetach -saveall` on this file. The pages are a rendering of it.",
            marked_line(&pack.name)
        )),
        None => out.push(format!(
            "Ask for the session's record, session.json, exported together with this document. It holds every entry as it was signed, \
             every text that may be shown, and the proofs. This document is a rendering of it and proves nothing by itself{}.",
            if enclosure.seal.is_some() { "" } else { ": it is not signed" }
        )),
    }
    let file = if enclosure.attachments.is_empty() {
        "session.json"
    } else {
        "this file"
    };
    out.push(format!(
        "Run `caisey verify` on {file}. It works offline, prints what holds and what does not, and fails if anything does not. Or check it \
         without our program: the formats are public standards (RFC 8785, RFC 6962, RFC 8032, C2SP signed notes and checkpoints) and are \
         described byte by byte, with test vectors, in docs/formats of the program's source."
    ));
    out
}
