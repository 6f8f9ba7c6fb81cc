//! Finds the words of the table in a text. Within a run of letters only those are looked for that label as part of a longer name
//! (`dbpassword`), and words of scripts that put no blanks between words.

use super::anchor::{self, Anchor, Meaning};
use crate::class::Class;
use crate::map::Map;
use crate::needles::Needles;
use std::num::TryFromIntError;

/// The table, ready to be looked for.
pub(super) struct Lexicon {
    table: Vec<(&'static str, Meaning)>,
    needles: Needles,
}

impl Lexicon {
    pub(super) fn new() -> Result<Self, TryFromIntError> {
        let table = anchor::table();
        let words: Vec<&str> = table.iter().map(|(word, _)| *word).collect();
        let within = |at: usize, word: &str| table.get(at).is_some_and(|(_, meaning)| labels_within(word, *meaning));
        let needles = Needles::new(&words, within)?;
        Ok(Self { table, needles })
    }

    /// Every word of the text, ascending.
    pub(super) fn find(&self, map: &Map<'_>) -> Vec<Anchor> {
        let mut anchors = Vec::with_capacity(map.text.len() / 32);
        self.needles.each(map, |hit| {
            if let Some((word, meaning)) = self.table.get(hit.word) {
                anchors.push(Anchor {
                    word,
                    start: hit.start,
                    end: hit.end,
                    meaning: *meaning,
                });
            }
            true
        });
        anchors
    }
}

/// Whether a word says the same as the end of a longer name without any sign between.
fn labels_within(word: &str, meaning: Meaning) -> bool {
    let wide = word.bytes().next().is_some_and(|byte| byte >= 0x80);
    let secret = matches!(
        meaning,
        Meaning::Setting(Class::Password | Class::Token | Class::ConnectionString)
    );
    wide || secret && word.len() >= 5
}
