//! One object's place: its mailbox, the object while it is loaded, and a second connection for reads.

use super::live::Live;
use super::{Shared, locked};
use crate::clock;
use crate::store::SqliteStore;
use caisey_control::endpoint::{Identity, Input};
use caisey_control::organisation::{Reply, Request};
use caisey_control::port::{ConnId, ObjectName, RequestId};
use caisey_control::store::{Store, StoreError};
use caisey_ledger::id::TimeMs;
use caisey_protocol::error::{ErrorBody, ErrorCode};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Semaphore, oneshot};

/// A mailbox holds this many units; a letter costs one, and one more for every [`UNIT_BYTES`].
const UNITS: u32 = 512;
const UNIT_BYTES: usize = 16 * 1024;
/// Letters taken into one batch at most.
const BATCH: usize = 256;

/// What can be sent to an object.
pub(super) enum Mail {
    /// To an Endpoint object.
    Endpoint(Input),
    /// The first input of an Endpoint object's life, answered when it is stored.
    Enrol(Box<Identity>, Option<oneshot::Sender<Result<(), ErrorBody>>>),
    /// To an Organisation object; reports want no answer.
    Organisation(Box<Request>, Option<oneshot::Sender<Result<Reply, ErrorBody>>>),
}

/// Who hears what became of a letter.
pub(super) enum Waits {
    /// Whoever asked: the object answers by this number.
    Request(RequestId),
    /// The connection that it came from, when it could not be taken.
    Connection(ConnId),
    Reply(oneshot::Sender<Result<Reply, ErrorBody>>),
    Enrolled(oneshot::Sender<Result<(), ErrorBody>>),
    Nobody,
}

impl Mail {
    /// Takes out who waits, so that they hear of it also when the batch is lost.
    pub(super) fn waits(&mut self) -> Waits {
        match self {
            Self::Endpoint(
                Input::Submit(request, ..)
                | Input::SubmitExamined(request, ..)
                | Input::Cosign(request, ..)
                | Input::AskSendable(request)
                | Input::AboutApproval(request, ..)
                | Input::AnswerByLink(request, _)
                | Input::Erase(request, ..)
                | Input::Remove(request, ..),
            ) => Waits::Request(*request),
            Self::Endpoint(
                Input::RuntimeOpened(conn)
                | Input::RuntimeMessage(conn, _)
                | Input::RuntimeSaid(conn, _)
                | Input::WatchOpened(conn, _)
                | Input::WatchDrained(conn),
            ) => Waits::Connection(*conn),
            Self::Endpoint(_) => Waits::Nobody,
            Self::Enrol(_, answer) => answer.take().map_or(Waits::Nobody, Waits::Enrolled),
            Self::Organisation(_, answer) => answer.take().map_or(Waits::Nobody, Waits::Reply),
        }
    }

    /// Whether it destroys texts.
    pub(super) fn erases(&self) -> bool {
        matches!(self, Self::Endpoint(Input::Erase(..)))
    }

    /// The connection that is over once this letter is handled.
    pub(super) fn ends(&self) -> Option<ConnId> {
        match self {
            Self::Endpoint(Input::RuntimeClosed(conn, _) | Input::WatchClosed(conn)) => Some(*conn),
            _ => None,
        }
    }
}

pub(super) struct Letter {
    pub(super) mail: Mail,
    units: u32,
}

#[derive(Default)]
struct Mailbox {
    letters: VecDeque<Letter>,
    /// In the ready queue or with a thread.
    scheduled: bool,
}

/// Since when, and why, recording has failed.
#[derive(Clone, Copy)]
pub(super) struct Failed {
    pub(super) cause: &'static str,
    pub(super) since: TimeMs,
}

pub(crate) struct Slot {
    pub(super) name: ObjectName,
    mailbox: Mutex<Mailbox>,
    room: Semaphore,
    pub(super) live: Mutex<Option<Box<Live>>>,
    reader: Mutex<Option<Box<SqliteStore>>>,
    open: AtomicBool,
    /// How many slots of all hold open files.
    open_of_all: Arc<AtomicUsize>,
    used_ms: AtomicU64,
    /// 0 for none.
    pub(super) deadline_ms: AtomicU64,
    pub(super) failed: Mutex<Option<Failed>>,
    /// Jumps of the clock that the object was told of.
    jumps: AtomicU64,
    /// Revision of the rules that an Endpoint object was handed; 0 when that may be lost.
    briefed: AtomicU64,
}

impl Slot {
    pub(super) fn new(name: ObjectName, open_of_all: Arc<AtomicUsize>, jumps: u64) -> Self {
        Self {
            name,
            mailbox: Mutex::default(),
            room: Semaphore::new(UNITS as usize),
            live: Mutex::default(),
            reader: Mutex::default(),
            open: AtomicBool::new(false),
            open_of_all,
            used_ms: AtomicU64::new(clock::now_ms()),
            deadline_ms: AtomicU64::new(0),
            failed: Mutex::default(),
            jumps: AtomicU64::new(jumps),
            briefed: AtomicU64::new(0),
        }
    }

    /// What the object has to be told first, when the clock has jumped since its last batch.
    pub(super) fn clock_jump(&self, watch: &clock::Watch) -> Option<Letter> {
        if self.jumps.swap(watch.number, Ordering::AcqRel) == watch.number || !matches!(self.name, ObjectName::Endpoint(..)) {
            return None;
        }
        let (expected, found) = watch.jump;
        let mail = Mail::Endpoint(Input::ClockJumped(TimeMs::new(expected)?, TimeMs::new(found)?));
        Some(Letter { mail, units: 0 })
    }

