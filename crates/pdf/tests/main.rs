//! Printed transcripts, held against other people's readers: poppler's pdftotext and pdfinfo, and qpdf.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod authority;
mod handing_over;
mod hidden;
#[path = "../../transcript/tests/made.rs"]
#[allow(dead_code, unreachable_pub, clippy::expect_used, reason = "made for the tests of packs")]
mod made;
#[path = "../../console/tests/ports.rs"]
#[allow(dead_code, missing_docs, unreachable_pub)]
mod ports;
mod readers;
mod sample;
mod signing;
#[path = "../../ledger/tests/story.rs"]
#[allow(dead_code, unreachable_pub, clippy::expect_used, reason = "made for the ledger's tests")]
mod story;

use caisey_pdf::{Enclosure, Limits, PdfError, Progress, transcript};
use readers::{Opened, squeezed};
use std::ops::ControlFlow;

fn printed(detail: &caisey_console::view::SessionDetail) -> Vec<u8> {
    transcript(detail, &sample::imprint(), Limits::default(), Enclosure::default(), |_| {
        ControlFlow::Continue(())
    })
    .unwrap()
}

#[test]
fn a_reader_finds_every_text_in_the_order_of_the_log() {
    let detail = sample::breach();
    let opened = Opened::new(&printed(&detail));
    opened.is_sound();
    let text = squeezed(&opened.text_in_order());
    let mut from = text.find("Entriesintheorderofthelog").unwrap();
    for item in &detail.items {
        for view in item
            .texts
            .iter()
            .filter(|view| view.name != "hostname" && view.segments.is_none())
        {
            let wanted = squeezed(view.text.as_deref().unwrap());
            let at = text[from..]
                .find(&wanted)
                .unwrap_or_else(|| panic!("{wanted} is not found after {}", &text[from.saturating_sub(80)..from]));
            from += at;
        }
    }
}

#[test]
fn names_in_other_scripts_survive() {
    let text = squeezed(&Opened::new(&printed(&sample::breach())).text());
    for wanted in [
        "ИгорьСоколов",
        "财务部",
        "サーバー監視",
        "한국어",
        "Ελληνικά",
        "łódź",
        "│",
        "✓",
        "→",
        "日本語のファイル.txt",
    ] {
        assert!(text.contains(wanted), "{wanted}");
    }
}

#[test]
fn nothing_hidden_stays_hidden() {
    let mut detail = sample::breach();
    sample::say(
        &mut detail,
        "plain \u{1b}[31mred\u{1b}[0m \u{202e}gpj.exe\u{202c} bell\u{7} nbsp\u{a0}end \u{e000}\u{10ff80} 🦀\u{0}",
    );
    let text = squeezed(&Opened::new(&printed(&detail)).text());
    for wanted in ["‹ESC[31m›red‹ESC[0m›", "gpj.exe", "🦀", "‹0x80›", "‹U+E000›"] {
        assert!(
            text.contains(wanted),
            "{wanted} in {}",
            &text[text.find("plain").unwrap()..][..300.min(text.len())]
        );
    }
    for hidden in ['\u{1b}', '\u{202e}', '\u{7}', '\u{a0}', '\u{e000}', '\u{0}'] {
        assert!(!text.contains(hidden), "U+{:04X}", u32::from(hidden));
    }
}

#[test]
fn the_same_session_gives_the_same_bytes() {
    let detail = sample::breach();
    assert_eq!(printed(&detail), printed(&detail));
}

#[test]
fn long_outputs_are_cut_and_counted_and_the_rest_follows() {
    let mut detail = sample::breach();
    let line = "0123456789 abcdefghij 0123456789 abcdefghij 0123456789 abcdefghij\n";
    sample::say(&mut detail, &line.repeat(2_000));
    let limits = Limits {
        output_bytes: 10_000,
        ..Limits::default()
    };
    let bytes = transcript(&detail, &sample::imprint(), limits, Enclosure::default(), |_| {
        ControlFlow::Continue(())
    })
    .unwrap();
    let opened = Opened::new(&bytes);
    opened.is_sound();
    let text = opened.text();
    // The sample's own outputs of the same command have used some of the limit.
    let printed = text.matches("abcdefghij 0123456789 abcdefghij").count();
    assert!((130..160).contains(&printed), "{printed}");
    assert!(text.contains("more bytes are in the session's record and are not printed here."));
    assert!(text.contains("How to check this record"));
    assert!(text.contains("Page 4 of "));
}

