//! What is hidden from what leaves, settled by a person: the rules propose, the reviewer adds by selecting and shows again with a reason.

use super::desk::locked;
use super::draft::{Draft, full};
use super::pack::{self, HandOver, Places};
use super::pieces::{Removals, byte_at};
use super::{Ready, sentence};
use crate::error::ConsoleError;
use crate::facade::Console;
use crate::sync::engine::blocking;
use crate::view::{RestoredRow, ScrubClass, ScrubView, TextPoint};
use caisey_ledger::disclosure::Label;
use caisey_transcript::excerpt::ProvedEntry;
use caisey_transcript::redaction::{Span, hidden_bytes};
use caisey_transcript::release::{Planted, ScrubMeasure, Scrubbed};
use caisey_transcript::restored::Restored;
use caisey_transcript::rows::Row;
use caisey_transcript::scrub::{Class, Proposal};
use caisey_transcript::visible::marked_line;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

const FIXED: &str = "Times, kinds, decisions, exit codes, counts and the verbs of commands always stay: without them nobody could tell what \
                     was done. What can be hidden are the other words of texts.";

/// By log, entry and text.
type ByText<T> = BTreeMap<(String, u64, String), T>;

/// A scrub of a draft.
pub(super) struct Scrub {
    places: Places,
    proposal: Proposal,
    /// What does not leave: whole tokens, without what always stays.
    removals: ByText<Vec<(Range<usize>, Label)>>,
}

/// What leaves with a draft.
#[derive(Debug, Clone, Default)]
pub struct Leaving {
    /// Without what the scrub hides; otherwise everything recorded.
    pub scrubbed: bool,
    /// Questions to be answered by certificates.
    pub ask: Vec<String>,
}

/// A text of a row.
struct Selected {
    entry: Row,
    name: String,
    words: String,
}

impl Console {
    /// What would be hidden from what leaves; the rules read the record the first time.
    ///
    /// # Errors
    /// The draft is not open.
    pub async fn scrub_draft(&self, name: &str) -> Result<ScrubView, ConsoleError> {
        let open = self.inner.open_draft(name)?;
        let ready = {
            let draft = locked(&open);
            if draft.scrub.is_some() {
                return draft.scrub_view();
            }
            Arc::clone(&draft.ready)
        };
        let seed = self.fresh_seed();
        let made = blocking(move || Scrub::new(&ready, seed)).await?;
        let mut draft = locked(&open);
        draft.scrub.get_or_insert(made);
        draft.scrub_view()
    }

    /// Hides what was selected in a row's text.
    ///
    /// # Errors
    /// Nothing selected; only words that always stay; an unknown class.
    pub async fn hide_in_draft(
        &self,
        name: &str,
        row: u32,
        text: &str,
        (from, to): (TextPoint, TextPoint),
        class: &str,
    ) -> Result<ScrubView, ConsoleError> {
        let class =
            Class::from_name(class).ok_or_else(|| ConsoleError::Invalid(format!("There is no class of removals {class:?}.")))?;
        let by = self.own_name().await;
        let open = self.inner.open_draft(name)?;
        let mut draft = locked(&open);
        let selected = draft.selected(row, text)?;
        let bytes = byte_at(&selected.words, from)
            .zip(byte_at(&selected.words, to))
            .map(|(from, to)| from..to)
            .filter(|bytes| !bytes.is_empty())
            .ok_or_else(|| ConsoleError::Invalid("Select at least one character to hide.".to_owned()))?;
        refuse_fixed(&selected, bytes.clone())?;
        let ready = Arc::clone(&draft.ready);
        draft.scrub()?.hide(&ready, &selected, bytes, class, &by)?;
        draft.scrub_view()
    }

    /// Shows again what is hidden in a row's text at this byte.
    ///
    /// # Errors
    /// No reason; nothing hidden there.
    pub async fn show_in_draft(
        &self,
        name: &str,
        row: u32,
        text: &str,
        at: u32,
        reason: &str,
    ) -> Result<ScrubView, ConsoleError> {
        let by = self.own_name().await;
        let open = self.inner.open_draft(name)?;
        let mut draft = locked(&open);
        let selected = draft.selected(row, text)?;
        let ready = Arc::clone(&draft.ready);
        draft.scrub()?.show(&ready, &selected, at as usize, &by, reason)?;
        draft.scrub_view()
    }

