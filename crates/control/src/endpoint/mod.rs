//! The Endpoint object: one endpoint's log, sessions and actions, its runtime's connection and the consoles watching.

use crate::port::{Caller, ConnId, Effect, Moment, RequestId, Signer};
use crate::store::{Store, StoreError};
use caisey_ledger::entry::SignedStatement;
use caisey_ledger::event::DisconnectReason;
use caisey_ledger::id::{ClientId, EndpointId, OrganisationId, Seq, TimeMs};
use caisey_protocol::http::{EntriesPage, ProofAnswer};
use caisey_protocol::runtime::FromRuntime;

/// What the endpoint is, fixed when it enrolled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Organisation.
    pub organisation: OrganisationId,
    /// Endpoint.
    pub endpoint: EndpointId,
    /// Client.
    pub client: ClientId,
    /// The client's name when it enrolled.
    pub client_name: String,
    /// Origin of its log.
    pub log: String,
    /// Its public key, standard base64.
    pub key: String,
    /// The machine's own name, checked.
    pub hostname: String,
    /// `linux`, `windows` or `macos`.
    pub os: String,
    /// Processor architecture.
    pub arch: String,
    /// Public name of the installer token used.
    pub installer: String,
}

/// Everything that can happen to an Endpoint object.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The organisation accepted its enrolment. First input of all; repeating it changes nothing.
    Enrolled(Box<Identity>),
    /// A runtime connected and wants to prove that it is this endpoint.
    RuntimeOpened(ConnId),
    /// A frame from it.
    RuntimeMessage(ConnId, Box<FromRuntime>),
    /// It is gone.
    RuntimeClosed(ConnId, DisconnectReason),
    /// A console wants this log's records from here on.
    WatchOpened(ConnId, Seq),
    /// The watcher took what it was sent and can take more.
    WatchDrained(ConnId),
    /// It is gone.
    WatchClosed(ConnId),
    /// A person's device signed something that belongs in this log.
    Submit(RequestId, Caller, Box<SignedStatement>),
    /// Can a call to the runtime be answered right now?
    AskSendable(RequestId),
    /// Destroy texts of an entry.
    Erase(RequestId, Caller, Seq, Vec<String>, String),
    /// Take the endpoint out of service.
    Remove(RequestId, Caller),
    /// An earlier batch could not be stored, so nothing of it was said or done (its cause, such as `disk_full`, and since when). The
    /// host repeats this as the first input after loading until it is stored: it becomes a `recorder.gap` entry.
    RecordingFailed(&'static str, TimeMs),
    /// The deadline that `poll_deadline` named has come.
    Wake,
}

/// The object itself. Created by `load`, from its store alone.
pub struct EndpointObject {
    _private: (),
}

impl EndpointObject {
    /// Reads the object's state; makes the schema when there is none. Connections that the store believes alive and that are not
    /// in `alive` are recorded as lost with the next input (`ControlRestarted`).
    ///
    /// # Errors
    /// The store's.
    pub fn load(_store: &dyn Store, _alive: &[ConnId]) -> Result<Self, StoreError> {
        Ok(Self { _private: () })
    }

    /// Takes one input: writes to the store, queues effects. Hostile or impossible inputs become refusals, not errors.
    ///
    /// # Errors
    /// Only the store's; the batch is then lost and the object must be discarded.
    pub fn handle(&mut self, _store: &dyn Store, _moment: Moment, _input: Input) -> Result<(), StoreError> {
        Ok(())
    }

    /// Ends a batch: signs one checkpoint over everything appended since the last, stores it, and returns all effects queued, in order.
    ///
    /// # Errors
    /// Only the store's.
    pub fn seal(&mut self, _store: &dyn Store, _signer: &dyn Signer) -> Result<Vec<Effect>, StoreError> {
        Ok(Vec::new())
    }

    /// When the object wants `Wake`, and why.
    pub fn poll_deadline(&self) -> Option<(TimeMs, &'static str)> {
        None
    }

    /// Whether the object holds nothing that its store does not: it may be put away.
    pub fn is_idle(&self) -> bool {
        true
    }
}

/// Reads a run of the log; needs no object in memory. `limit` records at most, and at most 512 KiB of them, at least one.
///
/// # Errors
/// The store's.
pub fn read_page(_store: &dyn Store, _from: Seq, _limit: u32) -> Result<Option<EntriesPage>, StoreError> {
    Ok(None)
}

/// Consistency proof between two sizes of the log.
///
/// # Errors
/// The store's.
pub fn prove_consistency(_store: &dyn Store, _from_size: u64, _to_size: u64) -> Result<Option<ProofAnswer>, StoreError> {
    Ok(None)
}

/// Inclusion proof of one entry in the log of a size.
///
/// # Errors
/// The store's.
pub fn prove_inclusion(_store: &dyn Store, _seq: Seq, _size: u64) -> Result<Option<ProofAnswer>, StoreError> {
    Ok(None)
}
