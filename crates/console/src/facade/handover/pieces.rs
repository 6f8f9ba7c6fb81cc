//! Texts in pieces that a page can draw and select in: cut into parts of a screenful, with what must not be drawn as labels, and with
//! what does not leave marked. Every piece says where in the text it begins.

use crate::view::{DraftPiece, RemovalView, TextPoint};
use crate::visible::{Segment, located};
use caisey_ledger::disclosure::Label;
use caisey_transcript::rows::RowPiece;
use std::ops::Range;

/// Lines of one part: about a screenful.
const LINES: usize = 40;
/// Bytes of one part, for texts without lines.
const BYTES: usize = 4_000;

/// Bytes of a text that do not leave.
pub(super) type Removals = [(Range<usize>, Label)];

/// Parts of a text, each a screenful at most; at least one.
pub(super) fn parts(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut from, mut lines) = (0, 0);
    for (at, letter) in text.char_indices() {
        let end = at + letter.len_utf8();
        lines += usize::from(letter == '\n');
        let full = lines == LINES || end - from >= BYTES;
        if full && end < text.len() {
            found.push(from..end);
            (from, lines) = (end, 0);
        }
    }
    found.push(from..text.len());
    found
}

/// The pieces of one part of a text that is there in full.
pub(super) fn drawn(text: &str, part: &Range<usize>, removals: &Removals) -> Vec<DraftPiece> {
    let mut out = Vec::new();
    for (at, segment) in located(text) {
        match segment {
            Segment::Plain { text: plain } => {
                let mut from = at.max(part.start);
                let end = (at + plain.len()).min(part.end);
                while from < end {
                    let until = next_border(removals, from).min(end);
                    let shown = plain.get(from - at..until - at).unwrap_or_default();
                    out.push(piece(from, shown, false, removals));
                    from = until;
                }
            }
            Segment::Escape { label } if part.contains(&at) => out.push(piece(at, &label, true, removals)),
            Segment::Escape { .. } => {}
        }
    }
    firsts(&mut out);
    out
}

/// The pieces of a text of which some was hidden before it came here: nothing more of it can be hidden.
pub(super) fn drawn_redacted(pieces: &[RowPiece]) -> Vec<DraftPiece> {
    let mut at = 0;
    let mut out = Vec::new();
    for one in pieces {
        match one {
            RowPiece::Shown { text } => {
                out.extend(drawn(text, &(0..text.len()), &[]).into_iter().map(|mut piece| {
                    piece.at = piece.at.saturating_add(narrow(at));
                    piece
                }));
                at += text.len();
            }
            RowPiece::Hidden { pseudonym, .. } => out.push(piece(at, pseudonym, true, &[])),
            RowPiece::Erased {} => {}
        }
    }
    out
}

/// The byte of the text that a point in what is drawn stands for.
pub(super) fn byte_at(text: &str, point: TextPoint) -> Option<usize> {
    let from = point.at as usize;
    let mut units = point.units as usize;
    let mut at = from;
    for letter in text.get(from..)?.chars() {
        if units == 0 {
            break;
        }
        units = units.saturating_sub(letter.len_utf16());
        at += letter.len_utf8();
    }
    Some(at)
}

fn next_border(removals: &Removals, from: usize) -> usize {
    let borders = removals.iter().flat_map(|(range, _)| [range.start, range.end]);
    borders.filter(|border| *border > from).min().unwrap_or(usize::MAX)
}

fn piece(at: usize, text: &str, label: bool, removals: &Removals) -> DraftPiece {
    let removal = removals.iter().find(|(range, _)| range.contains(&at));
    DraftPiece {
        at: narrow(at),
        text: text.to_owned(),
        label,
        removal: removal.map(|(range, label)| RemovalView {
            at: narrow(range.start),
            class: label.class.clone(),
            by: label.by.clone(),
            pseudonym: label.pseudonym.clone(),
            first: at == range.start,
        }),
    }
}

/// Texts are at most 64 KiB.
fn narrow(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// A removal may begin with a label that stands where a letter stands: only the first of them is its first.
fn firsts(pieces: &mut [DraftPiece]) {
    let mut last = None;
    for piece in pieces {
        if let Some(removal) = &mut piece.removal {
            removal.first &= last != Some(removal.at);
            last = Some(removal.at);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn removal(range: Range<usize>) -> (Range<usize>, Label) {
        let label = Label {
            class: "user".to_owned(),
            by: "rule".to_owned(),
            pseudonym: "user 1".to_owned(),
        };
        (range, label)
    }

    fn shown(pieces: &[DraftPiece]) -> Vec<(u32, &str, bool)> {
        pieces
            .iter()
            .map(|piece| (piece.at, piece.text.as_str(), piece.removal.is_some()))
            .collect()
    }

    #[test]
    fn pieces_end_where_removals_begin_and_labels_stand_for_themselves() {
        let text = "login jdoe\u{1b}[0m ok\n";
        let pieces = drawn(text, &(0..text.len()), &[removal(6..10)]);
        assert_eq!(
            shown(&pieces),
            [
                (0, "login ", false),
                (6, "jdoe", true),
                (10, "ESC[0m", false),
                (14, " ok\n", false)
            ]
        );
        assert!(
            pieces
                .iter()
                .filter_map(|piece| piece.removal.as_ref())
                .all(|removal| removal.first)
        );
    }

    #[test]
    fn a_removal_over_several_pieces_has_one_first() {
        let text = "a\u{1b}[0mb";
        let pieces = drawn(text, &(0..text.len()), &[removal(0..6)]);
        let firsts: Vec<bool> = pieces.iter().map(|piece| piece.removal.as_ref().unwrap().first).collect();
        assert_eq!(firsts, [true, false, false]);
    }

    #[test]
    fn points_are_counted_as_pages_count() {
        let text = "name 𝒟oe";
        assert_eq!(byte_at(text, TextPoint { at: 5, units: 2 }), Some(9));
        assert_eq!(byte_at(text, TextPoint { at: 99, units: 0 }), None);
    }

    proptest! {
        #[test]
        fn parts_are_the_text_and_none_is_longer_than_a_screen(text in "(\\PC{0,30}\n){0,120}") {
            let parts = parts(&text);
            let joined: String = parts.iter().map(|part| text.get(part.clone()).unwrap()).collect();
            prop_assert_eq!(&joined, &text);
            for part in &parts {
                prop_assert!(text.get(part.clone()).unwrap().lines().count() <= LINES);
            }
        }

        #[test]
        fn printable_text_is_drawn_whole_whatever_is_removed(text in "[ -~\n]{1,80}", from in 0_usize..80, length in 1_usize..20) {
            let from = from.min(text.len() - 1);
            let removals = [removal(from..(from + length).min(text.len()))];
            let all: String = parts(&text).iter().flat_map(|part| drawn(&text, part, &removals)).map(|piece| piece.text).collect();
            prop_assert_eq!(all, text);
        }
    }
}
