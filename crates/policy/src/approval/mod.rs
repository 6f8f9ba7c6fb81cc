//! One approval request from asking to its end.
//!
//! ```text
//! pending → delivered → acknowledged → approved | denied | expired | withdrawn
//! ```
//!
//! Promises: the last four never change; nobody approves what they asked for; an answer after the end is refused and said to be late; the
//! same input twice is one; expiry is by the clock that is passed in, whatever else happens first. [`inbox`] is the other side: what a
//! console of somebody who is asked keeps, and when it shows it.
//!
//! Leaves out: signatures and keys (checked before an answer gets here), storage, and what the action does.

pub mod inbox;

use caisey_ledger::consent::{Approver, Assurance};
use caisey_ledger::event::{Channel, Decision};
use caisey_ledger::id::{MemberId, TimeMs};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Times that one person may type a wrong number before their answers to this request no longer count.
pub const MAX_WRONG_NUMBERS: u32 = 3;

/// A requester may ask again for an answer this often, in milliseconds.
pub const NUDGE_EVERY_MS: u64 = 60_000;

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nobody's console has it.
    Pending,
    /// A console of somebody who may decide has stored it.
    Delivered,
    /// Somebody who may decide has it open.
    Acknowledged,
    /// Enough people said yes.
    Approved,
    /// Somebody said no.
    Denied,
    /// Nobody said enough in time. Silence is a no.
    Expired,
    /// The requester took it back.
    Withdrawn,
}

impl State {
    /// Whether it never changes again.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Approved | Self::Denied | Self::Expired | Self::Withdrawn)
    }
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Digest of what is to be approved (docs/formats/consent.md).
    pub digest: String,
    /// Who asks.
    pub requester: MemberId,
    /// Whose answer counts.
    pub approver: Approver,
    /// How many different people have to say yes.
    pub needed: u32,
    /// What an answer has to be at least.
    pub assurance: Assurance,
    /// The number that the requester sees and an approver types.
    pub number: String,
    /// When it was asked.
    pub asked_at: TimeMs,
    /// It lapses then.
    pub expires_at: TimeMs,
    /// Where it stands.
    pub state: State,
    /// On whose consoles it is.
    pub delivered: BTreeSet<MemberId>,
    /// Who has had it open.
    pub acknowledged: BTreeSet<MemberId>,
    /// Who said yes.
    pub approved_by: BTreeSet<MemberId>,
    /// Who said no, which ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denied_by: Option<MemberId>,
    /// Who typed how many wrong numbers.
    pub wrong_numbers: BTreeMap<MemberId, u32>,
    /// When the requester last asked again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nudged_at: Option<TimeMs>,
    /// How often they did.
    pub nudges: u32,
}

/// Somebody who says something about a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Person {
    /// Who.
    pub member: MemberId,
    /// For whom they can speak: contacts for their client, members for the organisation.
    pub speaks_as: Approver,
}

/// An answer whose signature, if it has one, holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Answer {
    /// Whose.
    pub by: Person,
    /// Yes ([`Decision::Approved`]) or no ([`Decision::Denied`]); the others are nobody's to say.
    pub decision: Decision,
    /// The request that it is about.
    pub digest: String,
    /// How sure it is.
    pub assurance: Assurance,
    /// The number as typed.
    pub number: Option<String>,
}

/// Everything that can happen to a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Input {
    /// A console says that it has stored the request.
    Delivered(Person, Channel),
    /// Somebody has it open.
    Acknowledged(Person, Channel),
    /// Somebody answers.
    Answer(Answer),
    /// The requester, or whoever may in their place, takes it back.
    Withdraw,
    /// The requester asks again.
    Nudge(MemberId),
    /// Time passes.
    Clock,
}

/// What follows from an input, in order. Each is to be recorded, then done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// It reached this person for the first time.
    Delivered(MemberId, Channel),
    /// This person has it open for the first time.
    Acknowledged(MemberId, Channel),
    /// This person's answer counts.
    Counted(MemberId, Decision),
    /// The consoles are to show it once more.
    Nudged(MemberId),
    /// It came to its end.
    Ended(State),
}

/// An input that does not count, in words for whoever sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct Refusal {
    /// A stable word.
    pub code: &'static str,
    /// What happened, what it means, what to do.
    pub sentence: &'static str,
}

const fn refusal(code: &'static str, sentence: &'static str) -> Refusal {
    Refusal { code, sentence }
}

/// The request had come to its end before.
pub const LATE: Refusal = refusal(
    "late",
    "This request has come to its end already, so your answer does not count. If it is still needed, the technician has to ask again.",
);
const OTHER: Refusal = refusal(
    "other_request",
    "Your answer is about another request than this one. Open the request again and answer what it shows now.",
);
const NOT_ASKED: Refusal = refusal(
    "not_asked",
    "This request is not for you to decide. Leave it to those whom it names.",
);
const OWN: Refusal = refusal(
    "own_request",
    "You asked for this action yourself, so your answer does not count. Somebody else has to decide.",
);
const NUMBER: Refusal = refusal(
    "wrong_number",
    "The number is not the one that the technician sees. Ask them for it and try again.",
);
/// This person has no tries left.
pub const LOCKED: Refusal = refusal(
    "locked",
    "You typed a wrong number too often, so your answers to this request no longer count. The technician has to ask again.",
);
const WEAK: Refusal = refusal(
    "assurance",
    "This request needs a surer answer. Decide in your own console, and type the number when it asks for one.",
);
const TWICE: Refusal = refusal(
    "answered",
    "You have approved this already. It waits for others; there is nothing more to do.",
);
const NO_ANSWER: Refusal = refusal("no_answer", "An answer is either yes or no. Answer again.");
const NOT_YOURS: Refusal = refusal("not_yours", "Only who asked can ask again. Leave it to them.");
const TOO_SOON: Refusal = refusal(
    "too_soon",
    "They were reminded less than a minute ago. Wait a little, then remind them again.",
);