    /// The evidence pack of a draft, as it was settled.
    ///
    /// # Errors
    /// It is not open; nothing proves this console's key yet; the scrub is below its threshold; a question that is none.
    pub async fn pack_draft(&self, name: &str, leaving: Leaving) -> Result<Vec<u8>, ConsoleError> {
        if leaving.scrubbed {
            let scrub = self.scrub_draft(name).await?;
            if let Some(blocked) = scrub.blocked {
                return Err(ConsoleError::Invalid(blocked));
            }
        }
        let open = self.inner.open_draft(name)?;
        let (ready, reviews, mut wanted) = {
            let draft = locked(&open);
            let mut wanted = HandOver::default();
            if let (true, Some(scrub)) = (leaving.scrubbed, &draft.scrub) {
                wanted.hide = pack::hidden(&draft.ready, &scrub.places, &scrub.proposal);
                wanted.scrubbed = Some(Scrubbed {
                    measure: scrub.proposal.measure.clone(),
                    restored: scrub.proposal.restored(),
                });
            }
            (Arc::clone(&draft.ready), draft.reviews.clone(), wanted)
        };
        wanted.ask = leaving.ask;
        self.pack_of(ready, reviews, wanted).await
    }

    async fn own_name(&self) -> String {
        self.own().await.map_or_else(|_| "a person".to_owned(), |(own, _)| own.name)
    }
}

/// A selection of nothing but words that always stay is refused by saying so.
fn refuse_fixed(selected: &Selected, bytes: Range<usize>) -> Result<(), ConsoleError> {
    let span = Span {
        bytes: bytes.clone(),
        label: Label {
            class: "none".to_owned(),
            by: String::new(),
            pseudonym: String::new(),
        },
    };
    if hidden_bytes(&selected.name, &selected.words, &[span]).is_empty() {
        let words = selected.words.get(bytes).unwrap_or_default();
        return Err(ConsoleError::Invalid(format!(
            "“{}” stays. {FIXED}",
            marked_line(words.trim())
        )));
    }
    Ok(())
}

impl Draft {
    fn selected(&self, row: u32, text: &str) -> Result<Selected, ConsoleError> {
        let entry = self.entry_of(row);
        let words = entry.and_then(|entry| full(entry.texts.iter().find(|one| one.name == text)?));
        match entry.zip(words) {
            Some((entry, words)) => Ok(Selected {
                entry: entry.clone(),
                name: text.to_owned(),
                words: words.to_owned(),
            }),
            None => Err(ConsoleError::Invalid(
                "This text is not here in full, so what is hidden of it cannot be changed.".to_owned(),
            )),
        }
    }

    fn scrub(&mut self) -> Result<&mut Scrub, ConsoleError> {
        self.scrub
            .as_mut()
            .ok_or_else(|| ConsoleError::Invalid("Open the preview of what leaves first.".to_owned()))
    }

    fn scrub_view(&self) -> Result<ScrubView, ConsoleError> {
        let scrub = self
            .scrub
            .as_ref()
            .ok_or_else(|| super::internal("a scrub was asked for before it was made"))?;
        let mut rows = Vec::new();
        for (at, entry) in self.entries.iter().enumerate() {
            for (number, text) in entry.texts.iter().enumerate() {
                let hidden = scrub.removals(entry, &text.name);
                rows.extend(hidden.iter().filter_map(|(range, _)| self.row_of(at, number, range.start)));
            }
        }
        rows.sort_unstable();
        rows.dedup();
        Ok(scrub.view(rows))
    }
}

impl Scrub {
    fn new(ready: &Ready, seed: u64) -> Result<Self, ConsoleError> {
        let (places, proposal) = pack::scrub(ready, seed)?;
        let mut removals = BTreeMap::new();
        for ((log, seq, name), spans) in pack::hidden(ready, &places, &proposal) {
            let words = entry(ready, &log, seq.get()).and_then(|proved| proved.disclosures.get(&name)?.full_text());
            let hidden = hidden_bytes(&name, words.unwrap_or_default(), &spans);
            removals.insert((log, seq.get(), name), hidden);
        }
        Ok(Self {
            places,
            proposal,
            removals,
        })
    }

    pub(super) fn removals(&self, entry: &Row, text: &str) -> &Removals {
        let place = (entry.log.clone(), entry.seq, text.to_owned());
        self.removals.get(&place).map_or(&[], Vec::as_slice)
    }

    fn hide(
        &mut self,
        ready: &Ready,
        selected: &Selected,
        bytes: Range<usize>,
        class: Class,
        by: &str,
    ) -> Result<(), ConsoleError> {
        let (at, row) = (self.at(selected)?, &selected.entry);
        let proved =
            entry(ready, &row.log, row.seq).ok_or_else(|| super::internal("an entry of the draft is not in its record"))?;
        self.proposal
            .add(proved, at, &selected.name, bytes, class, by)
            .map_err(|fault| ConsoleError::Invalid(sentence(&fault)))?;
        self.again(selected, at);
        Ok(())
    }

