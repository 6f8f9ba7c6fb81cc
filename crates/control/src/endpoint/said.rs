//! What the endpoint says: each statement is placed once, in the order of the endpoint's own count.
//!
//! Promises: a statement that is not the endpoint's, not whole or not next is not placed and says so; what it says about an action
//! changes that action only, and is kept as evidence also when it fits nothing that is known.

use super::action::{self, ActionState};
use super::live::Live;
use crate::journal;
use crate::refusal::{Stop, fault, refused};
use crate::row::{Row, damaged, int};
use crate::store::{Store, StoreError};
use crate::turn::Turn;
use caisey_ledger::admission::{Offered, Proved};
use caisey_ledger::disclosure::Disclosure;
use caisey_ledger::entry::{Actor, Entry, SignedStatement, Statement};
use caisey_ledger::event::{Event, RunOutcome};
use caisey_ledger::id::{ActionId, Counter, SessionId};
use caisey_protocol::error::ErrorCode;
use std::sync::Arc;

/// A statement's texts together may have this many bytes: with every byte escaped, a record still fits into one frame.
const MAX_STATEMENT_TEXT_BYTES: usize = 131_072;

impl Live {
    pub(super) fn endpoint_said(&mut self, turn: &mut Turn<'_>, offered: Offered) -> Result<(), Stop> {
        let Some(counter) = offered.said().statement.counter else {
            return Err(refused(
                ErrorCode::BadRequest,
                "The statement has no counter, which an endpoint's must have.",
            ));
        };
        if counter > self.next_counter {
            let expected = self.next_counter;
            let detail =
                format!("Statement {counter} came where {expected} was expected. Send everything from {expected} on again.");
            return Err(refused(ErrorCode::Conflict, detail));
        }
        if counter < self.next_counter && stored(turn.store, counter)? == offered.said().statement {
            self.out.ack_due = true;
            return Ok(());
        }
        let said = self.check_endpoint_statement(offered)?;
        if counter < self.next_counter {
            return self.counter_reused(turn, counter, &said);
        }
        self.place(turn, &said)?;
        self.next_counter = counter.checked_add(1).ok_or_else(|| damaged("the counter is at its end"))?;
        self.out.ack_due = true;
        if let Some(action) = &said.statement.action {
            self.heard_about(turn, counter, action, said.statement.session.as_ref(), said.event())?;
        }
        Ok(())
    }

    /// What the endpoint's word means for the action that it is about.
    fn heard_about(
        &mut self,
        turn: &mut Turn<'_>,
        counter: Counter,
        action: &ActionId,
        session: Option<&SessionId>,
        event: Option<&Event>,
    ) -> Result<(), StoreError> {
        let Some(known) = action::find(turn.store, action)?.filter(|known| session == Some(&known.session)) else {
            return Ok(());
        };
        match event {
            // It was under way when the runtime ended; nobody will report its end.
            Some(Event::RecorderGap { cause, .. }) if cause == "restarted" => {
                let under_way = known.state.is_unfinished() && known.state != ActionState::Proposed;
                if under_way { self.give_up(turn, known) } else { Ok(()) }
            }
            Some(event) => {
                self.heard_of(counter, action);
                self.follow(turn.store, known, event)
            }
            None => Ok(()),
        }
    }

    fn check_endpoint_statement(&self, offered: Offered) -> Result<Arc<Proved>, Stop> {
        let identity = &self.enrolment.identity;
        let author = Actor::Endpoint {
            id: identity.endpoint.clone(),
        };
        let said = offered.said();
        if said.statement.log != identity.log || said.statement.actor != author {
            return Err(refused(
                ErrorCode::BadRequest,
                "The statement belongs to another log or speaks for another endpoint. It was not taken.",
            ));
        }
        check_texts(said, MAX_STATEMENT_TEXT_BYTES)?;
        let said = offered.prove().map_err(|wrong| Stop::Refused(fault(&wrong)))?;
        if said.signature.as_ref().is_none_or(|signature| signature.key != identity.key) {
            return Err(refused(
                ErrorCode::BadSignature,
                "The statement is not signed with the key that this endpoint enrolled with.",
            ));
        }
        Ok(said)
    }

    /// Two signed statements with one count: the machine was set back or copied. The second is not in the record, which is a gap.
    fn counter_reused(&mut self, turn: &mut Turn<'_>, counter: Counter, said: &SignedStatement) -> Result<(), Stop> {
        if !std::mem::replace(&mut self.link.reuse_noted, true) {
            let at = said.statement.at_ms.get();
            let event = Event::RecorderGap {
                cause: "counter_reused".into(),
                from_ms: at.min(turn.now.get()),
                to_ms: at.max(turn.now.get()),
            };
            let detail = format!(
                "The endpoint signed a second, different statement number {counter}. The first is in this log, the second was refused: \
                 the machine or its disk was probably set back to an older state or copied."
            );
            self.say(turn, &event, &[("detail", &detail)])?;
        }
        let expected = self.next_counter;
        let detail =
            format!("Statement {counter} is in the log with other content. Go on from {expected}; earlier numbers are used up.");
        Err(refused(ErrorCode::Conflict, detail))
    }

    /// Lets the endpoint's word about its own action move the action's state.
    fn follow(&mut self, store: &dyn Store, mut known: action::Action, event: &Event) -> Result<(), StoreError> {
        if known.state.is_final() {
            return Ok(());
        }
        known.state = match event {
            Event::CommandStarted { .. } => ActionState::Running,
            Event::CommandFinished {
                outcome: RunOutcome::NotStarted,
                ..
            } => ActionState::Failed,
            Event::CommandFinished { .. } => ActionState::Finished,
            Event::ActionRefused { code } => {
                known.refusal = Some(code.clone());
                ActionState::Refused
            }
            _ => return Ok(()),
        };
        self.keep(store, known)
    }
}

/// All texts must be there and whole: what is not shown now cannot be read later. Cheap, so that hostile sizes end here.
pub(super) fn check_texts(said: &SignedStatement, most_bytes: usize) -> Result<(), Stop> {
    let mut bytes = 0_usize;
    for name in said.statement.texts.keys() {
        let Some(Disclosure::Full { text, .. }) = said.disclosures.get(name) else {
            return Err(refused(
                ErrorCode::BadRequest,
                format!("The text `{name}` must come with the statement, in full."),
            ));
        };
        bytes = bytes.saturating_add(text.len());
    }
    if bytes > most_bytes {
        return Err(refused(
            ErrorCode::TooLarge,
            format!("The statement's texts have {bytes} bytes; {most_bytes} are allowed."),
        ));
    }
    Ok(())
}

fn stored(store: &dyn Store, counter: Counter) -> Result<Statement, StoreError> {
    let rows = store.exec("SELECT seq FROM entries WHERE counter = ?1", &[int(counter.get())])?;
    let seq = Row::first(rows)
        .ok_or_else(|| damaged("a counted statement is missing"))?
        .number()?;
    let leaf = journal::leaf(store, seq)?.ok_or_else(|| damaged("an entry is missing"))?;
    let entry: Entry = serde_json::from_str(&leaf).map_err(|_| damaged("an entry cannot be read"))?;
    Ok(entry.statement)
}
