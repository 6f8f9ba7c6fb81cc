//! Live objects: found by name, loaded on demand, run by a few threads, put away when idle.
//!
//! Promises: one object's inputs are handled in order by one thread at a time; a batch's effects leave only after its commit; a
//! batch that could not be stored is answered with `NotRecorded`, its object discarded and its connections closed; an object nobody
//! needs costs no thread, no task and no open file. Mailboxes are bounded ([`slot::Slot::reserve`]).

mod batch;
mod brief;
mod deadline;
mod deliver;
mod directory;
mod examine;
mod live;
mod pool;
mod post;
mod slot;

use crate::clock;
use crate::config::Limits;
use crate::data_dir::{DataDir, Key};
use crate::hub::Hub;
use crate::mail::Mailer;
use caisey_control::endpoint::Input;
use caisey_control::organisation::{Reply, Request};
use caisey_control::port::{Answer, Caller, ObjectName, RequestId};
use caisey_control::store::{Store, StoreError};
use caisey_ledger::entry::SignedStatement;
use caisey_ledger::id::{EndpointId, OrganisationId};
use caisey_ledger::keyring::Keyring;
use caisey_protocol::error::{ErrorBody, ErrorCode};
pub(crate) use deliver::too_slow;
use slot::{Mail, Slot};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// How long a request waits for its answer. The objects' own deadlines are shorter.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// How long a request waits for room in a mailbox.
const ROOM_WITHIN: Duration = Duration::from_secs(5);

/// With more objects open than this, one that has nothing left to do is put away by the thread that ran it: a crowd that connects at
/// once must not need memory for all of them at once (an open object takes about 200 KiB, most of it SQLite's).
const OPEN_AT_EASE: usize = 96;

/// All objects of one data directory.
#[derive(Clone)]
pub(crate) struct Objects(Arc<Shared>);

pub(crate) struct Shared {
    data: DataDir,
    authority: String,
    signer: Key,
    hub: Arc<Hub>,
    limits: Limits,
    slots: Mutex<HashMap<ObjectName, Arc<Slot>>>,
    waiting: Mutex<HashMap<RequestId, oneshot::Sender<Result<Answer, ErrorBody>>>>,
    next_request: AtomicU64,
    ready: pool::Ready,
    deadlines: deadline::Deadlines,
    changes: directory::Changes,
    stopping: AtomicBool,
    clock: Mutex<clock::Watch>,
    open: Arc<AtomicUsize>,
    /// Of people's devices and endpoints.
    keys: Arc<Mutex<Keyring>>,
    /// Where those live who wait for answers.
    runtime: tokio::runtime::Handle,
    /// None without a mail server.
    mailer: OnceLock<Mailer>,
}