#[test]
fn pages_are_full_before_the_next_begins() {
    let mut detail = sample::breach();
    let note = detail.items.iter().find(|item| item.kind == "note.added").unwrap().clone();
    detail.items = vec![note; 200];
    let text = Opened::new(&printed(&detail)).text();
    let pages: usize = text
        .split("Page 1 of ")
        .nth(1)
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    // Summary and last page, and at least 15 notes on each page between them.
    assert!(pages <= 2 + 200_usize.div_ceil(15), "{pages}");
}

#[test]
fn printing_tells_how_far_it_is_and_can_be_stopped() {
    let detail = sample::breach();
    let mut seen: Vec<Progress> = Vec::new();
    transcript(
        &detail,
        &sample::imprint(),
        Limits::default(),
        Enclosure::default(),
        |progress| {
            seen.push(progress);
            ControlFlow::Continue(())
        },
    )
    .unwrap();
    assert_eq!(seen.last().unwrap().done, detail.items.len());
    assert!(seen.windows(2).all(|pair| pair[0].done <= pair[1].done));
    let stopped = transcript(&detail, &sample::imprint(), Limits::default(), Enclosure::default(), |_| {
        ControlFlow::Break(())
    });
    assert!(matches!(stopped, Err(PdfError::Stopped)));
}

#[test]
fn what_is_broken_erased_or_missing_is_said() {
    let mut detail = sample::breach();
    detail.items[3].verification = caisey_console::view::Verification::Broken;
    detail.items[3].fault = Some("the signature does not hold".to_owned());
    for view in &mut detail.items[4].texts {
        view.text = None;
    }
    detail.checkpoint = None;
    detail.root = None;
    let text = Opened::new(&printed(&detail)).text();
    for wanted in [
        "A check failed for 1 of",
        "Broken: the signature does not hold",
        "was erased or not disclosed",
        "No checkpoint covered",
    ] {
        assert!(squeezed(&text).contains(&squeezed(wanted)), "{wanted}");
    }
}

/// The session with what an action's probe read before and after it.
fn with_states(before: &str, after: &str, exit_code: i64) -> caisey_console::view::SessionDetail {
    let mut detail = sample::breach();
    for (phase, state) in [("before", before), ("after", after)] {
        sample::captured(&mut detail, phase, state, exit_code);
    }
    detail
}

#[test]
fn what_an_action_changed_is_printed_line_by_line() {
    let common: String = (0..40).map(|line| format!("rule {line} accept\n")).collect();
    let detail = with_states(
        &format!("{common}tcp dport 445 drop\n"),
        &format!("{common}tcp dport 445 accept\n"),
        0,
    );
    let opened = Opened::new(&printed(&detail));
    opened.is_sound();
    let text = squeezed(&opened.text_in_order());
    let at = text.find("Whatchangedsinceentry#").unwrap();
    let shown = &text[at..];
    for wanted in [
        "-tcpdport445drop",
        "+tcpdport445accept",
        "37morelines,unchanged",
        "rule39accept",
    ] {
        assert!(shown.contains(wanted), "{wanted} in {}", &shown[..400.min(shown.len())]);
    }
    assert!(!shown.contains("readingswasincomplete"));
}

#[test]
fn a_difference_that_may_be_the_readings_own_and_none_at_all_are_said() {
    let text = squeezed(&Opened::new(&printed(&with_states("a\n", "b\n", 1))).text());
    assert!(text.contains("readingswasincompleteorfailed"));
    let text = squeezed(&Opened::new(&printed(&with_states("same\n", "same\n", 0))).text());
    assert!(text.contains("Nothing,asfarasthisreadingshows."));
}
