//! An Organisation object in its instance: a batch of happenings in one transaction, then its effects.
//!
//! Promises: everything asked is checked by the object against the caller; what Endpoint objects report is stored before consoles that watch
//! are shown it; a name that nobody signed in under gets no tables from a stranger's installer token.

use crate::answer::{Answer, error, internal};
use crate::config::Key;
use crate::endpoint::{answered, fail, found, is_made, listen_only, send};
use crate::letter::{
    Admitted, AskEndpoint, AskMove, AskOrganisation, Created, Filter, Happening, Kind, Prompts, Report, ToEndpoint,
    ToOrganisation, Watching,
};
use crate::parcel::Parcel;
use crate::place::{Batch, Circumstances, effect, moment_of};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use caisey_control::audience::Viewer;
use caisey_control::directory;
use caisey_control::moving::{self, Part, Standing};
use caisey_control::organisation::{
    OrganisationObject, PackPart, Reply, Request, SessionFilter, ShareReply, ShareRequest, find_share, key_evidence, put_pack,
    read_page, reviews,
};
use caisey_control::port::{Caller, ConnId, DirectoryChange, Moment, Signer as _};
use caisey_control::store::{Store, StoreError};
use caisey_ledger::id::{ActionId, EndpointId, OrganisationId};
use caisey_protocol::consent::{ApprovalView, ContactSays, Prompt};
use caisey_protocol::error::{ErrorBody, ErrorCode};
use caisey_protocol::http::{DeviceView, EndpointState, EndpointView, SessionView};
use caisey_protocol::watch::DirectoryEvent;
use serde_json::json;
use std::collections::BTreeMap;

/// The object and what makes it.
pub(crate) struct OrganisationHost {
    authority: String,
    key: Key,
    object: Option<OrganisationObject>,
    /// Whether it is being moved; not looked up yet when none.
    standing: Option<Option<Standing>>,
}

impl OrganisationHost {
    pub(crate) fn new(authority: String, key: Key) -> Self {
        Self {
            authority,
            key,
            object: None,
            standing: None,
        }
    }

    pub(crate) fn run(&mut self, store: &dyn Store, around: &Circumstances, batch: Batch<'_>) -> Result<Parcel, StoreError> {
        let (mut out, mut others) = (Parcel::default(), Batch::new());
        for (moment, happening, body) in batch {
            match operators(&happening, body) {
                Some((request, ask)) => self.moved(store, &mut out, request, ask)?,
                None => others.push((moment, happening, body)),
            }
        }
        let standing = match self.standing {
            Some(standing) => standing,
            None => *self.standing.insert(moving::standing(store)?),
        };
        match standing {
            Some(standing) => {
                for (_, happening, _) in &others {
                    keep_away(&mut out, standing, happening);
                }
                Ok(out)
            }
            None => self.commit(store, around, out, others),
        }
    }

