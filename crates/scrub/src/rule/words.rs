//! Lists of words as data (crates/scrub/words), asked quickly and without regard to case, like every comparison with a fixed word here.

use crate::needles::{eight, eight_small};
use std::borrow::Cow;
use std::sync::OnceLock;

/// A set of words in small letters: one a line; lines that begin with `#` say what the list is.
pub(crate) struct Words {
    list: &'static str,
    more: &'static [&'static str],
    table: OnceLock<Table>,
}

/// No list holds a longer word, in bytes.
const LONGEST: usize = 64;

impl Words {
    pub(crate) const fn of(list: &'static str) -> Self {
        Self {
            list,
            more: &[],
            table: OnceLock::new(),
        }
    }

    /// Of more words than should be compared one after the other.
    pub(crate) const fn among(more: &'static [&'static str]) -> Self {
        Self {
            list: "",
            more,
            table: OnceLock::new(),
        }
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &'static str> + use<> {
        words(self.list).map(|(_, word)| word)
    }

    /// Whether this word, in any case, is in the list.
    pub(crate) fn contains(&self, word: &str) -> bool {
        let table = self.table.get_or_init(|| {
            Table::new(if self.more.is_empty() {
                Cow::Borrowed(self.list)
            } else {
                Cow::Owned(self.more.join("\n"))
            })
        });
        table.find(word).is_some()
    }
}

/// Whether a word has no letters above ASCII; most are so short that one look tells.
#[inline]
fn is_ascii(word: &[u8]) -> bool {
    const HIGHEST: u64 = u64::from_ne_bytes([0x80; 8]);
    if word.len() <= 8 {
        eight(word) & HIGHEST == 0
    } else {
        word.is_ascii()
    }
}

