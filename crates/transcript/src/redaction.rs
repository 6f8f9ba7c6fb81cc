//! Redactions: which ranges of which texts are hidden from what leaves, each with its class, who or which rule hid it, and a pseudonym
//! that stands for the same content throughout (docs/formats/pack.md, "Redactions").
//!
//! Finders and people give [`Span`]s of bytes; [`apply`] widens them to whole tokens, merges what overlaps, keeps what may never be hidden,
//! and turns full disclosures into redacted ones that still prove themselves. [`listed`] reads the list back out of disclosures, and
//! [`check`] compares it with the signed one, so that nobody can give a hidden range another title. Which spans are worth hiding is
//! decided elsewhere.

use crate::counted::counted;
use crate::dsse::{EnvelopeFault, in_one_form, one_form};
use crate::excerpt::ProvedEntry;
use crate::finding::Findings;
use caisey_ledger::disclosure::{Disclosure, Label, Opening, Part};
use caisey_ledger::id::Seq;
use caisey_ledger::redaction::{HideError, hide, opening, token_ranges};
use caisey_ledger::text::{is_word, token_ends};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;

/// Written into every list.
pub const FORMAT: &str = "caisey.redactions/v1";

/// A range of bytes of one text that is to be hidden.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Bytes of the text.
    pub bytes: Range<usize>,
    /// What it is and who says so.
    pub label: Label,
}

/// A hidden range, as the list names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redaction {
    /// Origin of the log.
    pub log: String,
    /// The entry.
    pub seq: Seq,
    /// The text's name within it.
    pub text: String,
    /// First hidden token of the text.
    pub first_token: u64,
    /// How many.
    pub tokens: u64,
    /// What it was.
    pub class: String,
    /// Who or which rule hid it.
    pub by: String,
    /// Stands for the hidden content.
    pub pseudonym: String,
}

/// Every hidden range of a pack, in order of log, entry, text and place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedactionList {
    /// Always [`FORMAT`].
    pub format: String,
    /// The ranges.
    pub spans: Vec<Redaction>,
}

/// A text after redaction.
#[derive(Debug, Clone, PartialEq)]
pub struct Redacted {
    /// What is shown of it now.
    pub disclosure: Disclosure,
    /// What opens each hidden range later; to be kept by whoever may decide that.
    pub openings: Vec<Opening>,
}

/// Redaction that is not possible.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedactionFault {
    /// The text is not there in full.
    #[error("the text is not disclosed in full here, so nothing of it can be hidden")]
    NotFull,
    /// A range that is none.
    #[error("the range makes no sense")]
    Range(#[from] HideError),
    /// A label that cannot be one.
    #[error("a redaction needs a class of 1 to 200 bytes, and no longer names")]
    Label,
}

/// Hands out pseudonyms: the first e-mail address is `email 1`, and so it is everywhere.
#[derive(Debug, Clone, Default)]
pub struct Pseudonyms {
    known: BTreeMap<(String, String), u64>,
    counts: BTreeMap<String, u64>,
}

impl Pseudonyms {
    /// The pseudonym of this content of this class. Whoever finds decides what counts as the same content.
    pub fn of(&mut self, class: &str, content: &str) -> String {
        let key = (class.to_owned(), content.to_owned());
        let number = *self.known.entry(key).or_insert_with(|| {
            let count = self.counts.entry(class.to_owned()).or_default();
            *count += 1;
            *count
        });
        format!("{class} {number}")
    }
}

/// Tokens that may never be hidden, by number: of a command, the first word, and the first word after each separator, line or pipe.
pub fn kept_tokens(text_name: &str, text: &str) -> Vec<u64> {
    if text_name != "command" {
        return Vec::new();
    }
    let mut kept = Vec::new();
    let (mut from, mut wanted) = (0, true);
    for (number, end) in (0_u64..).zip(token_ends(text)) {
        let token = text.get(from..end as usize).unwrap_or_default();
        from = end as usize;
        if !token.starts_with(is_word) {
            wanted |= token.contains(['|', ';', '\n', '&']);
        } else if wanted {
            kept.push(number);
            wanted = false;
        }
    }
    kept
}

