//! The rules: each looks for one kind of thing in one line, starting only where something that the thing cannot do without stands.
//!
//! A few bytes (`@`, `\`, digits …) are looked for directly; words that announce something (`password`, `Host Name`, `/Users/`,
//! `.docx`) are found by [`lexicon`] in one pass and handed to the rules as [`Anchor`]s. What the words mean is the
//! table in words/anchors.txt, which [`anchor`] reads.

mod anchor;
mod bank;
mod bare;
mod beginnings;
mod below;
mod beside;
mod blanks;
mod chat;
mod column;
mod composed;
mod connection;
mod device;
mod dialled;
mod document;
mod domain;
mod flag;
mod giro;
mod handle;
mod heading;
mod host;
#[cfg(test)]
mod hostile;
mod lexicon;
mod licence;
mod listing;
pub(crate) mod lists;
mod log;
mod machine;
mod mail;
mod national;
mod network;
mod page;
mod paired;
mod path;
mod people;
mod person;
mod phone;
mod plausible;
mod prompt;
mod quiet;
mod secret;
mod shown;
mod speaker;
mod spoken;
mod table;
mod token;
mod typed;
mod unknown;
mod value;
mod windows;
mod words;

use crate::finding::{Finding, settle};
use crate::line::{Line, each};
use crate::map::Map;
use crate::weigh::{self, Scales};
pub(crate) use anchor::{Anchor, Meaning};
pub(crate) use domain::{is_internal, is_vendor};
pub(crate) use host::is_host_name;
use lexicon::Lexicon;
use page::Pages;
pub(crate) use people::is_listed_name;
pub(crate) use person::is_account_name;
pub(crate) use plausible::is_telling_secret;
pub(crate) use quiet::Quiet;
use std::num::TryFromIntError;
use std::ops::Range;
pub(crate) use unknown::is_word;
pub(crate) use words::{Words, mixed};

/// All rules, ready to run. Building them costs a few milliseconds: build them once.
pub struct Rules {
    lexicon: Lexicon,
    scales: Scales,
}

/// What rules need not ask twice in a session.
#[derive(Default)]
pub(crate) struct Memory<'a> {
    quiet: Quiet<'a>,
    weighed: weigh::Memory<'a>,
}

/// One line with the anchors in it, and what was found there.
pub(crate) struct Search<'a, 'b> {
    pub(crate) line: Line<'a>,
    pub(crate) anchors: &'b [Anchor],
    /// Every run of digits.
    pub(crate) numbers: &'b [Range<usize>],
    pub(crate) found: Vec<Finding>,
}

impl Rules {
    /// Sorts the words of the table.
    ///
    /// # Errors
    /// When they are more than can be numbered: never for the table of this version.
    pub fn new() -> Result<Self, TryFromIntError> {
        Self::with(Scales::learned())
    }

    /// The same, with other weights for what no rule speaks for.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with(scales: Scales) -> Result<Self, TryFromIntError> {
        Ok(Self {
            lexicon: Lexicon::new()?,
            scales,
        })
    }

    /// What the rules find in one text, without knowing anything of the session: ascending, apart from each other.
    pub fn find(&self, text: &str) -> Vec<Finding> {
        settle(self.find_all(&Map::new(text), &mut Memory::default()))
    }

    /// The same before overlaps are settled: names are learned from these.
    pub(crate) fn find_all<'a>(&self, map: &Map<'a>, memory: &mut Memory<'a>) -> Vec<Finding> {
        let mut found = self.known(map, &mut memory.quiet);
        self.scales.find(map, &mut memory.weighed, &mut found);
        found
    }

    /// What rules know, without what is weighed.
    pub(crate) fn known<'a>(&self, map: &Map<'a>, quiet: &mut Quiet<'a>) -> Vec<Finding> {
        self.by_pages(map, quiet, page::LINES)
    }

    /// The same with pages of so many lines, which are no more than [`page::LINES`].
    fn by_pages<'a>(&self, map: &Map<'a>, quiet: &mut Quiet<'a>, length: usize) -> Vec<Finding> {
        let anchors = self.lexicon.find(map);
        let mut found = Vec::new();
        token::private_keys(map.text, &anchors, &mut found);
        let mut pages = Pages::new(&anchors, found.clone());
        let mut lines = Vec::with_capacity(page::LINES);
        each(map, |line| {
            lines.push(line);
            if lines.len() == length {
                pages.turn(map.text, &lines, quiet, &mut found);
                lines.clear();
            }
        });
        pages.turn(map.text, &lines, quiet, &mut found);
        column::find(map, &mut found);
        pages.chat().find(map, &mut found);
        found
    }
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn where_pages_end_does_not_matter() {
        let corpus = concat!(
            include_str!("../../corpus/develop/windows.txt"),
            include_str!("../../corpus/develop/sessions.txt"),
            include_str!("../../corpus/develop/tables.txt")
        );
        let rules = Rules::new().expect("the table of this version");
        let map = Map::new(corpus);
        let found = |length| rules.by_pages(&map, &mut Quiet::default(), length);
        let line_by_line = found(1);
        assert!(line_by_line.len() > 100);
        for length in [2, 31, page::LINES] {
            assert_eq!(found(length), line_by_line, "{length} lines a page");
        }
    }

    #[test]
    fn within_a_private_key_nothing_else_is_found() {
        let line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj";
        let key = format!("-----BEGIN PRIVATE KEY-----\n{line}\n-----END PRIVATE KEY-----");
        let rules = Rules::new().expect("the table of this version");
        let found = |text: &str| rules.find_all(&Map::new(text), &mut Memory::default());
        assert!(!found(line).is_empty());
        assert_eq!(
            found(&key),
            [Finding::new(0..key.len(), crate::class::Class::Key, "private-key")]
        );
        // What said nothing there is found elsewhere.
        let twice = format!("{key}\n{line}");
        assert_eq!(found(&twice).len(), 1 + found(line).len());
    }
}
