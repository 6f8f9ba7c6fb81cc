//! The signs that rules begin at, worked out for sixty-four bytes at a time: where a sign and what stands near it can be of what a rule looks
//! for. A rule measures what stands there; what is told by a sign already need not be looked at byte by byte.
//!
//! A sign may say too much, never too little.

use crate::map::{Around, Block};

fn letters(block: &Block) -> u64 {
    block.small | block.capital
}

fn hexadecimal(block: &Block) -> u64 {
    block.digit | block.hex
}

/// Every `:`.
pub(crate) fn colons(around: Around<'_>) -> u64 {
    around.here.colon
}

/// Every `-`.
pub(crate) fn dashes(around: Around<'_>) -> u64 {
    around.here.dash
}

/// Every `.`.
pub(crate) fn dots(around: Around<'_>) -> u64 {
    around.here.dot
}

/// The first digit of every run of them.
pub(crate) fn numbers(around: Around<'_>) -> u64 {
    around.here.digit & !around.behind(|block| block.digit)
}

/// Every capital that begins a word and has a small letter, or a sign within names, behind it.
pub(crate) fn capitals(around: Around<'_>) -> u64 {
    let first = around.here.capital & !around.behind(Block::word);
    first & !around.ahead(1, |block| block.digit | block.capital & !block.small | block.blank)
}

/// Every small letter of ASCII that begins a word, behind no dot, dash, slash, `@` or backslash, with three more behind it.
pub(crate) fn smalls(around: Around<'_>) -> u64 {
    let small = |block: &Block| block.small;
    let four = around.here.small & around.ahead(1, small) & around.ahead(2, small) & around.ahead(3, small);
    let inside = |block: &Block| block.word() | block.dot | block.dash | block.slash | block.rare;
    four & !around.here.capital & !around.behind(inside)
}

/// A dot between digits.
pub(crate) fn dots_in_numbers(around: Around<'_>) -> u64 {
    around.here.dot & around.behind(|block| block.digit) & around.ahead(1, |block| block.digit)
}

/// A dot between letters.
pub(crate) fn dots_in_words(around: Around<'_>) -> u64 {
    around.here.dot & around.behind(letters) & around.ahead(1, letters)
}

/// A `_` between letters.
pub(crate) fn unders_in_words(around: Around<'_>) -> u64 {
    around.here.under & around.behind(letters) & around.ahead(1, letters)
}

/// A dot that a name goes on behind.
pub(crate) fn dots_in_names(around: Around<'_>) -> u64 {
    around.here.dot & around.ahead(1, |block| block.word() | block.dash | block.dot | block.under)
}

/// A dot with another one five bytes on, as in halves of hardware addresses.
pub(crate) fn dots_in_fives(around: Around<'_>) -> u64 {
    around.here.dot & around.ahead(5, |block| block.dot)
}

/// A colon that a hexadecimal digit, a dot or another colon follows.
pub(crate) fn colons_in_addresses(around: Around<'_>) -> u64 {
    around.here.colon & around.ahead(1, |block| hexadecimal(block) | block.colon | block.dot)
}

/// A dash beside a letter or digit.
pub(crate) fn dashes_in_words(around: Around<'_>) -> u64 {
    around.here.dash & (around.behind(Block::word) | around.ahead(1, Block::word))
}

/// A dash with another one five bytes on, as in a GUID, or two, as in a SID.
pub(crate) fn dashes_in_identifiers(around: Around<'_>) -> u64 {
    let dash = |block: &Block| block.dash;
    around.here.dash & (around.ahead(5, dash) | around.ahead(2, dash))
}

/// A dash with another one three bytes on, as in hardware addresses.
pub(crate) fn dashes_in_pairs(around: Around<'_>) -> u64 {
    around.here.dash & around.ahead(3, |block| block.dash)
}

/// A dash with another one five to seven bytes on, as in keys of products.
pub(crate) fn dashes_in_keys(around: Around<'_>) -> u64 {
    let dash = |block: &Block| block.dash;
    around.here.dash & (around.ahead(5, dash) | around.ahead(6, dash) | around.ahead(7, dash))
}

/// A dash between hexadecimal digits, six on the right.
pub(crate) fn dashes_between_halves(around: Around<'_>) -> u64 {
    let sixth = around.ahead(3, hexadecimal) & around.ahead(6, hexadecimal);
    around.here.dash & around.behind(hexadecimal) & around.ahead(1, hexadecimal) & sixth
}

/// The first digit of a run, from which twelve hexadecimal digits may go on.
pub(crate) fn numbers_in_hexadecimal(around: Around<'_>) -> u64 {
    numbers(around) & around.ahead(3, hexadecimal) & around.ahead(6, hexadecimal)
}

/// `!`, `#`, `&`, `+` and `@` (or a backslash) behind a letter, a digit or another sign of passwords.
pub(crate) fn joins(around: Around<'_>) -> u64 {
    let inside = |block: &Block| block.word() | block.join | block.dash | block.dot | block.tie | block.under | block.rare;
    (around.here.join | around.here.rare) & around.behind(inside)
}
