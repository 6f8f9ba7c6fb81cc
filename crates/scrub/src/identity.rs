//! What a session says about itself: names of people and machines, found once, hidden everywhere.

use crate::account::{account_in, accounts_of, with_affixes};
use crate::class::Class;
use crate::finding::{Finding, settle};
use crate::line::{is_alphanumeric, is_name};
use crate::map::Map;
use crate::needles::{Hit, Needles};
use crate::rule::Words;
use crate::rule::{is_account_name, is_host_name, is_internal, is_listed_name, is_ordinary, is_telling_secret, is_vendor};
use std::collections::BTreeMap;
use std::num::TryFromIntError;

/// Names learned from the facts and texts of a session.
#[derive(Debug, Clone, Default)]
pub struct Identities {
    names: BTreeMap<String, Learned>,
}

/// How a name came to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    /// It outweighed a bar somewhere.
    Weighed,
    /// A rule found it.
    Found,
    /// It was known before anything was read.
    Known,
}

#[derive(Debug, Clone, Copy)]
struct Learned {
    class: Class,
    /// It may be a word as well.
    is_doubtful: bool,
    /// Part of a longer name: counts only when written with a capital.
    part: bool,
    /// Stood before a backslash: also a word, so it counts only in capitals or before another backslash.
    domain: bool,
    /// A domain: what stands before it, joined by a dot, is the name of a machine in it.
    parent: bool,
}

/// First labels that say what a machine does, as words of sentences do.
static SERVICES: Words = Words::of(include_str!("../words/services.txt"));

/// Shorter names stand too often for something else.
const SHORTEST: usize = 3;

impl Learned {
    /// Learned as a whole name that stands for itself.
    fn of(class: Class) -> Self {
        Self {
            class,
            is_doubtful: false,
            part: false,
            domain: false,
            parent: false,
        }
    }

    /// What stands where the name was seen, if it stands there for itself.
    fn at(&self, text: &str, hit: &Hit) -> Option<Finding> {
        let bytes = text.as_bytes();
        let range = hit.start..hit.end;
        let before = hit.start.checked_sub(1).and_then(|at| bytes.get(at)).copied().unwrap_or(b' ');
        let after = bytes.get(hit.end).copied().unwrap_or(b' ');
        let name = text.get(range.clone()).unwrap_or_default();
        let capital = name.starts_with(char::is_uppercase);
        let wide = name.bytes().next().is_some_and(|byte| byte >= 0xE0);
        if !wide && (is_alphanumeric(before) || is_alphanumeric(after)) || self.part && !capital && !wide {
            return None;
        }
        let account = account_after(text, hit.end).filter(|_| self.class == Class::Host && before != b'\\');
        let shouts = !name.bytes().any(|byte| byte.is_ascii_lowercase());
        match account {
            None if self.domain && !shouts => None,
            Some(end) => Some(Finding::new(hit.start..end, Class::DomainUser, "learned-domain")),
            None if self.parent && before == b'.' => {
                let name = bytes.get(..hit.start).unwrap_or_default();
                let length = name.iter().rev().take(253).take_while(|byte| is_name(**byte)).count();
                let start = text.ceil_char_boundary(hit.start - length);
                Some(Finding::new(start..hit.end, Class::Host, "learned-domain"))
            }
            None if self.class == Class::User && !self.part => {
                let (start, end) = with_affixes(text, hit.start, hit.end);
                Some(Finding::new(start..end, Class::User, "learned-name"))
            }
            None => Some(Finding::new(range, self.class, "learned-name")),
        }
    }
}

impl Identities {
    /// A name that is known from elsewhere: the endpoint's, an account that ran a command, a contact.
    pub fn add(&mut self, class: Class, name: &str) {
        self.add_from(Source::Known, class, name);
    }

    /// The same with how it came to be known.
    pub(crate) fn add_from(&mut self, source: Source, class: Class, name: &str) {
        let mut told = Self::default();
        told.take(class, name);
        for (key, new) in told.names {
            let is_doubtful = match source {
                Source::Weighed => true,
                Source::Found => is_ordinary(&key),
                Source::Known => false,
            };
            self.learn(key, Learned { is_doubtful, ..new });
        }
    }

    /// Adds names that were learned elsewhere.
    pub(crate) fn join(&mut self, others: Self) {
        for (key, new) in others.names {
            self.learn(key, new);
        }
    }

