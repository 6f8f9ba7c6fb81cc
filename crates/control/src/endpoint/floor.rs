//! Requests that were open when the client's contacts set a floor above what they ask for.
//!
//! The endpoint would refuse what they come to (docs/formats/consent.md), so they are taken back at once and say what to do: nobody is asked for
//! an answer that cannot count.

use super::approval::Asked;
use super::live::Live;
use crate::store::StoreError;
use crate::turn::Turn;
use caisey_ledger::consent::Approver;
use caisey_ledger::event::Decision;
use caisey_policy::approval::Input;

impl Live {
    /// To be called when the client's chain has grown.
    pub(super) fn take_back_below_floors(&mut self, turn: &mut Turn<'_>) -> Result<(), StoreError> {
        let low: Vec<Asked> = self
            .asked
            .values()
            .filter(|asked| self.is_below_floor(asked))
            .cloned()
            .collect();
        for mut asked in low {
            // What follows from the end is said here: why it was taken back.
            let _ = asked.approval.handle(turn.now, &Input::Withdraw);
            self.say_end(turn, &asked, Decision::Withdrawn, None)?;
            if let Some(session) = self.sessions.get_mut(&asked.session) {
                session.active_at = turn.now;
            }
            let action = self.actions.get(&asked.action).cloned();
            self.keep_asked(turn, asked)?;
            if let Some(action) = action {
                let detail = "While this request waited, the client's contacts set a floor: such actions need more, or surer, answers than it asks \
                              for, and the endpoint would refuse it. The command was not sent and will not run. Propose it again; the new request \
                              asks for enough.";
                self.refuse(turn, action, "below_floor", detail)?;
            }
        }
        Ok(())
    }

    fn is_below_floor(&self, asked: &Asked) -> bool {
        let least = self
            .rules
            .trust
            .least(&self.enrolment.identity.endpoint, &asked.request.class);
        asked.request.approver == Approver::Contact
            && least.is_some_and(|least| asked.request.needed < least.needed || asked.request.assurance < least.assurance)
    }
}
