//! The pieces of a line that may be secrets: what stands between blanks, and behind `=`, `:` or a quotation mark within it.

use crate::kind::{BLANK, SOLID};
use crate::line::{Line, steps};
use std::ops::Range;

/// Shorter ones are no secrets worth the name; what is longer, rules find.
const LENGTHS: std::ops::RangeInclusive<usize> = 4..=200;

/// So many places within a run are looked behind.
const CUTS: usize = 3;

/// Puts the pieces of a line into `pieces`.
pub(super) fn of(line: &Line<'_>, pieces: &mut Vec<Range<usize>>) {
    pieces.clear();
    let (map, bytes) = (line.map(), line.map().text.as_bytes());
    let mut add = |range: Range<usize>| {
        // Paths and options are looked at by rules.
        if LENGTHS.contains(&range.len()) && !matches!(bytes.get(range.start), Some(b'/' | b'-')) {
            pieces.push(range);
        }
    };
    let mut end = line.start;
    while end < line.end {
        let start = BLANK.end(map, end..line.end);
        end = SOLID.end(map, start..line.end);
        steps::count(end - start + 1);
        let whole = trimmed(bytes, start..end);
        add(whole.clone());
        for cut in map.places(whole.clone(), |around| around.here.part).take(CUTS) {
            let behind = bytes.get(cut + 1..whole.end).unwrap_or_default();
            let opened = behind.iter().take_while(|byte| opens(**byte)).count();
            let length = behind.iter().skip(opened).take_while(|byte| !closes(**byte)).count();
            steps::count(length);
            let start = cut + 1 + opened;
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
