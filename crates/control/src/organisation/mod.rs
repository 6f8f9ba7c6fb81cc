//! The Organisation object: members and their devices, clients and what their contacts say, policies, installer tokens, the endpoint
//! directory, the indexes of sessions and approval requests, and a log of its own for every administrative change.
//!
//! Promises: a caller of another organisation is told that nothing exists; a contact sees one client and nothing of the others; every
//! change is in the log with who asked for it, and secrets are stored as digests only. Leaves out: people's names and roles, which the
//! identity token vouches for each time. Log origin: `<authority>/<organisation>`.

mod approval;
mod client;
mod contact;
mod device;
mod endpoint;
mod enrol;
mod event;
mod installer;
mod mail;
mod pack;
mod policy;
mod review;
mod rules;
mod session;
mod share;
mod tables;
mod traits;

use crate::endpoint::ReviewBasis;
use crate::journal::{self, Journal};
use crate::port::{Caller, DirectoryChange, Moment, Signer};
use crate::refusal::{Stop, refused, settle};
use crate::rules::Rules;
use crate::store::{Store, StoreError};
use crate::turn::Turn;
use caisey_ledger::id::{ClientId, EndpointId, InstallerId, MemberId, OrganisationId, Seq, SessionId, TimeMs};
use caisey_protocol::consent::{ApprovalView, ContactChain, ContactSays, EndpointTraits, PolicyCheck, PolicyView, PublishPolicy};
use caisey_protocol::error::{ErrorBody, ErrorCode};
use caisey_protocol::handover::SubmitReview;
use caisey_protocol::http::{
    ClientView, CreateClient, CreateInstaller, DeviceView, EndpointView, EnrolRequest, EntriesPage, InstallerSecret,
    InstallerView, RegisterDevice, RenameClient, SessionView,
};
use caisey_protocol::mail::MailContacts;
use caisey_protocol::role::{Permission, Role};
pub use event::AdminEvent;
pub use pack::{Examined, PackPart, put_pack};
pub use review::{key_evidence, reviews};
pub use share::{OpenedShare, ShareReply, ShareRequest, find_share, token_digest};
use std::sync::Arc;
pub(crate) use tables::SCHEMA;

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
    /// Another name for a client.
    RenameClient(Caller, ClientId, RenameClient),
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
    /// The operator closes an endpoint's log after a restore: the endpoint gets a new name, and with it a new log. Safe to repeat. Never
    /// offered to the network.
    Succeed(EndpointId),
    /// All endpoints that the caller may see.
    Endpoints(Caller),
    /// One endpoint, if the caller may see it.
    Endpoint(Caller, EndpointId),
    /// Sessions that the caller may see, newest first, 500 at most.
    Sessions(Caller, SessionFilter),
    /// Approval requests that the caller may see, open ones first.
    Approvals(Caller),
    /// Which contacts of a client get e-mail.
    MailContacts(Caller, ClientId),
    /// From here on these and no others.
    SetMailContacts(Caller, ClientId, MailContacts),
    /// All versions of all policies that the caller may see.
    Policies(Caller),
    /// What would publishing this come to?
    CheckPolicy(Caller, PublishPolicy),
    /// The next version of a policy.
    PublishPolicy(Caller, PublishPolicy),
    /// What a client's contacts have said.
    Contacts(Caller, ClientId),
    /// A contact says something for their client.
    ContactSays(Caller, ContactSays),
    /// What policies know of an endpoint.
    Traits(Caller, EndpointId),
    /// What they shall know of it.
    SetTraits(Caller, EndpointId, EndpointTraits),
    /// What an Endpoint object has to know to decide, unless this revision is the newest. For the host; never offered to the network.
    Rules(EndpointId, u64),
    /// Somebody reviewed a snapshot; what the Endpoint objects know about it comes along. Safe to repeat.
    Review(Caller, SubmitReview, ReviewBasis),
    /// About share links.
    Share(ShareRequest),
    /// An Endpoint object reports. Safe to repeat.
    Directory(DirectoryChange),
}