/// A lock whose data stays usable after a panic elsewhere: every critical section leaves it whole.
pub(crate) fn locked<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Objects {
    /// Starts the threads and the timers. Must be called within a tokio runtime.
    pub(crate) fn start(data: DataDir, authority: String, signer: Key, hub: Arc<Hub>, limits: Limits) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            data,
            authority,
            signer,
            hub,
            limits,
            slots: Mutex::default(),
            waiting: Mutex::default(),
            next_request: AtomicU64::new(1),
            ready: pool::Ready::default(),
            deadlines: deadline::Deadlines::default(),
            changes: directory::Changes::default(),
            stopping: AtomicBool::new(false),
            clock: Mutex::default(),
            open: Arc::default(),
            keys: Arc::new(Mutex::new(Keyring::new(examine::KEYS))),
            runtime: tokio::runtime::Handle::current(),
            mailer: OnceLock::new(),
        });
        pool::start(&shared)?;
        let objects = Self(shared);
        tokio::spawn(deadline::run(objects.clone()));
        tokio::spawn(directory::run(objects.clone()));
        tokio::spawn(objects.clone().put_away_idle());
        Ok(objects)
    }

    /// What goes before the first slash of every log's origin.
    pub(crate) fn authority(&self) -> &str {
        &self.0.authority
    }

    /// The key that signs checkpoints.
    pub(crate) fn signer(&self) -> &Key {
        &self.0.signer
    }

    /// How long a peer may take for a frame.
    pub(crate) fn send_within(&self) -> Duration {
        Duration::from_millis(self.0.limits.send_within_ms)
    }

    /// Who is connected.
    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.0.hub
    }

    /// Whether the endpoint has a log here. Nothing is made for names that were never enrolled.
    pub(crate) fn exists(&self, organisation: &OrganisationId, endpoint: &EndpointId) -> bool {
        let name = ObjectName::Endpoint(organisation.clone(), endpoint.clone());
        locked(&self.0.slots).contains_key(&name) || self.0.data.path(&name).is_file()
    }

    /// Whether anybody of the organisation has ever been here.
    pub(crate) fn organisation_exists(&self, organisation: &OrganisationId) -> bool {
        let name = ObjectName::Organisation(organisation.clone());
        locked(&self.0.slots).contains_key(&name) || self.0.data.path(&name).is_file()
    }

    /// Asks an Organisation object.
    pub(crate) async fn organisation(&self, organisation: &OrganisationId, request: Request) -> Result<Reply, ErrorBody> {
        self.organisation_sized(organisation, 0, request).await
    }

    /// The same, for a request that holds so many bytes in memory.
    pub(crate) async fn organisation_sized(
        &self,
        organisation: &OrganisationId,
        size_bytes: usize,
        request: Request,
    ) -> Result<Reply, ErrorBody> {
        let slot = self.slot(&ObjectName::Organisation(organisation.clone()));
        let units = slot.reserve(size_bytes, ROOM_WITHIN).await?;
        let (answer, answered) = oneshot::channel();
        self.put(&slot, Mail::Organisation(Box::new(request), Some(answer)), units);
        within(answered).await?
    }

    /// Asks an Organisation object about its directory: changes already committed elsewhere go in front of the question, so that an
    /// answer is never older than they are.
    pub(crate) async fn directory(&self, organisation: &OrganisationId, request: Request) -> Result<Reply, ErrorBody> {
        self.flush_directory(organisation);
        self.organisation(organisation, request).await
    }

    /// Sends an Endpoint object an input that will be answered. `size_bytes` is what the input holds in memory.
    pub(crate) async fn ask(
        &self,
        organisation: &OrganisationId,
        endpoint: &EndpointId,
        size_bytes: usize,
        input: impl FnOnce(RequestId) -> Input,
    ) -> Result<Answer, ErrorBody> {
        let slot = self.slot(&ObjectName::Endpoint(organisation.clone(), endpoint.clone()));
        let units = slot.reserve(size_bytes, ROOM_WITHIN).await?;
        let request = RequestId(self.0.next_request.fetch_add(1, Ordering::Relaxed));
        let (answer, answered) = oneshot::channel();
        locked(&self.0.waiting).insert(request, answer);
        let _forget = Forget(self, request);
        self.put(&slot, Mail::Endpoint(input(request)), units);
        within(answered).await?
    }

    /// Places what a person's device signed.
    pub(crate) async fn submit(
        &self,
        endpoint: &EndpointId,
        caller: Caller,
        said: SignedStatement,
        size_bytes: usize,
    ) -> Result<Answer, ErrorBody> {
        let caller = Arc::new(caller);
        let mut examined = self.examine(vec![said], size_bytes).await?;
        let Some(said) = examined.pop() else {
            return Err(internal("the statement was lost on its way"));
        };
        let by = Arc::clone(&caller);
        self.ask(&caller.organisation, endpoint, size_bytes, move |request| {
            Input::SubmitExamined(request, by, said)
        })
        .await
    }

    /// Sends an Endpoint object an input, waiting for room for as long as it takes.
    pub(crate) async fn tell(&self, name: &ObjectName, size_bytes: usize, input: Input) -> Result<(), ErrorBody> {
        let slot = self.slot(name);
        let units = slot.reserve(size_bytes, Duration::from_secs(600)).await?;
        self.put(&slot, Mail::Endpoint(input), units);
        Ok(())
    }

    /// Sends an input that must not wait: few, small, and caused by the host itself.
    pub(crate) fn tell_now(&self, name: &ObjectName, input: Input) {
        let slot = self.slot(name);
        self.put(&slot, Mail::Endpoint(input), 0);
    }

    /// Creates an endpoint's object; returns when its first entry is durable.
    pub(crate) async fn enrolled(&self, identity: caisey_control::endpoint::Identity) -> Result<(), ErrorBody> {
        let name = ObjectName::Endpoint(identity.organisation.clone(), identity.endpoint.clone());
        let slot = self.slot(&name);
        let units = slot.reserve(0, ROOM_WITHIN).await?;
        let (done, stored) = oneshot::channel();
        self.put(&slot, Mail::Enrol(Box::new(identity), Some(done)), units);
        within(stored).await?
    }

    /// Runs a read on the object's database beside the object, on a thread that may block.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        name: ObjectName,
        read: impl FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, ErrorBody> {
        let slot = self.slot(&name);
        let objects = self.clone();
        let done = tokio::task::spawn_blocking(move || slot.read(&objects.0, read)).await;
        match done {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => {
                tracing::error!(%error, object = %slot::Shown(&name), "a log could not be read");
                Err(internal("the record could not be read; the control plane's log says why"))
            }
            Err(_) => Err(internal("reading the record failed unexpectedly")),
        }
    }

    /// Wakes every endpoint once: those whose connection did not survive the last stop record that.
    pub(crate) async fn wake_all(self) {
        let names = self.0.data.endpoints().unwrap_or_default();
        for name in names {
            if self.stopping() || self.tell(&name, 0, Input::Wake).await.is_err() {
                return;
            }
            // One at a time, and away again: starting must not need memory for all of them at once.
            let slot = self.slot(&name);
            while !slot.is_quiet() && !self.stopping() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            let away = Arc::clone(&slot);
            if tokio::task::spawn_blocking(move || away.put_away()).await.is_err() {
                return;
            }
            self.forget_unneeded();
        }
    }

    /// Waits until every mailbox is empty, at most that long, and ends the threads.
    pub(crate) async fn stop(&self, within: Duration) {
        let until = tokio::time::Instant::now() + within;
        loop {
            self.flush_all_directories();
            let busy = locked(&self.0.slots).values().any(|slot| !slot.is_quiet());
            let busy = busy || self.0.hub.any_attached();
            if !busy || tokio::time::Instant::now() >= until {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.0.stopping.store(true, Ordering::Release);
        self.0.ready.wake_all();
        let objects = self.clone();
        // Closing databases checkpoints their write-ahead logs: that blocks.
        let closed = tokio::task::spawn_blocking(move || {
            let slots: Vec<_> = locked(&objects.0.slots).drain().collect();
            for (_, slot) in slots {
                slot.close();
            }
        });
        let _ = closed.await;
        self.0.data.unlock();
    }

    /// Ends the threads at once; what waits in mailboxes is lost, what was answered is durable.
    pub(crate) fn abandon(&self) {
        self.0.stopping.store(true, Ordering::Release);
        self.0.ready.wake_all();
    }

    pub(crate) fn stopping(&self) -> bool {
        self.0.stopping.load(Ordering::Acquire)
    }

    fn slot(&self, name: &ObjectName) -> Arc<Slot> {
        let mut slots = locked(&self.0.slots);
        if let Some(slot) = slots.get(name) {
            return Arc::clone(slot);
        }
        let jumps = locked(&self.0.clock).number;
        let slot = Arc::new(Slot::new(name.clone(), Arc::clone(&self.0.open), jumps));
        slots.insert(name.clone(), Arc::clone(&slot));
        slot
    }

    fn put(&self, slot: &Arc<Slot>, mail: Mail, units: u32) {
        if slot.put(mail, units) {
            self.0.ready.push(Arc::clone(slot));
        }
    }

    /// Puts away what has been idle for a while.
    async fn put_away_idle(self) {
        let idle_ms = self.0.limits.idle_ms;
        let mut tick = tokio::time::interval(Duration::from_millis((idle_ms / 3).clamp(20, 1_000)));
        loop {
            tick.tick().await;
            if self.stopping() {
                return;
            }
            let candidates = self.idle(idle_ms);
            if candidates.is_empty() {
                continue;
            }
            let objects = self.clone();
            let closed = tokio::task::spawn_blocking(move || {
                for slot in candidates {
                    slot.put_away();
                }
                objects.forget_unneeded();
            });
            let _ = closed.await;
        }
    }

    /// Objects to put away: those unused for a while, or, when many are open, all that are unused right now.
    fn idle(&self, idle_ms: u64) -> Vec<Arc<Slot>> {
        let mut open: Vec<_> = locked(&self.0.slots)
            .values()
            .filter(|slot| slot.is_open())
            .cloned()
            .collect();
        let patience = if open.len() > OPEN_AT_EASE { 0 } else { idle_ms };
        let before = clock::now_ms().saturating_sub(patience);
        open.retain(|slot| slot.unused_since(before));
        open
    }

    /// Forgets slots that hold nothing, wait for nothing, and have no connection.
    fn forget_unneeded(&self) {
        let hub = &self.0.hub;
        locked(&self.0.slots).retain(|name, slot| Arc::strong_count(slot) > 1 || slot.is_needed() || hub.is_attached(name));
    }
}

/// Takes a request out of the waiting list however waiting for it ends.
struct Forget<'a>(&'a Objects, RequestId);

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        locked(&self.0.0.waiting).remove(&self.1);
    }
}

async fn within<T>(answered: oneshot::Receiver<T>) -> Result<T, ErrorBody> {
    match tokio::time::timeout(ANSWER_WITHIN, answered).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) => Err(not_recorded("the control plane is stopping")),
        Err(_) => Err(internal("there was no answer in time; whether it was done is in the record")),
    }
}

/// The answer when a batch was lost.
pub(crate) fn not_recorded(why: &str) -> ErrorBody {
    ErrorBody {
        code: ErrorCode::NotRecorded,
        detail: format!("It could not be recorded, so it was not done: {why}."),
        retry_after_ms: Some(1_000),
    }
}

/// The answer when it is our fault.
pub(crate) fn internal(detail: &str) -> ErrorBody {
    ErrorBody {
        code: ErrorCode::Internal,
        detail: detail.to_owned(),
        retry_after_ms: None,
    }
}
