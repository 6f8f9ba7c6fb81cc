//! Giving a verdict on a record: attested in one's own name with this console's key, or refused with a reason.

use super::desk::locked;
use super::{Question, Ready, internal, seal, sentence};
use crate::error::ConsoleError;
use crate::facade::Console;
use crate::gather::Notes;
use crate::view::DraftView;
use caisey_ledger::id::{MemberId, Seq};
use caisey_protocol::handover::{ReviewView, SubmitReview};
use caisey_transcript::attestation::{Coverage, Review, Reviewer, SENTENCE, Verdict, participants};
use caisey_transcript::snapshot::Snapshot;
use std::collections::BTreeMap;
use std::sync::Arc;

impl Console {
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

/// Whoever took part in the work, with the first entry that shows it.
pub(super) fn took_part(ready: &Ready) -> BTreeMap<MemberId, Seq> {
    let snapshot = ready.snapshot();
    let inside = ready.parts.iter().flat_map(|part| {
        let range = snapshot.range(&part.checkpoint.origin);
        let entries = part.entries.iter().map(|proved| &proved.entry);
        entries.filter(move |entry| range.is_some_and(|range| range.contains(entry.seq)))
    });
    participants(&snapshot.scope, inside)
}

/// What was signed, when it is of this snapshot.
pub(super) fn verdict(kept: &ReviewView, snapshot: &Snapshot) -> Option<Review> {
    Review::open(&kept.envelope, snapshot)
        .ok()
        .map(|opened| opened.statement.predicate)
}
