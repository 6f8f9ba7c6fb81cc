//! Lists of words as data (crates/scrub/words), asked quickly and without regard to case, like every comparison with a fixed word here.

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
        if word.is_empty() || word.len() > LONGEST {
            return false;
        }
        if !word.is_ascii() {
            return self.holds(word.to_lowercase().as_bytes());
        }
        self.holds(word.as_bytes())
    }

    fn holds(&self, word: &[u8]) -> bool {
        let table = self.table.get_or_init(|| {
            Table::new(if self.more.is_empty() {
                Cow::Borrowed(self.list)
            } else {
                Cow::Owned(self.more.join("\n"))
            })
        });
        table.contains(word)
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

/// Where the words of a list begin, at the places that their bytes are mixed to, or behind them where those are taken. Half of the places
/// are empty, so that most words that are none of the list are told by the first look, and the others by a few more bits of theirs.
struct Table {
    list: Cow<'static, str>,
    /// [`PLACE`] of a word's beginning and one, below the highest bits of what it is mixed to; 0 where none is.
    slots: Vec<u32>,
}

/// The bits of a slot that say where a word begins: no list is longer than a megabyte.
const PLACE: u32 = (1 << 20) - 1;

impl Table {
    fn new(list: Cow<'static, str>) -> Self {
        let count = (2 * words(&list).count()).next_power_of_two();
        let mut slots = vec![0; count];
        for (place, word) in words(&list) {
            let (mut at, bits) = slot(word.as_bytes());
            while slots.get(at % count).is_some_and(|taken| *taken != 0) {
                at += 1;
            }
            if let (Some(slot), Ok(place)) = (slots.get_mut(at % count), u32::try_from(place + 1)) {
                *slot = bits | place & PLACE;
            }
        }
        Self { list, slots }
    }

    fn contains(&self, word: &[u8]) -> bool {
        let last = self.slots.len() - 1;
        let (mut at, bits) = slot(word);
        loop {
            let slot = self.slots.get(at & last).copied().unwrap_or(0);
            if slot == 0 {
                return false;
            }
            if slot & !PLACE == bits && begins_with(self.list.as_bytes().get((slot & PLACE) as usize - 1..), word) {
                return true;
            }
            at += 1;
        }
    }
}

/// Whether the first line of this is the word.
fn begins_with(list: Option<&[u8]>, word: &[u8]) -> bool {
    list.and_then(|list| list.split_at_checked(word.len()))
        .is_some_and(|(known, rest)| matches!(rest.first(), None | Some(b'\n')) && known.eq_ignore_ascii_case(word))
}

/// The place that a word is mixed to, and the bits that its slot has beside. Both cases of letters are the same.
#[inline]
fn slot(word: &[u8]) -> (usize, u32) {
    const SMALL: u64 = 0x2020_2020_2020_2020;
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut mixed = word.len() as u64;
    let (eights, rest) = word.as_chunks();
    for eight in eights {
        mixed = (mixed ^ (u64::from_le_bytes(*eight) | SMALL)).wrapping_mul(FACTOR);
        mixed ^= mixed >> 32;
    }
    let rest = rest.iter().fold(0, |rest, byte| rest << 8 | u64::from(*byte | 0x20));
    mixed = (mixed ^ rest).wrapping_mul(FACTOR);
    mixed ^= mixed >> 29;
    ((mixed >> 16) as usize, (mixed >> 32) as u32 & !PLACE)
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
