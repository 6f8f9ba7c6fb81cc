//! Kinds of bytes, as what is weighed tells them apart, and the words of a line. Read byte by byte: every byte of a text is looked at once here.

use crate::line::steps;
use std::ops::Range;

/// Letters that are no capitals of ASCII.
pub(super) const SMALL: u8 = 1;
pub(super) const CAPITAL: u8 = 1 << 1;
pub(super) const DIGIT: u8 = 1 << 2;
/// `.` and `-`, which stand within numbers as well.
pub(super) const JOINT: u8 = 1 << 3;
/// `_`.
pub(super) const UNDER: u8 = 1 << 4;
pub(super) const COLON: u8 = 1 << 5;
pub(super) const BLANK: u8 = 1 << 6;
pub(super) const OTHER: u8 = 1 << 7;

/// What words are made of.
const WORD: u8 = SMALL | CAPITAL | DIGIT | JOINT | UNDER;

const fn of(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' | 0x80.. => SMALL,
        b'A'..=b'Z' => CAPITAL,
        b'0'..=b'9' => DIGIT,
        b'.' | b'-' => JOINT,
        b'_' => UNDER,
        b':' => COLON,
        b' ' | b'\t' => BLANK,
        _ => OTHER,
    }
}

#[expect(
    clippy::indexing_slicing,
    reason = "the index is below the length; evaluated at compile time"
)]
const KINDS: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = of(byte as u8);
        byte += 1;
    }
    table
};

#[inline]
fn kind(byte: u8) -> u8 {
    KINDS.get(usize::from(byte)).copied().unwrap_or(OTHER)
}

/// The kinds of all bytes of a text.
#[inline]
pub(super) fn all(text: &[u8]) -> u8 {
    text.iter().fold(0, |kinds, byte| kinds | kind(*byte))
}

/// How many bytes from the beginning are of these kinds.
#[inline]
pub(super) fn length(bytes: &[u8], kinds: u8) -> usize {
    let length = bytes.iter().position(|byte| kind(*byte) & kinds == 0).unwrap_or(bytes.len());
    steps::count(length + 1);
    length
}

/// A line's words: runs of letters, digits, dots, dashes and `_`, without those three at their ends; each with the kinds of its bytes.
pub(super) struct Words<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Words<'a> {
    pub(super) fn of(line: &'a [u8]) -> Self {
        Self { line, at: 0 }
    }
}

impl Iterator for Words<'_> {
    type Item = (Range<usize>, u8);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = self.line.get(self.at..)?;
            let apart = length(rest, !WORD);
            let rest = rest.get(apart..).filter(|rest| !rest.is_empty())?;
            let run = rest.get(..length(rest, WORD)).unwrap_or_default();
            let start = self.at + apart;
            self.at = start + run.len();
            let from = length(run, JOINT | UNDER);
            let word = run.get(from..).unwrap_or_default();
            let behind = word
                .iter()
                .rev()
                .take_while(|byte| kind(**byte) & (JOINT | UNDER) != 0)
                .count();
            let word = word.get(..word.len() - behind).unwrap_or_default();
            if !word.is_empty() {
                let start = start + from;
                return Some((start..start + word.len(), all(word)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_stands_between_other_signs() {
        let text = "a-b._ (3.14): ÄB_c, --, x";
        let words: Vec<_> = Words::of(text.as_bytes())
            .map(|(range, kinds)| (text.get(range).unwrap_or_default(), kinds))
            .collect();
        let expected = [
            ("a-b", SMALL | JOINT),
            ("3.14", DIGIT | JOINT),
            ("ÄB_c", SMALL | CAPITAL | UNDER),
            ("x", SMALL),
        ];
        assert_eq!(words, expected);
        assert_eq!(Words::of(b"").count() + Words::of(b"-- ..").count(), 0);
    }
}
