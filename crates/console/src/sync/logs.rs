//! Bringing logs up to date: page by page, the next on its way while one is checked and stored.
//!
//! Promises: one intake per log at a time; everything is asked for by sequence number, so nothing is lost by a lost connection; the last
//! entry that is held comes again, so that another one in its place is found before what follows it.

use super::engine::Engine;
use super::witness::{Page, Taken, chain, check_page, take_in};
use crate::cache::log;
use crate::error::ConsoleError;
use crate::view::SyncProgress;
use caisey_client::error::ApiError;
use caisey_ledger::id::{EndpointId, Seq};
use std::sync::Arc;
use tokio::task::JoinSet;

/// Records asked for at once.
const PAGE: u32 = 1_000;

/// Logs that are synchronised at the same time.
const AT_ONCE: usize = 3;

type Fetched = Result<(Page, u64), ApiError>;
type Fetch = std::pin::Pin<Box<dyn Future<Output = Fetched> + Send>>;

/// A page on its way; dropping this gives it up.
struct Ahead(JoinSet<Fetched>);

impl Ahead {
    fn spawn(fetch: Fetch) -> Self {
        let mut task = JoinSet::new();
        task.spawn(fetch);
        Self(task)
    }

    async fn page(mut self) -> Fetched {
        let stopped = |why: String| Err(ApiError::NoAnswer(why));
        match self.0.join_next().await {
            Some(Ok(fetched)) => fetched,
            Some(Err(error)) => stopped(error.to_string()),
            None => stopped("the page was not asked for".to_owned()),
        }
    }
}

impl Engine {
    pub(super) async fn keep_logs(self: Arc<Self>) {
        let mut running: JoinSet<()> = JoinSet::new();
        loop {
            while running.len() < AT_ONCE {
                let Some(endpoint) = self.state().wanted.pop_first() else {
                    break;
                };
                let engine = Arc::clone(&self);
                running.spawn(async move {
                    if let Err(error) = engine.synchronise(&endpoint).await {
                        engine.log_failure(&endpoint, &error);
                    }
                });
            }
            tokio::select! {
                () = self.wake.notified(), if running.len() < AT_ONCE => {}
                Some(_) = running.join_next(), if !running.is_empty() => {}
            }
            if running.is_empty() && self.state().wanted.is_empty() && self.hub.state().sync.take().is_some() {
                self.hub.overview_due.notify_one();
            }
        }
    }

    pub(super) fn log_failure(&self, endpoint: &str, error: &ConsoleError) {
        match error {
            ConsoleError::Offline { why } => tracing::info!(endpoint, why, "synchronisation interrupted"),
            other => tracing::warn!(endpoint, error = chain(other), "synchronisation failed"),
        }
    }

    pub(super) fn lock_of(&self, endpoint: &str) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(self.state().locks.entry(endpoint.to_owned()).or_default())
    }

    /// Brings one log up to date.
    pub(crate) async fn synchronise(self: &Arc<Self>, endpoint: &str) -> Result<(), ConsoleError> {
        let id: EndpointId = endpoint
            .parse()
            .map_err(|_| ConsoleError::Invalid(format!("{endpoint} is not an endpoint")))?;
        let lock = self.lock_of(endpoint);
        let _held = lock.lock().await;
        let mut at = match self.row(endpoint).await? {
            Some(row) if row.broken_from.is_none() => {
                self.round_grows(row.log_size.saturating_sub(row.cached_size));
                // The last entry that we hold comes again: another one in its place is a fork, and is best found before what follows it.
                row.cached_size.saturating_sub(1)
            }
            _ => return Ok(()),
        };
        let mut next = self.fetch(&id, at);
        loop {
            let (page, size) = match next.await {
                Ok(found) => found,
                Err(error) => return self.head_only(&id, at, error).await,
            };
            let end = page.from.saturating_add(page.records.len() as u64);
            // The next page travels while this one is checked and stored.
            let more = end < size && !page.records.is_empty();
            next = self.fetch(&id, end);
            let ahead = more.then(|| Ahead::spawn(next));
            let taken = self.take(endpoint, page).await?;
            self.round_moves(taken.stored);
            at = taken.size;
            match ahead {
                Some(ahead) if taken.broken.is_none() && taken.size == end => next = Box::pin(ahead.page()),
                Some(_) => return Ok(()),
                None => return Ok(()),
            }
        }
    }

    pub(super) async fn row(&self, endpoint: &str) -> Result<Option<log::LogRow>, ConsoleError> {
        let endpoint = endpoint.to_owned();
        self.with_cache(move |cache| cache.read(|cache| log::of_endpoint(cache, &endpoint)))
            .await
    }

    fn fetch(self: &Arc<Self>, endpoint: &EndpointId, from: u64) -> Fetch {
        let (engine, endpoint) = (Arc::clone(self), endpoint.clone());
        Box::pin(async move {
            let from = Seq::new(from).ok_or_else(|| ApiError::NoAnswer("the log is longer than logs can be".to_owned()))?;
            let page = engine.api.entries(&endpoint, from, Some(PAGE)).await?;
            let size = page.size;
            Ok((
                Page {
                    from: page.from.get(),
                    records: page.records,
                    checkpoint: page.checkpoint,
                    is_current: true,
                },
                size,
            ))
        })
    }

    /// A control plane that cannot give what follows may have less than we hold: its checkpoint tells.
    async fn head_only(self: &Arc<Self>, id: &EndpointId, at: u64, error: ApiError) -> Result<(), ConsoleError> {
        if at == 0 || !matches!(&error, ApiError::Refused { .. }) {
            return Err(error.into());
        }
        let Ok(note) = self.api.checkpoint(id).await else {
            return Err(error.into());
        };
        self.take(
            id.as_str(),
            Page {
                from: at,
                records: Vec::new(),
                checkpoint: note,
                is_current: true,
            },
        )
        .await?;
        Ok(())
    }

    /// Checks a page and takes it into the cache. The caller holds the log's lock.
    pub(super) async fn take(self: &Arc<Self>, endpoint: &str, page: Page) -> Result<Taken, ConsoleError> {
        let owed = self.state().owed.get(endpoint).cloned().unwrap_or_default();
        let (key, now_ms, name) = (self.key, self.now_ms(), endpoint.to_owned());
        let taken = self
            .with_cache(move |cache| {
                let row = cache.read(|cache| log::of_endpoint(cache, &name))?;
                let row = row.ok_or_else(|| ConsoleError::NotFound {
                    what: "endpoint",
                    id: name.clone(),
                })?;
                take_in(cache, row.log, check_page(page), &key, &owed, now_ms)
            })
            .await?;
        if let Some(owed) = self.state().owed.get_mut(endpoint) {
            owed.retain(|size, _| *size > taken.size);
        }
        if taken.verified_size > 0 && taken.broken.is_none() {
            self.cosign_soon(endpoint);
        }
        if taken.broken.is_some() {
            self.hub.overview_due.notify_one();
        }
        self.hub.sessions_changed(taken.sessions.iter().cloned());
        Ok(taken)
    }

    fn round_grows(&self, by: u64) {
        if by > 0 {
            let mut state = self.hub.state();
            let sync = state.sync.get_or_insert(SyncProgress { done: 0, total: 0 });
            sync.total += by;
        }
    }

    fn round_moves(&self, by: u64) {
        let mut state = self.hub.state();
        if let Some(sync) = &mut state.sync {
            sync.done += by;
            sync.total = sync.total.max(sync.done);
        }
    }
}
