//! Everybody who has a part in approvals, with faults: the real Endpoint object on a store that fails, two contacts' consoles with their real
//! inboxes, their mailboxes, a technician who may declare an emergency, and an endpoint that judges every command by itself. Frames, answers, mails
//! and submitted forms get lost, repeated and overtaken; everybody is restarted. Whether the client's contacts allow emergencies and answers by
//! e-mail beforehand and what the policy asks for differs from run to run; a floor comes and goes. A failing run names its seed. (crates/policy
//! explores the state machine alone, exhaustively.)
//!
//! Always: a command is sent only with what the endpoint needs to run it. At the end of a run (`check`): what ran had enough answers in the log before it
//! that count for the endpoint, or an emergency that was allowed, ran once, and nobody had said no; what was approved ran, or its log says why not; every
//! request has one end; every answer was counted or its author was told why not; nobody was notified twice of one asking, or mailed again after a mail
//! had gone out.

mod check;
mod other_ways;

use crate::approvals::changing;
use crate::sqlite::SqliteStore;
use caisey_control::endpoint::Input;
use caisey_control::port::{Answer, ConnId, DirectoryChange, Effect, RequestId};
use caisey_control::rules::Rules;
use caisey_ledger::consent::{Basis, Consent, ConsentFault, Deed, Request, SignedContactStatement, Trust, permitted};
use caisey_ledger::entry::SignedStatement;
use caisey_ledger::event::{Channel, Decision, DisconnectReason, Event, RunOutcome};
use caisey_ledger::id::{ActionId, SessionId};
use caisey_policy::approval::State;
use caisey_policy::approval::inbox::{self, Inbox, Shown};
use caisey_policy::document::{Document, Scope};
use caisey_protocol::consent::{AboutApproval, ApprovalState, ApprovalView, ApprovalWord, EndpointTraits};
use caisey_protocol::error::{ErrorBody, ErrorCode};
use caisey_protocol::role::Role;
use caisey_protocol::runtime::{FromRuntime, ToRuntime};
use caisey_testkit::dice::Dice;
use caisey_testkit::faulty::{Fault, FaultyStore};
use caisey_testkit::person::Person;
use caisey_testkit::plane::Plane;
use caisey_testkit::runtime::{Runtime, identity};
use check::Totals;
use other_ways::Ways;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

const RUNS: u64 = 200;
const STEPS: u64 = 85;
const POLICY: &str = r#"@require("contact") @count("N") @assurance("A") @expires("3") permit (principal, action, resource);"#;

/// A contact at a console. What it keeps survives its restarts; what was on its way to it does not.
struct Console {
    person: Person,
    inbox: Inbox,
    /// Stored with the inbox.
    answers: BTreeMap<ActionId, SignedStatement>,
    requests: BTreeMap<ActionId, Request>,
    incoming: VecDeque<ApprovalView>,
    connected: bool,
    /// Notifications raised, by asking.
    raised: BTreeMap<(ActionId, u32), u32>,
}

enum Asked {
    Statement(Box<SignedStatement>),
    /// The technician looks: for the number.
    Look(ActionId),
    /// A console's answer, with whose it is.
    Answer(usize, ActionId),
    Word,
}

struct World {
    dice: Dice,
    plane: Plane<FaultyStore<SqliteStore>>,
    runtime: Runtime,
    technician: Person,
    consoles: Vec<Console>,
    rules: Rules,
    trust: Trust,
    /// What the Organisation object would list.
    index: BTreeMap<ActionId, ApprovalView>,
    conn: Option<ConnId>,
    to_runtime: VecDeque<ToRuntime>,
    to_control: VecDeque<FromRuntime>,
    conns: u64,
    requests: u64,
    asked: BTreeMap<u64, Asked>,
    /// What the technician has no answer to.
    unanswered: Vec<SignedStatement>,
    sessions: Vec<SessionId>,
    actions: Vec<(ActionId, SessionId)>,
    runs_sent: u64,
    failures: u64,
    ways: Ways,
}

