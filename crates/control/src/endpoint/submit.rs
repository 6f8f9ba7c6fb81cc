//! What a person's device signed: given its place, and handed on to be acted on.
//!
//! Promises: everything is checked before anything is written ([`super::submission`]); the key that signs is introduced in the log before
//! its first statement; the same bytes again give the same answer; nothing is sent to the runtime that is not in the log.

use super::action;
use super::key::IntroducedKey;
use super::live::Live;
pub(super) use super::submission::Submission;
use crate::port::{Caller, RequestId};
use crate::refusal::{Stop, error, refused};
use crate::row::{Row, damaged, int};
use crate::store::{Store, StoreError, Value};
use crate::turn::Turn;
use caisey_ledger::admission::Offered;
use caisey_ledger::event::Event;
use caisey_ledger::id::{Seq, TimeMs};
use caisey_protocol::error::{ErrorBody, ErrorCode};
use caisey_protocol::role::Permission;
use std::sync::Arc;

impl Live {
    pub(super) fn submit(
        &mut self,
        turn: &mut Turn<'_>,
        request: RequestId,
        caller: Arc<Caller>,
        said: Offered,
    ) -> Result<(), StoreError> {
        match crate::refusal::settle(self.take_submission(turn, caller, said))? {
            Ok(Outcome::Placed(seq)) => self.out.placed(request, seq),
            Ok(Outcome::NotSendable) => self.out.answer(request, Err(not_sendable())),
            Ok(Outcome::NotCounted(body)) => self.out.answer(request, Err(body)),
            Err(body) => self.out.answer(request, Err(body)),
        }
        Ok(())
    }

    fn take_submission(&mut self, turn: &mut Turn<'_>, caller: Arc<Caller>, said: Offered) -> Result<Outcome, Stop> {
        self.check_caller(&caller, permission(&said.said().statement.kind))?;
        let submission = self.check_submission(caller, said)?;
        if let Some(seq) = repeated(turn.store, &submission)? {
            return Ok(self.again(turn, seq, &submission)?);
        }
        if self.enrolment.removed {
            return Err(refused(
                ErrorCode::Conflict,
                "This endpoint was taken out of service. Nothing can be added to its record.",
            ));
        }
        self.act(turn, submission)
    }

    /// The same bytes came before.
    fn again(&self, turn: &Turn<'_>, seq: Seq, submission: &Submission) -> Result<Outcome, StoreError> {
        if let Event::ApprovalDecided { .. } = &submission.event
            && let Some(body) = self.refused_before(turn, seq)?
        {
            return Ok(Outcome::NotCounted(body));
        }
        if let (Event::ActionProposed { .. }, Some(action)) = (&submission.event, &submission.said.statement.action) {
            let known = action::find(turn.store, action)?;
            if known.is_some_and(|known| known.refusal.as_deref() == Some("not_sendable")) {
                return Ok(Outcome::NotSendable);
            }
        }
        Ok(Outcome::Placed(seq))
    }

    /// Places the statement, its key introduced before it, and remembers its bytes.
    pub(super) fn admit(&mut self, turn: &mut Turn<'_>, submission: Submission) -> Result<Seq, Stop> {
        self.introduce(turn, &submission)?;
        let seq = self.place(turn, &submission.said)?;
        self.remember(turn, &submission, seq)?;
        Ok(seq)
    }

    /// Remembers that these bytes came and what became of them: their own entry, or the one that refuses them.
    pub(super) fn remember(&self, turn: &Turn<'_>, submission: &Submission, seq: Seq) -> Result<(), StoreError> {
        let [at, digest] = identity(submission);
        let row = [at, digest, int(seq.get())];
        turn.store
            .exec("INSERT INTO submissions (at_ms, digest, seq) VALUES (?1, ?2, ?3)", &row)
            .map(drop)
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
        match self.keys.find(turn.store, &submission.device)? {
            Some(known) if *known == wanted => return Ok(()),
            Some(known) if known.key != wanted.key || known.member != wanted.member => {
                return Err(refused(
                    ErrorCode::BadSignature,
                    "This log knows the device with another key or person. Register the device anew.",
                ));
            }
            _ => {}
        }
        self.keys.put(turn.store, wanted.clone())?;
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
    /// An answer to a request that does not count.
    NotCounted(ErrorBody),
}

/// What submitting a statement of this kind takes.
fn permission(kind: &str) -> Permission {
    match kind {
        "approval.decided" | "action.reviewed" => Permission::Decide,
        _ => Permission::Operate,
    }
}

fn not_sendable() -> ErrorBody {
    error(
        ErrorCode::NotSendable,
        "The endpoint is not connected. The command was recorded as refused; it was not sent and will not run later.",
    )
}

/// What a submission is found by again. The author's time comes first, so that rows are added where the last ones are.
fn identity(submission: &Submission) -> [Value; 2] {
    let at: TimeMs = submission.said.statement.at_ms;
    [int(at.get()), Value::Blob(submission.digest.0.to_vec())]
}

fn repeated(store: &dyn Store, submission: &Submission) -> Result<Option<Seq>, StoreError> {
    let rows = store.exec(
        "SELECT seq FROM submissions WHERE at_ms = ?1 AND digest = ?2",
        &identity(submission),
    )?;
    let Some(mut row) = Row::first(rows) else { return Ok(None) };
    Seq::new(row.number()?)
        .map(Some)
        .ok_or_else(|| damaged("an entry's place is out of range"))
}
