//! A console that does not read: nobody else waits for it, it holds no more than its queue, it hears why it was let go, and goes on from the
//! number that it had come to.

use crate::desk::{Desk, Socket, now, turn};
use caisey_ledger::event::RunOutcome;
use caisey_ledger::id::{ActionId, Seq, SessionId};
use caisey_protocol::http::{EntriesPage, EraseText, Submit, Submitted};
use caisey_protocol::runtime::ToRuntime;
use caisey_protocol::watch::LogEvent;
use serde_json::Value;
use std::time::Duration;

/// Pieces of output: more than the sockets of both sides hold together.
const PIECES: u64 = 300;
const PIECE: usize = 60_000;
/// More events than a connection's queue takes.
const EVENTS: u64 = 80;

/// Reads records up to a size; returns how many came.
async fn read_to(watch: &mut Socket, from: u64, size: u64) -> u64 {
    let mut next = from;
    while next < size {
        match watch.next().await {
            LogEvent::Records { from, records, .. } => {
                assert_eq!(from.get(), next);
                next += records.len() as u64;
            }
            LogEvent::Erased { .. } | LogEvent::Cosigned(_) | LogEvent::Accepted { .. } => {}
            LogEvent::Error(body) => panic!("{body:?}"),
        }
    }
    next
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_that_does_not_read_stalls_nobody_and_resumes_by_number() {
    let desk = Desk::start().await;
    let owner = desk.owner();
    let (_, mut runtime) = desk.machine(&owner, 1).await;
    let mut person = desk.person(&owner, 3).await;
    let mut socket = desk.connect(&mut runtime).await;
    let path = format!("/v1/endpoints/{}/watch?from=", runtime.endpoint);
    let mut slow = desk.socket(&format!("{path}0"), Some(&owner)).await.unwrap();
    let mut quick = desk.socket(&format!("{path}0"), Some(&owner)).await.unwrap();
    while desk.running.connections() < 3 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }

    let (session, action) = (SessionId::from_bits([1; 16]), ActionId::from_bits([1; 16]));
    let statements = format!("/v1/endpoints/{}/statements", runtime.endpoint);
    for statement in [
        person.open(&runtime.log, now(), &session),
        person.propose(&runtime.log, now(), &session, &action, "cat /var/log/*"),
    ] {
        let _: Submitted = desk.post(&statements, &owner, &Submit { version: 1, statement }).await.ok();
    }
    while !matches!(turn(&mut runtime, &mut socket).await, ToRuntime::Run { .. }) {}
    for piece in 0..PIECES {
        let letter = char::from(b'a' + u8::try_from(piece % 26).unwrap());
        runtime.print(now(), &action, &letter.to_string().repeat(PIECE));
    }
    runtime.finish(now(), &action, RunOutcome::Exited);
    let all = runtime.next_counter();
    while runtime.acked < all {
        if let Some(statements) = runtime.send(8) {
            socket.send(&statements).await;
        }
        turn(&mut runtime, &mut socket).await;
    }
    let entries = format!("/v1/endpoints/{}/entries?limit=1", runtime.endpoint);
    let page: EntriesPage = desk.get(&entries, &owner).await.ok();
    let come = read_to(&mut quick, 0, page.size).await;
    // Events that are nobody's pages: they queue up for whoever does not read, and only for them.
    let mut outputs = Vec::new();
    let mut from = 0;
    while outputs.len() < EVENTS as usize {
        let path = format!("/v1/endpoints/{}/entries?from={from}&limit=50", runtime.endpoint);
        let page: EntriesPage = desk.get(&path, &owner).await.ok();
        for record in &page.records {
            let entry: Value = serde_json::from_str(&record.leaf).unwrap();
            if entry["statement"]["kind"] == "command.output" {
                outputs.push(entry["seq"].as_u64().unwrap());
            }
        }
        from += page.records.len() as u64;
    }
    for seq in outputs.into_iter().take(EVENTS as usize) {
        let request = EraseText {
            seq: Seq::new(seq).unwrap(),
            names: vec!["output".into()],
            basis: "a test".into(),
        };
        let path = format!("/v1/endpoints/{}/erase", runtime.endpoint);
        let _: Submitted = desk.post(&path, &owner, &request).await.ok();
    }
    let come = read_to(&mut quick, come, page.size + EVENTS).await;
    assert_eq!(come, page.size + EVENTS, "who reads has everything");

    // The other one was let go: nothing more is kept for it.
    while desk.running.connections() > 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut had = 0;
    let code = loop {
        match slow.next().await {
            LogEvent::Records { from, records, .. } => {
                assert_eq!(from.get(), had);
                had += records.len() as u64;
            }
            LogEvent::Error(body) => break body.code,
            _ => {}
        }
    };
    assert_eq!(code, caisey_protocol::error::ErrorCode::TooManyRequests);
    assert!(had < come, "it had not read everything");
    let mut again = desk.socket(&format!("{path}{had}"), Some(&owner)).await.unwrap();
    assert_eq!(read_to(&mut again, had, come).await, come);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_that_stays_silent_for_good_is_given_up() {
    let desk = Desk::start_with(|config| config.limits.send_within_ms = 200).await;
    let owner = desk.owner();
    let (_, mut runtime) = desk.machine(&owner, 1).await;
    let mut person = desk.person(&owner, 3).await;
    let mut socket = desk.connect(&mut runtime).await;
    let path = format!("/v1/endpoints/{}/watch?from=0", runtime.endpoint);
    let _never_read = desk.socket(&path, Some(&owner)).await.unwrap();
    let (session, action) = (SessionId::from_bits([1; 16]), ActionId::from_bits([1; 16]));
    let statements = format!("/v1/endpoints/{}/statements", runtime.endpoint);
    for statement in [
        person.open(&runtime.log, now(), &session),
        person.propose(&runtime.log, now(), &session, &action, "cat /var/log/*"),
    ] {
        let _: Submitted = desk.post(&statements, &owner, &Submit { version: 1, statement }).await.ok();
    }
    while !matches!(turn(&mut runtime, &mut socket).await, ToRuntime::Run { .. }) {}
    for _ in 0..PIECES {
        runtime.print(now(), &action, &"x".repeat(PIECE));
    }
    let all = runtime.next_counter();
    while runtime.acked < all {
        if let Some(statements) = runtime.send(8) {
            socket.send(&statements).await;
        }
        turn(&mut runtime, &mut socket).await;
    }
    while desk.running.connections() > 1 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
