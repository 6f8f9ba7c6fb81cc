//! What words show by themselves, worked out once for every word of a session: most words of a text come again.

use super::{Look, Scales, Sums, feature};
use crate::rule::lists;
use crate::rule::mixed;

/// The last word seen of each of so many kinds, by what its bytes are mixed to.
const KEPT: usize = 8_192;

/// Small letters from so many on may be a password.
const LONG: usize = 6;

/// Words of a session, with what they show.
pub(super) struct Words<'a>(Vec<(&'a str, Shown)>);

impl Default for Words<'_> {
    fn default() -> Self {
        Self(vec![("", Shown::default()); KEPT])
    }
}

impl<'a> Words<'a> {
    pub(super) fn of(&mut self, text: &'a str, scales: &Scales) -> Shown {
        let mixed = mixed(text);
        let Some((word, shown)) = self.0.get_mut(mixed as usize % KEPT) else {
            return Shown::of(text, mixed, scales);
        };
        if *word != text {
            (*word, *shown) = (text, Shown::of(text, mixed, scales));
        }
        *shown
    }
}

/// What a word shows, wherever it stands. Of words that are never weighed, such as numbers and ordinary words, only what their neighbours see.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Shown {
    /// The same for words that differ in the case of ASCII letters only, and for all numbers.
    pub(super) mix: u32,
    pub(super) shape: u32,
    /// Which lists have it.
    pub(super) lists: u32,
    pub(super) is_small: bool,
    /// What its letters weigh.
    pub(super) letters: Sums,
    may_be_name: bool,
    may_be_secret: bool,
}

impl Shown {
    /// All that is seen of any number.
    pub(super) fn of_number() -> Self {
        Self {
            mix: feature::NUMBER,
            ..Self::default()
        }
    }

    #[cold]
    fn of(text: &str, mixed: u32, scales: &Scales) -> Self {
        let kinds = text.bytes().fold(0, |kinds, byte| kinds | kind(byte));
        let is_small = kinds == SMALL;
        let mut shown = Self {
            mix: mixed,
            is_small,
            ..Self::default()
        };
        if kinds & (SMALL | CAPITAL) == 0 {
            return shown;
        }
        shown.lists = lists::of(text);
        let is_no_name = shown.lists & lists::NO_NAME != 0;
        let is_ordinary = is_no_name || shown.lists & lists::KNOWN != 0;
        if is_small && is_ordinary {
            return shown;
        }
        shown.may_be_name = !is_no_name;
        shown.may_be_secret = !is_ordinary && (!is_small || text.len() >= LONG) && !text.contains("://");
        shown.shape = feature::shape(text);
        feature::of_letters(text, |number| scales.add(number, &mut shown.letters));
        shown
    }

    /// Whether it is to be weighed as this.
    pub(super) fn may_be(&self, look: Look) -> bool {
        match look {
            Look::Name => self.may_be_name,
            Look::Secret => self.may_be_secret,
        }
    }
}

const SMALL: u8 = 1;
const CAPITAL: u8 = 1 << 1;
const OTHER: u8 = 1 << 2;

fn kind(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' | 0x80.. => SMALL,
        b'A'..=b'Z' => CAPITAL,
        _ => OTHER,
    }
}
