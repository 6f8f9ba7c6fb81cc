//! A model of everybody who has a part in one request, explored exhaustively: requester, control plane, two contacts' consoles, endpoint.
//! Every message may be lost, repeated or overtaken; everybody may be restarted between any two of their steps, also between storing and
//! acting. The rules under test are the real ones: `Approval`, `Inbox`, and `permitted` with real signatures.
//!
//! In every state that can be reached: nothing runs without enough people's signed yes, given by themselves, in time, and at most once; an
//! end never changes; nobody is notified twice of the same asking or after answering. And from every such state, if from then on
//! messages arrive: what was approved in time runs, and an answer that was given is either counted or told to be too late.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use caisey_ledger::consent::{
    Approver, Assurance, CHAIN_START, Consent, ContactSaid, ContactStatement, Deed, Request, Terms, Trust, digest_of, permitted,
};
use caisey_ledger::entry::{Actor, SignedStatement};
use caisey_ledger::event::{Channel, Decision, Event, Interpreter};
use caisey_ledger::id::{ActionId, ClientId, DeviceId, EndpointId, MemberId, OrganisationId, SessionId, TimeMs};
use caisey_ledger::statement::Draft;
use caisey_ledger::text::TextSeed;
use caisey_policy::approval::inbox::{self, Inbox, Shown};
use caisey_policy::approval::{Answer, Approval, Effect, Input, Person, State};
use ed25519_dalek::SigningKey;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

const ASKED: u64 = 1_780_000_000_000;
const NUDGE: u64 = ASKED + 60_000;
const EXPIRY: u64 = ASKED + 120_000;
/// Past the endpoint's leeway, too.
const LATE: u64 = EXPIRY + 200_000;

fn time(ms: u64) -> TimeMs {
    TimeMs::new(ms).unwrap()
}

fn contact(number: usize) -> u8 {
    20 + u8::try_from(number).unwrap()
}

fn member(byte: u8) -> MemberId {
    MemberId::from_bits([byte; 16])
}

fn key(byte: u8) -> SigningKey {
    SigningKey::from_bytes(&[byte; 32])
}

const REQUESTER: u8 = 4;
const STRANGER: u8 = 66;

/// Signed words, made once.
struct Words {
    trust: Trust,
    proposal: SignedStatement,
    request: Request,
}

impl Words {
    fn new(needed: u32) -> Self {
        let (organisation, client) = (OrganisationId::from_bits([1; 16]), ClientId::from_bits([2; 16]));
        let mut trust = Trust::new(organisation.clone(), client.clone());
        let mut previous = CHAIN_START.to_owned();
        for (number, by) in [(1, contact(0)), (2, contact(1))] {
            let signer = contact(0);
            let statement = ContactStatement {
                v: 1,
                organisation: organisation.clone(),
                client: client.clone(),
                number,
                previous,
                at_ms: time(ASKED),
                member: member(signer),
                device: DeviceId::from_bits([signer; 16]),
                says: ContactSaid::KeyIntroduced {
                    member: member(by),
                    device: DeviceId::from_bits([by; 16]),
                    key: STANDARD.encode(key(by).verifying_key().as_bytes()),
                },
            };
            previous = digest_of(&statement).unwrap();
            trust.apply(&statement.sign(&key(signer)).unwrap()).unwrap();
        }
        let log = format!("caisey.example/{organisation}/{}", EndpointId::from_bits([3; 16]));
        let actor = Actor::Member {
            id: member(REQUESTER),
            device: DeviceId::from_bits([REQUESTER; 16]),
        };
        let event = Event::ActionProposed {
            interpreter: Interpreter::Sh,
            timeout_ms: 1_000,
            model: None,
        };
        let proposal = Draft::new(&log, time(ASKED), actor, &event)
            .unwrap()
            .session(SessionId::from_bits([5; 16]))
            .action(ActionId::from_bits([6; 16]))
            .text("command", "nft delete rule", TextSeed::from_bytes([1; 32]))
            .text("reason", "blocked", TextSeed::from_bytes([2; 32]))
            .sign(&key(REQUESTER))
            .unwrap();
        let terms = Terms {
            before: None,
            class: "changing".into(),
            policy: "default".into(),
            policy_version: 1,
            approver: Approver::Contact,
            needed,
            assurance: Assurance::Signed,
            expires_at_ms: time(EXPIRY),
            nonce: [9; 32],
        };
        let request = Request::about(&proposal, terms).unwrap();
        Self {
            trust,
            proposal,
            request,
        }
    }

