//! One story with a fault at every single write, both kinds: it always ends with the same record, plus an honest note of the gap.

use crate::sqlite::SqliteStore;
use caisey_control::endpoint::Input;
use caisey_control::port::{ConnId, Effect, RequestId};
use caisey_ledger::entry::SignedStatement;
use caisey_ledger::event::RunOutcome;
use caisey_ledger::id::{ActionId, SessionId};
use caisey_protocol::role::Role;
use caisey_testkit::faulty::{Fault, FaultyStore};
use caisey_testkit::person::Person;
use caisey_testkit::plane::Plane;
use caisey_testkit::runtime::{Runtime, identity};

struct Story {
    plane: Plane<FaultyStore<SqliteStore>>,
    runtime: Runtime,
    conn: ConnId,
    up: bool,
    failures: u32,
}

impl Story {
    /// Runs inputs and what follows from them between the two peers; the other effects. A failure breaks the connection.
    fn drive(&mut self, first: Vec<Input>) -> Vec<Effect> {
        let (mut inputs, mut others) = (first, Vec::new());
        while !inputs.is_empty() {
            let Ok(effects) = self.plane.batch(std::mem::take(&mut inputs)) else {
                self.failures += 1;
                self.up = false;
                self.runtime.disconnected();
                return others;
            };
            let mut frames = Vec::new();
            for effect in effects {
                match effect {
                    Effect::ToRuntime { conn, message } if conn == self.conn => {
                        frames.extend(self.runtime.receive(self.plane.time(), message));
                    }
                    other => others.push(other),
                }
            }
            frames.extend(self.runtime.send(2));
            inputs = frames
                .into_iter()
                .map(|frame| Input::RuntimeMessage(self.conn, Box::new(frame)))
                .collect();
        }
        others
    }

    fn connected(&mut self) {
        while !self.up {
            self.conn = ConnId(self.conn.0 + 1);
            self.plane.alive.push(self.conn);
            self.up = true;
            self.drive(vec![Input::RuntimeOpened(self.conn)]);
        }
    }

    /// The console asks until it is answered.
    fn ask(&mut self, person: &Person, said: &SignedStatement) {
        for number in 0.. {
            self.connected();
            let effects = self.drive(vec![Input::Submit(
                RequestId(number),
                person.caller(),
                Box::new(said.clone()),
            )]);
            let answers = effects.into_iter().filter_map(|effect| {
                if let Effect::Answer { answer, .. } = effect {
                    Some(answer)
                } else {
                    None
                }
            });
            if answers.map(Result::unwrap).count() == 1 {
                return;
            }
        }
    }

    /// The runtime connects again and sends until everything is acknowledged.
    fn deliver(&mut self) {
        while !self.runtime.outbox.is_empty() {
            self.connected();
            if let Some(frame) = self.runtime.send(2) {
                self.drive(vec![Input::RuntimeMessage(self.conn, Box::new(frame))]);
            }
        }
    }
}

/// Kinds of the record, how many writes it took, and how many batches failed.
fn tell(fault: Option<(u64, Fault)>) -> (Vec<String>, u64, u32) {
    let (identity, runtime) = identity(7);
    let mut person = Person::new(8, &identity.organisation, Role::Technician);
    let store = FaultyStore::new(SqliteStore::in_memory().unwrap());
    if let Some((writes, fault)) = fault {
        store.fail_after(writes, fault);
    }
    let plane = Plane::new(store, identity.clone(), 9);
    let mut story = Story {
        plane,
        runtime,
        conn: ConnId(0),
        up: false,
        failures: 0,
    };
    while story.plane.batch(vec![Input::Enrolled(Box::new(identity.clone()))]).is_err() {
        story.failures += 1;
    }
    let (session, action, now) = (
        SessionId::from_bits([1; 16]),
        ActionId::from_bits([1; 16]),
        story.plane.time(),
    );
    let opened = person.open(&identity.log, now, &session);
    story.ask(&person, &opened);
    let proposed = person.propose(&identity.log, now, &session, &action, "df -h");
    story.ask(&person, &proposed);
    story.connected();
    story.deliver();
    for number in 0..5 {
        story.runtime.print(now, &action, &format!("line {number}"));
    }
    story.runtime.finish(now, &action, RunOutcome::Exited);
    story.deliver();
    let closed = person.close(&identity.log, now, &session);
    story.ask(&person, &closed);
    assert_eq!(story.runtime.starts[&action], 1);
    (story.plane.kinds(), story.plane.store.writes(), story.failures)
}

#[test]
fn a_fault_at_any_write_changes_nothing_but_is_on_record() {
    let about_connections = |kind: &String| !kind.starts_with("endpoint.") && kind != "recorder.gap";
    let (clean, writes, _) = tell(None);
    assert!(!clean.contains(&"recorder.gap".to_owned()));
    let expected: Vec<_> = clean.iter().filter(|kind| about_connections(kind)).collect();
    let mut gaps = 0;
    for fault in [Fault::NotStored, Fault::Stored] {
        for write in 0..writes {
            let (kinds, _, failures) = tell(Some((write, fault)));
            assert_eq!(failures, 1, "{fault:?} at write {write}");
            assert_eq!(
                kinds.iter().filter(|kind| about_connections(kind)).collect::<Vec<_>>(),
                expected,
                "{fault:?} at write {write}"
            );
            gaps += kinds.iter().filter(|kind| *kind == "recorder.gap").count() as u64;
        }
    }
    // Not those at enrolment, before there is a log, nor the very last one, after which nothing more is recorded.
    assert!(
        gaps > 2 * writes - 80 && gaps <= 2 * writes,
        "{gaps} gaps for {writes} writes"
    );
}
