//! From a recorded proposal to its run, its refusal, or a request to somebody; and what a request's end comes to.
//!
//! Promises: an action is sent only after the entry that allows it; a request ends in exactly one entry of its end and one of what becomes
//! of the action; nobody's silence is a yes.

use super::action::{Action, ActionState};
use super::approval::{Asked, word_alone};
use super::authorise::{self, Deed, Ruling};
use super::describe::{self, Look};
use super::live::Live;
use super::number::six_digits;
use super::submission::Submission;
use crate::refusal::Stop;
use crate::store::StoreError;
use crate::turn::{Turn, later};
use caisey_ledger::consent::{ConsentFault, Request, Terms};
use caisey_ledger::disclosure::Disclosure;
use caisey_ledger::entry::{Actor, SignedStatement};
use caisey_ledger::event::{Channel, Decision, Event, Interpreter};
use caisey_ledger::id::{MemberId, Seq};
use caisey_policy::approval::{Approval, Effect, Input, State, Step};
use caisey_policy::decide::{Outcome, Verdict};
use caisey_policy::document::Demand;
use caisey_protocol::role::Role;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A proposal that was recorded.
pub(super) struct Proposed {
    pub(super) said: SignedStatement,
    pub(super) interpreter: Interpreter,
    member: MemberId,
    role: Role,
    requester_name: String,
}

impl Proposed {
    pub(super) fn of(submission: &Submission, interpreter: Interpreter) -> Self {
        Self {
            said: (**submission.said).clone(),
            interpreter,
            member: submission.caller.member.clone(),
            role: submission.caller.role,
            requester_name: submission.caller.name.clone(),
        }
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.said.disclosures.get(name).and_then(Disclosure::full_text)
    }
}

impl Live {
    /// Lets policies decide over a recorded proposal, and does what they say.
    pub(super) fn consider(
        &mut self,
        turn: &mut Turn<'_>,
        action: Action,
        proposed: &Proposed,
        session_first: Seq,
    ) -> Result<(), StoreError> {
        let rules = Arc::clone(&self.rules);
        let deed = Deed {
            member: &proposed.member,
            role: proposed.role,
            by_agent: matches!(proposed.said.statement.actor, Actor::Agent { .. }),
            interpreter: proposed.interpreter,
            elevated: self.link.elevated,
            command: proposed.text("command").unwrap_or_default(),
            probe: proposed.text("probe"),
            at: turn.now,
        };
        let ruling = authorise::rule(&rules, &self.enrolment.identity, &deed);
        match &ruling.verdict {
            Err(why) => self.refuse(turn, action, "policy_unusable", why),
            Ok(verdict) => match &verdict.outcome {
                Outcome::Allow => {
                    let event = authorise::authorised(verdict, Channel::Policy, ruling.class.word());
                    self.run(turn, action, &event)
                }
                Outcome::Forbid => self.refuse(turn, action, "forbidden", &authorise::forbidden(verdict)),
                Outcome::Ask(demand) => self.ask(turn, action, proposed, session_first, &ruling, verdict, demand),
            },
        }
    }

    /// Records what allows an action and sends it; it leaves the host only once both are durable.
    pub(super) fn run(&mut self, turn: &mut Turn<'_>, mut action: Action, authorised: &Event) -> Result<(), StoreError> {
        self.say_about(turn, authorised, Some(&action.session), Some(&action.action), &[])?;
        action.state = ActionState::Waiting;
        action.authorise(turn.store, turn.now)?;
        self.keep(turn.store, action.clone())?;
        if self.link.conn.is_none() {
            // Sent when the endpoint is back, within its time limit.
            return Ok(());
        }
        self.send_run(turn, action)
    }

