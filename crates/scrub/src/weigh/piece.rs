//! The pieces of a line that may be secrets: what stands between blanks, and behind `=`, `:` or a quotation mark within it.

use crate::kind::{BLANK, NAME, SOLID};
use crate::line::Line;
use std::ops::Range;

/// Shorter ones are no secrets worth the name; what is longer, rules find.
const LENGTHS: std::ops::RangeInclusive<usize> = 4..=200;

/// So many places within a run are looked behind.
const CUTS: usize = 3;

/// Puts the pieces of a line into `pieces`.
pub(super) fn of(line: &Line<'_>, pieces: &mut Vec<Range<usize>>) {
    pieces.clear();
    let mut add = |range: Range<usize>| {
        // Paths and options are looked at by rules.
        if LENGTHS.contains(&range.len()) && !matches!(line.at(range.start), b'/' | b'-') {
            pieces.push(range);
        }
    };
    let mut at = line.end_of(BLANK, line.start);
    while at < line.end {
        let end = line.end_of(SOLID, at).max(at + 1);
        let whole = trimmed(line, at..end);
        add(whole.clone());
        // Most runs are one word.
        let mut place = line.end_of(NAME, whole.start);
        let mut cuts = 0;
        while place < whole.end && cuts < CUTS {
            if parts(line.at(place)) {
                cuts += 1;
                let start = line.forward(place + 1, opens).min(whole.end);
                add(start..line.forward(start, |byte| !closes(byte)).min(whole.end).max(start));
            }
            place = line.end_of(NAME, place + 1);
        }
        at = line.end_of(BLANK, end).max(end);
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
fn trimmed(line: &Line<'_>, range: Range<usize>) -> Range<usize> {
    let start = line.forward(range.start, opens).min(range.end);
    start..line.back(range.end, ends).max(start)
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
