//! kill -9 of workerd at random points under load, over and over: nothing that was acknowledged is lost or doubled, and every log verifies.
//!
//! `CAISEY_ROUNDS=100` plays a hundred rounds.

use crate::desk::{Desk, now};
use crate::story::verified;
use caisey_control_native::{Config, ControlPlane};
use caisey_ledger::entry::SignedStatement;
use caisey_ledger::id::SessionId;
use caisey_protocol::http::{EntriesPage, Submit, Submitted};
use caisey_testkit::dice::Dice;
use caisey_testkit::runtime::Runtime;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

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

async fn texts(desk: &Desk, token: &str, runtime: &Runtime) -> BTreeMap<String, Vec<u64>> {
    let mut found: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let mut from = 0;
    loop {
        let page: EntriesPage = desk
            .get(&format!("/v1/endpoints/{}/entries?from={from}", runtime.endpoint), token)
            .await
            .ok();
        for record in &page.records {
            let entry: Value = serde_json::from_str(&record.leaf).unwrap();
            if let Some(text) = record.disclosures.get("message").and_then(|text| text.full_text()) {
                found.entry(text.to_owned()).or_default().push(entry["seq"].as_u64().unwrap());
            }
        }
        from += page.records.len() as u64;
        if from >= page.size {
            return found;
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
    let owner = desk.owner();
    let (_, runtime) = desk.machine(&owner, 1).await;
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
        let wait = 20 + u64::from(dice.bytes::<2>()[0]) * 3;
        tokio::time::sleep(Duration::from_millis(wait)).await;
        shared.running.workerd.kill_now();
        stop.store(true, Ordering::Relaxed);
        for writer in writers {
            acknowledged.extend(writer.await.unwrap());
        }
        let Desk { running, http, dir } = Arc::into_inner(shared).unwrap();
        running.shutdown().await;
        let config = Config::embedded(dir.path().join("data"));
        let running = ControlPlane::start(config).await.unwrap();
        desk = Desk { running, http, dir };
        let found = texts(&desk, &owner, &runtime).await;
        for (words, seq) in &acknowledged {
            assert_eq!(found.get(words), Some(&vec![*seq]), "{words}: acknowledged at {seq}");
        }
        assert!(found.values().all(|places| places.len() == 1));
    }
    let entries = verified(&desk, &owner, &runtime).await;
    eprintln!(
        "{rounds} kills, {} acknowledged, {} entries",
        acknowledged.len(),
        entries.len()
    );
    assert!(acknowledged.len() as u64 >= rounds, "the load is too small to say anything");
}
