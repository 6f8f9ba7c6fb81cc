//! What people say about an approval request: that it is on their screen, yes or no, that it is to be asked again.
//!
//! Promises: a decision counts only from a key that counts, about exactly the request, by somebody who is asked and did not ask themselves;
//! one that does not count is answered with a sentence and is on record; the same bytes again get the same answer. The number is told to
//! the requester and to nobody else.

use super::approval::{self, Asked};
use super::live::Live;
use super::mail;
use super::submission::Submission;
use super::submit::Outcome;
use crate::audience::Viewer;
use crate::port::{Answer, Caller, RequestId};
use crate::refusal::{Stop, error, refused, settle};
use crate::store::StoreError;
use crate::turn::Turn;
use caisey_ledger::consent::{Approver, Assurance, ConsentFault, verify_decision};
use caisey_ledger::event::{Channel, Decision, Event};
use caisey_ledger::id::ActionId;
use caisey_policy::approval::{self as machine, Input, Person};
use caisey_protocol::consent::{AboutApproval, ApprovalAnswer, ApprovalWord};
use caisey_protocol::error::{ErrorBody, ErrorCode};
use caisey_protocol::role::{Permission, Role};

/// Of one request, answers that were refused and are recorded at most: whoever goes on is refused without filling the log.
pub(super) const MAX_REFUSED_ANSWERS: u32 = 32;

/// A decision's facts.
pub(super) struct Decided {
    pub(super) decision: Decision,
    pub(super) digest: Option<String>,
    pub(super) assurance: Option<Assurance>,
    pub(super) number: Option<String>,
}

/// An answer that does not count: a stable word, and a sentence.
struct NotCounted {
    code: &'static str,
    sentence: String,
}

impl Live {
    pub(super) fn about_approval(
        &mut self,
        turn: &mut Turn<'_>,
        request: RequestId,
        caller: &Caller,
        about: &AboutApproval,
    ) -> Result<(), StoreError> {
        let answer = settle(self.take_word(turn, caller, about))?;
        self.out
            .answer(request, answer.map(|answer| Answer::Approval(Box::new(answer))));
        Ok(())
    }

    fn take_word(&mut self, turn: &mut Turn<'_>, caller: &Caller, about: &AboutApproval) -> Result<ApprovalAnswer, Stop> {
        self.check_caller(caller, Permission::ReadDirectory)?;
        let mut asked = self.asked_for(turn, caller, &about.action)?;
        let person = person(caller);
        let input = match about.what {
            ApprovalWord::Look => None,
            ApprovalWord::Delivered => Some(Input::Delivered(person, Channel::Console)),
            ApprovalWord::Acknowledged => Some(Input::Acknowledged(person, Channel::Console)),
            ApprovalWord::Nudge => Some(Input::Nudge(caller.member.clone())),
        };
        if let Some(input) = input {
            let before = asked.approval.clone();
            let step = asked.approval.handle(turn.now, &input);
            let refusal = step.refusal.clone();
            if asked.approval != before {
                self.carry(turn, asked.clone(), step, None, None)?;
            }
            if let Some(refusal) = refusal {
                return Err(Stop::Refused(error(code(refusal.code), refusal.sentence)));
            }
            if about.what == ApprovalWord::Nudge {
                self.mail_again(turn, &about.action)?;
            }
        }
        let number = (asked.is_open() && caller.member == asked.approval.requester).then(|| asked.approval.number.clone());
        let prompt = asked.prompt(turn.store)?;
        let mut approval = asked.view(&self.enrolment.identity, prompt);
        approval.mails = mail::views(turn.store, &about.action)?;
        Ok(ApprovalAnswer { approval, number })
    }

    /// A request that this person is shown; for all others there is none.
    fn asked_for(&self, turn: &Turn<'_>, caller: &Caller, action: &ActionId) -> Result<Asked, Stop> {
        let found = match self.asked.get(action) {
            Some(open) => Some(open.clone()),
            None => approval::find(turn.store, action)?,
        };
        let viewer = Viewer {
            member: caller.member.clone(),
            role: caller.role,
            client: caller.client.clone(),
        };
        found
            .filter(|asked| viewer.sees(&asked.view(&self.enrolment.identity, None)))
            .ok_or_else(|| {
                refused(
                    ErrorCode::NotFound,
                    "There is no such approval request, or it is not for you.",
                )
            })
    }

