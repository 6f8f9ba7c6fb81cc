//! The rules: each looks for one kind of thing in one line, starting only where something that the thing cannot do without stands.
//!
//! A few bytes (`@`, `\`, digits …) are looked for directly; words that announce something (`password`, `Host Name`, `/Users/`,
//! `.docx`) are found by [`lexicon`] in one pass and handed to the rules as [`Anchor`]s. What the words mean is the
//! table in words/anchors.txt, which [`anchor`] reads.

mod anchor;
mod bank;
mod below;
mod beside;
mod connection;
mod document;
mod domain;
mod flag;
mod heading;
mod host;
#[cfg(test)]
mod hostile;
mod lexicon;
mod licence;
mod listing;
mod log;
mod machine;
mod mail;
mod network;
mod path;
mod people;
mod person;
mod phone;
mod prompt;
mod secret;
mod spoken;
mod table;
mod token;
mod value;
mod windows;
mod words;

use crate::finding::{Finding, settle};
use crate::line::{Line, each, has};
pub(crate) use anchor::{Anchor, Meaning};
pub(crate) use domain::is_internal;
pub(crate) use host::is_host_name;
use lexicon::Lexicon;
pub(crate) use people::is_listed_name;
pub(crate) use person::is_account_name;
pub(crate) use words::Words;

/// All rules, ready to run. Building them costs a few milliseconds: build them once.
pub struct Rules {
    lexicon: Lexicon,
}

/// One line with the anchors in it, and where what is found goes.
pub(crate) struct Search<'a, 'b> {
    pub(crate) line: Line<'a>,
    pub(crate) anchors: &'b [Anchor],
    pub(crate) found: &'b mut Vec<Finding>,
}

impl Rules {
    /// Builds the automaton.
    ///
    /// # Errors
    /// Never for the table of this version; the signature is honest about the library.
    pub fn new() -> Result<Self, aho_corasick::BuildError> {
        Ok(Self {
            lexicon: Lexicon::new()?,
        })
    }

    /// What the rules find in one text, without knowing anything of the session: ascending, apart from each other.
    pub fn find(&self, text: &str) -> Vec<Finding> {
        settle(self.find_all(text))
    }

    /// The same before overlaps are settled: names are learned from these.
    pub(crate) fn find_all(&self, text: &str) -> Vec<Finding> {
        let anchors = self.lexicon.find(text);
        let mut found = Vec::new();
        token::private_keys(text, &anchors, &mut found);
        let mut rest = anchors.as_slice();
        let mut above = Above::default();
        each(text, |line| {
            let here = rest.iter().take_while(|anchor| anchor.start < line.end).count();
            let (anchors, later) = rest.split_at_checked(here).unwrap_or((rest, &[]));
            rest = later;
            let mut search = Search {
                line,
                anchors,
                found: &mut found,
            };
            search.run(&mut above);
        });
        found
    }
}

/// What the lines so far say of the next.
#[derive(Default)]
struct Above {
    list: listing::List,
    table: table::Table,
    asked: prompt::Asked,
    below: below::Below,
}

impl Search<'_, '_> {
    fn run(&mut self, above: &mut Above) {
        let line = self.line;
        let from = self.found.len();
        if !self.anchors.is_empty() {
            secret::find(self);
            token::find(self);
            path::find(self);
            document::find(self);
            licence::labelled(self);
            host::labelled(self);
            host::slashed(self);
            person::labelled(self);
            people::addressed(self);
            beside::urls(self);
            beside::principals(self);
            log::before_phrases(self);
            log::last_login(self);
            phone::labelled(self);
            bank::labelled(self);
            network::labelled_mac(self);
        }
        below::find(self, &mut above.below);
        table::find(self, &mut above.table);
        listing::find(self, &mut above.list);
        prompt::find(self, &mut above.asked);
        log::written_by(self);
        if line.has(has::COLON | has::DIGIT) {
            people::speaker(self);
        }
        if line.has(has::AT) {
            mail::find(self);
        }
        if line.has(has::BACKSLASH) {
            windows::accounts(self);
            host::shares(self);
        }
        if line.has(has::DASH) {
            windows::identifiers(self);
            machine::patterned(self);
            beside::owned(self);
            log::web_account(self);
            licence::grouped(self);
            licence::recovery(self);
        }
        if line.has(has::DOT | has::LOWER) {
            domain::dotted(self);
        }
        if line.has(has::DIGIT) {
            network::find(self);
            network::undotted_mac(self);
            // No number of a person has fewer than six digits; no token is told from a word by fewer than 32 characters.
            if line.digits() >= 6 {
                bank::find(self);
                phone::find(self);
            }
            token::dense(self);
            machine::numbered(self);
            beside::addresses(self, from);
            beside::hosts_file(self);
        } else if line.has(has::COLON) {
            network::find(self);
        }
        if line.has(has::COLON) {
            beside::ports(self);
        }
        people::named(self);
    }
}
