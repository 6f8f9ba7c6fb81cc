//! Reading: everything here answers from the cache and works with the network unplugged.

use super::sign_in::key_bytes;
use super::work::{endpoint_id, until_cached};
use super::{Access, Console};
use crate::cache::{cosignature, history, log, page, proof, schema, search, session, strip};
use crate::error::ConsoleError;
use crate::sync::again;
use crate::sync::compare::{Compared, compare, compare_in};
use crate::sync::engine::blocking;
use crate::view::{
    CommandMark, SearchQuery, SearchResult, SessionDetail, SessionFilter, SessionHead, SessionPage, SessionProof, SessionRow,
    VerifyProgress,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Stops long work. Clones are the same flag.
#[derive(Debug, Clone, Default)]
pub struct CancelFlag(Arc<AtomicBool>);

impl CancelFlag {
    /// Asks the work to stop soon.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Console {
    /// Sessions, newest first.
    ///
    /// # Errors
    /// Disk.
    pub async fn sessions(&self, filter: SessionFilter) -> Result<Vec<SessionRow>, ConsoleError> {
        self.inner.read(move |cache| session::list(cache, &filter)).await
    }

    /// A session in full.
    ///
    /// # Errors
    /// Unknown session, disk.
    pub async fn session_detail(&self, session: &str) -> Result<SessionDetail, ConsoleError> {
        let name = session.to_owned();
        let detail = self.inner.read(move |cache| session::detail(cache, &name)).await?;
        if let Some(look) = self.inner.hub.state().looks.get_mut(session) {
            let unverified = detail
                .items
                .iter()
                .find(|item| item.verification == crate::view::Verification::Unverified);
            look.next_seq = unverified.or(detail.items.last()).map_or(0, |item| item.seq);
        }
        Ok(detail)
    }

    /// A session of any length, at once: its summary and where the pages of its timeline begin.
    ///
    /// # Errors
    /// Unknown session, disk.
    pub async fn session_head(&self, session: &str) -> Result<SessionHead, ConsoleError> {
        let name = session.to_owned();
        let (head, next_seq) = self
            .inner
            .read(move |cache| {
                let head = page::head(cache, &name)?;
                let verified = log::of_endpoint(cache, &head.row.endpoint)?.map_or(0, |log| log.verified_size);
                let next_seq = verified.clamp(head.row.first_seq, head.row.last_seq.max(head.row.first_seq));
                Ok((head, next_seq))
            })
            .await?;
        if let Some(look) = self.inner.hub.state().looks.get_mut(session) {
            look.next_seq = next_seq;
        }
        Ok(head)
    }

    /// The entries of a session's timeline from one sequence number on, before another; without one, to the end.
    ///
    /// # Errors
    /// Unknown session, disk.
    pub async fn session_page(&self, session: &str, from_seq: u64, before_seq: Option<u64>) -> Result<SessionPage, ConsoleError> {
        let name = session.to_owned();
        self.inner
            .read(move |cache| page::page(cache, &name, from_seq, before_seq))
            .await
    }

    /// A session's commands for the strip above its timeline.
    ///
    /// # Errors
    /// Unknown session, disk.
    pub async fn session_commands(&self, session: &str) -> Result<Vec<CommandMark>, ConsoleError> {
        let name = session.to_owned();
        self.inner.read(move |cache| strip::commands(cache, &name)).await
    }

    /// What a session's record amounts to. Looks at every entry of it.
    ///
    /// # Errors
    /// Unknown session, disk.
    pub async fn session_proof(&self, session: &str) -> Result<SessionProof, ConsoleError> {
        let name = session.to_owned();
        self.inner.read(move |cache| proof::proof(cache, &name)).await
    }

    /// From now on, and until as many [`Console::look_away`]s, this session's new entries arrive as events, without delay while online.
    pub fn look_at(&self, session: &str) {
        {
            let mut state = self.inner.hub.state();
            state.looks.entry(session.to_owned()).or_default().watchers += 1;
            state.changed_sessions.insert(session.to_owned());
        }
        self.inner.hub.sessions_due.notify_one();
        if let Ok(engine) = self.inner.engine() {
            engine.looks_changed();
        }
    }

    /// The opposite of [`Console::look_at`].
    pub fn look_away(&self, session: &str) {
        {
            let mut state = self.inner.hub.state();
            if let Some(look) = state.looks.get_mut(session) {
                look.watchers = look.watchers.saturating_sub(1);
            }
            state.looks.retain(|_, look| look.watchers > 0);
        }
        if let Ok(engine) = self.inner.engine() {
            engine.looks_changed();
        }
    }

    /// Finds entries by text and filters, newest first. An empty text lists by filters alone.
    ///
    /// # Errors
    /// Disk.
    pub async fn search(&self, query: SearchQuery) -> Result<SearchResult, ConsoleError> {
        let begun = Instant::now();
        let mut result = self.inner.read(move |cache| search::search(cache, &query)).await?;
        result.took_ms = begun.elapsed().as_secs_f64() * 1_000.0;
        Ok(result)
    }

    /// Commands proposed before that start with `prefix` (exact case), newest first, each once; on one endpoint or on all.
    ///
    /// # Errors
    /// Disk.
    pub async fn command_history(&self, endpoint: Option<&str>, prefix: &str, limit: u32) -> Result<Vec<String>, ConsoleError> {
        let (endpoint, prefix) = (endpoint.map(str::to_owned), prefix.to_owned());
        self.inner
            .read(move |cache| history::commands(cache, endpoint.as_deref(), &prefix, limit))
            .await
    }

    /// Checks a cached log again from its bytes: signatures, commitments, tree, checkpoints. Replaces what was known of each entry.
    /// `progress` is called at least every thousand entries.
    ///
    /// # Errors
    /// Unknown endpoint, disk, stopped.
    pub async fn verify_again(
        &self,
        endpoint: &str,
        cancel: CancelFlag,
        progress: impl Fn(VerifyProgress) + Send + Sync + 'static,
    ) -> Result<VerifyProgress, ConsoleError> {
        if self.inner.config.access == Access::ReadOnly {
            return Err(ConsoleError::ReadOnly);
        }
        let (cache, endpoint, now_ms) = (self.inner.cache()?, endpoint.to_owned(), self.inner.ports.clock.now_ms());
        let found = blocking(move || {
            let pinned = cache.read(|cache| schema::get(cache, "pinned"))?;
            let key = pinned
                .as_deref()
                .and_then(|pinned| pinned.split_once(' '))
                .and_then(|(_, key)| key_bytes(key));
            let key = key.ok_or(ConsoleError::SignedOut)?;
            again::verify_again(&cache, &endpoint, &key, now_ms, &cancel, &progress)
        })
        .await;
        self.inner.hub.changed();
        found
    }

    /// The session's record in a form that a stranger can check (docs/formats/session-export.md): UTF-8 JSON. `progress` hears how many of
    /// how many steps are done, at least every thousand.
    ///
    /// # Errors
    /// Unknown session, disk, stopped.
    pub async fn export_session_json(
        &self,
        session: &str,
        cancel: CancelFlag,
        progress: impl Fn(u64, u64) + Send + 'static,
    ) -> Result<Vec<u8>, ConsoleError> {
        let (session, now_ms) = (session.to_owned(), self.inner.ports.clock.now_ms());
        let tell = move |done, total| {
            progress(done, total);
            match cancel.is_cancelled() {
                true => Err(ConsoleError::Cancelled),
                false => Ok(()),
            }
        };
        self.inner
            .read(move |cache| crate::export::session_json(cache, &session, now_ms, &tell))
            .await
    }

    /// Holds a checkpoint that somebody else was given (a C2SP signed note, perhaps cosigned) against what this console has verified. This is
    /// how two consoles find out that they were shown different histories without asking the one who showed them.
    ///
    /// # Errors
    /// No such log here, disk. For reading only, a difference is told and not kept.
    pub async fn compare_checkpoint(&self, note: &str) -> Result<Compared, ConsoleError> {
        let writes = self.inner.config.access == Access::ReadWrite;
        let (cache, note, now_ms) = (self.inner.cache()?, note.to_owned(), self.inner.ports.clock.now_ms());
        let found = blocking(move || {
            let origin = match caisey_ledger::checkpoint::Checkpoint::read(&note) {
                Ok(checkpoint) => checkpoint.origin,
                Err(error) => return Ok(Compared::Unusable(error.to_string())),
            };
            let (key, row) = cache.read(|cache| {
                let endpoint = origin.rsplit('/').next().unwrap_or_default();
                Ok((schema::get(cache, "pinned")?, log::of_endpoint(cache, endpoint)?))
            })?;
            let row = row.filter(|row| row.origin == origin).ok_or_else(|| ConsoleError::NotFound {
                what: "log",
                id: origin.clone(),
            })?;
            let key = key
                .as_deref()
                .and_then(|pinned| pinned.split_once(' '))
                .and_then(|(_, key)| key_bytes(key))
                .ok_or(ConsoleError::SignedOut)?;
            match writes {
                true => compare(&cache, row.log, &note, &[], &key, now_ms),
                false => cache.read(|cache| compare_in(cache, row.log, &note, &[], &key, None)),
            }
        })
        .await;
        self.inner.hub.changed();
        found
    }

    /// The newest checkpoint of an endpoint's log that this console has verified, with all cosignatures: to be given to somebody else for
    /// [`Console::compare_checkpoint`]. None when nothing was verified yet.
    ///
    /// # Errors
    /// Unknown endpoint, disk.
    pub async fn newest_checkpoint(&self, endpoint: &str) -> Result<Option<String>, ConsoleError> {
        let endpoint = endpoint.to_owned();
        self.inner
            .read(move |cache| {
                let row = log::of_endpoint(cache, &endpoint)?.ok_or_else(|| ConsoleError::NotFound {
                    what: "endpoint",
                    id: endpoint.clone(),
                })?;
                let best = cosignature::best_covering(cache, row.log, row.verified_size)?;
                Ok(best.map(|(checkpoint, _)| checkpoint.note))
            })
            .await
    }

    /// Waits until everything that the control plane had when this was called is in the cache, of one endpoint or of all.
    ///
    /// # Errors
    /// Not signed in; `Offline` when `within` has passed.
    pub async fn wait_synchronised(&self, endpoint: Option<&str>, within: Duration) -> Result<(), ConsoleError> {
        let engine = self.inner.engine()?;
        let wait = async {
            let targets = match endpoint {
                Some(endpoint) => vec![engine.api.endpoint(&endpoint_id(endpoint)?).await?],
                None => engine.api.endpoints().await?,
            };
            for target in targets {
                until_cached(&engine, target.endpoint.as_str(), target.log_size).await?;
            }
            Ok(())
        };
        let late = || {
            Err(ConsoleError::Offline {
                why: format!("the cache was not up to date within {} s", within.as_secs()),
            })
        };
        tokio::time::timeout(within, wait).await.unwrap_or_else(|_| late())
    }
}
