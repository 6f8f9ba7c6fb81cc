//! Which lists of words have a word: what rules ask one by one, as a bit each.

use super::people::{FAMILY, GIVEN, NOT_PEOPLE};
use super::person::GENERIC;
use super::unknown::VOCABULARY;
use super::words::Marked;
use std::sync::LazyLock;

/// In the vocabulary of programs.
pub(crate) const KNOWN: u8 = 1;
/// Stands for something else than a person, or for nobody in particular.
pub(crate) const NO_NAME: u8 = 1 << 1;
/// A name of people in some language.
const LISTED: u8 = 1 << 2;

static LISTS: LazyLock<Marked> = LazyLock::new(|| {
    Marked::of(&[
        (&VOCABULARY, KNOWN),
        (&NOT_PEOPLE, NO_NAME),
        (&GENERIC, NO_NAME),
        (&GIVEN, LISTED),
        (&FAMILY, LISTED),
    ])
});

/// The lists that have a word, in any case.
pub(crate) fn of(word: &str) -> u8 {
    LISTS.marks(word)
}
