//! The pieces of a line that may be secrets: what stands between blanks, and behind `=`, `:` or a quotation mark within it.

use super::kinds::{self, BLANK};
use crate::line::Line;
use std::ops::Range;

/// Shorter ones are no secrets worth the name; what is longer, rules find.
const LENGTHS: std::ops::RangeInclusive<usize> = 4..=200;

/// So many places within a run are looked behind.
const CUTS: usize = 3;

/// Puts the pieces of a line into `pieces`.
pub(super) fn of(line: &Line<'_>, pieces: &mut Vec<Range<usize>>) {
    pieces.clear();
    let bytes = line.bytes();
    let mut add = |range: Range<usize>| {
        // Paths and options are looked at by rules.
        if LENGTHS.contains(&range.len()) && !matches!(bytes.get(range.start), Some(b'/' | b'-')) {
            pieces.push(line.start + range.start..line.start + range.end);
        }
    };
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let start = at + kinds::length(rest, BLANK);
        let end = start + kinds::length(bytes.get(start..).unwrap_or_default(), !BLANK);
        at = end.max(at + 1);
        let whole = trimmed(bytes, start..end);
        add(whole.clone());
        let within = bytes.get(whole.clone()).unwrap_or_default();
        let cuts = within.iter().enumerate().filter(|(_, byte)| parts(**byte)).take(CUTS);
        for (cut, _) in cuts {
            let behind = within.get(cut + 1..).unwrap_or_default();
            let opened = behind.iter().take_while(|byte| opens(**byte)).count();
            let length = behind.iter().skip(opened).take_while(|byte| !closes(**byte)).count();
            let start = whole.start + cut + 1 + opened;
            add(start..start + length);
        }
    }
}

fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'')
}

fn closes(byte: u8) -> bool {
    is_quote(byte) || matches!(byte, b',' | b';' | b'|')
}

fn opens(byte: u8) -> bool {
    is_quote(byte) || matches!(byte, b'(' | b'[' | b'{' | b'<')
}

fn parts(byte: u8) -> bool {
    is_quote(byte) || matches!(byte, b'=' | b':' | b'|' | b',' | b';')
}

fn ends(byte: u8) -> bool {
    is_quote(byte) || matches!(byte, b'.' | b'-' | b'_' | b',' | b';' | b':' | b')' | b']' | b'}' | b'>')
}

/// Without quotation marks, brackets and the ends of sentences around it.
fn trimmed(bytes: &[u8], range: Range<usize>) -> Range<usize> {
    let run = bytes.get(range.clone()).unwrap_or_default();
    let opened = run.iter().take_while(|byte| opens(**byte)).count();
    let ended = run.iter().skip(opened).rev().take_while(|byte| ends(**byte)).count();
    range.start + opened..range.end - ended
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::each_plain;
    use crate::map::Map;

    fn pieces(text: &str) -> Vec<&str> {
        let (map, mut all) = (Map::new(text), Vec::new());
        each_plain(&map, |line| {
            of(&line, &mut all);
        });
        all.into_iter().filter_map(|range| text.get(range)).collect()
    }

    #[test]
    fn runs_and_what_stands_behind_signs_in_them() {
        assert_eq!(pieces("pw: \"Aa-1!x\", ok."), ["Aa-1!x"]);
        assert_eq!(
            pieces("login=jd042;pass=\"T0p!\""),
            ["login=jd042;pass=\"T0p!", "jd042", "pass=", "T0p!"]
        );
        assert_eq!(pieces("--user /etc/passwd abc"), Vec::<&str>::new());
        assert_eq!(pieces("jürgen:größe=1"), ["jürgen:größe=1", "größe=1"]);
    }
}
