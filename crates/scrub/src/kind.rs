//! Kinds of bytes that words are made of or parted by, and how far they go on: read from the bits of a map, sixty-four bytes at a time,
//! because a loop over a word's bytes ends where no processor expects it.

use crate::map::{Block, Map};
use std::ops::Range;

/// A kind whose bits a map has.
#[derive(Clone, Copy)]
pub(crate) struct Kind(fn(&Block) -> u64);

/// Space or tab.
pub(crate) const BLANK: Kind = Kind(|block| block.blank);
/// Everything else.
pub(crate) const SOLID: Kind = Kind(|block| !block.blank);
/// Part of a name in any script: letters, digits and everything above ASCII.
pub(crate) const WORD: Kind = Kind(Block::word);
/// Part of an account's or machine's name: a word's bytes, dots, dashes and `_`.
pub(crate) const NAME: Kind = Kind(|block| block.word() | block.dash | block.dot | block.under);
/// The same without dots: a label of such a name.
pub(crate) const LABEL: Kind = Kind(|block| block.word() | block.dash | block.under);
/// What such a name has within, besides a word's bytes.
pub(crate) const INNER: Kind = Kind(|block| block.dash | block.dot | block.under);
/// Letters and digits of ASCII, and dashes.
pub(crate) const DASHED: Kind = Kind(|block| block.word() & !block.wide | block.dash);
/// What machines are called in full: letters, digits, dashes and dots.
pub(crate) const DOTTED: Kind = Kind(|block| block.word() | block.dash | block.dot);
/// Letters, and everything above ASCII.
pub(crate) const LETTER: Kind = Kind(|block| block.small | block.capital);
/// `0` to `9`.
pub(crate) const DIGIT: Kind = Kind(|block| block.digit);
/// Hexadecimal digits.
pub(crate) const HEX: Kind = Kind(|block| block.digit | block.hex);
/// Letters of ASCII.
pub(crate) const ALPHABETIC: Kind = Kind(|block| (block.small | block.capital) & !block.wide);
/// Letters and digits of ASCII.
pub(crate) const ALPHANUMERIC: Kind = Kind(|block| block.word() & !block.wide);
/// Small letters of ASCII.
pub(crate) const LOWER: Kind = Kind(|block| block.small & !block.wide);

impl Kind {
    /// The first place of the range whose byte is of another kind; its end where there is none.
    #[inline]
    pub(crate) fn end(self, map: &Map<'_>, range: Range<usize>) -> usize {
        let mut inside = u64::MAX << (range.start % 64);
        for number in range.start / 64..range.end.div_ceil(64) {
            let others = !map.block(number).map_or(0, self.0) & inside;
            if others != 0 {
                return range.end.min(number * 64 + others.trailing_zeros() as usize);
            }
            inside = u64::MAX;
        }
        range.end
    }

    /// The first place of the run that goes on to the end of the range.
    #[inline]
    pub(crate) fn start(self, map: &Map<'_>, range: Range<usize>) -> usize {
        let mut inside = u64::MAX >> (range.end.wrapping_neg() % 64);
        for number in (range.start / 64..range.end.div_ceil(64)).rev() {
            let others = !map.block(number).map_or(0, self.0) & inside;
            if others != 0 {
                return range.start.max(number * 64 + 64 - others.leading_zeros() as usize);
            }
            inside = u64::MAX;
        }
        range.start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same kinds, byte by byte.
    type Test = fn(u8) -> bool;
    const BOTH: &[(Kind, Test)] = &[
        (BLANK, |byte| matches!(byte, b' ' | b'\t')),
        (SOLID, |byte| !matches!(byte, b' ' | b'\t')),
        (WORD, crate::line::is_alphanumeric),
        (NAME, crate::line::is_name),
        (LABEL, |byte| crate::line::is_name(byte) && byte != b'.'),
        (INNER, |byte| matches!(byte, b'-' | b'.' | b'_')),
        (Kind(|block| block.part), |byte| {
            matches!(byte, b'=' | b':' | b',' | b';' | b'|' | b'"' | b'\'')
        }),
        (DASHED, |byte| byte.is_ascii_alphanumeric() || byte == b'-'),
        (DOTTED, |byte| crate::line::is_name(byte) && byte != b'_'),
        (LETTER, |byte| byte.is_ascii_alphabetic() || byte >= 0x80),
        (DIGIT, |byte| byte.is_ascii_digit()),
        (HEX, |byte| byte.is_ascii_hexdigit()),
        (ALPHABETIC, |byte| byte.is_ascii_alphabetic()),
        (ALPHANUMERIC, |byte| byte.is_ascii_alphanumeric()),
        (LOWER, |byte| byte.is_ascii_lowercase()),
    ];

    #[test]
    fn every_byte_is_of_the_kinds_that_it_was() {
        let every: String = (0..0x180).filter_map(char::from_u32).collect();
        let map = Map::new(&every);
        for (place, byte) in every.bytes().enumerate() {
            for (number, (kind, test)) in BOTH.iter().enumerate() {
                let end = kind.end(&map, place..place + 1);
                assert_eq!(end > place, test(byte), "{byte:#x} and kind {number}");
            }
        }
    }

    #[test]
    fn runs_end_where_bytes_say() {
        let text = format!("{}  a-b.c_1\té{}|x", "n".repeat(130), "ö".repeat(40));
        let map = Map::new(&text);
        for (kind, test) in BOTH {
            for start in 0..=text.len() {
                for end in [start, start + 1, start + 63, start + 64, start + 65, text.len()] {
                    let range = start..end.clamp(start, text.len());
                    let bytes = text.as_bytes().get(range.clone()).unwrap_or_default();
                    let length = bytes.iter().position(|byte| !test(*byte)).unwrap_or(bytes.len());
                    let before = bytes.iter().rposition(|byte| !test(*byte)).map_or(0, |last| last + 1);
                    assert_eq!(kind.end(&map, range.clone()), start + length, "{range:?}");
                    assert_eq!(kind.start(&map, range.clone()), start + before, "{range:?}");
                }
            }
        }
    }
}
