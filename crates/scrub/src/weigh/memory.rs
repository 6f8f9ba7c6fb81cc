//! What words show by themselves, worked out once for every word of a session: most words of a text come again.

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
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Shown {
    pub(super) shape: u32,
    /// Which lists have it.
    pub(super) lists: u8,
    /// What its letters weigh.
    pub(super) letters: Sums,
}

impl Default for Words {
    fn default() -> Self {
        Self {
            seen: vec![Default::default(); *KEPT.start()],
            shown: vec![Shown::default(); *KEPT.start()],
            looked_at: 0,
        }
    }
}

impl Words {
    #[inline]
    pub(super) fn of(&mut self, word: &str, scales: &Scales) -> (Seen, Shown) {
        let key = key(word);
        let place = (key >> 40) as usize & (self.seen.len() - 1);
        match self.seen.get(place) {
            Some((known, seen)) if *known == key => {
                let weighed = seen.may_be_name || seen.may_be_secret;
                let shown = self.shown.get(place).filter(|_| weighed);
                (*seen, shown.copied().unwrap_or_default())
            }
            _ => self.look_at(word, key, place, scales),
        }
    }

    #[cold]
    fn look_at(&mut self, word: &str, key: u64, place: usize, scales: &Scales) -> (Seen, Shown) {
        let (seen, shown) = look_at(word, scales);
        if let (Some(known), Some(kept)) = (self.seen.get_mut(place), self.shown.get_mut(place)) {
            *known = (key, seen);
            *kept = shown;
        }
        self.looked_at += 1;
        // Sessions that go on for long have more words.
        if self.looked_at == self.seen.len() && self.seen.len() < *KEPT.end() {
            *self = Self {
                seen: vec![Default::default(); self.seen.len() * 4],
                shown: vec![Shown::default(); self.seen.len() * 4],
                looked_at: 0,
            };
        }
        (seen, shown)
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

fn look_at(word: &str, scales: &Scales) -> (Seen, Shown) {
    let bytes = word.as_bytes();
    let kinds = bytes.iter().fold(0, |kinds, byte| kinds | kind(*byte));
    let is_small = kinds == SMALL;
    let mut seen = Seen {
        mix: mixed(word),
        is_small,
        ..Seen::default()
    };
    if kinds & (SMALL | CAPITAL) == 0 {
        return (seen, Shown::default());
    }
    // No list has a word with digits.
    let lists = if kinds & DIGIT == 0 { lists::of(word) } else { 0 };
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

const SMALL: u8 = 1;
const CAPITAL: u8 = 1 << 1;
const DIGIT: u8 = 1 << 2;
const COLON: u8 = 1 << 3;
const OTHER: u8 = 1 << 4;

fn kind(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' | 0x80.. => SMALL,
        b'A'..=b'Z' => CAPITAL,
        b'0'..=b'9' => DIGIT,
        b':' => COLON,
        _ => OTHER,
    }
}
