//! Scrubs a whole session: what it says anywhere counts everywhere.

use crate::class::Class;
use crate::finding::{Finding, keep, settle};
use crate::identity::Identities;
use crate::map::Map;
use crate::rule::{Memory, Rules};
use std::collections::HashSet;
use std::num::TryFromIntError;
use std::ops::Range;

/// What is known of a session besides its texts.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Names with their class: [`Class::Host`] for the endpoint, [`Class::User`] for accounts, people of the client.
    pub names: Vec<(Class, String)>,
}

/// One text of the session.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    /// What was typed or printed.
    pub text: &'a str,
    /// What must stay visible, such as the verbs of a command; ascending.
    pub kept: &'a [Range<usize>],
}

/// What should not leave, for each text in turn: ascending, apart from each other.
///
/// # Errors
/// When the session taught more names than can be numbered.
pub fn scrub(rules: &Rules, facts: &Facts, texts: &[Text<'_>]) -> Result<Vec<Vec<Finding>>, TryFromIntError> {
    let mut identities = Identities::default();
    for (class, name) in &facts.names {
        identities.add(*class, name);
    }
    // The same names come again and again.
    let mut learned = HashSet::new();
    let mut all = Vec::with_capacity(texts.len());
    let mut memory = Memory::default();
    for text in texts {
        let map = Map::new(text.text);
        let found = rules.find_all(&map, &mut memory);
        for finding in &found {
            let name = text.text.get(finding.range.clone()).unwrap_or_default();
            if learned.insert((finding.class, name)) {
                identities.add(finding.class, name);
            }
        }
        all.push((map, found));
    }
    let finder = identities.finder()?;
    let pairs = texts.iter().zip(all);
    Ok(pairs
        .map(|(text, (map, mut found))| {
            finder.find(&map, &mut found);
            keep(settle(found), text.kept)
        })
        .collect())
}
