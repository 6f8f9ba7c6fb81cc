//! Everybody's state, and all that can happen to it next.

use super::words::Words;
use super::{ASKED, EXPIRY, LATE, NUDGE, NUMBER, REQUESTER, Scenario, WRONG_NUMBER, contact, member, time};
use caisey_ledger::consent::{Approver, Assurance};
use caisey_ledger::event::{Channel, Decision};
use caisey_ledger::id::ActionId;
use caisey_policy::approval::inbox::{self, Inbox, Shown};
use caisey_policy::approval::{Answer, Approval, Effect, Input, Person, State};
use std::collections::BTreeSet;

/// What allows the action, as the control plane sent it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Run {
    pub(super) channel: Channel,
    /// Whose signed yes goes with it.
    by: BTreeSet<u8>,
}

/// The form behind a link, submitted once by its contact; the very same may arrive any number of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Form {
    Yes,
    No,
    /// By a program that scans mail, or mistyped.
    WrongNumber,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Console {
    /// On disk.
    inbox: Inbox,
    /// Messages to the control plane that were ever sent; each may arrive any number of times.
    said_delivered: bool,
    sent_answer: bool,
    /// The control plane's words about the answer, once there are any.
    pub(super) settled: bool,
    /// What its person really clicked.
    pub(super) clicked: Option<Decision>,
    notifications: u32,
    notified_after_answer: bool,
    /// What its person submitted behind the link of their mail.
    form: Option<Form>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) now: u64,
    pub(super) approval: Approval,
    /// Everything that the control plane has ever shown; any of it may arrive, at any time, in any order.
    shown: Vec<Shown>,
    /// What went to the endpoint, once something did.
    pub(super) run_sent: Option<Run>,
    /// The requester declared an emergency; that may arrive at any time, and again.
    declared: bool,
    /// One of the yeses that count came over a link.
    by_link: bool,
    pub(super) consoles: [Console; 2],
    /// On the endpoint's disk: the action was accepted, or refused.
    accepted: bool,
    pub(super) refused: bool,
    pub(super) runs: u8,
    /// Time at which it ran.
    ran_at: Option<u64>,
    /// The endpoint died between accepting and starting: said honestly as unknown, and never run later.
    pub(super) lost: bool,
    /// How often somebody may still die between storing and acting.
    deaths: u8,
}

fn shown(approval: &Approval) -> Shown {
    Shown {
        action: ActionId::from_bits([6; 16]),
        digest: approval.digest.clone(),
        state: approval.state,
        expires_at: approval.expires_at,
        nudges: approval.nudges,
        answered: false,
    }
}

impl World {
    pub(super) fn new(words: &Words, scenario: Scenario) -> Self {
        let approval = Approval {
            digest: words.request.digest().unwrap(),
            requester: member(REQUESTER),
            approver: Approver::Contact,
            needed: words.request.needed,
            assurance: words.request.assurance,
            number: NUMBER.into(),
            asked_at: time(ASKED),
            expires_at: time(EXPIRY),
            state: State::Pending,
            delivered: [].into(),
            acknowledged: [].into(),
            approved_by: [].into(),
            denied_by: None,
            wrong_numbers: [].into(),
            nudged_at: None,
            nudges: 0,
        };
        let console = Console {
            inbox: Inbox::default(),
            said_delivered: false,
            sent_answer: false,
            settled: false,
            clicked: None,
            notifications: 0,
            notified_after_answer: false,
            form: None,
        };
        Self {
            now: ASKED,
            shown: vec![shown(&approval)],
            approval,
            run_sent: None,
            declared: false,
            by_link: false,
            consoles: [console.clone(), console],
            accepted: false,
            refused: false,
            runs: 0,
            ran_at: None,
            lost: false,
            deaths: scenario.deaths,
        }
    }

    /// The control plane takes an input and commits; what it sends may never arrive.
    fn control(&mut self, input: &Input) {
        let before = self.approval.state;
        let step = self.approval.handle(time(self.now), input);
        assert!(!before.is_terminal() || self.approval.state == before, "an end has changed");
        if let Input::Answer(answer) = input {
            let counted = step
                .effects
                .contains(&Effect::Counted(answer.by.member.clone(), Decision::Approved));
            self.by_link |= counted && answer.assurance == Assurance::Link;
        }
        if step.effects.contains(&Effect::Ended(State::Approved)) {
            let by = (0..2)
                .map(contact)
                .filter(|by| self.approval.approved_by.contains(&member(*by)));
            self.run_sent = Some(match self.by_link {
                true => Run {
                    channel: Channel::Email,
                    by: [].into(),
                },
                false => Run {
                    channel: Channel::Console,
                    by: by.collect(),
                },
            });
        }
        self.show();
    }

