//! What goes wrong in one object is an error to one caller, is in the record, and touches no other object.

use crate::desk::{Desk, Reply, now};
use crate::story::verified;
use caisey_ledger::entry::SignedStatement;
use caisey_ledger::id::SessionId;
use caisey_protocol::http::{Submit, Submitted};
use caisey_testkit::person::Person;
use caisey_testkit::runtime::Runtime;
use serde_json::Value;

async fn submit(desk: &Desk, token: &str, runtime: &Runtime, statement: SignedStatement) -> Reply {
    let path = format!("/v1/endpoints/{}/statements", runtime.endpoint);
    desk.post(&path, token, &Submit { version: 1, statement }).await
}

struct Place {
    desk: Desk,
    owner: String,
    person: Person,
    session: SessionId,
    machines: Vec<Runtime>,
}

impl Place {
    async fn make() -> Self {
        let desk = Desk::start_with(|config| config.serves = "tests/faults/config.capnp").await;
        let owner = desk.owner();
        let mut person = desk.person(&owner, 3).await;
        let session = SessionId::from_bits([1; 16]);
        let mut machines = Vec::new();
        for seed in 1..=2 {
            let (_, runtime) = desk.machine(&owner, seed).await;
            let opened = person.open(&runtime.log, now(), &session);
            let _: Submitted = submit(&desk, &owner, &runtime, opened).await.ok();
            machines.push(runtime);
        }
        Self {
            desk,
            owner,
            person,
            session,
            machines,
        }
    }

    fn chat(&mut self, machine: usize, words: &str) -> SignedStatement {
        self.person.chat(&self.machines[machine].log, now(), &self.session, words)
    }

    async fn say(&self, machine: usize, said: SignedStatement) -> Reply {
        submit(&self.desk, &self.owner, &self.machines[machine], said).await
    }

    async fn causes(&self, machine: usize) -> Vec<String> {
        let entries = verified(&self.desk, &self.owner, &self.machines[machine]).await;
        let gaps = entries.iter().filter(|(kind, _)| kind == "recorder.gap");
        gaps.map(|(_, facts)| facts["cause"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_costs_the_one_whose_letter_it_was() {
    let mut place = Place::make().await;
    let (bad, good, elsewhere) = (
        place.chat(0, "please trap"),
        (0..8)
            .map(|number| place.chat(0, &format!("good {number}")))
            .collect::<Vec<_>>(),
        place.chat(1, "elsewhere"),
    );
    let trapped = place.say(0, bad.clone());
    let others = async {
        for said in good {
            let _: Submitted = place.say(0, said).await.ok();
        }
    };
    let (trapped, (), elsewhere) = tokio::join!(trapped, others, place.say(1, elsewhere));
    assert_eq!(
        (trapped.status, trapped.code().as_str()),
        (507, "not_recorded"),
        "{}",
        trapped.text
    );
    let _: Submitted = elsewhere.ok();
    assert_eq!(place.say(0, bad).await.code(), "not_recorded", "and again");
    let after = place.chat(0, "after");
    let _: Submitted = place.say(0, after).await.ok();
    let chats = verified(&place.desk, &place.owner, &place.machines[0]).await;
    assert_eq!(chats.iter().filter(|(kind, _)| kind == "chat.message").count(), 9);
    assert!(place.causes(0).await.iter().all(|cause| cause == "failed"));
    assert!(!place.causes(0).await.is_empty());
    assert_eq!(place.causes(1).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_database_is_said_and_recorded_once_there_is_room() {
    let mut place = Place::make().await;
    let before = verified(&place.desk, &place.owner, &place.machines[0]).await.len();
    let full = place.chat(0, "please fill the disk");
    let reply = place.say(0, full).await;
    assert_eq!((reply.status, reply.code().as_str()), (507, "not_recorded"));
    let words: Value = serde_json::from_str(&reply.text).unwrap();
    assert!(words["detail"].as_str().unwrap().contains("limit"), "{words}");
    let after = place.chat(0, "after");
    let _: Submitted = place.say(0, after).await.ok();
    assert_eq!(place.causes(0).await, ["disk_full"]);
    assert_eq!(
        verified(&place.desk, &place.owner, &place.machines[0]).await.len(),
        before + 2
    );
}
