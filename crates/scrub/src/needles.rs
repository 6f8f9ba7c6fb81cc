//! Many words looked for in one text: the longest that begins at a place, in any case of ASCII letters, none within another.
//!
//! Most places are passed over by one look, which says whether any word begins with the four bytes there. Words with the same four
//! bytes lie on one shelf in the order of dictionaries: the last of them that is not behind the text is the one, or begins with it.

use crate::line::steps;
use crate::map::Map;
use crate::noted::{Noted, mixed};
use std::cmp::Ordering;
use std::num::TryFromIntError;

/// Words, ready to be looked for.
#[derive(Debug, Clone)]
pub(crate) struct Needles {
    /// What words begin with that are looked for where a word of the text begins, or a sign stands.
    outer: Heads,
    /// The same of those that are looked for within runs of letters, too.
    inner: Heads,
    shelves: Vec<Shelf>,
    needles: Vec<Needle>,
    /// All words begin with a letter or digit.
    worded: bool,
}

/// Which bytes words begin with: what spares most places the shelf.
#[derive(Debug, Clone)]
struct Heads {
    /// Four bytes.
    fours: Noted,
    /// Three, of words that have no more.
    threes: Noted,
    none: bool,
}

#[derive(Debug, Clone, Default)]
struct Shelf {
    /// Where it begins; it ends where the next one does.
    start: u32,
    /// Which fifth bytes its words have, five bits of each; all, when one has none.
    fifths: u32,
    /// The same of sixth bytes.
    sixths: u32,
}

#[derive(Debug, Clone)]
struct Needle {
    /// What the word begins with, for comparing.
    head: u64,
    /// In small letters.
    text: Box<[u8]>,
    /// Its number in the list of words.
    word: u32,
    /// The place of the longest word of this shelf that this one begins with.
    beginning: Option<u32>,
    /// It is also looked for within runs of letters.
    within: bool,
}

/// One word found.
pub(crate) struct Hit {
    /// Its number in the list of words.
    pub(crate) word: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

const SHELVES: usize = 1 << 12;

impl Heads {
    fn new() -> Self {
        Self {
            fours: Noted::none(),
            threes: Noted::none(),
            none: true,
        }
    }

    /// Adds a word of two bytes or more.
    fn add(&mut self, word: &[u8]) {
        self.none = false;
        match *word {
            [first, second] => {
                // Any third byte may follow.
                (0..=u8::MAX).for_each(|third| self.add(&[first, second, third]));
            }
            [_, _, _] => self.threes.note(three(lead(word))),
            _ => self.fours.note(lead(word)),
        }
    }

    /// Whether a word may begin with these four bytes.
    #[inline]
    fn has(&self, lead: u32) -> u64 {
        self.fours.bit(lead) | self.threes.bit(three(lead))
    }

    /// At which of these places among sixty-four bytes.
    #[inline]
    fn at(&self, bytes: &[u8], mut places: u64) -> u64 {
        let mut hits = 0;
        while places != 0 {
            let bit = places.trailing_zeros();
            places &= places - 1;
            hits |= self.has(lead(bytes.get(bit as usize..).unwrap_or_default())) << bit;
        }
        hits
    }
}

impl Needles {
    /// `within` says which words are looked for within runs of letters, too. Words have two bytes or more, and none begins with two blanks.
    ///
    /// # Errors
    /// When there are more words than can be numbered.
    pub(crate) fn new(words: &[&str], within: impl Fn(usize, &str) -> bool) -> Result<Self, TryFromIntError> {
        let (mut outer, mut inner) = (Heads::new(), Heads::new());
        let mut shelved: Vec<(usize, Needle)> = Vec::with_capacity(words.len());
        let mut worded = true;
        for (at, word) in words.iter().enumerate().filter(|(_, word)| word.len() >= 2) {
            let text: Box<[u8]> = word.bytes().map(|byte| byte.to_ascii_lowercase()).collect();
            worded &= text.first().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80);
            let within = within(at, word);
            outer.add(&text);
            if within {
                inner.add(&text);
            }
            let shelf = if text.len() < 4 { short_shelf } else { shelf }(lead(&text));
            let needle = Needle {
                head: eight_small(&text),
                text,
                word: u32::try_from(at)?,
                beginning: None,
                within,
            };
            shelved.push((shelf, needle));
        }
        shelved.sort_by(|(shelf, needle), (other, next)| shelf.cmp(other).then_with(|| needle.text.cmp(&next.text)));
        let mut shelves = vec![Shelf::default(); SHELVES + 1];
        for (shelf, needle) in &shelved {
            if let Some([this, next]) = shelves.get_mut(*shelf..shelf + 2) {
                next.start += 1;
                let bit = |place: usize| needle.text.get(place).map_or(u32::MAX, |byte| 1 << five(*byte));
                this.fifths |= bit(4);
                this.sixths |= bit(5);
            }
        }
        let mut sum = 0;
        for shelf in &mut shelves {
            sum += shelf.start;
            shelf.start = sum;
        }
        u32::try_from(shelved.len())?;
        Ok(Self {
            outer,
            inner,
            shelves,
            needles: linked(shelved),
            worded,
        })
    }