    fn show(&mut self) {
        let now = shown(&self.approval);
        if !self.shown.contains(&now) {
            self.shown.push(now);
        }
    }

    /// The requester's declaration arrives. It overrides no answer, and counts only where a contact allowed it.
    fn emergency(&mut self, words: &Words) {
        self.control(&Input::Clock);
        if self.approval.state.is_terminal() || !words.allows(Channel::BreakGlass, self.now) {
            return;
        }
        self.control(&Input::Withdraw);
        self.run_sent = Some(Run {
            channel: Channel::BreakGlass,
            by: [].into(),
        });
    }

    /// A form arrives: without the right number neither a yes nor a no counts.
    fn form(&mut self, number: usize) {
        let typed = self.consoles[number].form.unwrap();
        let by = member(contact(number));
        self.control(&Input::Clock);
        if self.approval.state.is_terminal() || self.approval.approved_by.contains(&by) {
            return;
        }
        let told = if typed == Form::WrongNumber { WRONG_NUMBER } else { NUMBER };
        if self.approval.check_number(&by, told).is_err() {
            return;
        }
        self.control(&Input::Answer(Answer {
            by: Person {
                member: by,
                speaks_as: Approver::Contact,
            },
            decision: if typed == Form::No {
                Decision::Denied
            } else {
                Decision::Approved
            },
            digest: self.approval.digest.clone(),
            assurance: Assurance::Link,
            number: Some(told.into()),
        }));
    }

    /// What the control plane would say to this console on a new connection.
    fn snapshot(&self, console: usize) -> Shown {
        Shown {
            answered: self.approval.approved_by.contains(&member(contact(console))),
            ..shown(&self.approval)
        }
    }

    /// A console takes an input and stores the outcome; it may die before acting on it.
    fn console(&mut self, number: usize, input: inbox::Input, survives: bool) {
        self.deaths -= u8::from(!survives);
        let console = &mut self.consoles[number];
        let effects = console.inbox.handle(input);
        for effect in effects.into_iter().filter(|_| survives) {
            match effect {
                inbox::Effect::SayDelivered(_) => console.said_delivered = true,
                inbox::Effect::Notify(_) => {
                    console.notifications += 1;
                    console.notified_after_answer |= console.clicked.is_some();
                }
                inbox::Effect::Retract(_) => {}
                inbox::Effect::SendAnswer(_) => console.sent_answer = true,
            }
        }
    }

    fn answer(&mut self, number: usize) {
        let decision = self.consoles[number].clicked.unwrap();
        let input = Input::Answer(Answer {
            by: Person {
                member: member(contact(number)),
                speaks_as: Approver::Contact,
            },
            decision,
            digest: self.approval.digest.clone(),
            assurance: Assurance::Signed,
            number: None,
        });
        self.control(&input);
        self.consoles[number].settled = true;
    }

    fn run(&mut self, permits: &mut impl FnMut(&BTreeSet<u8>, Channel, u64) -> bool, sent: &Run, survives: bool) {
        if self.accepted {
            return;
        }
        self.accepted = true;
        if !permits(&sent.by, sent.channel, self.now) {
            self.refused = true;
            return;
        }
        self.deaths -= u8::from(!survives);
        if survives {
            self.runs += 1;
            self.ran_at = Some(self.now);
        } else {
            self.lost = true;
        }
    }