impl World {
    fn new(seed: u64) -> Self {
        let (identity, runtime) = identity(seed);
        let mut dice = Dice::new(seed);
        let (organisation, client) = (identity.organisation.clone(), identity.client.clone());
        let technician = Person::new(seed + 1, &organisation, Role::Technician);
        let people: Vec<_> = (2..4)
            .map(|number| Person::contact(seed + number, &organisation, &client))
            .collect();
        let plane = Plane::new(FaultyStore::new(SqliteStore::in_memory().unwrap()), identity, seed).enrolled();
        let ways = Ways::drawn(&mut dice);
        let mut chain: Vec<SignedContactStatement> = Vec::new();
        let introduced = people.iter().map(Person::introduced);
        for says in introduced.chain(ways.allowed(plane.time())).collect::<Vec<_>>() {
            let said = people[0].says(&chain, plane.time(), says);
            chain.push(said);
        }
        let trust = Trust::replay(&organisation, &client, &chain).unwrap();
        let needed = 1 + dice.below(2);
        let rules = Rules {
            revision: 1,
            traits: EndpointTraits::default(),
            policies: vec![Document {
                name: "house".into(),
                version: 1,
                scope: Scope::Organisation,
                text: POLICY.replace('N', &needed.to_string()).replace('A', ways.assurance()),
                form: None,
            }],
            chain,
            mailing: ways.mailing(&people),
        };
        let console = |person| Console {
            person,
            inbox: Inbox::default(),
            answers: BTreeMap::new(),
            requests: BTreeMap::new(),
            incoming: VecDeque::new(),
            connected: false,
            raised: BTreeMap::new(),
        };
        Self {
            dice,
            plane,
            runtime,
            technician,
            consoles: people.into_iter().map(console).collect(),
            rules,
            trust,
            index: BTreeMap::new(),
            conn: None,
            to_runtime: VecDeque::new(),
            to_control: VecDeque::new(),
            conns: 0,
            requests: 0,
            asked: BTreeMap::new(),
            unanswered: Vec::new(),
            sessions: Vec::new(),
            actions: Vec::new(),
            runs_sent: 0,
            failures: 0,
            ways,
        }
    }

    /// A batch, with the rules before it, as a host does that does not know whether the object has them.
    fn batch(&mut self, inputs: Vec<Input>) {
        let rules = Input::Rules(Arc::new(self.rules.clone()));
        let inputs = std::iter::once(rules).chain(inputs).collect();
        match self.plane.batch(inputs) {
            Ok(effects) => self.carry_out(effects),
            Err(_) => {
                self.failures += 1;
                self.lose_waiting();
                self.break_wire();
            }
        }
    }

