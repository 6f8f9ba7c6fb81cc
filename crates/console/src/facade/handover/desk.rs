//! The snapshots that are open on this console: opened, read a run of rows at a time, put away.
//!
//! What was on the screen is counted in the draft, not in the page, and kept in the cache for when the reviewer comes back.

use super::Question;
use super::draft::Draft;
use crate::cache::schema;
use crate::error::ConsoleError;
use crate::facade::{Access, Console};
use crate::gather::Notes;
use crate::sync::engine::blocking;
use crate::view::{CoverageView, DraftRow, DraftView, RecordOf, Shown};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
}

impl crate::facade::Inner {
    /// Puts everything away without keeping what was seen of it.
    pub(in crate::facade) fn clear_desk(&self) {
        self.desk().open.clear();
        *locked(&self.table) = None;
    }

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
