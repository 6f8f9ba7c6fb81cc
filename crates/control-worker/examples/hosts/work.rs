//! What is measured, the same for each host.

use crate::person::now;
use crate::place::{Host, Kind, Place};
use caisey_ledger::event::Decision;
use caisey_ledger::id::{ActionId, OrganisationId};
use caisey_protocol::consent::{ApprovalView, PolicyView, PublishPolicy};
use caisey_protocol::http::{EntriesPage, Submit, Submitted};
use caisey_protocol::runtime::ToRuntime;
use caisey_testkit::runtime::Runtime;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, oneshot};
use tokio_tungstenite::tungstenite::Message;

/// Writers at the same time, all to one endpoint: its object takes one batch after the other.
const WRITERS: usize = 8;
/// Statements that are signed beforehand for each writer and second: signing is the consoles' work.
const PER_WRITER_AND_S: u64 = 400;

/// Lines of chat of forty words and gaps, over HTTP.
pub async fn append(place: &mut Place, each: Duration) -> Value {
    let caller = Arc::new(place.host.caller("tess", "org:technician"));
    let (line, path) = ("word ".repeat(20), place.path("statements"));
    let mut bodies = Vec::new();
    for _ in 0..WRITERS {
        let mut own = Vec::new();
        for _ in 0..PER_WRITER_AND_S * each.as_secs().max(1) {
            let statement = place.technician.chat(&place.runtime.log, now(), &place.session, &line);
            own.push(serde_json::to_vec(&Submit { version: 1, statement }).unwrap());
        }
        bodies.push(own);
    }
    let began = Instant::now();
    let mut tasks = Vec::new();
    for own in bodies {
        let (caller, url) = (Arc::clone(&caller), format!("{}{path}", caller.base_url));
        tasks.push(tokio::spawn(async move {
            let mut took = Vec::new();
            for body in own {
                if began.elapsed() >= each {
                    break;
                }
                let from = Instant::now();
                let answer = caller
                    .http
                    .post(&url)
                    .bearer_auth(&caller.token)
                    .body(body)
                    .send()
                    .await
                    .unwrap();
                assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
                answer.bytes().await.unwrap();
                took.push(from.elapsed());
            }
            took
        }));
    }
    let mut took = Vec::new();
    for task in tasks {
        took.extend(task.await.unwrap());
    }
    latencies(took, began.elapsed(), &[("writers", json!(WRITERS))])
}

