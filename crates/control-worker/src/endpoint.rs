//! An Endpoint object in its instance: a batch of happenings in one transaction, then its effects.
//!
//! Promises: as the native host does it (`caisey_control::port`): one checkpoint and one commit for the batch, effects after it. Questions that
//! only read do not load the object. A name that nothing enrolled under gets no tables.

use crate::answer::{Answer, error, internal};
use crate::config::Key;
use crate::letter::{
    AskEndpoint, AskMove, AskOrganisation, Happening, Kind, Report, ToEndpoint, ToOrganisation, Trouble, WAITS, WANTS_RULES,
};
use crate::mail::{self, Mailer};
use crate::parcel::Parcel;
use crate::place::{Batch, Circumstances, effect, moment_of};
use caisey_control::endpoint::{
    self, EndpointObject, Input, prove_consistency, prove_inclusion, read_cosigned, read_page, review_basis,
};
use caisey_control::letter::web::{self, WebPage};
use caisey_control::letter::{LinkToken, Typed};
use caisey_control::moving::{self, Part, Standing};
use caisey_control::port::{self, Caller, ConnId, DirectoryChange, Effect, Moment, RequestId, Signer as _};
use caisey_control::rules::Rules;
use caisey_control::store::{Store, StoreError};
use caisey_ledger::event::DisconnectReason;
use caisey_ledger::id::{EndpointId, OrganisationId, Seq};
use caisey_protocol::error::{ErrorBody, ErrorCode};
use caisey_protocol::http::EndpointState;
use caisey_protocol::runtime::{FromRuntime, ToRuntime};
use caisey_protocol::watch::LogEvent;
use caisey_protocol::{MAX_MESSAGE_BYTES, PROTOCOL_VERSION};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;

/// The object and what its host remembers of it.
pub(crate) struct EndpointHost {
    key: Key,
    mailer: Option<Mailer>,
    object: Option<EndpointObject>,
    /// State that the directory was last told.
    told: Option<EndpointState>,
    /// Whether it is being moved; not looked up yet when none.
    standing: Option<Option<Standing>>,
}

/// What one happening comes to.
enum Step {
    /// The object's.
    Input(Input),
    /// The same, after it was told what decides.
    Briefed(Arc<Rules>, Input),
    /// The object's, and done when it is stored.
    Enrol(u64, Input),
    /// The organisation is to be asked what decides, unless it is this revision.
    Brief(u64),
    /// Nothing.
    Nothing,
    /// Answered by reading.
    Answer(u64, Answer),
    /// A runtime's connection that ends with this word.
    TurnAway(u64, ErrorBody),
    /// A console's.
    Silence(u64),
}

impl EndpointHost {
    pub(crate) fn new(mailer: Option<Mailer>, key: Key) -> Self {
        Self {
            key,
            mailer,
            object: None,
            told: None,
            standing: None,
        }
    }

    pub(crate) fn run(&mut self, store: &dyn Store, around: &Circumstances, batch: Batch<'_>) -> Result<Parcel, StoreError> {
        let mut out = Parcel::default();
        let (mut inputs, mut stored) = (Vec::new(), Vec::new());
        for (moment, happening, body) in batch {
            let known = self.object.is_some() || is_made(store)?;
            let standing = match self.standing {
                Some(standing) => standing,
                None => *self.standing.insert(moving::standing(store)?),
            };
            if let Some(settled) = self.moved(store, around, &mut out, &happening, body)? {
                if settled {
                    inputs.push((moment, Input::Wake));
                }
                continue;
            }
            if let Some(standing) = standing {
                keep_away(&mut out, standing, &happening);
                continue;
            }
            if !known && matches!(happening, Happening::Wake {}) {
                continue;
            }
            match step(store, known, moment, happening, body)? {
                Step::Input(input) => inputs.push((moment, input)),
                Step::Briefed(rules, input) => {
                    inputs.push((moment, Input::Rules(rules)));
                    inputs.push((moment_of(moment, 1), input));
                }
                Step::Brief(revision) => ask_for_rules(&mut out, &around.name, revision),
                Step::Nothing => {}
                Step::Enrol(request, input) => {
                    stored.push(request);
                    inputs.push((moment, input));
                }
                Step::Answer(request, answer) => answered(&mut out, request, &answer),
                Step::TurnAway(conn, error) => fail(&mut out, conn, &ToRuntime::Error(error)),
                Step::Silence(conn) => fail(&mut out, conn, &LogEvent::Error(listen_only())),
            }
        }
        if !inputs.is_empty() {
            let mut welcomed = false;
            for effect in self.commit(store, around, &inputs)? {
                welcomed |= matches!(
                    &effect,
                    Effect::ToRuntime {
                        message: ToRuntime::Welcome { .. },
                        ..
                    }
                );
                self.carry_out(&mut out, effect);
            }
            if welcomed {
                ask_for_rules(&mut out, &around.name, endpoint::known_rules(store)?);
            }
        }
        for request in stored {
            answered(&mut out, request, &Answer::nothing());
        }
        self.state(&mut out);
        Ok(out)
    }