/// What an input came to: effects first, and then perhaps a refusal of the input itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Step {
    /// In order.
    pub effects: Vec<Effect>,
    /// Why the input does not count.
    pub refusal: Option<Refusal>,
}

impl Approval {
    /// Takes one input.
    #[must_use]
    pub fn handle(&mut self, now: TimeMs, input: &Input) -> Step {
        let mut step = Step::default();
        if !self.state.is_terminal() && now >= self.expires_at {
            self.end(State::Expired, &mut step);
        }
        match input {
            Input::Clock => {}
            Input::Delivered(by, channel) => self.delivered(by, *channel, &mut step),
            Input::Acknowledged(by, channel) => self.acknowledged(by, *channel, &mut step),
            Input::Answer(answer) => step.refusal = self.answer(answer, &mut step).err(),
            Input::Withdraw if self.state.is_terminal() => step.refusal = Some(LATE),
            Input::Withdraw => self.end(State::Withdrawn, &mut step),
            Input::Nudge(by) => step.refusal = self.nudge(now, by, &mut step).err(),
        }
        step
    }

    /// When it wants [`Input::Clock`].
    pub fn deadline(&self) -> Option<TimeMs> {
        (!self.state.is_terminal()).then_some(self.expires_at)
    }

    /// Whether this person may be asked at all.
    pub fn asks(&self, person: &Person) -> bool {
        self.approver.includes(person.speaks_as) && person.member != self.requester
    }

    fn end(&mut self, state: State, step: &mut Step) {
        self.state = state;
        step.effects.push(Effect::Ended(state));
    }

    fn delivered(&mut self, by: &Person, channel: Channel, step: &mut Step) {
        if self.state.is_terminal() || !self.asks(by) || !self.delivered.insert(by.member.clone()) {
            return;
        }
        self.state = self.state.max(State::Delivered);
        step.effects.push(Effect::Delivered(by.member.clone(), channel));
    }

    fn acknowledged(&mut self, by: &Person, channel: Channel, step: &mut Step) {
        // What somebody has open has reached them, even if the message that said so was lost.
        self.delivered(by, channel, step);
        if self.state.is_terminal() || !self.asks(by) || !self.acknowledged.insert(by.member.clone()) {
            return;
        }
        self.state = State::Acknowledged;
        step.effects.push(Effect::Acknowledged(by.member.clone(), channel));
    }

    fn answer(&mut self, answer: &Answer, step: &mut Step) -> Result<(), Refusal> {
        let member = &answer.by.member;
        if *member == self.requester {
            return Err(OWN);
        }
        if !self.approver.includes(answer.by.speaks_as) {
            return Err(NOT_ASKED);
        }
        if answer.digest != self.digest {
            return Err(OTHER);
        }
        if self.state.is_terminal() {
            return Err(LATE);
        }
        match answer.decision {
            // A no needs no number: nothing runs.
            Decision::Denied => {
                step.effects.push(Effect::Counted(member.clone(), Decision::Denied));
                self.approved_by.remove(member);
                self.denied_by = Some(member.clone());
                self.end(State::Denied, step);
                Ok(())
            }
            Decision::Approved => self.approve(answer, step),
            Decision::Expired | Decision::Withdrawn => Err(NO_ANSWER),
        }
    }

    /// How many more wrong numbers this person may type.
    pub fn tries_left(&self, member: &MemberId) -> u32 {
        MAX_WRONG_NUMBERS.saturating_sub(self.wrong_numbers.get(member).copied().unwrap_or(0))
    }

    /// Checks a number before anything else is looked at, for channels where even a no needs it: whatever follows a link can submit a form.
    ///
    /// # Errors
    /// The number is not the request's, or this person has typed too many that were not.
    pub fn check_number(&mut self, member: &MemberId, number: &str) -> Result<(), Refusal> {
        if self.tries_left(member) == 0 {
            return Err(LOCKED);
        }
        if number == self.number {
            return Ok(());
        }
        *self.wrong_numbers.entry(member.clone()).or_default() += 1;
        Err(NUMBER)
    }

    fn approve(&mut self, answer: &Answer, step: &mut Step) -> Result<(), Refusal> {
        let member = &answer.by.member;
        if self.tries_left(member) == 0 {
            return Err(LOCKED);
        }
        if answer.assurance < self.assurance {
            return Err(WEAK);
        }
        // Whoever says that they typed the number has to have typed it; a link counts for nothing without it.
        if answer.assurance != Assurance::Signed {
            self.check_number(member, answer.number.as_deref().unwrap_or_default())?;
        }
        if !self.approved_by.insert(member.clone()) {
            return Err(TWICE);
        }
        step.effects.push(Effect::Counted(member.clone(), Decision::Approved));
        if u32::try_from(self.approved_by.len()).unwrap_or(u32::MAX) >= self.needed.max(1) {
            self.end(State::Approved, step);
        }
        Ok(())
    }

    fn nudge(&mut self, now: TimeMs, by: &MemberId, step: &mut Step) -> Result<(), Refusal> {
        if *by != self.requester {
            return Err(NOT_YOURS);
        }
        if self.state.is_terminal() {
            return Err(LATE);
        }
        let last = self.nudged_at.unwrap_or(self.asked_at);
        if now.get() < last.get().saturating_add(NUDGE_EVERY_MS) {
            return Err(TOO_SOON);
        }
        self.nudged_at = Some(now);
        self.nudges += 1;
        step.effects.push(Effect::Nudged(by.clone()));
        Ok(())
    }
}
