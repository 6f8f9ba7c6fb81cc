//! One line of a text, seen as bytes, with what every rule needs to move about in it.
//!
//! Bytes above 0x7F count as letters, so that names in any script hold together and ranges never cut a character.

use std::ops::Range;

/// Which bytes a line holds at all: what lets a rule pass over it without reading it.
pub(crate) mod has {
    pub(crate) const AT: u16 = 1;
    pub(crate) const BACKSLASH: u16 = 1 << 1;
    pub(crate) const SLASH: u16 = 1 << 2;
    pub(crate) const COLON: u16 = 1 << 3;
    pub(crate) const EQUALS: u16 = 1 << 4;
    pub(crate) const DASH: u16 = 1 << 5;
    pub(crate) const DIGIT: u16 = 1 << 6;
    pub(crate) const DOT: u16 = 1 << 7;
    pub(crate) const LOWER: u16 = 1 << 8;
    pub(crate) const UPPER: u16 = 1 << 9;
}

/// The features of every byte.
#[expect(
    clippy::indexing_slicing,
    reason = "the index is below the length; evaluated at compile time"
)]
const FEATURES: [u16; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'@' => has::AT,
            b'\\' => has::BACKSLASH,
            b'/' => has::SLASH,
            b':' => has::COLON,
            b'=' => has::EQUALS,
            b'-' => has::DASH,
            b'.' => has::DOT,
            b'0'..=b'9' => has::DIGIT,
            b'a'..=b'z' | 0x80..=0xFF => has::LOWER,
            b'A'..=b'Z' => has::UPPER,
            _ => 0,
        };
        byte += 1;
    }
    table
};

/// How far a rule looks from where it stands, in bytes: what keeps the work linear whatever a line holds.
const FARTHEST: usize = 1_024;

/// A line: the whole text and the range between two line ends.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    text: &'a str,
    pub(crate) start: usize,
    pub(crate) end: usize,
    features: u16,
}

/// The lines of a text, without their ends.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.as_bytes().get(at..).filter(|rest| !rest.is_empty())?;
        let (length, skip) = match memchr::memchr(b'\n', rest) {
            Some(length) => (length, 1),
            None => (rest.len(), 0),
        };
        let start = at;
        at += length + skip;
        let ends_in_return = length > 0 && rest.get(length - 1) == Some(&b'\r');
        Some(Line::new(text, start..start + length - usize::from(ends_in_return)))
    })
}

impl<'a> Line<'a> {
    fn new(text: &'a str, range: Range<usize>) -> Self {
        let bytes = text.as_bytes().get(range.clone()).unwrap_or_default();
        let features = bytes
            .iter()
            .fold(0, |seen, byte| seen | FEATURES.get(usize::from(*byte)).copied().unwrap_or(0));
        Self {
            text,
            start: range.start,
            end: range.end,
            features,
        }
    }

    /// Whether all these features occur.
    pub(crate) fn has(&self, features: u16) -> bool {
        self.features & features == features
    }

    /// How many digits the line holds.
    pub(crate) fn digits(&self) -> usize {
        self.bytes().iter().filter(|byte| byte.is_ascii_digit()).count()
    }

    /// The byte at this place of the text; 0 outside the line.
    pub(crate) fn at(&self, place: usize) -> u8 {
        if place < self.start || place >= self.end {
            return 0;
        }
        self.text.as_bytes().get(place).copied().unwrap_or(0)
    }

    /// The byte before this place; 0 at the line's beginning.
    pub(crate) fn before(&self, place: usize) -> u8 {
        place.checked_sub(1).map_or(0, |place| self.at(place))
    }

    /// The line's bytes.
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.slice(self.start..self.end)
    }

    /// Bytes of the text, within the line.
    pub(crate) fn slice(&self, range: Range<usize>) -> &'a [u8] {
        let range = range.start.max(self.start)..range.end.min(self.end);
        self.text.as_bytes().get(range).unwrap_or_default()
    }

    /// The same as text.
    pub(crate) fn str(&self, range: Range<usize>) -> &'a str {
        self.text
            .get(range.start.max(self.start)..range.end.min(self.end))
            .unwrap_or_default()
    }

    /// The first place at or after `from` whose byte does not satisfy `test`.
    pub(crate) fn forward(&self, from: usize, test: impl Fn(u8) -> bool) -> usize {
        let rest = self.slice(from..self.end.min(from.saturating_add(FARTHEST)));
        from + rest.iter().position(|byte| !test(*byte)).unwrap_or(rest.len())
    }

    /// The same without a limit, for what is looked at once only.
    pub(crate) fn run(&self, from: usize, test: impl Fn(u8) -> bool) -> usize {
        let rest = self.slice(from..self.end);
        from + rest.iter().position(|byte| !test(*byte)).unwrap_or(rest.len())
    }

    /// The first place of the run of bytes satisfying `test` that ends before `from`.
    pub(crate) fn back(&self, from: usize, test: impl Fn(u8) -> bool) -> usize {
        let start = self.start.max(from.saturating_sub(FARTHEST));
        let rest = self.slice(start..from);
        start + rest.iter().rposition(|byte| !test(*byte)).map_or(0, |last| last + 1)
    }

    /// Every place of this byte.
    pub(crate) fn places(&self, byte: u8) -> impl Iterator<Item = usize> + use<'a> {
        let start = self.start;
        memchr::memchr_iter(byte, self.bytes()).map(move |at| start + at)
    }

    /// The range without spaces and tabs at its ends.
    pub(crate) fn trim(&self, range: Range<usize>) -> Range<usize> {
        let start = self.forward(range.start, is_blank).min(range.end);
        let end = self.back(range.end, is_blank).max(start);
        start..end
    }

    /// Whether the bytes at this place are these, in any case of ASCII letters.
    pub(crate) fn reads(&self, place: usize, word: &str) -> bool {
        self.slice(place..place + word.len()).eq_ignore_ascii_case(word.as_bytes())
    }
}

/// Space or tab.
pub(crate) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Part of a name in any script: letters, digits and everything above ASCII.
pub(crate) fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

/// Part of an account's or machine's name.
pub(crate) fn is_name(byte: u8) -> bool {
    is_alphanumeric(byte) || matches!(byte, b'_' | b'-' | b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_before_their_ends() {
        let found: Vec<_> = lines("a\r\nbb\n\nc")
            .map(|line| line.str(line.start..line.end).to_owned())
            .collect();
        assert_eq!(found, ["a", "bb", "", "c"]);
    }

    #[test]
    fn runs_stay_within_their_line() {
        let text = "xx\nname here";
        let line = lines(text).nth(1).unwrap_or_else(|| Line::new(text, 0..0));
        assert_eq!(line.str(line.back(7, is_name)..7), "name");
        assert_eq!(line.forward(3, is_name), 7);
        assert_eq!(line.before(3), 0);
    }
}
