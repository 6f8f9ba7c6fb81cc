//! One line of a text, seen as bytes, with what every rule needs to move about in it.
//!
//! Bytes above 0x7F count as letters, so that names in any script hold together and ranges never cut a character.

use std::ops::Range;

/// Which bytes a line holds at all: what lets a rule pass over it without reading it.
pub(crate) mod has {
    pub(crate) const AT: u16 = 1;
    pub(crate) const BACKSLASH: u16 = 1 << 1;
    pub(crate) const COLON: u16 = 1 << 2;
    pub(crate) const DASH: u16 = 1 << 3;
    pub(crate) const DOT: u16 = 1 << 4;
    pub(crate) const PLUS: u16 = 1 << 5;
    pub(crate) const DIGIT: u16 = 1 << 6;
    pub(crate) const END: u16 = 1 << 7;
    pub(crate) const LOWER: u16 = 1 << 8;
    pub(crate) const UPPER: u16 = 1 << 9;
    /// The first byte of a letter above ASCII that may be a capital.
    pub(crate) const WIDE: u16 = 1 << 10;
    pub(crate) const SLASH: u16 = 1 << 11;
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
            b':' => has::COLON,
            b'-' => has::DASH,
            b'.' => has::DOT,
            b'+' => has::PLUS,
            b'/' => has::SLASH,
            b'0'..=b'9' => has::DIGIT,
            b'\n' => has::END,
            0xC3..=0xD4 => has::LOWER | has::WIDE,
            b'a'..=b'z' | 0x80..=0xFF => has::LOWER,
            b'A'..=b'Z' => has::UPPER,
            _ => 0,
        };
        byte += 1;
    }
    table
};

/// Letters of ASCII and digits.
const WORD: u16 = has::LOWER | has::UPPER | has::DIGIT;

/// Bytes whose places are noted, because rules start there; of digits, the first in a row, of capitals, those that begin a word.
const NOTED: u16 =
    has::UPPER | has::AT | has::BACKSLASH | has::COLON | has::DASH | has::DOT | has::PLUS | has::DIGIT | has::END | has::WIDE;

/// What [`has::WIDE`] comes with.
const WIDE_LETTER: u16 = has::LOWER | has::WIDE;

/// Where the noted bytes of a line stand.
#[derive(Default)]
struct Places {
    ats: Vec<usize>,
    backslashes: Vec<usize>,
    colons: Vec<usize>,
    dashes: Vec<usize>,
    dots: Vec<usize>,
    pluses: Vec<usize>,
    numbers: Vec<usize>,
    capitals: Vec<usize>,
}

impl Places {
    fn of(&mut self, feature: u16) -> Option<&mut Vec<usize>> {
        match feature {
            has::AT => Some(&mut self.ats),
            has::BACKSLASH => Some(&mut self.backslashes),
            has::COLON => Some(&mut self.colons),
            has::DASH => Some(&mut self.dashes),
            has::DOT => Some(&mut self.dots),
            has::PLUS => Some(&mut self.pluses),
            has::DIGIT => Some(&mut self.numbers),
            has::UPPER | WIDE_LETTER => Some(&mut self.capitals),
            _ => None,
        }
    }

    fn clear(&mut self) {
        for places in [
            &mut self.ats,
            &mut self.backslashes,
            &mut self.colons,
            &mut self.dashes,
            &mut self.dots,
            &mut self.pluses,
            &mut self.numbers,
            &mut self.capitals,
        ] {
            places.clear();
        }
    }
}

/// How far a rule looks from where it stands, in bytes: what keeps the work linear whatever a line holds.
const FARTHEST: usize = 1_024;

/// A line: the whole text, the range between two line ends, and what was noted of it in passing.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    text: &'a str,
    pub(crate) start: usize,
    pub(crate) end: usize,
    features: u16,
    digits: usize,
    places: &'a Places,
}