/// Hides spans of a text that is disclosed in full. Spans may overlap: the first one's label stands for the whole.
///
/// # Errors
/// When the text is not there in full or a label is none.
pub fn apply(text_name: &str, disclosure: &Disclosure, spans: &[Span]) -> Result<Redacted, RedactionFault> {
    let Disclosure::Full { text, seed } = disclosure else {
        return Err(RedactionFault::NotFull);
    };
    let fits = |label: &Label| (1..=200).contains(&label.class.len()) && label.by.len() <= 200 && label.pseudonym.len() <= 200;
    if !spans.iter().all(|span| fits(&span.label)) {
        return Err(RedactionFault::Label);
    }
    let ranges = hidden_tokens(text_name, text, spans);
    let openings: Result<_, _> = ranges.iter().map(|(range, _)| opening(text, seed, range.clone())).collect();
    Ok(Redacted {
        disclosure: hide(text, seed, &ranges)?,
        openings: openings?,
    })
}

/// Bytes that [`apply`] would hide, each range with its label: the spans widened to whole tokens, without what may never be hidden.
pub fn hidden_bytes(text_name: &str, text: &str, spans: &[Span]) -> Vec<(Range<usize>, Label)> {
    if spans.is_empty() {
        return Vec::new();
    }
    let ends = token_ends(text);
    let end_of = |token: u64| {
        let place = usize::try_from(token).ok().and_then(|token| token.checked_sub(1));
        place.and_then(|place| ends.get(place)).map_or(0, |end| *end as usize)
    };
    hidden_tokens(text_name, text, spans)
        .into_iter()
        .map(|(tokens, label)| (end_of(tokens.start)..end_of(tokens.end), label))
        .collect()
}

fn hidden_tokens(text_name: &str, text: &str, spans: &[Span]) -> Vec<(Range<u64>, Label)> {
    let mut sorted: Vec<&Span> = spans.iter().collect();
    sorted.sort_by_key(|span| (span.bytes.start, std::cmp::Reverse(span.bytes.end)));
    let kept = kept_tokens(text_name, text);
    let mut ranges: Vec<(Range<u64>, Label)> = Vec::new();
    for span in sorted {
        for tokens in token_ranges(text, std::slice::from_ref(&span.bytes)) {
            let from = ranges.last().map_or(0, |(last, _)| last.end).max(tokens.start);
            for range in without(from..tokens.end, &kept) {
                ranges.push((range, span.label.clone()));
            }
        }
    }
    ranges
}

/// The range without these tokens, in pieces.
fn without(range: Range<u64>, kept: &[u64]) -> Vec<Range<u64>> {
    let mut pieces = Vec::new();
    let mut from = range.start;
    for token in kept.iter().filter(|token| range.contains(token)) {
        if from < *token {
            pieces.push(from..*token);
        }
        from = token + 1;
    }
    if from < range.end {
        pieces.push(from..range.end);
    }
    pieces
}

impl RedactionList {
    /// The list of these entries, by the logs' origins.
    pub fn of<'a>(parts: impl IntoIterator<Item = (&'a str, &'a [ProvedEntry])>) -> Self {
        let mut spans: Vec<Redaction> = parts
            .into_iter()
            .flat_map(|(log, entries)| entries.iter().flat_map(move |proved| listed(log, proved)))
            .collect();
        spans.sort();
        Self {
            format: FORMAT.to_owned(),
            spans,
        }
    }

    /// How many by class.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for span in &self.spans {
            *counts.entry(span.class.clone()).or_default() += 1;
        }
        counts
    }

    /// Its canonical bytes.
    ///
    /// # Errors
    /// Never for lists of checked entries.
    pub fn to_text(&self) -> Result<String, EnvelopeFault> {
        one_form(self)
    }

    /// Reads canonical bytes, and only those.
    ///
    /// # Errors
    /// When they are no such list.
    pub fn parse(text: &str) -> Result<Self, EnvelopeFault> {
        let list: Self = in_one_form(text)?;
        if list.format == FORMAT {
            Ok(list)
        } else {
            Err(EnvelopeFault::Form(format!("its format is not `{FORMAT}`")))
        }
    }
}

