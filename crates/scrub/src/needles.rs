//! Many words looked for in one text: the longest that begins at a place, in any case of ASCII letters, none within another.
//!
//! Nearly all places are passed over by two bits, which say whether any word begins with the three and the four bytes there. Where one
//! may, an automaton anchored at the place reads on.

use crate::line::steps;
use aho_corasick::{AhoCorasick, AhoCorasickKind, Anchored, Input, MatchKind, StartKind};

/// Words, ready to be looked for.
#[derive(Debug, Clone)]
pub(crate) struct Needles {
    automaton: AhoCorasick,
    /// Of words that begin where a word of the text does, and of those that are also looked for within one.
    outer: Beginnings,
    inner: Beginnings,
    /// Which words the latter are.
    within: Vec<bool>,
}

/// One word found.
pub(crate) struct Hit {
    /// Its number in the list of words.
    pub(crate) word: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Needles {
    /// `within` says which words are looked for within runs of letters, too. Words have two bytes or more.
    pub(crate) fn new<'a>(words: &[&'a str], within: impl Fn(usize, &'a str) -> bool) -> Result<Self, aho_corasick::BuildError> {
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .start_kind(StartKind::Anchored)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(words)?;
        let within: Vec<bool> = words.iter().enumerate().map(|(at, word)| within(at, word)).collect();
        let (mut outer, mut inner) = (Beginnings::new(), Beginnings::new());
        for (word, within) in words.iter().zip(&within) {
            outer.add(word.as_bytes());
            if *within {
                inner.add(word.as_bytes());
            }
        }
        Ok(Self {
            automaton,
            outer,
            inner,
            within,
        })
    }

    /// Shows every word of the text in turn.
    pub(crate) fn each(&self, text: &str, mut visit: impl FnMut(Hit)) {
        steps::count(text.len());
        let bytes = text.as_bytes();
        let [first, second, rest @ ..] = bytes else { return };
        let mut key = usize::from(kind(*first) & LETTER) << 5 | usize::from(kind(*second) & LETTER);
        let (mut before, mut next) = (0, 0);
        for (at, (first, third)) in bytes.iter().zip(rest).enumerate() {
            key = (key << 5 | usize::from(kind(*third) & LETTER)) % THREE;
            let here = kind(*first);
            let inside = before & here & WORD != 0 && (here & CAPITAL == 0 || before & SMALL == 0);
            before = here;
            let known = if inside { &self.inner } else { &self.outer };
            if known.may_begin(key)
                && at >= next
                && let Some(hit) = self.at(text, at, inside)
            {
                next = hit.end;
                visit(hit);
            }
        }
    }

    #[inline(never)]
    fn at(&self, text: &str, at: usize, inside: bool) -> Option<Hit> {
        let known = if inside { &self.inner } else { &self.outer };
        if !known.may_go_on(text.as_bytes().get(at..at + 4)) {
            return None;
        }
        let found = self.automaton.find(Input::new(text).range(at..).anchored(Anchored::Yes))?;
        steps::count(found.len());
        let word = found.pattern().as_usize();
        (!inside || self.within.get(word) == Some(&true)).then_some(Hit {
            word,
            start: found.start(),
            end: found.end(),
        })
    }
}

/// What is asked of a byte: the five bits that letters of both cases share, and whether it is part of a word, a capital, a small letter.
const LETTER: u8 = 31;
const WORD: u8 = 1 << 5;
const CAPITAL: u8 = 1 << 6;
const SMALL: u8 = 1 << 7;

#[expect(
    clippy::indexing_slicing,
    reason = "the index is below the length; evaluated at compile time"
)]
const KINDS: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let sign = byte as u8;
        table[byte] = (sign & LETTER)
            | match sign {
                b'0'..=b'9' | 0x80..=0xFF => WORD,
                b'A'..=b'Z' => WORD | CAPITAL,
                b'a'..=b'z' => WORD | SMALL,
                _ => 0,
            };
        byte += 1;
    }
    table
};

#[inline]
fn kind(byte: u8) -> u8 {
    KINDS.get(usize::from(byte)).copied().unwrap_or(0)
}

/// Which beginnings words have: of three bytes, five bits of each, and of four bytes, mixed.
#[derive(Debug, Clone)]
struct Beginnings {
    three: Box<[u64; THREE / 64]>,
    four: Box<[u64; FOUR / 64]>,
}

const THREE: usize = 1 << 15;
const FOUR: usize = 1 << 16;

impl Beginnings {
    fn new() -> Self {
        Self {
            three: Box::new([0; THREE / 64]),
            four: Box::new([0; FOUR / 64]),
        }
    }

    fn add(&mut self, word: &[u8]) {
        let byte = |at: usize| word.get(at).copied();
        let thirds = byte(2).map_or(0..=31, |third| third & 31..=third & 31);
        for third in thirds {
            let key = three(byte(0).unwrap_or(0), byte(1).unwrap_or(0), third);
            set(self.three.as_mut_slice(), key);
            for fourth in byte(3).map_or(0..=31, |fourth| fourth & 31..=fourth & 31) {
                set(self.four.as_mut_slice(), four(key, fourth));
            }
        }
    }

    #[inline]
    fn may_begin(&self, key: usize) -> bool {
        is_set(self.three.as_slice(), key)
    }

    /// At the end of a text there are fewer than four.
    fn may_go_on(&self, bytes: Option<&[u8]>) -> bool {
        match bytes {
            Some(&[first, second, third, fourth]) => is_set(self.four.as_slice(), four(three(first, second, third), fourth)),
            _ => true,
        }
    }
}

/// Letters of both cases share their five lowest bits; other bytes share them with letters, which costs a look and no more.
#[inline]
fn three(first: u8, second: u8, third: u8) -> usize {
    usize::from(first & 31) << 10 | usize::from(second & 31) << 5 | usize::from(third & 31)
}

fn four(three: usize, fourth: u8) -> usize {
    (three.wrapping_mul(0x9E37) ^ usize::from(fourth & 31).wrapping_mul(0x5_1ED3)) % FOUR
}

fn set(bits: &mut [u64], place: usize) {
    if let Some(bits) = bits.get_mut(place / 64) {
        *bits |= 1 << (place % 64);
    }
}

#[inline]
fn is_set(bits: &[u64], place: usize) -> bool {
    bits.get(place / 64).is_some_and(|bits| bits >> (place % 64) & 1 == 1)
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use super::*;

    fn found(words: &[&str], text: &str) -> Vec<(usize, String)> {
        let needles = Needles::new(words, |at, _| at == 0).expect("a few words");
        let mut found = Vec::new();
        needles.each(text, |hit| found.push((hit.word, text[hit.start..hit.end].to_owned())));
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
}
