//! Texts of entries: shown pieces as they were recorded, hidden ones as their pseudonyms.

use crate::markup::Html;
use caisey_transcript::rows::{RowPiece, RowText};

/// Longer blocks scroll within themselves on a screen; on paper they are whole.
const LONG_LINES: usize = 18;
const LONG_BYTES: usize = 1_600;

/// The pieces, in a block or within a line.
pub(crate) fn pieces(html: &mut Html, text: &RowText, in_line: bool) {
    if text.withheld {
        html.raw("<span class=\"gone\">(not disclosed)</span>");
    }
    for piece in &text.pieces {
        match piece {
            RowPiece::Shown { text } if in_line => {
                html.line(text);
            }
            RowPiece::Shown { text } => {
                html.text(text);
            }
            RowPiece::Hidden { class, pseudonym, .. } => {
                html.raw("<span class=\"hid\">‹");
                html.line(if pseudonym.is_empty() { class } else { pseudonym });
                html.raw("›</span>");
            }
            RowPiece::Erased {} => {
                html.raw("<span class=\"gone\">(erased; its place in the log remains)</span>");
            }
        }
    }
}

/// A block in a fixed-width face.
pub(crate) fn block(html: &mut Html, text: &RowText) {
    let shown = || {
        text.pieces.iter().filter_map(|piece| match piece {
            RowPiece::Shown { text } => Some(text.as_str()),
            _ => None,
        })
    };
    let lines: usize = shown().map(|text| text.matches('\n').count()).sum();
    let bytes: usize = shown().map(str::len).sum();
    let long = lines > LONG_LINES || bytes > LONG_BYTES;
    // Whoever has no mouse scrolls it with the keyboard, so it takes the focus.
    html.raw(match (text.name.as_str(), long) {
        ("command", false) => "<pre class=\"command\">",
        ("command", true) => "<pre class=\"command long\" tabindex=\"0\" role=\"region\" aria-label=\"Command\">",
        (_, false) => "<pre>",
        (_, true) => "<pre class=\"long\" tabindex=\"0\" role=\"region\" aria-label=\"Output\">",
    });
    // HTML drops a line feed that follows the tag.
    if matches!(text.pieces.first(), Some(RowPiece::Shown { text }) if text.starts_with('\n')) {
        html.raw("\n");
    }
    pieces(html, text, false);
    html.raw("</pre>");
}
