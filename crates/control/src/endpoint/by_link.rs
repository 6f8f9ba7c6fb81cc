//! What is done with a link from an e-mail: looking, which changes nothing, and answering, which needs the number that the requester sees.
//!
//! Promises: without the right number neither a yes nor a no counts, because whatever scans mail can submit a form; three wrong ones and the
//! contact's answers to the request no longer count, over any of its links; every answer that is not counted is on record. An answer is the control
//! plane's word with assurance `link`: it opens an endpoint only where a contact signed a pre-authorisation for e-mail (docs/formats/consent.md).
//! Decisions: docs/decisions/0072-the-page-behind-the-link.md.

use super::answer::MAX_REFUSED_ANSWERS;
use super::approval::{self, Asked};
use super::identity::Enrolment;
use super::live::Live;
use super::mail::{self, Mail, contact};
use crate::letter::{Facts, LinkToken, MAX_REASON_CHARS, Over, Shown, Tries, Typed};
use crate::port::{Answer, RequestId};
use crate::store::{Store, StoreError};
use crate::turn::Turn;
use caisey_ledger::consent::Assurance;
use caisey_ledger::event::{Channel, Decision, Event};
use caisey_ledger::id::TimeMs;
use caisey_policy::approval::{Answer as Said, Input, LATE, LOCKED, Refusal, State};

/// What a link leads to; needs no object in memory and changes nothing.
///
/// # Errors
/// The store's.
pub(super) fn look(store: &dyn Store, token: &LinkToken, now: TimeMs) -> Result<Shown, StoreError> {
    let Some((mail, asked)) = found(store, token)? else {
        return Ok(Shown::Unknown);
    };
    let enrolment = Enrolment::load(store)?;
    let Some(enrolment) = enrolment else {
        return Ok(Shown::Unknown);
    };
    if let Some(over) = over(&asked, &mail, now) {
        return Ok(Shown::Over(over));
    }
    let Some(prompt) = asked.prompt(store)? else {
        return Ok(Shown::Over(Over::Erased));
    };
    let facts = Facts::of(&asked.view(&enrolment.identity, None), &prompt);
    if facts.command.is_none() {
        return Ok(Shown::Over(Over::Erased));
    }
    let left = asked.approval.tries_left(&mail.member);
    Ok(Shown::Open(Box::new(facts), Tries { left, wrong: false }))
}

fn found(store: &dyn Store, token: &LinkToken) -> Result<Option<(Mail, Asked)>, StoreError> {
    let Some(mail) = mail::of_link(store, token)? else {
        return Ok(None);
    };
    let asked = approval::find(store, &mail.action)?;
    Ok(asked.map(|asked| (mail, asked)))
}

/// Why this contact has nothing to answer any more.
fn over(asked: &Asked, mail: &Mail, now: TimeMs) -> Option<Over> {
    let approval = &asked.approval;
    let yes = mail.answer == Some(Decision::Approved) || approval.approved_by.contains(&mail.member);
    Some(match approval.state {
        State::Approved if yes => Over::YouApproved { waiting: false },
        State::Approved => Over::Approved,
        State::Denied if mail.answer == Some(Decision::Denied) => Over::YouDenied,
        State::Denied => Over::Denied,
        State::Expired => Over::Expired,
        State::Withdrawn if asked.granted == Some(Channel::BreakGlass) => Over::Emergency,
        State::Withdrawn => Over::Withdrawn,
        _ if now >= approval.expires_at => Over::Expired,
        _ if yes => Over::YouApproved { waiting: true },
        _ if approval.tries_left(&mail.member) == 0 => Over::Locked,
        _ if !approval.asks(&contact(&mail.member)) || approval.assurance > Assurance::Link => Over::NotAsked,
        State::Pending | State::Delivered | State::Acknowledged => return None,
    })
}

/// Why an answer does not count that comes when this has happened already. None where the same contact's answer did count, or never could.
fn too_late(over: &Over) -> Option<Refusal> {
    match over {
        Over::Approved | Over::Denied | Over::Expired | Over::Withdrawn | Over::Emergency => Some(LATE),
        Over::Locked => Some(LOCKED),
        Over::YouApproved { .. } | Over::YouDenied | Over::NotAsked | Over::Erased => None,
    }
}