    /// Everybody's but the operator's.
    fn commit(&mut self, store: &dyn Store, around: &Circumstances, out: Parcel, batch: Batch<'_>) -> Result<Parcel, StoreError> {
        if batch.is_empty() {
            return Ok(out);
        }
        let mut object = self.object.take();
        let mut done = None;
        let mut work = Some((out, batch));
        store.tx(&mut || {
            let Some((mut out, batch)) = work.take() else { return Ok(()) };
            for (moment, happening, body) in batch {
                self.take(store, around, &mut object, &mut out, moment, &happening, body)?;
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

    /// Answers the operator who moves the organisation.
    fn moved(&mut self, store: &dyn Store, out: &mut Parcel, request: u64, ask: AskMove) -> Result<(), StoreError> {
        let (mut ask, mut answer) = (Some(ask), None);
        let (made, key) = (is_made(store)?, self.key.public_key());
        store.tx(&mut || {
            if let Some(ask) = ask.take() {
                answer = Some(crate::moving::answer(store, &key, &Part::Organisation, made, ask)?);
            }
            Ok(())
        })?;
        (self.object, self.standing) = (None, None);
        answered(
            out,
            request,
            &answer.unwrap_or_else(|| internal("The move was not made.").into()),
        );
        Ok(())
    }

    #[allow(clippy::too_many_arguments)] // what one happening can touch
    fn take(
        &self,
        store: &dyn Store,
        around: &Circumstances,
        object: &mut Option<OrganisationObject>,
        out: &mut Parcel,
        moment: Moment,
        happening: &Happening,
        body: &[u8],
    ) -> Result<(), StoreError> {
        match happening {
            Happening::Ask { request } => {
                let answer = match serde_json::from_slice::<ToOrganisation>(body) {
                    Ok(letter) => self.ask(store, object, out, moment, letter)?,
                    Err(_) => internal("A letter to an organisation cannot be read.").into(),
                };
                answered(out, *request, &answer);
            }
            Happening::Report {} => {
                if let Ok((organisation, reports)) = serde_json::from_slice::<(OrganisationId, Vec<Report>)>(body) {
                    let object = self.loaded(store, object, &organisation)?;
                    for (number, report) in reports.into_iter().enumerate() {
                        told(store, object, out, &around.watchers, moment_of(moment, number), report)?;
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
                    Ok(events) => {
                        for event in events {
                            send(out, ConnId(*conn), &event);
                        }
                        requests(store, object, out, moment, (*conn, 0), &watching, &BTreeMap::new())?;
                    }
                    Err(error) => fail(out, *conn, &DirectoryEvent::Error(error)),
                }
            }
            Happening::Prompts { conn, round } => {
                if let Ok(Prompts { watching, found }) = serde_json::from_slice(body) {
                    let object = self.loaded(store, object, &watching.organisation)?;
                    requests(store, object, out, moment, (*conn, round + 1), &watching, &found)?;
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
            | Happening::Brief {}
            | Happening::Rules {}
            | Happening::Mailed { .. }
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

    /// What strangers, readers of shares and Endpoint objects ask. An organisation without a database has handed out nothing, and gets no
    /// database by being named.
    fn ask_for_nobody(
        &self,
        store: &dyn Store,
        object: &mut Option<OrganisationObject>,
        moment: Moment,
        organisation: &OrganisationId,
        ask: AskOrganisation,
    ) -> Result<Answer, StoreError> {
        if object.is_none() && !is_made(store)? {
            return Ok(match ask {
                AskOrganisation::Enrol(_) => error(
                    ErrorCode::InstallerRefused,
                    "The installer token is unknown, expired, revoked or used up. Ask an administrator for a new one.",
                )
                .into(),
                _ => error(ErrorCode::NotFound, "There is no such organisation.").into(),
            });
        }
        let request = match ask {
            AskOrganisation::Enrol(wanted) => Request::Enrol(wanted),
            AskOrganisation::Rules(endpoint, known) => Request::Rules(endpoint, known),
            AskOrganisation::Visit(share, what, agent) => Request::Share(ShareRequest::Visit(share, what, agent)),
            AskOrganisation::FindLink(digest) => {
                return Ok(found(find_share(store, &digest, moment.now_ms)?, "There is no such link."));
            }
            AskOrganisation::Pack { pack, size_bytes } => return whole_pack(store, &pack, size_bytes),
            _ => return Ok(internal("A letter to an organisation names nobody.").into()),
        };
        let object = self.loaded(store, object, organisation)?;
        Ok(answer(object.handle(store, moment, request)?))
    }

    fn ask(
        &self,
        store: &dyn Store,
        object: &mut Option<OrganisationObject>,
        out: &mut Parcel,
        moment: Moment,
        letter: ToOrganisation,
    ) -> Result<Answer, StoreError> {
        let ToOrganisation {
            organisation,
            caller,
            ask,
        } = letter;
        let Some(caller) = caller else {
            return self.ask_for_nobody(store, object, moment, &organisation, ask);
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
            AskOrganisation::Approvals => Request::Approvals(caller),
            AskOrganisation::MailContacts(client) => Request::MailContacts(caller, client),
            AskOrganisation::SetMailContacts(client, wanted) => Request::SetMailContacts(caller, client, wanted),
            AskOrganisation::Policies => Request::Policies(caller),
            AskOrganisation::CheckPolicy(wanted) => Request::CheckPolicy(caller, wanted),
            AskOrganisation::PublishPolicy(wanted) => Request::PublishPolicy(caller, wanted),
            AskOrganisation::Contacts(client) => Request::Contacts(caller, client),
            AskOrganisation::ContactSays(wanted) => {
                let object = self.loaded(store, object, &organisation)?;
                return contact_says(store, object, out, moment, caller, wanted);
            }
            AskOrganisation::Traits(endpoint) => Request::Traits(caller, endpoint),
            AskOrganisation::SetTraits(endpoint, wanted) => Request::SetTraits(caller, endpoint, wanted),
            AskOrganisation::PutPart { pack, part, bytes } => {
                let Ok(bytes) = STANDARD.decode(bytes) else {
                    return Ok(internal("A part of a pack was not passed on whole.").into());
                };
                Request::Share(ShareRequest::PutPart(caller, PackPart { pack, part, bytes }))
            }
            AskOrganisation::Shares => Request::Share(ShareRequest::List(caller)),
            AskOrganisation::FindShare(share) => Request::Share(ShareRequest::Find(caller, share)),
            AskOrganisation::CreateShare(wanted, passphrase, examined) => {
                Request::Share(ShareRequest::Create(caller, wanted, passphrase, examined))
            }
            AskOrganisation::RefreshShare(share, wanted, examined) => {
                Request::Share(ShareRequest::Refresh(caller, share, wanted, examined))
            }
            AskOrganisation::RevokeShare(share) => Request::Share(ShareRequest::Revoke(caller, share)),
            AskOrganisation::Visits(share) => Request::Share(ShareRequest::Visits(caller, share)),
            AskOrganisation::Pack { pack, size_bytes } => return whole_pack(store, &pack, size_bytes),
            AskOrganisation::Rules(..) | AskOrganisation::FindLink(_) | AskOrganisation::Visit(..) | AskOrganisation::Move(_) => {
                return Ok(internal("A letter to an organisation names somebody.").into());
            }
        };
        let object = self.loaded(store, object, &organisation)?;
        Ok(answer(object.handle(store, moment, request)?))
    }
}

/// What the operator asks, if this is they.
fn operators(happening: &Happening, body: &[u8]) -> Option<(u64, AskMove)> {
    // Looked for before it is read: most letters are somebody else's.
    const SIGN: &[u8] = br#""ask":{"move":"#;
    let Happening::Ask { request } = happening else { return None };
    if !body.windows(SIGN.len()).any(|window| window == SIGN) {
        return None;
    }
    match serde_json::from_slice::<ToOrganisation>(body) {
        Ok(ToOrganisation {
            ask: AskOrganisation::Move(ask),
            caller: None,
            ..
        }) => Some((*request, ask)),
        _ => None,
    }
}

/// To whoever wants something of an organisation that is being moved.
fn keep_away(out: &mut Parcel, standing: Standing, happening: &Happening) {
    let away = crate::moving::away(standing);
    match happening {
        Happening::Ask { request } => answered(out, *request, &away.into()),
        Happening::Watch { conn, .. } | Happening::Heard { conn } | Happening::Prompts { conn, .. } => {
            fail(out, *conn, &DirectoryEvent::Error(away));
        }
        _ => {}
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
        Ok(Reply::Approvals(views)) => Answer::json(&views),
        Ok(Reply::Policies(views)) => Answer::json(&views),
        Ok(Reply::PolicyCheck(check)) => Answer::json(&check),
        Ok(Reply::Policy(view)) => Answer::json(&view),
        Ok(Reply::Contacts(chain)) => Answer::json(&chain),
        Ok(Reply::Traits(traits)) => Answer::json(&traits),
        Ok(Reply::Rules(rules)) => Answer::json(&rules.as_deref()),
        Ok(Reply::MailContacts(contacts)) => Answer::json(&contacts),
        Ok(Reply::Share(reply)) => about_share(reply),
    }
}

fn about_share(reply: ShareReply) -> Answer {
    match reply {
        ShareReply::Done => Answer::nothing(),
        ShareReply::Shares(views) => Answer::json(&views),
        ShareReply::Created(share, token) => Answer::json(&Created { share: *share, token }),
        ShareReply::Share(view) => Answer::json(&view),
        ShareReply::Visits(visits) => Answer::json(&visits),
        ShareReply::Visited(open) => Answer::json(&open),
    }
}

fn whole_pack(store: &dyn Store, pack: &str, size_bytes: u64) -> Result<Answer, StoreError> {
    let bytes = put_pack(store, pack, size_bytes)?;
    Ok(bytes.map_or_else(
        || error(ErrorCode::NotFound, "The pack is not here whole.").into(),
        |bytes| Answer::bytes(200, bytes),
    ))
}

/// A contact's statement is wanted by the runtimes of their client's endpoints before anything that rests on it: those that are connected
/// hear of it at once, the others when they are next used. Policies and traits wait for the next submission, which compares revisions.
fn contact_says(
    store: &dyn Store,
    object: &mut OrganisationObject,
    out: &mut Parcel,
    moment: Moment,
    caller: Caller,
    wanted: ContactSays,
) -> Result<Answer, StoreError> {
    let organisation = caller.organisation.clone();
    let own = Request::Endpoints(caller.clone());
    let said = object.handle(store, moment, Request::ContactSays(caller, wanted))?;
    if said.is_ok()
        && let Ok(Reply::Endpoints(views)) = object.handle(store, moment_of(moment, 1), own)?
    {
        let ready = views.iter().filter(|view| view.state == EndpointState::Ready);
        let names: Vec<_> = ready.map(|view| format!("{organisation}/{}", view.endpoint)).collect();
        out.describe(&json!({ "e": "hear", "names": names }));
    }
    Ok(answer(said))
}

/// The caller with the device that holds the key, if they may see the endpoint.
fn admit(
    store: &dyn Store,
    object: &mut OrganisationObject,
    moment: Moment,
    caller: Caller,
    endpoint: EndpointId,
    key: Option<String>,
) -> Result<Result<Admitted, ErrorBody>, StoreError> {
    if let Err(error) = object.handle(store, moment, Request::Endpoint(caller.clone(), endpoint))? {
        return Ok(Err(error));
    }
    let Some(key) = key else {
        return Ok(Ok(Admitted { caller, revision: 0 }));
    };
    let (found, revision) = match object.handle(store, moment, Request::FindDevice(caller.clone(), key))? {
        Err(error) => return Ok(Err(error)),
        Ok(Reply::FoundDevice(found, revision)) => (found, revision),
        Ok(_) => (None, 0),
    };
    let own = |device: &DeviceView| device.member == caller.member;
    Ok(match found.filter(own) {
        Some(device) => Ok(Admitted {
            caller: Caller {
                device: Some((device.device, device.key)),
                ..caller
            },
            revision,
        }),
        None => Err(error(
            ErrorCode::BadSignature,
            "The key that signed this is not one of your registered devices. Register this device first.",
        )),
    })
}

/// Whether somebody may see what is reported.
type MaySee = Box<dyn Fn(&Caller) -> bool>;

/// Stores a report and shows it to those who watch and may see it.
fn told(
    store: &dyn Store,
    object: &mut OrganisationObject,
    out: &mut Parcel,
    watchers: &[(u64, Caller)],
    moment: Moment,
    report: Report,
) -> Result<(), StoreError> {
    let of_client = |client| move |caller: &Caller| caller.client.as_ref().is_none_or(|only| *only == client);
    let (event, change, may_see): (_, _, MaySee) = match report {
        Report::Approval(view) => {
            let (shown, change) = (view.clone(), DirectoryChange::Approval(view.clone()));
            (
                DirectoryEvent::Approval(view),
                change,
                Box::new(move |caller| viewer(caller).sees(&shown)),
            )
        }
        Report::Endpoint(view) => {
            let (client, change) = (view.client.clone(), DirectoryChange::Endpoint(view.clone()));
            (DirectoryEvent::Endpoint(view), change, Box::new(of_client(client)))
        }
        Report::Session(view) => {
            let (client, change) = (view.client.clone(), DirectoryChange::Session(view.clone()));
            (DirectoryEvent::Session(view), change, Box::new(of_client(client)))
        }
    };
    if object.handle(store, moment, Request::Directory(change))?.is_ok() {
        let seeing = watchers.iter().filter(|(_, caller)| may_see(caller));
        let conns: Vec<_> = seeing.map(|(conn, _)| *conn).collect();
        if !conns.is_empty() {
            let body = serde_json::to_vec(&event).unwrap_or_default();
            effect(out, &json!({ "e": "announce", "conns": conns }), Some(&body));
        }
    }
    Ok(())
}

fn viewer(caller: &Caller) -> Viewer {
    Viewer {
        member: caller.member.clone(),
        role: caller.role,
        client: caller.client.clone(),
    }
}

fn snapshot(
    store: &dyn Store,
    object: &mut OrganisationObject,
    moment: Moment,
    caller: &Caller,
) -> Result<Result<Vec<DirectoryEvent>, ErrorBody>, StoreError> {
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
    Ok(directory::snapshots(endpoints, sessions).map_err(|_| internal("The directory could not be written as JSON.")))
}

/// Requests are asked for again at most so often, should new ones keep coming while prompts are fetched.
const ROUNDS: u32 = 4;

/// Sends the list of approval requests with prompts where somebody is asked. The prompts are in the Endpoint objects: JavaScript asks them for
/// those that are not among `found`, and comes again. The list is read afresh each time, so that it never lacks what was announced meanwhile.
fn requests(
    store: &dyn Store,
    object: &mut OrganisationObject,
    out: &mut Parcel,
    moment: Moment,
    (conn, round): (u64, u32),
    watching: &Watching,
    found: &BTreeMap<ActionId, Option<Prompt>>,
) -> Result<(), StoreError> {
    let mut views = match object.handle(store, moment, Request::Approvals(watching.caller.clone()))? {
        Ok(Reply::Approvals(views)) => views,
        Ok(_) => Vec::new(),
        Err(error) => {
            fail(out, conn, &DirectoryEvent::Error(error));
            return Ok(());
        }
    };
    let open = |view: &&ApprovalView| !view.state.is_terminal();
    let missing = views.iter().filter(open).any(|view| !found.contains_key(&view.action));
    if missing && round < ROUNDS {
        let wanted: Vec<_> = views.iter().filter(open).collect();
        let names = wanted
            .iter()
            .map(|view| json!([format!("{}/{}", watching.organisation, view.endpoint), view.action]));
        out.describe(&json!({ "e": "prompts", "conn": conn, "round": round, "wanted": names.collect::<Vec<_>>() }));
        for view in wanted {
            let letter = ToEndpoint {
                caller: None,
                revision: 0,
                rules: None,
                ask: AskEndpoint::Prompt(view.action.clone()),
            };
            out.describe(&letter);
        }
        return Ok(());
    }
    for view in &mut views {
        view.prompt = found.get(&view.action).cloned().flatten().map(Box::new);
    }
    match directory::requests(views) {
        Ok(events) => events.iter().for_each(|event| send(out, ConnId(conn), event)),
        Err(_) => fail(
            out,
            conn,
            &DirectoryEvent::Error(internal("The requests could not be written as JSON.")),
        ),
    }
    Ok(())
}
