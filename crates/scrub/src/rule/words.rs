//! Lists of words as data (crates/scrub/words), asked quickly.

use std::collections::HashSet;
use std::sync::OnceLock;

/// A set of words in small letters: one a line; lines that begin with `#` say what the list is.
pub(super) struct Words {
    list: &'static str,
    set: OnceLock<HashSet<&'static str>>,
}

impl Words {
    pub(super) const fn of(list: &'static str) -> Self {
        Self {
            list,
            set: OnceLock::new(),
        }
    }

    /// Whether this word, in small letters, is in the list.
    pub(super) fn contains(&self, word: &str) -> bool {
        let set = self
            .set
            .get_or_init(|| self.list.lines().filter(|line| !line.starts_with('#')).collect());
        set.contains(word)
    }
}
