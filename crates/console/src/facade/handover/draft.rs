//! Snapshots that are open on this console: read row by row, with a record of what was on the screen, attested or refused.
//!
//! A draft keeps the very bytes that were proved when it was opened, so that what is attested is what was shown, whatever the log does
//! meanwhile. What was on the screen is counted here, not in the page, and kept in the cache for when the reviewer comes back.

use super::pieces::{self, Removals};
use super::scrub::Scrub;
use super::{Own, Question, Ready, endpoint_of, internal, seal, sentence};
use crate::cache::schema;
use crate::error::ConsoleError;
use crate::facade::{Access, Console};
use crate::gather::Notes;
use crate::sync::engine::blocking;
use crate::view::{CoverageView, DraftLog, DraftRow, DraftText, DraftView, RecordOf, ReviewRow, ReviewState, Shown};
use caisey_ledger::id::{MemberId, Seq};
use caisey_protocol::handover::{ReviewView, SubmitReview};
use caisey_transcript::attestation::{Coverage, Review, Reviewer, SENTENCE, Verdict, participants, state};
use caisey_transcript::moment;
use caisey_transcript::rows::{Row, RowPiece, RowText};
use caisey_transcript::snapshot::{Scope, Snapshot, SnapshotState};
use caisey_transcript::visible::marked_line;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// An entry counts as seen once each of its parts was on the screen for this long.
const LEAST_SHOWN_MS: u64 = 300;
/// Between two times that what was seen is kept.
const KEPT_EVERY_MS: u64 = 10_000;
/// Drafts that may be open at once; the oldest makes room.
const MOST_OPEN: usize = 6;

/// The open drafts.
#[derive(Default)]
pub(in crate::facade) struct Desk {
    opened: u64,
    open: Vec<(String, Arc<Mutex<Draft>>)>,
}

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
    slices: Vec<Slice>,
    /// For how long each slice was on the screen.
    shown_ms: Vec<u64>,
    told_at_ms: u64,
    kept_at_ms: u64,
    digest: String,
    pub(super) reviews: Vec<ReviewView>,
    pub(super) scrub: Option<Scrub>,
}

impl Console {
    /// Opens a snapshot of a record: the one that was reviewed last, if its entries are still all there are.
    ///
    /// # Errors
    /// As [`Console::transcript`].
    pub async fn open_draft(&self, of: RecordOf) -> Result<DraftView, ConsoleError> {
        let question = Question::from(of);
        let reviews = self.known_reviews(&question).await?;
        let mut ready = self.ready(&question, Notes::new()).await?;
        if let Some(notes) = self.reviewed_notes(ready.snapshot(), &reviews).await? {
            ready = self.ready(&question, notes).await?;
        }
        let mut draft = blocking(move || Draft::new(question, ready, reviews)).await?;
        let place = draft.place();
        if let Some(kept) = self.inner.read(move |cache| schema::get(cache, &place)).await? {
            draft.remember(&kept);
        }
        let name = {
            let mut desk = self.inner.desk();
            desk.opened += 1;
            let name = format!("draft-{}", desk.opened);
            desk.open.push((name.clone(), Arc::new(Mutex::new(draft))));
            if desk.open.len() > MOST_OPEN {
                desk.open.remove(0);
            }
            name
        };
        self.draft_view(&name).await
    }

    /// A draft as it stands now.
    ///
    /// # Errors
    /// It is not open.
    pub async fn draft_view(&self, name: &str) -> Result<DraftView, ConsoleError> {
        let own = self.own().await.ok().map(|(own, _)| own);
        let draft = self.inner.open_draft(name)?;
        let draft = locked(&draft);
        Ok(draft.view(name, own.as_ref()))
    }

    /// Rows of a draft, from one on.
    ///
    /// # Errors
    /// It is not open.
    pub async fn draft_rows(&self, name: &str, from: u32, count: u32) -> Result<Vec<DraftRow>, ConsoleError> {
        let draft = self.inner.open_draft(name)?;
        blocking(move || {
            let draft = locked(&draft);
            let end = (from as usize)
                .saturating_add(count.min(500) as usize)
                .min(draft.slices.len());
            Ok((from as usize..end).filter_map(|at| draft.row(at)).collect())
        })
        .await
    }

