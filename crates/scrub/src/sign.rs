//! The signs that rules begin at, worked out for sixty-four bytes at a time: where a byte and what stands near it can be of what a rule looks
//! for. A rule measures what stands there; what its sign tells already need not be looked at byte by byte, and a line that shows no sign of a
//! rule is not shown to it.
//!
//! A sign may say too much, never too little.

use crate::map::{Around, Block};

/// Where a rule may begin.
#[derive(Clone, Copy)]
pub(crate) struct Sign {
    /// The bit of a line that shows this sign.
    pub(crate) bit: u32,
    pub(crate) at: fn(Around<'_>) -> u64,
}

macro_rules! signs {
    ($($(#[$says:meta])* $name:ident: $at:expr;)*) => {
        #[expect(clippy::upper_case_acronyms, non_camel_case_types, reason = "one name for a sign and its number")]
        enum Number {
            $($name),*
        }

        $($(#[$says])* pub(crate) const $name: Sign = Sign {
            bit: 1 << Number::$name as u32,
            at: $at,
        };)*

        /// The bits of all signs that are shown `inside` of sixty-four bytes.
        #[inline]
        pub(crate) fn shown(around: Around<'_>, inside: u64) -> u32 {
            let mut shown = 0;
            $(shown |= u32::from(($name.at)(around) & inside != 0) << Number::$name as u32;)*
            shown
        }
    };
}

signs! {
    /// Every `:`.
    COLONS: |around| around.here.colon;
    /// A colon that a hexadecimal digit, a dot or another colon follows.
    COLONS_IN_ADDRESSES: |around| around.here.colon & around.ahead(1, |block| hexadecimal(block) | block.colon | block.dot);
    /// A colon behind a name, and a digit or slash behind it: a port, a folder of another machine.
    COLONS_BEHIND_NAMES: |around| around.here.colon & around.behind(names) & around.ahead(1, |block| block.digit | block.slash);
    /// A colon between a digit and a letter.
    COLONS_IN_KEYS: |around| around.here.colon & around.behind(|block| block.digit) & around.ahead(1, letters);
    /// A colon or `>` with a blank behind it, as behind who speaks.
    COLONS_IN_SPEECH: |around| (around.here.colon | around.here.greater) & around.ahead(1, |block| block.blank);
    /// Every `-`.
    DASHES: |around| around.here.dash;
    /// A dash between blanks.
    DASHES_ALONE: |around| around.here.dash & around.behind(|block| block.blank) & around.ahead(1, |block| block.blank);
    /// A dash beside a letter or digit.
    DASHES_IN_WORDS: |around| around.here.dash & (around.behind(Block::word) | around.ahead(1, Block::word));
    /// A dash with another one five bytes on, as in a GUID, or two, as in a SID.
    DASHES_IN_IDENTIFIERS: |around| around.here.dash & (around.ahead(5, dashes) | around.ahead(2, dashes));
    /// A dash with another one three bytes on, as in hardware addresses.
    DASHES_IN_PAIRS: |around| around.here.dash & around.ahead(3, dashes);
    /// A dash with another one five to eight bytes on, as in keys of products.
    DASHES_IN_KEYS: |around| {
        let near = around.ahead(5, dashes) | around.ahead(6, dashes);
        around.here.dash & (near | around.ahead(7, dashes) | around.ahead(8, dashes) | around.ahead(9, dashes))
    };
    /// A dash between digits, as in serial numbers.
    DASHES_IN_SERIALS: |around| around.here.dash & around.behind(|block| block.digit) & around.ahead(1, |block| block.digit);
    /// A dash between hexadecimal digits, six on the right.
    DASHES_BETWEEN_HALVES: |around| {
        let sixth = around.ahead(3, hexadecimal) & around.ahead(6, hexadecimal);
        around.here.dash & around.behind(hexadecimal) & around.ahead(1, hexadecimal) & sixth
    };
    /// Every `.`.
    DOTS: |around| around.here.dot;
    /// A dot between digits.
    DOTS_IN_NUMBERS: |around| around.here.dot & around.behind(|block| block.digit) & around.ahead(1, |block| block.digit);
    /// A dot between letters.
    DOTS_IN_WORDS: |around| around.here.dot & around.behind(letters) & around.ahead(1, letters);
    /// A dot that a name goes on behind.
    DOTS_IN_NAMES: |around| around.here.dot & around.ahead(1, names);
    /// A dot with another one five bytes on, as in hardware addresses of switches.
    DOTS_IN_FIVES: |around| around.here.dot & around.ahead(5, |block| block.dot);
    /// A `_` between letters.
    UNDERS_IN_WORDS: |around| around.here.under & around.behind(letters) & around.ahead(1, letters);
    /// `!`, `#`, `&`, `+` and `@` (or a backslash) behind a letter, a digit or another sign of passwords.
    JOINS: |around| {
        let inside = |block: &Block| names(block) | block.join | block.tie | block.rare;
        (around.here.join | around.here.rare) & around.behind(inside)
    };
    /// What may end a prompt, or begin a variable.
    PROMPTS: |around| around.here.tie | around.here.join | around.here.greater;
    /// A slash between blanks.
    SLASHES_ALONE: |around| around.here.slash & around.behind(|block| block.blank) & around.ahead(1, |block| block.blank);
    /// The first digit of every run of them.
    NUMBERS: numbers;
    /// The first of two digits or more behind a letter.
    NUMBERS_BEHIND_LETTERS: |around| around.here.digit & around.behind(letters) & around.ahead(1, |block| block.digit);
    /// The first digit of a run, from which twelve hexadecimal digits may go on.
    NUMBERS_IN_HEXADECIMAL: |around| numbers(around) & around.ahead(3, hexadecimal) & around.ahead(6, hexadecimal);
    /// Every capital that begins a word and has a small letter, or a sign within names, behind it.
    CAPITALS: |around| {
        let first = around.here.capital & !around.behind(Block::word);
        first & !around.ahead(1, |block| block.digit | block.capital & !block.small | block.blank)
    };
    /// Every small letter of ASCII that begins a word, behind no dot, dash, `_`, slash, `@` or backslash, with three more behind it.
    SMALLS: |around| {
        let small = |block: &Block| block.small;
        let four = around.here.small & around.ahead(1, small) & around.ahead(2, small) & around.ahead(3, small);
        let inside = |block: &Block| names(block) | block.slash | block.rare;
        four & !around.here.wide & !around.behind(inside)
    };
    /// Twenty-four letters, digits and signs of keys without anything else between.
    LONG_WORDS: |around| around.run_of_24(|block| block.word() | block.dash | block.slash | block.rare | block.tie | block.under);
}

fn letters(block: &Block) -> u64 {
    block.small | block.capital
}

fn names(block: &Block) -> u64 {
    block.word() | block.dash | block.dot | block.under
}

fn dashes(block: &Block) -> u64 {
    block.dash
}

fn hexadecimal(block: &Block) -> u64 {
    block.digit | block.hex
}

fn numbers(around: Around<'_>) -> u64 {
    around.here.digit & !around.behind(|block| block.digit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::each;
    use crate::map::Map;

    /// Where the sign stands in a text of one line.
    fn places(text: &str, sign: Sign) -> Vec<usize> {
        let mut all = Vec::new();
        each(&Map::new(text), |line| {
            assert_eq!(line.shows(sign), line.places(sign).next().is_some());
            all.extend(line.places(sign));
        });
        all
    }

    #[test]
    fn signs_stand_where_rules_may_begin() {
        assert_eq!(places("a.b 1.2 c. d.é", DOTS_IN_WORDS), [1, 12]);
        assert_eq!(places("a.b 1.2 c. .d", DOTS_IN_NUMBERS), [5]);
        assert_eq!(places("S-1-5-21 ab-cd-ef", DASHES_IN_IDENTIFIERS), [1, 3]);
        assert_eq!(places("ab-cd-ef - -- x", DASHES_IN_PAIRS), [2, 9]);
        assert_eq!(places("Anna ANNA A. O'Brien Ö Öl x2", CAPITALS), [0, 10, 13, 15, 21, 24]);
        assert_eq!(places("abcd Abcd a/abcd éabcd", SMALLS), [0]);
        assert_eq!(places("web-01 sql2 x12y", NUMBERS_BEHIND_LETTERS), [13]);
        assert_eq!(places("Winter26! !x # a&b", JOINS), [8, 16]);
    }

    #[test]
    fn a_sign_is_seen_from_block_to_block() {
        for lead in 55..75 {
            let text = format!("{}00-11-22 {}", " ".repeat(lead), "k".repeat(24));
            assert_eq!(places(&text, DASHES_IN_PAIRS), [lead + 2]);
            assert_eq!(places(&text, LONG_WORDS), [lead + 9]);
        }
    }
}
