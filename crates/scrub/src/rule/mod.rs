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

use crate::class::Class;
use crate::finding::{Finding, settle};
use crate::line::{Line, each, has};
use crate::map::Map;
use crate::sign;
use crate::weigh::{self, Scales};
use anchor::asks;
pub(crate) use anchor::{Anchor, Meaning};
pub(crate) use domain::{is_internal, is_vendor};
pub(crate) use host::is_host_name;
use lexicon::Lexicon;
pub(crate) use people::is_listed_name;
pub(crate) use person::is_account_name;
pub(crate) use plausible::is_telling_secret;
pub(crate) use quiet::Quiet;
use std::num::TryFromIntError;
use std::ops::Range;
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

/// One line with the anchors in it, and where what is found goes.
pub(crate) struct Search<'a, 'b> {
    pub(crate) line: Line<'a>,
    pub(crate) anchors: &'b [Anchor],
    /// Every run of digits.
    pub(crate) numbers: &'b [Range<usize>],
    pub(crate) found: &'b mut Vec<Finding>,
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
        let anchors = self.lexicon.find(map);
        let mut found = Vec::new();
        token::private_keys(map.text, &anchors, &mut found);
        let keys = found.len();
        let mut rest = anchors.as_slice();
        let mut above = Above::default();
        let mut numbers = Vec::new();
        each(map, |line| {
            let here = rest.iter().take_while(|anchor| anchor.start < line.end).count();
            let (anchors, later) = rest.split_at_checked(here).unwrap_or((rest, &[]));
            rest = later;
            numbers.clear();
            if line.has(has::DIGIT) {
                line.numbers().for_each(|number| numbers.push(number));
            }
            let mut search = Search {
                line,
                anchors,
                numbers: &numbers,
                found: &mut found,
            };
            // Within a key nothing else is found: such a line says nothing of the same line elsewhere.
            let hidden = |key: &Finding| key.range.start < line.end && line.start < key.range.end;
            let text = if search.found.iter().take(keys).any(hidden) {
                ""
            } else {
                map.text.get(line.start..line.end).unwrap_or_default()
            };
            search.run(text, &mut above, quiet);
        });
        column::find(map, &mut found);
        above.chat.find(map, &mut found);
        found
    }
}

/// A rule, and the words that it asks for.
type Asked<Search> = (u32, fn(&mut Search));

/// What the lines so far say of the next.
#[derive(Default)]
struct Above {
    list: listing::List,
    table: table::Table,
    asked: prompt::Asked,
    below: below::Below,
    chat: chat::Chat,
}

impl Search<'_, '_> {
    /// `text` is the line's, or none where something else hides it.
    fn run<'a>(&mut self, text: &'a str, above: &mut Above, quiet: &mut Quiet<'a>) {
        let from = self.found.len();
        let known = quiet.has(text);
        if !known {
            self.announced();
        }
        above.chat.note(&self.line);
        below::find(self, &mut above.below);
        table::find(self, &mut above.table);
        listing::find(self, &mut above.list);
        prompt::find(self, &mut above.asked);
        if known && self.found.len() == from {
            return;
        }
        self.shaped(from);
        composed::find(self);
        if self.line.shows(sign::CAPITALS) {
            people::named(self);
        }
        handle::find(self);
        if self.line.shows(sign::CAPITALS) {
            unknown::find(self);
        }
        if self.found.len() == from {
            quiet.note(text);
        }
    }

    /// What words of the table announce.
    fn announced(&mut self) {
        let rules: [Asked<Self>; 20] = [
            (asks::SECRET, secret::find),
            (asks::MARK, token::find),
            (asks::PATH, path::find),
            (asks::DOCUMENT, document::find),
            (asks::LICENCE, licence::labelled),
            (asks::HOST, host::labelled),
            (asks::HOST, host::serving),
            (asks::SHARE, host::slashed),
            (asks::USER, person::labelled),
            (asks::PEOPLE, people::addressed),
            (asks::PEOPLE, unknown::acting),
            (asks::SCHEME, beside::urls),
            (asks::PRINCIPAL, beside::principals),
            (asks::BEFORE, log::before_phrases),
            (asks::LAST_LOGIN, log::last_login),
            (asks::PHONE, phone::labelled),
            (asks::NUMBER, bank::labelled),
            (asks::MAC, network::labelled_mac),
            (asks::DEVICE, device::find),
            (asks::ESCAPED, mail::escaped),
        ];
        let asked = self.anchors.iter().fold(0, |asked, anchor| asked | anchor.meaning.asks());
        if asked == 0 {
            return;
        }
        for (ask, rule) in rules {
            if asked & ask != 0 {
                rule(self);
            }
        }
    }

    /// What shows by itself what it is, from the signs that it cannot do without.
    fn shaped(&mut self, from: usize) {
        let line = self.line;
        if line.has(has::COLON | has::DIGIT) {
            log::written_by(self);
            speaker::find(self);
        }
        if line.has(has::AT) {
            mail::find(self);
        }
        if line.has(has::BACKSLASH) {
            windows::accounts(self);
            host::shares(self);
        }
        if line.shows(sign::DASHES_IN_IDENTIFIERS) {
            windows::identifiers(self);
        }
        if line.shows(sign::DASHES_IN_WORDS) {
            machine::patterned(self);
            beside::owned(self);
        }
        if line.shows(sign::DASHES_ALONE) {
            log::web_account(self);
        }
        if line.shows(sign::DASHES_IN_KEYS) {
            licence::grouped(self);
            licence::recovery(self);
        }
        if line.shows(sign::DASHES_IN_SERIALS) {
            licence::autodesk(self);
        }
        if line.has(has::LOWER) && line.shows(sign::DOTS_IN_NAMES) {
            domain::dotted(self);
        }
        if line.has(has::DIGIT) {
            self.numbered(from);
        } else if line.has(has::COLON) {
            network::find(self);
        }
        if line.shows(sign::COLONS_BEHIND_NAMES) {
            beside::ports(self);
            if let Some(range) = connection::pgpass(&line) {
                self.found.push(Finding::new(range, Class::ConnectionString, "pgpass"));
            }
        }
        if line.shows(sign::COLONS_IN_KEYS) {
            token::bots(self);
        }
    }

    /// What has a digit at least.
    fn numbered(&mut self, from: usize) {
        let line = self.line;
        network::find(self);
        if line.shows(sign::NUMBERS_IN_HEXADECIMAL) {
            network::undotted_mac(self);
        }
        // No number of a person has fewer than six digits; no token is told from a word by fewer than 24 characters.
        if line.digits() >= 6 {
            bank::find(self);
            if line.has(has::SLASH) {
                giro::find(self);
            }
            national::find(self);
            phone::find(self);
            dialled::find(self);
        }
        if line.shows(sign::LONG_WORDS) {
            token::dense(self);
        }
        typed::mailbox(self);
        if line.shows(sign::NUMBERS_BEHIND_LETTERS) {
            machine::numbered(self);
        }
        beside::addresses(self, from);
        beside::hosts_file(self);
    }
}