    /// Counts what was on the screen since that was last told; never more than the time that has passed.
    ///
    /// # Errors
    /// It is not open; disk.
    pub async fn draft_shown(&self, name: &str, shown: &[Shown]) -> Result<CoverageView, ConsoleError> {
        let now_ms = self.inner.ports.clock.now_ms();
        let draft = self.inner.open_draft(name)?;
        let (view, keep) = {
            let mut draft = locked(&draft);
            draft.count(shown, now_ms);
            let due = now_ms.saturating_sub(draft.kept_at_ms) >= KEPT_EVERY_MS;
            if due {
                draft.kept_at_ms = now_ms;
            }
            (draft.coverage_view(), due.then(|| (draft.place(), draft.kept())))
        };
        if let Some((place, text)) = keep {
            self.keep_shown(place, text).await?;
        }
        Ok(view)
    }

    /// Puts a draft away. What was seen of it is kept.
    ///
    /// # Errors
    /// Disk.
    pub async fn close_draft(&self, name: &str) -> Result<(), ConsoleError> {
        let Ok(draft) = self.inner.open_draft(name) else {
            return Ok(());
        };
        self.inner.desk().open.retain(|(own, _)| own != name);
        let (place, text) = {
            let draft = locked(&draft);
            (draft.place(), draft.kept())
        };
        self.keep_shown(place, text).await
    }

    async fn keep_shown(&self, place: String, text: String) -> Result<(), ConsoleError> {
        if self.inner.config.access == Access::ReadOnly {
            return Ok(());
        }
        let cache = self.inner.cache()?;
        blocking(move || cache.write(|tx| schema::put(tx, &place, &text))).await
    }

    /// Attests a draft in this person's own name, or refuses it with a reason. The control plane refuses who took part.
    ///
    /// # Errors
    /// It is not open; no reason; not signed in; the control plane refusing.
    pub async fn review_draft(&self, name: &str, refusal: Option<String>) -> Result<DraftView, ConsoleError> {
        let draft = self.inner.open_draft(name)?;
        let (ready, coverage, question) = {
            let draft = locked(&draft);
            (Arc::clone(&draft.ready), draft.coverage(), draft.question.clone())
        };
        self.submit(&ready, coverage, refusal).await?;
        let reviews = self.known_reviews(&question).await?;
        locked(&draft).reviews = reviews;
        self.draft_view(name).await
    }

    /// Attests a record without a screen, or refuses it. `shown` says for how many milliseconds each entry was looked at.
    ///
    /// # Errors
    /// Not signed in, control plane refusing, and as [`Console::transcript`].
    pub async fn review(
        &self,
        question: &Question,
        shown: &BTreeMap<(String, Seq), u64>,
        refusal: Option<String>,
    ) -> Result<ReviewView, ConsoleError> {
        let ready = self.ready(question, Notes::new()).await?;
        let rows = ready.transcript().rows;
        let in_scope = |(log, seq): &(String, Seq)| rows.iter().any(|row| row.log == *log && row.seq == seq.get());
        let shown = shown
            .iter()
            .filter(|(place, _)| in_scope(place))
            .map(|(place, ms)| (place.clone(), *ms))
            .collect();
        let kept = self
            .submit(&ready, Coverage::gather(rows.len() as u64, &shown), refusal)
            .await?;
        self.known_reviews(question).await?;
        Ok(kept)
    }

    async fn submit(&self, ready: &Ready, coverage: Coverage, refusal: Option<String>) -> Result<ReviewView, ConsoleError> {
        if refusal.as_ref().is_some_and(|reason| reason.trim().is_empty()) {
            return Err(ConsoleError::Invalid(
                "Say why you refuse it: the reason is kept with the record, under your name.".to_owned(),
            ));
        }
        let engine = self.inner.engine()?;
        let (own, key) = self.own().await?;
        let review = Review {
            verdict: match refusal {
                Some(_) => Verdict::Refused,
                None => Verdict::Attested,
            },
            sentence: if refusal.is_some() {
                String::new()
            } else {
                SENTENCE.to_owned()
            },
            reason: refusal.map(|reason| reason.trim().to_owned()),
            reviewer: Reviewer {
                member: own.member,
                device: own.device,
                name: own.name,
                role: own.role,
            },
            took_part: false,
            coverage,
            at_ms: self.now()?,
        };
        review
            .check(ready.snapshot(), &took_part(ready))
            .map_err(|fault| ConsoleError::Invalid(sentence(&fault)))?;
        let request = SubmitReview {
            snapshot: ready.snapshot().to_text().map_err(internal)?,
            envelope: seal(&review.statement(ready.snapshot()).map_err(internal)?, &key)?,
        };
        Ok(engine.api.submit_review(&request).await?)
    }
}