    fn show(&mut self, ready: &Ready, selected: &Selected, byte: usize, by: &str, reason: &str) -> Result<(), ConsoleError> {
        let (at, row) = (self.at(selected)?, &selected.entry);
        let proved =
            entry(ready, &row.log, row.seq).ok_or_else(|| super::internal("an entry of the draft is not in its record"))?;
        // What is hidden are whole tokens; the removal itself may begin within the first.
        let hidden = self.removals(&selected.entry, &selected.name);
        let range = hidden
            .iter()
            .find(|(range, _)| range.contains(&byte))
            .map(|(range, _)| range.clone());
        let overlapping = |span: &&Span| {
            range
                .as_ref()
                .is_some_and(|range| span.bytes.start < range.end && range.start < span.bytes.end)
        };
        let spans: Vec<usize> = self
            .proposal
            .spans(at, &selected.name)
            .iter()
            .filter(overlapping)
            .map(|span| span.bytes.start)
            .collect();
        if spans.is_empty() {
            return Err(ConsoleError::Invalid(
                "Nothing is hidden there, so nothing can be shown again.".to_owned(),
            ));
        }
        for start in spans {
            self.proposal
                .restore(proved, at, &selected.name, start, by, reason)
                .map_err(|fault| ConsoleError::Invalid(sentence(&fault)))?;
        }
        self.again(selected, at);
        Ok(())
    }

    fn at(&self, selected: &Selected) -> Result<usize, ConsoleError> {
        let row = &selected.entry;
        let found = self
            .places
            .iter()
            .position(|(log, seq)| *log == row.log && seq.get() == row.seq);
        found.ok_or_else(|| super::internal("an entry of the draft was not scrubbed"))
    }

    /// Computes anew what of this text does not leave.
    fn again(&mut self, selected: &Selected, at: usize) {
        let row = &selected.entry;
        let hidden = hidden_bytes(&selected.name, &selected.words, self.proposal.spans(at, &selected.name));
        self.removals
            .insert((row.log.clone(), row.seq, selected.name.clone()), hidden);
    }

    fn view(&self, rows: Vec<u32>) -> ScrubView {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for (_, label) in self.removals.values().flatten() {
            *counts.entry(label.class.as_str()).or_default() += 1;
        }
        let measure = &self.proposal.measure;
        let below = measure.below();
        let class = |class: Class| {
            let planted = measure.classes.get(class.name()).copied().unwrap_or_default();
            ScrubClass {
                class: class.name().to_owned(),
                removals: counts.get(class.name()).copied().unwrap_or(0),
                planted: planted.planted,
                found: planted.found,
                below: below.contains(&class.name()),
            }
        };
        let mut classes: Vec<ScrubClass> = Class::ALL.into_iter().map(class).collect();
        classes.sort_by_key(|class| (!class.below, std::cmp::Reverse(class.removals)));
        ScrubView {
            rules: measure.rules.clone(),
            removals: counts.values().sum(),
            classes,
            least_per_mille: measure.least_per_mille,
            blocked: blocked(measure),
            rows,
            restored: self.proposal.restored().iter().map(restored).collect(),
            fixed: FIXED.to_owned(),
        }
    }
}

fn entry<'a>(ready: &'a Ready, log: &str, seq: u64) -> Option<&'a ProvedEntry> {
    let part = ready.parts.iter().find(|part| part.checkpoint.origin == log)?;
    let found = part.entries.binary_search_by_key(&seq, |proved| proved.entry.seq.get());
    found.ok().and_then(|at| part.entries.get(at))
}

fn restored(one: &Restored) -> RestoredRow {
    RestoredRow {
        class: one.class.clone(),
        rule: marked_line(&one.by),
        by: marked_line(&one.restored_by),
        reason: marked_line(&one.reason),
    }
}

/// Why nothing may leave scrubbed, and what to do.
fn blocked(measure: &ScrubMeasure) -> Option<String> {
    let told: Vec<String> = measure
        .below()
        .into_iter()
        .map(|class| {
            let Planted { planted, found } = measure.classes.get(class).copied().unwrap_or_default();
            format!("{found} of {planted} of class {class}")
        })
        .collect();
    if told.is_empty() {
        return None;
    }
    Some(format!(
        "Nothing leaves scrubbed. Made-up identifiers were planted in a copy of this record, and the rules found too few of them: {} \
         ({} % have to be found). What they missed there they may have missed in the record too. Hand over a shorter record, or the \
         complete one to somebody who is entitled to it; newer rules come with newer versions of this program.",
        told.join(", "),
        measure.least_per_mille / 10
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scrub_that_finds_too_little_says_what_to_do() {
        let class = |planted, found| Planted { planted, found };
        let mut measure = ScrubMeasure {
            rules: "1".to_owned(),
            classes: BTreeMap::from([("email".to_owned(), class(40, 40)), ("host".to_owned(), class(40, 31))]),
            least_per_mille: 950,
        };
        let words = blocked(&measure).unwrap_or_default();
        assert!(
            words.contains("31 of 40 of class host") && words.contains("95 %") && !words.contains("email"),
            "{words}"
        );
        measure.classes.insert("host".to_owned(), class(40, 39));
        assert_eq!(blocked(&measure), None);
    }
}
