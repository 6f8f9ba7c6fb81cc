//! An Organisation object in its instance: a batch of happenings in one transaction, then its effects.
//!
//! Promises: everything asked is checked by the object against the caller; what Endpoint objects report is stored before consoles that watch
//! are shown it; a name that nobody signed in under gets no tables from a stranger's installer token.

use crate::answer::{Answer, error, internal};
use crate::config::Key;
use crate::endpoint::{answered, fail, found, is_made, listen_only, send};
use crate::letter::{AskOrganisation, Filter, Happening, Kind, Report, ToOrganisation, Watching};
use crate::parcel::Parcel;
use crate::place::{Batch, effect, moment_of};
use caisey_control::organisation::{OrganisationObject, Reply, Request, SessionFilter, key_evidence, read_page, reviews};
use caisey_control::port::{Caller, ConnId, DirectoryChange, Moment};
use caisey_control::store::{Store, StoreError};
use caisey_ledger::id::{ClientId, EndpointId, OrganisationId};
use caisey_protocol::error::{ErrorBody, ErrorCode};
use caisey_protocol::http::{DeviceView, EndpointView, SessionView};
use caisey_protocol::watch::DirectoryEvent;
use serde_json::json;

/// The object and what makes it.
pub(crate) struct OrganisationHost {
    authority: String,
    key: Key,
    object: Option<OrganisationObject>,
}

impl OrganisationHost {
    pub(crate) fn new(authority: String, key: Key) -> Self {
        Self {
            authority,
            key,
            object: None,
        }
    }

    pub(crate) fn run(&mut self, store: &dyn Store, batch: Batch<'_>) -> Result<Parcel, StoreError> {
        let mut object = self.object.take();
        let mut done = None;
        let mut batch = Some(batch);
        store.tx(&mut || {
            let mut out = Parcel::default();
            for (moment, happening, body) in batch.take().unwrap_or_default() {
                self.take(store, &mut object, &mut out, moment, &happening, body)?;
            }
            if let Some(object) = &mut object {
                object.seal(store, &self.key)?;
            }
            done = Some(out);
            Ok(())
        })?;
        // Only now: after a failure the object is loaded again.
        self.object = object;
        Ok(done.unwrap_or_default())
    }

    fn take(
        &self,
        store: &dyn Store,
        object: &mut Option<OrganisationObject>,
        out: &mut Parcel,
        moment: Moment,
        happening: &Happening,
        body: &[u8],
    ) -> Result<(), StoreError> {
        match happening {
            Happening::Ask { request } => {
                let answer = match serde_json::from_slice::<ToOrganisation>(body) {
                    Ok(letter) => self.ask(store, object, moment, letter)?,
                    Err(_) => internal("A letter to an organisation cannot be read.").into(),
                };
                answered(out, *request, &answer);
            }
            Happening::Report {} => {
                if let Ok((organisation, reports)) = serde_json::from_slice::<(OrganisationId, Vec<Report>)>(body) {
                    let object = self.loaded(store, object, &organisation)?;
                    for (number, report) in reports.into_iter().enumerate() {
                        told(store, object, out, moment_of(moment, number), report)?;
                    }
                }
            }
            Happening::Watch { conn, .. } => {
                let Ok(watching) = serde_json::from_slice::<Watching>(body) else {
                    fail(
                        out,
                        *conn,
                        &DirectoryEvent::Error(internal("The connection's owner cannot be read.")),
                    );
                    return Ok(());
                };
                let object = self.loaded(store, object, &watching.organisation)?;
                match snapshot(store, object, moment, &watching.caller)? {
                    Ok(event) => send(out, ConnId(*conn), &event),
                    Err(error) => fail(out, *conn, &DirectoryEvent::Error(error)),
                }
            }
            Happening::Heard { conn } => fail(out, *conn, &DirectoryEvent::Error(listen_only())),
            Happening::Closed {
                kind: Kind::Runtime | Kind::Watch,
                ..
            }
            | Happening::Opened { .. }
            | Happening::Frame { .. }
            | Happening::Drained { .. }
            | Happening::Wake {}
            | Happening::Failed { .. } => {}
        }
        Ok(())
    }

