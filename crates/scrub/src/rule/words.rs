//! Lists of words as data (crates/scrub/words), asked quickly and without regard to case, like every comparison with a fixed word here.

use std::sync::OnceLock;

/// A set of words in small letters: one a line; lines that begin with `#` say what the list is.
pub(crate) struct Words {
    list: &'static str,
    shelves: OnceLock<Vec<Vec<&'static str>>>,
}

/// Many more than any list has words.
const SHELVES: usize = 8_192;

/// No list holds a longer word, in bytes.
const LONGEST: usize = 64;

impl Words {
    pub(crate) const fn of(list: &'static str) -> Self {
        Self {
            list,
            shelves: OnceLock::new(),
        }
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.list.lines().filter(|line| !line.starts_with('#'))
    }

    /// Whether this word, in any case, is in the list.
    pub(crate) fn contains(&self, word: &str) -> bool {
        if !word.is_ascii() && word.len() <= LONGEST {
            return self.holds(&word.to_lowercase());
        }
        self.holds(word)
    }

    fn holds(&self, word: &str) -> bool {
        self.shelves
            .get_or_init(|| sorted(self.list))
            .get(shelf(word))
            .is_some_and(|words| words.iter().any(|known| known.eq_ignore_ascii_case(word)))
    }
}

fn sorted(list: &'static str) -> Vec<Vec<&'static str>> {
    let mut shelves = vec![Vec::new(); SHELVES];
    for word in list.lines().filter(|line| !line.starts_with('#')) {
        if let Some(words) = shelves.get_mut(shelf(word)) {
            words.push(word);
        }
    }
    shelves
}

/// By length and three letters; letters of both cases share their five lowest bits.
fn shelf(word: &str) -> usize {
    let bytes = word.as_bytes();
    let letter = |at: usize| usize::from(bytes.get(at).copied().unwrap_or(0) & 31);
    let last = letter(bytes.len().saturating_sub(1));
    (bytes.len() + letter(0) * 37 + letter(2) * 1_151 + last * 331) % SHELVES
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