/// Reads the log page after page, again and again.
pub async fn sync(place: &Place, each: Duration) -> Value {
    let caller = place.host.caller("tess", "org:technician");
    let (began, mut took, mut entries, mut bytes) = (Instant::now(), Vec::new(), 0, 0);
    let mut from = 0;
    while began.elapsed() < each {
        let url = format!("{}{}?from={from}&limit=1000", caller.base_url, place.path("entries"));
        let asked = Instant::now();
        let answer = caller.http.get(url).bearer_auth(&caller.token).send().await.unwrap();
        let body = answer.bytes().await.unwrap();
        took.push(asked.elapsed());
        let page: EntriesPage = serde_json::from_slice(&body).unwrap();
        entries += page.records.len();
        bytes += body.len();
        from += page.records.len() as u64;
        if from >= page.size {
            from = 0;
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let more = [
        ("entries_per_s", json!((entries as f64 / seconds).round())),
        ("mbytes_per_s", json!((bytes as f64 / seconds / 1e5).round() / 10.0)),
    ];
    latencies(took, began.elapsed(), &more)
}

/// A technician proposes to a connected endpoint, an owner is shown the request and says yes: one after the other.
pub async fn approve(mut place: Place, each: Duration) -> Value {
    let (log, statements, decisions) = (place.runtime.log.clone(), place.path("statements"), place.path("decisions"));
    let url = connection(&place.host, &place.owner.organisation, &place.runtime);
    let (ready, is_ready) = oneshot::channel();
    tokio::spawn(stay(place.runtime, url, || ready.send(()).unwrap()));
    is_ready.await.expect("the machine connects");
    let technician = place.host.caller("tess", "org:technician");
    let owner = place.host.caller("olga", "org:owner");
    let policy = PublishPolicy {
        name: "bench".into(),
        after: 0,
        scope: json!({ "scope": "organisation" }),
        form: None,
        text: Some(r#"@require("member") permit (principal, action, resource);"#.into()),
    };
    let _: PolicyView = owner.post("/v1/policies", &policy).await;
    let (began, mut took, mut number) = (Instant::now(), Vec::new(), 0_u32);
    while began.elapsed() < each {
        number += 1;
        let action = ActionId::from_bits(u128::from(number).to_be_bytes());
        let proposed = place
            .technician
            .propose(&log, now(), &place.session, &action, "systemctl restart x");
        let from = Instant::now();
        let body = Submit {
            version: 1,
            statement: proposed,
        };
        let _: Submitted = technician.post(&statements, &body).await;
        let url = format!("{}/v1/approvals", owner.base_url);
        let shown = owner.http.get(url).bearer_auth(&owner.token).send().await.unwrap();
        let shown: Vec<ApprovalView> = shown.json().await.unwrap();
        let view = shown.into_iter().find(|view| view.action == action).expect("it is shown");
        let request = view.prompt.expect("with what it is about").request;
        let statement = place.owner.decide(&request, now(), Decision::Approved, None);
        let _: Submitted = owner.post(&decisions, &Submit { version: 1, statement }).await;
        took.push(from.elapsed());
    }
    latencies(took, began.elapsed(), &[])
}

fn latencies(mut took: Vec<Duration>, all: Duration, more: &[(&str, Value)]) -> Value {
    took.sort();
    let at = |share: f64| {
        let place = ((took.len() as f64 - 1.0).max(0.0) * share) as usize;
        took.get(place).map(|took| (took.as_secs_f64() * 1e5).round() / 100.0)
    };
    let mut figures = json!({
        "per_s": (took.len() as f64 / all.as_secs_f64() * 10.0).round() / 10.0,
        "median_ms": at(0.5), "p99_ms": at(0.99), "count": took.len(),
    });
    for (name, value) in more {
        figures[*name] = value.clone();
    }
    figures
}

/// Connects so many endpoints, waits until nothing moves, and divides the growth of resident memory. Stops where the machine stops.
pub async fn idle(kind: Kind, endpoints: u64) -> Value {
    let host = Host::start(kind).await;
    let caller = host.caller("olga", "org:owner");
    let organisation = caller.person().await.organisation;
    let installer = caller.installer(u32::try_from(endpoints).unwrap()).await;
    let before = settled(&host, 3).await;
    let turns = Arc::new(Semaphore::new(8));
    let began = Instant::now();
    let mut connected = Vec::new();
    for seed in 0..endpoints {
        let machine = caller.enrol(&installer.token, seed + 10).await;
        let url = connection(&host, &organisation, &machine);
        let turn = Arc::clone(&turns).acquire_owned().await.unwrap();
        let (ready, is_ready) = oneshot::channel();
        connected.push(is_ready);
        tokio::spawn(stay(machine, url, || {
            drop(turn);
            let _ = ready.send(());
        }));
    }
    for is_ready in connected {
        is_ready.await.expect("every machine connects");
    }
    let connecting_s = began.elapsed().as_secs();
    let busy = host.resident_bytes();
    // Objects are put away after some seconds without anything to do.
    let after = settled(&host, 40).await;
    json!({
        "endpoints": endpoints, "enrolled_and_connected_in_s": connecting_s,
        "resident_before_bytes": before, "resident_connected_bytes": busy, "resident_at_rest_bytes": after,
        "bytes_per_endpoint_connected": busy.saturating_sub(before) / endpoints,
        "bytes_per_endpoint_at_rest": after.saturating_sub(before) / endpoints,
    })
}

async fn settled(host: &Host, seconds: u64) -> u64 {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    host.resident_bytes()
}

/// Where a machine connects.
fn connection(host: &Host, organisation: &OrganisationId, machine: &Runtime) -> String {
    let base = host.base_url.replacen("http", "ws", 1);
    format!(
        "{base}/v1/runtime/connect?organisation={organisation}&endpoint={}",
        machine.endpoint
    )
}

/// Connects, proves the key, says once that it is welcome, and then only answers what is asked.
async fn stay(mut machine: Runtime, url: String, welcome: impl FnOnce()) {
    let (mut socket, _) = tokio_tungstenite::connect_async(&url).await.unwrap();
    let mut welcome = Some(welcome);
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else { continue };
        let message: ToRuntime = serde_json::from_str(&text).unwrap();
        let welcomed = matches!(message, ToRuntime::Welcome { .. });
        for answer in machine.receive(now(), message) {
            let text = serde_json::to_string(&answer).unwrap();
            socket.send(Message::text(text)).await.unwrap();
        }
        if welcomed && let Some(welcome) = welcome.take() {
            welcome();
        }
    }
}
