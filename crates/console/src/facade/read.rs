//! Reading: everything here answers from the cache and works with the network unplugged.

use super::{Console, unfinished};
use crate::error::ConsoleError;
use crate::view::{SearchQuery, SearchResult, SessionDetail, SessionFilter, SessionRow, VerifyProgress};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

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
    pub async fn sessions(&self, _filter: SessionFilter) -> Result<Vec<SessionRow>, ConsoleError> {
        unfinished()
    }

    /// A session in full.
    ///
    /// # Errors
    /// Unknown session, disk.
    pub async fn session_detail(&self, _session: &str) -> Result<SessionDetail, ConsoleError> {
        unfinished()
    }

    /// From now on, and until as many [`Console::look_away`]s, this session's new entries arrive as events, without delay while online.
    pub fn look_at(&self, _session: &str) {}

    /// The opposite of [`Console::look_at`].
    pub fn look_away(&self, _session: &str) {}

    /// Finds entries by text and filters, newest first. An empty text lists by filters alone.
    ///
    /// # Errors
    /// Disk.
    pub async fn search(&self, _query: SearchQuery) -> Result<SearchResult, ConsoleError> {
        unfinished()
    }

    /// Commands proposed before that start with `prefix` (exact case), newest first, each once; on one endpoint or on all.
    ///
    /// # Errors
    /// Disk.
    pub async fn command_history(
        &self,
        _endpoint: Option<&str>,
        _prefix: &str,
        _limit: u32,
    ) -> Result<Vec<String>, ConsoleError> {
        unfinished()
    }

    /// Checks a cached log again from its bytes: signatures, commitments, tree, checkpoints. Replaces what was known of each entry.
    /// `progress` is called at least every thousand entries.
    ///
    /// # Errors
    /// Unknown endpoint, disk, stopped.
    pub async fn verify_again(
        &self,
        _endpoint: &str,
        _cancel: CancelFlag,
        _progress: impl Fn(VerifyProgress) + Send + Sync + 'static,
    ) -> Result<VerifyProgress, ConsoleError> {
        unfinished()
    }

    /// The session's record in a form that a stranger can check (docs/formats/session-export.md): UTF-8 JSON.
    ///
    /// # Errors
    /// Unknown session, disk.
    pub async fn export_session_json(&self, _session: &str) -> Result<Vec<u8>, ConsoleError> {
        unfinished()
    }

    /// Waits until everything that the control plane had when this was called is in the cache, of one endpoint or of all.
    ///
    /// # Errors
    /// Not signed in; `Offline` when `within` has passed.
    pub async fn wait_synchronised(&self, _endpoint: Option<&str>, _within: Duration) -> Result<(), ConsoleError> {
        unfinished()
    }
}
