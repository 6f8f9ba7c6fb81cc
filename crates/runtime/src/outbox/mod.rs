//! The outbox: every statement of this endpoint from the moment it is made until the control plane has it.
//!
//! Promises:
//! - A statement gets its counter and signature in the same transaction that stores it, and nothing leaves before that transaction is
//!   on disk (WAL, `synchronous=FULL`). Counters are dense across any number of crashes.
//! - An action's identifier is stored before the action is accepted and never forgotten, so no action runs twice.
//! - One thread writes; everybody who waits shares one fsync.
//! - What does not fit or cannot be stored is never lost silently: the speaker is told at once, and a `recorder.gap` follows as soon as
//!   it can be stored.
//!
//! Leaves out: what the statements say, and sending them.

mod store;
mod writer;

use crate::limits::Limits;
use crate::voice::Voice;
use crate::witness::Tree;
use caisey_ledger::entry::SignedStatement;
use caisey_ledger::id::{ActionId, Counter, SessionId};
use caisey_ledger::statement::Draft;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot, watch};

pub use store::StoreError;
pub(crate) use store::{ActionState, Unfinished};
use store::{Reader, Store};

/// Why something was not stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotStored {
    /// The outbox holds as much as it may; the control plane has to take some first.
    #[error("the outbox is full: the control plane has not taken what is already waiting")]
    Full,
    /// The disk failed or is full.
    #[error("the record cannot be written: {0}")]
    Failed(String),
}

/// Whether a statement may be turned down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// A piece of output: turned down when the outbox is full, and then counted as omitted by the speaker.
    Output,
    /// Anything else: stored even when the outbox is full, and kept in memory and tried again while the disk fails.
    Essential,
}

/// What else changes, in the same transaction, when a statement is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mark {
    /// The action's process lives.
    Running {
        action: ActionId,
        pid: u32,
        started: Option<u64>,
    },
    /// The action is over.
    Over { action: ActionId },
    /// The action was refused and will never run.
    Refused { action: ActionId, session: SessionId },
}

/// What became of an `accept`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Acceptance {
    /// It is stored now, for the first time: it may run.
    New,
    /// It was stored before: it must not run again.
    Known(ActionState),
}

/// The control plane's idea of the next counter does not fit ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resumption {
    /// Send from there.
    From(u64),
    /// It lacks statements that it had acknowledged and that are gone here: its log was rewound.
    Rewound {
        /// The first counter that is still here.
        first_kept: u64,
    },
}

/// Where the outbox stands, after the latest commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tip {
    /// The counter of the next statement: everything below is durable.
    pub(crate) next: u64,
    /// Bytes of statements that wait.
    pub(crate) held_bytes: u64,
}

pub(crate) enum Job {
    Say {
        draft: Box<Draft>,
        weight: Weight,
        mark: Option<Mark>,
        reply: oneshot::Sender<Result<Counter, NotStored>>,
    },
    Accept {
        action: ActionId,
        session: SessionId,
        reply: oneshot::Sender<Result<Acceptance, NotStored>>,
    },
    Resume {
        control_next: u64,
        reply: oneshot::Sender<Result<Resumption, NotStored>>,
    },
    Acked {
        checkpoint: String,
    },
    Found {
        tree: Box<Tree>,
        checkpoint: String,
        reply: oneshot::Sender<Result<(), NotStored>>,
    },
    Note {
        name: &'static str,
        value: String,
    },
    Close {
        reply: oneshot::Sender<()>,
    },
}

/// The outbox. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Outbox {
    jobs: mpsc::Sender<Job>,
    tip: watch::Receiver<Tip>,
    reader: Arc<Mutex<Reader>>,
}

/// What a runtime that starts finds in its outbox.
pub(crate) struct Found {
    /// Actions that were accepted or running when the last runtime ended without saying how they ended.
    pub(crate) unfinished: Vec<Unfinished>,
    /// When the last statement was stored, by this machine's clock, milliseconds since the Unix epoch.
    pub(crate) last_ms: u64,
    /// The last checkpoint that was accepted, as a signed note.
    pub(crate) checkpoint: Option<String>,
    /// The log's tree as it was last rebuilt.
    pub(crate) tree: Tree,
}

