//! The objects driven as a host drives them, on the real SQLite adapter, in simulated time.
//!
//! The adapter is compiled in by path, so that these tests wait for nothing else of the native host.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub
)]

mod approvals;
mod consent_simulation;
mod cosigning;
mod faults;
mod floors;
mod journal;
mod lifecycle;
mod mails;
mod moving;
mod organisation;
mod refusals;
mod reviews;
mod rules;
mod simulation;
#[path = "../../control-native/src/store/mod.rs"]
#[allow(dead_code)]
mod sqlite;
mod store;
mod succession;

use caisey_control::endpoint::Input;
use caisey_control::port::{Answer, ConnId, Effect, RequestId};
use caisey_ledger::entry::SignedStatement;
use caisey_ledger::id::{ActionId, Seq, SessionId};
use caisey_protocol::error::ErrorBody;
use caisey_protocol::role::Role;
use caisey_protocol::runtime::{FromRuntime, ToRuntime};
use caisey_testkit::person::Person;
use caisey_testkit::plane::Plane;
use caisey_testkit::runtime::{Runtime, identity};
use sqlite::SqliteStore;

/// One endpoint with its runtime and a technician.
struct Desk {
    plane: Plane<SqliteStore>,
    runtime: Runtime,
    person: Person,
    conn: ConnId,
    requests: u64,
}

impl Desk {
    fn new() -> Self {
        let (identity, runtime) = identity(1);
        let person = Person::new(2, &identity.organisation, Role::Technician);
        let plane = Plane::new(SqliteStore::in_memory().unwrap(), identity, 3).enrolled();
        Self {
            plane,
            runtime,
            person,
            conn: ConnId(0),
            requests: 0,
        }
    }

    fn log(&self) -> String {
        self.plane.identity.log.clone()
    }

    fn batch(&mut self, input: Input) -> Vec<Effect> {
        self.plane.batch(vec![input]).unwrap()
    }

    /// Hands the runtime what is for it and the control plane what it answers, until nothing moves. Returns all other effects.
    fn pump(&mut self, effects: Vec<Effect>) -> Vec<Effect> {
        let mut others = Vec::new();
        let mut queue = effects;
        while !queue.is_empty() {
            let mut answers = Vec::new();
            for effect in std::mem::take(&mut queue) {
                match effect {
                    Effect::ToRuntime { conn, message } if conn == self.conn => {
                        answers.extend(self.runtime.receive(self.plane.time(), message));
                    }
                    other => others.push(other),
                }
            }
            answers.extend(self.runtime.send(100));
            for message in answers {
                queue.extend(self.message(message));
            }
        }
        others
    }

    fn message(&mut self, message: FromRuntime) -> Vec<Effect> {
        self.batch(Input::RuntimeMessage(self.conn, Box::new(message)))
    }

    fn connect(&mut self) -> Vec<Effect> {
        self.conn = ConnId(self.conn.0 + 1);
        self.plane.alive.push(self.conn);
        let effects = self.batch(Input::RuntimeOpened(self.conn));
        self.pump(effects)
    }

    fn drop_connection(&mut self) -> Vec<Effect> {
        self.runtime.disconnected();
        self.plane.alive.retain(|conn| *conn != self.conn);
        self.batch(Input::RuntimeClosed(self.conn, caisey_ledger::event::DisconnectReason::Lost))
    }

    fn submit(&mut self, said: SignedStatement) -> Result<Seq, ErrorBody> {
        let caller = self.person.caller();
        self.submit_as(caller, said)
    }

    fn submit_as(&mut self, caller: caisey_control::port::Caller, said: SignedStatement) -> Result<Seq, ErrorBody> {
        self.requests += 1;
        let request = RequestId(self.requests);
        let effects = self.batch(Input::Submit(request, caller, Box::new(said)));
        let others = self.pump(effects);
        answer_to(&others, request).map(|answer| match answer {
            Answer::Submitted(placed) => placed.seq,
            Answer::Sendable(_) | Answer::Cosigned(_) | Answer::Approval(_) | Answer::ByLink(_) => {
                panic!("not an answer to a submission")
            }
        })
    }

    fn open(&mut self, number: u8) -> SessionId {
        let session = SessionId::from_bits([number; 16]);
        let said = self.person.open(&self.log(), self.plane.time(), &session);
        self.submit(said).unwrap();
        session
    }

    fn propose(&mut self, session: &SessionId, number: u8) -> Result<ActionId, ErrorBody> {
        let action = ActionId::from_bits([number; 16]);
        let said = self
            .person
            .propose(&self.log(), self.plane.time(), session, &action, "df -h /");
        self.submit(said).map(|_| action)
    }
}

fn answer_to(effects: &[Effect], wanted: RequestId) -> Result<Answer, ErrorBody> {
    let found = effects.iter().find_map(|effect| match effect {
        Effect::Answer { request, answer } if *request == wanted => Some(answer.clone()),
        _ => None,
    });
    found.expect("every request is answered")
}

/// What is sent to the runtime.
fn to_runtime(effects: &[Effect]) -> Vec<&ToRuntime> {
    effects
        .iter()
        .filter_map(|effect| {
            if let Effect::ToRuntime { message, .. } = effect {
                Some(message)
            } else {
                None
            }
        })
        .collect()
}