/// The words of a list, each with the place where it begins.
fn words(list: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut next = 0;
    list.split('\n')
        .map(move |line| {
            let place = next;
            next += line.len() + 1;
            (place, line)
        })
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

/// The words of a list at the places that their bytes are mixed to, or behind them where those are taken. A third of the places at least is
/// empty, so that most words that are none of the list are told by one look.
struct Table {
    list: Cow<'static, str>,
    /// [`Key`]s; 0 where none is.
    slots: Vec<u64>,
}

/// What a slot holds: a word of up to seven bytes in small letters and its length; of a longer one, bits of what it is mixed to, the place in
/// the list where it stands, and [`LONG`].
struct Key {
    bits: u64,
    mixed: u64,
}

/// In place of the length of longer words.
const LONG: u64 = 0xFF;
/// The bits that say where a longer word stands: no list is longer than a megabyte.
const PLACE: u64 = 0xF_FFFF << 8;

impl Key {
    #[inline]
    fn of(word: &[u8]) -> Self {
        const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
        let first = eight_small(word);
        let mixed = (first ^ first >> 32).wrapping_mul(FACTOR);
        if word.len() < 8 {
            let bits = first | word.len() as u64;
            return Self { bits, mixed };
        }
        let mut mixed = mixed ^ word.len() as u64;
        for eight in word.get(8..).unwrap_or_default().chunks(8) {
            mixed = (mixed ^ mixed >> 32 ^ eight_small(eight)).wrapping_mul(FACTOR);
        }
        let bits = mixed << 17 & !(PLACE | LONG) | LONG;
        Self { bits, mixed }
    }

    /// The first slot to look at, of so many, which are a power of two.
    #[inline]
    fn first(&self, slots: usize) -> usize {
        (self.mixed >> 40) as usize & (slots - 1)
    }
}

impl Table {
    fn new(list: Cow<'static, str>) -> Self {
        let count = (words(&list).count() * 3 / 2 + 1).next_power_of_two();
        let mut slots = vec![0; count];
        for (place, word) in words(&list) {
            let key = Key::of(word.as_bytes());
            let mut at = key.first(count);
            while slots.get(at % count).is_some_and(|taken| *taken != 0) {
                at += 1;
            }
            if let Some(slot) = slots.get_mut(at % count) {
                *slot = key.bits | if word.len() < 8 { 0 } else { (place as u64) << 8 & PLACE };
            }
        }
        Self { list, slots }
    }

    /// Which slot holds this word, in any case.
    fn find(&self, word: &str) -> Option<usize> {
        if word.is_empty() || word.len() > LONGEST {
            None
        } else if is_ascii(word.as_bytes()) {
            self.place_of(word.as_bytes())
        } else {
            self.place_of(word.to_lowercase().as_bytes())
        }
    }

    /// Which slot holds a word.
    #[inline]
    fn place_of(&self, word: &[u8]) -> Option<usize> {
        let key = Key::of(word);
        let mut at = key.first(self.slots.len());
        loop {
            let place = at & (self.slots.len() - 1);
            let slot = self.slots.get(place).copied().unwrap_or(0);
            if slot == 0 {
                return None;
            }
            let found = if word.len() < 8 {
                slot == key.bits
            } else {
                slot & !PLACE == key.bits && self.has_at((slot & PLACE) >> 8, word)
            };
            if found {
                return Some(place);
            }
            at += 1;
        }
    }

    /// Whether the line of the list that begins here is the word.
    fn has_at(&self, place: u64, word: &[u8]) -> bool {
        let list = self.list.as_bytes().get(place as usize..);
        list.and_then(|list| list.split_at_checked(word.len()))
            .is_some_and(|(known, rest)| matches!(rest.first(), None | Some(b'\n')) && known.eq_ignore_ascii_case(word))
    }
}

/// Several lists in one, which says of a word which of them have it: a bit each.
pub(super) struct Marked {
    table: Table,
    /// For every slot of the table.
    marks: Vec<u8>,
}

impl Marked {
    pub(super) fn of(lists: &[(&Words, u8)]) -> Self {
        let all: Vec<&str> = lists.iter().flat_map(|(words, _)| words.all()).collect();
        let table = Table::new(Cow::Owned(all.join("\n")));
        let mut marks = vec![0; table.slots.len()];
        for (words, mark) in lists {
            for word in words.all() {
                if let Some(marks) = table.place_of(word.as_bytes()).and_then(|place| marks.get_mut(place)) {
                    *marks |= mark;
                }
            }
        }
        Self { table, marks }
    }

    /// The marks of the lists that have this word, in any case.
    pub(super) fn marks(&self, word: &str) -> u8 {
        self.table
            .find(word)
            .and_then(|place| self.marks.get(place))
            .copied()
            .unwrap_or(0)
    }
}

/// What a word is mixed to: the same in any case of ASCII letters.
pub(crate) fn mixed(word: &str) -> u32 {
    (Key::of(word.as_bytes()).mixed >> 32) as u32
}

/// Whether one of these is the word.
pub(super) fn is_one_of(word: &str, words: &[&str]) -> bool {
    words.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Whether the text begins with this.
pub(super) fn begins(text: &str, lead: &str) -> bool {
    text.as_bytes()
        .get(..lead.len())
        .is_some_and(|bytes| bytes.eq_ignore_ascii_case(lead.as_bytes()))
}

/// Whether the text ends with this.
pub(super) fn ends(text: &str, tail: &str) -> bool {
    let start = text.len().checked_sub(tail.len());
    start
        .and_then(|start| text.as_bytes().get(start..))
        .is_some_and(|bytes| bytes.eq_ignore_ascii_case(tail.as_bytes()))
}

/// Whether this stands anywhere in the text.
pub(super) fn holds(text: &str, word: &str) -> bool {
    text.as_bytes()
        .windows(word.len().max(1))
        .any(|bytes| bytes.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    static LIST: Words = Words::of("# a list\nroot\nAdministrator\n");

    #[test]
    fn words_of_code_are_found_as_those_of_lists_are() {
        static FEW: Words = Words::among(&["srv", "MacBook"]);
        assert!(FEW.contains("SRV") && FEW.contains("macbook"));
        assert!(!FEW.contains("mac") && !FEW.contains("srv\nMacBook") && !FEW.contains("rv"));
    }

    #[test]
    fn case_does_not_matter() {
        assert!(LIST.contains("ROOT") && LIST.contains("administrator"));
        assert!(!LIST.contains("# a list") && !LIST.contains("roo") && !LIST.contains(""));
        assert!(begins("SYSTEMD-net", "systemd-") && !begins("sys", "systemd-"));
        assert!(ends("a.EXE", ".exe") && !ends("exe", ".exe"));
        assert!(holds("the UPN is", "upn") && !holds("up", "upn"));
    }
}