/// Shows the lines of a text in turn, without their ends. Every byte is classified here, once.
pub(crate) fn each(text: &str, mut visit: impl FnMut(Line<'_>)) {
    let mut places = Places::default();
    let (mut start, mut features, mut digits, mut last) = (0, 0, 0, 0);
    for (at, byte) in text.bytes().enumerate() {
        let feature = FEATURES.get(usize::from(byte)).copied().unwrap_or(0);
        features |= feature;
        digits += usize::from(feature == has::DIGIT);
        let inside = (last & has::DIGIT) | if last & WORD == 0 { 0 } else { has::UPPER | has::WIDE };
        if feature & NOTED & !inside != 0 {
            if feature == has::END {
                visit(Line::new(text, start..at, features, digits, &places));
                places.clear();
                (start, features, digits) = (at + 1, 0, 0);
            } else if let Some(places) = places.of(feature) {
                places.push(at);
            }
        }
        last = feature;
    }
    if start < text.len() {
        visit(Line::new(text, start..text.len(), features, digits, &places));
    }
}

impl<'a> Line<'a> {
    fn new(text: &'a str, range: Range<usize>, features: u16, digits: usize, places: &'a Places) -> Self {
        let ends_in_return = !range.is_empty() && text.as_bytes().get(range.end - 1) == Some(&b'\r');
        Self {
            text,
            start: range.start,
            end: range.end - usize::from(ends_in_return),
            features,
            digits,
            places,
        }
    }

    /// Whether all these features occur.
    #[inline]
    pub(crate) fn has(&self, features: u16) -> bool {
        self.features & features == features
    }

    /// How many digits the line holds.
    pub(crate) fn digits(&self) -> usize {
        self.digits
    }

    /// The byte at this place of the text; 0 outside the line.
    #[inline]
    pub(crate) fn at(&self, place: usize) -> u8 {
        if place < self.start || place >= self.end {
            return 0;
        }
        steps::count(1);
        self.text.as_bytes().get(place).copied().unwrap_or(0)
    }

    /// The byte before this place; 0 at the line's beginning.
    #[inline]
    pub(crate) fn before(&self, place: usize) -> u8 {
        place.checked_sub(1).map_or(0, |place| self.at(place))
    }

    /// The line's bytes.
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.slice(self.start..self.end)
    }

    /// Bytes of the text, within the line.
    #[inline]
    pub(crate) fn slice(&self, range: Range<usize>) -> &'a [u8] {
        let bytes = self.cut(range);
        steps::count(bytes.len());
        bytes
    }

    #[inline]
    fn cut(&self, range: Range<usize>) -> &'a [u8] {
        let range = range.start.max(self.start)..range.end.min(self.end);
        self.text.as_bytes().get(range).unwrap_or_default()
    }

    /// The same as text.
    #[inline]
    pub(crate) fn str(&self, range: Range<usize>) -> &'a str {
        let text = self.text.get(range.start.max(self.start)..range.end.min(self.end));
        let text = text.unwrap_or_default();
        steps::count(text.len());
        text
    }

    /// A line above, by the range it had.
    pub(crate) fn earlier(&self, range: Range<usize>) -> &'a str {
        steps::count(range.len());
        self.text.get(range).unwrap_or_default()
    }

    /// The text before this place, at most `most` bytes of it.
    pub(crate) fn str_before(&self, place: usize, most: usize) -> &'a str {
        let from = self.text.ceil_char_boundary(place.saturating_sub(most));
        self.str(from.max(self.start)..place)
    }

    /// The first place at or after `from` whose byte does not satisfy `test`.
    #[inline]
    pub(crate) fn forward(&self, from: usize, test: impl Fn(u8) -> bool) -> usize {
        self.first(from, self.end.min(from.saturating_add(FARTHEST)), test)
    }

    /// The same without a limit, for what is looked at once only.
    pub(crate) fn run(&self, from: usize, test: impl Fn(u8) -> bool) -> usize {
        self.first(from, self.end, test)
    }

    #[inline]
    fn first(&self, from: usize, to: usize, test: impl Fn(u8) -> bool) -> usize {
        let rest = self.cut(from..to);
        let length = rest.iter().position(|byte| !test(*byte)).unwrap_or(rest.len());
        steps::count(length + 1);
        from + length
    }

    /// The first place of the run of bytes satisfying `test` that ends before `from`.
    #[inline]
    pub(crate) fn back(&self, from: usize, test: impl Fn(u8) -> bool) -> usize {
        let start = self.start.max(from.saturating_sub(FARTHEST));
        let rest = self.cut(start..from);
        let before = rest.iter().rposition(|byte| !test(*byte)).map_or(0, |last| last + 1);
        steps::count(rest.len() - before + 1);
        start + before
    }

    /// Where two blanks in a row begin at or after `from`, or the last place that a rule looks at.
    pub(crate) fn gap(&self, from: usize) -> usize {
        let to = self.end.min(from.saturating_add(FARTHEST));
        let rest = self.cut(from..to);
        let length = memchr::memmem::find(rest, b"  ").unwrap_or(rest.len());
        steps::count(length + 1);
        from + length
    }

    /// Every `@`.
    pub(crate) fn ats(&self) -> &'a [usize] {
        &self.places.ats
    }

    /// Every backslash.
    pub(crate) fn backslashes(&self) -> &'a [usize] {
        &self.places.backslashes
    }

    /// Every `:`.
    pub(crate) fn colons(&self) -> &'a [usize] {
        &self.places.colons
    }

    /// Every `-`.
    pub(crate) fn dashes(&self) -> &'a [usize] {
        &self.places.dashes
    }

    /// Every `.`.
    pub(crate) fn dots(&self) -> &'a [usize] {
        &self.places.dots
    }

    /// Every `+`.
    pub(crate) fn pluses(&self) -> &'a [usize] {
        &self.places.pluses
    }

    /// The first digit of every run of them.
    pub(crate) fn numbers(&self) -> &'a [usize] {
        &self.places.numbers
    }

    /// Every capital of ASCII, and every letter of two bytes, that begins a word.
    pub(crate) fn capitals(&self) -> &'a [usize] {
        &self.places.capitals
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
#[inline]
pub(crate) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Part of a name in any script: letters, digits and everything above ASCII.
#[inline]
pub(crate) fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

