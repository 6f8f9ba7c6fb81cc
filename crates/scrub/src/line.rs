//! One line of a text, seen as bytes, with what every rule needs to move about in it.

use crate::kind::{BLANK, DIGIT, Kind};
use crate::map::{Block, Map};
use crate::sign::{self, Sign};
use std::ops::Range;

/// Which bytes a line holds at all: what lets a rule pass over it without reading it.
pub(crate) mod has {
    pub(crate) const AT: u32 = 1;
    pub(crate) const BACKSLASH: u32 = 1 << 1;
    pub(crate) const COLON: u32 = 1 << 2;
    pub(crate) const DASH: u32 = 1 << 3;
    pub(crate) const DOT: u32 = 1 << 4;
    pub(crate) const PLUS: u32 = 1 << 5;
    pub(crate) const DIGIT: u32 = 1 << 6;
    pub(crate) const LOWER: u32 = 1 << 7;
    pub(crate) const UPPER: u32 = 1 << 8;
    pub(crate) const SLASH: u32 = 1 << 9;
    /// No number of a person has fewer.
    pub(crate) const SIX_DIGITS: u32 = 1 << 10;
}

/// How far a rule looks from where it stands, in bytes: what keeps the work linear whatever a line holds.
const FARTHEST: usize = 1_024;

/// A line: the range between two line ends of a text whose bytes are mapped, and which kinds of bytes it holds.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    map: &'a Map<'a>,
    text: &'a str,
    pub(crate) start: usize,
    pub(crate) end: usize,
    features: u32,
    signs: u32,
}

/// Shows the lines of a text in turn, without their ends.
pub(crate) fn each<'a>(map: &'a Map<'a>, mut visit: impl FnMut(Line<'a>)) {
    each_plain(map, |mut line| {
        line.note();
        visit(line);
    });
}

/// The same, for who asks neither what a line has nor which signs it shows.
pub(crate) fn each_plain<'a>(map: &'a Map<'a>, mut visit: impl FnMut(Line<'a>)) {
    let bytes = map.text.as_bytes();
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', bytes) {
        visit(Line::new(map, start..end));
        start = end + 1;
    }
    if start < bytes.len() {
        visit(Line::new(map, start..bytes.len()));
    }
}

impl<'a> Line<'a> {
    fn new(map: &'a Map<'a>, range: Range<usize>) -> Self {
        let ends_in_return = !range.is_empty() && map.text.as_bytes().get(range.end - 1) == Some(&b'\r');
        let range = range.start..range.end - usize::from(ends_in_return);
        Self {
            map,
            text: map.text,
            start: range.start,
            end: range.end,
            features: 0,
            signs: 0,
        }
    }

    /// Notes which kinds of bytes and which signs the line shows.
    fn note(&mut self) {
        let range = self.start..self.end;
        let mut all = Block::default();
        let mut digits = 0;
        self.map.each_block(&range, |around, inside| {
            let block = around.here;
            all.small |= block.small & inside;
            all.capital |= block.capital & !block.small & inside;
            all.digit |= block.digit & inside;
            all.colon |= block.colon & inside;
            all.dash |= block.dash & inside;
            all.dot |= block.dot & inside;
            all.slash |= block.slash & inside;
            all.rare |= block.rare & inside;
            digits += (block.digit & inside).count_ones();
            self.signs |= sign::shown(around, inside);
        });
        for (bits, feature) in [
            (all.small, has::LOWER),
            (all.capital, has::UPPER),
            (all.digit, has::DIGIT),
            (all.colon, has::COLON),
            (all.dash, has::DASH),
            (all.dot, has::DOT),
            (all.slash, has::SLASH),
        ] {
            self.features |= if bits == 0 { 0 } else { feature };
        }
        if digits >= 6 {
            self.features |= has::SIX_DIGITS;
        }
        if all.rare != 0 {
            for place in self.map.places(range, |around| around.here.rare) {
                self.features |= match self.text.as_bytes().get(place) {
                    Some(b'@') => has::AT,
                    Some(b'\\') => has::BACKSLASH,
                    _ => has::PLUS,
                };
            }
        }
    }

    /// The kinds of the text's bytes.
    pub(crate) fn map(&self) -> &'a Map<'a> {
        self.map
    }

