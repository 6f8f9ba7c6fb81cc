//! Which rules see which lines, and in which order.
//!
//! All rules together are more code than a processor keeps at hand: a rule is shown the lines of a page one after the other before the
//! next one is. Of one line every rule still sees what those before it found there, and of a text the lines in their order.

use super::anchor::asks;
use super::quiet::Quiet;
use super::{
    Anchor, Search, bank, below, beside, chat, composed, connection, device, dialled, document, domain, giro, handle, host,
    licence, listing, log, machine, mail, national, network, path, people, person, phone, prompt, secret, speaker, table, token,
    typed, unknown, windows,
};
use crate::finding::Finding;
use crate::line::{Line, has};
use crate::sign::{self, Sign};
use std::ops::Range;

/// Lines of a page: what is known of them stays at hand while rules come and go. A bit each.
pub(super) const LINES: usize = 32;

type Find = fn(&mut Search<'_, '_>);

/// A rule, and what a line must show for it to begin with.
struct Rule {
    /// All of these features,
    has: u32,
    /// and one of these signs, if there are any.
    shows: u32,
    find: Find,
}

const fn always(find: Find) -> Rule {
    Rule { has: 0, shows: 0, find }
}

const fn where_has(has: u32, find: Find) -> Rule {
    Rule { has, shows: 0, find }
}

const fn where_shows(sign: Sign, find: Find) -> Rule {
    Rule {
        has: 0,
        shows: sign.bit,
        find,
    }
}

const fn where_both(has: u32, sign: Sign, find: Find) -> Rule {
    Rule {
        has,
        shows: sign.bit,
        find,
    }
}

/// What words of the table announce: the words that a rule asks for.
const ANNOUNCED: &[(u32, Find)] = &[
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

/// What shows by itself what it is, from the signs that it cannot do without.
const SHAPED: &[Rule] = &[
    where_has(has::COLON | has::DIGIT, log::written_by),
    where_has(has::COLON | has::DIGIT, speaker::find),
    where_has(has::AT, mail::find),
    where_has(has::BACKSLASH, windows::accounts),
    where_has(has::BACKSLASH, host::shares),
    where_shows(sign::DASHES_IN_IDENTIFIERS, windows::identifiers),
    where_shows(sign::DASHES_IN_WORDS, machine::patterned),
    where_shows(sign::DASHES_IN_WORDS, beside::owned),
    where_shows(sign::DASHES_ALONE, log::web_account),
    where_shows(sign::DASHES_IN_KEYS, licence::grouped),
    where_shows(sign::DASHES_IN_KEYS, licence::recovery),
    where_shows(sign::DASHES_IN_SERIALS, licence::autodesk),
    where_both(has::LOWER, sign::DOTS_IN_NAMES, domain::dotted),
    always(network::find),
    where_both(has::DIGIT, sign::NUMBERS_IN_HEXADECIMAL, network::undotted_mac),
    where_has(has::SIX_DIGITS, bank::find),
    where_has(has::SIX_DIGITS | has::SLASH, giro::find),
    where_has(has::SIX_DIGITS, national::find),
    where_has(has::SIX_DIGITS, phone::find),
    where_has(has::SIX_DIGITS, dialled::find),
    where_both(has::DIGIT, sign::LONG_WORDS, token::dense),
    where_has(has::DIGIT, typed::mailbox),
    where_both(has::DIGIT, sign::NUMBERS_BEHIND_LETTERS, machine::numbered),
    where_has(has::DIGIT, beside::addresses),
    where_has(has::DIGIT, beside::hosts_file),
    where_shows(sign::COLONS_BEHIND_NAMES, beside::ports),
    where_shows(sign::COLONS_BEHIND_NAMES, connection::kept),
    where_shows(sign::COLONS_IN_KEYS, token::bots),
    always(composed::find),
    where_shows(sign::CAPITALS, people::named),
    always(handle::find),
    where_shows(sign::CAPITALS, unknown::find),
];

/// What the lines so far say of the next.
#[derive(Default)]
struct Above {
    list: listing::List,
    table: table::Table,
    asked: prompt::Asked,
    below: below::Below,
    chat: chat::Chat,
}

/// The pages of a text.
pub(super) struct Pages<'b> {
    /// The anchors of pages that are to come.
    anchors: &'b [Anchor],
    keys: Vec<Finding>,
    above: Above,
}

/// A line of a page.
struct Entry<'a, 'b, 't> {
    search: Search<'a, 'b>,
    /// The line's text, or none where something else hides it.
    text: &'t str,
    /// Which rules its words ask for.
    asks: u32,
    /// By itself it says nothing: it said nothing elsewhere, or lies within a key.
    quiet: bool,
}

impl<'b> Pages<'b> {
    /// Of a text with these anchors and private keys.
    pub(super) fn new(anchors: &'b [Anchor], keys: Vec<Finding>) -> Self {
        Self {
            anchors,
            keys,
            above: Above::default(),
        }
    }

    /// What the lines say as those of a conversation.
    pub(super) fn chat(&self) -> &chat::Chat {
        &self.above.chat
    }

