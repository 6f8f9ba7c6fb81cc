//! What words show by themselves, worked out once for every word of a session: most words of a text come again.

use super::kinds::{CAPITAL, COLON, SMALL};
use super::{Scales, Sums, feature};
use crate::needles::eight;
use crate::rule::lists;
use crate::rule::mixed;

/// So many words are kept at first, and at most: the last one seen of each kind, by what its bytes are mixed to.
const KEPT: std::ops::RangeInclusive<usize> = 256..=16_384;

/// Words of a session, with what they show.
///
/// Words are told apart by sixty-four bits. Whoever made one that is mixed to the same as another could have it taken for that one; writing a name
/// as nobody writes it is easier.
pub(super) struct Words {
    seen: Vec<(u64, Seen)>,
    shown: Vec<Shown>,
    /// How many were looked at since there are so many.
    looked_at: usize,
}

/// What neighbours of a word see of it, and whether it is weighed itself.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    /// The same for words that differ in the case of ASCII letters only, and for all numbers.
    pub(super) mix: u32,
    pub(super) is_small: bool,
    pub(super) may_be_name: bool,
    pub(super) may_be_secret: bool,
}

/// What is looked at in a word that is weighed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown {
    pub(super) shape: u32,
    /// Which lists have it.
    pub(super) lists: u8,
    /// What its letters weigh.
    pub(super) letters: Sums,
}

impl Shown {
    const NOTHING: Self = Self {
        shape: 0,
        lists: 0,
        letters: [0; 3],
    };
}

impl Default for Words {
    fn default() -> Self {
        Self {
            seen: vec![Default::default(); *KEPT.start()],
            shown: vec![Shown::NOTHING; *KEPT.start()],
            looked_at: 0,
        }
    }
}

impl Words {
    /// `kinds` are those of the word's bytes.
    #[inline]
    pub(super) fn of(&mut self, word: &str, kinds: u8, scales: &Scales) -> (Seen, &Shown) {
        let key = key(word);
        let mut place = self.place(key);
        if self.seen.get(place).is_none_or(|(known, _)| *known != key) {
            place = self.look_at(word, kinds, key, scales);
        }
        match (self.seen.get(place), self.shown.get(place)) {
            (Some((_, seen)), Some(shown)) => (*seen, shown),
            _ => (Seen::default(), &Shown::NOTHING),
        }
    }

    fn place(&self, key: u64) -> usize {
        (key >> (64 - self.seen.len().ilog2())) as usize
    }

    #[cold]
    fn look_at(&mut self, word: &str, kinds: u8, key: u64, scales: &Scales) -> usize {
        // Sessions that go on for long have more words.
        if self.looked_at == self.seen.len() && self.seen.len() < *KEPT.end() {
            *self = Self {
                seen: vec![Default::default(); self.seen.len() * 4],
                shown: vec![Shown::NOTHING; self.seen.len() * 4],
                looked_at: 0,
            };
        }
        self.looked_at += 1;
        let place = self.place(key);
        if let (Some(kept), Some(shown)) = (self.seen.get_mut(place), self.shown.get_mut(place)) {
            let seen;
            (seen, *shown) = look_at(word, kinds, scales);
            *kept = (key, seen);
        }
        place
    }
}

/// What a word is mixed to; never 0.
#[inline]
fn key(word: &str) -> u64 {
    let eights = word.as_bytes().chunks(8);
    let mixed = eights.fold(word.len() as u64, |mixed, bytes| {
        (mixed.rotate_left(29) ^ eight(bytes)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    });
    mixed | 1
}

fn look_at(word: &str, kinds: u8, scales: &Scales) -> (Seen, Shown) {
    let bytes = word.as_bytes();
    let is_small = kinds == SMALL;
    let mut seen = Seen {
        mix: mixed(word),
        is_small,
        ..Seen::default()
    };
    if kinds & (SMALL | CAPITAL) == 0 {
        return (seen, Shown::NOTHING);
    }
    let lists = lists::of(word);
    let is_no_name = lists & lists::NO_NAME != 0;
    let is_ordinary = is_no_name || lists & lists::KNOWN != 0;
    seen.may_be_name = !(is_no_name || is_small && is_ordinary);
    seen.may_be_secret = !is_ordinary && is_composed(bytes, kinds) && (kinds & COLON == 0 || !word.contains("://"));
    let mut shown = Shown {
        shape: feature::shape(word),
        lists,
        letters: Sums::default(),
    };
    if seen.may_be_name || seen.may_be_secret {
        feature::of_letters(word, |number| scales.add(number, &mut shown.letters));
    }
    (seen, shown)
}

/// Of more than letters of which at most the first is a capital: what secrets are, unless they are words.
fn is_composed(bytes: &[u8], kinds: u8) -> bool {
    kinds & !(SMALL | CAPITAL) != 0 || bytes.iter().skip(1).any(u8::is_ascii_uppercase)
}
