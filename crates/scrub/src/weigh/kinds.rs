//! Kinds of bytes, as what is weighed tells them apart, and the words of a line: read from the bits of a map.

use crate::kind::{INNER, NAME};
use crate::line::{Line, steps};
use crate::map::{Block, Map};
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
pub(super) const OTHER: u8 = 1 << 6;

/// The kinds of some bytes: a bit a byte for each.
#[derive(Debug, Clone, Copy, Default)]
struct Kinds {
    small: u64,
    capital: u64,
    digit: u64,
    joint: u64,
    under: u64,
}

impl Kinds {
    #[inline]
    fn of(block: &Block) -> Self {
        Self {
            small: block.small,
            capital: block.capital & !block.small,
            digit: block.digit,
            joint: block.dot | block.dash,
            under: block.under,
        }
    }

    /// Of the sixty-four bytes from a place on.
    #[inline]
    fn at(map: &Map<'_>, place: usize) -> Self {
        let far = place % 64;
        let of = |number| map.block(number).map_or(Self::default(), Self::of);
        let (here, next) = (of(place / 64), of(place / 64 + 1));
        let joined = |here: u64, next: u64| here >> far | next << 1 << (63 - far);
        Self {
            small: joined(here.small, next.small),
            capital: joined(here.capital, next.capital),
            digit: joined(here.digit, next.digit),
            joint: joined(here.joint, next.joint),
            under: joined(here.under, next.under),
        }
    }

    /// Letters and digits.
    #[inline]
    fn word(&self) -> u64 {
        self.small | self.capital | self.digit
    }

    #[inline]
    fn name(&self) -> u64 {
        self.word() | self.joint | self.under
    }

    /// Which kinds there are among these bytes.
    #[inline]
    fn among(&self, bytes: u64) -> u8 {
        [
            (self.small, SMALL),
            (self.capital, CAPITAL),
            (self.digit, DIGIT),
            (self.joint, JOINT),
            (self.under, UNDER),
        ]
        .into_iter()
        .fold(0, |kinds, (bits, kind)| kinds | if bits & bytes == 0 { 0 } else { kind })
    }
}

/// The kinds of all bytes of a range.
pub(super) fn all(map: &Map<'_>, range: &Range<usize>) -> u8 {
    steps::count(range.len());
    let mut all = 0;
    map.each_block(range, |around, inside| {
        let kinds = Kinds::of(around.here);
        let colon = around.here.colon & inside;
        all |= kinds.among(inside);
        all |= if colon == 0 { 0 } else { COLON };
        all |= if (kinds.name() | colon) & inside == inside { 0 } else { OTHER };
    });
    all
}

/// A line's words: runs of letters, digits, dots, dashes and `_`, without those three at their ends; each with the kinds of its bytes.
pub(super) struct Words<'a> {
    map: &'a Map<'a>,
    end: usize,
    /// The first of the sixty-four bytes of these kinds.
    base: usize,
    kinds: Kinds,
    /// What words are made of among them, behind the last word.
    left: u64,
}

impl<'a> Words<'a> {
    pub(super) fn of(line: &Line<'a>) -> Self {
        let mut words = Self {
            map: line.map(),
            end: line.end,
            base: line.start,
            kinds: Kinds::default(),
            left: 0,
        };
        words.go_to(line.start);
        words
    }

    #[inline]
    fn go_to(&mut self, place: usize) {
        self.base = place;
        self.kinds = Kinds::at(self.map, place);
        let inside = match self.end.saturating_sub(place) {
            left @ 0..64 => !(u64::MAX << left),
            _ => u64::MAX,
        };
        self.left = self.kinds.name() & inside;
        steps::count(64.min(self.end.saturating_sub(place)));
    }

    /// One that is longer than sixty-four bytes, or ends there.
    #[cold]
    fn long(&mut self) -> Option<(Range<usize>, u8)> {
        let end = NAME.end(self.map, self.base..self.end);
        let start = INNER.end(self.map, self.base..end);
        let word = start..INNER.start(self.map, start..end);
        self.go_to(end);
        (!word.is_empty()).then(|| {
            let kinds = all(self.map, &word);
            (word, kinds)
        })
    }
}

impl Iterator for Words<'_> {
    type Item = (Range<usize>, u8);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.left == 0 {
                if self.base + 64 >= self.end {
                    return None;
                }
                self.go_to(self.base + 64);
                continue;
            }
            let first = self.left.trailing_zeros();
            let behind = first + (!(self.left >> first)).trailing_zeros();
            if behind >= 64 {
                if first > 0 {
                    self.go_to(self.base + first as usize);
                } else if let Some(word) = self.long() {
                    return Some(word);
                }
                continue;
            }
            let run = !(u64::MAX << behind) & u64::MAX << first;
            self.left &= !run;
            let core = self.kinds.word() & run;
            if core != 0 {
                let (from, to) = (core.trailing_zeros(), 64 - core.leading_zeros());
                let word = u64::MAX << from & u64::MAX >> (64 - to);
                return Some((self.base + from as usize..self.base + to as usize, self.kinds.among(word)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::each_plain;

    fn words(text: &str) -> Vec<(&str, u8)> {
        let (map, mut all) = (Map::new(text), Vec::new());
        each_plain(&map, |line| {
            all.extend(Words::of(&line).map(|(range, kinds)| (text.get(range).unwrap_or_default(), kinds)));
        });
        all
    }

    #[test]
    fn words_are_what_stands_between_other_signs() {
        let expected = [
            ("a-b", SMALL | JOINT),
            ("3.14", DIGIT | JOINT),
            ("ÄB_c", SMALL | CAPITAL | UNDER),
            ("x", SMALL),
        ];
        assert_eq!(words("a-b._ (3.14): ÄB_c, --, x"), expected);
        assert_eq!(words("").len() + words("-- ..").len(), 0);
    }

    #[test]
    fn words_are_the_same_wherever_blocks_end() {
        // What a loop over bytes says.
        let plain = |text: &str| {
            let inner = |c: char| matches!(c, '.' | '-' | '_');
            let runs = text.split(move |c: char| c.is_ascii() && !c.is_ascii_alphanumeric() && !inner(c));
            let trimmed = runs.map(|run| run.trim_matches(inner).to_owned());
            trimmed.filter(|word| !word.is_empty()).collect::<Vec<_>>()
        };
        for long in [1, 5, 61, 62, 63, 64, 65, 127, 128, 130, 200] {
            for before in 0..70 {
                let text = format!("{}-{}_.x{}. Ök", " ".repeat(before), "n".repeat(long), "-".repeat(long));
                let found: Vec<_> = words(&text).into_iter().map(|(word, _)| word.to_owned()).collect();
                assert_eq!(found, plain(&text), "{text:?}");
                for (word, kinds) in words(&text) {
                    assert_eq!(kinds, all(&Map::new(word), &(0..word.len())), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn a_range_has_the_kinds_of_its_bytes() {
        let text = format!("{}B:é_-9 ", "a".repeat(70));
        let kinds = |range: Range<usize>| all(&Map::new(&text), &range);
        assert_eq!(kinds(0..70), SMALL);
        assert_eq!(kinds(60..72), SMALL | CAPITAL | COLON);
        assert_eq!(kinds(72..77), SMALL | UNDER | JOINT | DIGIT);
        assert_eq!(kinds(74..78), UNDER | JOINT | DIGIT | OTHER);
        assert_eq!(kinds(5..5), 0);
    }
}
