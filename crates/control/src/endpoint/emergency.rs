//! Break-glass: a waiting action runs without the approval that policy asks for, because its technician declares an emergency.
//!
//! Decisions (docs/decisions/0050-where-approvals-are-decided.md): where contacts speak for the client, only what they allowed beforehand for
//! emergencies runs, as the endpoint itself insists; elsewhere whoever leads the session may. It never overrides a forbid, nor an answer.
//! Everybody who could have been asked is told, and it stays due for a review until somebody who did not ask for it has reviewed it.

use super::action;
use super::approval::{self, Asked};
use super::live::Live;
use super::submission::Submission;
use super::submit::Outcome;
use crate::refusal::{Stop, refused};
use crate::turn::Turn;
use caisey_ledger::consent::Beforehand;
use caisey_ledger::event::{Channel, Decision, Event};
use caisey_policy::approval::Input;
use caisey_protocol::error::ErrorCode;

impl Live {
    pub(super) fn break_glass(&mut self, turn: &mut Turn<'_>, submission: Submission) -> Result<Outcome, Stop> {
        let asked = self.open_request(&submission)?;
        if asked.approval.requester != submission.caller.member {
            return Err(refused(
                ErrorCode::Forbidden,
                "Only who proposed an action can declare an emergency for it. Propose it yourself, in a session of your own.",
            ));
        }
        if self.link.conn.is_none() {
            return Err(refused(
                ErrorCode::NotSendable,
                "The endpoint is not connected, so nothing was done. The request stays open.",
            ));
        }
        let authorised = self.emergency_allowed(turn, &asked)?;
        let Some(action) = action::find(turn.store, &asked.action)? else {
            return Err(refused(ErrorCode::NotFound, "There is no such action in this session."));
        };
        let seq = self.admit(turn, submission)?;
        self.end_for_emergency(turn, asked)?;
        self.run(turn, action, &authorised)?;
        Ok(Outcome::Placed(seq))
    }

    fn open_request(&self, submission: &Submission) -> Result<Asked, Stop> {
        let statement = &submission.said.statement;
        let open = statement.action.as_ref().and_then(|action| self.asked.get(action));
        open.filter(|asked| statement.session.as_ref() == Some(&asked.session))
            .cloned()
            .ok_or_else(|| {
                refused(
                    ErrorCode::Conflict,
                    "No request for this action is open: nobody was asked, or somebody has answered. An answer is not overridden; propose \
                     the action again if it is still needed.",
                )
            })
    }

    /// What the entry says that allows it.
    fn emergency_allowed(&self, turn: &Turn<'_>, asked: &Asked) -> Result<Event, Stop> {
        let class = asked.request.class.as_str();
        let (policy, policy_version, policy_digest) = if self.rules.trust.is_pinned() {
            let endpoint = &self.enrolment.identity.endpoint;
            let trust = &self.rules.trust;
            let (granted, number) = match trust.beforehand(endpoint, class, Channel::BreakGlass, turn.now) {
                Beforehand::Granted(granted, number) => (granted, number),
                Beforehand::Nothing => {
                    return Err(refused(
                        ErrorCode::Forbidden,
                        "The client's contacts have not allowed emergencies for this kind of action here and now, so the endpoint would \
                         refuse it. Nothing was done. Call a contact; the request stays open.",
                    ));
                }
                Beforehand::HeldBack(least) => {
                    let detail = format!(
                        "The client's contacts want at least {} for this kind of action in emergencies too, so the endpoint would refuse it. \
                         Nothing was done. Call them; the request stays open.",
                        least.in_words()
                    );
                    return Err(refused(ErrorCode::Forbidden, detail));
                }
            };
            (format!("pre-authorisation/{}", granted.name), number, None)
        } else {
            let request = &asked.request;
            (request.policy.clone(), request.policy_version, asked.policy_digest.clone())
        };
        Ok(Event::ActionAuthorised {
            policy,
            policy_version,
            channel: Channel::BreakGlass,
            policy_digest,
            class: Some(class.to_owned()),
        })
    }

    /// Nobody has to answer any more; somebody has to look.
    fn end_for_emergency(&mut self, turn: &mut Turn<'_>, mut asked: Asked) -> Result<(), Stop> {
        // What follows from the end is not carried out: the action is not refused but runs.
        let _ = asked.approval.handle(turn.now, &Input::Withdraw);
        asked.granted = Some(Channel::BreakGlass);
        asked.review_due = true;
        let requester = asked.approval.requester.clone();
        self.say_end(turn, &asked, Decision::Withdrawn, Some(&requester))?;
        Ok(self.keep_asked(turn, asked)?)
    }

    /// Somebody looked at what ran under break-glass.
    pub(super) fn reviewed(&mut self, turn: &mut Turn<'_>, submission: Submission) -> Result<Outcome, Stop> {
        let statement = &submission.said.statement;
        let found = statement.action.as_ref().map(|action| approval::find(turn.store, action));
        let found = found.transpose()?.flatten();
        let Some(mut asked) = found.filter(|asked| statement.session.as_ref() == Some(&asked.session)) else {
            return Err(refused(ErrorCode::NotFound, "There is no such action to be reviewed here."));
        };
        if !asked.review_due {
            return Err(refused(
                ErrorCode::Conflict,
                "This action does not wait for a review: it did not run under break-glass, or somebody has reviewed it.",
            ));
        }
        if asked.approval.requester == submission.caller.member {
            return Err(refused(
                ErrorCode::Forbidden,
                "You asked for this action yourself. Somebody else has to review it.",
            ));
        }
        let seq = self.admit(turn, submission)?;
        asked.review_due = false;
        self.keep_asked(turn, asked)?;
        Ok(Outcome::Placed(seq))
    }
}
