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
    /// Spaces and tabs.
    pub(crate) blank: u64,
    /// `!`, `#` and `&`, which stand within passwords.
    pub(crate) join: u64,
    /// `$`, `%` and `=`.
    pub(crate) tie: u64,
    /// The letters of hexadecimal digits.
    pub(crate) hex: u64,
    /// `_`.
    pub(crate) under: u64,
    /// Everything above ASCII.
    pub(crate) wide: u64,
    /// `>`.
    pub(crate) greater: u64,
    /// What parts a name from its value, and values from each other: `=`, `:`, `,`, `;`, `|` and quotation marks.
    pub(crate) part: u64,
}

impl Block {
    const NONE: Self = Self::of([0; 8], [0; 8]);

    /// Of the bits of the kinds that [`kind`] tells apart, and of those of [`more`].
    const fn of(kinds: [u64; 8], more: [u64; 8]) -> Self {
        let [small, capital, digit, colon, dash, dot, slash, rare] = kinds;
        let [blank, join, tie, hex, under, wide, greater, part] = more;
        Self {
            small,
            capital,
            digit,
            colon,
            dash,
            dot,
            slash,
            rare,
            blank,
            join,
            tie,
            hex,
            under,
            wide,
            greater,
            part,
        }
    }

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

const fn kind(byte: u8) -> u8 {
    match byte {
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
    }
}

const BLANK: u8 = 1;
const JOIN: u8 = 1 << 1;
const TIE: u8 = 1 << 2;
const HEX: u8 = 1 << 3;
const UNDER: u8 = 1 << 4;
const WIDE: u8 = 1 << 5;
const GREATER: u8 = 1 << 6;
const PART: u8 = 1 << 7;

const fn more(byte: u8) -> u8 {
    match byte {
        b' ' | b'\t' => BLANK,
        b'!' | b'#' | b'&' => JOIN,
        b'=' => TIE | PART,
        b'$' | b'%' => TIE,
        b':' | b',' | b';' | b'|' | b'"' | b'\'' => PART,
        b'_' => UNDER,
        b'>' => GREATER,
        0x80.. => WIDE,
        b'a'..=b'f' | b'A'..=b'F' => HEX,
        _ => 0,
    }
}

/// The lowest bits of eight bytes, one for each kind that a byte is of.
#[expect(
    clippy::indexing_slicing,
    reason = "the index is below the length; evaluated at compile time"
)]
const fn spread(kinds: u8) -> u64 {
    let mut bytes = [0; 8];
    let mut bit = 0;
    while bit < 8 {
        bytes[bit] = kinds >> bit & 1;
        bit += 1;
    }
    u64::from_le_bytes(bytes)
}

/// Of every byte its kinds and more of them, spread.
#[expect(
    clippy::indexing_slicing,
    reason = "the index is below the length; evaluated at compile time"
)]
static KINDS: [[u64; 2]; 256] = {
    let mut table = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = [spread(kind(byte as u8)), spread(more(byte as u8))];
        byte += 1;
    }
    table
};

/// A text and the kinds of its bytes.
pub(crate) struct Map<'a> {
    pub(crate) text: &'a str,
    blocks: Vec<Block>,
}

/// Sixty-four bytes and those on both sides: what a rule may begin at depends on what stands near.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a> {
    pub(crate) before: &'a Block,
    pub(crate) here: &'a Block,
    pub(crate) after: &'a Block,
}

impl Around<'_> {
    /// Where a byte of this kind stands right before.
    #[inline]
    pub(crate) fn behind(&self, kind: impl Fn(&Block) -> u64) -> u64 {
        follow(kind(self.here), kind(self.before))
    }

    /// Where a byte of this kind stands so many bytes further on, 1 to 63.
    #[inline]
    pub(crate) fn ahead(&self, far: u32, kind: impl Fn(&Block) -> u64) -> u64 {
        kind(self.here) >> far | kind(self.after) << (64 - far)
    }

    /// Where twenty-four bytes of these kinds begin.
    #[inline]
    pub(crate) fn run_of_24(&self, kind: impl Fn(&Block) -> u64) -> u64 {
        let mut run = u128::from(kind(self.here)) | u128::from(kind(self.after)) << 64;
        for half in [1, 2, 4] {
            run &= run >> half;
        }
        (run & run >> 8 & run >> 16) as u64
    }
}

