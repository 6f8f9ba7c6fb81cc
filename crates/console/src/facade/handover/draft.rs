//! A snapshot that is open on this console: its rows, and for how long each was on the screen.
//!
//! A draft keeps the very bytes that were proved when it was opened, so that what is attested is what was shown, whatever the log does
//! meanwhile. Leaves out: which are open ([`super::desk`]), and how they stand ([`super::standing`]).

use super::pieces::{self, Removals};
use super::scrub::Scrub;
use super::{Question, Ready, internal};
use crate::error::ConsoleError;
use crate::view::{CoverageView, DraftRow, DraftText, Shown};
use caisey_ledger::id::Seq;
use caisey_protocol::handover::ReviewView;
use caisey_transcript::attestation::Coverage;
use caisey_transcript::rows::{Row, RowPiece, RowText};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// An entry counts as seen once each of its parts was on the screen for this long.
const LEAST_SHOWN_MS: u64 = 300;

/// A row of the list: an entry, or a part of one.
pub(super) struct Slice {
    entry: usize,
    part: usize,
    parts: usize,
}

/// See the module's text.
pub(super) struct Draft {
    pub(super) question: Question,
    pub(super) ready: Arc<Ready>,
    /// Entries, in order.
    pub(super) entries: Vec<Row>,
    /// Parts of each text, by entry and text.
    cuts: Vec<Vec<Vec<Range<usize>>>>,
    pub(super) slices: Vec<Slice>,
    /// For how long each slice was on the screen.
    shown_ms: Vec<u64>,
    told_at_ms: u64,
    /// When what was seen was kept last.
    pub(super) kept_at_ms: u64,
    pub(super) digest: String,
    pub(super) reviews: Vec<ReviewView>,
    pub(super) scrub: Option<Scrub>,
}

/// The text, when it is there in full.
pub(super) fn full(text: &RowText) -> Option<&str> {
    match text.pieces.as_slice() {
        [RowPiece::Shown { text }] => Some(text),
        [] if !text.withheld => Some(""),
        _ => None,
    }
}

impl Draft {
    pub(super) fn new(question: Question, ready: Ready, reviews: Vec<ReviewView>) -> Result<Self, ConsoleError> {
        let entries = ready.transcript().rows;
        let cuts: Vec<Vec<Vec<Range<usize>>>> = entries
            .iter()
            .map(|row| {
                row.texts
                    .iter()
                    .map(|text| pieces::parts(full(text).unwrap_or_default()))
                    .collect()
            })
            .collect();
        let mut slices = Vec::new();
        for (entry, texts) in cuts.iter().enumerate() {
            let parts = texts.iter().map(Vec::len).max().unwrap_or(1);
            slices.extend((0..parts).map(|part| Slice { entry, part, parts }));
        }
        Ok(Self {
            digest: ready.snapshot().digest().map_err(internal)?,
            shown_ms: vec![0; slices.len()],
            question,
            ready: Arc::new(ready),
            entries,
            cuts,
            slices,
            told_at_ms: 0,
            kept_at_ms: 0,
            reviews,
            scrub: None,
        })
    }

    /// Where what was seen of this snapshot is kept.
    pub(super) fn place(&self) -> String {
        format!("shown:{}", self.digest)
    }

    pub(super) fn kept(&self) -> String {
        serde_json::to_string(&self.shown_ms).unwrap_or_default()
    }

    pub(super) fn remember(&mut self, kept: &str) {
        // Parts are cut as this version cuts them; what another one counted does not fit.
        if let Ok(shown) = serde_json::from_str::<Vec<u64>>(kept)
            && shown.len() == self.shown_ms.len()
        {
            self.shown_ms = shown;
        }
    }

    pub(super) fn count(&mut self, shown: &[Shown], now_ms: u64) {
        // The first report may be of a while before it.
        let passed = match self.told_at_ms {
            0 => 5_000,
            told => now_ms.saturating_sub(told).saturating_add(250),
        };
        self.told_at_ms = now_ms;
        for one in shown {
            if let Some(total) = self.shown_ms.get_mut(one.row as usize) {
                *total = total.saturating_add(u64::from(one.ms).min(passed));
            }
        }
    }