    #[allow(clippy::too_many_arguments, reason = "one step of `consider`, with everything it found")]
    fn ask(
        &mut self,
        turn: &mut Turn<'_>,
        action: Action,
        proposed: &Proposed,
        session_first: Seq,
        ruling: &Ruling,
        verdict: &Verdict,
        demand: &Demand,
    ) -> Result<(), StoreError> {
        let terms = Terms {
            before: None,
            class: ruling.class.word().to_owned(),
            policy: verdict.policy.clone(),
            policy_version: verdict.version,
            approver: demand.approver,
            needed: demand.needed,
            assurance: demand.assurance,
            expires_at_ms: later(turn.now, u64::from(demand.minutes) * 60_000),
            nonce: turn.draw(),
        };
        let request = Request::about(&proposed.said, terms).map_err(ours)?;
        let digest = request.digest().map_err(ours)?;
        let event = Event::ApprovalRequested {
            digest: digest.clone(),
            expires_at_ms: request.expires_at_ms.get(),
            needed: request.needed,
            request: Some(Box::new(request.clone())),
        };
        let look = Look {
            interpreter: proposed.interpreter,
            reading: &ruling.reading,
            probe: proposed.text("probe"),
            session: (session_first, action.proposal_seq),
        };
        let texts = [
            ("object", describe::object(&ruling.reading)),
            ("current_state", describe::current_state(turn.store, &look)?),
            ("proposed_action", describe::proposed_action(&ruling.reading, ruling.class)),
        ];
        let texts: Vec<_> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let requested_seq = self.say_about(turn, &event, Some(&action.session), Some(&action.action), &texts)?;
        let asked = Asked {
            action: action.action.clone(),
            session: action.session.clone(),
            approval: Approval {
                digest,
                requester: proposed.member.clone(),
                approver: request.approver,
                needed: request.needed,
                assurance: request.assurance,
                number: six_digits(&turn.draw()),
                asked_at: turn.now,
                expires_at: request.expires_at_ms,
                state: State::Pending,
                delivered: BTreeSet::new(),
                acknowledged: BTreeSet::new(),
                approved_by: BTreeSet::new(),
                denied_by: None,
                wrong_numbers: BTreeMap::new(),
                nudged_at: None,
                nudges: 0,
            },
            request,
            policy_digest: verdict.digest.clone(),
            requester_name: proposed.requester_name.clone(),
            proposal_seq: action.proposal_seq,
            requested_seq,
            decisions: Vec::new(),
            granted: None,
            review_due: false,
            refused_answers: 0,
            by_link: false,
        };
        self.keep(turn.store, action)?;
        self.keep_asked(turn, asked.clone())?;
        self.write_mails(turn, &asked)
    }

    /// Stores a request's new state, shows it, and keeps it in memory exactly while it is open.
    pub(super) fn keep_asked(&mut self, turn: &Turn<'_>, asked: Asked) -> Result<(), StoreError> {
        asked.put(turn.store)?;
        self.out.approvals_changed.insert(asked.action.clone());
        if asked.is_open() {
            self.asked.insert(asked.action.clone(), asked);
            return Ok(());
        }
        self.asked.remove(&asked.action);
        self.stop_mails(turn, &asked.action)
    }

    /// Records what follows from an input to a request. `said` is the statement that an answer came as; returned is its entry. `by` is who
    /// takes a request back.
    pub(super) fn carry(
        &mut self,
        turn: &mut Turn<'_>,
        mut asked: Asked,
        step: Step,
        mut said: Option<Submission>,
        by: Option<&MemberId>,
    ) -> Result<Option<Seq>, Stop> {
        let (mut placed, mut ended) = (None, None);
        for effect in step.effects {
            let event = match effect {
                Effect::Delivered(member, channel) => Event::ApprovalDelivered { member, channel },
                Effect::Acknowledged(member, channel) => Event::ApprovalAcknowledged { member, channel },
                Effect::Nudged(member) => Event::ApprovalNudged { member },
                Effect::Counted(_, decision) => {
                    if let Some(said) = said.take() {
                        let seq = self.admit(turn, said)?;
                        placed = Some(seq);
                        if decision == Decision::Approved {
                            asked.decisions.push(seq);
                        }
                    }
                    continue;
                }
                Effect::Ended(state) => {
                    ended = Some(state);
                    continue;
                }
            };
            self.say_about(turn, &event, Some(&asked.session), Some(&asked.action), &[])?;
        }
        if ended == Some(State::Approved) {
            asked.granted = Some(if asked.by_link { Channel::Email } else { Channel::Console });
        }
        self.keep_asked(turn, asked.clone())?;
        if let Some(state) = ended {
            self.ended(turn, &asked, state, by)?;
        }
        Ok(placed)
    }