impl<'a> Map<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let (whole, rest) = text.as_bytes().as_chunks();
        let mut blocks = Vec::with_capacity(whole.len() + 1);
        blocks.extend(whole.iter().map(block));
        let mut last = [0; 64];
        if let Some(last) = last.get_mut(..rest.len()) {
            last.copy_from_slice(rest);
        }
        blocks.push(block(&last));
        Self { text, blocks }
    }

    /// The blocks in turn, each with the one before it.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = (&Block, &Block)> {
        let before = std::iter::once(&Block::NONE).chain(&self.blocks);
        self.blocks.iter().zip(before)
    }

    #[inline]
    pub(crate) fn block(&self, number: usize) -> Option<&Block> {
        self.blocks.get(number)
    }

    #[inline]
    fn around(&self, number: usize) -> Option<Around<'_>> {
        Some(Around {
            before: number
                .checked_sub(1)
                .and_then(|before| self.blocks.get(before))
                .unwrap_or(&Block::NONE),
            here: self.blocks.get(number)?,
            after: self.blocks.get(number + 1).unwrap_or(&Block::NONE),
        })
    }

    /// The places of a range that `pick` chooses.
    #[inline]
    pub(crate) fn places<P: Fn(Around<'_>) -> u64>(&'a self, range: Range<usize>, pick: P) -> Places<'a, P> {
        let mut places = Places {
            map: self,
            number: range.start / 64,
            bits: 0,
            end: range.end,
            pick,
        };
        if range.start < range.end {
            places.fill();
            places.bits &= u64::MAX << (range.start % 64);
        }
        places
    }

    /// All the blocks that a range touches, each with the bits of the range in it.
    #[inline]
    pub(crate) fn each_block(&self, range: &Range<usize>, mut visit: impl FnMut(Around<'_>, u64)) {
        let first = range.start / 64;
        for number in first..range.end.div_ceil(64) {
            let base = number * 64;
            let from = u64::MAX << range.start.saturating_sub(base).min(63);
            let to = match range.end - base {
                length @ 0..64 => !(u64::MAX << length),
                _ => u64::MAX,
            };
            if let Some(around) = self.around(number) {
                visit(around, from & to);
            }
        }
    }
}

fn block(bytes: &[u8; 64]) -> Block {
    let (mut kinds, mut more) = ([[0; 8]; 8], [[0; 8]; 8]);
    let (eights, _) = bytes.as_chunks::<8>();
    for (at, eight) in eights.iter().enumerate() {
        // The last byte first: its bits end up as the highest of their bytes.
        let [these, others] = eight.iter().rev().fold([0, 0], |[these, others], byte| {
            let [kinds, more] = KINDS.get(usize::from(*byte)).copied().unwrap_or_default();
            [these << 1 | kinds, others << 1 | more]
        });
        put(&mut kinds, at, these);
        put(&mut more, at, others);
    }
    Block::of(kinds.map(u64::from_le_bytes), more.map(u64::from_le_bytes))
}

/// Puts the bits of eight bytes, a byte for each kind, at this place of a block.
#[inline]
fn put(planes: &mut [[u8; 8]; 8], at: usize, kinds: u64) {
    for (plane, bits) in planes.iter_mut().zip(kinds.to_le_bytes()) {
        if let Some(byte) = plane.get_mut(at) {
            *byte = bits;
        }
    }
}

/// Places of a text, ascending.
pub(crate) struct Places<'a, P> {
    map: &'a Map<'a>,
    /// The block of which `bits` are left.
    number: usize,
    bits: u64,
    end: usize,
    pick: P,
}

impl<P: Fn(Around<'_>) -> u64> Places<'_, P> {
    #[inline]
    fn fill(&mut self) {
        self.bits = self.map.around(self.number).map_or(0, |around| (self.pick)(around));
    }
}

impl<P: Fn(Around<'_>) -> u64> Iterator for Places<'_, P> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.bits == 0 {
            if (self.number + 1) * 64 >= self.end {
                return None;
            }
            self.number += 1;
            self.fill();
        }
        let place = self.number * 64 + self.bits.trailing_zeros() as usize;
        self.bits &= self.bits - 1;
        (place < self.end).then_some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str, range: Range<usize>, pick: impl Fn(Around<'_>) -> u64) -> Vec<usize> {
        Map::new(text).places(range, pick).collect()
    }

    #[test]
    fn places_are_those_of_the_range() {
        let text = format!("{}:a:{}:", "x".repeat(62), "y".repeat(100));
        assert_eq!(places(&text, 0..text.len(), |around| around.here.colon), [62, 64, 165]);
        assert_eq!(places(&text, 63..165, |around| around.here.colon), [64]);
        assert_eq!(places(&text, 64..64, |around| around.here.colon), []);
        assert_eq!(places("é1", 0..3, |around| around.here.capital | around.here.digit), [0, 2]);
    }

    #[test]
    fn runs_go_on_from_block_to_block() {
        let text = format!("{}12{}", " ".repeat(63), "3".repeat(70));
        assert_eq!(
            places(&text, 0..text.len(), |around| around.here.digit
                & !around.behind(|block| block.digit)),
            [63]
        );
        let inner = places("dbUser_x", 0..8, |around| around.here.within(around.before));
        assert_eq!(inner, [1, 3, 4, 5]);
    }

    #[test]
    fn what_stands_near_counts_from_block_to_block() {
        let text = format!("{}-{}-.{}", "x".repeat(60), "2".repeat(5), "y".repeat(24));
        let five_on = places(&text, 0..text.len(), |around| {
            around.here.dash & around.ahead(6, |block| block.dash)
        });
        assert_eq!(five_on, [60]);
        let runs = places(&text, 0..text.len(), |around| around.run_of_24(|block| block.small));
        assert_eq!(runs, (0..=36).chain([68]).collect::<Vec<_>>());
    }

    #[test]
    fn a_range_has_the_kinds_of_its_bytes() {
        let map = Map::new("a-b.c");
        let mut kinds = (0, 0);
        map.each_block(&(0..3), |around, inside| {
            kinds.0 |= around.here.dash & inside;
            kinds.1 |= around.here.dot & inside;
        });
        assert!(kinds.0 != 0 && kinds.1 == 0);
    }
}
