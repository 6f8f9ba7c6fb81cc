//! kill -9 of workerd at random points under load, over and over: nothing that was acknowledged is lost or doubled, and every log verifies.
//!
//! `CAISEY_ROUNDS=100` plays a hundred rounds.

use crate::desk::{Desk, now};
use crate::story::verified;
use caisey_control_native::{Config, ControlPlane};
use caisey_ledger::entry::SignedStatement;
use caisey_ledger::event::Event;
use caisey_ledger::id::SessionId;
use caisey_protocol::http::{EntriesPage, Submit, Submitted};
use caisey_protocol::runtime::ToRuntime;
use caisey_testkit::dice::Dice;
use caisey_testkit::runtime::Runtime;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

const WRITERS: usize = 4;

/// Sends statements one after the other until told to stop or the host is gone; what was acknowledged, by its text.
async fn write(
    desk: Arc<Desk>,
    token: String,
    path: String,
    said: Vec<(String, SignedStatement)>,
    stop: Arc<AtomicBool>,
) -> Vec<(String, u64)> {
    let mut acknowledged = Vec::new();
    for (words, statement) in said {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let url = format!("{}{path}", desk.running.base_url);
        let request = desk
            .http
            .post(url)
            .bearer_auth(&token)
            .json(&Submit { version: 1, statement });
        let Ok(answer) = request.send().await else { break };
        if !answer.status().is_success() {
            break;
        }
        let Ok(placed) = answer.json::<Submitted>().await else { break };
        acknowledged.push((words, placed.seq.get()));
    }
    acknowledged
}

/// The endpoint's own word over its connection, as fast as it is acknowledged, until the host is gone.
async fn speak(desk: Arc<Desk>, mut runtime: Runtime) -> Runtime {
    let url = format!(
        "ws://{}/v1/runtime/connect?organisation={}&endpoint={}",
        desk.running.addr,
        desk.organisation(),
        runtime.endpoint
    );
    let Ok((mut socket, _)) = tokio_tungstenite::connect_async(url).await else {
        return runtime;
    };
    'connected: while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else { continue };
        let message: ToRuntime = serde_json::from_str(&text).unwrap();
        if matches!(message, ToRuntime::Error(_)) {
            break;
        }
        let mut answers = runtime.receive(now(), message);
        while runtime.outbox.len() < 24 {
            let gap = Event::RecorderGap {
                cause: "restarted".into(),
                from_ms: now().get(),
                to_ms: now().get(),
            };
            runtime.say(now(), &gap, None, &[("detail", "said under load")]);
        }
        answers.extend(std::iter::from_fn(|| runtime.send(8)));
        for answer in answers {
            let text = serde_json::to_string(&answer).unwrap();
            if socket.send(Message::text(text)).await.is_err() {
                break 'connected;
            }
        }
    }
    runtime.disconnected();
    runtime
}

/// Texts of people's messages with their places, and the counters of the endpoint's statements in order.
async fn recorded(desk: &Desk, token: &str, runtime: &Runtime) -> (BTreeMap<String, Vec<u64>>, Vec<u64>) {
    let mut found: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let mut counters = Vec::new();
    let mut from = 0;
    loop {
        let page: EntriesPage = desk
            .get(&format!("/v1/endpoints/{}/entries?from={from}", runtime.endpoint), token)
            .await
            .ok();
        for record in &page.records {
            let entry: Value = serde_json::from_str(&record.leaf).unwrap();
            counters.extend(entry["statement"]["counter"].as_u64());
            if let Some(text) = record.disclosures.get("message").and_then(|text| text.full_text()) {
                found.entry(text.to_owned()).or_default().push(entry["seq"].as_u64().unwrap());
            }
        }
        from += page.records.len() as u64;
        if from >= page.size {
            return (found, counters);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_kill_9() {
    let rounds: u64 = std::env::var("CAISEY_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(4);
    let mut desk = Desk::start().await;
    let mut owner = desk.owner();
    let (_, mut runtime) = desk.machine(&owner, 1).await;
    let mut person = desk.person(&owner, 3).await;
    let session = SessionId::from_bits([1; 16]);
    let path = format!("/v1/endpoints/{}/statements", runtime.endpoint);
    let opened = Submit {
        version: 1,
        statement: person.open(&runtime.log, now(), &session),
    };
    let _: Submitted = desk.post(&path, &owner, &opened).await.ok();
    let mut dice = Dice::new(7);
    let mut acknowledged: Vec<(String, u64)> = Vec::new();
    for round in 0..rounds {
        let stop = Arc::new(AtomicBool::new(false));
        let shared = Arc::new(desk);
        let mut writers = Vec::new();
        for writer in 0..WRITERS {
            let chat = |number| {
                let words = format!("round {round} writer {writer} number {number}");
                let said = person.chat(&runtime.log, now(), &session, &words);
                (words, said)
            };
            let said: Vec<_> = (0..200).map(chat).collect();
            writers.push(tokio::spawn(write(
                Arc::clone(&shared),
                owner.clone(),
                path.clone(),
                said,
                Arc::clone(&stop),
            )));
        }
        let speaker = tokio::spawn(speak(Arc::clone(&shared), runtime));
        let wait = 20 + u64::from(dice.bytes::<2>()[0]) * 3;
        tokio::time::sleep(Duration::from_millis(wait)).await;
        shared.running.workerd.kill_now();
        stop.store(true, Ordering::Relaxed);
        for writer in writers {
            acknowledged.extend(writer.await.unwrap());
        }
        runtime = speaker.await.unwrap();
        let Desk { running, http, dir } = Arc::into_inner(shared).unwrap();
        running.shutdown().await;
        let config = Config::embedded(dir.path().join("data"));
        let running = ControlPlane::start(config).await.unwrap();
        desk = Desk { running, http, dir };
        // Tokens last five minutes, and a hundred rounds longer.
        owner = desk.owner();
        let (found, counters) = recorded(&desk, &owner, &runtime).await;
        for (words, seq) in &acknowledged {
            assert_eq!(found.get(words), Some(&vec![*seq]), "{words}: acknowledged at {seq}");
        }
        assert!(found.values().all(|places| places.len() == 1));
        assert!(
            counters.iter().copied().eq(0..counters.len() as u64),
            "the endpoint's statements are dense, each once"
        );
        assert!(
            counters.len() as u64 >= runtime.acked,
            "{} of {} acknowledged",
            counters.len(),
            runtime.acked
        );
    }
    let entries = verified(&desk, &owner, &runtime).await;
    eprintln!(
        "{rounds} kills, {} of people and {} of the endpoint acknowledged, {} entries",
        acknowledged.len(),
        runtime.acked,
        entries.len()
    );
    let spoke = runtime.acked >= rounds && acknowledged.len() as u64 >= rounds;
    assert!(spoke, "the load is too small to say anything");
}
