//! One input that cannot be stored for a reason of its own: it alone is refused, and nobody else notices.
//!
//! The reason is a trigger put into the endpoint's database: it stands for a mistake of ours that only some inputs bring out, and it does
//! so every time.

use crate::desk::{Desk, now};
use caisey_ledger::id::{SessionId, TimeMs};
use caisey_ledger::verify::LogVerifier;
use caisey_protocol::http::{ClientView, CreateClient, EntriesPage, Submit, Submitted};
use caisey_protocol::runtime::ToRuntime;
use caisey_protocol::watch::LogEvent;
use rusqlite::Connection;
use serde_json::Value;

const UNLUCKY: &str = "unlucky";

fn sabotage(desk: &Desk, file: &str, trigger: &str) {
    let path = desk.dir.path().join("data").join(desk.organisation().as_str()).join(file);
    let connection = Connection::open(path).unwrap();
    connection.busy_timeout(crate::desk::PATIENCE).unwrap();
    connection.execute_batch(trigger).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_cannot_be_stored_costs_nobody_else_anything() {
    let desk = Desk::start().await;
    let owner = desk.owner();
    let (_, mut runtime) = desk.machine(&owner, 1).await;
    let mut person = desk.person(&owner, 2).await;
    let mut wire = desk.connect(&mut runtime).await;
    let path = format!("/v1/endpoints/{}", runtime.endpoint);
    let statements = format!("{path}/statements");
    let session = SessionId::from_bits([1; 16]);
    let statement = person.open(&runtime.log, now(), &session);
    let _: Submitted = desk.post(&statements, &owner, &Submit { version: 1, statement }).await.ok();
    let mut watch = desk.socket(&format!("{path}/watch"), Some(&owner)).await.unwrap();
    sabotage(
        &desk,
        &format!("{}.sqlite", runtime.endpoint),
        &format!(
            "CREATE TRIGGER mistake BEFORE INSERT ON texts WHEN NEW.text = '{UNLUCKY}'
             BEGIN SELECT RAISE(ABORT, 'a mistake of ours'); END"
        ),
    );

    let bodies: Vec<_> = (0..48)
        .map(|number| {
            let line = if number % 6 == 0 {
                UNLUCKY.to_owned()
            } else {
                format!("line {number}")
            };
            let time = TimeMs::new(now().get() + number).unwrap();
            (
                number,
                Submit {
                    version: 1,
                    statement: person.chat(&runtime.log, time, &session, &line),
                },
            )
        })
        .collect();
    let posts = bodies
        .iter()
        .map(|(number, body)| async { (*number, desk.post(&statements, &owner, body).await) });
    for (number, reply) in futures_util::future::join_all(posts).await {
        if number % 6 == 0 {
            assert_eq!(
                (reply.status, reply.code().as_str()),
                (507, "not_recorded"),
                "{number}: {}",
                reply.text
            );
        } else {
            let _: Submitted = reply.ok();
        }
    }

    // The connections that the object had are the same ones still.
    let sendable = format!("{path}/sendable");
    let asked = desk.get(&sendable, &owner);
    let answered = async {
        loop {
            let message: ToRuntime = wire.next().await;
            let asked = matches!(message, ToRuntime::Ping { .. });
            for answer in runtime.receive(now(), message) {
                wire.send(&answer).await;
            }
            if asked {
                break;
            }
        }
    };
    let (reply, ()) = tokio::join!(asked, answered);
    assert_eq!(reply.ok::<Value>()["sendable"], true);
    let page: EntriesPage = desk.get(&format!("{path}/entries"), &owner).await.ok();
    let mut seen = 0;
    while seen < page.size {
        let LogEvent::Records { records, .. } = watch.next().await else {
            continue;
        };
        seen += records.len() as u64;
    }

    // The record is whole, says that something is missing, and nothing of what was refused is in it.
    let mut verifier = LogVerifier::new(&runtime.log);
    let outcome = verifier.accept_batch(&page.records);
    assert!(outcome.fault.is_none(), "{:?}", outcome.fault);
    let count = |kind: &str| {
        outcome
            .accepted
            .iter()
            .filter(|accepted| accepted.entry.statement.kind == kind)
            .count()
    };
    assert_eq!((count("chat.message"), count("endpoint.disconnected")), (40, 0));
    assert_eq!(count("recorder.gap"), 8);
    assert!(!serde_json::to_string(&page).unwrap().contains(UNLUCKY));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_cannot_be_stored_costs_the_organisation_nothing_else() {
    let desk = Desk::start().await;
    let owner = desk.owner();
    desk.client(&owner, 1).await;
    sabotage(
        &desk,
        "organisation.sqlite",
        &format!(
            "CREATE TRIGGER mistake BEFORE INSERT ON clients WHEN NEW.name = '{UNLUCKY}'
             BEGIN SELECT RAISE(ABORT, 'a mistake of ours'); END"
        ),
    );
    let wanted: Vec<_> = (2..26_u8)
        .map(|seed| CreateClient {
            client: caisey_ledger::id::ClientId::from_bits([seed; 16]),
            name: if seed % 4 == 0 {
                UNLUCKY.to_owned()
            } else {
                format!("Client {seed}")
            },
        })
        .collect();
    let posts = wanted
        .iter()
        .map(|client| async { (client.name == UNLUCKY, desk.post("/v1/clients", &owner, client).await) });
    for (unlucky, reply) in futures_util::future::join_all(posts).await {
        if unlucky {
            assert_eq!((reply.status, reply.code().as_str()), (507, "not_recorded"), "{}", reply.text);
        } else {
            let _: ClientView = reply.ok();
        }
    }
    let clients: Vec<ClientView> = desk.get("/v1/clients", &owner).await.ok();
    assert_eq!(clients.len(), 19);
}
