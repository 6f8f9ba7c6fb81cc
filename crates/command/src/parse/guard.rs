//! Characters that make a text look different from what it is.
//!
//! A reader sees letters; an interpreter sees code points. Where the two could part, the text is opaque: control characters, invisible
//! and direction-changing ones, spaces that are none, and the typographic quotes and dashes that PowerShell takes for syntax. Follows
//! Unicode TR 36 and TR 39 in spirit: what is outside plain text is flagged, never repaired.

use super::{Dialect, Script};

pub(super) fn check(dialect: Dialect, text: &str, script: &mut Script) {
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        if let Some(sentence) = suspicious(dialect, character, next) {
            script.opaque(at, at + character.len_utf8(), sentence);
            return;
        }
    }
}

fn suspicious(dialect: Dialect, character: char, next: Option<char>) -> Option<&'static str> {
    match character {
        '\n' | '\t' => None,
        '\r' if next == Some('\n') && !dialect.is_posix() => None,
        '\r' => Some("A carriage return stands in the text; programs and people read it differently."),
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => Some("A control character stands in the text."),
        '\u{2018}'..='\u{201e}' | '\u{2013}'..='\u{2015}' if dialect.is_powershell() => {
            Some("Typographic quotes or dashes stand in the text; PowerShell takes them for syntax. Type plain ones.")
        }
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => {
            Some("A space that is not a plain space stands in the text.")
        }
        '\u{ad}'
        | '\u{61c}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}' => Some("An invisible or direction-changing character stands in the text."),
        '\u{ff01}'..='\u{ff5e}' => Some("A full-width look-alike of a plain character stands in the text."),
        _ => None,
    }
}
