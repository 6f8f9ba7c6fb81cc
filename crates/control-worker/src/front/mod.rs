//! The front: what stands between a request and the objects. Method, path and token become letters; answers become HTTP.
//!
//! Promises: every route states in one table what it needs, and nothing behind it runs before that is proved; no letter names an organisation
//! but the token's own; bodies are bounded; tokens are never logged. One instance serves one request at a time. Leaves out: sockets, which the
//! object takes over once the front let them through. Follows the route table of `caisey_protocol::http`.

mod consent;
mod conversation;
mod directory;
mod link;
mod operator;
mod records;
pub mod routes;
mod share;
mod share_page;
mod token;

use crate::answer::{Answer, error, internal};
use crate::config::{Config, Key};
use crate::endpoint::brief;
use crate::letter::{AskEndpoint, AskMove, AskOrganisation, Kind, ToEndpoint, ToOrganisation, WAITS, WANTS_RULES};
use crate::moving::away;
use crate::parcel::{Items, Parcel};
use caisey_control::claims::Identity;
use caisey_control::moving::Standing;
use caisey_control::port::Caller;
use caisey_control::rules::Rules;
use caisey_ledger::id::{EndpointId, OrganisationId, TimeMs};
use caisey_protocol::error::{ErrorBody, ErrorCode};
use conversation::{Conversation, Need, Object, Outside, Stand};
use routes::{Needs, Route};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::str::FromStr;

/// A request as JavaScript describes it.
#[derive(Deserialize)]
struct Described {
    method: String,
    path: String,
    /// Scheme, host and port that it was sent to.
    origin: String,
    query: BTreeMap<String, String>,
    authorization: Option<String>,
    content_type: Option<String>,
    user_agent: Option<String>,
    /// Whether it asks for a WebSocket.
    upgrade: bool,
    /// Its body was longer than so many bytes, which are allowed, and is not here.
    longer_than: Option<u64>,
    now: TimeMs,
}

/// What everybody may know of this deployment.
pub(crate) struct Deployment {
    pub(crate) config: Config,
    pub(crate) checkpoint_key: String,
    pub(crate) key: Key,
}

