//! Live connections: who they are, how to reach them, and which object they belong to. They outlive loaded objects.
//!
//! Every connection has a short bounded queue. A runtime or a log's watcher that lets it overflow is closed with a reason (both
//! continue from where they were); a directory watcher is marked and gets a fresh snapshot when it has caught up.

use crate::object::{locked, too_slow};
use caisey_control::audience::Viewer;
use caisey_control::port::{ConnId, ObjectName};
use caisey_ledger::id::{EndpointId, OrganisationId};
use caisey_protocol::error::ErrorBody;
use caisey_protocol::watch::DirectoryEvent;
use serde::Serialize;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;

/// Frames waiting for one connection at most.
const QUEUE: usize = 64;

/// What the task of a connection is told.
pub(crate) enum Frame {
    /// Send this text.
    Text(String),
    /// Send this as the last frame, in the wire's own shape, and close.
    Fail(ErrorBody),
    /// Close after what was sent before.
    Close,
    /// The control plane is stopping.
    Stop,
}

/// A connection's receiving end.
pub(crate) struct Inbox {
    pub(crate) conn: ConnId,
    pub(crate) frames: mpsc::Receiver<Frame>,
    shared: Arc<Shared>,
}

/// Parts that both ends see.
#[derive(Default)]
struct Shared {
    lagged: AtomicBool,
    /// The object has taken the connection for the endpoint's own.
    welcome: AtomicBool,
    /// Set apart from the queue, so that it arrives even when the queue is full.
    doomed: Mutex<Option<ErrorBody>>,
}

impl Inbox {
    /// Whether frames were dropped since the last call.
    pub(crate) fn take_lagged(&self) -> bool {
        self.shared.lagged.swap(false, Ordering::AcqRel)
    }

    /// For the task that reads from the connection.
    pub(crate) fn standing(&self) -> Standing {
        Standing(Arc::clone(&self.shared))
    }

    /// Why the hub gave the connection up, when it did.
    pub(crate) fn doomed(&self) -> Option<ErrorBody> {
        locked(&self.shared.doomed).take()
    }
}

/// Whether a connection has proved anything yet.
pub(crate) struct Standing(Arc<Shared>);

impl Standing {
    /// Whether what it sends is worth work before the object has seen it.
    pub(crate) fn is_welcome(&self) -> bool {
        self.0.welcome.load(Ordering::Acquire)
    }
}

struct Entry {
    frames: mpsc::Sender<Frame>,
    shared: Arc<Shared>,
    directory: bool,
}

/// Who watches a directory: the whole, or one client's part.
struct Watcher {
    conn: ConnId,
    viewer: Viewer,
}

/// All live connections.
pub(crate) struct Hub {
    next: AtomicU64,
    entries: Mutex<HashMap<ConnId, Entry>>,
    attached: Mutex<HashMap<ObjectName, Vec<ConnId>>>,
    watchers: Mutex<HashMap<OrganisationId, Vec<Watcher>>>,
}

impl Hub {
    /// Nobody yet. Numbers go on from the clock, so that those which objects stored before a restart do not come again.
    pub(crate) fn new(now_ms: u64) -> Self {
        Self {
            next: AtomicU64::new(now_ms.saturating_mul(1_000)),
            entries: Mutex::default(),
            attached: Mutex::default(),
            watchers: Mutex::default(),
        }
    }

    /// A connection that belongs to an endpoint's object.
    pub(crate) fn attach(&self, name: &ObjectName) -> Inbox {
        let inbox = self.enter(false);
        locked(&self.attached).entry(name.clone()).or_default().push(inbox.conn);
        inbox
    }

    /// A connection that watches an organisation's directory, or one client's part of it.
    pub(crate) fn watch(&self, organisation: &OrganisationId, viewer: Viewer) -> Inbox {
        let inbox = self.enter(true);
        locked(&self.watchers).entry(organisation.clone()).or_default().push(Watcher {
            conn: inbox.conn,
            viewer,
        });
        inbox
    }

    /// The object has been told that the connection is gone.
    pub(crate) fn detach(&self, name: &ObjectName, conn: ConnId) {
        let mut attached = locked(&self.attached);
        if let Some(conns) = attached.get_mut(name) {
            conns.retain(|other| *other != conn);
            if conns.is_empty() {
                attached.remove(name);
            }
        }
    }

