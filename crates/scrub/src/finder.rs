//! Finds the names that a session taught, wherever they stand in it. What may be a word as well is a name only if it is found often enough.

use crate::account::with_affixes;
use crate::class::Class;
use crate::finding::{Finding, settle};
use crate::line::{is_alphanumeric, is_name};
use crate::map::Map;
use crate::needles::{Hit, Needles};
use crate::rule::is_account_name;
use std::collections::BTreeMap;
use std::num::TryFromIntError;

/// A name that a session taught.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Learned {
    pub(crate) class: Class,
    /// It may be a word as well.
    pub(crate) is_doubtful: bool,
    /// Part of a longer name: counts only when written with a capital.
    pub(crate) part: bool,
    /// Stood before a backslash: also a word, so it counts only in capitals or before another backslash.
    pub(crate) domain: bool,
    /// A domain: what stands before it, joined by a dot, is the name of a machine in it.
    pub(crate) parent: bool,
}

impl Learned {
    /// Learned as a whole name that stands for itself.
    pub(crate) fn of(class: Class) -> Self {
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

/// Where something stands that may be a name.
#[derive(Debug, Clone)]
pub(crate) struct Doubt {
    name: usize,
    /// Something else was found there.
    known: bool,
    finding: Finding,
}

impl Finder {
    /// Of these names, with what is known of each.
    ///
    /// # Errors
    /// When there are more than can be numbered.
    pub(crate) fn of(names: &BTreeMap<String, Learned>) -> Result<Self, TryFromIntError> {
        let words: Vec<&str> = names.keys().map(String::as_str).collect();
        // Names of scripts without blanks stand in the middle of everything.
        let within = |_, name: &str| name.bytes().next().is_some_and(|byte| byte >= 0xE0);
        Ok(Self {
            needles: Needles::new(&words, within)?,
            learned: names.values().copied().collect(),
        })
    }

    /// Adds what is surely a name, and settles all; where what may be a name stands is told apart.
    pub(crate) fn find(&self, map: &Map<'_>, mut found: Vec<Finding>) -> (Vec<Finding>, Vec<Doubt>) {
        let mut doubts = Vec::new();
        self.needles.each(map, |hit| {
            let Some(learned) = self.learned.get(hit.word) else {
                return true;
            };
            match learned.at(map.text, &hit) {
                // Within what turns out to be a word a name may stand that is none.
                Some(finding) if learned.is_doubtful => doubts.push(Doubt {
                    name: hit.word,
                    known: false,
                    finding,
                }),
                Some(finding) => found.push(finding),
                None => {}
            }
            !learned.is_doubtful
        });
        let found = settle(found);
        for doubt in &mut doubts {
            let start = doubt.finding.range.start;
            let next = found.partition_point(|known| known.range.end <= start);
            doubt.known = found.get(next).is_some_and(|known| known.range.start <= start);
        }
        (found, doubts)
    }

    /// Which of them are names in this session, by all places where they stand.
    pub(crate) fn judge<'d>(&self, doubts: impl Iterator<Item = &'d Doubt>) -> Verdicts {
        let mut places = vec![Places::default(); self.learned.len()];
        for doubt in doubts {
            if let Some(places) = places.get_mut(doubt.name) {
                places.all += 1;
                places.known += usize::from(doubt.known);
            }
        }
        Verdicts(places.iter().map(Places::are_of_a_name).collect())
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

/// Whether what may be a word is a name in this session, for each.
pub(crate) struct Verdicts(Vec<bool>);

impl Verdicts {
    /// Those of the places that hold a name.
    pub(crate) fn names<'d>(&self, doubts: &'d [Doubt]) -> impl Iterator<Item = Finding> + use<'_, 'd> {
        let names = doubts.iter().filter(|doubt| self.0.get(doubt.name) == Some(&true));
        names.map(|doubt| doubt.finding.clone())
    }
}
