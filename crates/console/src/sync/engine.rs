//! Live synchronisation as a whole: what its tasks share, and how they are started.
//!
//! The directory's socket says what has grown (`directory`), pages bring it (`logs`), the witness takes it in; logs that somebody looks at
//! stream over a socket of their own (`watches`); what was verified is cosigned, and compared with what others cosigned (`cosign`);
//! approval requests are taken in and answered (`approvals`).

use crate::cache::Cache;
use crate::error::ConsoleError;
use crate::facade::Device;
use crate::facade::hub::Hub;
use crate::ports::Ports;
use caisey_client::error::ApiError;
use caisey_client::{Api, token::BearerToken};
use caisey_ledger::id::{ActionId, EndpointId};
use caisey_protocol::consent::ApprovalWord;
use caisey_protocol::error::ErrorCode;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// Everything synchronisation needs; shared by its tasks.
pub(crate) struct Engine {
    pub(crate) api: Api,
    pub(crate) cache: Arc<Cache>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) ports: Ports,
    /// The pinned key that signs checkpoints.
    pub(crate) key: [u8; 32],
    /// What every log's origin begins with: `<authority>/<organisation>/`.
    pub(crate) origin: String,
    /// Whose console this is; its key cosigns.
    pub(crate) device: Arc<Device>,
    state: Mutex<State>,
    pub(super) wake: Notify,
    pub(super) watches_due: Notify,
    pub(super) cosign_due: Notify,
    pub(super) consent_due: Notify,
    /// One answer is sent at a time.
    pub(super) answering: tokio::sync::Mutex<()>,
}

#[derive(Default)]
pub(super) struct State {
    /// Logs that may have grown.
    pub(super) wanted: BTreeSet<String>,
    pub(super) locks: HashMap<String, Arc<tokio::sync::Mutex<()>>>,
    /// By log: checkpoints of sizes that it has not reached here.
    pub(super) owed: HashMap<String, BTreeMap<u64, String>>,
    /// Logs whose newest checkpoint may be cosigned.
    pub(super) to_cosign: BTreeSet<String>,
    /// Logs whose cosigned checkpoints are to be asked for, from this size on.
    pub(super) to_compare: BTreeMap<String, u64>,
    /// What is to be said about approval requests, in order.
    pub(super) to_say: VecDeque<(EndpointId, ActionId, ApprovalWord)>,
    /// Whether a whole list of approval requests has come.
    pub(super) listed: bool,
    /// What was said since the last whole list: once is enough.
    pub(super) said: BTreeSet<(ActionId, &'static str)>,
}

impl Engine {
    pub(crate) fn new(
        api: Api,
        cache: Arc<Cache>,
        hub: Arc<Hub>,
        ports: Ports,
        key: [u8; 32],
        origin: String,
        device: Arc<Device>,
    ) -> Arc<Self> {
        Arc::new(Self {
            api,
            cache,
            hub,
            ports,
            key,
            origin,
            device,
            state: Mutex::default(),
            wake: Notify::new(),
            watches_due: Notify::new(),
            cosign_due: Notify::new(),
            consent_due: Notify::new(),
            answering: tokio::sync::Mutex::new(()),
        })
    }

    /// Starts all tasks; dropping the set ends them.
    pub(crate) fn start(self: &Arc<Self>) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        tasks.spawn(Arc::clone(self).keep_directory());
        tasks.spawn(Arc::clone(self).keep_logs());
        tasks.spawn(Arc::clone(self).keep_watches());
        tasks.spawn(Arc::clone(self).keep_cosigning());
        tasks.spawn(Arc::clone(self).keep_consent());
        tasks
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// This endpoint's log may have grown.
    pub(crate) fn want(&self, endpoint: &str) {
        self.state().wanted.insert(endpoint.to_owned());
        self.wake.notify_one();
    }

    /// Somebody looks at something else now.
    pub(crate) fn looks_changed(&self) {
        self.watches_due.notify_one();
    }

    /// The control plane gave a checkpoint of a size that the log may not have reached here; it must turn out to be true.
    pub(crate) fn owe(&self, endpoint: &str, note: &str) {
        if let Ok(checkpoint) = caisey_ledger::checkpoint::Checkpoint::read(note) {
            let mut state = self.state();
            let owed = state.owed.entry(endpoint.to_owned()).or_default();
            if owed.len() < 256 {
                owed.insert(checkpoint.size, note.to_owned());
            }
        }
        self.want(endpoint);
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.ports.clock.now_ms()
    }

    pub(super) fn random(&self) -> u64 {
        self.ports
            .entropy
            .fresh32()
            .iter()
            .take(8)
            .fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// Runs blocking work on the cache.
    pub(crate) async fn with_cache<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Cache) -> Result<T, ConsoleError> + Send + 'static,
    ) -> Result<T, ConsoleError> {
        let cache = Arc::clone(&self.cache);
        blocking(move || work(&cache)).await
    }

    /// Opens a socket with a current token, renewing it once.
    pub(super) async fn open<T, F>(&self, connect: impl Fn(caisey_client::ControlUrl, BearerToken) -> F) -> Result<T, ApiError>
    where
        F: Future<Output = Result<T, ApiError>>,
    {
        let token = |token: Option<BearerToken>| token.unwrap_or_else(|| BearerToken::new(""));
        let first = token(self.api.bearer(None).await?);
        match connect(self.api.address().clone(), first.clone()).await {
            Err(error) if error.code() == Some(ErrorCode::Unauthenticated) => {
                let renewed = token(self.api.bearer(Some(&first)).await?);
                connect(self.api.address().clone(), renewed).await
            }
            other => other,
        }
    }
}

/// Runs blocking work on a thread for it.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ConsoleError> + Send + 'static,
) -> Result<T, ConsoleError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(ConsoleError::Internal(error.to_string())))
}

impl From<ApiError> for ConsoleError {
    fn from(error: ApiError) -> Self {
        if error.is_offline() {
            return Self::Offline {
                why: super::witness::chain(&error),
            };
        }
        if error.needs_sign_in() {
            return Self::Refused(caisey_protocol::error::ErrorBody {
                code: ErrorCode::Unauthenticated,
                detail: "The control plane no longer accepts this sign-in, so nothing was done. Sign in again.".to_owned(),
                retry_after_ms: None,
            });
        }
        match error {
            ApiError::Refused { body, .. } => Self::Refused(body),
            other => Self::Untrusted(super::witness::chain(&other)),
        }
    }
}
