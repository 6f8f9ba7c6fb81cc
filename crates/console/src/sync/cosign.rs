//! Cosigning what this console has verified, and comparing it with what others cosigned.
//!
//! Promises: only a checkpoint that covers exactly the tree rebuilt here is cosigned, and only further on than the last; at most one of a log a
//! second; a line is in the cache before it is sent. Cosigned checkpoints of others go through the witness: one that is not of our tree
//! breaks the log, with both as proof. Failures cost nothing but the signature: the next checkpoint makes up for it.

use super::compare::{Compared, compare};
use super::engine::Engine;
use super::witness::chain;
use crate::cache::{cosignature, log};
use crate::error::ConsoleError;
use caisey_ledger::id::EndpointId;
use caisey_ledger::witness::{cosignature_line, witness_name};
use caisey_protocol::PROTOCOL_VERSION;
use caisey_protocol::http::{Cosign, CosignedCheckpoint};
use ed25519_dalek::Signer as _;
use std::sync::Arc;
use std::time::Duration;

/// A pause between two rounds: so seldom is one log cosigned.
const EVERY: Duration = Duration::from_secs(1);

impl Engine {
    /// This log's newest checkpoint was verified.
    pub(super) fn cosign_soon(&self, endpoint: &str) {
        self.state().to_cosign.insert(endpoint.to_owned());
        self.cosign_due.notify_one();
    }

    /// Somebody wants to know who cosigned checkpoints of at least this size.
    pub(super) fn compare_soon(&self, endpoint: &str, size: u64) {
        self.state().to_compare.insert(endpoint.to_owned(), size);
        self.cosign_due.notify_one();
    }

    pub(super) async fn keep_cosigning(self: Arc<Self>) {
        loop {
            self.cosign_due.notified().await;
            let (cosign, compare) = {
                let mut state = self.state();
                (std::mem::take(&mut state.to_cosign), std::mem::take(&mut state.to_compare))
            };
            for (endpoint, size) in compare {
                self.done(&endpoint, self.ask_and_compare(&endpoint, size).await);
            }
            for endpoint in cosign {
                self.done(&endpoint, self.cosign(&endpoint).await);
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    fn done(&self, endpoint: &str, done: Result<(), ConsoleError>) {
        if let Err(error) = done {
            tracing::debug!(endpoint, error = chain(&error), "nothing was cosigned or compared");
        }
    }

    async fn ask_and_compare(&self, endpoint: &str, size: u64) -> Result<(), ConsoleError> {
        let page = self.api.cosigned(&id(endpoint)?, size).await?;
        self.compare(endpoint, page.checkpoints).await
    }

    /// Signs the newest checkpoint that was verified, when it is further on than the last, and sends the signature.
    async fn cosign(&self, endpoint: &str) -> Result<(), ConsoleError> {
        let id = id(endpoint)?;
        let name = witness_name(&format!("{}{endpoint}", self.origin), self.device.device.as_str());
        let name = name.ok_or_else(|| ConsoleError::Internal("a log without an organisation".to_owned()))?;
        let (device, now_ms) = (Arc::clone(&self.device), self.now_ms());
        let endpoint_name = endpoint.to_owned();
        let signed = self
            .with_cache(move |cache| {
                cache.write(|tx| {
                    let Some(row) = log::of_endpoint(tx, &endpoint_name)?.filter(|row| row.broken_from.is_none()) else {
                        return Ok(None);
                    };
                    let last = cosignature::newest_of(tx, row.log, &name)?;
                    let newest = log::checkpoint_at_or_below(tx, row.log, row.verified_size)?
                        .filter(|kept| kept.size == row.verified_size && last.is_none_or(|last| last < kept.size));
                    let Some(newest) = newest else { return Ok(None) };
                    let public = device.key.verifying_key().to_bytes();
                    let line = cosignature_line(&newest.note, &name, &public, now_ms / 1_000, |message| {
                        device.key.sign(message).to_bytes()
                    })
                    .map_err(|error| ConsoleError::Internal(error.to_string()))?;
                    let ours = cosignature::Cosignature {
                        size: newest.size,
                        witness: name.clone(),
                        key: crate::facade::base64_of(&public),
                        who: device.member_name.clone(),
                        line: line.clone(),
                        time_s: now_ms / 1_000,
                        kind: cosignature::Kind::ThisConsole,
                        introduced: false,
                    };
                    cosignature::keep(tx, row.log, &ours)?;
                    Ok(Some((newest.size, line)))
                })
            })
            .await?;
        let Some((size, cosignature)) = signed else { return Ok(()) };
        let offered = Cosign {
            version: PROTOCOL_VERSION,
            size,
            key: crate::facade::base64_of(self.device.key.verifying_key().as_bytes()),
            cosignature,
        };
        let page = self.api.cosign(&id, &offered).await?;
        // Others sign a moment later.
        self.compare_soon(endpoint, size);
        self.compare(endpoint, page.checkpoints).await
    }

    /// Holds checkpoints that others cosigned against our tree.
    pub(super) async fn compare(&self, endpoint: &str, cosigned: Vec<CosignedCheckpoint>) -> Result<(), ConsoleError> {
        if cosigned.is_empty() {
            return Ok(());
        }
        let lock = self.lock_of(endpoint);
        let _held = lock.lock().await;
        let (key, now_ms, name) = (self.key, self.now_ms(), endpoint.to_owned());
        let found = self
            .with_cache(move |cache| {
                let row = cache.read(|cache| log::of_endpoint(cache, &name))?;
                let row = row.ok_or_else(|| ConsoleError::NotFound {
                    what: "endpoint",
                    id: name.clone(),
                })?;
                cosigned
                    .iter()
                    .map(|one| {
                        compare(cache, row.log, &one.note, &one.witnesses, &key, now_ms).map(|found| (one.note.clone(), found))
                    })
                    .collect::<Result<Vec<_>, _>>()
            })
            .await?;
        let mut news = false;
        for (note, found) in found {
            match found {
                // It has to turn out true when the log has come that far.
                Compared::Ahead { .. } => self.owe(endpoint, &note),
                Compared::Same { news: more, .. } => news |= more,
                Compared::Differs { .. } => news = true,
                Compared::Unusable(why) => tracing::warn!(endpoint, why, "a cosigned checkpoint was not looked at"),
            }
        }
        if news {
            self.hub.changed();
        }
        Ok(())
    }
}

fn id(endpoint: &str) -> Result<EndpointId, ConsoleError> {
    endpoint
        .parse()
        .map_err(|_| ConsoleError::Invalid(format!("{endpoint} is not an endpoint")))
}