    /// The directory's watcher is gone.
    pub(crate) fn unwatch(&self, organisation: &OrganisationId, conn: ConnId) {
        self.leave(conn);
        let mut watchers = locked(&self.watchers);
        if let Some(list) = watchers.get_mut(organisation) {
            list.retain(|watcher| watcher.conn != conn);
            if list.is_empty() {
                watchers.remove(organisation);
            }
        }
    }

    /// The connection's task has ended: nothing more can be sent.
    pub(crate) fn leave(&self, conn: ConnId) {
        locked(&self.entries).remove(&conn);
    }

    /// Connections of an object.
    pub(crate) fn attached(&self, name: &ObjectName) -> Vec<ConnId> {
        locked(&self.attached).get(name).cloned().unwrap_or_default()
    }

    /// An organisation's endpoints that have any.
    pub(crate) fn attached_endpoints(&self, organisation: &OrganisationId) -> Vec<EndpointId> {
        let attached = locked(&self.attached);
        let own = attached.keys().filter_map(|name| match name {
            ObjectName::Endpoint(of, endpoint) if of == organisation => Some(endpoint.clone()),
            _ => None,
        });
        own.collect()
    }

    /// Whether an object has any.
    pub(crate) fn is_attached(&self, name: &ObjectName) -> bool {
        locked(&self.attached).contains_key(name)
    }

    /// Whether any object still has some.
    pub(crate) fn any_attached(&self) -> bool {
        !locked(&self.attached).is_empty()
    }

    /// The object has taken the connection for the endpoint's own.
    pub(crate) fn welcome(&self, conn: ConnId) {
        if let Some(entry) = locked(&self.entries).get(&conn) {
            entry.shared.welcome.store(true, Ordering::Release);
        }
    }

    /// Sends a message as JSON.
    pub(crate) fn send_json(&self, conn: ConnId, message: &impl Serialize) {
        match serde_json::to_string(message) {
            Ok(text) => self.send(conn, Frame::Text(text)),
            Err(error) => tracing::error!(%error, "a frame could not be written as JSON"),
        }
    }

    /// Queues a frame. Frames for connections that are gone are dropped: both sides compare state when they meet again.
    pub(crate) fn send(&self, conn: ConnId, frame: Frame) {
        let mut entries = locked(&self.entries);
        let Some(entry) = entries.get(&conn) else { return };
        if let Err(mpsc::error::TrySendError::Full(frame)) = entry.frames.try_send(frame) {
            if entry.directory {
                entry.shared.lagged.store(true, Ordering::Release);
            } else {
                let reason = if let Frame::Fail(error) = frame { error } else { too_slow() };
                *locked(&entry.shared.doomed) = Some(reason);
                // Without a sender the queue ends, and the task finds the reason.
                entries.remove(&conn);
            }
        }
    }

    /// Shows a change to everyone who may see it.
    pub(crate) fn announce(&self, organisation: &OrganisationId, event: &DirectoryEvent, may_see: impl Fn(&Viewer) -> bool) {
        let conns: Vec<_> = match locked(&self.watchers).get(organisation) {
            Some(watchers) => {
                let seeing = watchers.iter().filter(|watcher| may_see(&watcher.viewer));
                seeing.map(|watcher| watcher.conn).collect()
            }
            None => return,
        };
        for conn in conns {
            self.send_json(conn, event);
        }
    }

    /// Tells every connection that the control plane is stopping.
    pub(crate) fn stop(&self) {
        for (_, entry) in locked(&self.entries).drain() {
            let _ = entry.frames.try_send(Frame::Stop);
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        locked(&self.entries).len()
    }

    fn enter(&self, directory: bool) -> Inbox {
        let conn = ConnId(self.next.fetch_add(1, Ordering::Relaxed) + 1);
        let (sender, frames) = mpsc::channel(QUEUE);
        let shared = Arc::new(Shared::default());
        locked(&self.entries).insert(
            conn,
            Entry {
                frames: sender,
                shared: Arc::clone(&shared),
                directory,
            },
        );
        Inbox { conn, frames, shared }
    }
}
