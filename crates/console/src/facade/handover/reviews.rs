//! What reviewers said of a record: asked of the control plane while online, kept for when it is not; and the tree heads under which a
//! reviewed snapshot stands, so that what is handed over is what was reviewed.

use super::{Question, endpoint_of, internal};
use crate::cache::{log, schema};
use crate::error::ConsoleError;
use crate::facade::work::endpoint_id;
use crate::facade::{Access, Console};
use crate::gather::Notes;
use crate::sync::engine::blocking;
use caisey_ledger::checkpoint::Checkpoint;
use caisey_protocol::handover::ReviewView;
use caisey_transcript::snapshot::{LogRange, Snapshot};

impl Console {
    /// Reviews of a session's or a period's snapshots, oldest first.
    pub(super) async fn known_reviews(&self, question: &Question) -> Result<Vec<ReviewView>, ConsoleError> {
        let of = match question {
            Question::Session(session) => session.clone(),
            Question::Period { from_ms, to_ms, .. } => format!("period:{from_ms}:{to_ms}"),
        };
        let place = format!("reviews:{of}");
        if let Ok(engine) = self.inner.engine()
            && let Ok(reviews) = engine.api.reviews(&of).await
        {
            if self.inner.config.access == Access::ReadWrite {
                let (cache, text) = (self.inner.cache()?, serde_json::to_string(&reviews).map_err(internal)?);
                blocking(move || cache.write(|tx| schema::put(tx, &place, &text))).await?;
            }
            return Ok(reviews);
        }
        let kept = self.inner.read(move |cache| schema::get(cache, &place)).await?;
        kept.map_or(Ok(Vec::new()), |text| serde_json::from_str(&text).map_err(internal))
    }

    /// The tree heads of the newest reviewed snapshot of the same entries, when they are others than those at hand.
    pub(super) async fn reviewed_notes(&self, here: &Snapshot, known: &[ReviewView]) -> Result<Option<Notes>, ConsoleError> {
        for review in known.iter().rev() {
            let Ok(reviewed) = Snapshot::parse(&review.snapshot_text) else {
                continue;
            };
            if reviewed == *here {
                return Ok(None);
            }
            if !same_entries(&reviewed, here) {
                continue;
            }
            let mut notes = Notes::new();
            for range in &reviewed.logs {
                if let Some(note) = self.note_of(range).await? {
                    notes.insert(range.log.clone(), note);
                }
            }
            return Ok((notes.len() == reviewed.logs.len()).then_some(notes));
        }
        Ok(None)
    }

    /// The signed tree head of this size: from the cache, or asked for.
    async fn note_of(&self, range: &LogRange) -> Result<Option<String>, ConsoleError> {
        let (endpoint, size) = (endpoint_of(&range.log).to_owned(), range.size);
        let wanted = endpoint.clone();
        let read = move |cache: &rusqlite::Connection| {
            let log = log::of_endpoint(cache, &wanted)?;
            let covering = log.map(|log| log::checkpoint_covering(cache, log.log, size)).transpose()?;
            let same = covering.flatten().filter(|stored| stored.size == size);
            Ok(same.map(|stored| stored.note))
        };
        if let Some(note) = self.inner.read(read).await? {
            return Ok(Some(note));
        }
        let Ok(engine) = self.inner.engine() else {
            return Ok(None);
        };
        let answer = engine.api.prove_consistency(&endpoint_id(&endpoint)?, size, size).await?;
        let is_it = Checkpoint::read(&answer.checkpoint).is_ok_and(|checkpoint| checkpoint.root == range.root);
        Ok(is_it.then_some(answer.checkpoint))
    }
}

/// Whether two snapshots are of the same entries of the same logs, whatever their tree heads.
fn same_entries(a: &Snapshot, b: &Snapshot) -> bool {
    let entries = |range: &LogRange| (range.log.clone(), range.first_seq, range.last_seq);
    a.scope == b.scope && a.logs.iter().map(entries).eq(b.logs.iter().map(entries))
}