    /// Somebody decides.
    pub(super) fn decide(&mut self, turn: &mut Turn<'_>, submission: Submission, decided: &Decided) -> Result<Outcome, Stop> {
        let statement = &submission.said.statement;
        let about = statement.action.clone().map(|action| approval::find(turn.store, &action));
        let asked = about.transpose()?.flatten();
        let Some(mut asked) = asked.filter(|asked| statement.session.as_ref() == Some(&asked.session)) else {
            return Err(refused(
                ErrorCode::NotFound,
                "There is no such approval request on this endpoint.",
            ));
        };
        if !matches!(decided.decision, Decision::Approved | Decision::Denied) {
            return Err(refused(
                ErrorCode::BadRequest,
                "An answer is either yes or no. Whoever asked takes a request back by cancelling the action.",
            ));
        }
        // Before anything changes, because it may refuse.
        self.introduce(turn, &submission)?;
        if let Err(not_counted) = self.check_decision(&asked, &submission) {
            return self.refuse_answer(turn, asked, submission, decided.decision, &not_counted);
        }
        let answer = machine::Answer {
            by: person(&submission.caller),
            decision: decided.decision,
            digest: decided.digest.clone().unwrap_or_default(),
            assurance: decided.assurance.unwrap_or(Assurance::Link),
            number: decided.number.clone(),
        };
        let step = asked.approval.handle(turn.now, &Input::Answer(answer));
        if let Some(refusal) = &step.refusal {
            let not_counted = NotCounted {
                code: refusal.code,
                sentence: refusal.sentence.to_owned(),
            };
            return self.refuse_answer(turn, asked, submission, decided.decision, &not_counted);
        }
        match self.carry(turn, asked, step, Some(submission), None)? {
            Some(seq) => Ok(Outcome::Placed(seq)),
            None => Err(refused(ErrorCode::Internal, "The answer was counted and not placed.")),
        }
    }

    /// What a signature proves beyond that it holds: that the endpoint will believe the key, and that the statement says what it may.
    fn check_decision(&self, asked: &Asked, submission: &Submission) -> Result<(), NotCounted> {
        let statement = &submission.said.statement;
        let plain = matches!(&submission.event, Event::ApprovalDecided { channel: Channel::Console, member, .. }
            if member.as_ref().is_none_or(|member| *member == submission.caller.member));
        if !plain {
            return Err(NotCounted {
                code: "malformed",
                sentence:
                    "A signed decision is its author's own and comes from their console. Decide again, with a newer console."
                        .to_owned(),
            });
        }
        if submission.caller.role != Role::Contact {
            return Ok(());
        }
        let mut said = (**submission.said).clone();
        said.disclosures.clear();
        match verify_decision(&self.rules.trust, &asked.request, &said) {
            // The state machine says these in the words of somebody who answers.
            Ok(_) | Err(ConsentFault::OtherRequest | ConsentFault::Assurance) => Ok(()),
            Err(ConsentFault::UnknownKey { .. }) => Err(NotCounted {
                code: "unknown_key",
                sentence: format!(
                    "The key of the console that signed this (device {}) does not speak for the client yet, so the answer does not count. \
                     Let a contact whose console is known introduce it, or let them decide.",
                    statement
                        .actor
                        .person()
                        .map(|(_, device)| device.to_string())
                        .unwrap_or_default()
                ),
            }),
            Err(fault) => Err(NotCounted {
                code: fault.code(),
                sentence: fault.to_string(),
            }),
        }
    }

    /// Puts on record that an answer does not count, and says so to whoever gave it.
    fn refuse_answer(
        &mut self,
        turn: &mut Turn<'_>,
        mut asked: Asked,
        submission: Submission,
        decision: Decision,
        why: &NotCounted,
    ) -> Result<Outcome, Stop> {
        let body = error(code(why.code), why.sentence.clone());
        // A second yes by the same person takes nothing from anybody.
        if why.code != "answered" && asked.refused_answers < MAX_REFUSED_ANSWERS {
            asked.refused_answers += 1;
            let event = Event::ApprovalAnswerRefused {
                code: why.code.to_owned(),
                member: submission.caller.member.clone(),
                decision,
            };
            let texts = [("detail", why.sentence.as_str())];
            let seq = self.say_about(turn, &event, Some(&asked.session), Some(&asked.action), &texts)?;
            self.remember(turn, &submission, seq)?;
        }
        self.keep_asked(turn, asked)?;
        Ok(Outcome::NotCounted(body))
    }

    /// The same answer came before and did not count: its author hears the same again.
    pub(super) fn refused_before(&self, turn: &Turn<'_>, seq: caisey_ledger::id::Seq) -> Result<Option<ErrorBody>, StoreError> {
        let Some(said) = crate::journal::signed(turn.store, seq.get())? else {
            return Ok(None);
        };
        let event = Event::from_parts(&said.statement.kind, &said.statement.facts).ok().flatten();
        let Some(Event::ApprovalAnswerRefused { code: word, .. }) = event else {
            return Ok(None);
        };
        let detail = said.disclosures.get("detail").and_then(|text| text.full_text());
        Ok(Some(error(code(&word), detail.unwrap_or("The answer did not count."))))
    }
}

fn person(caller: &Caller) -> Person {
    // Whoever may not decide speaks for nobody: as a member, but never as one who is asked.
    Person {
        member: caller.member.clone(),
        speaks_as: match caller.role {
            Role::Contact => Approver::Contact,
            Role::Owner => Approver::Owner,
            _ => Approver::Member,
        },
    }
}

/// What a client program makes of a refusal: over, not yours, or to be answered again.
fn code(word: &str) -> ErrorCode {
    match word {
        "late" | "answered" | "other_request" | "too_soon" | "consent_mismatch" => ErrorCode::Conflict,
        "wrong_number" | "assurance" | "malformed" | "no_answer" => ErrorCode::BadRequest,
        "unknown_key" | "consent_bad_signature" => ErrorCode::BadSignature,
        _ => ErrorCode::Forbidden,
    }
}