    /// Everything that can happen next.
    pub(super) fn next(
        &self,
        words: &Words,
        scenario: Scenario,
        permits: &mut impl FnMut(&BTreeSet<u8>, Channel, u64) -> bool,
    ) -> Vec<Self> {
        let mut all = Vec::new();
        let mut with = |change: &mut dyn FnMut(&mut Self)| {
            let mut world = self.clone();
            change(&mut world);
            all.push(world);
        };
        for later in [NUDGE, EXPIRY, LATE] {
            if later > self.now {
                with(&mut |world| {
                    world.now = later;
                    world.control(&Input::Clock);
                });
                break;
            }
        }
        with(&mut |world| world.control(&Input::Withdraw));
        if scenario.may_nudge && self.approval.nudges == 0 && self.now == NUDGE {
            with(&mut |world| world.control(&Input::Nudge(member(REQUESTER))));
        }
        let outcomes: &[bool] = if self.deaths > 0 { &[true, false] } else { &[true] };
        for number in 0..if scenario.both { 2 } else { 1 } {
            for survives in outcomes.iter().copied() {
                for old in self.shown.iter().filter(|_| !scenario.both) {
                    with(&mut |world| world.console(number, inbox::Input::Changed(old.clone()), survives));
                }
                let whole = self.snapshot(number);
                with(&mut |world| world.console(number, inbox::Input::Snapshot(vec![whole.clone()]), survives));
                with(&mut |world| world.console(number, inbox::Input::Started, survives));
                if self.consoles[number].settled {
                    let action = ActionId::from_bits([6; 16]);
                    with(&mut |world| world.console(number, inbox::Input::Settled(action.clone()), survives));
                }
                let open = self.consoles[number]
                    .inbox
                    .prompts()
                    .any(|prompt| !prompt.shown.state.is_terminal());
                if open && self.consoles[number].clicked.is_none() {
                    for decision in [Decision::Approved, Decision::Denied] {
                        with(&mut |world| {
                            world.consoles[number].clicked = Some(decision);
                            let action = ActionId::from_bits([6; 16]);
                            world.console(number, inbox::Input::Decided(action, decision), survives);
                        });
                    }
                }
            }
            let by = Person {
                member: member(contact(number)),
                speaks_as: Approver::Contact,
            };
            if self.consoles[number].said_delivered {
                with(&mut |world| world.control(&Input::Delivered(by.clone(), Channel::Console)));
            }
            if self.consoles[number].sent_answer {
                with(&mut |world| world.answer(number));
            }
        }
        let mailed = match scenario.links {
            None => 0,
            Some(_) if scenario.second => 2,
            Some(_) => 1,
        };
        for number in 0..mailed {
            if self.consoles[number].form.is_some() {
                with(&mut |world| world.form(number));
            } else {
                for form in [Form::Yes, Form::No, Form::WrongNumber] {
                    with(&mut |world| world.consoles[number].form = Some(form));
                }
            }
        }
        if self.declared {
            with(&mut |world| world.emergency(words));
        } else if scenario.emergency.is_some() {
            with(&mut |world| world.declared = true);
        }
        for survives in outcomes.iter().copied() {
            if let Some(sent) = &self.run_sent {
                with(&mut |world| world.run(permits, sent, survives));
            }
        }
        all
    }

    pub(super) fn check(&self, words: &Words, needed: u32) {
        assert!(self.runs <= 1, "it ran twice");
        if let Some(at) = self.ran_at {
            let channel = self.run_sent.as_ref().unwrap().channel;
            if channel == Channel::BreakGlass {
                assert!(
                    self.declared && words.allows(Channel::BreakGlass, at),
                    "nobody declared or allowed an emergency"
                );
                assert_eq!(self.approval.state, State::Withdrawn);
            } else {
                let on_console = |console: &Console| console.clicked == Some(Decision::Approved);
                let over_link = |console: &Console| console.form == Some(Form::Yes);
                // One person is one, over however many ways they answer.
                let yes = self
                    .consoles
                    .iter()
                    .filter(|console| on_console(console) || over_link(console))
                    .count();
                assert!(yes >= needed as usize, "it ran without enough people's yes");
                let signed = self.consoles.iter().filter(|console| on_console(console)).count();
                let by_mail = channel == Channel::Email && words.allows(Channel::Email, at);
                assert!(
                    by_mail || signed >= needed as usize,
                    "it ran on the control plane's word, which nobody allowed"
                );
                // Where a contact allowed the channel, it is that pre-authorisation that must not have ended.
                assert!(by_mail || at < LATE, "it ran on an approval that had lapsed");
                assert_eq!(self.approval.state, State::Approved);
            }
        }
        for console in &self.consoles {
            assert!(console.notifications <= 1 + self.approval.nudges, "somebody was asked twice");
            assert!(!console.notified_after_answer, "somebody was asked after they had answered");
        }
    }

    /// From here on everything arrives, and nobody dies or waits.
    pub(super) fn fair(mut self, permits: &mut impl FnMut(&BTreeSet<u8>, Channel, u64) -> bool) -> Self {
        for _ in 0..3 {
            for number in 0..2 {
                let whole = self.snapshot(number);
                self.console(number, inbox::Input::Started, true);
                self.console(number, inbox::Input::Snapshot(vec![whole]), true);
                if self.consoles[number].sent_answer && !self.consoles[number].settled {
                    self.answer(number);
                }
            }
            if let Some(sent) = self.run_sent.clone() {
                self.run(permits, &sent, true);
            }
        }
        self
    }
}