    /// Shows the next lines of a text to all rules.
    pub(super) fn turn<'t>(&mut self, text: &'t str, lines: &[Line<'_>], quiet: &mut Quiet<'t>, found: &mut Vec<Finding>) {
        let mut numbers = Vec::new();
        for line in lines.iter().filter(|line| line.has(has::DIGIT)) {
            numbers.extend(line.numbers());
        }
        let mut numbers = numbers.as_slice();
        let mut page: Vec<Entry<'_, '_, 't>> = lines
            .iter()
            .map(|line| self.entry(text, *line, &mut numbers, quiet))
            .collect();
        self.ask(&mut page);
        for entry in &mut page {
            if !entry.quiet && entry.search.found.is_empty() {
                quiet.note(entry.text);
            }
            found.append(&mut entry.search.found);
        }
    }

    fn entry<'a, 'n, 't>(
        &mut self,
        text: &'t str,
        line: Line<'a>,
        numbers: &mut &'n [Range<usize>],
        quiet: &Quiet<'t>,
    ) -> Entry<'a, 'n, 't>
    where
        'b: 'n,
    {
        let anchors = cut(&mut self.anchors, |anchor| anchor.start < line.end);
        // A line with part of a key says nothing of the same line elsewhere; one within a key nothing at all.
        let next = self.keys.partition_point(|key| key.range.end <= line.start);
        let key = self.keys.get(next).filter(|key| key.range.start < line.end);
        let within = key.is_some_and(|key| key.range.start <= line.start && line.end <= key.range.end);
        let text = if key.is_some() {
            ""
        } else {
            text.get(line.start..line.end).unwrap_or_default()
        };
        let quiet = within || quiet.has(text);
        let asks = if quiet {
            0
        } else {
            anchors.iter().fold(0, |asks, anchor| asks | anchor.meaning.asks())
        };
        let search = Search {
            line,
            anchors,
            numbers: cut(numbers, |number| number.start < line.end),
            found: Vec::new(),
        };
        Entry {
            search,
            text,
            asks,
            quiet,
        }
    }

    fn ask(&mut self, page: &mut [Entry<'_, '_, '_>]) {
        let asks = Lines::by(page, |entry| entry.asks);
        for (ask, find) in ANNOUNCED {
            each(page, asks.of(*ask), find);
        }
        let above = &mut self.above;
        each(page, ALL, |search| above.chat.note(&search.line));
        each(page, ALL, |search| below::find(search, &mut above.below));
        each(page, ALL, |search| table::find(search, &mut above.table));
        each(page, ALL, |search| listing::find(search, &mut above.list));
        each(page, ALL, |search| prompt::find(search, &mut above.asked));
        let open = Lines::by(page, |entry| u32::from(!entry.quiet || !entry.search.found.is_empty())).of(1);
        let features = Lines::by(page, |entry| entry.search.line.features());
        let signs = Lines::by(page, |entry| entry.search.line.signs());
        for rule in SHAPED {
            each(page, open & features.of_all(rule.has) & signs.of(rule.shows), rule.find);
        }
    }
}

/// For every one of thirty-two bits that lines have, the lines of a page that have it.
struct Lines([u32; 32]);

impl Lines {
    fn by(page: &[Entry<'_, '_, '_>], bits: impl Fn(&Entry<'_, '_, '_>) -> u32) -> Self {
        let mut lines = [0; 32];
        for (number, entry) in page.iter().enumerate() {
            for bit in each_bit(bits(entry)) {
                if let Some(lines) = lines.get_mut(bit) {
                    *lines |= 1 << number;
                }
            }
        }
        Self(lines)
    }

    fn with(&self, bit: usize) -> u32 {
        self.0.get(bit).copied().unwrap_or(0)
    }

    /// The lines that have one of these bits; all, where none is asked for.
    fn of(&self, bits: u32) -> u32 {
        if bits == 0 {
            ALL
        } else {
            each_bit(bits).fold(0, |lines, bit| lines | self.with(bit))
        }
    }

    /// The lines that have all of these bits.
    fn of_all(&self, bits: u32) -> u32 {
        each_bit(bits).fold(ALL, |lines, bit| lines & self.with(bit))
    }
}

const ALL: u32 = u32::MAX;

/// The places of the bits that are set, ascending.
#[inline]
fn each_bit(mut bits: u32) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = bits.trailing_zeros();
        bits &= bits.checked_sub(1)?;
        Some(bit as usize)
    })
}

/// Shows those lines of a page in turn that are asked for.
#[inline]
fn each<'a, 'b>(page: &mut [Entry<'a, 'b, '_>], lines: u32, mut find: impl FnMut(&mut Search<'a, 'b>)) {
    for number in each_bit(lines) {
        let Some(entry) = page.get_mut(number) else { break };
        find(&mut entry.search);
    }
}

/// Takes off what belongs to a line.
#[inline]
fn cut<'b, T>(rest: &mut &'b [T], is_here: impl Fn(&T) -> bool) -> &'b [T] {
    let count = rest.iter().take_while(|item| is_here(item)).count();
    let (here, later) = rest.split_at_checked(count).unwrap_or((*rest, &[]));
    *rest = later;
    here
}