    /// Whether all these features occur.
    #[inline]
    pub(crate) fn has(&self, features: u32) -> bool {
        self.features & features == features
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

    /// The text from this place on, at most `most` bytes of it.
    pub(crate) fn str_ahead(&self, place: usize, most: usize) -> &'a str {
        let to = self.text.floor_char_boundary(place.saturating_add(most).min(self.end));
        self.str(place..to.max(place))
    }

    /// The end of what begins at `from` and is of one kind; `from` itself where nothing of it stands.
    #[inline]
    pub(crate) fn end_of(&self, kind: Kind, from: usize) -> usize {
        let to = self.end.min(from.saturating_add(FARTHEST));
        // What begins before the line is as long as what the line begins with.
        let start = from.max(self.start);
        let length = if start < to {
            kind.end(self.map, start..to) - start
        } else {
            0
        };
        steps::count(length + 1);
        from + length
    }

    /// The beginning of what ends before `from` and is of one kind.
    #[inline]
    pub(crate) fn start_of(&self, kind: Kind, from: usize) -> usize {
        let (first, end) = (self.start.max(from.saturating_sub(FARTHEST)), from.min(self.end));
        let start = if first < end {
            kind.start(self.map, first..end)
        } else {
            first
        };
        steps::count(end.saturating_sub(start) + 1);
        start
    }

    /// The first place at or after `from` whose byte does not satisfy `test`: [`Self::end_of`] for what no map has the bits of.
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
    pub(crate) fn ats(&self) -> impl Iterator<Item = usize> + use<'a> {
        self.rare(b'@')
    }

    /// Every backslash.
    pub(crate) fn backslashes(&self) -> impl Iterator<Item = usize> + use<'a> {
        self.rare(b'\\')
    }

    /// Every `+`.
    pub(crate) fn pluses(&self) -> impl Iterator<Item = usize> + use<'a> {
        self.rare(b'+')
    }

    fn rare(&self, byte: u8) -> impl Iterator<Item = usize> + use<'a> {
        let bytes = self.text.as_bytes();
        let all = self.map.places(self.start..self.end, |around| around.here.rare);
        all.filter(move |place| bytes.get(*place) == Some(&byte))
    }

    /// The bits of all features that occur.
    #[inline]
    pub(crate) fn features(&self) -> u32 {
        self.features
    }

    /// The bits of all signs that stand anywhere in the line.
    #[inline]
    pub(crate) fn signs(&self) -> u32 {
        self.signs
    }

    /// Whether this sign stands anywhere in the line.
    #[inline]
    pub(crate) fn shows(&self, sign: Sign) -> bool {
        self.signs & sign.bit != 0
    }

    /// Where this sign stands.
    #[inline]
    pub(crate) fn places(&self, sign: Sign) -> impl Iterator<Item = usize> + use<'a> {
        let to = if self.shows(sign) { self.end } else { self.start };
        self.map.places(self.start..to, sign.at)
    }

    /// Every run of digits.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = Range<usize>> + use<'_, 'a> {
        self.places(sign::NUMBERS).map(|start| start..self.end_of(DIGIT, start))
    }

    /// The range without spaces and tabs at its ends.
    pub(crate) fn trim(&self, range: Range<usize>) -> Range<usize> {
        let start = self.end_of(BLANK, range.start).min(range.end);
        let end = self.start_of(BLANK, range.end).max(start);
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
        each(&Map::new("a\r\nbb\n\nc"), |line| {
            found.push(line.str(line.start..line.end).to_owned());
        });
        assert_eq!(found, ["a", "bb", "", "c"]);
    }

    #[test]
    fn runs_stay_within_their_line() {
        let mut seen = 0;
        each(&Map::new("xx\nname here"), |line| {
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
    fn what_rules_start_at_is_told() {
        let mut seen = Vec::new();
        each(&Map::new("1-22\n-a.b@c:\\d 345 6+78"), |line| {
            let all = (
                line.numbers().collect::<Vec<_>>(),
                line.places(sign::DASHES).collect::<Vec<_>>(),
                line.has(has::SIX_DIGITS),
            );
            seen.push((all, line.has(has::AT | has::PLUS | has::BACKSLASH)));
        });
        assert_eq!(
            seen,
            [
                ((vec![0..1, 2..4], vec![1], false), false),
                ((vec![15..18, 19..20, 21..23], vec![5], true), true)
            ]
        );
    }
}