    /// Answers the operator, if this is they; whether the object is used from here on.
    fn moved(
        &mut self,
        store: &dyn Store,
        around: &Circumstances,
        out: &mut Parcel,
        happening: &Happening,
        body: &[u8],
    ) -> Result<Option<bool>, StoreError> {
        // Looked for before it is read: most letters are somebody else's.
        const SIGN: &[u8] = br#""ask":{"move":"#;
        let Happening::Ask { request } = happening else {
            return Ok(None);
        };
        if !body.windows(SIGN.len()).any(|window| window == SIGN) {
            return Ok(None);
        }
        let Ok(ToEndpoint {
            ask: AskEndpoint::Move(ask),
            ..
        }) = serde_json::from_slice(body)
        else {
            return Ok(None);
        };
        let (settles, leaves) = (matches!(ask, AskMove::Settle), matches!(ask, AskMove::Leave { .. }));
        let part = around.name.split_once('/').and_then(|(_, endpoint)| endpoint.parse().ok());
        let Some(part) = part.map(Part::Endpoint) else {
            answered(out, *request, &internal("The object has no name.").into());
            return Ok(Some(false));
        };
        let made = is_made(store)?;
        let (mut answer, mut ask) = (None, Some(ask));
        store.tx(&mut || {
            if let Some(ask) = ask.take() {
                answer = Some(crate::moving::answer(store, &self.key.public_key(), &part, made, ask)?);
            }
            Ok(())
        })?;
        (self.object, self.standing) = (None, None);
        if leaves && moving::standing(store)? == Some(Standing::Left) {
            let away = ToRuntime::Error(crate::moving::away(Standing::Left));
            around.alive.iter().for_each(|conn| fail(out, *conn, &away));
        }
        answered(
            out,
            *request,
            &answer.unwrap_or_else(|| internal("The move was not made.").into()),
        );
        Ok(Some(settles && made))
    }

    fn commit(
        &mut self,
        store: &dyn Store,
        around: &Circumstances,
        inputs: &[(Moment, Input)],
    ) -> Result<Vec<Effect>, StoreError> {
        let mut object = self.object.take();
        let mut effects = Vec::new();
        store.tx(&mut || {
            let loaded = match &mut object {
                Some(loaded) => loaded,
                none => none.insert(EndpointObject::load(store, &around.alive())?),
            };
            for (moment, input) in inputs {
                loaded.handle(store, *moment, input.clone())?;
            }
            effects = loaded.seal(store, &self.key)?;
            Ok(())
        })?;
        // Only now: after a failure the object is loaded again.
        self.object = object;
        Ok(effects)
    }

    fn carry_out(&mut self, out: &mut Parcel, what: Effect) {
        match what {
            Effect::ToRuntime { conn, message } => {
                if matches!(message, ToRuntime::Welcome { .. }) {
                    out.describe(&json!({ "e": "welcome", "conn": conn.0 }));
                }
                send(out, conn, &message);
            }
            Effect::CloseRuntime { conn } => out.describe(&json!({ "e": "close", "conn": conn.0 })),
            Effect::ToWatcher { conn, event } => {
                if let LogEvent::Error(_) = event {
                    return fail(out, conn.0, &event);
                }
                send(out, conn, &event);
                if let LogEvent::Records { from, records, .. } = event {
                    out.describe(&json!({ "e": "next", "conn": conn.0, "from": from.get() + records.len() as u64 }));
                }
            }
            Effect::Answer { request, answer } => answered(out, request.0, &answer_of(answer)),
            Effect::Directory(change) => self.report(out, change),
            Effect::Mail(letter) => mail::post(out, self.mailer.as_ref(), &letter),
        }
    }

