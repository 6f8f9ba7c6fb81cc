//! Acting on what a person said, once it has passed every check that needs no history.
//!
//! Decisions:
//! - several sessions may be open on an endpoint, each led by the member who opened it; only they propose actions in it and close it,
//!   anybody who may operate can chat, note and cancel;
//! - policies decide over what is proposed (`authorise`); what waits for somebody's answer is taken back by cancelling it;
//! - a session is not closed while an action of it is under way and the runtime is connected (`Conflict`: cancel first). When the
//!   runtime is not connected, such actions become `unknown`, requests are withdrawn, and the session closes;
//! - a proposal made while the runtime is not connected is recorded, refused as `not_sendable`, and never runs later.

use super::action::{self, Action, ActionState};
use super::answer::Decided;
use super::ask::Proposed;
use super::live::Live;
use super::session::{self, Session};
use super::submit::{Outcome, Submission};
use crate::port::Caller;
use crate::refusal::{Stop, refused};
use crate::store::Store;
use crate::turn::Turn;
use caisey_ledger::entry::{Actor, Statement};
use caisey_ledger::event::{Event, SessionEnd};
use caisey_ledger::id::{ActionId, SessionId};
use caisey_protocol::error::ErrorCode;
use caisey_protocol::runtime::ToRuntime;

/// Longest time limit of a command, in milliseconds: a day.
pub const MAX_TIMEOUT_MS: u64 = 86_400_000;

impl Live {
    pub(super) fn act(&mut self, turn: &mut Turn<'_>, submission: Submission) -> Result<Outcome, Stop> {
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
            Event::ActionProposed {
                interpreter,
                timeout_ms,
                model,
            } => {
                let (timeout_ms, has_model) = (*timeout_ms, model.is_some());
                let proposed = Proposed::of(&submission, *interpreter);
                let session = self.session_of(turn.store, &submission.said.statement)?;
                self.propose(turn, submission, session, &proposed, timeout_ms, has_model)
            }
            Event::ActionCancelRequested {} => self.cancel(turn, submission),
            Event::ApprovalDecided {
                decision,
                digest,
                assurance,
                number,
                ..
            } => {
                let decided = Decided {
                    decision: *decision,
                    digest: digest.clone(),
                    assurance: *assurance,
                    number: number.clone(),
                };
                self.decide(turn, submission, &decided)
            }
            Event::ActionBreakGlass {} => self.break_glass(turn, submission),
            Event::ActionReviewed { .. } => self.reviewed(turn, submission),
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
        self.leave_unfinished(turn, &session.session, Some(&submission.caller.member))?;
        let seq = self.admit(turn, submission)?;
        self.close_session(turn, &session.session, seq)?;
        Ok(Outcome::Placed(seq))
    }

    fn propose(
        &mut self,
        turn: &mut Turn<'_>,
        submission: Submission,
        mut session: Session,
        proposed: &Proposed,
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
        let recorded = Action {
            action,
            session: session.session.clone(),
            state: ActionState::Proposed,
            accepted: false,
            cancel: false,
            refusal: None,
            proposal_seq: seq,
            proposed_at: turn.now,
            timeout_ms,
            authorised_at: None,
        };
        let first_seq = session.first_seq;
        session.active_at = turn.now;
        self.sessions.insert(session.session.clone(), session);
        if self.link.conn.is_none() {
            self.refuse(
                turn,
                recorded,
                "not_sendable",
                "The endpoint was not connected. The command was not sent and will not run. Send it again when the endpoint is back.",
            )?;
            return Ok(Outcome::NotSendable);
        }
        self.consider(turn, recorded, proposed, first_seq)?;
        Ok(Outcome::Placed(seq))
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
        if let Some(asked) = self.asked.get(&action).cloned() {
            let by = submission.caller.member.clone();
            let seq = self.admit(turn, submission)?;
            self.withdraw(turn, asked, Some(&by))?;
            return Ok(Outcome::Placed(seq));
        }
        let seq = self.admit(turn, submission)?;
        known.cancel = true;
        self.keep(turn.store, known)?;
        self.tell_runtime(ToRuntime::Cancel { action });
        Ok(Outcome::Placed(seq))
    }
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
