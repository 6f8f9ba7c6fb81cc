//! Logs that somebody looks at: each streams over a socket of its own, without the directory's detour.

use super::engine::Engine;
use super::witness::Page;
use crate::cache::session;
use caisey_client::socket::watch_log;
use caisey_ledger::id::{EndpointId, Seq};
use caisey_protocol::watch::LogEvent;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

impl Engine {
    pub(super) async fn keep_watches(self: Arc<Self>) {
        let mut running: HashMap<String, tokio::task::AbortHandle> = HashMap::new();
        let mut tasks: JoinSet<()> = JoinSet::new();
        loop {
            let sessions: Vec<String> = self.hub.state().looks.keys().cloned().collect();
            let endpoints = self
                .with_cache(move |cache| {
                    cache.read(|cache| {
                        let known = |session: &String| session::row(cache, session).ok();
                        let seen = sessions.iter().filter_map(known).map(|row| (row.endpoint, row.last_seq + 1));
                        Ok(seen.collect::<BTreeMap<String, u64>>())
                    })
                })
                .await
                .unwrap_or_default();
            running.retain(|endpoint, task| {
                let stay = endpoints.contains_key(endpoint) && !task.is_finished();
                if !stay {
                    task.abort();
                }
                stay
            });
            for (endpoint, end) in endpoints {
                self.compare_soon(&endpoint, end);
                let engine = Arc::clone(&self);
                running
                    .entry(endpoint.clone())
                    .or_insert_with(|| tasks.spawn(async move { engine.watch(&endpoint).await }));
            }
            tokio::select! {
                () = self.watches_due.notified() => {}
                Some(_) = tasks.join_next(), if !tasks.is_empty() => tokio::time::sleep(Duration::from_millis(500)).await,
            }
        }
    }

    /// Follows one log until its connection ends. The directory's socket tells what is missed meanwhile.
    async fn watch(self: &Arc<Self>, endpoint: &str) {
        if let Err(error) = self.synchronise(endpoint).await {
            self.log_failure(endpoint, &error);
            return;
        }
        let (Ok(id), Ok(Some(row))) = (endpoint.parse::<EndpointId>(), self.row(endpoint).await) else {
            return;
        };
        let Some(from) = Seq::new(row.cached_size).filter(|_| row.broken_from.is_none()) else {
            return;
        };
        let opened = self
            .open(|address, token| {
                let id = id.clone();
                async move { watch_log(&address, &token, &id, from).await }
            })
            .await;
        let Ok(mut receiver) = opened else { return };
        while let Ok(event) = receiver.recv().await {
            match event {
                LogEvent::Records {
                    from,
                    records,
                    checkpoint,
                } => {
                    let page = Page {
                        from: from.get(),
                        records,
                        checkpoint,
                        is_current: false,
                    };
                    let lock = self.lock_of(endpoint);
                    let held = lock.lock().await;
                    let taken = self.take(endpoint, page).await;
                    drop(held);
                    match taken {
                        Ok(taken) if taken.broken.is_some() => return,
                        Ok(taken) if taken.gap || taken.verified_size < taken.size => self.want(endpoint),
                        Ok(_) => {}
                        Err(error) => {
                            self.log_failure(endpoint, &error);
                            return;
                        }
                    }
                }
                LogEvent::Cosigned(cosigned) => {
                    if let Err(error) = self.compare(endpoint, vec![cosigned]).await {
                        self.log_failure(endpoint, &error);
                    }
                }
                // The log's own entry about the erasure destroys the text here.
                LogEvent::Erased { .. } | LogEvent::Accepted { .. } => self.want(endpoint),
                LogEvent::Error(_) => return,
            }
        }
    }
}