    /// Shows the words of the text in turn, at each place the longest first, until somebody takes one: then what goes on behind it is looked
    /// at next.
    pub(crate) fn each(&self, map: &Map<'_>, mut takes: impl FnMut(Hit) -> bool) {
        let bytes = map.text.as_bytes();
        steps::count(bytes.len());
        let mut next = 0;
        for (number, (block, before)) in map.blocks().enumerate() {
            let (base, within) = (number * 64, block.within(before));
            let rest = bytes.get(base..).unwrap_or_default();
            let outer = if self.worded {
                block.word() & !within
            } else {
                // No word begins with two blanks.
                !within & !(block.blank & block.blank >> 1)
            };
            let mut hits = self.outer.at(rest, outer);
            if !self.inner.none {
                hits |= self.inner.at(rest, within);
            }
            while hits != 0 {
                let bit = hits.trailing_zeros() as usize;
                hits &= hits - 1;
                let start = base + bit;
                if start >= next {
                    let text = rest.get(bit..).unwrap_or_default();
                    let taken = self.at(text, within >> bit & 1 == 1, |word, length| {
                        let end = start + length;
                        takes(Hit { word, start, end })
                    });
                    next = start + taken;
                }
            }
        }
    }

    /// Shows the words that the text begins with, by number and length; says how much was taken.
    fn at(&self, text: &[u8], inside: bool, mut takes: impl FnMut(usize, usize) -> bool) -> usize {
        let lead = lead(text);
        for shelf in [shelf(lead), short_shelf(lead)] {
            let mut place = self.last_before(shelf, text);
            while let Some(needle) = place.and_then(|place| self.needles.get(place)) {
                steps::count(needle.text.len());
                if needle.begins(text) && (needle.within || !inside) && takes(needle.word as usize, needle.text.len()) {
                    return needle.text.len();
                }
                place = needle.beginning.map(|place| place as usize);
            }
        }
        0
    }

    /// The last word of a shelf that is not behind the text: it is the longest that the text begins with, or begins with it.
    fn last_before(&self, shelf: usize, text: &[u8]) -> Option<usize> {
        let [this, next] = self.shelves.get(shelf..shelf + 2)? else {
            return None;
        };
        let five_at = |place: usize| text.get(place).map_or(0, |byte| five(*byte));
        if this.fifths >> five_at(4) & this.sixths >> five_at(5) & 1 == 0 {
            return None;
        }
        let (start, end) = (this.start as usize, next.start as usize);
        let head = eight_small(text);
        let behind = self.needles.get(start..end)?.partition_point(|needle| {
            needle.head < head || needle.head == head && order(&needle.text, text) != Ordering::Greater
        });
        Some(start + behind.checked_sub(1)?)
    }
}

impl Needle {
    fn begins(&self, text: &[u8]) -> bool {
        let head = eight_small(text);
        match self.text.get(8..) {
            Some(rest) => self.head == head && text.get(8..).is_some_and(|text| begins_with(text, rest)),
            None => (self.head ^ head) >> (64 - 8 * self.text.len()) == 0,
        }
    }
}

/// With each word's longest beginning that is a word of its shelf: those that are, are the last ones before it that it begins with.
fn linked(shelved: Vec<(usize, Needle)>) -> Vec<Needle> {
    let mut open: Vec<(usize, u32, Box<[u8]>)> = Vec::new();
    let mut needles = Vec::with_capacity(shelved.len());
    for (place, (shelf, mut needle)) in (0u32..).zip(shelved) {
        while open
            .last()
            .is_some_and(|(other, _, text)| *other != shelf || !needle.text.starts_with(text))
        {
            open.pop();
        }
        needle.beginning = open.last().map(|(_, place, _)| *place);
        open.push((shelf, place, needle.text.clone()));
        needles.push(needle);
    }
    needles
}