/// Answers, by request.
#[derive(Clone, PartialEq)]
pub enum Reply {
    /// To `RegisterDevice`.
    Device(DeviceView),
    /// To `FindDevice`, with the revision of the rules that Endpoint objects decide by.
    FoundDevice(Option<DeviceView>, u64),
    /// To `Clients`.
    Clients(Vec<ClientView>),
    /// To `CreateClient` and `RenameClient`.
    Client(ClientView),
    /// To `Installers`.
    Installers(Vec<InstallerView>),
    /// To `CreateInstaller` and `RotateInstaller`.
    Installer(InstallerSecret),
    /// To `Enrol` and `Succeed`: what the new Endpoint object is to be told.
    Enrolled(Box<crate::endpoint::Identity>),
    /// To `Endpoints`.
    Endpoints(Vec<EndpointView>),
    /// To `Endpoint`.
    Endpoint(Box<EndpointView>),
    /// To `Sessions`.
    Sessions(Vec<SessionView>),
    /// To `Approvals`; without prompts.
    Approvals(Vec<ApprovalView>),
    /// To `MailContacts` and `SetMailContacts`.
    MailContacts(MailContacts),
    /// To `Policies`.
    Policies(Vec<PolicyView>),
    /// To `CheckPolicy`.
    PolicyCheck(Box<PolicyCheck>),
    /// To `PublishPolicy`.
    Policy(Box<PolicyView>),
    /// To `Contacts` and `ContactSays`.
    Contacts(Box<ContactChain>),
    /// To `Traits`.
    Traits(EndpointTraits),
    /// To `Rules`.
    Rules(Option<Arc<Rules>>),
    /// To `Share`.
    Share(ShareReply),
    /// To `RevokeInstaller`, `SetTraits`, `Review` and `Directory`.
    Done,
}

/// The object itself. Cloning it keeps a state to go back to.
#[derive(Clone)]
pub struct OrganisationObject {
    organisation: OrganisationId,
    journal: Journal,
    /// Of the rules that Endpoint objects decide by.
    revision: u64,
}

impl OrganisationObject {
    /// Reads the object's state; makes the schema when there is none. `authority` goes before the first slash of every log's origin.
    ///
    /// # Errors
    /// The store's; `Corrupt` when the stored entries do not lead to the root of the last checkpoint.
    pub fn load(store: &dyn Store, organisation: OrganisationId, authority: &str) -> Result<Self, StoreError> {
        tables::SCHEMA.apply(store)?;
        let journal = Journal::load(store, &format!("{authority}/{organisation}"))?;
        Ok(Self {
            organisation,
            journal,
            revision: rules::revision(store)?,
        })
    }

    /// Takes one request. The answer may leave the host only after the batch is committed.
    ///
    /// # Errors
    /// Only the store's; refusals are in the inner result.
    pub fn handle(
        &mut self,
        store: &dyn Store,
        moment: Moment,
        request: Request,
    ) -> Result<Result<Reply, ErrorBody>, StoreError> {
        let mut turn = Turn::new(store, moment);
        settle(self.answer(&mut turn, request))
    }

