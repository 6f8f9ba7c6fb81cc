//! Random interleavings of connections, drops, duplicates, restarts and store faults, in simulated time, with an honest runtime and an
//! honest console. A failing run names its seed.
//!
//! After every commit: what was acknowledged or answered is in the log. At the end of a run: the log verifies as a console verifies it;
//! nothing is in it twice; no action ran twice; every action that reached the runtime was proposed and authorised in the log before;
//! every action has come to its end.

use crate::sqlite::SqliteStore;
use caisey_control::endpoint::Input;
use caisey_control::port::{Answer, ConnId, Effect, RequestId};
use caisey_ledger::entry::SignedStatement;
use caisey_ledger::event::{DisconnectReason, RunOutcome};
use caisey_ledger::id::{ActionId, Seq, SessionId};
use caisey_ledger::verify::Accepted;
use caisey_protocol::error::ErrorCode;
use caisey_protocol::role::Role;
use caisey_protocol::runtime::{FromRuntime, ToRuntime};
use caisey_testkit::dice::Dice;
use caisey_testkit::faulty::{Fault, FaultyStore};
use caisey_testkit::person::Person;
use caisey_testkit::plane::Plane;
use caisey_testkit::runtime::{Runtime, identity};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

const RUNS: u64 = 600;
const STEPS: u64 = 50;

/// Frames under way on the one connection, in order.
#[derive(Default)]
struct Wire {
    conn: Option<ConnId>,
    to_runtime: VecDeque<ToRuntime>,
    to_control: VecDeque<FromRuntime>,
}