    /// Nobody who waits gets an answer.
    fn lose_waiting(&mut self) {
        for (_, asked) in std::mem::take(&mut self.asked) {
            if let Asked::Statement(said) = asked {
                self.unanswered.push(*said);
            }
        }
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::ToRuntime { conn, message } if self.conn == Some(conn) => {
                    if let ToRuntime::Run { proposal, consent } = &message {
                        self.runs_sent += 1;
                        let consent = consent.as_deref();
                        // What mail approved is the control plane's word: sent all the same, and refused where nobody allowed that. And a floor may come
                        // after something was approved and before it could be sent.
                        let by_mail = consent.is_some_and(|consent| consent.channel == Channel::Email);
                        let judged = self.judge(proposal, consent).map_err(|fault| fault.code());
                        let floor_came = self.ways.floor_changed && judged == Err("consent_below_floor");
                        assert!(
                            by_mail || floor_came || judged.is_ok(),
                            "sent what the endpoint would refuse: {consent:?} {judged:?}"
                        );
                    }
                    self.to_runtime.push_back(message);
                }
                Effect::CloseRuntime { conn } if self.conn == Some(conn) => self.break_wire(),
                Effect::Answer { request, answer } => self.answered(request, answer),
                Effect::Directory(DirectoryChange::Approval(view)) => self.publish(*view),
                Effect::Mail(letter) => self.ways.post(*letter),
                _ => {}
            }
        }
    }

    fn judge(&self, proposal: &SignedStatement, consent: Option<&Consent>) -> Result<Basis, ConsentFault> {
        let deed = Deed {
            proposal,
            class: "changing",
            now: self.plane.time(),
        };
        permitted(&self.trust, deed, consent)
    }

    fn publish(&mut self, view: ApprovalView) {
        if let Some(known) = self.index.get(&view.action) {
            assert!(!known.state.is_terminal() || known.state == view.state, "an end changed");
        }
        for console in self.consoles.iter_mut().filter(|console| console.connected) {
            console.incoming.push_back(view.clone());
        }
        self.index.insert(view.action.clone(), view);
    }

    fn answered(&mut self, request: RequestId, answer: Result<Answer, ErrorBody>) {
        let Some(asked) = self.asked.remove(&request.0) else { return };
        let known = [
            ErrorCode::NotSendable,
            ErrorCode::Conflict,
            ErrorCode::NotFound,
            ErrorCode::Forbidden,
        ];
        if let (Ok(Answer::Approval(told)), Asked::Look(action)) = (&answer, &asked) {
            self.ways.hear(action, told.number.as_deref());
        }
        if let Err(body) = &answer {
            assert!(known.contains(&body.code), "{body:?}");
        }
        match asked {
            Asked::Answer(console, action) if !self.dice.chance(30) => {
                // Taken or refused: spoken about either way.
                let effects = self.consoles[console].inbox.handle(inbox::Input::Settled(action));
                self.obey(console, effects);
            }
            // The answer was lost on its way.
            Asked::Answer(..) | Asked::Statement(_) | Asked::Word | Asked::Look(_) => {}
        }
    }

    fn break_wire(&mut self) {
        let conn = self.conn.take();
        self.to_runtime.clear();
        self.to_control.clear();
        self.runtime.disconnected();
        self.plane.alive.retain(|alive| Some(*alive) != conn);
    }

    fn submit(&mut self, by: &Person, said: SignedStatement, asked: Asked) {
        self.requests += 1;
        self.asked.insert(self.requests, asked);
        let input = Input::Submit(RequestId(self.requests), by.caller(), Box::new(said));
        self.batch(vec![input]);
    }

    fn technician_says(&mut self, said: SignedStatement) {
        let by = twin(&self.technician);
        self.submit(&by, said.clone(), Asked::Statement(Box::new(said)));
    }

    fn open_connection(&mut self) {
        if self.conn.is_some() {
            return;
        }
        self.conns += 1;
        let conn = ConnId(self.conns);
        self.conn = Some(conn);
        self.plane.alive.push(conn);
        self.batch(vec![Input::RuntimeOpened(conn)]);
    }

    fn drop_connection(&mut self) {
        let Some(conn) = self.conn else { return };
        self.break_wire();
        if self.dice.chance(70) {
            self.batch(vec![Input::RuntimeClosed(conn, DisconnectReason::Lost)]);
        }
    }

    /// One frame arrives at the runtime, which judges what it is to run.
    fn deliver_to_runtime(&mut self) {
        let Some(message) = self.to_runtime.pop_front() else { return };
        if let ToRuntime::Run { proposal, consent } = &message
            && let Err(fault) = self.judge(proposal, consent.as_deref())
        {
            // It came too late, or nobody allowed it: the endpoint refuses, and remembers that it did.
            let action = proposal.statement.action.clone().unwrap();
            let session = proposal.statement.session.clone().unwrap();
            if self.runtime.taken.insert(action.clone(), session).is_none() {
                let refused = Event::ActionRefused {
                    code: fault.code().into(),
                };
                let detail = fault.to_string();
                self.runtime
                    .say(self.plane.time(), &refused, Some(&action), &[("detail", &detail)]);
            }
            return;
        }
        let answers = self.runtime.receive(self.plane.time(), message);
        self.to_control.extend(answers);
    }

    fn deliver_to_control(&mut self) {
        let Some(conn) = self.conn else { return };
        let count = (1 + self.dice.below(3) as usize).min(self.to_control.len());
        let frames: Vec<_> = self.to_control.drain(..count).collect();
        if !frames.is_empty() {
            let input = |frame| Input::RuntimeMessage(conn, Box::new(frame));
            self.batch(frames.into_iter().map(input).collect());
        }
    }

    fn runtime_sends(&mut self) {
        let most = 1 + self.dice.below(4) as usize;
        let frame = if self.dice.chance(20) {
            self.runtime.send_again(most)
        } else {
            self.runtime.send(most)
        };
        self.to_control.extend(frame);
    }

    fn connect_console(&mut self, at: usize) {
        let all: Vec<_> = self.index.values().cloned().collect();
        let console = &mut self.consoles[at];
        console.connected = true;
        console.incoming.clear();
        for view in &all {
            console.note(view);
        }
        let shown = all.iter().map(|view| shown(view, &console.person)).collect();
        let effects = console.inbox.handle(inbox::Input::Snapshot(shown));
        self.obey(at, effects);
    }

    /// One message arrives, not always in order, now and then twice.
    fn deliver_to_console(&mut self, at: usize) {
        let waiting = self.consoles[at].incoming.len();
        if waiting == 0 {
            return;
        }
        let place = self.dice.below(waiting as u64) as usize;
        let view = self.consoles[at].incoming[place].clone();
        if self.dice.chance(80) {
            self.consoles[at].incoming.remove(place);
        }
        let console = &mut self.consoles[at];
        console.note(&view);
        let input = inbox::Input::Changed(shown(&view, &console.person));
        let effects = console.inbox.handle(input);
        self.obey(at, effects);
    }

    /// The inbox is stored; what it wants done may be cut short by a restart.
    fn obey(&mut self, at: usize, effects: Vec<inbox::Effect>) {
        for effect in effects {
            if self.dice.chance(5) {
                self.restart_console(at);
                return;
            }
            match effect {
                inbox::Effect::SayDelivered(action) => self.word(at, action, ApprovalWord::Delivered),
                inbox::Effect::Notify(action) => {
                    let console = &mut self.consoles[at];
                    let nudges = console.inbox.prompt(&action).unwrap().notified.unwrap();
                    *console.raised.entry((action, nudges)).or_default() += 1;
                }
                inbox::Effect::Retract(_) => {}
                inbox::Effect::SendAnswer(action) => self.send_answer(at, action),
            }
        }
    }

    fn restart_console(&mut self, at: usize) {
        let console = &mut self.consoles[at];
        console.connected = false;
        console.incoming.clear();
        let effects = console.inbox.handle(inbox::Input::Started);
        for effect in effects {
            if let inbox::Effect::SendAnswer(action) = effect {
                self.send_answer(at, action);
            }
        }
    }

    fn send_answer(&mut self, at: usize, action: ActionId) {
        if self.dice.chance(20) {
            return;
        }
        let console = &self.consoles[at];
        let said = console.answers[&action].clone();
        let by = twin(&console.person);
        self.submit(&by, said, Asked::Answer(at, action));
    }

    fn word(&mut self, at: usize, action: ActionId, what: ApprovalWord) {
        if self.dice.chance(20) {
            return;
        }
        self.requests += 1;
        self.asked.insert(self.requests, Asked::Word);
        let caller = self.consoles[at].person.caller();
        let about = AboutApproval { action, what };
        self.batch(vec![Input::AboutApproval(RequestId(self.requests), caller, about)]);
    }

    /// A contact decides about something that they were notified of.
    fn contact_decides(&mut self, at: usize) {
        let open = |prompt: &&inbox::Prompt| prompt.answer.is_none() && prompt.notified.is_some();
        let open: Vec<_> = self.consoles[at]
            .inbox
            .prompts()
            .filter(open)
            .map(|prompt| prompt.shown.action.clone())
            .collect();
        let Some(action) = self.dice.pick(&open).cloned() else {
            return;
        };
        let decision = if self.dice.chance(85) {
            Decision::Approved
        } else {
            Decision::Denied
        };
        let now = self.plane.time();
        let console = &mut self.consoles[at];
        let Some(request) = console.requests.get(&action).cloned() else {
            return;
        };
        let effects = console.inbox.handle(inbox::Input::Decided(action.clone(), decision));
        if console.inbox.prompt(&action).unwrap().answer == Some(decision) && !console.answers.contains_key(&action) {
            let said = console.person.decide(&request, now, decision, None);
            console.answers.insert(action, said);
        }
        self.obey(at, effects);
    }

    fn propose(&mut self) {
        let Some(session) = self.dice.pick(&self.sessions).cloned() else {
            return;
        };
        let action = ActionId::from_bits(self.dice.bytes());
        self.actions.push((action.clone(), session.clone()));
        let (log, now) = (self.plane.identity.log.clone(), self.plane.time());
        let said = self.technician.propose(&log, now, &session, &action, changing());
        self.technician_says(said);
    }

    fn open_session(&mut self) {
        let session = SessionId::from_bits(self.dice.bytes());
        self.sessions.push(session.clone());
        let said = self.technician.open(&self.plane.identity.log, self.plane.time(), &session);
        self.technician_says(said);
    }

    fn ask_again(&mut self) {
        for said in std::mem::take(&mut self.unanswered) {
            self.technician_says(said);
        }
    }

    fn step(&mut self) {
        let (log, now) = (self.plane.identity.log.clone(), self.plane.time());
        let at = self.dice.below(2) as usize;
        match self.dice.below(38) {
            0..=1 => self.open_connection(),
            2 => self.drop_connection(),
            3..=6 => self.deliver_to_runtime(),
            7..=9 => self.deliver_to_control(),
            10..=11 => self.runtime_sends(),
            12..=13 => self.propose(),
            14..=15 => self.connect_console(at),
            16..=18 => self.deliver_to_console(at),
            19..=21 => self.contact_decides(at),
            22 => {
                let running: Vec<_> = self.runtime.alive.iter().cloned().collect();
                if let Some(action) = self.dice.pick(&running) {
                    self.runtime.finish(now, action, RunOutcome::Exited);
                }
            }
            23 => match self.dice.pick(&self.actions).cloned() {
                Some((action, session)) if self.dice.chance(40) => {
                    let said = self.technician.cancel(&log, now, &session, &action);
                    self.technician_says(said);
                }
                Some((action, _)) => self.nudge(action),
                None => {}
            },
            24 if self.dice.chance(60) => self.fault(),
            25 if self.dice.chance(60) => self.restart(),
            26 => {
                self.plane.now += self.dice.below(70_000);
                self.batch(vec![Input::Wake]);
            }
            27 => self.restart_console(at),
            28 => self.open_session(),
            29 => self.declare_emergency(),
            30 => self.look(),
            31..=32 => self.carry_mail(),
            33..=35 => self.submit_form(),
            36 if self.dice.chance(25) => self.change_floor(),
            _ => self.ask_again(),
        }
    }

    fn nudge(&mut self, action: ActionId) {
        self.requests += 1;
        self.asked.insert(self.requests, Asked::Word);
        let about = AboutApproval {
            action,
            what: ApprovalWord::Nudge,
        };
        let caller = self.technician.caller();
        self.batch(vec![Input::AboutApproval(RequestId(self.requests), caller, about)]);
    }

    fn fault(&mut self) {
        let fault = if self.dice.chance(50) {
            Fault::NotStored
        } else {
            Fault::Stored
        };
        let writes = self.dice.below(14);
        self.plane.store.fail_after(writes, fault);
    }

    fn restart(&mut self) {
        if self.dice.chance(50) {
            self.plane.put_away();
            self.break_wire();
            self.plane.alive.clear();
        } else {
            let now = self.plane.time();
            if self.dice.chance(50) {
                self.runtime.crash(now);
            } else {
                self.runtime.crash_and_report(now);
            }
            self.drop_connection();
        }
    }

    /// No more faults: everything comes to rest.
    fn settle(&mut self) {
        self.plane.store.heal();
        for round in 0..8 {
            self.open_connection();
            self.ask_again();
            for at in 0..self.consoles.len() {
                self.connect_console(at);
                while !self.consoles[at].incoming.is_empty() {
                    self.deliver_to_console(at);
                }
            }
            self.carry_all_mail();
            if round < 2 {
                // Whoever finds a mail only now.
                (0..3).for_each(|_| self.submit_form());
            }
            for _ in 0..60 {
                self.deliver_to_runtime();
                self.runtime_sends();
                self.deliver_to_control();
            }
            let running: Vec<_> = self.runtime.alive.iter().cloned().collect();
            for action in running {
                self.runtime.finish(self.plane.time(), &action, RunOutcome::Exited);
            }
            // Far enough for open requests to lapse.
            self.plane.now += if round == 2 { 200_000 } else { 6_000 };
            self.batch(vec![Input::Wake]);
        }
    }
}

