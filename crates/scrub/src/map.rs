//! Where the bytes of every kind stand in a text: a bit a byte for each kind, worked out once, sixty-four bytes at a time. Rules start
//! from these bits instead of reading lines for what they look for.
//!
//! Bytes above 0x7F count as letters, so that names in any script hold together and ranges never cut a character.

use std::ops::Range;

/// The kinds of sixty-four bytes; the lowest bit is the first byte.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Block {
    /// Letters that are no capitals of ASCII.
    pub(crate) small: u64,
    /// Capitals of ASCII, and the first bytes of letters above it that may be capitals (which are small as well).
    pub(crate) capital: u64,
    pub(crate) digit: u64,
    pub(crate) colon: u64,
    pub(crate) dash: u64,
    pub(crate) dot: u64,
    pub(crate) slash: u64,
    /// `@`, `\` and `+`, which most lines have none of.
    pub(crate) rare: u64,
}

impl Block {
    /// Letters and digits.
    #[inline]
    pub(crate) fn word(&self) -> u64 {
        self.small | self.capital | self.digit
    }

    /// Bytes within a word: another of its bytes stands before, and no hump (`dbUser`) begins here.
    #[inline]
    pub(crate) fn within(&self, before: &Self) -> u64 {
        let hump = self.capital & !self.small & follow(self.small, before.small);
        self.word() & follow(self.word(), before.word()) & !hump
    }
}

/// The bits behind these, into which the last of the block before goes on.
#[inline]
pub(crate) fn follow(bits: u64, before: u64) -> u64 {
    bits << 1 | before >> 63
}

const SMALL: u8 = 1;
const CAPITAL: u8 = 1 << 1;
const DIGIT: u8 = 1 << 2;
const COLON: u8 = 1 << 3;
const DASH: u8 = 1 << 4;
const DOT: u8 = 1 << 5;
const SLASH: u8 = 1 << 6;
const RARE: u8 = 1 << 7;

#[expect(
    clippy::indexing_slicing,
    reason = "the index is below the length; evaluated at compile time"
)]
const KINDS: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'@' | b'\\' | b'+' => RARE,
            b':' => COLON,
            b'-' => DASH,
            b'.' => DOT,
            b'/' => SLASH,
            b'0'..=b'9' => DIGIT,
            0xC3..=0xD4 => SMALL | CAPITAL,
            b'a'..=b'z' | 0x80..=0xFF => SMALL,
            b'A'..=b'Z' => CAPITAL,
            _ => 0,
        };
        byte += 1;
    }
    table
};

/// The lowest bit of each of eight bytes, and the factor that gathers them in the highest byte.
const LOWEST: u64 = 0x0101_0101_0101_0101;
const GATHER: u64 = 0x0102_0408_1020_4080;

/// A text and the kinds of its bytes.
pub(crate) struct Map<'a> {
    pub(crate) text: &'a str,
    blocks: Vec<Block>,
}

impl<'a> Map<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self {
            text,
            blocks: text.as_bytes().chunks(64).map(block).collect(),
        }
    }

    /// The blocks in turn, each with the one before it.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = (&Block, Block)> {
        let before = std::iter::once(Block::default()).chain(self.blocks.iter().copied());
        self.blocks.iter().zip(before)
    }

    /// The places of a range that `pick` chooses: it is given a block and the one before it.
    #[inline]
    pub(crate) fn places<P: Fn(&Block, &Block) -> u64>(&self, range: Range<usize>, pick: P) -> Places<'_, P> {
        let first = range.start / 64;
        let mut places = Places {
            blocks: self.blocks.get(first..).unwrap_or_default().iter(),
            before: first
                .checked_sub(1)
                .and_then(|at| self.blocks.get(at))
                .copied()
                .unwrap_or_default(),
            bits: 0,
            base: first * 64,
            next: first * 64,
            end: range.end,
            pick,
        };
        places.advance();
        places.bits &= u64::MAX << (range.start % 64);
        places
    }

    /// The bits of all the blocks that a range touches, without those of its neighbours.
    #[inline]
    pub(crate) fn each_block(&self, range: &Range<usize>, mut visit: impl FnMut(&Block, u64)) {
        let (first, last) = (range.start / 64, range.end.div_ceil(64).max(range.start / 64));
        for (at, block) in self.blocks.get(first..last).unwrap_or_default().iter().enumerate() {
            let base = (first + at) * 64;
            let from = u64::MAX << range.start.saturating_sub(base).min(63);
            let to = match range.end - base {
                length @ 0..64 => !(u64::MAX << length),
                _ => u64::MAX,
            };
            visit(block, from & to);
        }
    }
}