/// How a word in small letters stands to a text that is longer than it: before it, behind it, or the same as far as it goes.
fn order(word: &[u8], text: &[u8]) -> Ordering {
    let text = text.get(..word.len()).unwrap_or(text);
    word.iter().copied().cmp(text.iter().map(u8::to_ascii_lowercase))
}

/// Whether the text begins with these small letters, in any case.
fn begins_with(text: &[u8], small: &[u8]) -> bool {
    text.get(..small.len()).is_some_and(|text| text.eq_ignore_ascii_case(small))
}

/// The first eight bytes as they are; fewer are read without asking each whether it is there.
#[inline]
pub(crate) fn eight(text: &[u8]) -> u64 {
    if let Some(eight) = text.first_chunk() {
        return u64::from_be_bytes(*eight);
    }
    match (text.first_chunk(), text.last_chunk(), text) {
        // Both halves hold what stands in the middle.
        (Some(first), Some(last), _) => {
            let last = u64::from(u32::from_be_bytes(*last)) << (64 - 8 * text.len());
            u64::from(u32::from_be_bytes(*first)) << 32 | last
        }
        (_, _, [a, b, c]) => u64::from(u32::from_be_bytes([*a, *b, *c, 0])) << 32,
        (_, _, [a, b]) => u64::from(u16::from_be_bytes([*a, *b])) << 48,
        (_, _, [a]) => u64::from(*a) << 56,
        _ => 0,
    }
}

/// The first eight bytes in small letters of ASCII, as a number whose order is that of words; 0 stands for bytes that are not there.
#[inline]
pub(crate) fn eight_small(text: &[u8]) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let eight = eight(text);
    // All bytes at once: the highest bit of each says whether it is a capital.
    let seven = eight & (ONES * 0x7F);
    let capital = (seven + ONES * u64::from(0x80 - b'A')) & !(seven + ONES * u64::from(0x7F - b'Z')) & !eight & (ONES * 0x80);
    eight | capital >> 2
}

/// The five bits that letters of both cases share; other bytes share them with letters, which costs a look and no more.
#[inline]
fn five(byte: u8) -> usize {
    usize::from(byte & 31)
}

/// The first four bytes, blanks where there are fewer; letters of both cases are the same, and so are some signs, which costs a look and no more.
#[inline]
fn lead(text: &[u8]) -> u32 {
    let four = text.first_chunk().copied().unwrap_or_else(|| {
        let mut four = [b' '; 4];
        four.iter_mut().zip(text).for_each(|(four, byte)| *four = *byte);
        four
    });
    u32::from_le_bytes(four) | 0x2020_2020
}

/// The first three of them.
#[inline]
fn three(lead: u32) -> u32 {
    lead & 0xFF_FFFF
}

/// Where words lie that begin with four bytes.
#[inline]
fn shelf(lead: u32) -> usize {
    mixed(lead) % SHELVES
}

