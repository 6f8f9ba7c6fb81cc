//! Names of resources as people ask for them: `*payroll*`, `C:\Users\*\Documents`, `HKLM\Software\*`.
//!
//! A text names a resource when one of its lines contains a match: letters are compared without case, `\` and `/` are the same, `*` stands
//! for any run of characters and `?` for exactly one. Before comparing, terminal escapes and invisible characters are taken out and letters
//! that only look like Latin ones are read as those, so that a name cannot hide behind them. The search is for finding too much rather
//! than too little.

use crate::visible::{Segment, segments_if_needed};

/// A pattern may be this long, in characters.
pub const MAX_CHARS: usize = 200;

/// A pattern, ready to search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// Runs between asterisks, in order, none empty; none stands for any one character.
    runs: Vec<Vec<Option<char>>>,
}

/// A pattern that would match everything, or is too long.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a pattern needs at least two characters beside `*` and `?`, and at most {MAX_CHARS} in all")]
pub struct PatternFault;

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// When it would match nearly everything, or is too long.
    pub fn parse(text: &str) -> Result<Self, PatternFault> {
        let folded = folded(text);
        let plain = folded
            .chars()
            .filter(|c| !matches!(c, '*' | '?' | '\n') && !c.is_whitespace())
            .count();
        if text.chars().count() > MAX_CHARS || plain < 2 || folded.contains('\n') {
            return Err(PatternFault);
        }
        let run = |run: &str| run.chars().map(|c| (c != '?').then_some(c)).collect();
        Ok(Self {
            runs: folded.split('*').filter(|part| !part.is_empty()).map(run).collect(),
        })
    }

    /// Whether the text names it.
    pub fn is_in(&self, text: &str) -> bool {
        folded(text).lines().any(|line| self.is_in_line(line))
    }

    fn is_in_line(&self, line: &str) -> bool {
        let chars: Vec<char> = line.chars().collect();
        let mut rest = chars.as_slice();
        self.runs.iter().all(|run| {
            let found = rest.windows(run.len()).position(|window| {
                window
                    .iter()
                    .zip(run)
                    .all(|(c, wanted)| wanted.is_none_or(|wanted| wanted == *c))
            });
            match found {
                Some(at) => {
                    rest = rest.get(at + run.len()..).unwrap_or_default();
                    true
                }
                None => false,
            }
        })
    }
}

/// The text as it is compared.
fn folded(text: &str) -> String {
    let visible: String = match segments_if_needed(text) {
        None => return text.chars().map(fold).flat_map(char::to_lowercase).collect(),
        Some(segments) => segments
            .into_iter()
            .filter_map(|segment| match segment {
                Segment::Plain { text } => Some(text),
                Segment::Escape { .. } => None,
            })
            .collect(),
    };
    visible.chars().map(fold).flat_map(char::to_lowercase).collect()
}

fn fold(c: char) -> char {
    const CYRILLIC: &str = "аеорсухіјѕԁһӏАВЕЅІЈКМНОРСТХ";
    const LATIN: &str = "aeopcyxijsdhlABESIJKMHOPCTX";
    match c {
        '\\' => '/',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ if c.is_ascii() => c,
        _ => CYRILLIC
            .chars()
            .zip(LATIN.chars())
            .find(|(from, _)| *from == c)
            .map_or(c, |(_, to)| to),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn names_are_found_however_they_are_written() {
        for (pattern, text) in [
            ("*payroll*", r"dir C:\Shares\Payroll\2026"),
            ("payroll", "PAYROLL"),
            (r"c:\users\*\documents", "ls C:/Users/Ada/Documents/x"),
            ("pay?oll", "payRoll"),
            ("payroll", "pay\u{1b}[0mroll"),
            ("payroll", "p\u{430}yroll"),
            ("payroll", "ｐａｙroll"),
            ("payroll", "p\0a\0y\0r\0o\0l\0l\0"),
            ("payroll", "pay\u{200b}roll"),
            ("a*b*c", "xaxbxc"),
        ] {
            assert!(Pattern::parse(pattern).unwrap().is_in(text), "{pattern} in {text:?}");
        }
        for (pattern, text) in [
            ("payroll", "pay\nroll"),
            ("a*b", "b a"),
            ("pay?oll", "payoll"),
            ("payroll", ""),
        ] {
            assert!(
                !Pattern::parse(pattern).is_ok_and(|pattern| pattern.is_in(text)),
                "{pattern} in {text:?}"
            );
        }
    }

    #[test]
    fn a_pattern_that_says_nothing_is_refused() {
        for wrong in ["", "*", "?*", "a", "a\nb", &"x".repeat(MAX_CHARS + 1)] {
            assert_eq!(Pattern::parse(wrong), Err(PatternFault), "{wrong}");
        }
    }
}
