//! What a person's device signed: checked, given its place, and handed on to be acted on.
//!
//! Promises: everything is checked before anything is written; the key that signs is introduced in the log before its first statement;
//! the same bytes again give the same answer; nothing is sent to the runtime that is not in the log.

use super::action;
use super::key::{self, IntroducedKey};
use super::live::Live;
use super::said::check_texts;
use crate::port::{Caller, RequestId};
use crate::refusal::{Stop, error, fault, refused};
use crate::row::{Row, damaged, int};
use crate::store::{Store, StoreError, Value};
use crate::turn::Turn;
use caisey_ledger::entry::{Actor, MAX_ENTRY_BYTES, SignedStatement};
use caisey_ledger::event::Event;
use caisey_ledger::hash::Hash;
use caisey_ledger::id::{DeviceId, Seq};
use caisey_ledger::statement::signing_bytes;
use caisey_protocol::MAX_COMMAND_BYTES;
use caisey_protocol::error::{ErrorBody, ErrorCode};
use caisey_protocol::role::{Permission, Role};

/// A chat line, note, purpose, reason or directory may have this many bytes of UTF-8.
pub const MAX_LINE_BYTES: usize = 16_384;
/// An entry around a statement adds less than this.
const ENTRY_ROOM: usize = 512;
/// Texts of a proposal: command, probe and two lines.
const MAX_TEXTS_BYTES: usize = 2 * MAX_COMMAND_BYTES + 2 * MAX_LINE_BYTES;

/// A statement that passed every check that needs no history.
pub(super) struct Submission {
    pub(super) caller: Caller,
    pub(super) device: DeviceId,
    pub(super) key: String,
    pub(super) said: SignedStatement,
    pub(super) event: Event,
    pub(super) digest: Hash,
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

    /// Places the statement, its key introduced before it, and remembers its bytes.
    pub(super) fn admit(&mut self, turn: &mut Turn<'_>, submission: Submission) -> Result<Seq, Stop> {
        self.introduce(turn, &submission)?;
        let seq = self.place(turn, submission.said)?;
        let digest = Value::Blob(submission.digest.0.to_vec());
        turn.store.exec(
            "INSERT INTO submitted (digest, seq) VALUES (?1, ?2)",
            &[digest, int(seq.get())],
        )?;
        Ok(seq)
    }

    pub(super) fn introduce(&mut self, turn: &mut Turn<'_>, submission: &Submission) -> Result<(), Stop> {
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

pub(super) enum Outcome {
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