    fn loaded<'a>(
        &self,
        store: &dyn Store,
        object: &'a mut Option<OrganisationObject>,
        organisation: &OrganisationId,
    ) -> Result<&'a mut OrganisationObject, StoreError> {
        match object {
            Some(loaded) => Ok(loaded),
            none => Ok(none.insert(OrganisationObject::load(store, organisation.clone(), &self.authority)?)),
        }
    }

    fn ask(
        &self,
        store: &dyn Store,
        object: &mut Option<OrganisationObject>,
        moment: Moment,
        letter: ToOrganisation,
    ) -> Result<Answer, StoreError> {
        let ToOrganisation {
            organisation,
            caller,
            ask,
        } = letter;
        let Some(caller) = caller else {
            return match ask {
                AskOrganisation::Enrol(wanted) if object.is_some() || is_made(store)? => {
                    let object = self.loaded(store, object, &organisation)?;
                    Ok(answer(object.handle(store, moment, Request::Enrol(wanted))?))
                }
                // An organisation without a database has handed out no token, and gets no database by being named.
                AskOrganisation::Enrol(_) => Ok(error(
                    ErrorCode::InstallerRefused,
                    "The installer token is unknown, expired, revoked or used up. Ask an administrator for a new one.",
                )
                .into()),
                _ => Ok(internal("A letter to an organisation names nobody.").into()),
            };
        };
        let request = match ask {
            AskOrganisation::AdminLog { from, limit } => {
                return Ok(found(read_page(store, from, limit)?, "The log has no entries there."));
            }
            AskOrganisation::Key(device) => {
                let nothing = "The organisation's log introduces no such device.";
                return Ok(found(key_evidence(store, &device)?, nothing));
            }
            AskOrganisation::Reviews(of) => return Ok(Answer::json(&reviews(store, &of)?)),
            AskOrganisation::Admit { endpoint, key } => {
                let object = self.loaded(store, object, &organisation)?;
                return admit(store, object, moment, caller, endpoint, key).map(Answer::from);
            }
            AskOrganisation::Enrol(wanted) => Request::Enrol(wanted),
            AskOrganisation::RegisterDevice(wanted) => Request::RegisterDevice(caller, wanted),
            AskOrganisation::Clients => Request::Clients(caller),
            AskOrganisation::CreateClient(wanted) => Request::CreateClient(caller, wanted),
            AskOrganisation::RenameClient(client, wanted) => Request::RenameClient(caller, client, wanted),
            AskOrganisation::Installers => Request::Installers(caller),
            AskOrganisation::CreateInstaller(wanted) => Request::CreateInstaller(caller, wanted),
            AskOrganisation::RotateInstaller(installer) => Request::RotateInstaller(caller, installer),
            AskOrganisation::RevokeInstaller(installer) => Request::RevokeInstaller(caller, installer),
            AskOrganisation::Endpoints => Request::Endpoints(caller),
            AskOrganisation::Endpoint(endpoint) => Request::Endpoint(caller, endpoint),
            AskOrganisation::Sessions(filter) => Request::Sessions(caller, filter.into()),
            AskOrganisation::Review(wanted, basis) => Request::Review(caller, *wanted, basis),
        };
        let object = self.loaded(store, object, &organisation)?;
        Ok(answer(object.handle(store, moment, request)?))
    }
}

impl From<Filter> for SessionFilter {
    fn from(filter: Filter) -> Self {
        Self {
            endpoint: filter.endpoint,
            client: filter.client,
            member: filter.member,
            session: filter.session,
            from_ms: filter.from_ms,
            to_ms: filter.to_ms,
        }
    }
}