/// How a request ends.
pub(crate) enum End {
    Answer(Answer),
    /// A C2SP signed note.
    Note(String),
    /// A page for people, or a file, with headers of its own.
    Other(Answer, Vec<(&'static str, String)>),
    /// A static asset, with these headers.
    File(String, Vec<(&'static str, String)>),
    /// A WebSocket that the object takes over: what it is for, and from which number or for whom.
    Connect {
        object: Object,
        name: String,
        kind: Kind,
        standing: Value,
    },
}

/// One request, as its handler sees it.
pub(crate) struct Request {
    described: Described,
    body: Vec<u8>,
    /// 32 bytes nobody has seen.
    entropy: [u8; 32],
    /// What stood in the places of `{…}`.
    parts: Vec<String>,
    outside: Outside,
    pub(crate) deployment: Rc<Deployment>,
}

/// An instance at the front.
pub(crate) struct Front {
    deployment: Rc<Deployment>,
    talk: Option<Conversation<Result<End, ErrorBody>>>,
}

impl Front {
    pub(crate) fn new(config: Config, key: Key) -> Self {
        let checkpoint_key = key.public_base64();
        Self {
            deployment: Rc::new(Deployment {
                config,
                checkpoint_key,
                key,
            }),
            talk: None,
        }
    }

    /// Takes a new request (its description, its body, and 32 bytes nobody has seen), or what the present one needed (a status and a body).
    pub(crate) fn step(&mut self, parcel: &[u8]) -> Vec<u8> {
        let mut items = Items::of(parcel);
        let (head, body) = (items.next().unwrap_or_default(), items.next().unwrap_or_default());
        let stand = match serde_json::from_slice::<u16>(head) {
            Ok(status) => {
                let body = body.to_vec();
                self.talk.as_mut().and_then(|talk| talk.go_on(Some(Answer { status, body })))
            }
            Err(_) => match serde_json::from_slice::<Described>(head) {
                Ok(described) => {
                    let entropy = items.next().and_then(|fresh| fresh.try_into().ok()).unwrap_or_default();
                    self.begin(described, body.to_vec(), entropy)
                }
                Err(_) => None,
            },
        };
        packed(stand.unwrap_or_else(|| Stand::Done(Err(internal("The request failed unexpectedly.")))))
    }

    fn begin(&mut self, described: Described, body: Vec<u8>, entropy: [u8; 32]) -> Option<Stand<Result<End, ErrorBody>>> {
        let deployment = Rc::clone(&self.deployment);
        let mut talk = Conversation::new(move |outside| answer(described, body, entropy, outside, deployment));
        let stand = talk.go_on(None);
        self.talk = Some(talk);
        stand
    }
}

/// Finds the route, proves what it needs, and lets its handler answer.
async fn answer(
    described: Described,
    body: Vec<u8>,
    entropy: [u8; 32],
    outside: Outside,
    deployment: Rc<Deployment>,
) -> Result<End, ErrorBody> {
    let mut request = Request {
        described,
        body,
        entropy,
        parts: Vec::new(),
        outside,
        deployment,
    };
    if let Some(done) = operator::answer(&request).await {
        return done;
    }
    let (route, parts) = match routes::find(&request.described.method, &request.described.path) {
        Ok(found) => found,
        Err(none) => {
            let status = none.status;
            return Ok(End::Answer(Answer {
                status,
                ..none.error.into()
            }));
        }
    };
    request.parts = parts;
    let permission = match route.needs {
        Needs::Nothing | Needs::InstallerToken | Needs::EndpointKey | Needs::ShareLink => {
            return stranger(&request, route.does).await;
        }
        Needs::AnyMember => None,
        Needs::Permission(permission) => Some(permission),
    };
    let now_s = request.described.now.get() / 1_000;
    let authorization = request.described.authorization.as_deref();
    let identity = token::identify(&request.outside, &request.deployment.config.issuers, authorization, now_s).await?;
    if permission.is_some_and(|permission| !identity.caller.role.may(permission)) {
        return Err(error(
            ErrorCode::Forbidden,
            "Your role does not allow this. Ask an administrator of your organisation.",
        ));
    }
    request.must_be_whole()?;
    member(&request, route.does, &identity).await
}

/// Routes without a bearer token.
async fn stranger(request: &Request, route: Route) -> Result<End, ErrorBody> {
    request.must_be_whole()?;
    match route {
        Route::Health => Ok(directory::health(request)),
        Route::SignIn => Ok(directory::ways(request)),
        Route::Enrol => directory::enrol(request).await,
        Route::ConnectRuntime => records::connect_runtime(request).await,
        Route::Document => Ok(End::File(
            "openapi.json".to_owned(),
            vec![("content-type", "application/json".to_owned())],
        )),
        Route::Link => Ok(link::show(request).await),
        Route::AnswerByLink => Ok(link::take(request).await),
        Route::SharePage => Ok(share_page::page(request).await),
        Route::ShareAnswer => Ok(share_page::answer(request).await),
        Route::SharePack => Ok(share_page::pack(request).await),
        Route::ShareFile => Ok(share_page::file(request)),
        _ => Err(internal("The route's needs are not known.")),
    }
}

/// Routes with one.
async fn member(request: &Request, route: Route, who: &Identity) -> Result<End, ErrorBody> {
    if let Some(done) = directory::answer(request, route, who).await? {
        return Ok(done);
    }
    if let Some(done) = records::answer(request, route, who).await? {
        return Ok(done);
    }
    if let Some(done) = consent::answer(request, route, who).await? {
        return Ok(done);
    }
    if let Some(done) = share::answer(request, route, who).await? {
        return Ok(done);
    }
    Err(internal("The route has no handler."))
}

impl Request {
    fn now(&self) -> TimeMs {
        self.described.now
    }

    /// The body, or which field is wrong and why.
    fn body<T: DeserializeOwned>(&self) -> Result<T, ErrorBody> {
        serde_json::from_slice(&self.body).map_err(|wrong| {
            let detail = format!("The request's body cannot be understood: {}.", brief(&wrong));
            error(ErrorCode::BadRequest, detail)
        })
    }

    /// The identifier in the path.
    fn id<T: FromStr>(&self) -> Result<T, ErrorBody> {
        identifier(self.part(0))
    }

    /// What stands in the path where the caller's things go, from left to right.
    fn part(&self, number: usize) -> &str {
        self.parts.get(number).map(String::as_str).unwrap_or_default()
    }

    /// What goes before the path of a link to here.
    fn public_url(&self) -> &str {
        let configured = self.deployment.config.public_url.as_deref();
        configured.unwrap_or(&self.described.origin).trim_end_matches('/')
    }

    /// Something in the query.
    fn query<T: FromStr>(&self, name: &str) -> Result<Option<T>, ErrorBody> {
        let wrong = |_| {
            error(
                ErrorCode::BadRequest,
                "A number in the query is missing, malformed or out of range.",
            )
        };
        self.described
            .query
            .get(name)
            .map(|text| text.parse().map_err(wrong))
            .transpose()
    }

    fn text(&self, name: &str) -> Result<&str, ErrorBody> {
        let missing = || {
            error(
                ErrorCode::BadRequest,
                "A number in the query is missing, malformed or out of range.",
            )
        };
        self.described.query.get(name).map(String::as_str).ok_or_else(missing)
    }

    /// Asks the caller's own organisation: no request reaches another one's object, because none is ever named.
    async fn organisation(&self, who: &Identity, ask: AskOrganisation) -> Answer {
        let organisation = who.caller.organisation.clone();
        self.organisation_named(organisation, Some(who.caller.clone()), ask).await
    }

    async fn organisation_named(&self, organisation: OrganisationId, caller: Option<Caller>, ask: AskOrganisation) -> Answer {
        let name = organisation.to_string();
        let letter = ToOrganisation {
            organisation,
            caller,
            ask,
        };
        self.ask(Object::Organisation, name, serde_json::to_vec(&letter)).await
    }

    async fn endpoint(
        &self,
        organisation: &OrganisationId,
        endpoint: &EndpointId,
        caller: Option<Caller>,
        ask: AskEndpoint,
    ) -> Answer {
        let letter = ToEndpoint {
            caller,
            revision: 0,
            rules: None,
            ask,
        };
        self.endpoint_told(organisation, endpoint, letter).await
    }

    /// The same, when it is to be decided by rules of the letter's revision: an object that does not know them is told first.
    async fn endpoint_told(&self, organisation: &OrganisationId, endpoint: &EndpointId, mut letter: ToEndpoint) -> Answer {
        let name = endpoint_name(organisation, endpoint);
        let mut first = self.ask(Object::Endpoint, name.clone(), serde_json::to_vec(&letter)).await;
        if first.status == WAITS {
            if let Err(error) = self.settle(organisation, &name).await {
                return error.into();
            }
            first = self.ask(Object::Endpoint, name.clone(), serde_json::to_vec(&letter)).await;
        }
        if first.status != WANTS_RULES {
            return first;
        }
        match self.rules(organisation, endpoint).await {
            Ok(rules) => letter.rules = rules.map(Box::new),
            Err(error) => return error.into(),
        }
        letter.revision = 0;
        self.ask(Object::Endpoint, name, serde_json::to_vec(&letter)).await
    }

    /// An endpoint that was moved here is used from the moment on at which all of its organisation is here.
    async fn settle(&self, organisation: &OrganisationId, name: &str) -> Result<(), ErrorBody> {
        let ask = AskOrganisation::Move(AskMove::Standing);
        let standing = self.organisation_named(organisation.clone(), None, ask).await;
        if standing.status == WAITS {
            return Err(away(Standing::Arrived));
        }
        if !standing.is_good() {
            return directory::read(&standing);
        }
        let letter = ToEndpoint {
            caller: None,
            revision: 0,
            rules: None,
            ask: AskEndpoint::Move(AskMove::Settle),
        };
        let settled = self.ask(Object::Endpoint, name.to_owned(), serde_json::to_vec(&letter)).await;
        if settled.is_good() {
            Ok(())
        } else {
            directory::read(&settled)
        }
    }

    /// What decides at an endpoint; none when nothing ever changed.
    async fn rules(&self, organisation: &OrganisationId, endpoint: &EndpointId) -> Result<Option<Rules>, ErrorBody> {
        let ask = AskOrganisation::Rules(endpoint.clone(), 0);
        directory::read(&self.organisation_named(organisation.clone(), None, ask).await)
    }

    async fn ask(&self, object: Object, name: String, letter: serde_json::Result<Vec<u8>>) -> Answer {
        match letter {
            Ok(letter) => self.outside.bring(Need::Ask { object, name, letter }).await,
            Err(_) => internal("The request could not be passed on.").into(),
        }
    }

    fn must_be_whole(&self) -> Result<(), ErrorBody> {
        let Some(most) = self.described.longer_than else {
            return Ok(());
        };
        let detail = format!("The request's body is longer than {most} bytes, or did not arrive whole.");
        Err(error(ErrorCode::TooLarge, detail))
    }

    fn must_upgrade(&self) -> Result<(), ErrorBody> {
        if self.described.upgrade {
            return Ok(());
        }
        Err(error(ErrorCode::BadRequest, "This address speaks WebSocket (RFC 6455) only."))
    }
}

fn identifier<T: FromStr>(text: &str) -> Result<T, ErrorBody> {
    let wrong = |_| error(ErrorCode::BadRequest, "The identifier in the address is not one of ours.");
    text.parse().map_err(wrong)
}

/// The organisation is part of an endpoint's name: two organisations never share a database.
fn endpoint_name(organisation: &OrganisationId, endpoint: &EndpointId) -> String {
    format!("{organisation}/{endpoint}")
}

fn packed(stand: Stand<Result<End, ErrorBody>>) -> Vec<u8> {
    let mut parcel = Parcel::default();
    match stand {
        Stand::Needs(need) => pack_need(&mut parcel, &need),
        Stand::Done(end) => pack_end(&mut parcel, end.unwrap_or_else(|error| End::Answer(error.into()))),
    }
    parcel.into_bytes()
}

fn pack_need(parcel: &mut Parcel, need: &Need) {
    match need {
        Need::Fetch { url, fresh } => parcel.describe(&json!({ "s": "fetch", "url": url, "fresh": fresh })),
        Need::Verify {
            algorithm,
            key,
            signed,
            signature,
        } => {
            parcel.describe(&json!({ "s": "verify", "algorithm": algorithm, "key": key }));
            parcel.put(signed);
            parcel.put(signature);
        }
        Need::Ask { object, name, letter } => {
            parcel.describe(&json!({ "s": "ask", "object": object_word(*object), "name": name }));
            parcel.put(letter);
        }
    }
}

fn object_word(object: Object) -> &'static str {
    match object {
        Object::Organisation => "organisation",
        Object::Endpoint => "endpoint",
    }
}

fn pack_end(parcel: &mut Parcel, end: End) {
    let (answer, mut headers) = match end {
        End::Answer(answer) => (answer, headers([("content-type", "application/json".to_owned())])),
        End::Note(note) => (
            Answer::bytes(200, note),
            headers([("content-type", "text/plain; charset=utf-8".to_owned())]),
        ),
        End::Other(answer, own) => (answer, headers(own)),
        End::File(path, own) => {
            parcel.describe(&json!({ "s": "file", "path": path, "headers": headers(own) }));
            return;
        }
        End::Connect {
            object,
            name,
            kind,
            standing,
        } => {
            let standing = json!({ "kind": kind, "standing": standing });
            parcel.describe(&json!({ "s": "connect", "object": object_word(object), "name": name, "attachment": standing }));
            return;
        }
    };
    if answer.status == 401 {
        headers.insert("www-authenticate", "Bearer".to_owned());
    }
    if let (false, Ok(wrong)) = (answer.is_good(), serde_json::from_slice::<ErrorBody>(&answer.body))
        && let Some(ms) = wrong.retry_after_ms
    {
        headers.insert("retry-after", ms.div_ceil(1_000).to_string());
    }
    parcel.describe(&json!({ "s": "answer", "status": answer.status, "headers": headers }));
    parcel.put(&answer.body);
}

fn headers(own: impl IntoIterator<Item = (&'static str, String)>) -> BTreeMap<&'static str, String> {
    own.into_iter().collect()
}
