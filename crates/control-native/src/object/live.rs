//! A loaded object with its store, and how one batch runs through it.

use super::Shared;
use super::slot::{Failed, Letter, Mail};
use crate::clock;
use crate::store::SqliteStore;
use caisey_control::endpoint::{EndpointObject, Input};
use caisey_control::organisation::{OrganisationObject, Reply};
use caisey_control::port::{Effect, Moment, ObjectName, RequestId};
use caisey_control::store::{Store, StoreError};
use caisey_protocol::error::ErrorBody;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio::sync::oneshot;

/// A loaded object.
pub(crate) struct Live {
    store: SqliteStore,
    object: Object,
}

enum Object {
    Endpoint(Box<EndpointObject>),
    Organisation(Box<OrganisationObject>),
}

/// What a batch left to be done once it was committed.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) effects: Vec<Effect>,
    /// One per letter to an Organisation object, in order.
    pub(super) replies: Vec<Result<Reply, ErrorBody>>,
    erased: bool,
}

/// Everyone who waits for a batch. Taken out of it beforehand, so that they hear of it even when it is lost.
#[derive(Default)]
pub(super) struct Waiting {
    pub(super) requests: Vec<RequestId>,
    /// One per letter to an Organisation object, in order; reports want no answer.
    pub(super) replies: Vec<Option<oneshot::Sender<Result<Reply, ErrorBody>>>>,
    pub(super) enrolled: Vec<oneshot::Sender<Result<(), ErrorBody>>>,
}

/// Why a batch was lost.
#[derive(Debug, thiserror::Error)]
pub(super) enum Lost {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the operating system gave no randomness: {0}")]
    Entropy(std::io::Error),
    #[error("the object failed unexpectedly")]
    Panicked,
}

impl Lost {
    /// The stable word for the record.
    pub(super) fn cause(&self) -> &'static str {
        match self {
            Self::Store(StoreError::Full(_)) => "disk_full",
            Self::Store(StoreError::Io(_)) => "disk_failed",
            Self::Store(StoreError::Corrupt(_)) => "store_damaged",
            Self::Store(StoreError::Constraint(_) | StoreError::Refused(_)) => "store_refused",
            Self::Entropy(_) => "no_entropy",
            Self::Panicked => "failed",
        }
    }

    /// For the person who waits.
    pub(super) fn for_people(&self) -> &'static str {
        match self {
            Self::Store(StoreError::Full(_)) => "the control plane's disk is full; free space there and try again",
            Self::Store(StoreError::Io(_)) => "the control plane's disk fails; its log says how",
            Self::Store(StoreError::Corrupt(_)) => "the record's file is damaged; restore it from a backup",
            _ => "the control plane failed; its log says how",
        }
    }
}

/// Opens an object's database, making it when absent.
pub(super) fn open(shared: &Shared, name: &ObjectName) -> Result<SqliteStore, StoreError> {
    shared.data.prepare(name).map_err(|error| match error.kind() {
        std::io::ErrorKind::StorageFull => StoreError::Full(error.to_string()),
        _ => StoreError::Io(error.to_string()),
    })?;
    SqliteStore::open(&shared.data.path(name))
}

impl Live {
    /// Opens the database and reads the object's state.
    pub(super) fn load(shared: &Shared, name: &ObjectName) -> Result<Box<Self>, StoreError> {
        let store = open(shared, name)?;
        let mut object = None;
        store.tx(&mut || {
            object = Some(match name {
                ObjectName::Organisation(organisation) => Object::Organisation(Box::new(OrganisationObject::load(
                    &store,
                    organisation.clone(),
                    &shared.authority,
                )?)),
                ObjectName::Endpoint(..) => Object::Endpoint(Box::new(EndpointObject::load(&store, &shared.hub.attached(name))?)),
            });
            Ok(())
        })?;
        match object {
            Some(object) => Ok(Box::new(Self { store, object })),
            None => Err(StoreError::Refused("the store did not run the transaction".to_owned())),
        }
    }

    /// Whether nothing is lost by putting it away.
    pub(super) fn is_idle(&self) -> bool {
        match &self.object {
            Object::Endpoint(object) => object.is_idle(),
            Object::Organisation(_) => true,
        }
    }

    /// When it wants to be woken, milliseconds since the Unix epoch.
    pub(super) fn deadline_ms(&self) -> Option<u64> {
        match &self.object {
            Object::Endpoint(object) => object.poll_deadline().map(|(at, _)| at.get()),
            Object::Organisation(_) => None,
        }
    }

    /// Runs a batch in one transaction. On an error nothing of it is stored and the object must be discarded.
    pub(super) fn run(&mut self, shared: &Shared, failed: Option<Failed>, batch: Vec<Letter>) -> Result<Outcome, Lost> {
        // An object's mistake must cost that object's batch, not the thread that runs all objects.
        catch_unwind(AssertUnwindSafe(|| self.run_batch(shared, failed, batch))).unwrap_or(Err(Lost::Panicked))
    }

    fn run_batch(&mut self, shared: &Shared, failed: Option<Failed>, batch: Vec<Letter>) -> Result<Outcome, Lost> {
        let mut outcome = Outcome::default();
        let mut moments = Vec::with_capacity(batch.len() + 1);
        for _ in 0..=batch.len() {
            moments.push(Moment {
                now_ms: clock::now(),
                entropy: clock::random().map_err(Lost::Entropy)?,
            });
        }
        let mut moments = moments.into_iter();
        let mut batch = batch.into_iter();
        let (store, object) = (&self.store, &mut self.object);
        match object {
            Object::Endpoint(object) => store.tx(&mut || {
                if let (Some(failed), Some(moment)) = (failed, moments.next()) {
                    object.handle(store, moment, Input::RecordingFailed(failed.cause, failed.since))?;
                }
                for (letter, moment) in batch.by_ref().zip(moments.by_ref()) {
                    let input = match letter.mail {
                        Mail::Endpoint(input) => input,
                        Mail::Enrol(identity, _) => Input::Enrolled(identity),
                        Mail::Organisation(..) => continue,
                    };
                    outcome.erased |= matches!(input, Input::Erase(..));
                    object.handle(store, moment, input)?;
                }
                outcome.effects = object.seal(store, &shared.signer)?;
                Ok(())
            })?,
            Object::Organisation(object) => store.tx(&mut || {
                for (letter, moment) in batch.by_ref().zip(moments.by_ref()) {
                    if let Mail::Organisation(request, _) = letter.mail {
                        let reply = object.handle(store, moment, *request)?;
                        outcome.replies.push(reply);
                    }
                }
                object.seal(store, &shared.signer)
            })?,
        }
        if outcome.erased
            && let Err(error) = self.store.flush_log()
        {
            tracing::warn!(%error, "an erased text may remain in the write-ahead log until it is next moved");
        }
        Ok(outcome)
    }
}

impl Waiting {
    /// Takes those who wait out of the letters.
    pub(super) fn out_of(batch: &mut [Letter]) -> Self {
        let mut waiting = Self::default();
        for letter in batch {
            match &mut letter.mail {
                Mail::Endpoint(
                    Input::Submit(request, ..)
                    | Input::Cosign(request, ..)
                    | Input::AskSendable(request)
                    | Input::Erase(request, ..)
                    | Input::Remove(request, ..),
                ) => waiting.requests.push(*request),
                Mail::Endpoint(_) => {}
                Mail::Enrol(_, answer) => waiting.enrolled.extend(answer.take()),
                Mail::Organisation(_, answer) => waiting.replies.push(answer.take()),
            }
        }
        waiting
    }
}
