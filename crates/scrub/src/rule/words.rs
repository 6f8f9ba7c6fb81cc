//! Lists of words as data (crates/scrub/words), asked quickly and without regard to case, like every comparison with a fixed word here.

use std::sync::OnceLock;

/// A set of words in small letters: one a line; lines that begin with `#` say what the list is.
pub(crate) struct Words {
    list: &'static str,
    sorted: OnceLock<Sorted>,
}

/// No list holds a longer word, in bytes.
const LONGEST: usize = 64;

impl Words {
    pub(crate) const fn of(list: &'static str) -> Self {
        Self {
            list,
            sorted: OnceLock::new(),
        }
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.list.lines().filter(|line| !line.starts_with('#'))
    }

    /// Whether this word, in any case, is in the list.
    pub(crate) fn contains(&self, word: &str) -> bool {
        if word.is_empty() || word.len() > LONGEST {
            return false;
        }
        if !word.is_ascii() {
            return self.holds(&word.to_lowercase());
        }
        self.holds(word)
    }

    fn holds(&self, word: &str) -> bool {
        self.sorted.get_or_init(|| Sorted::new(self.all())).contains(word)
    }
}

/// Words by what they are mixed to; nearly all that are none of them are told by one bit.
struct Sorted {
    bits: Vec<u64>,
    words: Vec<(u32, &'static str)>,
    /// Where the words begin whose highest bits are these, about one of them each.
    shelves: Vec<usize>,
    /// What is left out of the mixed bytes of a word to find its shelf.
    shift: u32,
}

impl Sorted {
    fn new(list: impl Iterator<Item = &'static str>) -> Self {
        let mut words: Vec<(u32, &str)> = list.map(|word| (mixed(word), word)).collect();
        words.sort_unstable();
        let mut bits = vec![0; (words.len() / 2).next_power_of_two()];
        for (mixed, _) in &words {
            let (place, bit) = place(*mixed, bits.len());
            if let Some(bits) = bits.get_mut(place) {
                *bits |= bit;
            }
        }
        let count = words.len().max(2).next_power_of_two();
        let shift = u32::BITS - count.trailing_zeros();
        let mut shelves = vec![0; count + 1];
        for (mixed, _) in &words {
            if let Some(next) = shelves.get_mut((mixed >> shift) as usize + 1) {
                *next += 1;
            }
        }
        let mut all = 0;
        for shelf in &mut shelves {
            all += *shelf;
            *shelf = all;
        }
        Self {
            bits,
            words,
            shelves,
            shift,
        }
    }

    fn contains(&self, word: &str) -> bool {
        let mixed = mixed(word);
        let (place, bit) = place(mixed, self.bits.len());
        if self.bits.get(place).is_none_or(|bits| bits & bit == 0) {
            return false;
        }
        let shelf = (mixed >> self.shift) as usize;
        let Some(&[from, to]) = self.shelves.get(shelf..shelf + 2) else {
            return false;
        };
        let near = self.words.get(from..to).unwrap_or_default();
        near.iter()
            .any(|(other, known)| *other == mixed && known.eq_ignore_ascii_case(word))
    }
}

/// The bytes of a word mixed together, the same for both cases of letters (FNV-1a).
#[inline]
fn mixed(word: &str) -> u32 {
    word.bytes().fold(0x811C_9DC5, |mixed, byte| {
        (mixed ^ u32::from(byte | 0x20)).wrapping_mul(0x0100_0193)
    })
}

/// Thirty-two bits a word at least; a power of two of places.
#[inline]
fn place(mixed: u32, places: usize) -> (usize, u64) {
    ((mixed >> 6) as usize & (places - 1), 1 << (mixed & 63))
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
    fn case_does_not_matter() {
        assert!(LIST.contains("ROOT") && LIST.contains("administrator"));
        assert!(!LIST.contains("# a list") && !LIST.contains("roo") && !LIST.contains(""));
        assert!(begins("SYSTEMD-net", "systemd-") && !begins("sys", "systemd-"));
        assert!(ends("a.EXE", ".exe") && !ends("exe", ".exe"));
        assert!(holds("the UPN is", "upn") && !holds("up", "upn"));
    }
}