    fn take(&mut self, class: Class, name: &str) {
        let name = name.trim();
        if name.len() < SHORTEST || name.len() > 253 {
            return;
        }
        match class {
            Class::Host => self.add_host(name),
            Class::User if name.contains(' ') => self.add_person(name),
            Class::User => self.add_account(name),
            Class::DomainUser => {
                if let Some((domain, account)) = name.split_once('\\') {
                    self.add_account(account.trim_start_matches('\\'));
                    self.add_domain(domain);
                }
            }
            Class::UserPath => {
                if let Some(account) = account_in(name) {
                    self.add_account(account);
                }
            }
            Class::Email | Class::Upn => {
                if let Some((account, domain)) = name.split_once('@') {
                    self.add_account(account);
                    self.add_parent(domain);
                }
            }
            // What was once shown to be a secret is one wherever it stands.
            Class::Password | Class::Token | Class::LicenceKey if is_telling_secret(name) => self.insert(name, class, false),
            _ => {}
        }
    }

    fn add_host(&mut self, name: &str) {
        // "Clio’s MacBook Pro"
        if name.contains(' ') && name.len() >= 8 {
            self.insert(name, Class::Host, false);
            return;
        }
        if !is_host_name(name) || name.parse::<core::net::IpAddr>().is_ok() {
            return;
        }
        self.insert(name, Class::Host, false);
        if let Some((_, parent)) = name.split_once('.') {
            self.add_parent(parent);
        }
        // A full name's first label is how people write it.
        if let Some((short, _)) = name.split_once('.')
            && (short.bytes().any(|byte| byte.is_ascii_digit() || byte == b'-') && short.len() >= 3
                || short.len() >= if is_internal(name) { 5 } else { 7 })
            && is_host_name(short)
            && !SERVICES.contains(short)
        {
            self.insert(short, Class::Host, false);
        }
    }

    /// What a machine's full name goes on with, and what stands behind the `@` of an address, is a domain of the organisation's own, unless
    /// everybody has machines or mailboxes in it.
    fn add_parent(&mut self, name: &str) {
        let name = name.trim_end_matches('.');
        let labels = name.split('.').count();
        let public = is_vendor(name) || labels == 2 && name.len() <= 6 && !is_internal(name);
        if labels < 2 || public || !is_host_name(name) {
            return;
        }
        self.write(
            name,
            Learned {
                parent: true,
                ..Learned::of(Class::Host)
            },
        );
        if let Some((_, parent)) = name.split_once('.') {
            self.add_parent(parent);
        }
        // What Windows calls the domain beside its full name.
        if let Some((short, _)) = name.split_once('.').filter(|_| labels == 2 && is_internal(name)) {
            self.add_domain(short);
        }
    }

    /// What stands before a backslash is a domain or a machine.
    fn add_domain(&mut self, name: &str) {
        if name.len() >= 4 && is_host_name(name) {
            self.write(
                name,
                Learned {
                    domain: true,
                    ..Learned::of(Class::Host)
                },
            );
        }
    }

    fn add_account(&mut self, name: &str) {
        if !is_account_name(name) {
            return;
        }
        self.insert(name, Class::User, false);
        // "anna.keller" is Anna, and Keller.
        if name.contains(['.', '_']) {
            for part in name.split(['.', '_', '-']).filter(|part| is_part(part)) {
                self.insert(part, Class::User, true);
            }
            if name.split(['.', '_']).all(is_part) {
                for account in accounts_of(name) {
                    self.insert(&account, Class::User, false);
                }
            }
        }
    }

    fn add_person(&mut self, name: &str) {
        self.insert(name, Class::User, false);
        // What stands in a list of names is no other word, however it is written.
        for word in name.split([' ', '-', ',']).filter(|word| is_part(word)) {
            self.insert(word, Class::User, !is_listed_name(word));
        }
        for account in accounts_of(name) {
            self.insert(&account, Class::User, false);
        }
    }

    fn insert(&mut self, name: &str, class: Class, part: bool) {
        self.write(
            name,
            Learned {
                part,
                ..Learned::of(class)
            },
        );
    }

    fn write(&mut self, name: &str, new: Learned) {
        let key = name.to_lowercase();
        if key.len() < SHORTEST {
            return;
        }
        // What looks for them knows no other capitals than those of ASCII: other names are looked for as they were written, too.
        let written = Some(name).filter(|name| !name.is_ascii()).map(str::to_owned);
        for key in written.into_iter().chain([key]) {
            self.learn(key, new);
        }
    }