    fn answer(&mut self, turn: &mut Turn<'_>, request: Request) -> Result<Reply, Stop> {
        use Permission::{Administer, Decide, ReadDirectory, ReadRecords};
        Ok(match request {
            Request::RegisterDevice(caller, wanted) => {
                self.check(&caller, None)?;
                Reply::Device(self.register_device(turn, &caller, wanted)?)
            }
            Request::FindDevice(caller, key) => {
                self.check(&caller, None)?;
                Reply::FoundDevice(Self::find_device(turn.store, &caller, &key)?, self.revision)
            }
            Request::Clients(caller) => {
                self.check(&caller, Some(ReadDirectory))?;
                Reply::Clients(Self::clients(turn.store, &caller)?)
            }
            Request::CreateClient(caller, wanted) => {
                self.check(&caller, Some(Administer))?;
                Reply::Client(self.create_client(turn, &caller, wanted)?)
            }
            Request::RenameClient(caller, client, wanted) => {
                self.check(&caller, Some(Administer))?;
                Reply::Client(self.rename_client(turn, &caller, client, wanted)?)
            }
            Request::Installers(caller) => {
                self.check(&caller, Some(Administer))?;
                Reply::Installers(Self::installers(turn.store)?)
            }
            Request::CreateInstaller(caller, wanted) => {
                self.check(&caller, Some(Administer))?;
                Reply::Installer(self.create_installer(turn, &caller, wanted)?)
            }
            Request::RotateInstaller(caller, installer) => {
                self.check(&caller, Some(Administer))?;
                Reply::Installer(self.rotate_installer(turn, &caller, installer)?)
            }
            Request::RevokeInstaller(caller, installer) => {
                self.check(&caller, Some(Administer))?;
                self.revoke_installer(turn, &caller, installer)?;
                Reply::Done
            }
            Request::Enrol(wanted) => Reply::Enrolled(Box::new(self.enrol(turn, wanted)?)),
            Request::Succeed(endpoint) => Reply::Enrolled(Box::new(self.succeed(turn, &endpoint)?)),
            Request::Endpoints(caller) => {
                self.check(&caller, Some(ReadDirectory))?;
                Reply::Endpoints(Self::endpoints(turn.store, &caller)?)
            }
            Request::Endpoint(caller, endpoint) => {
                self.check(&caller, Some(ReadDirectory))?;
                Reply::Endpoint(Box::new(Self::endpoint(turn.store, &caller, &endpoint)?))
            }
            Request::Sessions(caller, filter) => {
                self.check(&caller, Some(ReadRecords))?;
                Reply::Sessions(Self::sessions(turn.store, &caller, &filter)?)
            }
            Request::Approvals(caller) => {
                self.check(&caller, Some(ReadDirectory))?;
                Reply::Approvals(Self::approvals(turn.store, &caller, turn.now.get())?)
            }
            Request::MailContacts(caller, client) => {
                self.check(&caller, Some(ReadDirectory))?;
                Reply::MailContacts(Self::mail_contacts(turn.store, &caller, &client)?)
            }
            Request::SetMailContacts(caller, client, wanted) => {
                self.check(&caller, Some(Administer))?;
                Reply::MailContacts(self.set_mail_contacts(turn, &caller, &client, wanted)?)
            }
            Request::Policies(caller) => {
                self.check(&caller, Some(ReadDirectory))?;
                Reply::Policies(Self::policies(turn.store, &caller)?)
            }
            Request::CheckPolicy(caller, wanted) => {
                self.check(&caller, Some(ReadDirectory))?;
                not_a_contact(&caller)?;
                Reply::PolicyCheck(Box::new(Self::check_policy(turn.store, &wanted)?))
            }
            Request::PublishPolicy(caller, wanted) => {
                self.check(&caller, Some(Administer))?;
                Reply::Policy(Box::new(self.publish_policy(turn, &caller, &wanted)?))
            }
            Request::Contacts(caller, client) => {
                self.check(&caller, Some(ReadDirectory))?;
                Reply::Contacts(Box::new(self.contacts(turn.store, &caller, &client)?))
            }
            Request::ContactSays(caller, wanted) => {
                self.check(&caller, Some(Decide))?;
                Reply::Contacts(Box::new(self.contact_says(turn, &caller, wanted)?))
            }
            Request::Traits(caller, endpoint) => {
                self.check(&caller, Some(ReadDirectory))?;
                Reply::Traits(Self::traits(turn.store, &caller, &endpoint)?)
            }
            Request::SetTraits(caller, endpoint, wanted) => {
                self.check(&caller, Some(Administer))?;
                self.set_traits(turn, &caller, endpoint, wanted)?;
                Reply::Done
            }
            Request::Rules(endpoint, known) => Reply::Rules(self.rules(turn.store, &endpoint, known)?),
            Request::Review(caller, wanted, basis) => {
                self.check(&caller, Some(ReadRecords))?;
                self.review(turn, &caller, &wanted, &basis)?;
                Reply::Done
            }
            Request::Share(request) => Reply::Share(self.share(turn, request)?),
            Request::Directory(DirectoryChange::Endpoint(view)) => {
                self.endpoint_changed(turn, &view)?;
                Reply::Done
            }
            Request::Directory(DirectoryChange::Session(view)) => {
                Self::session_changed(turn.store, &view)?;
                Reply::Done
            }
            Request::Directory(DirectoryChange::Approval(view)) => {
                Self::approval_changed(turn.store, &view)?;
                Reply::Done
            }
        })
    }