fn answer(reply: Result<Reply, ErrorBody>) -> Answer {
    match reply {
        Err(error) => error.into(),
        Ok(Reply::Device(view)) => Answer::json(&view),
        Ok(Reply::FoundDevice(found, _)) => Answer::json(&found),
        Ok(Reply::Clients(views)) => Answer::json(&views),
        Ok(Reply::Client(view)) => Answer::json(&view),
        Ok(Reply::Installers(views)) => Answer::json(&views),
        Ok(Reply::Installer(secret)) => Answer::json(&secret),
        Ok(Reply::Enrolled(identity)) => Answer::json(&identity),
        Ok(Reply::Endpoints(views)) => Answer::json(&views),
        Ok(Reply::Endpoint(view)) => Answer::json(&view),
        Ok(Reply::Sessions(views)) => Answer::json(&views),
        Ok(Reply::Done) => Answer::nothing(),
        // No route of this host asks for these yet (docs/decisions/0063-one-front-for-both-hosts.md).
        Ok(
            Reply::Approvals(_)
            | Reply::Policies(_)
            | Reply::PolicyCheck(_)
            | Reply::Policy(_)
            | Reply::Contacts(_)
            | Reply::Traits(_)
            | Reply::Rules(_)
            | Reply::Share(_)
            | Reply::MailContacts(_),
        ) => internal("The organisation answered what nobody asked.").into(),
    }
}

/// The caller with the device that holds the key, if they may see the endpoint.
fn admit(
    store: &dyn Store,
    object: &mut OrganisationObject,
    moment: Moment,
    caller: Caller,
    endpoint: EndpointId,
    key: Option<String>,
) -> Result<Result<Caller, ErrorBody>, StoreError> {
    if let Err(error) = object.handle(store, moment, Request::Endpoint(caller.clone(), endpoint))? {
        return Ok(Err(error));
    }
    let Some(key) = key else { return Ok(Ok(caller)) };
    let found = match object.handle(store, moment, Request::FindDevice(caller.clone(), key))? {
        Err(error) => return Ok(Err(error)),
        Ok(Reply::FoundDevice(found, _)) => found,
        Ok(_) => None,
    };
    let own = |device: &DeviceView| device.member == caller.member;
    Ok(match found.filter(own) {
        Some(device) => Ok(Caller {
            device: Some((device.device, device.key)),
            ..caller
        }),
        None => Err(error(
            ErrorCode::BadSignature,
            "The key that signed this is not one of your registered devices. Register this device first.",
        )),
    })
}

/// Stores a report and shows it to those who watch.
fn told(
    store: &dyn Store,
    object: &mut OrganisationObject,
    out: &mut Parcel,
    moment: Moment,
    report: Report,
) -> Result<(), StoreError> {
    let (client, event, change) = match report {
        Report::Approval(view) => {
            // Who may see a request is for the routes of approvals to decide; until this host has them it is only kept.
            let kept = Request::Directory(DirectoryChange::Approval(view));
            return object.handle(store, moment, kept).map(drop);
        }
        Report::Endpoint(view) => {
            let change = DirectoryChange::Endpoint(view.clone());
            (view.client.clone(), DirectoryEvent::Endpoint(view), change)
        }
        Report::Session(view) => {
            let change = DirectoryChange::Session(view.clone());
            (view.client.clone(), DirectoryEvent::Session(view), change)
        }
    };
    if object.handle(store, moment, Request::Directory(change))?.is_ok() {
        announce(out, &client, &event);
    }
    Ok(())
}

fn announce(out: &mut Parcel, client: &ClientId, event: &DirectoryEvent) {
    let body = serde_json::to_vec(event).unwrap_or_default();
    effect(out, &json!({ "e": "announce", "client": client }), Some(&body));
}

fn snapshot(
    store: &dyn Store,
    object: &mut OrganisationObject,
    moment: Moment,
    caller: &Caller,
) -> Result<Result<DirectoryEvent, ErrorBody>, StoreError> {
    let endpoints: Vec<EndpointView> = match object.handle(store, moment, Request::Endpoints(caller.clone()))? {
        Ok(Reply::Endpoints(views)) => views,
        Ok(_) => Vec::new(),
        Err(error) => return Ok(Err(error)),
    };
    let all = Request::Sessions(caller.clone(), SessionFilter::default());
    let sessions: Vec<SessionView> = match object.handle(store, moment, all)? {
        Ok(Reply::Sessions(views)) => views,
        Ok(_) => Vec::new(),
        Err(error) => return Ok(Err(error)),
    };
    Ok(Ok(DirectoryEvent::Snapshot { endpoints, sessions }))
}
