//! What a person's device signed: checked, given its place, and acted on.
//!
//! Promises: everything is checked before anything is written; the key that signs is introduced in the log before its first statement;
//! the same bytes again give the same answer; nothing is sent to the runtime that is not in the log. Decisions:
//! - several sessions may be open on an endpoint, each led by the member who opened it; only they propose actions in it and close it,
//!   anybody who may operate can chat, note and cancel;
//! - a session is not closed while an action of it is under way and the runtime is connected (`Conflict`: cancel first). When the
//!   runtime is not connected, such actions become `unknown` and the session closes;
//! - a proposal made while the runtime is not connected is recorded, refused as `not_sendable`, and never runs later.

use super::action::{self, Action, ActionState};
use super::authorise::authorise;
use super::key::{self, IntroducedKey};
use super::live::Live;
use super::runtime::check_texts;
use super::session::{self, Session};
use crate::port::{Caller, RequestId};
use crate::refusal::{Stop, error, fault, refused};
use crate::row::{Row, damaged, int};
use crate::store::{Store, StoreError, Value};
use crate::turn::Turn;
use caisey_ledger::entry::{Actor, MAX_ENTRY_BYTES, SignedStatement, Statement};
use caisey_ledger::event::{Event, SessionEnd};
use caisey_ledger::hash::Hash;
use caisey_ledger::id::{ActionId, DeviceId, Seq, SessionId};
use caisey_ledger::statement::signing_bytes;
use caisey_protocol::MAX_COMMAND_BYTES;
use caisey_protocol::error::{ErrorBody, ErrorCode};
use caisey_protocol::role::{Permission, Role};
use caisey_protocol::runtime::ToRuntime;

/// Longest time limit of a command, in milliseconds: a day.
pub const MAX_TIMEOUT_MS: u64 = 86_400_000;
/// A chat line, note, purpose, reason or directory may have this many bytes of UTF-8.
pub const MAX_LINE_BYTES: usize = 16_384;
/// An entry around a statement adds less than this.
const ENTRY_ROOM: usize = 512;
/// Texts of a proposal: command, probe and two lines.
const MAX_TEXTS_BYTES: usize = 2 * MAX_COMMAND_BYTES + 2 * MAX_LINE_BYTES;

/// A statement that passed every check that needs no history.
struct Submission {
    caller: Caller,
    device: DeviceId,
    key: String,
    said: SignedStatement,
    event: Event,
    digest: Hash,
}

impl Live {
    pub(super) fn submit(
        &mut self,
        turn: &mut Turn<'_>,
        request: RequestId,
        caller: Caller,
        said: SignedStatement,
    ) -> Result<(), StoreError> {
        match crate::refusal::settle(self.take_submission(turn, caller, said))? {
            Ok(Outcome::Placed(seq)) => self.out.placed(request, seq),
            Ok(Outcome::NotSendable) => self.out.answer(request, Err(not_sendable())),
            Err(body) => self.out.answer(request, Err(body)),
        }
        Ok(())
    }

    fn take_submission(&mut self, turn: &mut Turn<'_>, caller: Caller, said: SignedStatement) -> Result<Outcome, Stop> {
        self.check_caller(&caller, Permission::Operate)?;
        let submission = self.check_submission(caller, said)?;
        if let Some(seq) = repeated(turn.store, submission.digest)? {
            return Ok(self.again(turn.store, seq, &submission)?);
        }
        if self.enrolment.removed {
            return Err(refused(
                ErrorCode::Conflict,
                "This endpoint was taken out of service. Nothing can be added to its record.",
            ));
        }
        self.act(turn, submission)
    }

    /// Another organisation's endpoint, or another client's for a contact, does not exist for the caller.
    pub(super) fn check_caller(&self, caller: &Caller, permission: Permission) -> Result<(), Stop> {
        let identity = &self.enrolment.identity;
        let contact = caller.role == Role::Contact;
        let other_client = if contact {
            caller.client.as_ref() != Some(&identity.client)
        } else {
            caller.client.is_some()
        };
        if caller.organisation != identity.organisation || other_client {
            return Err(refused(ErrorCode::NotFound, "There is no such endpoint."));
        }
        if !caller.role.may(permission) {
            return Err(refused(
                ErrorCode::Forbidden,
                "Your role does not allow this. Ask an administrator of your organisation.",
            ));
        }
        Ok(())
    }