    fn check(&self, caller: &Caller, permission: Option<Permission>) -> Result<(), Stop> {
        if caller.organisation != self.organisation {
            return Err(refused(ErrorCode::NotFound, "There is no such thing in your organisation."));
        }
        only_client(caller)?;
        match permission {
            Some(permission) if !caller.role.may(permission) => Err(refused(
                ErrorCode::Forbidden,
                "Your role does not allow this. Ask an administrator of your organisation.",
            )),
            _ => Ok(()),
        }
    }

    /// Ends a batch: signs and stores one checkpoint over the organisation's own log.
    ///
    /// # Errors
    /// Only the store's.
    pub fn seal(&mut self, store: &dyn Store, signer: &dyn Signer) -> Result<(), StoreError> {
        self.journal.seal(store, signer).map(drop)
    }
}

/// The only client that the caller may see; none when all. Contacts have one, nobody else has.
fn only_client(caller: &Caller) -> Result<Option<ClientId>, Stop> {
    match (caller.role, &caller.client) {
        (Role::Contact, Some(client)) => Ok(Some(client.clone())),
        (Role::Contact, None) => Err(refused(
            ErrorCode::Forbidden,
            "Your token names no client. Ask who gave you access.",
        )),
        (_, None) => Ok(None),
        (_, Some(_)) => Err(refused(
            ErrorCode::Forbidden,
            "Only contacts are bound to a client. Sign in again.",
        )),
    }
}

/// Policies are written by members; what another client's are called is no contact's business.
fn not_a_contact(caller: &Caller) -> Result<(), Stop> {
    if caller.role == Role::Contact {
        return Err(refused(ErrorCode::Forbidden, "This is for members of the organisation."));
    }
    Ok(())
}

fn role_word(role: Role) -> String {
    serde_json::to_value(role)
        .ok()
        .and_then(|word| word.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// A line that people see: trimmed, not empty, without control characters or characters that change the direction of text.
fn checked_line(field: &str, line: &str, most_chars: usize) -> Result<String, Stop> {
    let line = line.trim();
    let misleads =
        |c: char| c.is_control() || matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    if line.is_empty() || line.chars().count() > most_chars || line.chars().any(misleads) {
        return Err(refused(
            ErrorCode::BadRequest,
            format!("`{field}` must have 1 to {most_chars} printable characters."),
        ));
    }
    Ok(line.to_owned())
}

/// Reads a run of the organisation's own log; needs no object in memory. The caller has checked the permission `Administer`. None when
/// nothing was recorded yet.
///
/// # Errors
/// The store's.
pub fn read_page(store: &dyn Store, from: Seq, limit: u32) -> Result<Option<EntriesPage>, StoreError> {
    tables::SCHEMA.apply(store)?;
    journal::read_page(store, from, limit)
}

/// Which organisation an installer token belongs to, by its own word: enough to find the object that can check it.
pub fn organisation_of_token(token: &str) -> Option<OrganisationId> {
    installer::parse_token(token).map(|(organisation, _)| organisation)
}