/// Hidden ranges of an entry, as its disclosures have them.
pub fn listed(log: &str, proved: &ProvedEntry) -> Vec<Redaction> {
    let mut found = Vec::new();
    for (text, disclosure) in &proved.disclosures {
        let Disclosure::Redacted { parts } = disclosure else {
            continue;
        };
        let mut at = 0;
        for part in parts {
            let count = match part {
                Part::Shown { text, .. } => token_ends(text).len() as u64,
                Part::Hidden { tokens, label, .. } => {
                    found.push(Redaction {
                        log: log.to_owned(),
                        seq: proved.entry.seq,
                        text: text.clone(),
                        first_token: at,
                        tokens: *tokens,
                        class: label.class.clone(),
                        by: label.by.clone(),
                        pseudonym: label.pseudonym.clone(),
                    });
                    *tokens
                }
            };
            at += count;
        }
    }
    found
}

/// Compares what the entries hide with the signed list, and looks for what may never be hidden.
pub fn check<'a>(list: &RedactionList, parts: impl IntoIterator<Item = (&'a str, &'a [ProvedEntry])>, found: &mut Findings) {
    let parts: Vec<(&str, &[ProvedEntry])> = parts.into_iter().collect();
    let actual = RedactionList::of(parts.iter().copied());
    let place = |span: &Redaction| (span.log.clone(), span.seq, span.text.clone(), span.first_token, span.tokens);
    let signed: BTreeMap<_, _> = list.spans.iter().map(|span| (place(span), span)).collect();
    let hidden: BTreeMap<_, _> = actual.spans.iter().map(|span| (place(span), span)).collect();
    let mut failures = Vec::new();
    for (at, span) in &hidden {
        let words = format!(
            "{}: in entry #{}, `{}`, token {}",
            span.log, span.seq, span.text, span.first_token
        );
        match signed.get(at) {
            None => failures.push(("unlisted_redaction", format!("{words}: something is hidden that the signed list does not name."))),
            Some(other) if other != span => failures.push((
                "retitled_redaction",
                format!(
                    "{words}: the hidden range is called `{}` by `{}` ({}) here, and `{}` by `{}` ({}) in the signed list: a redaction was given another title.",
                    span.class, span.by, span.pseudonym, other.class, other.by, other.pseudonym
                ),
            )),
            Some(_) => {}
        }
    }
    for (at, span) in &signed {
        if !hidden.contains_key(at) {
            failures.push((
                "missing_redaction",
                format!(
                    "{}: in entry #{}, the signed list names a hidden range in `{}` that is not there.",
                    span.log, span.seq, span.text
                ),
            ));
        }
    }
    if failures.is_empty() && *list != actual {
        failures.push((
            "redaction_list",
            "The list of redactions is out of order or names something twice.".to_owned(),
        ));
    }
    for (log, entries) in parts {
        for proved in entries {
            if let Some(Disclosure::Redacted { parts }) = proved.disclosures.get("command")
                && !matches!(parts.first(), Some(Part::Shown { text, .. }) if text.contains(is_word))
            {
                let words = format!(
                    "{log}: entry #{} hides what its command begins with, which may never be hidden.",
                    proved.entry.seq
                );
                failures.push(("hidden_verb", words));
            }
        }
    }
    let words = match list.spans.len() {
        0 => "Nothing that is shown was hidden in part.".to_owned(),
        count => format!(
            "Hidden: {} ({}); each is in the signed list with its class, and the texts around them still match what the entries commit to.",
            counted(count as u64, "range"),
            list.counts()
                .iter()
                .map(|(class, count)| format!("{class}: {count}"))
                .collect::<Vec<_>>()
                .join(", ")
        ),
    };
    found.weigh("redactions", words, failures);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use caisey_ledger::disclosure::Piece;
    use caisey_ledger::text::{TextSeed, commit};
    use proptest::prelude::*;

    fn full(text: &str) -> Disclosure {
        Disclosure::Full {
            text: text.to_owned(),
            seed: TextSeed::from_bytes([9; 32]),
        }
    }

    fn label(class: &str) -> Label {
        Label {
            class: class.to_owned(),
            by: "rule".to_owned(),
            pseudonym: format!("{class} 1"),
        }
    }

    fn drawn(text_name: &str, text: &str, hidden: &[&str]) -> String {
        let spans: Vec<Span> = hidden
            .iter()
            .map(|part| {
                let start = text.find(part).unwrap();
                Span {
                    bytes: start..start + part.len(),
                    label: label("x"),
                }
            })
            .collect();
        let redacted = apply(text_name, &full(text), &spans).unwrap();
        let commitment = commit(text, &TextSeed::from_bytes([9; 32]));
        let pieces = redacted.disclosure.verify(&commitment).unwrap();
        pieces
            .iter()
            .map(|piece| match piece {
                Piece::Shown(text) => (*text).to_owned(),
                _ => "█".to_owned(),
            })
            .collect()
    }

    #[test]
    fn spans_become_whole_tokens_and_verbs_stay() {
        assert_eq!(drawn("output", r"C:\Users\jdoe\x", &["jdoe"]), r"C:\Users\█\x");
        assert_eq!(
            drawn("output", "mail jdoe@example.com now", &["jdoe@example.com"]),
            "mail █ now"
        );
        assert_eq!(
            drawn("command", "cat /home/jdoe/a | grep jdoe", &["cat /home/jdoe/a | grep jdoe"]),
            "cat█grep█"
        );
        assert_eq!(drawn("command", "rm", &["rm"]), "rm");
        assert_eq!(drawn("output", "abcdef", &["bcd", "cde"]), "█");
    }

    #[test]
    fn what_would_be_hidden_is_told_in_bytes() {
        let text = "cat /home/jdoe/a | grep jdoe";
        let span = Span {
            bytes: 0..text.len(),
            label: label("x"),
        };
        let hidden: Vec<&str> = hidden_bytes("command", text, &[span])
            .into_iter()
            .filter_map(|(bytes, _)| text.get(bytes))
            .collect();
        assert_eq!(hidden, [" /home/jdoe/a | ", " jdoe"]);
        assert!(hidden_bytes("command", text, &[]).is_empty());
    }

    #[test]
    fn what_was_hidden_can_be_opened_later() {
        let text = "login jdoe with hunter2 ok";
        let span = |part: &str| Span {
            bytes: text.find(part).unwrap()..text.find(part).unwrap() + part.len(),
            label: label("secret"),
        };
        let redacted = apply("output", &full(text), &[span("jdoe"), span("hunter2")]).unwrap();
        let json = serde_json::to_string(&redacted.disclosure).unwrap();
        assert!(!json.contains("jdoe") && !json.contains("hunter2"));
        let commitment = commit(text, &TextSeed::from_bytes([9; 32]));
        let opened = redacted
            .disclosure
            .open(redacted.openings.last().unwrap(), &commitment)
            .unwrap();
        let json = serde_json::to_string(&opened).unwrap();
        assert!(!json.contains("jdoe") && json.contains("hunter2"));
    }

    #[test]
    fn the_same_content_has_the_same_pseudonym() {
        let mut names = Pseudonyms::default();
        let found: Vec<String> = ["a@x", "b@x", "a@x"]
            .iter()
            .map(|content| names.of("email", content))
            .collect();
        assert_eq!(found, ["email 1", "email 2", "email 1"]);
        assert_eq!(names.of("host", "a@x"), "host 1");
    }

    proptest! {
        #[test]
        fn hidden_bytes_never_show(text in "[a-z ./|;@-]{1,80}", cuts in proptest::collection::vec((0_usize..80, 1_usize..20), 0..6)) {
            let spans: Vec<Span> = cuts.iter().map(|(start, length)| Span { bytes: *start..start + length, label: label("x") }).collect();
            let redacted = apply("output", &full(&text), &spans).unwrap();
            let commitment = commit(&text, &TextSeed::from_bytes([9; 32]));
            let pieces = redacted.disclosure.verify(&commitment).unwrap();
            // Walk the pieces over the text: no shown byte lies in a span.
            let hidden = |at: usize| spans.iter().any(|span| span.bytes.contains(&at));
            let mut at = 0;
            for (number, piece) in pieces.iter().enumerate() {
                match piece {
                    Piece::Shown(shown) => {
                        at = text.get(at..).unwrap().find(shown).unwrap() + at;
                        if number == 0 { prop_assert_eq!(at, 0); }
                        prop_assert!((at..at + shown.len()).all(|at| !hidden(at)) || spans.is_empty());
                        at += shown.len();
                    }
                    Piece::Hidden { tokens, .. } => {
                        let ends = token_ends(text.get(at..).unwrap());
                        at += *ends.get(*tokens as usize - 1).unwrap() as usize;
                    }
                    Piece::Erased => {}
                }
            }
        }
    }
}
