//! What a session says about itself: names of people and machines, found once, hidden everywhere; but what may be a word as well only if
//! it is found often enough.

use crate::account::{account_in, accounts_of};
use crate::class::Class;
use crate::finder::{Finder, Learned};
use crate::rule::Words;
use crate::rule::{is_account_name, is_host_name, is_internal, is_listed_name, is_telling_secret, is_vendor, is_word};
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

/// First labels that say what a machine does, as words of sentences do.
static SERVICES: Words = Words::of(include_str!("../words/services.txt"));

/// Shorter names stand too often for something else.
const SHORTEST: usize = 3;

impl Identities {
    /// A name that is known before anything is read, such as that of an account that ran a command.
    pub fn add(&mut self, class: Class, name: &str) {
        self.add_from(Source::Known, class, name);
    }

    /// The same with how it came to be known.
    pub(crate) fn add_from(&mut self, source: Source, class: Class, name: &str) {
        let mut told = Self::default();
        told.take(class, name);
        for (key, new) in told.names {
            let is_secret = matches!(new.class, Class::Password | Class::Token | Class::LicenceKey);
            let is_doubtful = match source {
                Source::Weighed => !is_secret,
                Source::Found => is_word(&key) && !is_listed_name(&key),
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
        Finder::of(&self.names)
    }
}

/// Whether a part of a name is telling enough to be looked for alone.
fn is_part(word: &str) -> bool {
    word.chars().count() >= 4 && word.chars().all(|c| c.is_alphabetic() || c == '\'') && is_account_name(word)
}