    fn check_submission(&self, caller: Caller, said: SignedStatement) -> Result<Submission, Stop> {
        let statement = &said.statement;
        if statement.log != self.enrolment.identity.log {
            return Err(refused(
                ErrorCode::BadRequest,
                "The statement belongs to another log. Nothing was recorded.",
            ));
        }
        check_texts(&said, MAX_TEXTS_BYTES)?;
        check_lengths(&said)?;
        let Some((device, key)) = caller.device.clone() else {
            return Err(refused(
                ErrorCode::BadSignature,
                "The key that signed this is not registered to you. Register this device first.",
            ));
        };
        if said.signature.as_ref().is_none_or(|signature| signature.key != key) || !speaks_for(&statement.actor, &caller, &device)
        {
            return Err(refused(
                ErrorCode::BadSignature,
                "The statement names another person or device than the one that signed it.",
            ));
        }
        let event = said.verify().map_err(|wrong| Stop::Refused(fault(&wrong)))?;
        let event = event.ok_or_else(|| {
            refused(
                ErrorCode::BadRequest,
                "This control plane does not know that kind of statement.",
            )
        })?;
        let bytes = signing_bytes(statement).map_err(|wrong| Stop::Refused(fault(&wrong)))?;
        if bytes.len() > MAX_ENTRY_BYTES - ENTRY_ROOM {
            return Err(refused(ErrorCode::TooLarge, "The statement is longer than an entry may be."));
        }
        Ok(Submission {
            caller,
            device,
            key,
            digest: Hash::of(&bytes),
            event,
            said,
        })
    }

    /// The same bytes came before.
    fn again(&self, store: &dyn Store, seq: Seq, submission: &Submission) -> Result<Outcome, StoreError> {
        if let (Event::ActionProposed { .. }, Some(action)) = (&submission.event, &submission.said.statement.action) {
            let known = action::find(store, action)?;
            if known.is_some_and(|known| known.refusal.as_deref() == Some("not_sendable")) {
                return Ok(Outcome::NotSendable);
            }
        }
        Ok(Outcome::Placed(seq))
    }

    fn act(&mut self, turn: &mut Turn<'_>, submission: Submission) -> Result<Outcome, Stop> {
        match &submission.event {
            Event::SessionOpened { device } => {
                let same_device = *device == submission.device;
                let session = named(&submission.said.statement.session, "session")?;
                self.open_session(turn, submission, session, same_device)
            }
            Event::SessionClosed { reason } => {
                let by_technician = *reason == SessionEnd::ByTechnician;
                let session = self.session_of(turn.store, &submission.said.statement)?;
                self.close(turn, submission, session, by_technician)
            }
            Event::ActionProposed { timeout_ms, model, .. } => {
                let (timeout_ms, has_model) = (*timeout_ms, model.is_some());
                let session = self.session_of(turn.store, &submission.said.statement)?;
                self.propose(turn, submission, session, timeout_ms, has_model)
            }
            Event::ActionCancelRequested {} => self.cancel(turn, submission),
            Event::ChatMessage {} => {
                self.session_of(turn.store, &submission.said.statement)?;
                Ok(Outcome::Placed(self.admit(turn, submission)?))
            }
            Event::NoteAdded {} => {
                if submission.said.statement.session.is_some() {
                    self.session_of(turn.store, &submission.said.statement)?;
                }
                Ok(Outcome::Placed(self.admit(turn, submission)?))
            }
            _ => Err(refused(
                ErrorCode::BadRequest,
                "A statement of this kind cannot be submitted by a console.",
            )),
        }
    }

    /// The open session that the statement names.
    fn session_of(&self, store: &dyn Store, statement: &Statement) -> Result<Session, Stop> {
        let session = named(&statement.session, "session")?;
        if let Some(open) = self.sessions.get(&session) {
            return Ok(open.clone());
        }
        Err(match session::find(store, &session)? {
            Some(_) => refused(ErrorCode::Conflict, "The session is closed. Open a new one."),
            None => refused(ErrorCode::NotFound, "There is no such session on this endpoint."),
        })
    }