    /// Revision of the rules that the object was handed last.
    pub(super) fn briefed(&self) -> u64 {
        self.briefed.load(Ordering::Acquire)
    }

    /// The object was handed rules of this revision.
    pub(super) fn note_briefed(&self, revision: u64) {
        self.briefed.fetch_max(revision, Ordering::AcqRel);
    }

    /// A batch was lost, and rules may have been in it.
    pub(super) fn forget_briefed(&self) {
        self.briefed.store(0, Ordering::Release);
    }

    /// Waits for room for a letter of that size.
    pub(super) async fn reserve(&self, size_bytes: usize, patience: Duration) -> Result<u32, ErrorBody> {
        let units = u32::try_from(size_bytes / UNIT_BYTES)
            .unwrap_or(UNITS)
            .saturating_add(1)
            .min(UNITS);
        match tokio::time::timeout(patience, self.room.acquire_many(units)).await {
            Ok(Ok(permit)) => {
                permit.forget();
                Ok(units)
            }
            _ => Err(ErrorBody {
                code: ErrorCode::TooManyRequests,
                detail: "Too much is waiting to be recorded for this endpoint or organisation; nothing was done. Try again."
                    .to_owned(),
                retry_after_ms: Some(1_000),
            }),
        }
    }

    /// Adds a letter; says whether the slot must be put into the ready queue.
    pub(super) fn put(&self, mail: Mail, units: u32) -> bool {
        let mut mailbox = locked(&self.mailbox);
        mailbox.letters.push_back(Letter { mail, units });
        !std::mem::replace(&mut mailbox.scheduled, true)
    }

    /// The next batch, and room for as much.
    pub(super) fn take(&self) -> Vec<Letter> {
        let mut mailbox = locked(&self.mailbox);
        let count = mailbox.letters.len().min(BATCH);
        let batch: Vec<_> = mailbox.letters.drain(..count).collect();
        if mailbox.letters.is_empty() {
            mailbox.letters.shrink_to(4);
        }
        drop(mailbox);
        let units: u32 = batch.iter().map(|letter| letter.units).sum();
        self.room.add_permits(units as usize);
        self.used_ms.store(clock::now_ms(), Ordering::Relaxed);
        batch
    }

    /// Leaves the thread; says whether more has come meanwhile and the slot must be queued again.
    pub(super) fn leave(&self) -> bool {
        let mut mailbox = locked(&self.mailbox);
        mailbox.scheduled = !mailbox.letters.is_empty();
        mailbox.scheduled
    }

    pub(super) fn set_open(&self, open: bool) {
        let was_open = self.open.swap(open, Ordering::AcqRel);
        match (was_open, open) {
            (false, true) => {
                self.open_of_all.fetch_add(1, Ordering::Relaxed);
            }
            (true, false) => {
                self.open_of_all.fetch_sub(1, Ordering::Relaxed);
            }
            _ => {}
        }
    }

    /// Whether it holds open files.
    pub(super) fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    /// Nothing waits and no thread is at it.
    pub(super) fn is_quiet(&self) -> bool {
        !locked(&self.mailbox).scheduled
    }

    /// Whether it might be put away: unused since then.
    pub(super) fn unused_since(&self, before_ms: u64) -> bool {
        self.used_ms.load(Ordering::Relaxed) <= before_ms && self.is_quiet()
    }

    /// Whether the slot has to stay even without an object or a connection.
    pub(super) fn is_needed(&self) -> bool {
        self.open.load(Ordering::Acquire)
            || !self.is_quiet()
            || self.deadline_ms.load(Ordering::Acquire) != 0
            || locked(&self.failed).is_some()
    }

    /// Closes the databases unless the object is in use or holds what its store does not.
    pub(super) fn put_away(&self) {
        let (Ok(mut reader), Ok(mut live)) = (self.reader.try_lock(), self.live.try_lock()) else {
            return;
        };
        *reader = None;
        if self.is_quiet() && live.as_ref().is_some_and(|live| live.is_idle()) {
            *live = None;
        }
        self.set_open(live.is_some());
    }

    /// Closes the databases whatever they hold.
    pub(super) fn close(&self) {
        *locked(&self.reader) = None;
        *locked(&self.live) = None;
        self.set_open(false);
    }

    /// Runs a read on a connection of its own: readers and the writer do not wait for each other.
    pub(super) fn read<T>(
        &self,
        shared: &Shared,
        read: impl FnOnce(&dyn Store) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.used_ms.store(clock::now_ms(), Ordering::Relaxed);
        self.set_open(true);
        let mut reader = locked(&self.reader);
        let store = match reader.take() {
            Some(store) => store,
            None => Box::new(super::live::open(shared, &self.name)?),
        };
        let done = read(store.as_ref());
        if done.is_ok() {
            *reader = Some(store);
        }
        done
    }
}

/// An object's name in logs.
pub(crate) struct Shown<'a>(pub(crate) &'a ObjectName);

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            ObjectName::Organisation(organisation) => write!(f, "{organisation}"),
            ObjectName::Endpoint(organisation, endpoint) => write!(f, "{organisation}/{endpoint}"),
        }
    }
}