impl Console {
    fn note(&mut self, view: &ApprovalView) {
        if let Some(prompt) = &view.prompt {
            self.requests.insert(view.action.clone(), prompt.request.clone());
        }
    }
}

/// Somebody with the same key.
fn twin(person: &Person) -> Person {
    let mut twin = Person::new(0, &person.organisation, person.role);
    twin.member = person.member.clone();
    twin.device = person.device.clone();
    twin.key = person.key.clone();
    twin.client = person.client.clone();
    twin
}

fn shown(view: &ApprovalView, person: &Person) -> Shown {
    Shown {
        action: view.action.clone(),
        digest: view.digest.clone(),
        state: match view.state {
            ApprovalState::Pending => State::Pending,
            ApprovalState::Delivered => State::Delivered,
            ApprovalState::Acknowledged => State::Acknowledged,
            ApprovalState::Approved => State::Approved,
            ApprovalState::Denied => State::Denied,
            ApprovalState::Expired => State::Expired,
            ApprovalState::Withdrawn => State::Withdrawn,
        },
        expires_at: view.expires_at_ms,
        nudges: view.nudges,
        answered: view.approved_by.contains(&person.member),
    }
}

#[test]
fn nothing_runs_without_consent_nothing_approved_is_lost_and_nobody_is_asked_twice() {
    let run = |seeds: std::ops::Range<u64>| {
        let mut totals = Totals::default();
        for seed in seeds {
            let caught = std::panic::catch_unwind(|| {
                let mut world = World::new(seed * 1_000);
                world.open_connection();
                world.deliver_to_runtime();
                world.deliver_to_control();
                world.open_session();
                for _ in 0..STEPS {
                    world.step();
                }
                world.settle();
                world.check()
            });
            match caught {
                Ok(found) => totals.add(found),
                Err(_) => panic!("seed {seed} failed"),
            }
        }
        totals
    };
    let other = std::thread::spawn(move || run(RUNS / 2..RUNS));
    let mut totals = run(0..RUNS / 2);
    totals.add(other.join().unwrap());
    // Worth something only if things happen in it.
    let Totals {
        failures,
        sent,
        ran,
        emergencies,
        emergencies_refused,
        by_mail,
        by_mail_refused,
        taken_back,
    } = totals;
    assert!(failures > RUNS / 8 && sent > RUNS / 4 && ran > RUNS / 4, "{totals:?}");
    let rare = [emergencies, emergencies_refused, by_mail, by_mail_refused, taken_back];
    assert!(rare.iter().all(|times| *times > 3), "{totals:?}");
}