/// Part of an account's or machine's name.
#[inline]
pub(crate) fn is_name(byte: u8) -> bool {
    is_alphanumeric(byte) || matches!(byte, b'_' | b'-' | b'.')
}

/// How many bytes rules looked at: what tests ask, because time is no measure on a shared machine.
pub(crate) mod steps {
    #[cfg(test)]
    thread_local! {
        static STEPS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
    }

    /// Adds to the count; does nothing outside tests.
    #[inline]
    pub(crate) fn count(_bytes: usize) {
        #[cfg(test)]
        STEPS.set(STEPS.get() + _bytes);
    }

    /// The count since the last call.
    #[cfg(test)]
    pub(crate) fn take() -> usize {
        STEPS.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_before_their_ends() {
        let mut found = Vec::new();
        each("a\r\nbb\n\nc", |line| found.push(line.str(line.start..line.end).to_owned()));
        assert_eq!(found, ["a", "bb", "", "c"]);
    }

    #[test]
    fn runs_stay_within_their_line() {
        let mut seen = 0;
        each("xx\nname here", |line| {
            if line.start == 3 {
                seen += 1;
                assert_eq!(line.str(line.back(7, is_name)..7), "name");
                assert_eq!(line.forward(3, is_name), 7);
                assert_eq!(line.before(3), 0);
            }
        });
        assert_eq!(seen, 1);
    }

    #[test]
    fn what_rules_start_at_is_noted() {
        let mut seen = Vec::new();
        each("1-22\n-a.b@c:\\d 345 6+7", |line| {
            seen.push((line.numbers().to_vec(), line.dashes().to_vec(), line.digits()));
        });
        assert_eq!(seen, [(vec![0, 2], vec![1], 3), (vec![15, 19, 21], vec![5], 5)]);
    }
}