    /// Growth may gather for a moment; whether an endpoint is there, and sessions' beginnings and ends, may not.
    fn report(&mut self, out: &mut Parcel, change: DirectoryChange) {
        let (key, urgent, report) = match change {
            DirectoryChange::Endpoint(view) => {
                let urgent = self.told.replace(view.state) != Some(view.state);
                (view.endpoint.to_string(), urgent, Report::Endpoint(view))
            }
            DirectoryChange::Session(view) => {
                let urgent = view.actions == 0 || view.closed_at_ms.is_some();
                (view.session.to_string(), urgent, Report::Session(view))
            }
            DirectoryChange::Approval(view) => (view.action.to_string(), true, Report::Approval(view)),
        };
        let body = serde_json::to_vec(&report).unwrap_or_default();
        effect(out, &json!({ "e": "report", "key": key, "urgent": urgent }), Some(&body));
    }

    /// When it wants to be woken, and whether it can be put away until then.
    fn state(&self, out: &mut Parcel) {
        let deadline = self.object.as_ref().and_then(EndpointObject::poll_deadline);
        out.describe(&json!({
            "e": "state",
            "deadline": deadline.map(|(at, _)| at.get()),
            "waiting": self.object.as_ref().is_some_and(EndpointObject::is_waiting),
            "connected": self.told == Some(EndpointState::Ready),
        }));
    }
}

/// Whether anything ever enrolled here.
pub(crate) fn is_made(store: &dyn Store) -> Result<bool, StoreError> {
    let tables = store.exec(
        "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_version'",
        &[],
    )?;
    Ok(!tables.is_empty())
}

/// To whoever wants something of an object that is being moved.
fn keep_away(out: &mut Parcel, standing: Standing, happening: &Happening) {
    let away = || crate::moving::away(standing);
    match happening {
        Happening::Ask { request } if standing == Standing::Arrived => answered(out, *request, &Answer::bytes(WAITS, [])),
        Happening::Ask { request } => answered(out, *request, &away().into()),
        Happening::Opened { conn } | Happening::Frame { conn, .. } => fail(out, *conn, &ToRuntime::Error(away())),
        Happening::Watch { conn, .. } | Happening::Drained { conn } | Happening::Heard { conn } => {
            fail(out, *conn, &LogEvent::Error(away()));
        }
        Happening::Closed { .. }
        | Happening::Report {}
        | Happening::Brief {}
        | Happening::Rules {}
        | Happening::Mailed { .. }
        | Happening::Prompts { .. }
        | Happening::Wake {}
        | Happening::Failed { .. } => {}
    }
}

/// Asks the object's organisation what decides here.
fn ask_for_rules(out: &mut Parcel, name: &str, revision: u64) {
    let parts = name.split_once('/');
    let parts: Option<(OrganisationId, EndpointId)> =
        parts.and_then(|(organisation, endpoint)| Some((organisation.parse().ok()?, endpoint.parse().ok()?)));
    // An object that was found by another way than by its name has no organisation to ask.
    let Some((organisation, endpoint)) = parts else { return };
    let letter = ToOrganisation {
        organisation,
        caller: None,
        ask: AskOrganisation::Rules(endpoint, revision),
    };
    let letter = serde_json::to_vec(&letter).unwrap_or_default();
    effect(out, &json!({ "e": "brief" }), Some(&letter));
}

