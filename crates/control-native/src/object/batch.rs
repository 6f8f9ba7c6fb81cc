//! One batch through one loaded object, in one transaction, and what happens when something in it cannot be stored.
//!
//! A failure of the medium loses the whole batch. One that only a mistake of ours explains (the store refuses a statement, a rule of the
//! tables is broken, the object panics) is most likely one letter's doing, and would be so again: the object goes back to its state from
//! before the batch and the letters run once more, each in a transaction of its own within the batch's. Those that fail again are
//! refused, and an endpoint's log says that something is missing; everybody else's are stored and answered as if nothing had been.

use super::Shared;
use super::live::{Live, Object};
use super::slot::{Failed, Letter, Mail};
use crate::clock;
use crate::store::SqliteStore;
use caisey_control::endpoint::Input;
use caisey_control::organisation::Reply;
use caisey_control::port::{Effect, Moment};
use caisey_control::store::{Store, StoreError};
use caisey_protocol::error::ErrorBody;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a batch left to be done once it was committed.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) effects: Vec<Effect>,
    /// To letters for an Organisation object, by their place in the batch.
    pub(super) replies: BTreeMap<usize, Result<Reply, ErrorBody>>,
    /// Letters that could not be stored, by their place in the batch.
    pub(super) refused: BTreeMap<usize, Lost>,
    erased: bool,
}

/// Why a batch or a letter was lost.
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

    /// Whether a single letter may be to blame, and the others can be stored without it.
    fn may_be_one_letters(&self) -> bool {
        matches!(
            self,
            Self::Panicked | Self::Store(StoreError::Constraint(_) | StoreError::Refused(_))
        )
    }
}

/// What a letter for an Organisation object is answered; letters for endpoints are not.
type Answer = Option<Result<Reply, ErrorBody>>;

impl Live {
    /// Runs a batch in one transaction. On an error nothing of it is stored and the object must be discarded.
    pub(super) fn run(&mut self, shared: &Shared, failed: Option<Failed>, batch: &[Letter]) -> Result<Outcome, Lost> {
        // One for the gap.
        let moments = moments(batch.len() + 1)?;
        let before = self.object.clone();
        let outcome = match self.run_letters(shared, failed, batch, &moments, Way::Together) {
            Err(lost) if lost.may_be_one_letters() => {
                tracing::warn!(error = %lost, "a batch could not be recorded; its letters are tried one by one");
                self.object = before;
                self.run_letters(shared, failed, batch, &moments, Way::Apart)
            }
            done => done,
        }?;
        if outcome.erased
            && let Err(error) = self.store.flush_log()
        {
            tracing::warn!(%error, "an erased text may remain in the write-ahead log until it is next moved");
        }
        Ok(outcome)
    }

    /// All letters and one seal, in one transaction.
    fn run_letters(
        &mut self,
        shared: &Shared,
        failed: Option<Failed>,
        batch: &[Letter],
        moments: &[Moment],
        way: Way,
    ) -> Result<Outcome, Lost> {
        let (store, object) = (&self.store, &mut self.object);
        let mut outcome = Outcome::default();
        within(store, &mut || {
            if let (Some(failed), Some(moment)) = (failed, moments.first()) {
                object.note_gap(store, *moment, failed)?;
            }
            for (at, (letter, moment)) in batch.iter().zip(moments.iter().skip(1)).enumerate() {
                outcome.erased |= letter.mail.erases();
                let taken = match way {
                    Way::Together => Ok(object.take(store, *moment, &letter.mail)?),
                    Way::Apart => object.take_apart(store, *moment, &letter.mail)?,
                };
                match taken {
                    Ok(reply) => outcome.replies.extend(reply.map(|reply| (at, reply))),
                    Err(lost) => drop(outcome.refused.insert(at, lost)),
                }
            }
            outcome.effects = object.seal(store, shared)?;
            Ok(())
        })?;
        Ok(outcome)
    }
}

/// How the letters of a batch are run.
#[derive(Clone, Copy)]
enum Way {
    /// One that fails takes the others with it.
    Together,
    /// Each in a transaction of its own within the batch's.
    Apart,
}

impl Object {
    /// What is missing from an endpoint's record is an entry in it; the organisation's log has no such kind.
    fn note_gap(&mut self, store: &SqliteStore, moment: Moment, failed: Failed) -> Result<(), Lost> {
        match self {
            Self::Endpoint(object) => {
                unharmed(|| object.handle(store, moment, Input::RecordingFailed(failed.cause, failed.since)))
            }
            Self::Organisation(_) => Ok(()),
        }
    }

    /// Takes a letter whose failure is its own: what it did is undone, the record says that something is missing, and why it was lost is
    /// the inner error.
    fn take_apart(&mut self, store: &SqliteStore, moment: Moment, mail: &Mail) -> Result<Result<Answer, Lost>, Lost> {
        let before = self.clone();
        let mut answer = None;
        let taken = within(store, &mut || {
            answer = self.take(store, moment, mail)?;
            Ok(())
        });
        match taken {
            Ok(()) => Ok(Ok(answer)),
            Err(lost) if lost.may_be_one_letters() => {
                *self = before;
                let gap = Failed {
                    cause: lost.cause(),
                    since: moment.now_ms,
                };
                self.note_gap(store, moment, gap)?;
                Ok(Err(lost))
            }
            Err(lost) => Err(lost),
        }
    }

    fn take(&mut self, store: &SqliteStore, moment: Moment, mail: &Mail) -> Result<Answer, Lost> {
        match (self, mail) {
            (Self::Endpoint(object), Mail::Endpoint(input)) => {
                unharmed(|| object.handle(store, moment, input.clone()))?;
                Ok(None)
            }
            (Self::Endpoint(object), Mail::Enrol(identity, _)) => {
                unharmed(|| object.handle(store, moment, Input::Enrolled(identity.clone())))?;
                Ok(None)
            }
            (Self::Organisation(object), Mail::Organisation(request, _)) => {
                unharmed(|| object.handle(store, moment, request.as_ref().clone())).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn seal(&mut self, store: &SqliteStore, shared: &Shared) -> Result<Vec<Effect>, Lost> {
        match self {
            Self::Endpoint(object) => unharmed(|| object.seal(store, &shared.signer)),
            Self::Organisation(object) => unharmed(|| object.seal(store, &shared.signer)).map(|()| Vec::new()),
        }
    }
}

/// An object's mistake must cost what it was made with, not the thread that runs all objects.
fn unharmed<T>(step: impl FnOnce() -> Result<T, StoreError>) -> Result<T, Lost> {
    match catch_unwind(AssertUnwindSafe(step)) {
        Ok(done) => Ok(done?),
        Err(_) => Err(Lost::Panicked),
    }
}

/// The store's transaction, for steps that fail in more ways than stores do.
fn within(store: &SqliteStore, body: &mut dyn FnMut() -> Result<(), Lost>) -> Result<(), Lost> {
    let mut cause = None;
    let done = store.tx(&mut || {
        body().map_err(|lost| {
            let undo = StoreError::Refused(lost.to_string());
            cause = Some(lost);
            undo
        })
    });
    match (done, cause) {
        (Err(_), Some(lost)) => Err(lost),
        (done, _) => Ok(done?),
    }
}

/// The same time for the whole batch, randomness for each.
fn moments(count: usize) -> Result<Vec<Moment>, Lost> {
    let now_ms = clock::now();
    let entropy = clock::random_rows(count).map_err(Lost::Entropy)?;
    Ok(entropy.into_iter().map(|entropy| Moment { now_ms, entropy }).collect())
}