impl Live {
    pub(super) fn answer_by_link(&mut self, turn: &mut Turn<'_>, request: RequestId, typed: &Typed) -> Result<(), StoreError> {
        let shown = self.take_typed(turn, typed)?;
        self.out.answer(request, Ok(Answer::ByLink(Box::new(shown))));
        Ok(())
    }

    fn take_typed(&mut self, turn: &mut Turn<'_>, typed: &Typed) -> Result<Shown, StoreError> {
        let before = look(turn.store, &typed.token, turn.now)?;
        let Some((mail, asked)) = found(turn.store, &typed.token)? else {
            return Ok(before);
        };
        if self.enrolment.removed {
            return Ok(Shown::Over(Over::NotAsked));
        }
        if let Shown::Over(over) = &before {
            // The page of a request that is over has no form: whoever sends a number had it open before that.
            if let Some(why) = too_late(over).filter(|_| !typed.number.trim().is_empty()) {
                let decision = if typed.approve { Decision::Approved } else { Decision::Denied };
                self.refuse_link(turn, asked, &mail, decision, &why)?;
            }
            return Ok(before);
        }
        if let Some(refusal) = self.count_link(turn, mail, asked, typed)? {
            return Ok(match look(turn.store, &typed.token, turn.now)? {
                Shown::Open(facts, tries) if refusal.code == "wrong_number" => Shown::Open(facts, Tries { wrong: true, ..tries }),
                shown => shown,
            });
        }
        look(turn.store, &typed.token, turn.now)
    }

    /// Counts the answer, or says why it does not count.
    fn count_link(
        &mut self,
        turn: &mut Turn<'_>,
        mut mail: Mail,
        mut asked: Asked,
        typed: &Typed,
    ) -> Result<Option<Refusal>, StoreError> {
        let decision = if typed.approve { Decision::Approved } else { Decision::Denied };
        let number: String = typed.number.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let member = mail.member.clone();
        if let Err(refusal) = asked.approval.check_number(&member, &number) {
            self.refuse_link(turn, asked, &mail, decision, &refusal)?;
            return Ok(Some(refusal));
        }
        // Whoever typed the number has it before them. Opening the page says nothing: programs do that.
        let seen = asked
            .approval
            .handle(turn.now, &Input::Acknowledged(contact(&member), Channel::Email));
        super::ask::unrefused(self.carry(turn, asked.clone(), seen, None, None))?;
        let answer = Said {
            by: contact(&member),
            decision,
            digest: asked.approval.digest.clone(),
            assurance: Assurance::Link,
            number: Some(number.clone()),
        };
        let step = asked.approval.handle(turn.now, &Input::Answer(answer));
        if let Some(refusal) = step.refusal.clone() {
            self.refuse_link(turn, asked, &mail, decision, &refusal)?;
            return Ok(Some(refusal));
        }
        let event = Event::ApprovalDecided {
            decision,
            member: Some(member),
            channel: Channel::Email,
            digest: Some(asked.approval.digest.clone()),
            assurance: Some(Assurance::Link),
            number: Some(number),
        };
        let reason: String = typed.reason.trim().chars().take(MAX_REASON_CHARS).collect();
        let texts: &[(&str, &str)] = if typed.approve || reason.is_empty() {
            &[]
        } else {
            &[("reason", &reason)]
        };
        self.say_about(turn, &event, Some(&asked.session), Some(&asked.action), texts)?;
        asked.by_link |= typed.approve;
        mail.answer = Some(decision);
        self.keep_mail(turn, mail)?;
        super::ask::unrefused(self.carry(turn, asked, step, None, None))?;
        Ok(None)
    }

    /// Puts on record that an answer does not count.
    fn refuse_link(
        &mut self,
        turn: &mut Turn<'_>,
        mut asked: Asked,
        mail: &Mail,
        decision: Decision,
        why: &Refusal,
    ) -> Result<(), StoreError> {
        if asked.refused_answers < MAX_REFUSED_ANSWERS {
            asked.refused_answers += 1;
            let event = Event::ApprovalAnswerRefused {
                code: why.code.to_owned(),
                member: mail.member.clone(),
                decision,
            };
            let texts = [("detail", why.sentence)];
            self.say_about(turn, &event, Some(&asked.session), Some(&asked.action), &texts)?;
        }
        self.keep_asked(turn, asked)
    }
}