fn step(store: &dyn Store, known: bool, moment: Moment, happening: Happening, body: &[u8]) -> Result<Step, StoreError> {
    Ok(Step::Input(match happening {
        Happening::Ask { request } => {
            return match serde_json::from_slice(body) {
                Ok(letter) => ask(store, known, moment, request, letter),
                Err(_) => Ok(Step::Answer(
                    request,
                    internal("A letter to an endpoint cannot be read.").into(),
                )),
            };
        }
        Happening::Opened { conn } => Input::RuntimeOpened(ConnId(conn)),
        Happening::Frame { conn, trouble } => match frame(trouble, body) {
            Ok(message) => Input::RuntimeMessage(ConnId(conn), Box::new(message)),
            Err(error) => return Ok(Step::TurnAway(conn, error)),
        },
        Happening::Closed {
            conn,
            kind: Kind::Runtime,
            clean,
        } => {
            let reason = if clean {
                DisconnectReason::Closed
            } else {
                DisconnectReason::Lost
            };
            Input::RuntimeClosed(ConnId(conn), reason)
        }
        Happening::Closed { conn, .. } => Input::WatchClosed(ConnId(conn)),
        Happening::Watch { conn, from } => Input::WatchOpened(ConnId(conn), Seq::new(from).unwrap_or_default()),
        Happening::Drained { conn } => Input::WatchDrained(ConnId(conn)),
        Happening::Heard { conn } => return Ok(Step::Silence(conn)),
        Happening::Brief {} if known => return Ok(Step::Brief(endpoint::known_rules(store)?)),
        Happening::Rules {} => match serde_json::from_slice::<Option<Rules>>(body) {
            Ok(Some(rules)) if known => Input::Rules(Arc::new(rules)),
            _ => return Ok(Step::Nothing),
        },
        Happening::Mailed {
            action,
            member,
            attempt,
            status,
        } => Input::MailSent(action, member, attempt, mail::sent(status, body)),
        Happening::Brief {} | Happening::Prompts { .. } => return Ok(Step::Nothing),
        Happening::Report {} | Happening::Wake {} => Input::Wake,
        Happening::Failed { cause, since } => Input::RecordingFailed(cause.word(), since),
    }))
}

fn ask(store: &dyn Store, known: bool, moment: Moment, request: u64, letter: ToEndpoint) -> Result<Step, StoreError> {
    let ToEndpoint {
        caller,
        revision,
        rules,
        ask,
    } = letter;
    let number = RequestId(request);
    let answer = |answer: Answer| Ok(Step::Answer(request, answer));
    let nothing = || error(ErrorCode::NotFound, "There is no such endpoint.").into();
    if !known && !matches!(ask, AskEndpoint::Enrolled(_)) {
        return answer(nothing());
    }
    // What is submitted is decided by what was in force when it came.
    if known && rules.is_none() && endpoint::known_rules(store)? < revision {
        return answer(Answer::bytes(WANTS_RULES, []));
    }
    let rules = rules.map(|rules| Arc::new(*rules));
    let with = |input: &dyn Fn(Caller) -> Input| match (&caller, &rules) {
        (Some(caller), Some(rules)) => Ok(Step::Briefed(Arc::clone(rules), input(caller.clone()))),
        (Some(caller), None) => Ok(Step::Input(input(caller.clone()))),
        (None, _) => Ok(Step::Answer(
            request,
            internal("A letter to an endpoint names nobody.").into(),
        )),
    };
    match ask {
        AskEndpoint::Exists => answer(Answer::nothing()),
        AskEndpoint::Enrolled(identity) => Ok(Step::Enrol(request, Input::Enrolled(identity))),
        AskEndpoint::Submit(said) => with(&|caller| Input::Submit(number, caller, said.clone())),
        AskEndpoint::Cosign(offered) => with(&|caller| Input::Cosign(number, caller, offered.clone())),
        AskEndpoint::Sendable => Ok(Step::Input(Input::AskSendable(number))),
        AskEndpoint::Erase(erase) => {
            with(&|caller| Input::Erase(number, caller, erase.seq, erase.names.clone(), erase.basis.clone()))
        }
        AskEndpoint::Remove => with(&|caller| Input::Remove(number, caller)),
        AskEndpoint::Entries { from, limit } => answer(found(read_page(store, from, limit)?, "The log has no entries there.")),
        AskEndpoint::Cosigned { from } => answer(Answer::json(&read_cosigned(store, from)?)),
        AskEndpoint::Consistency { from, to } => answer(found(prove_consistency(store, from, to)?, NO_PROOF)),
        AskEndpoint::Inclusion { seq, size } => answer(found(prove_inclusion(store, seq, size)?, NO_PROOF)),
        AskEndpoint::ReviewBasis { scope, range } => answer(found(review_basis(store, &scope, &range)?, "")),
        AskEndpoint::Rules => Ok(match rules {
            Some(rules) => Step::Enrol(request, Input::Rules(rules)),
            None => Step::Answer(request, Answer::nothing()),
        }),
        AskEndpoint::About(about) => with(&|caller| Input::AboutApproval(number, caller, about.clone())),
        AskEndpoint::Prompt(action) => answer(Answer::json(&endpoint::prompt(store, &action)?)),
        AskEndpoint::BehindLink(token) => {
            let shown = endpoint::behind_link(store, &LinkToken::new(token), moment.now_ms)?;
            answer(page(web::looked(&shown)))
        }
        AskEndpoint::AnswerByLink {
            token,
            approve,
            number: typed,
            reason,
        } => {
            let typed = Typed {
                token: LinkToken::new(token),
                approve,
                number: typed,
                reason,
            };
            Ok(Step::Input(Input::AnswerByLink(number, Box::new(typed))))
        }
        AskEndpoint::Move(_) => answer(internal("The operator was taken for somebody else.").into()),
    }
}