impl crate::facade::Inner {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        locked(&self.desk)
    }

    pub(super) fn open_draft(&self, name: &str) -> Result<Arc<Mutex<Draft>>, ConsoleError> {
        let desk = self.desk();
        let found = desk.open.iter().find(|(own, _)| own == name);
        found
            .map(|(_, draft)| Arc::clone(draft))
            .ok_or_else(|| ConsoleError::NotFound {
                what: "open snapshot",
                id: name.to_owned(),
            })
    }
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn took_part(ready: &Ready) -> BTreeMap<MemberId, Seq> {
    let snapshot = ready.snapshot();
    let inside = ready.parts.iter().flat_map(|part| {
        let range = snapshot.range(&part.checkpoint.origin);
        let entries = part.entries.iter().map(|proved| &proved.entry);
        entries.filter(move |entry| range.is_some_and(|range| range.contains(entry.seq)))
    });
    participants(&snapshot.scope, inside)
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
    fn new(question: Question, ready: Ready, reviews: Vec<ReviewView>) -> Result<Self, ConsoleError> {
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
    fn place(&self) -> String {
        format!("shown:{}", self.digest)
    }

    fn kept(&self) -> String {
        serde_json::to_string(&self.shown_ms).unwrap_or_default()
    }

    fn remember(&mut self, kept: &str) {
        // Parts are cut as this version cuts them; what another one counted does not fit.
        if let Ok(shown) = serde_json::from_str::<Vec<u64>>(kept)
            && shown.len() == self.shown_ms.len()
        {
            self.shown_ms = shown;
        }
    }

    fn count(&mut self, shown: &[Shown], now_ms: u64) {
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

    fn coverage(&self) -> Coverage {
        let place = |(entry, ms): (usize, u64)| {
            let row = self.entries.get(entry)?;
            Some(((row.log.clone(), Seq::new(row.seq)?), ms))
        };
        let shown = self.shown_entries().into_iter().filter_map(place).collect();
        Coverage::gather(self.entries.len() as u64, &shown)
    }

    fn coverage_view(&self) -> CoverageView {
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

    fn row(&self, at: usize) -> Option<DraftRow> {
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

    fn view(&self, name: &str, own: Option<&Own>) -> DraftView {
        let snapshot = self.ready.snapshot();
        let (first, last) = (self.entries.first(), self.entries.last());
        let scoped = self.ready.transcript().out_of_scope;
        let (title, about, session) = self.names();
        let of_this = || self.reviews.iter().filter(|review| review.snapshot == self.digest);
        let verdicts = of_this().filter_map(|review| verdict(review, snapshot));
        DraftView {
            draft: name.to_owned(),
            title,
            about,
            session,
            digest: self.digest.clone(),
            from_ms: first.map_or(0, |row| row.time_ms),
            to_ms: last.map_or(0, |row| row.time_ms),
            logs: snapshot.logs.iter().map(|range| self.log(range)).collect(),
            rows: u32::try_from(self.slices.len()).unwrap_or(u32::MAX),
            entries: self.entries.len() as u64,
            out_of_scope: scoped,
            state: match state(verdicts.map(|review| review.verdict)) {
                SnapshotState::Draft => ReviewState::Draft,
                SnapshotState::Attested => ReviewState::Reviewed,
                SnapshotState::Refused => ReviewState::Refused,
            },
            reviews: self.review_rows(own),
            changed: self.changed(),
            why_not_attest: self.why_not(own),
            sentence: SENTENCE.to_owned(),
            coverage: self.coverage_view(),
        }
    }

    fn log(&self, range: &caisey_transcript::snapshot::LogRange) -> DraftLog {
        DraftLog {
            endpoint: endpoint_of(&range.log).to_owned(),
            hostname: self.ready.hostname(&range.log),
            first_seq: range.first_seq.get(),
            last_seq: range.last_seq.get(),
            size: range.size,
        }
    }

    fn names(&self) -> (String, String, Option<String>) {
        let snapshot = self.ready.snapshot();
        let host = |at: usize| {
            snapshot
                .logs
                .get(at)
                .map_or_else(String::new, |range| self.ready.hostname(&range.log))
        };
        match &snapshot.scope {
            Scope::Session { session } => {
                let opened = self.entries.iter().find(|row| row.kind == "session.opened");
                let purpose = opened.and_then(|row| row.texts.iter().find(|text| text.name == "purpose"));
                let purpose = purpose.and_then(full).map(marked_line).unwrap_or_default();
                (host(0), purpose, Some(session.to_string()))
            }
            Scope::Period { from_ms, to_ms } => {
                let title = match snapshot.logs.len() {
                    1 => host(0),
                    count => format!("{count} endpoints"),
                };
                let about = format!(
                    "Everything from {} to {}",
                    moment::full(from_ms.get()),
                    moment::full(to_ms.get())
                );
                (title, about, None)
            }
        }
    }

    fn review_rows(&self, own: Option<&Own>) -> Vec<ReviewRow> {
        let rows = self.reviews.iter().rev().filter_map(|kept| {
            let snapshot = Snapshot::parse(&kept.snapshot_text).ok()?;
            let review = verdict(kept, &snapshot)?;
            Some(ReviewRow {
                who: marked_line(&review.reviewer.name),
                role: marked_line(&review.reviewer.role),
                attests: review.verdict == Verdict::Attested,
                reason: review.reason.as_deref().map(marked_line),
                at_ms: review.at_ms.get(),
                seen: review.coverage.seen,
                entries: review.coverage.entries,
                of_this: kept.snapshot == self.digest,
                own: own.is_some_and(|own| own.member == kept.member),
            })
        });
        rows.collect()
    }

    fn changed(&self) -> Option<String> {
        if self.reviews.iter().any(|review| review.snapshot == self.digest) {
            return None;
        }
        let last = self.reviews.last()?;
        let reviewed = Snapshot::parse(&last.snapshot_text).ok()?;
        let who = verdict(last, &reviewed).map(|review| marked_line(&review.reviewer.name))?;
        let (then, now) = (reviewed.logs.first()?.last_seq, self.ready.snapshot().logs.first()?.last_seq);
        Some(if then == now {
            format!(
                "{who} reviewed another state of this record. That verdict does not count for this one: it needs a review of its own."
            )
        } else {
            format!(
                "{who} reviewed this record as it stood at entry {then}. It goes on to entry {now} since, so that verdict does not count any \
                 more: the record needs a new review."
            )
        })
    }

    /// Why this person cannot attest it, told before they begin to read.
    fn why_not(&self, own: Option<&Own>) -> Option<String> {
        let Some(own) = own else {
            return Some(
                "Nobody can attest with this console yet: what proves its key has not been fetched. Sign in once while online."
                    .to_owned(),
            );
        };
        if own.role == "contact" {
            return Some("Records are attested by members of the organisation, not by a client's contact.".to_owned());
        }
        if let Some(seq) = took_part(&self.ready).get(&own.member) {
            let what = self
                .entries
                .iter()
                .find(|row| row.seq == seq.get())
                .map(|row| row.what.as_str());
            return Some(format!(
                "You took part in this work (entry {seq}: {}), so you cannot attest it. An attestation counts because somebody who did not do \
                 the work stands for the record: ask a colleague to open it on their console.",
                what.unwrap_or("see the record")
            ));
        }
        let reviewed = |review: &&ReviewView| review.snapshot == self.digest && review.member == own.member;
        self.reviews.iter().find(reviewed).map(|review| {
            format!(
                "You reviewed this snapshot on {}. A verdict is given once; a later change of the record needs a new one.",
                moment::full(review.at_ms.get())
            )
        })
    }
}

fn verdict(kept: &ReviewView, snapshot: &Snapshot) -> Option<Review> {
    Review::open(&kept.envelope, snapshot)
        .ok()
        .map(|opened| opened.statement.predicate)
}