impl Outbox {
    /// Opens the outbox and starts its writer.
    pub(crate) fn open(path: &Path, voice: Voice, limits: &Limits) -> Result<(Self, Found), StoreError> {
        let store = Store::open(path)?;
        let found = Found {
            unfinished: store.unfinished()?,
            last_ms: store.last_ms()?,
            checkpoint: store.note("checkpoint")?,
            tree: store.tree()?,
        };
        let reader = Reader::open(path)?;
        let (jobs_tx, jobs_rx) = mpsc::channel(64);
        let (tip_tx, tip_rx) = watch::channel(store.tip());
        writer::start(store, voice, limits.outbox_bytes, jobs_rx, tip_tx)?;
        Ok((
            Self {
                jobs: jobs_tx,
                tip: tip_rx,
                reader: Arc::new(Mutex::new(reader)),
            },
            found,
        ))
    }

    /// Stores a statement; answers when it is on disk.
    pub(crate) async fn say(&self, draft: Draft, weight: Weight, mark: Option<Mark>) -> Result<Counter, NotStored> {
        self.ask(|reply| Job::Say {
            draft: Box::new(draft),
            weight,
            mark,
            reply,
        })
        .await
    }

    /// Stores that an action will be acted on; answers when that is on disk.
    pub(crate) async fn accept(&self, action: ActionId, session: SessionId) -> Result<Acceptance, NotStored> {
        self.ask(|reply| Job::Accept { action, session, reply }).await
    }

    /// Compares counters after a connection was made.
    pub(crate) async fn resume(&self, control_next: u64) -> Result<Resumption, NotStored> {
        self.ask(|reply| Job::Resume { control_next, reply }).await
    }

    /// Keeps the newest checkpoint that was accepted.
    pub(crate) async fn acked(&self, checkpoint: String) {
        let _ = self.jobs.send(Job::Acked { checkpoint }).await;
    }

    /// Keeps the tree of the log that this checkpoint signs, and forgets the statements that were found in it; answers when that is on
    /// disk.
    pub(crate) async fn found(&self, tree: Tree, checkpoint: String) -> Result<(), NotStored> {
        self.ask(|reply| Job::Found {
            tree: Box::new(tree),
            checkpoint,
            reply,
        })
        .await
    }

    /// Keeps a value for `status`.
    pub(crate) async fn note(&self, name: &'static str, value: String) {
        let _ = self.jobs.send(Job::Note { name, value }).await;
    }

    /// Stores all that waits and ends the writer.
    pub(crate) async fn close(&self) {
        let (reply, closed) = oneshot::channel();
        if self.jobs.send(Job::Close { reply }).await.is_ok() {
            let _ = closed.await;
        }
    }

    /// Where the outbox stands; changes with every commit.
    pub(crate) fn tip(&self) -> watch::Receiver<Tip> {
        self.tip.clone()
    }

    /// Statements from this counter on, at most `max_bytes` of them but at least one if there is one; and their size.
    pub(crate) async fn read(&self, from: u64, max_bytes: usize) -> Result<(Vec<SignedStatement>, usize), StoreError> {
        let reader = Arc::clone(&self.reader);
        let read = move || reader.lock().unwrap_or_else(PoisonError::into_inner).read(from, max_bytes);
        tokio::task::spawn_blocking(read)
            .await
            .unwrap_or_else(|error| Err(StoreError::Damaged(error.to_string())))
    }

    async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<Result<T, NotStored>>) -> Job) -> Result<T, NotStored> {
        let ended = || NotStored::Failed("the runtime is stopping".to_owned());
        let (reply, answer) = oneshot::channel();
        self.jobs.send(job(reply)).await.map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }
}

/// What `caisey-runtime status` shows of an outbox; reads it beside a running runtime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Statements that the control plane does not have yet.
    pub statements: u64,
    /// Their size.
    pub bytes: u64,
    /// Actions that are accepted or running.
    pub running: u64,
    /// How the connection stands, in words, when a runtime runs.
    pub connection: Option<String>,
    /// What keeps it from working, in words.
    pub trouble: Option<String>,
}

/// Reads [`Waiting`]; none when there is no outbox.
///
/// # Errors
/// When the file cannot be read.
pub fn waiting(path: &Path) -> Result<Option<Waiting>, StoreError> {
    if !path.exists() {
        return Ok(None);
    }
    Reader::open(path)?.waiting().map(Some)
}
