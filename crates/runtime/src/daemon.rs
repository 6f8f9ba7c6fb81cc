//! A running runtime: outbox, actions and connection put together, and the one handle by which a program or a desktop holds it.

use crate::actions::Actions;
use crate::clock::{ClockWatch, Jump};
use crate::consent::{Contacts, ContactsError};
use crate::execute::tree;
use crate::identity::{EndpointKey, Enrolment, IdentityError};
use crate::limits::Limits;
use crate::link::{End, Link, set};
use crate::machine;
use crate::outbox::{Outbox, StoreError, Weight};
use crate::state::{InstanceLock, StateDir, StateError};
use crate::succession;
use crate::voice::Voice;
use crate::witness::Witness;
use caisey_client::connection::{Connection, Input, Output};
use caisey_client::{ApiError, ControlUrl, awake, socket};
use caisey_ledger::event::Event;
use caisey_ledger::id::{ActionId, OrganisationId};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// Why a runtime cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its directory.
    #[error(transparent)]
    State(#[from] StateError),
    /// Its key or enrolment.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// Its outbox.
    #[error(transparent)]
    Outbox(#[from] StoreError),
    /// What it keeps of the client's contacts.
    #[error(transparent)]
    Contacts(#[from] ContactsError),
}

/// How a runtime stands with its control plane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Trying.
    Connecting,
    /// The key is proved; calls are answered.
    Connected,
    /// Waiting before the next attempt; why the last one failed.
    Waiting(String),
    /// The control plane will not have this endpoint, or cannot be trusted; tried again only rarely.
    Refused(String),
    /// The endpoint was removed from service. The runtime runs no more commands.
    Removed,
    /// The log was closed after the control plane was restored from a backup, and goes on as a new one. Start the runtime again: it goes over
    /// to that one.
    Succeeded,
    /// Ended.
    Stopped,
}

impl Status {
    fn words(&self) -> (String, String) {
        match self {
            Self::Connecting => ("connecting".to_owned(), String::new()),
            Self::Connected => ("connected".to_owned(), String::new()),
            Self::Waiting(why) => ("waiting to connect again".to_owned(), why.clone()),
            Self::Refused(why) => ("refused".to_owned(), why.clone()),
            Self::Removed => ("removed from service".to_owned(), String::new()),
            Self::Succeeded => ("going over to a new log".to_owned(), String::new()),
            Self::Stopped => ("stopped".to_owned(), String::new()),
        }
    }
}

/// A runtime that runs. Dropping it without [`Runtime::stop`] is like pulling the plug: nothing recorded is lost, running commands are
/// put on record as unknown at the next start.
pub struct Runtime {
    enrolment: Enrolment,
    stop: watch::Sender<bool>,
    status: watch::Receiver<Status>,
    actions: Actions,
    outbox: Outbox,
    tasks: Vec<JoinHandle<()>>,
    _lock: InstanceLock,
}

impl Runtime {
    /// Starts the runtime of this state directory within the current tokio runtime.
    ///
    /// # Errors
    /// When it is not enrolled, its files are damaged, or another runtime uses them.
    pub async fn start(state: &StateDir, limits: Limits) -> Result<Self, StartError> {
        let lock = state.lock()?;
        let enrolment = Enrolment::load(state)?.ok_or(IdentityError::NotEnrolled)?;
        let (enrolment, begun) = succession::complete(state, enrolment)?;
        let key = EndpointKey::load(state)?.ok_or(IdentityError::NotEnrolled)?;
        let damaged = |what: &str| IdentityError::DamagedEnrolment(what.to_owned());
        let address: ControlUrl = enrolment.control.parse().map_err(|_| damaged("control"))?;
        let organisation = enrolment.organisation().ok_or_else(|| damaged("log"))?;
        let checkpoint_key = enrolment.checkpoint_key_bytes().ok_or_else(|| damaged("checkpoint key"))?;
        let voice = Voice::new(enrolment.log.clone(), enrolment.endpoint.clone(), key.signing_key().clone());
        let (outbox, found) = Outbox::open(&state.file("outbox.db"), voice.clone(), &limits)?;
        if let Some(begun) = begun {
            begun.confirm(state, &outbox, &voice).await;
        }
        let (accepted_tx, accepted) = mpsc::unbounded_channel();
        let contacts = Contacts::load(state, &organisation, &enrolment.endpoint, enrolment.client.as_ref())?;
        let actions = Actions::new(outbox.clone(), voice.clone(), limits, contacts.clone(), accepted_tx);
        actions.bury(found.unfinished, found.last_ms).await;
        contacts.put_on_record(&voice, &outbox).await;
        let witness = Witness::new(&enrolment.log, checkpoint_key, found.checkpoint.as_deref(), found.tree);
        let (stop, stopping) = watch::channel(false);
        let (status_tx, status) = watch::channel(Status::Connecting);
        let keeper = Keeper {
            state: state.clone(),
            enrolment: enrolment.clone(),
            address,
            organisation,
            key,
            voice: voice.clone(),
            outbox: outbox.clone(),
            actions: actions.clone(),
            contacts,
            witness,
            accepted,
            stop: stopping.clone(),
            status: status_tx,
        };
        let tasks = vec![
            tokio::spawn(keeper.run()),
            tokio::spawn(watch_clock(outbox.clone(), voice)),
            tokio::spawn(reap(actions.clone())),
        ];
        Ok(Self {
            enrolment,
            stop,
            status,
            actions,
            outbox,
            tasks,
            _lock: lock,
        })
    }

    /// Where it is enrolled.
    pub fn enrolment(&self) -> &Enrolment {
        &self.enrolment
    }

    /// How it stands; changes as it changes.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// How many actions run; changes with every one.
    pub fn running(&self) -> watch::Receiver<usize> {
        self.actions.count()
    }

    /// Stops: kills running commands, records their ends, hands over what it can, says goodbye.
    pub async fn stop(mut self) {
        self.actions.stop_all().await;
        self.stop.send_replace(true);
        let mut tasks = std::mem::take(&mut self.tasks).into_iter();
        if let Some(keeper) = tasks.next() {
            let _ = tokio::time::timeout(Duration::from_secs(10), keeper).await;
        }
        tasks.for_each(|task| task.abort());
        self.outbox.close().await;
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Keeps the connection.
struct Keeper {
    state: StateDir,
    enrolment: Enrolment,
    address: ControlUrl,
    organisation: OrganisationId,
    key: EndpointKey,
    voice: Voice,
    outbox: Outbox,
    actions: Actions,
    contacts: Contacts,
    witness: Witness,
    accepted: mpsc::UnboundedReceiver<ActionId>,
    stop: watch::Receiver<bool>,
    status: watch::Sender<Status>,
}

impl Keeper {
    async fn run(mut self) {
        let epoch = Instant::now();
        let now_ms = || u64::try_from(epoch.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut connection = Connection::default();
        let mut next = connection.handle(now_ms(), random(), Input::Start);
        while let Some(output) = next {
            next = match output {
                Output::Connect => {
                    self.tell(Status::Connecting).await;
                    let (end, was_open) = self.attempt().await;
                    if let Some(open_ms) = was_open {
                        connection.handle(now_ms().saturating_sub(open_ms), random(), Input::Opened);
                    }
                    let Some(input) = self.judge(end).await else { break };
                    connection.handle(now_ms(), random(), input)
                }
                Output::WaitUntil(until_ms) => {
                    let pause = Duration::from_millis(until_ms.saturating_sub(now_ms()));
                    tokio::select! {
                        () = tokio::time::sleep(pause) => connection.handle(now_ms(), random(), Input::Deadline),
                        () = awake::woke() => connection.handle(now_ms(), random(), Input::Woke),
                        () = set(&mut self.stop) => None,
                    }
                }
                Output::Close => None,
            };
        }
        if !matches!(*self.status.borrow(), Status::Removed | Status::Succeeded) {
            self.tell(Status::Stopped).await;
        }
    }

    /// One connection from beginning to end; how it ended, and for how many milliseconds it was open, if it was.
    async fn attempt(&mut self) -> (End, Option<u64>) {
        let mut stop = self.stop.clone();
        let endpoint = self.voice.endpoint().as_str();
        let socket = tokio::select! {
            socket = socket::connect_runtime(&self.address, self.organisation.as_str(), endpoint) => socket,
            () = set(&mut stop) => return (End::Stopped, None),
        };
        let socket = match socket {
            Ok(socket) => socket,
            Err(ApiError::Refused { body, .. }) if body.retry_after_ms.is_none() => return (End::Refused(body.detail), None),
            Err(ApiError::Refused { body, .. }) => return (End::Wait(body.retry_after_ms.unwrap_or_default()), None),
            Err(error) => return (End::Lost(error.to_string()), None),
        };
        let mut opened: Option<Instant> = None;
        let (status, outbox) = (self.status.clone(), self.outbox.clone());
        let link = Link {
            key: &self.key,
            voice: &self.voice,
            outbox: &self.outbox,
            actions: &self.actions,
            contacts: &self.contacts,
            witness: &mut self.witness,
            accepted: &mut self.accepted,
            stop: self.stop.clone(),
        };
        let end = link
            .serve(socket, || {
                opened = Some(Instant::now());
                announce(&status, &outbox, Status::Connected);
            })
            .await;
        (
            end,
            opened.map(|opened| u64::try_from(opened.elapsed().as_millis()).unwrap_or(u64::MAX)),
        )
    }

    /// What an end means: for the status, for the record, for the next attempt. None ends the keeper.
    async fn judge(&mut self, end: End) -> Option<Input> {
        match end {
            End::Stopped => None,
            End::Lost(why) => {
                tracing::info!(why, "not connected");
                self.tell(Status::Waiting(why)).await;
                Some(Input::Failed)
            }
            End::Wait(wait_ms) => {
                self.tell(Status::Waiting("the control plane asked for a pause".to_owned()))
                    .await;
                Some(Input::AskedToWait(wait_ms))
            }
            End::Refused(why) => {
                tracing::warn!(why, "the control plane refused this endpoint");
                self.tell(Status::Refused(why)).await;
                Some(Input::Refused)
            }
            End::Untrusted(why) => {
                tracing::error!(
                    why,
                    "the control plane's record contradicts itself; nothing is forgotten here until it is explained"
                );
                self.record_distrust(&why).await;
                // The checkpoints that follow are for the record.
                let brief = why.split("\n\n").next().unwrap_or_default().to_owned();
                self.tell(Status::Refused(brief)).await;
                Some(Input::Refused)
            }
            End::Succeeded(offer) => {
                let followed = offer
                    .check(&self.enrolment, &self.key.public())
                    .map_err(|refused| refused.to_string())
                    .and_then(|()| {
                        succession::follow(&self.state, &self.enrolment, &offer, self.witness.last_note())
                            .map_err(|error| error.to_string())
                    });
                if let Err(why) = followed {
                    tracing::error!(why, "another log was offered and not followed");
                    self.tell(Status::Refused(why)).await;
                    return Some(Input::Refused);
                }
                tracing::warn!(log = offer.log, "the log is closed; this endpoint goes over to another one");
                self.actions.stop_all().await;
                self.tell(Status::Succeeded).await;
                None
            }
            End::Removed => {
                tracing::warn!("this endpoint was removed from service");
                self.tell(Status::Removed).await;
                self.actions.stop_all().await;
                None
            }
        }
    }

    async fn record_distrust(&self, why: &str) {
        let now = machine::now_ms().get();
        let event = Event::RecorderGap {
            cause: "control_contradicts".to_owned(),
            from_ms: now,
            to_ms: now,
        };
        match self.voice.draft(None, &event, &[("detail", why)]) {
            // Said once per contradiction and attempt, at most every half minute.
            Ok(draft) => drop(self.outbox.say(draft, Weight::Essential, None).await),
            Err(error) => tracing::error!(%error, "a contradiction cannot be put into words"),
        }
    }

    async fn tell(&self, status: Status) {
        announce(&self.status, &self.outbox, status);
    }
}

/// Tells who watches, and leaves it in the outbox for `status`.
fn announce(status: &watch::Sender<Status>, outbox: &Outbox, now: Status) {
    let (connection, trouble) = now.words();
    status.send_replace(now);
    let outbox = outbox.clone();
    tokio::spawn(async move {
        outbox.note("connection", connection).await;
        outbox.note("trouble", trouble).await;
    });
}

fn random() -> u64 {
    getrandom::u64().unwrap_or(0)
}

/// A jump of the machine's clock is a gap in what its times mean, so it goes on record.
async fn watch_clock(outbox: Outbox, voice: Voice) {
    const EVERY: Duration = Duration::from_secs(10);
    let began = Instant::now();
    let steady = || u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let mut watch = ClockWatch::new(machine::now_ms().get(), steady());
    loop {
        tokio::time::sleep(EVERY).await;
        let Some(Jump { expected, found }) = watch.look(machine::now_ms().get(), steady()) else {
            continue;
        };
        let detail = format!(
            "The machine's clock said {found} where {expected} was expected (milliseconds since 1970): it was set, or the machine slept. \
             Order is the log's sequence, not this clock."
        );
        let event = Event::RecorderGap {
            cause: "clock_jump".to_owned(),
            from_ms: expected.min(found),
            to_ms: expected.max(found),
        };
        if let Ok(draft) = voice.draft(None, &event, &[("detail", &detail)]) {
            let _ = outbox.say(draft, Weight::Essential, None).await;
        }
    }
}

/// Collects orphans of commands that have ended (see [`tree::adopt_orphans`]).
async fn reap(actions: Actions) {
    loop {
        tokio::time::sleep(Duration::from_secs(5)).await;
        let ours = actions.pids();
        let _ = tokio::task::spawn_blocking(move || tree::reap_orphans(&ours)).await;
    }
}
