//! What the console knows besides its cache, and how changes reach those who watch.
//!
//! Promises: at most four overviews a second; a session's new entries within a tenth of a second, in batches. Both are computed from
//! the cache when they are due, so a burst of changes costs one computation.

use crate::view::{Connection, ConsoleEvent, Notice, SendableView, SyncProgress};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard};
use tokio::sync::{Notify, broadcast};

/// Shared by the facade, the synchronisation and the emitters.
pub(crate) struct Hub {
    /// To whoever subscribed.
    pub(crate) events: broadcast::Sender<ConsoleEvent>,
    /// Something in the overview changed.
    pub(crate) overview_due: Notify,
    /// An approval request changed.
    pub(crate) inbox_due: Notify,
    /// A session that somebody looks at changed.
    pub(crate) sessions_due: Notify,
    /// Anything in the cache changed.
    pub(crate) cache_changed: Notify,
    /// A person does not want to wait for the next attempt to connect.
    pub(crate) retry_now: Notify,
    state: Mutex<HubState>,
}

/// The facts.
pub(crate) struct HubState {
    pub(crate) connection: Connection,
    pub(crate) sendable: HashMap<String, SendableView>,
    pub(crate) sync: Option<SyncProgress>,
    pub(crate) notices: Vec<Notice>,
    pub(crate) this_computer: Option<String>,
    pub(crate) looks: HashMap<String, Look>,
    pub(crate) changed_sessions: BTreeSet<String>,
    /// Numbers of the person's own approval requests, by action. Only in memory: they are asked for again.
    pub(crate) numbers: HashMap<String, String>,
}

/// Somebody looks at a session.
#[derive(Debug, Clone, Default)]
pub(crate) struct Look {
    pub(crate) watchers: u32,
    /// The first entry that was not yet sent as verified.
    pub(crate) next_seq: u64,
}

impl Hub {
    pub(crate) fn new() -> Self {
        Self {
            events: broadcast::channel(256).0,
            overview_due: Notify::new(),
            inbox_due: Notify::new(),
            sessions_due: Notify::new(),
            cache_changed: Notify::new(),
            retry_now: Notify::new(),
            state: Mutex::new(HubState {
                connection: Connection::SignedOut {},
                sendable: HashMap::new(),
                sync: None,
                notices: Vec::new(),
                this_computer: None,
                looks: HashMap::new(),
                changed_sessions: BTreeSet::new(),
                numbers: HashMap::new(),
            }),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, HubState> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn set_connection(&self, connection: Connection) {
        let mut state = self.state();
        if !matches!(connection, Connection::Online {}) {
            // An answer from before says nothing about now.
            state.sendable.clear();
            state.sync = None;
        }
        state.connection = connection;
        drop(state);
        self.overview_due.notify_one();
    }

    /// Adds a notice, or replaces the one with the same code and endpoint.
    pub(crate) fn notice(&self, notice: Notice) {
        let mut state = self.state();
        state
            .notices
            .retain(|known| known.code != notice.code || known.endpoint != notice.endpoint);
        state.notices.push(notice);
        drop(state);
        self.overview_due.notify_one();
    }

    pub(crate) fn drop_notice(&self, code: &str, endpoint: Option<&str>) {
        self.state()
            .notices
            .retain(|known| known.code != code || known.endpoint.as_deref() != endpoint);
        self.overview_due.notify_one();
    }

    /// Entries of these sessions are new in the cache.
    pub(crate) fn sessions_changed(&self, sessions: impl IntoIterator<Item = String>) {
        let mut state = self.state();
        let looked_at: Vec<String> = sessions
            .into_iter()
            .filter(|session| state.looks.contains_key(session))
            .collect();
        let due = !looked_at.is_empty();
        state.changed_sessions.extend(looked_at);
        drop(state);
        if due {
            self.sessions_due.notify_one();
        }
        self.changed();
    }

    /// The cache changed.
    pub(crate) fn changed(&self) {
        self.overview_due.notify_one();
        self.cache_changed.notify_waiters();
    }
}