/// Where words of two and three bytes lie.
#[inline]
fn short_shelf(lead: u32) -> usize {
    mixed(lead & 0xFFFF) % SHELVES
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(words: &[&str], text: &str) -> Vec<(usize, String)> {
        let needles = Needles::new(words, |at, _| at == 0).expect("a few words");
        let mut found = Vec::new();
        needles.each(&Map::new(text), |hit| {
            found.push((hit.word, text[hit.start..hit.end].to_owned()));
            true
        });
        found
    }

    #[test]
    fn the_longest_word_at_a_place_is_found_once() {
        let words = ["password", "pass", "user", "user name", "//"];
        let expected = |list: &[(usize, &str)]| list.iter().map(|(at, word)| (*at, (*word).to_owned())).collect::<Vec<_>>();
        assert_eq!(found(&words, "User name: x"), expected(&[(3, "User name")]));
        assert_eq!(found(&words, "DBPASSWORD superuser"), expected(&[(0, "PASSWORD")]));
        assert_eq!(found(&words, "dbUser=x //a"), expected(&[(2, "User"), (4, "//")]));
        assert_eq!(found(&words, "pass"), expected(&[(1, "pass")]));
        assert_eq!(found(&words, "passpasswort"), expected(&[(1, "pass")]));
    }

    #[test]
    fn eight_bytes_become_small_as_one_does() {
        for byte in 0..=u8::MAX {
            let text = [b'Z', byte, b'@', b'[', b'a', byte];
            let mut small = [0; 8];
            small[..6].copy_from_slice(&text.map(|byte| byte.to_ascii_lowercase()));
            assert_eq!(eight_small(&text), u64::from_be_bytes(small));
            assert_eq!(eight_small(&[byte; 9]), u64::from_be_bytes([byte.to_ascii_lowercase(); 8]));
        }
        for length in 0..=8 {
            let bytes = |text: &[u8; 8]| text.iter().copied().take(length).collect::<Vec<u8>>();
            let small = bytes(b"abcdefgh").into_iter().chain([0; 8]).take(8);
            let small = small.fold(0, |eight, byte| eight << 8 | u64::from(byte));
            assert_eq!(eight_small(&bytes(b"aBcDeFgH")), small);
        }
    }

    #[test]
    fn a_word_that_others_lie_behind_is_found() {
        let words = ["keller", "kellerman", "kellermann", "kell"];
        let needles = Needles::new(&words, |_, _| false).expect("a few words");
        let longest = |text: &str| {
            let mut hits = Vec::new();
            needles.each(&Map::new(text), |hit| {
                hits.push(hit.word);
                true
            });
            hits
        };
        assert_eq!(longest("Kellermaier kellermann kelso kelly KELLERMAN-1"), [0, 2, 3, 1]);
        assert_eq!(longest("xkeller keller"), [0]);
    }

    proptest! {
        /// What a look at every place for every word finds.
        #[test]
        fn words_are_found_as_by_looking_for_each(
            words in prop::collection::btree_set("[ab1/ ]?[abé1]{1,5}", 1..12),
            text in "[abAB1é/ -]{0,200}",
        ) {
            let words: Vec<&str> = words.iter().map(String::as_str).filter(|word| word.len() >= 2).collect();
            let needles = Needles::new(&words, |at, _| at % 3 == 0).expect("a few words");
            let map = Map::new(&text);
            let mut found = Vec::new();
            needles.each(&map, |hit| {
                found.push((hit.word, hit.start, hit.end));
                true
            });
            let (mut expected, mut next) = (Vec::new(), 0);
            for (number, (block, before)) in map.blocks().enumerate() {
                for bit in 0..64 {
                    let (start, inside) = (number * 64 + bit, block.within(before) >> bit & 1 == 1);
                    let rest = text.as_bytes().get(start..).unwrap_or_default();
                    let begins = |(at, word): &(usize, &&str)| {
                        (at % 3 == 0 || !inside) && rest.get(..word.len()).is_some_and(|rest| rest.eq_ignore_ascii_case(word.as_bytes()))
                    };
                    let longest = words.iter().enumerate().filter(begins).max_by_key(|(_, word)| word.len());
                    if let Some((at, word)) = longest.filter(|_| start >= next) {
                        next = start + word.len();
                        expected.push((at, start, next));
                    }
                }
            }
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn what_nobody_takes_hides_nothing_within_it() {
        let words = ["jkeller", "jkeller-nb", "kel", "nb", "jke"];
        let needles = Needles::new(&words, |_, _| false).expect("a few words");
        let mut hits = Vec::new();
        needles.each(&Map::new("jkeller-nb"), |hit| {
            hits.push(hit.word);
            hit.word == 0
        });
        assert_eq!(hits, [1, 0, 3]);
        hits.clear();
        needles.each(&Map::new("jkeller-nb"), |hit| {
            hits.push(hit.word);
            false
        });
        assert_eq!(hits, [1, 0, 4, 3]);
    }

    #[test]
    fn many_words_with_one_beginning_cost_no_more() {
        let words: Vec<String> = (0..20_000).map(|number| format!("user{number:05}")).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let needles = Needles::new(&words, |_, _| false).expect("fewer than can be numbered");
        let text = words.join(" ");
        steps::take();
        let mut hits = 0;
        needles.each(&Map::new(&text), |_| {
            hits += 1;
            true
        });
        assert_eq!(hits, words.len());
        assert!(steps::take() < 4 * text.len());
    }
}