    /// For how long each entry was on the screen, all its parts; entries that were not are not there.
    fn shown_entries(&self) -> BTreeMap<usize, u64> {
        let mut shortest: BTreeMap<usize, u64> = BTreeMap::new();
        for (slice, shown) in self.slices.iter().zip(&self.shown_ms) {
            let ms = if *shown < LEAST_SHOWN_MS { 0 } else { *shown };
            let entry = shortest.entry(slice.entry).or_insert(ms);
            *entry = (*entry).min(ms);
        }
        shortest.retain(|_, ms| *ms > 0);
        shortest
    }

    pub(super) fn coverage(&self) -> Coverage {
        let place = |(entry, ms): (usize, u64)| {
            let row = self.entries.get(entry)?;
            Some(((row.log.clone(), Seq::new(row.seq)?), ms))
        };
        let shown = self.shown_entries().into_iter().filter_map(place).collect();
        Coverage::gather(self.entries.len() as u64, &shown)
    }

    pub(super) fn coverage_view(&self) -> CoverageView {
        let entries = self.shown_entries();
        let mut runs: Vec<(u32, u32)> = Vec::new();
        let mut next = None;
        for (row, shown) in (0_u32..).zip(&self.shown_ms) {
            if *shown < LEAST_SHOWN_MS {
                next = next.or(Some(row));
                continue;
            }
            match runs.last_mut() {
                Some((_, last)) if *last + 1 == row => *last = row,
                _ => runs.push((row, row)),
            }
        }
        CoverageView {
            seen: entries.len() as u64,
            entries: self.entries.len() as u64,
            runs,
            next,
            shown_ms: entries.values().sum(),
        }
    }

    pub(super) fn row(&self, at: usize) -> Option<DraftRow> {
        let slice = self.slices.get(at)?;
        let row = self.entries.get(slice.entry)?;
        let cuts = self.cuts.get(slice.entry)?;
        let texts = row.texts.iter().zip(cuts).filter_map(|(text, parts)| {
            let part = parts.get(slice.part)?;
            let pieces = match full(text) {
                Some(words) => pieces::drawn(words, part, self.removals(row, &text.name)),
                None => pieces::drawn_redacted(&text.pieces),
            };
            Some(DraftText {
                name: text.name.clone(),
                withheld: pieces.is_empty() && full(text).is_none(),
                pieces,
            })
        });
        Some(DraftRow {
            row: u32::try_from(at).ok()?,
            hostname: self.ready.hostname(&row.log),
            seq: row.seq,
            time_ms: row.time_ms,
            kind: row.kind.clone(),
            actor_kind: row.actor_kind.clone(),
            who: row.who.clone(),
            what: row.what.clone(),
            outcome: row.outcome.clone(),
            part: u32::try_from(slice.part + 1).ok()?,
            parts: u32::try_from(slice.parts).ok()?,
            texts: texts.collect(),
            seen: self.shown_ms.get(at).is_some_and(|shown| *shown >= LEAST_SHOWN_MS),
        })
    }

    fn removals(&self, row: &Row, text: &str) -> &Removals {
        self.scrub.as_ref().map_or(&[], |scrub| scrub.removals(row, text))
    }

    /// The row that an entry's text begins in at this byte.
    pub(super) fn row_of(&self, entry: usize, text: usize, byte: usize) -> Option<u32> {
        let parts = self.cuts.get(entry)?.get(text)?;
        let part = parts.iter().position(|part| part.contains(&byte))?;
        let first = self.slices.partition_point(|slice| slice.entry < entry);
        u32::try_from(first + part).ok()
    }

    /// The entry that a row shows.
    pub(super) fn entry_of(&self, row: u32) -> Option<&Row> {
        self.entries.get(self.slices.get(row as usize)?.entry)
    }
}
