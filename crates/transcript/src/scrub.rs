//! What should be hidden before a part of the record leaves: proposed by the rules of caisey-scrub, settled by a person.
//!
//! [`propose`] reads every text of the entries as one session, so that a name that stands in one is found in all; what comes out is for
//! a reviewer, who may [`Proposal::add`] what rules did not see and [`Proposal::restore`], with a reason, what need not be hidden.
//! [`crate::redaction::apply`] then hides, and keeps the words that may never be hidden. The rules measure themselves on a copy of the
//! same texts, and [`crate::pack::release`] refuses when they found too little of what was planted there.

use crate::excerpt::ProvedEntry;
use crate::redaction::{Pseudonyms, Span, hidden_bytes};
use crate::release::{Planted, ScrubMeasure};
use crate::restored::{MAX_REASON_BYTES, Restored};
use caisey_ledger::disclosure::{Disclosure, Label};
use caisey_ledger::redaction::token_ranges;
pub use caisey_scrub::{Alone, Class, Workers};
use caisey_scrub::{Facts, Finding, Rules, Text, measure, scrub};
use std::collections::{BTreeMap, BTreeSet};
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
    taken_back: Vec<TakenBack>,
    /// What people's own removals took the place of.
    covered: BTreeMap<Place, Vec<Covered>>,
    /// What is hidden anywhere, in lower case: a reason may not say it.
    contents: BTreeSet<String>,
    facts: Facts,
    /// How the rules measured themselves on these texts.
    pub measure: ScrubMeasure,
    pseudonyms: Pseudonyms,
}

/// Where a person removes something themselves, and what the rules had removed there.
type Covered = (Range<usize>, Vec<Span>);

/// A removal that a person took back: where, and the text, by which it is told whether its words are hidden by something else since.
#[derive(Debug, Clone)]
struct TakenBack {
    place: Place,
    bytes: Range<usize>,
    words: String,
    restored: Restored,
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
    #[error("say why this may be shown: the reason is signed under your name and leaves with the record")]
    NoReason,
    /// A reason that nobody would read.
    #[error("keep the reason within {max} bytes: it leaves with the record, for every reader", max = MAX_REASON_BYTES)]
    LongReason,
    /// A reason that gives away what is hidden.
    #[error("the reason leaves with the record, and it names what looks like {0} itself: say it without")]
    TellingReason(String),
    /// There is no such text, or it is not there in full.
    #[error("this text is not there in full, so nothing more of it can be hidden")]
    NotFull,
}