    fn open_session(
        &mut self,
        turn: &mut Turn<'_>,
        submission: Submission,
        session: SessionId,
        same_device: bool,
    ) -> Result<Outcome, Stop> {
        if !same_device {
            return Err(refused(
                ErrorCode::BadRequest,
                "The session names another device than the one that signs it.",
            ));
        }
        if session::find(turn.store, &session)?.is_some() {
            return Err(refused(
                ErrorCode::Conflict,
                "A session with this identifier was opened before, with other content.",
            ));
        }
        let (member, member_name) = (submission.caller.member.clone(), submission.caller.name.clone());
        let seq = self.admit(turn, submission)?;
        let opened_at = self.time_of_last_entry();
        let opened = Session {
            session,
            member,
            member_name,
            opened_at,
            first_seq: seq,
            closed: None,
            actions: 0,
            active_at: turn.now,
        };
        opened.put(turn.store)?;
        self.out.sessions_changed.insert(opened.session.clone());
        self.sessions.insert(opened.session.clone(), opened);
        Ok(Outcome::Placed(seq))
    }

    fn close(
        &mut self,
        turn: &mut Turn<'_>,
        submission: Submission,
        session: Session,
        by_technician: bool,
    ) -> Result<Outcome, Stop> {
        if !by_technician {
            return Err(refused(
                ErrorCode::BadRequest,
                "A console closes a session for the reason by_technician only.",
            ));
        }
        own(&session, &submission.caller)?;
        let under_way = self.unfinished_in(&session.session);
        if !under_way.is_empty() && self.link.conn.is_some() {
            return Err(refused(
                ErrorCode::Conflict,
                "An action of this session is under way. Cancel it, or wait until it ends, then close.",
            ));
        }
        self.introduce(turn, &submission)?;
        for action in under_way {
            self.give_up(turn, action)?;
        }
        let seq = self.admit(turn, submission)?;
        self.close_session(turn, &session.session, seq)?;
        Ok(Outcome::Placed(seq))
    }

    fn propose(
        &mut self,
        turn: &mut Turn<'_>,
        submission: Submission,
        mut session: Session,
        timeout_ms: u64,
        has_model: bool,
    ) -> Result<Outcome, Stop> {
        own(&session, &submission.caller)?;
        if !(1..=MAX_TIMEOUT_MS).contains(&timeout_ms) {
            return Err(refused(
                ErrorCode::BadRequest,
                format!("timeout_ms must be from 1 to {MAX_TIMEOUT_MS}."),
            ));
        }
        if has_model != matches!(submission.said.statement.actor, Actor::Agent { .. }) {
            return Err(refused(
                ErrorCode::BadRequest,
                "An agent's proposal names its model, a person's names none.",
            ));
        }
        let action = named(&submission.said.statement.action, "action")?;
        if action::find(turn.store, &action)?.is_some() {
            return Err(refused(
                ErrorCode::Conflict,
                "An action with this identifier was proposed before, with other content.",
            ));
        }
        let seq = self.admit(turn, submission)?;
        session.actions += 1;
        session.put(turn.store)?;
        self.out.sessions_changed.insert(session.session.clone());
        let proposed = Action {
            action,
            session: session.session.clone(),
            state: ActionState::Proposed,
            accepted: false,
            cancel: false,
            refusal: None,
            proposal_seq: seq,
            proposed_at: turn.now,
            timeout_ms,
        };
        session.active_at = turn.now;
        self.sessions.insert(session.session.clone(), session);
        if self.link.conn.is_none() {
            self.refuse(
                turn,
                proposed,
                "not_sendable",
                "The endpoint was not connected. The command was not sent and will not run.",
            )?;
            return Ok(Outcome::NotSendable);
        }
        self.dispatch(turn, proposed)?;
        Ok(Outcome::Placed(seq))
    }

    /// Authorises a recorded proposal and sends it; it leaves the host only once both are durable.
    fn dispatch(&mut self, turn: &mut Turn<'_>, mut action: Action) -> Result<(), StoreError> {
        let authorised = authorise(&action);
        self.say_about(turn, &authorised, Some(&action.session), Some(&action.action), &[])?;
        action.state = ActionState::Waiting;
        self.keep(turn.store, action.clone())?;
        self.send_run(turn, action)
    }