fn page(page: WebPage) -> Answer {
    Answer::bytes(page.status, page.html)
}

const NO_PROOF: &str = "The log never had that size, or has no checkpoint of it, so there is no such proof.";

pub(crate) fn found(found: Option<impl Serialize>, or: &str) -> Answer {
    found.map_or_else(|| error(ErrorCode::NotFound, or).into(), |value| Answer::json(&value))
}

fn answer_of(answer: Result<port::Answer, ErrorBody>) -> Answer {
    match answer {
        Ok(port::Answer::Submitted(submitted)) => Answer::json(&submitted),
        Ok(port::Answer::Cosigned(page)) => Answer::json(&page),
        Ok(port::Answer::Sendable(sendable)) => Answer::json(&sendable),
        Ok(port::Answer::Approval(answer)) => Answer::json(&answer),
        Ok(port::Answer::ByLink(shown)) => page(web::answered(&shown)),
        Err(error) => error.into(),
    }
}

pub(crate) fn answered(out: &mut Parcel, request: u64, answer: &Answer) {
    let description = json!({ "e": "answer", "request": request, "status": answer.status });
    effect(out, &description, Some(&answer.body));
}

pub(crate) fn send(out: &mut Parcel, conn: ConnId, frame: &impl Serialize) {
    let body = serde_json::to_vec(frame).unwrap_or_default();
    effect(out, &json!({ "e": "send", "conn": conn.0 }), Some(&body));
}

pub(crate) fn fail(out: &mut Parcel, conn: u64, frame: &impl Serialize) {
    let body = serde_json::to_vec(frame).unwrap_or_default();
    effect(out, &json!({ "e": "fail", "conn": conn }), Some(&body));
}

/// A runtime's frame, or why it is none.
fn frame(trouble: Option<Trouble>, body: &[u8]) -> Result<FromRuntime, ErrorBody> {
    /// What every version's hello has.
    #[derive(Deserialize)]
    struct AnyHello {
        version: u32,
    }
    let long = (body.len() > MAX_MESSAGE_BYTES).then_some(Trouble::TooLong);
    match trouble.or(long) {
        Some(Trouble::TooLong) => {
            let detail = format!("A frame may not be longer than {MAX_MESSAGE_BYTES} bytes; nothing of it was taken.");
            return Err(error(ErrorCode::TooLarge, detail));
        }
        Some(Trouble::Binary) => {
            return Err(error(
                ErrorCode::BadRequest,
                "Frames of this wire are JSON texts; a binary one came.",
            ));
        }
        None => {}
    }
    match serde_json::from_slice(body) {
        Ok(FromRuntime::Hello { version, .. }) if version != PROTOCOL_VERSION => Err(unsupported(version)),
        Ok(message) => Ok(message),
        Err(wrong) => match serde_json::from_slice::<AnyHello>(body) {
            Ok(hello) if hello.version != PROTOCOL_VERSION => Err(unsupported(hello.version)),
            _ => {
                let why = brief(&wrong);
                let detail = format!("A frame cannot be understood: {why}. Nothing of it was taken.");
                Err(error(ErrorCode::BadRequest, detail))
            }
        },
    }
}

/// The answer to a peer of another version.
pub(crate) fn unsupported(version: u32) -> ErrorBody {
    let detail = format!(
        "You speak version {version} of the protocol, this control plane speaks {PROTOCOL_VERSION}. Update the older side."
    );
    error(ErrorCode::UnsupportedVersion, detail)
}

/// An error's words without what a hostile sender may have put into them.
pub(crate) fn brief(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.chars().filter(|letter| !letter.is_control()).take(200).collect()
}

/// To a console that says something where it only listens.
pub(crate) fn listen_only() -> ErrorBody {
    error(
        ErrorCode::BadRequest,
        "A watching console sends nothing on this connection; it asks by HTTP.",
    )
}