    /// What a request's end comes to for its action.
    fn ended(&mut self, turn: &mut Turn<'_>, asked: &Asked, state: State, by: Option<&MemberId>) -> Result<(), StoreError> {
        // Time in which somebody was asked is not time in which nothing happened.
        if let Some(session) = self.sessions.get_mut(&asked.session) {
            session.active_at = turn.now;
        }
        let Some(action) = self.actions.get(&asked.action).cloned() else {
            return Ok(());
        };
        let minutes = asked.approval.expires_at.get().saturating_sub(asked.approval.asked_at.get()) / 60_000;
        match state {
            State::Approved => {
                let event = Event::ActionAuthorised {
                    policy: asked.request.policy.clone(),
                    policy_version: asked.request.policy_version,
                    channel: asked.granted.unwrap_or(Channel::Console),
                    policy_digest: asked.policy_digest.clone(),
                    class: Some(asked.request.class.clone()),
                };
                self.run(turn, action, &event)
            }
            State::Denied => {
                let detail = "Somebody who was asked said no. The command was not sent to the endpoint and will not run. Talk to them before \
                              you ask again.";
                self.refuse(turn, action, "denied", detail)
            }
            State::Expired => {
                self.say_end(turn, asked, Decision::Expired, None)?;
                let detail = format!(
                    "Nobody answered within {minutes} minutes, and silence is a no. The command was not sent to the endpoint and will not \
                     run. Call the people who were asked, then propose it again."
                );
                self.refuse(turn, action, "approval_expired", &detail)
            }
            State::Withdrawn => {
                self.say_end(turn, asked, Decision::Withdrawn, by)?;
                let detail = "The request was withdrawn before it was answered. The command was not sent to the endpoint and will not run.";
                self.refuse(turn, action, "withdrawn", detail)
            }
            State::Pending | State::Delivered | State::Acknowledged => Ok(()),
        }
    }

    /// Records that a request ended without an answer.
    pub(super) fn say_end(
        &mut self,
        turn: &mut Turn<'_>,
        asked: &Asked,
        decision: Decision,
        member: Option<&MemberId>,
    ) -> Result<(), StoreError> {
        let event = Event::ApprovalDecided {
            decision,
            member: member.cloned(),
            channel: asked.granted.unwrap_or(Channel::Console),
            digest: Some(asked.approval.digest.clone()),
            assurance: None,
            number: None,
        };
        self.say_about(turn, &event, Some(&asked.session), Some(&asked.action), &[])
            .map(drop)
    }

    /// Takes a request back, because its action is cancelled or its session ends.
    pub(super) fn withdraw(&mut self, turn: &mut Turn<'_>, mut asked: Asked, by: Option<&MemberId>) -> Result<(), StoreError> {
        let step = asked.approval.handle(turn.now, &Input::Withdraw);
        unrefused(self.carry(turn, asked, step, None, by))
    }

    /// Ends what nobody answered in time.
    pub(super) fn expire_requests(&mut self, turn: &mut Turn<'_>) -> Result<(), StoreError> {
        let due = |asked: &&Asked| asked.approval.deadline().is_some_and(|deadline| deadline <= turn.now);
        let late: Vec<_> = self.asked.values().filter(due).cloned().collect();
        for mut asked in late {
            let step = asked.approval.handle(turn.now, &Input::Clock);
            unrefused(self.carry(turn, asked, step, None, None))?;
        }
        Ok(())
    }

    /// On what an action that was authorised may run, as its endpoint is told.
    pub(super) fn consent_for(&self, turn: &Turn<'_>, action: &Action) -> Result<caisey_ledger::consent::Consent, StoreError> {
        let asked = super::approval::find(turn.store, &action.action)?;
        let consent = asked.map(|asked| asked.consent(turn.store)).transpose()?.flatten();
        Ok(consent.unwrap_or_else(|| word_alone(Channel::Policy)))
    }
}

/// Where no answer is carried, nothing can be refused.
pub(super) fn unrefused(done: Result<Option<Seq>, Stop>) -> Result<(), StoreError> {
    match done {
        Ok(_) => Ok(()),
        Err(Stop::Failed(error)) => Err(error),
        Err(Stop::Refused(body)) => Err(StoreError::Refused(body.detail)),
    }
}

fn ours(fault: ConsentFault) -> StoreError {
    StoreError::Refused(format!("the control plane's own request is wrong: {fault}"))
}