    fn cancel(&mut self, turn: &mut Turn<'_>, submission: Submission) -> Result<Outcome, Stop> {
        let statement = &submission.said.statement;
        let action: ActionId = named(&statement.action, "action")?;
        let known = action::find(turn.store, &action)?.filter(|known| statement.session.as_ref() == Some(&known.session));
        let Some(mut known) = known else {
            return Err(refused(ErrorCode::NotFound, "There is no such action in this session."));
        };
        if !known.state.is_unfinished() {
            return Err(refused(
                ErrorCode::Conflict,
                "The action is over already: there is nothing to cancel.",
            ));
        }
        let seq = self.admit(turn, submission)?;
        known.cancel = true;
        self.keep(turn.store, known)?;
        self.tell_runtime(ToRuntime::Cancel { action });
        Ok(Outcome::Placed(seq))
    }

    /// Places the statement, its key introduced before it, and remembers its bytes.
    fn admit(&mut self, turn: &mut Turn<'_>, submission: Submission) -> Result<Seq, Stop> {
        self.introduce(turn, &submission)?;
        let seq = self.place(turn, submission.said)?;
        let digest = Value::Blob(submission.digest.0.to_vec());
        turn.store.exec(
            "INSERT INTO submitted (digest, seq) VALUES (?1, ?2)",
            &[digest, int(seq.get())],
        )?;
        Ok(seq)
    }

    fn introduce(&mut self, turn: &mut Turn<'_>, submission: &Submission) -> Result<(), Stop> {
        let role = serde_json::to_value(submission.caller.role)
            .ok()
            .and_then(|role| role.as_str().map(str::to_owned));
        let wanted = IntroducedKey {
            key: submission.key.clone(),
            member: submission.caller.member.clone(),
            device: submission.device.clone(),
            role: role.unwrap_or_default(),
        };
        match key::find(turn.store, &submission.device)? {
            Some(known) if known == wanted => return Ok(()),
            Some(known) if known.key != wanted.key || known.member != wanted.member => {
                return Err(refused(
                    ErrorCode::BadSignature,
                    "This log knows the device with another key or person. Register the device anew.",
                ));
            }
            _ => {}
        }
        wanted.put(turn.store)?;
        let IntroducedKey {
            key,
            member,
            device,
            role,
        } = wanted;
        self.say(
            turn,
            &Event::KeyIntroduced {
                member,
                device,
                key,
                role,
            },
            &[("name", &submission.caller.name)],
        )?;
        Ok(())
    }
}

enum Outcome {
    Placed(Seq),
    NotSendable,
}

fn not_sendable() -> ErrorBody {
    error(
        ErrorCode::NotSendable,
        "The endpoint is not connected. The command was recorded as refused; it was not sent and will not run later.",
    )
}

fn speaks_for(actor: &Actor, caller: &Caller, device: &DeviceId) -> bool {
    let role = match actor {
        Actor::Control {} | Actor::Endpoint { .. } => false,
        Actor::Contact { .. } => caller.role == Role::Contact,
        Actor::Member { .. } | Actor::Agent { .. } => caller.role != Role::Contact,
    };
    role && actor.person() == Some((&caller.member, device))
}

fn own(session: &Session, caller: &Caller) -> Result<(), Stop> {
    if session.member == caller.member {
        return Ok(());
    }
    Err(refused(
        ErrorCode::Forbidden,
        "Another member leads this session. Open one of your own.",
    ))
}

fn named<T: Clone>(field: &Option<T>, name: &str) -> Result<T, Stop> {
    field
        .clone()
        .ok_or_else(|| refused(ErrorCode::BadRequest, format!("The statement lacks its {name}.")))
}

/// Commands and probes may be longer than lines.
fn check_lengths(said: &SignedStatement) -> Result<(), Stop> {
    for (name, disclosure) in &said.disclosures {
        let most = if matches!(name.as_str(), "command" | "probe") {
            MAX_COMMAND_BYTES
        } else {
            MAX_LINE_BYTES
        };
        let bytes = disclosure.full_text().map_or(0, str::len);
        if bytes > most {
            return Err(refused(
                ErrorCode::TooLarge,
                format!("`{name}` has {bytes} bytes; {most} are allowed."),
            ));
        }
    }
    Ok(())
}

fn repeated(store: &dyn Store, digest: Hash) -> Result<Option<Seq>, StoreError> {
    let rows = store.exec(
        "SELECT seq FROM submitted WHERE digest = ?1",
        &[Value::Blob(digest.0.to_vec())],
    )?;
    let Some(mut row) = Row::first(rows) else { return Ok(None) };
    Seq::new(row.number()?)
        .map(Some)
        .ok_or_else(|| damaged("an entry's place is out of range"))
}