    fn decision(&self, by: u8, decision: Decision) -> SignedStatement {
        let actor = Actor::Contact {
            id: member(by),
            device: DeviceId::from_bits([by; 16]),
        };
        let event = Event::ApprovalDecided {
            decision,
            member: Some(member(by)),
            channel: Channel::Console,
            digest: Some(self.request.digest().unwrap()),
            assurance: Some(Assurance::Signed),
            number: None,
        };
        Draft::new(&self.request.log, time(ASKED), actor, &event)
            .unwrap()
            .session(self.request.session.clone())
            .action(self.request.action.clone())
            .sign(&key(by))
            .unwrap()
    }

    /// The endpoint's own check, for these people's yes.
    fn endpoint_permits(&self, by: &BTreeSet<u8>, channel: Channel, now: u64) -> bool {
        let consent = Consent {
            channel,
            request: Some(self.request.clone()),
            decisions: by.iter().map(|by| self.decision(*by, Decision::Approved)).collect(),
        };
        let deed = Deed {
            proposal: &self.proposal,
            class: "changing",
            now: time(now),
        };
        permitted(&self.trust, deed, Some(&consent)).is_ok()
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Console {
    /// On disk.
    inbox: Inbox,
    /// Messages to the control plane that were ever sent; each may arrive any number of times.
    said_delivered: bool,
    sent_answer: bool,
    /// The control plane's words about the answer, once there are any.
    settled: bool,
    /// What its person really clicked.
    clicked: Option<Decision>,
    notifications: u32,
    notified_after_answer: bool,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct World {
    now: u64,
    approval: Approval,
    /// Everything that the control plane has ever shown; any of it may arrive, at any time, in any order.
    shown: Vec<Shown>,
    /// Whose signed yes went to the endpoint, once something did.
    run_sent: Option<BTreeSet<u8>>,
    consoles: [Console; 2],
    /// On the endpoint's disk: the action was accepted.
    accepted: bool,
    runs: u8,
    /// Time at which it ran.
    ran_at: Option<u64>,
    /// The endpoint died between accepting and starting: said honestly as unknown, and never run later.
    lost: bool,
    /// How often somebody may still die between storing and acting.
    deaths: u8,
    /// Whether the requester may still ask again.
    may_nudge: bool,
    /// Whether both contacts take part. Then what reaches them are whole states, as after every connection; else also every single message, in any
    /// order, however old.
    both: bool,
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
    fn new(words: &Words, deaths: u8, may_nudge: bool, both: bool) -> Self {
        let approval = Approval {
            digest: words.request.digest().unwrap(),
            requester: member(REQUESTER),
            approver: Approver::Contact,
            needed: words.request.needed,
            assurance: Assurance::Signed,
            number: "471100".into(),
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
        };
        Self {
            now: ASKED,
            shown: vec![shown(&approval)],
            approval,
            run_sent: None,
            consoles: [console.clone(), console],
            accepted: false,
            runs: 0,
            ran_at: None,
            lost: false,
            deaths,
            may_nudge,
            both,
        }
    }

    /// The control plane takes an input and commits; what it sends may never arrive.
    fn control(&mut self, input: &Input) {
        let before = self.approval.state;
        let step = self.approval.handle(time(self.now), input);
        assert!(!before.is_terminal() || self.approval.state == before, "an end has changed");
        if step.effects.contains(&Effect::Ended(State::Approved)) {
            let by = (0..2)
                .map(contact)
                .filter(|by| self.approval.approved_by.contains(&member(*by)));
            self.run_sent = Some(by.collect());
        }
        let now = shown(&self.approval);
        if !self.shown.contains(&now) {
            self.shown.push(now);
        }
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

    fn run(&mut self, permits: &mut impl FnMut(&BTreeSet<u8>, Channel, u64) -> bool, by: &BTreeSet<u8>, survives: bool) {
        if self.accepted || !permits(by, Channel::Console, self.now) {
            return;
        }
        self.deaths -= u8::from(!survives);
        self.accepted = true;
        if survives {
            self.runs += 1;
            self.ran_at = Some(self.now);
        } else {
            self.lost = true;
        }
    }

    /// Everything that can happen next.
    fn next(&self, permits: &mut impl FnMut(&BTreeSet<u8>, Channel, u64) -> bool) -> Vec<Self> {
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
        if self.may_nudge && self.approval.nudges == 0 && self.now == NUDGE {
            with(&mut |world| world.control(&Input::Nudge(member(REQUESTER))));
        }
        let outcomes: &[bool] = if self.deaths > 0 { &[true, false] } else { &[true] };
        for number in 0..if self.both { 2 } else { 1 } {
            for survives in outcomes.iter().copied() {
                for old in self.shown.iter().filter(|_| !self.both) {
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
        for survives in outcomes.iter().copied() {
            if let Some(by) = &self.run_sent {
                with(&mut |world| world.run(permits, by, survives));
            }
        }
        all
    }

    fn check(&self, needed: u32) {
        assert!(self.runs <= 1, "it ran twice");
        if let Some(at) = self.ran_at {
            let yes = self
                .consoles
                .iter()
                .filter(|console| console.clicked == Some(Decision::Approved))
                .count();
            assert!(yes >= needed as usize, "it ran without enough people's yes");
            assert_eq!(self.approval.state, State::Approved);
            assert!(at < LATE, "it ran on an approval that had lapsed");
        }
        for console in &self.consoles {
            assert!(console.notifications <= 1 + self.approval.nudges, "somebody was asked twice");
            assert!(!console.notified_after_answer, "somebody was asked after they had answered");
        }
    }

    /// From here on everything arrives, and nobody dies or waits.
    fn fair(mut self, permits: &mut impl FnMut(&BTreeSet<u8>, Channel, u64) -> bool) -> Self {
        for _ in 0..3 {
            for number in 0..2 {
                let whole = self.snapshot(number);
                self.console(number, inbox::Input::Started, true);
                self.console(number, inbox::Input::Snapshot(vec![whole]), true);
                if self.consoles[number].sent_answer && !self.consoles[number].settled {
                    self.answer(number);
                }
            }
            if let Some(by) = self.run_sent.clone() {
                self.run(permits, &by, true);
            }
        }
        self
    }
}

fn explore(needed: u32, deaths: u8, may_nudge: bool, both: bool) -> usize {
    let words = Words::new(needed);
    let mut known: HashMap<(BTreeSet<u8>, bool, u64), bool> = HashMap::new();
    let mut permits = |by: &BTreeSet<u8>, channel: Channel, now: u64| {
        *known
            .entry((by.clone(), channel == Channel::Console, now))
            .or_insert_with(|| words.endpoint_permits(by, channel, now))
    };
    // A control plane that lies: nobody's yes, too few, somebody else's, or none but its own word.
    for now in [ASKED, NUDGE, EXPIRY] {
        for lie in [vec![], vec![STRANGER], vec![contact(0), STRANGER], vec![REQUESTER]] {
            assert!(!permits(&lie.into_iter().collect(), Channel::Console, now));
        }
        assert_eq!(permits(&[contact(0)].into(), Channel::Console, now), needed == 1);
        let both: BTreeSet<u8> = [contact(0), contact(1)].into();
        for channel in [Channel::Policy, Channel::Email, Channel::BreakGlass, Channel::AtEndpoint] {
            assert!(!words.endpoint_permits(&both, channel, now));
        }
    }
    let start = World::new(&words, deaths, may_nudge, both);
    let mut seen = HashSet::from([start.clone()]);
    let mut open = VecDeque::from([start]);
    while let Some(world) = open.pop_front() {
        world.check(needed);
        let settled = world.clone().fair(&mut permits);
        settled.check(needed);
        if settled.approval.state == State::Approved && world.now <= EXPIRY {
            assert!(settled.runs == 1 || settled.lost, "what was approved in time did not run");
        }
        for console in &settled.consoles {
            assert!(console.clicked.is_none() || console.settled, "an answer was lost");
        }
        for next in world.next(&mut permits) {
            if !seen.contains(&next) {
                seen.insert(next.clone());
                open.push_back(next);
            }
        }
    }
    seen.len()
}

#[test]
fn one_contact_has_to_say_yes() {
    let states = explore(1, 2, false, false);
    assert!(states > 1_000, "{states} states");
}

#[test]
fn both_contacts_have_to_say_yes() {
    let states = explore(2, 0, false, true);
    assert!(states > 1_000, "{states} states");
}

#[test]
fn the_requester_asks_again() {
    let states = explore(1, 1, true, false);
    assert!(states > 1_000, "{states} states");
}