/// Reads these entries' texts and says what should be hidden. `seed` is fresh randomness for the identifiers that are planted; `workers`
/// read the texts side by side.
///
/// # Errors
/// When the rules cannot be made ready.
pub fn propose(entries: &[ProvedEntry], seed: u64, workers: &dyn Workers) -> Result<Proposal, ScrubFault> {
    let unready = |cause| ScrubFault::Rules(Box::new(cause));
    let rules = Rules::new().map_err(unready)?;
    let (mut places, mut texts): (Vec<Place>, Vec<Text<'_>>) = (Vec::new(), Vec::new());
    for (at, proved) in entries.iter().enumerate() {
        // Who speaks with a key of their own is what the record is for: who approved, who did it.
        let introduced = matches!(proved.entry.statement.kind.as_str(), "key.introduced" | "device.registered");
        for (name, disclosure) in &proved.disclosures {
            if let Disclosure::Full { text, .. } = disclosure
                && !(introduced && name == "name")
            {
                places.push((at, name.clone()));
                texts.push(Text { text, kept: &[] });
            }
        }
    }
    let mut facts = facts(entries);
    let mut found = scrub(&rules, &facts, &texts, workers).map_err(unready)?;
    let (telling, own) = own_hosts(entries, &texts, &found);
    if !telling.is_empty() {
        facts.names.extend(telling.into_iter().map(|name| (Class::Host, name)));
        found = scrub(&rules, &facts, &texts, workers).map_err(unready)?;
    }
    let mut pseudonyms = Pseudonyms::default();
    let (mut spans, mut contents): (BTreeMap<Place, Vec<Span>>, _) = (BTreeMap::new(), BTreeSet::new());
    for ((place, text), findings) in places.into_iter().zip(&texts).zip(found) {
        let content_of = |finding: &Finding| text.text.get(finding.range.clone()).unwrap_or_default();
        let leaves = |finding: &Finding| finding.class == Class::Host && own.contains(&content_of(finding).to_lowercase());
        let hidden = findings.into_iter().filter(|finding| !leaves(finding)).map(|finding| {
            let content = content_of(&finding);
            let pseudonym = pseudonyms.of(finding.class.name(), &finding.class.same(content));
            contents.insert(content.to_lowercase());
            Span {
                bytes: finding.range,
                label: label(finding.class.name(), finding.rule, pseudonym),
            }
        });
        spans.insert(place, hidden.collect());
    }
    let recalls = measure(&rules, &facts, &texts, seed, PLANTED_OF_EACH, workers).map_err(unready)?;
    let classes = recalls.into_iter().map(|(class, recall)| {
        let planted = Planted {
            planted: u64::from(recall.planted),
            found: u64::from(recall.found),
        };
        (class.name().to_owned(), planted)
    });
    Ok(Proposal {
        spans,
        taken_back: Vec::new(),
        covered: BTreeMap::new(),
        contents,
        facts,
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

/// The names of the machines that the record is of. Which machine it was is what a reader asks first: these leave, and come second, in lower
/// case. Those that name a person do not leave, and come first.
fn own_hosts(entries: &[ProvedEntry], texts: &[Text<'_>], found: &[Vec<Finding>]) -> (Vec<String>, BTreeSet<String>) {
    let hosts = entries.iter().filter_map(|proved| {
        let enrolled = proved.entry.statement.kind.as_str() == "endpoint.enrolled";
        enrolled.then(|| proved.disclosures.get("hostname")?.full_text()).flatten()
    });
    let people: BTreeSet<String> = texts
        .iter()
        .zip(found)
        .flat_map(|(text, findings)| findings.iter().map(|finding| (text.text, finding)))
        .filter_map(|(text, finding)| Some((finding.class, text.get(finding.range.clone())?)))
        .flat_map(|(class, content)| people(class, &content.to_lowercase()))
        .filter(|name| name.chars().count() > 2)
        .collect();
    let (mut telling, mut own) = (Vec::new(), BTreeSet::new());
    for host in hosts {
        let lower = host.trim().to_lowercase();
        if people.iter().any(|name| lower.contains(name.as_str())) {
            telling.push(host.to_owned());
        } else {
            own.insert(lower);
        }
    }
    (telling, own)
}

/// Names of people in what was found, as a machine may be called after them; lower case.
fn people(class: Class, content: &str) -> Vec<String> {
    let names = |text: &str| -> Vec<String> { text.split([' ', '.']).map(str::to_owned).collect() };
    match class {
        Class::User => names(content),
        Class::DomainUser => content.rsplit('\\').next().map(names).unwrap_or_default(),
        Class::Email | Class::Upn => content.split('@').next().map(names).unwrap_or_default(),
        Class::UserPath => {
            let mut parts = content.split(['\\', '/']);
            let profiles = parts.any(|part| matches!(part, "users" | "home"));
            parts.next().filter(|_| profiles).map(names).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// Accounts that the record states as facts: whoever they are, they are hidden wherever they stand.
fn facts(entries: &[ProvedEntry]) -> Facts {
    let named = entries.iter().filter_map(|proved| {
        let statement = &proved.entry.statement;
        let user = || proved.disclosures.get("user")?.full_text();
        (statement.kind.as_str() == "command.started").then(user).flatten()
    });
    let named = named.map(|name| (Class::User, name.to_owned()));
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

    /// What people took back and is shown, in ascending order: what a release says of it.
    pub fn restored(&self) -> Vec<Restored> {
        let mut all: BTreeMap<_, Restored> = BTreeMap::new();
        for one in self.taken_back.iter().filter(|one| self.is_shown(one)) {
            let said = &one.restored;
            // Whoever hid it again and changed their mind once more has the last word.
            all.insert(
                (said.log.clone(), said.seq, said.text.clone(), said.first_token),
                said.clone(),
            );
        }
        all.into_values().collect()
    }

    fn is_shown(&self, one: &TakenBack) -> bool {
        let hidden = hidden_bytes(&one.place.1, &one.words, self.spans(one.place.0, &one.place.1));
        let is_hidden = |at: usize| hidden.iter().any(|(range, _)| range.contains(&at));
        one.bytes.clone().any(|at| !is_hidden(at))
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
        self.contents.insert(content.to_lowercase());
        let place = (entry, name.to_owned());
        let spans = self.spans.entry(place.clone()).or_default();
        let within = |span: &Span| bytes.start <= span.bytes.start && span.bytes.end <= bytes.end;
        let (covered, kept) = std::mem::take(spans).into_iter().partition(within);
        *spans = kept;
        self.covered.entry(place).or_default().push((bytes.clone(), covered));
        spans.push(Span {
            bytes,
            label: label(class.name(), by, pseudonym),
        });
        spans.sort_by_key(|span| span.bytes.start);
        Ok(())
    }

    /// Shows again what is hidden at this byte of the text. What a rule hid there before a person hid more is hidden again.
    ///
    /// # Errors
    /// When nothing is hidden there; no reason is given, a long one, or one that names somebody itself.
    pub fn restore(
        &mut self,
        proved: &ProvedEntry,
        entry: usize,
        name: &str,
        at: usize,
        by: &str,
        reason: &str,
    ) -> Result<(), ScrubFault> {
        let reason = reason.trim();
        self.must_be_fit(reason)?;
        let Some(Disclosure::Full { text, .. }) = proved.disclosures.get(name) else {
            return Err(ScrubFault::NotFull);
        };
        let place = (entry, name.to_owned());
        let spans = self.spans.get_mut(&place).ok_or(ScrubFault::NotHidden)?;
        let found = spans
            .iter()
            .position(|span| span.bytes.contains(&at))
            .ok_or(ScrubFault::NotHidden)?;
        let Span { bytes, label } = spans.remove(found);
        if let Some(covered) = self.covered.get_mut(&place)
            && let Some(own) = covered.iter().rposition(|(range, _)| *range == bytes)
        {
            spans.extend(covered.remove(own).1);
            spans.sort_by_key(|span| span.bytes.start);
        }
        let tokens = token_ranges(text, std::slice::from_ref(&bytes)).pop().unwrap_or_default();
        let restored = Restored {
            log: proved.entry.statement.log.clone(),
            seq: proved.entry.seq,
            text: name.to_owned(),
            first_token: tokens.start,
            tokens: tokens.end.saturating_sub(tokens.start),
            class: label.class,
            by: label.by,
            restored_by: by.to_owned(),
            reason: reason.to_owned(),
        };
        self.taken_back.push(TakenBack {
            place,
            bytes,
            words: text.clone(),
            restored,
        });
        Ok(())
    }

    /// A reason is read by whoever reads the record: it may say nothing that would be hidden there.
    fn must_be_fit(&self, reason: &str) -> Result<(), ScrubFault> {
        if reason.is_empty() {
            return Err(ScrubFault::NoReason);
        }
        if reason.len() > MAX_REASON_BYTES {
            return Err(ScrubFault::LongReason);
        }
        let unready = |cause| ScrubFault::Rules(Box::new(cause));
        let rules = Rules::new().map_err(unready)?;
        let text = Text { text: reason, kept: &[] };
        let found = scrub(&rules, &self.facts, &[text], &Alone).map_err(unready)?;
        if let Some(finding) = found.iter().flatten().next() {
            return Err(ScrubFault::TellingReason(finding.class.name().replace('-', " ")));
        }
        let lower = reason.to_lowercase();
        match self.contents.iter().any(|content| says(&lower, content)) {
            true => Err(ScrubFault::TellingReason("what is hidden elsewhere".to_owned())),
            false => Ok(()),
        }
    }
}

/// Whether the words hold this content, not as part of longer ones. Contents of one or two letters stand anywhere.
fn says(words: &str, content: &str) -> bool {
    let is_part = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
    content.chars().count() > 2
        && words.match_indices(content).any(|(at, _)| {
            let (before, after) = (words.get(..at), words.get(at + content.len()..));
            !is_part(before.and_then(|text| text.chars().next_back())) && !is_part(after.and_then(|text| text.chars().next()))
        })
}
