//! The Organisation object: members and their devices, clients, installer tokens, the endpoint directory, the session index, and a log
//! of its own for every administrative change.

use crate::port::{Caller, DirectoryChange, Moment, Signer};
use crate::store::{Store, StoreError};
use caisey_ledger::id::{ClientId, EndpointId, InstallerId, MemberId, SessionId, TimeMs};
use caisey_protocol::error::ErrorBody;
use caisey_protocol::http::{
    ClientView, CreateClient, CreateInstaller, DeviceView, EndpointView, EnrolRequest, InstallerSecret, InstallerView,
    RegisterDevice, SessionView,
};

/// Which sessions are wanted; absent means any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionFilter {
    /// On this endpoint.
    pub endpoint: Option<EndpointId>,
    /// For this client.
    pub client: Option<ClientId>,
    /// By this person.
    pub member: Option<MemberId>,
    /// This one.
    pub session: Option<SessionId>,
    /// Opened at or after.
    pub from_ms: Option<TimeMs>,
    /// Opened before.
    pub to_ms: Option<TimeMs>,
}

/// Requests to an Organisation object. Every one is answered; those that change something are in the organisation's log when they are.
#[derive(Clone, PartialEq)]
pub enum Request {
    /// A person's console makes its key known.
    RegisterDevice(Caller, RegisterDevice),
    /// Which device holds this key?
    FindDevice(Caller, String),
    /// All clients that the caller may see.
    Clients(Caller),
    /// A new client.
    CreateClient(Caller, CreateClient),
    /// All installer tokens.
    Installers(Caller),
    /// A new installer token.
    CreateInstaller(Caller, CreateInstaller),
    /// A new secret in place of the old one, which stops working.
    RotateInstaller(Caller, InstallerId),
    /// The end of one.
    RevokeInstaller(Caller, InstallerId),
    /// A runtime asks to become an endpoint; the installer token is all it has.
    Enrol(EnrolRequest),
    /// All endpoints that the caller may see.
    Endpoints(Caller),
    /// One endpoint, if the caller may see it.
    Endpoint(Caller, EndpointId),
    /// Sessions that the caller may see, newest first, 500 at most.
    Sessions(Caller, SessionFilter),
    /// An Endpoint object reports. Safe to repeat.
    Directory(DirectoryChange),
}

/// Answers, by request.
#[derive(Clone, PartialEq)]
pub enum Reply {
    /// To `RegisterDevice`.
    Device(DeviceView),
    /// To `FindDevice`.
    FoundDevice(Option<DeviceView>),
    /// To `Clients`.
    Clients(Vec<ClientView>),
    /// To `CreateClient`.
    Client(ClientView),
    /// To `Installers`.
    Installers(Vec<InstallerView>),
    /// To `CreateInstaller` and `RotateInstaller`.
    Installer(InstallerSecret),
    /// To `Enrol`: what the new Endpoint object is to be told.
    Enrolled(Box<crate::endpoint::Identity>),
    /// To `Endpoints`.
    Endpoints(Vec<EndpointView>),
    /// To `Endpoint`.
    Endpoint(Box<EndpointView>),
    /// To `Sessions`.
    Sessions(Vec<SessionView>),
    /// To `RevokeInstaller` and `Directory`.
    Done,
}

/// The object itself.
pub struct OrganisationObject {
    _private: (),
}

impl OrganisationObject {
    /// Reads the object's state; makes the schema when there is none. `authority` goes before the first slash of every log's origin.
    ///
    /// # Errors
    /// The store's.
    pub fn load(
        _store: &dyn Store,
        _organisation: caisey_ledger::id::OrganisationId,
        _authority: &str,
    ) -> Result<Self, StoreError> {
        Ok(Self { _private: () })
    }

    /// Takes one request. The answer may leave the host only after the batch is committed.
    ///
    /// # Errors
    /// Only the store's; refusals are in the inner result.
    pub fn handle(
        &mut self,
        _store: &dyn Store,
        _moment: Moment,
        _request: Request,
    ) -> Result<Result<Reply, ErrorBody>, StoreError> {
        Ok(Ok(Reply::Done))
    }

    /// Ends a batch: signs and stores one checkpoint over the organisation's own log.
    ///
    /// # Errors
    /// Only the store's.
    pub fn seal(&mut self, _store: &dyn Store, _signer: &dyn Signer) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Reads a run of the organisation's own log; needs no object in memory. The caller has checked the permission `Administer`.
///
/// # Errors
/// The store's.
pub fn read_page(
    _store: &dyn Store,
    _from: caisey_ledger::id::Seq,
    _limit: u32,
) -> Result<Option<caisey_protocol::http::EntriesPage>, StoreError> {
    Ok(None)
}

/// Which organisation an installer token belongs to, by its own word: enough to find the object that can check it.
pub fn organisation_of_token(_token: &str) -> Option<caisey_ledger::id::OrganisationId> {
    None
}
