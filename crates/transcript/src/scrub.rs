//! What should be hidden before a part of the record leaves: proposed by the rules of caisey-scrub, settled by a person.
//!
//! [`propose`] reads every text of the entries as one session, so that a name that stands in one is found in all; what comes out is for
//! a reviewer, who may [`Proposal::add`] what rules did not see and [`Proposal::restore`], with a reason, what need not be hidden.
//! [`crate::redaction::apply`] then hides, and keeps the words that may never be hidden. The rules measure themselves on a copy of the
//! same texts, and [`crate::pack::release`] refuses when they found too little of what was planted there.

use crate::excerpt::ProvedEntry;
use crate::redaction::{Pseudonyms, Span};
use crate::release::{Planted, ScrubMeasure};
use caisey_ledger::disclosure::{Disclosure, Label};
pub use caisey_scrub::Class;
use caisey_scrub::{Facts, Rules, Text, measure, scrub};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;

/// Below this many found in a thousand planted, of any class, nothing may be handed out.
pub const LEAST_PER_MILLE: u64 = 950;

/// Synthetic identifiers of each class that a measure plants.
const PLANTED_OF_EACH: u32 = 40;

/// A text of an entry: the entry's place among those that were read, and the text's name.
pub type Place = (usize, String);

/// What is to be hidden, text by text, and how well the rules did.
#[derive(Debug, Clone)]
pub struct Proposal {
    spans: BTreeMap<Place, Vec<Span>>,
    restored: Vec<Restored>,
    /// How the rules measured themselves on these texts.
    pub measure: ScrubMeasure,
    pseudonyms: Pseudonyms,
}

/// A removal that a person took back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restored {
    /// What the rules took it for.
    pub class: String,
    /// The rule.
    pub rule: String,
    /// Who took it back.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// A scrub, or a change to one, that is not possible.
