//! What a session says about itself: names of people and machines, found once, hidden everywhere.

use crate::class::Class;
use crate::finding::Finding;
use crate::line::{is_alphanumeric, is_name};
use crate::needles::Needles;
use crate::rule::Words;
use crate::rule::{is_account_name, is_host_name, is_internal, is_listed_name};
use std::collections::BTreeMap;

/// Names learned from the facts and texts of a session.
#[derive(Debug, Clone, Default)]
pub struct Identities {
    names: BTreeMap<String, Learned>,
}

#[derive(Debug, Clone, Copy)]
struct Learned {
    class: Class,
    /// Part of a longer name: counts only when written with a capital.
    part: bool,
    /// Stood before a backslash: also a word, so it counts only in capitals or before another backslash.
    domain: bool,
}

/// First labels that say what a machine does, as words of sentences do.
static SERVICES: Words = Words::of(include_str!("../words/services.txt"));

/// Shorter names stand too often for something else.
const SHORTEST: usize = 3;

impl Identities {
    /// A name that is known from elsewhere: the endpoint's, an account that ran a command, a contact.
    pub fn add(&mut self, class: Class, name: &str) {
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
                if let Some((account, _)) = name.split_once('@') {
                    self.add_account(account);
                }
            }
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

    /// What stands before a backslash is a domain or a machine.
    fn add_domain(&mut self, name: &str) {
        if name.len() >= 4 && is_host_name(name) {
            self.learn(
                name,
                Learned {
                    class: Class::Host,
                    part: false,
                    domain: true,
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
        self.learn(
            name,
            Learned {
                class,
                part,
                domain: false,
            },
        );
    }

    fn learn(&mut self, name: &str, new: Learned) {
        let key = name.to_lowercase();
        if key.len() < SHORTEST {
            return;
        }
        // The automaton knows no other capitals than those of ASCII: other names are looked for as they were written, too.
        let written = Some(name).filter(|name| !name.is_ascii()).map(str::to_owned);
        for key in written.into_iter().chain([key]) {
            let learned = self.names.entry(key).or_insert(new);
            learned.part &= new.part;
            learned.domain &= new.domain;
        }
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
    /// When there are so many that the automaton cannot hold them.
    pub(crate) fn finder(&self) -> Result<Finder, aho_corasick::BuildError> {
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

/// What accounts are made of a person's first and last name: `akeller`, `anna.keller`, `annak`, `keller_a`.
fn accounts_of(name: &str) -> Vec<String> {
    let name = name.to_lowercase();
    let words: Vec<&str> = name.split(' ').filter(|word| word.chars().all(char::is_alphabetic)).collect();
    let ([first, .., last], true) = (words.as_slice(), name.is_ascii()) else {
        return Vec::new();
    };
    let (Some(f), Some(l)) = (first.get(..1), last.get(..1)) else {
        return Vec::new();
    };
    let made = [
        format!("{first}.{last}"),
        format!("{first}_{last}"),
        format!("{first}-{last}"),
        format!("{first}{last}"),
        format!("{f}{last}"),
        format!("{f}.{last}"),
        format!("{f}_{last}"),
        format!("{first}{l}"),
        format!("{first}.{l}"),
        format!("{last}{f}"),
        format!("{last}.{f}"),
        format!("{last}.{first}"),
        format!("{last}_{f}"),
        format!("{last}{first}"),
    ];
    made.into_iter().filter(|account| account.len() >= 5).collect()
}

/// The account in a path of [`Class::UserPath`]: what follows the folder of profiles.
fn account_in(path: &str) -> Option<&str> {
    let lower = path.to_ascii_lowercase();
    let folders = [
        "users",
        "home",
        "documents and settings",
        "profiles",
        "profiles$",
        "homes",
        "home$",
        "users$",
        "homedirs",
    ];
    let mut parts = path
        .split(['\\', '/'])
        .zip(lower.split(['\\', '/']))
        .filter(|(part, _)| !part.is_empty());
    parts.find(|(_, lower)| folders.contains(lower))?;
    parts.next().map(|(name, _)| name.trim_end_matches([':', ',', ';', '"']))
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

impl Finder {
    pub(crate) fn find(&self, text: &str, found: &mut Vec<Finding>) {
        let bytes = text.as_bytes();
        self.needles.each(text, |hit| {
            let Some(learned) = self.learned.get(hit.word) else { return };
            let range = hit.start..hit.end;
            let before = hit.start.checked_sub(1).and_then(|at| bytes.get(at)).copied().unwrap_or(b' ');
            let after = bytes.get(hit.end).copied().unwrap_or(b' ');
            let name = text.get(range.clone()).unwrap_or_default();
            let capital = name.starts_with(char::is_uppercase);
            let wide = name.bytes().next().is_some_and(|byte| byte >= 0xE0);
            if !wide && (is_alphanumeric(before) || is_alphanumeric(after)) || learned.part && !capital && !wide {
                return;
            }
            let account = account_after(text, hit.end).filter(|_| learned.class == Class::Host && before != b'\\');
            let shouts = !name.bytes().any(|byte| byte.is_ascii_lowercase());
            match account {
                None if learned.domain && !shouts => {}
                Some(end) => found.push(Finding::new(hit.start..end, Class::DomainUser, "learned-domain")),
                None => found.push(Finding::new(range, learned.class, "learned-name")),
            }
        });
    }
}