struct World {
    dice: Dice,
    plane: Plane<FaultyStore<SqliteStore>>,
    runtime: Runtime,
    person: Person,
    wire: Wire,
    conns: u64,
    requests: u64,
    /// Statements that a console waits for; it asks again until it has an answer.
    asked: BTreeMap<u64, SignedStatement>,
    /// Where the console was told that its statements are.
    placed: Vec<(Seq, SignedStatement)>,
    sessions: Vec<SessionId>,
    actions: Vec<(ActionId, SessionId)>,
    failures: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        let (identity, runtime) = identity(seed);
        let person = Person::new(seed + 1, &identity.organisation, Role::Technician);
        let store = FaultyStore::new(SqliteStore::in_memory().unwrap());
        let plane = Plane::new(store, identity, seed).enrolled();
        Self {
            dice: Dice::new(seed),
            plane,
            runtime,
            person,
            wire: Wire::default(),
            conns: 0,
            requests: 0,
            asked: BTreeMap::new(),
            placed: Vec::new(),
            sessions: Vec::new(),
            actions: Vec::new(),
            failures: 0,
        }
    }

    fn batch(&mut self, inputs: Vec<Input>) {
        match self.plane.batch(inputs) {
            Ok(effects) => self.carry_out(effects),
            Err(_) => {
                // The host closes the runtime's connection and answers every request with `NotRecorded`; consoles ask again.
                self.failures += 1;
                self.break_wire();
            }
        }
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::ToRuntime { conn, message } if self.wire.conn == Some(conn) => self.wire.to_runtime.push_back(message),
                Effect::CloseRuntime { conn } if self.wire.conn == Some(conn) => self.break_wire(),
                Effect::Answer { request, answer } => self.answered(request, answer),
                _ => {}
            }
        }
    }

    fn answered(&mut self, request: RequestId, answer: Result<Answer, caisey_protocol::error::ErrorBody>) {
        let Some(said) = self.asked.remove(&request.0) else { return };
        match answer {
            Ok(Answer::Submitted(placed)) => self.placed.push((placed.seq, said)),
            Ok(Answer::Sendable(_) | Answer::Cosigned(_) | Answer::Approval(_) | Answer::ByLink(_)) => {
                panic!("not an answer to a statement")
            }
            // These are in the log or will never be; the console has its answer either way.
            Err(body) if [ErrorCode::NotSendable, ErrorCode::Conflict, ErrorCode::NotFound].contains(&body.code) => {}
            Err(body) => panic!("an honest console was refused: {body:?}"),
        }
    }

    fn break_wire(&mut self) {
        let conn = self.wire.conn;
        self.wire = Wire::default();
        self.runtime.disconnected();
        self.plane.alive.retain(|alive| Some(*alive) != conn);
    }

    fn submit(&mut self, said: SignedStatement) {
        self.requests += 1;
        self.asked.insert(self.requests, said.clone());
        let input = Input::Submit(RequestId(self.requests), self.person.caller(), Box::new(said));
        self.batch(vec![input]);
    }

    /// The console repeats what it has no answer for.
    fn ask_again(&mut self) {
        let waiting: Vec<_> = std::mem::take(&mut self.asked).into_values().collect();
        for said in waiting {
            self.submit(said);
        }
    }

    fn open_connection(&mut self) {
        if self.wire.conn.is_some() {
            return;
        }
        self.conns += 1;
        let conn = ConnId(self.conns);
        self.wire.conn = Some(conn);
        self.plane.alive.push(conn);
        self.batch(vec![Input::RuntimeOpened(conn)]);
    }

    fn drop_connection(&mut self) {
        let Some(conn) = self.wire.conn else { return };
        self.break_wire();
        // The host may notice at once, late, or not before it starts anew.
        if self.dice.chance(70) {
            self.batch(vec![Input::RuntimeClosed(conn, DisconnectReason::Lost)]);
        }
    }

    /// One frame arrives at the runtime, which may answer.
    fn deliver_to_runtime(&mut self) {
        if let Some(message) = self.wire.to_runtime.pop_front() {
            if let ToRuntime::Run { proposal, .. } = &message {
                self.check_recorded_before_run(proposal);
            }
            let answers = self.runtime.receive(self.plane.time(), message);
            self.wire.to_control.extend(answers);
        }
    }

    /// Some frames arrive at the control plane, in one batch.
    fn deliver_to_control(&mut self) {
        let Some(conn) = self.wire.conn else { return };
        let count = (1 + self.dice.below(3) as usize).min(self.wire.to_control.len());
        let frames: Vec<_> = self.wire.to_control.drain(..count).collect();
        if !frames.is_empty() {
            self.batch(
                frames
                    .into_iter()
                    .map(|frame| Input::RuntimeMessage(conn, Box::new(frame)))
                    .collect(),
            );
        }
    }

    fn runtime_sends(&mut self) {
        let most = 1 + self.dice.below(4) as usize;
        let again = self.dice.chance(20);
        let frame = if again {
            self.runtime.send_again(most)
        } else {
            self.runtime.send(most)
        };
        self.wire.to_control.extend(frame);
    }

    /// The proposal and its authorisation are durable, and nothing has refused it.
    fn check_recorded_before_run(&self, proposal: &SignedStatement) {
        let action = proposal.statement.action.as_ref();
        let about = |leaf: &str| leaf.contains(action.unwrap().as_str());
        let leaves: Vec<_> = self
            .plane
            .records()
            .into_iter()
            .map(|record| record.leaf)
            .filter(|leaf| about(leaf))
            .collect();
        let has = |kind: &str| leaves.iter().any(|leaf| leaf.contains(kind));
        assert!(
            has("\"action.proposed\"") && has("\"action.authorised\"") && !has("\"action.refused\""),
            "{leaves:?}"
        );
    }

    /// Most runs begin with a connected runtime and an open session, so that faults meet work.
    fn warm_up(&mut self) {
        if self.dice.chance(80) {
            self.open_connection();
            self.deliver_to_runtime();
            self.deliver_to_control();
            self.open_session();
        }
    }

    fn open_session(&mut self) {
        let session = SessionId::from_bits(self.dice.bytes());
        self.sessions.push(session.clone());
        let said = self.person.open(&self.plane.identity.log, self.plane.time(), &session);
        self.submit(said);
    }

    fn step(&mut self) {
        let (log, now) = (self.plane.identity.log.clone(), self.plane.time());
        match self.dice.below(24) {
            0..=1 => self.open_connection(),
            2 => self.drop_connection(),
            3..=7 => self.deliver_to_runtime(),
            8..=11 => self.deliver_to_control(),
            12..=13 => self.runtime_sends(),
            14 => self.open_session(),
            15..=16 => {
                if let Some(session) = self.dice.pick(&self.sessions).cloned() {
                    let action = ActionId::from_bits(self.dice.bytes());
                    self.actions.push((action.clone(), session.clone()));
                    let said = self.person.propose(&log, now, &session, &action, "df -h");
                    self.submit(said);
                }
            }
            17 => {
                let running: Vec<_> = self.runtime.alive.iter().cloned().collect();
                if let Some(action) = self.dice.pick(&running) {
                    self.runtime.print(now, action, "output");
                }
            }
            18 => {
                let running: Vec<_> = self.runtime.alive.iter().cloned().collect();
                if let Some(action) = self.dice.pick(&running) {
                    self.runtime.finish(now, action, RunOutcome::Exited);
                }
            }
            19 => match (
                self.dice.below(3),
                self.dice.pick(&self.actions).cloned(),
                self.dice.pick(&self.sessions).cloned(),
            ) {
                (0, Some((action, session)), _) => {
                    let said = self.person.cancel(&log, now, &session, &action);
                    self.submit(said);
                }
                (1, _, Some(session)) => {
                    let said = self.person.close(&log, now, &session);
                    self.submit(said);
                }
                (_, _, Some(session)) => {
                    let said = self.person.chat(&log, now, &session, "still there?");
                    self.submit(said);
                }
                _ => {}
            },
            20 if self.dice.chance(50) => self.fault(),
            21 if self.dice.chance(50) => self.restart(),
            22 => {
                self.plane.now += self.dice.below(40_000);
                self.batch(vec![Input::Wake]);
            }
            _ => self.ask_again(),
        }
    }

    fn fault(&mut self) {
        let fault = if self.dice.chance(50) {
            Fault::NotStored
        } else {
            Fault::Stored
        };
        let writes = self.dice.below(12);
        self.plane.store.fail_after(writes, fault);
    }

    fn restart(&mut self) {
        match self.dice.below(3) {
            // The object alone is put away, as the host does with idle ones.
            0 if self.plane.is_idle() => self.plane.put_away(),
            // The whole host starts anew; it may use connection numbers again.
            1 => {
                self.plane.put_away();
                self.break_wire();
                self.plane.alive.clear();
                self.conns = if self.dice.chance(50) { 0 } else { self.conns };
            }
            _ => {
                let now = self.plane.time();
                if self.dice.chance(50) {
                    self.runtime.crash(now)
                } else {
                    self.runtime.crash_and_report(now)
                }
                self.drop_connection();
            }
        }
    }

    /// No more faults: everything comes to rest.
    fn settle(&mut self) {
        self.plane.store.heal();
        for _ in 0..6 {
            self.open_connection();
            self.ask_again();
            for _ in 0..60 {
                self.deliver_to_runtime();
                self.runtime_sends();
                self.deliver_to_control();
            }
            let running: Vec<_> = self.runtime.alive.iter().cloned().collect();
            for action in running {
                self.runtime.finish(self.plane.time(), &action, RunOutcome::Exited);
            }
            self.plane.now += 6_000;
            self.batch(vec![Input::Wake]);
        }
    }

    fn check(&self) {
        let log = self.plane.verified();
        self.check_acknowledged(&log);
        let kinds_of = |action: &ActionId| -> Vec<&str> {
            let about = log
                .iter()
                .filter(|entry| entry.entry.statement.action.as_ref() == Some(action));
            about.map(|entry| entry.entry.statement.kind.as_str()).collect()
        };
        for (action, _) in &self.actions {
            let kinds = kinds_of(action);
            let count = |wanted: &str| kinds.iter().filter(|kind| **kind == wanted).count();
            assert!(
                count("action.proposed") <= 1 && count("command.started") <= 1 && count("command.finished") <= 1,
                "{kinds:?}"
            );
            let ended = ["command.finished", "action.refused", "action.unknown"]
                .into_iter()
                .any(|kind| count(kind) > 0);
            assert_eq!(ended, count("action.proposed") == 1, "{kinds:?}");
            // It may be given up, then reported as running after all, then lost.
            assert!(
                count("action.unknown") <= 1 + count("command.started") && count("action.refused") <= 1,
                "{kinds:?}"
            );
            let ran = self.runtime.starts.get(action).copied().unwrap_or(0);
            assert!(ran <= 1 && ran as usize == count("command.started"), "{kinds:?}");
            assert!(
                ran == 0 || count("action.refused") == 0,
                "it ran although it was refused: {kinds:?}"
            );
        }
    }

    fn check_acknowledged(&self, log: &[Accepted]) {
        // The verifier has checked that counters are dense; the newest says how many there are.
        let counted = log.iter().filter(|entry| entry.entry.statement.counter.is_some()).count() as u64;
        assert!(self.runtime.acked <= counted);
        assert_eq!(counted, self.runtime.next_counter(), "everything that was said is in the log");
        assert!(self.runtime.outbox.is_empty() && self.asked.is_empty());
        for (seq, said) in &self.placed {
            assert_eq!(log[seq.get() as usize].entry.statement, said.statement);
        }
        let mut seen = BTreeSet::new();
        for entry in log.iter().filter(|entry| entry.entry.signature.is_some()) {
            let signature = entry.entry.signature.as_ref().unwrap();
            assert!(
                seen.insert(signature.sig.clone()),
                "entry {} is in the log twice",
                entry.entry.seq
            );
        }
    }
}

/// Runs these seeds; returns how many batches were lost to faults, and how many commands ran.
fn run(seeds: std::ops::Range<u64>) -> (u64, usize) {
    let mut totals = (0, 0);
    for seed in seeds {
        let caught = std::panic::catch_unwind(|| {
            let mut world = World::new(seed * 1_000);
            world.warm_up();
            for _ in 0..STEPS {
                world.step();
            }
            world.settle();
            world.check();
            (world.failures, world.runtime.starts.len())
        });
        match caught {
            Ok((failures, ran)) => totals = (totals.0 + failures, totals.1 + ran),
            Err(_) => panic!("seed {seed} failed"),
        }
    }
    totals
}

#[test]
fn nothing_acknowledged_is_lost_or_doubled_and_no_action_runs_twice_or_unrecorded() {
    let half = RUNS / 2;
    let other = std::thread::spawn(move || run(half..RUNS));
    let (first, second) = (run(0..half), other.join().unwrap());
    // The simulation is worth something only if things happen in it.
    assert!(first.0 + second.0 > RUNS / 4, "{first:?} {second:?}");
    assert!(first.1 + second.1 > RUNS as usize / 4, "{first:?} {second:?}");
}