    fn learn(&mut self, key: String, new: Learned) {
        let learned = self.names.entry(key).or_insert(new);
        learned.is_doubtful &= new.is_doubtful;
        learned.part &= new.part;
        learned.domain &= new.domain;
        learned.parent |= new.parent;
    }

    /// How many names are known.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Makes these names findable.
    ///
    /// # Errors
    /// When there are more than can be numbered.
    pub(crate) fn finder(&self) -> Result<Finder, TryFromIntError> {
        let names: Vec<&str> = self.names.keys().map(String::as_str).collect();
        // Names of scripts without blanks stand in the middle of everything.
        let within = |_, name: &str| name.bytes().next().is_some_and(|byte| byte >= 0xE0);
        Ok(Finder {
            needles: Needles::new(&names, within)?,
            learned: self.names.values().copied().collect(),
        })
    }
}

/// Whether a part of a name is telling enough to be looked for alone.
fn is_part(word: &str) -> bool {
    word.chars().count() >= 4 && word.chars().all(|c| c.is_alphabetic() || c == '\'') && is_account_name(word)
}

/// Where the account ends that follows a learned domain and a backslash.
fn account_after(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..)?.strip_prefix('\\')?;
    let skip = usize::from(rest.starts_with('\\'));
    let name = rest.get(skip..)?;
    let length = name.bytes().take(64).take_while(|byte| is_name(*byte)).count();
    let account = name.get(..length)?.trim_end_matches(['.', '-']);
    (is_account_name(account) && !name.get(length..)?.starts_with('\\')).then_some(at + 1 + skip + account.len())
}

/// Finds learned names as whole words.
pub(crate) struct Finder {
    needles: Needles,
    learned: Vec<Learned>,
}

/// Where a name stands that may be a word as well.
#[derive(Debug, Clone)]
pub(crate) struct Doubt {
    name: usize,
    /// It was found there before anybody looked for it.
    known: bool,
    finding: Finding,
}

impl Finder {
    /// Adds what is surely a name; what may be a word is handed back.
    pub(crate) fn find(&self, map: &Map<'_>, found: &mut Vec<Finding>) -> Vec<Doubt> {
        let (mut sure, mut doubts) = (Vec::new(), Vec::new());
        let mut known: Option<Vec<Finding>> = None;
        self.needles.each(map, |hit| {
            let Some(learned) = self.learned.get(hit.word) else { return };
            let Some(finding) = learned.at(map.text, &hit) else { return };
            if !learned.is_doubtful {
                sure.push(finding);
                return;
            }
            let known = known.get_or_insert_with(|| settle(found.clone()));
            let next = known.partition_point(|known| known.range.end <= hit.start);
            doubts.push(Doubt {
                name: hit.word,
                known: known.get(next).is_some_and(|known| known.range.start <= hit.start),
                finding,
            });
        });
        found.append(&mut sure);
        doubts
    }

    /// Which names stay names where they may be words, by all places of a session where they stand.
    pub(crate) fn weigh<'d>(&self, doubts: impl Iterator<Item = &'d Doubt>) -> Names {
        let mut places = vec![Places::default(); self.learned.len()];
        for doubt in doubts {
            if let Some(places) = places.get_mut(doubt.name) {
                places.all += 1;
                places.known += usize::from(doubt.known);
            }
        }
        Names(places.iter().map(Places::are_of_a_name).collect())
    }
}

/// How often something stands in a session, and how often it was found to be a name.
#[derive(Debug, Clone, Copy, Default)]
struct Places {
    all: usize,
    known: usize,
}

/// In so few places everything that was found once is a name.
const FEW: usize = 10;
/// Of more places, one in so many is to be found before the others count.
const SHARE: usize = 5;

impl Places {
    fn are_of_a_name(&self) -> bool {
        self.all <= FEW || self.known * SHARE >= self.all
    }
}

/// Whether what may be a word is a name in this session, for each name.
pub(crate) struct Names(Vec<bool>);

impl Names {
    /// What was found where it is.
    pub(crate) fn among<'d>(&self, doubts: &'d [Doubt]) -> impl Iterator<Item = Finding> + use<'_, 'd> {
        let names = doubts.iter().filter(|doubt| self.0.get(doubt.name) == Some(&true));
        names.map(|doubt| doubt.finding.clone())
    }
}