fn block(bytes: &[u8]) -> Block {
    let mut planes = [0; 8];
    for (at, eight) in bytes.chunks(8).enumerate() {
        let mut kinds = [0; 8];
        for (kind, byte) in kinds.iter_mut().zip(eight) {
            *kind = KINDS.get(usize::from(*byte)).copied().unwrap_or(0);
        }
        let kinds = u64::from_le_bytes(kinds);
        for (kind, bits) in planes.iter_mut().enumerate() {
            *bits |= (kinds >> kind & LOWEST).wrapping_mul(GATHER) >> 56 << (8 * at);
        }
    }
    let [small, capital, digit, colon, dash, dot, slash, rare] = planes;
    Block {
        small,
        capital,
        digit,
        colon,
        dash,
        dot,
        slash,
        rare,
    }
}

/// Places of a text, ascending.
pub(crate) struct Places<'a, P> {
    blocks: std::slice::Iter<'a, Block>,
    before: Block,
    /// What is left of the block at `base`.
    bits: u64,
    base: usize,
    next: usize,
    end: usize,
    pick: P,
}

impl<P: Fn(&Block, &Block) -> u64> Places<'_, P> {
    /// Goes to the next block within the range; whether there is one.
    #[inline]
    fn advance(&mut self) -> bool {
        if self.next >= self.end {
            return false;
        }
        let Some(block) = self.blocks.next() else { return false };
        self.bits = (self.pick)(block, &self.before);
        self.before = *block;
        self.base = self.next;
        self.next += 64;
        true
    }
}

impl<P: Fn(&Block, &Block) -> u64> Iterator for Places<'_, P> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.bits == 0 {
            if !self.advance() {
                return None;
            }
        }
        let place = self.base + self.bits.trailing_zeros() as usize;
        self.bits &= self.bits - 1;
        (place < self.end).then_some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str, range: Range<usize>, pick: impl Fn(&Block, &Block) -> u64) -> Vec<usize> {
        Map::new(text).places(range, pick).collect()
    }

    #[test]
    fn places_are_those_of_the_range() {
        let text = format!("{}:a:{}:", "x".repeat(62), "y".repeat(100));
        assert_eq!(places(&text, 0..text.len(), |block, _| block.colon), [62, 64, 165]);
        assert_eq!(places(&text, 63..165, |block, _| block.colon), [64]);
        assert_eq!(places(&text, 64..64, |block, _| block.colon), []);
        assert_eq!(places("é1", 0..3, |block, _| block.capital | block.digit), [0, 2]);
    }

    #[test]
    fn runs_go_on_from_block_to_block() {
        let text = format!("{}12{}", " ".repeat(63), "3".repeat(70));
        assert_eq!(
            places(&text, 0..text.len(), |block, before| block.digit
                & !follow(block.digit, before.digit)),
            [63]
        );
        let inner = places("dbUser_x", 0..8, |block, before| block.within(before));
        assert_eq!(inner, [1, 3, 4, 5]);
    }

    #[test]
    fn a_range_has_the_kinds_of_its_bytes() {
        let map = Map::new("a-b.c");
        let mut kinds = (0, 0);
        map.each_block(&(0..3), |block, inside| {
            kinds.0 |= block.dash & inside;
            kinds.1 |= block.dot & inside;
        });
        assert!(kinds.0 != 0 && kinds.1 == 0);
    }
}
