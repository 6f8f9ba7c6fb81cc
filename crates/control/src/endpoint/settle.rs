//! After a reconnection: what became of actions that were under way.
//!
//! The hello says how far the runtime has counted and what is alive on it. Once everything that it had counted is in the log:
//! - an action that it never confirmed is sent again while its time limit has not passed since it was authorised, else refused as
//!   `expired`, or as `cancelled` if somebody cancelled it. Sending again is safe: a runtime remembers every action that it took and
//!   runs none twice;
//! - an action that it had started or confirmed and that is not alive gets a moment to be reported; after that it is `unknown`. It is
//!   so at once when the runtime says, with a `recorder.gap` of cause `restarted` about the action, that it lost it.

use super::action::{Action, ActionState};
use super::live::Live;
use crate::journal;
use crate::store::StoreError;
use crate::turn::{Turn, later};
use caisey_ledger::id::{ActionId, Counter, TimeMs};
use caisey_protocol::runtime::ToRuntime;

/// How long a runtime that has handed over its outbox may take to report an action that it no longer runs, in milliseconds.
const REPORT_MS: u64 = 5_000;

impl Live {
    /// To be called when statements were placed: goes on when the runtime's outbox is drained.
    pub(super) fn after_statements(&mut self, turn: &mut Turn<'_>) -> Result<(), StoreError> {
        let drained = |until: u64| self.next_counter.get() >= until;
        match self
            .link
            .settling
            .take_if(|settling| settling.deadline.is_none() && drained(settling.until_counter))
        {
            None => Ok(()),
            Some(mut settling) => {
                for action in std::mem::take(&mut settling.open) {
                    let Some(action) = self.actions.get(&action).cloned() else {
                        continue;
                    };
                    let alive = settling.running.contains(&action.action);
                    if !self.take_up(turn, action.clone(), alive)? {
                        settling.open.insert(action.action);
                    }
                }
                settling.deadline = Some(later(turn.now, REPORT_MS));
                self.link.settling = (!settling.open.is_empty()).then_some(settling);
                Ok(())
            }
        }
    }

    /// Takes up an action that was under way; false when the runtime has to be waited for.
    fn take_up(&mut self, turn: &mut Turn<'_>, mut action: Action, alive: bool) -> Result<bool, StoreError> {
        if alive {
            if action.cancel {
                self.tell_runtime(ToRuntime::Cancel {
                    action: action.action.clone(),
                });
            }
            action.accepted = true;
            self.keep(turn.store, action)?;
            return Ok(true);
        }
        if action.state == ActionState::Running || action.accepted {
            return Ok(false);
        }
        if action.cancel {
            let detail = "It was cancelled before the endpoint had confirmed it.";
            self.refuse(turn, action, "cancelled", detail)?;
        } else if turn.now < later(action.authorised_at.unwrap_or(action.proposed_at), action.timeout_ms) {
            self.send_run(turn, action)?;
        } else {
            let detail = "The endpoint was not connected again within the command's time limit.";
            self.refuse(turn, action, "expired", detail)?;
        }
        Ok(true)
    }

    /// Sends a recorded, authorised proposal to the runtime as its author signed it.
    pub(super) fn send_run(&mut self, turn: &mut Turn<'_>, action: Action) -> Result<(), StoreError> {
        match journal::signed(turn.store, action.proposal_seq.get())? {
            Some(proposal) if proposal.disclosures.len() == proposal.statement.texts.len() => {
                let consent = self.consent_for(turn, &action)?;
                self.tell_runtime(ToRuntime::Run {
                    consent: Some(Box::new(consent)),
                    proposal: Box::new(proposal),
                });
                Ok(())
            }
            _ => self.refuse(
                turn,
                action,
                "erased",
                "Texts of the proposal were erased before it could be sent again.",
            ),
        }
    }

    /// The endpoint spoke of an action after its hello: it knows it.
    pub(super) fn heard_of(&mut self, counter: Counter, action: &ActionId) {
        if let Some(settling) = self
            .link
            .settling
            .as_mut()
            .filter(|settling| counter.get() >= settling.until_counter)
        {
            settling.open.remove(action);
        }
    }

    /// Gives up on what was not reported in time.
    pub(super) fn settle_late(&mut self, turn: &mut Turn<'_>) -> Result<(), StoreError> {
        let due = |deadline: Option<TimeMs>| deadline.is_some_and(|deadline| deadline <= turn.now);
        let Some(settling) = self.link.settling.take_if(|settling| due(settling.deadline)) else {
            return Ok(());
        };
        for action in settling.open {
            if let Some(action) = self.actions.get(&action).cloned() {
                self.give_up(turn, action)?;
            }
        }
        Ok(())
    }
}