#[derive(Debug, thiserror::Error)]
pub enum ScrubFault {
    /// The rules could not be made ready.
    #[error("the scrub's rules could not be made ready; nothing was scrubbed")]
    Rules(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Nothing is hidden there.
    #[error("nothing is hidden at this place of the text, so nothing can be shown again")]
    NotHidden,
    /// A removal without content.
    #[error("select at least one character to hide")]
    Empty,
    /// Showing again needs a reason.
    #[error("say why this may be shown: the reason is kept with the share")]
    NoReason,
    /// There is no such text, or it is not there in full.
    #[error("this text is not there in full, so nothing more of it can be hidden")]
    NotFull,
}

/// Reads these entries' texts and says what should be hidden. `seed` is fresh randomness for the identifiers that are planted.
///
/// # Errors
/// When the rules cannot be made ready.
pub fn propose(entries: &[ProvedEntry], seed: u64) -> Result<Proposal, ScrubFault> {
    let unready = |cause| ScrubFault::Rules(Box::new(cause));
    let rules = Rules::new().map_err(unready)?;
    let (mut places, mut texts): (Vec<Place>, Vec<Text<'_>>) = (Vec::new(), Vec::new());
    for (at, proved) in entries.iter().enumerate() {
        for (name, disclosure) in &proved.disclosures {
            if let Disclosure::Full { text, .. } = disclosure {
                places.push((at, name.clone()));
                texts.push(Text { text, kept: &[] });
            }
        }
    }
    let facts = facts(entries);
    let found = scrub(&rules, &facts, &texts).map_err(unready)?;
    let mut pseudonyms = Pseudonyms::default();
    let mut spans: BTreeMap<Place, Vec<Span>> = BTreeMap::new();
    for ((place, text), findings) in places.into_iter().zip(&texts).zip(found) {
        let hidden = findings.into_iter().map(|finding| {
            let content = text.text.get(finding.range.clone()).unwrap_or_default();
            let pseudonym = pseudonyms.of(finding.class.name(), &finding.class.same(content));
            Span {
                bytes: finding.range,
                label: label(finding.class.name(), finding.rule, pseudonym),
            }
        });
        spans.insert(place, hidden.collect());
    }
    let recalls = measure(&rules, &facts, &texts, seed, PLANTED_OF_EACH).map_err(unready)?;
    let classes = recalls.into_iter().map(|(class, recall)| {
        let planted = Planted {
            planted: u64::from(recall.planted),
            found: u64::from(recall.found),
        };
        (class.name().to_owned(), planted)
    });
    Ok(Proposal {
        spans,
        restored: Vec::new(),
        measure: ScrubMeasure {
            rules: caisey_scrub::VERSION.to_owned(),
            classes: classes.collect(),
            least_per_mille: LEAST_PER_MILLE,
        },
        pseudonyms,
    })
}

fn label(class: &str, by: &str, pseudonym: String) -> Label {
    Label {
        class: class.to_owned(),
        by: by.to_owned(),
        pseudonym,
    }
}

/// Names that the record states as facts: whoever they are, they are hidden wherever they stand.
fn facts(entries: &[ProvedEntry]) -> Facts {
    let named = entries.iter().flat_map(|proved| {
        let statement = &proved.entry.statement;
        let wanted = match statement.kind.as_str() {
            "endpoint.enrolled" => ("hostname", Class::Host),
            "command.started" => ("user", Class::User),
            _ => ("", Class::User),
        };
        proved
            .disclosures
            .iter()
            .filter_map(move |(name, disclosure)| match disclosure {
                Disclosure::Full { text, .. } if name == wanted.0 => Some((wanted.1, text.clone())),
                _ => None,
            })
    });
    Facts { names: named.collect() }
}

impl Proposal {
    /// What is to be hidden in this text: what [`crate::redaction::apply`] takes.
    pub fn spans(&self, entry: usize, name: &str) -> &[Span] {
        self.spans.get(&(entry, name.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// How many removals by class.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for span in self.spans.values().flatten() {
            *counts.entry(span.label.class.clone()).or_default() += 1;
        }
        counts
    }

    /// What people took back, in the order in which they did.
    pub fn restored(&self) -> &[Restored] {
        &self.restored
    }

    /// Hides what a person selected in this text. What a rule hid within the selection becomes part of it.
    ///
    /// # Errors
    /// When nothing was selected, or the text is not there in full.
    pub fn add(
        &mut self,
        proved: &ProvedEntry,
        entry: usize,
        name: &str,
        bytes: Range<usize>,
        class: Class,
        by: &str,
    ) -> Result<(), ScrubFault> {
        let Some(Disclosure::Full { text, .. }) = proved.disclosures.get(name) else {
            return Err(ScrubFault::NotFull);
        };
        let content = text
            .get(bytes.clone())
            .filter(|content| !content.trim().is_empty())
            .ok_or(ScrubFault::Empty)?;
        let pseudonym = self.pseudonyms.of(class.name(), &class.same(content));
        let spans = self.spans.entry((entry, name.to_owned())).or_default();
        spans.retain(|span| !(bytes.start <= span.bytes.start && span.bytes.end <= bytes.end));
        spans.push(Span {
            bytes,
            label: label(class.name(), by, pseudonym),
        });
        spans.sort_by_key(|span| span.bytes.start);
        Ok(())
    }

    /// Shows again what is hidden at this byte of the text.
    ///
    /// # Errors
    /// When nothing is hidden there, or no reason is given.
    pub fn restore(&mut self, entry: usize, name: &str, at: usize, by: &str, reason: &str) -> Result<(), ScrubFault> {
        if reason.trim().is_empty() {
            return Err(ScrubFault::NoReason);
        }
        let spans = self.spans.get_mut(&(entry, name.to_owned())).ok_or(ScrubFault::NotHidden)?;
        let place = spans
            .iter()
            .position(|span| span.bytes.contains(&at))
            .ok_or(ScrubFault::NotHidden)?;
        let span = spans.remove(place);
        self.restored.push(Restored {
            class: span.label.class,
            rule: span.label.by,
            by: by.to_owned(),
            reason: reason.trim().to_owned(),
        });
        Ok(())
    }
}
