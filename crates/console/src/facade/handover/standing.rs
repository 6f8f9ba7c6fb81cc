//! How an open snapshot stands: what it is called, who gave which verdict, why this person cannot attest it.

use super::draft::{Draft, full};
use super::verdict::{took_part, verdict};
use super::{Own, endpoint_of};
use crate::view::{DraftLog, DraftView, ReviewRow, ReviewState};
use caisey_protocol::handover::ReviewView;
use caisey_transcript::attestation::{SENTENCE, Verdict, state};
use caisey_transcript::moment;
use caisey_transcript::snapshot::{Scope, Snapshot, SnapshotState};
use caisey_transcript::visible::marked_line;

impl Draft {
    pub(super) fn view(&self, name: &str, own: Option<&Own>) -> DraftView {
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
