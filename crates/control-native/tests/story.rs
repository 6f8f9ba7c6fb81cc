//! A session from enrolment to close over the real wires, and what bad input gets.

use crate::desk::{Desk, Socket, enrolment, now, turn};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use caisey_ledger::event::{DisconnectReason, RunOutcome};
use caisey_ledger::hash::Hash;
use caisey_ledger::id::{ActionId, EndpointId, SessionId};
use caisey_ledger::verify::LogVerifier;
use caisey_protocol::http::{EndpointState, EndpointView, EntriesPage, ProofAnswer, Sendable, SessionView, Submit, Submitted};
use caisey_protocol::runtime::{FromRuntime, ToRuntime};
use caisey_protocol::watch::{DirectoryEvent, LogEvent};
use caisey_testkit::runtime::Runtime;
use futures_util::SinkExt as _;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

/// Everything in the log, verified as a console would.
pub async fn verified(desk: &Desk, token: &str, runtime: &Runtime) -> Vec<(String, Value)> {
    let entries = kinds_of(desk, token, &runtime.endpoint, &runtime.log).await;
    entries.into_iter().map(|(kind, _, facts)| (kind, facts)).collect()
}

/// The same with the action that each entry is about, empty for none.
pub async fn kinds_of(desk: &Desk, token: &str, endpoint: &EndpointId, log: &str) -> Vec<(String, String, Value)> {
    let mut verifier = LogVerifier::new(log);
    let mut kinds = Vec::new();
    loop {
        let path = format!("/v1/endpoints/{endpoint}/entries?from={}&limit=100", verifier.size());
        let page: EntriesPage = desk.get(&path, token).await.ok();
        let outcome = verifier.accept_batch(&page.records);
        assert!(outcome.fault.is_none(), "{:?}", outcome.fault);
        for record in &page.records {
            let entry: Value = serde_json::from_str(&record.leaf).unwrap();
            kinds.push((
                entry["statement"]["kind"].as_str().unwrap().to_owned(),
                entry["statement"]["action"].as_str().unwrap_or_default().to_owned(),
                entry["statement"]["facts"].clone(),
            ));
        }
        if verifier.size() == page.size {
            let health: Value = desk.call("GET", "/healthz", None, None::<&()>).await.ok();
            let key: [u8; 32] = STANDARD
                .decode(health["checkpoint_key"].as_str().unwrap())
                .unwrap()
                .try_into()
                .unwrap();
            verifier.check_checkpoint(&page.checkpoint, &key).unwrap();
            return kinds;
        }
    }
}

async fn submit(
    desk: &Desk,
    token: &str,
    runtime: &Runtime,
    statement: caisey_ledger::entry::SignedStatement,
) -> crate::desk::Reply {
    desk.post(
        &format!("/v1/endpoints/{}/statements", runtime.endpoint),
        token,
        &Submit { version: 1, statement },
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_from_enrolment_to_close() {
    let desk = Desk::start().await;
    let owner = desk.owner();
    let (client, mut runtime) = desk.machine(&owner, 1).await;
    let technician = desk.member("tess@example.com", caisey_protocol::role::Role::Technician, None);
    let mut person = desk.person(&technician, 3).await;

    let mut directory = desk.socket("/v1/watch", Some(&technician)).await.unwrap();
    let DirectoryEvent::Snapshot { endpoints, .. } = directory.next().await else {
        panic!("a snapshot")
    };
    assert_eq!(
        endpoints.iter().map(|view| view.state).collect::<Vec<_>>(),
        [EndpointState::Pending]
    );
    let sendable: Sendable = desk
        .get(&format!("/v1/endpoints/{}/sendable", runtime.endpoint), &technician)
        .await
        .ok();
    assert!(!sendable.sendable && sendable.why_not.is_some());

    let mut socket = desk.connect(&mut runtime).await;
    let mut watch = desk
        .socket(&format!("/v1/endpoints/{}/watch?from=0", runtime.endpoint), Some(&technician))
        .await
        .unwrap();
    loop {
        let DirectoryEvent::Endpoint(view) = directory.next().await else {
            continue;
        };
        if view.state == EndpointState::Ready {
            break;
        }
    }
    let path = format!("/v1/endpoints/{}/sendable", runtime.endpoint);
    let asked = async { desk.get(&path, &technician).await };
    let answering = async { while !matches!(turn(&mut runtime, &mut socket).await, ToRuntime::Ping { .. }) {} };
    let (reply, ()) = tokio::join!(asked, answering);
    assert!(reply.ok::<Sendable>().sendable);

    let (session, action) = (SessionId::from_bits([1; 16]), ActionId::from_bits([1; 16]));
    let opened = person.open(&runtime.log, now(), &session);
    let first: Submitted = submit(&desk, &technician, &runtime, opened.clone()).await.ok();
    let again: Submitted = submit(&desk, &technician, &runtime, opened).await.ok();
    assert_eq!(first.seq, again.seq, "the same bytes are one entry");
    let proposed = person.propose(
        &runtime.log,
        now(),
        &session,
        &action,
        "netsh advfirewall show currentprofile",
    );
    let _: Submitted = submit(&desk, &technician, &runtime, proposed).await.ok();
    while !matches!(turn(&mut runtime, &mut socket).await, ToRuntime::Run { .. }) {}
    for line in 0..40 {
        runtime.print(now(), &action, &format!("line {line}\n"));
    }
    runtime.finish(now(), &action, RunOutcome::Exited);
    while let Some(statements) = runtime.send(7) {
        socket.send(&statements).await;
    }
    let all = runtime.next_counter();
    while runtime.acked < all {
        turn(&mut runtime, &mut socket).await;
    }
    let chat = person.chat(&runtime.log, now(), &session, "done, thank you");
    let _: Submitted = submit(&desk, &technician, &runtime, chat).await.ok();
    let close = person.close(&runtime.log, now(), &session);
    let closed: Submitted = submit(&desk, &technician, &runtime, close).await.ok();

    // The watcher has seen every entry, in order, without a hole.
    let mut next = 0;
    while next <= closed.seq.get() {
        match watch.next().await {
            LogEvent::Cosigned(_) => {}
            LogEvent::Records { from, records, .. } => {
                assert_eq!(from.get(), next);
                next += records.len() as u64;
            }
            LogEvent::Accepted { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    let kinds = verified(&desk, &technician, &runtime).await;
    let count = |kind: &str| kinds.iter().filter(|(other, _)| other == kind).count();
    assert_eq!(
        (count("command.output"), count("command.finished"), count("session.closed")),
        (40, 1, 1)
    );
    let sessions: Vec<SessionView> = desk.get(&format!("/v1/sessions?client={client}"), &technician).await.ok();
    assert_eq!(sessions.len(), 1);
    assert_eq!(
        (sessions[0].last_seq, sessions[0].actions),
        (Some(closed.seq), 1),
        "directory answers are never stale"
    );
    let size = kinds.len() as u64;
    proofs_hold(&desk, &technician, &runtime, size).await;

    // The runtime leaves; the record says how.
    socket.send(&FromRuntime::Goodbye {}).await;
    drop(socket);
    loop {
        let DirectoryEvent::Endpoint(view) = directory.next().await else {
            continue;
        };
        if view.state == EndpointState::Offline {
            break;
        }
    }
    let kinds = verified(&desk, &technician, &runtime).await;
    let left = kinds.last().unwrap();
    assert_eq!(
        (left.0.as_str(), &left.1["reason"]),
        ("endpoint.disconnected", &json!(DisconnectReason::Closed))
    );
}

async fn proofs_hold(desk: &Desk, token: &str, runtime: &Runtime, size: u64) {
    let hash = |text: &String| Hash::from_base64(text).unwrap();
    let base = format!("/v1/endpoints/{}/proof", runtime.endpoint);
    let answer: ProofAnswer = desk.get(&format!("{base}/inclusion?seq=0&size={size}"), token).await.ok();
    assert!(!answer.hashes.is_empty());
    let page: EntriesPage = desk
        .get(&format!("/v1/endpoints/{}/entries?from=0&limit=1", runtime.endpoint), token)
        .await
        .ok();
    let note = caisey_ledger::checkpoint::Checkpoint::read(&answer.checkpoint).unwrap();
    let hashes: Vec<_> = answer.hashes.iter().map(hash).collect();
    let leaf = caisey_ledger::tree::leaf_hash(page.records[0].leaf.as_bytes());
    caisey_ledger::tree::check_inclusion(leaf, 0, note.size, &hashes, note.root).unwrap();
    let nowhere = desk.get(&format!("{base}/inclusion?seq={size}&size={size}"), token).await;
    assert_eq!(nowhere.status, 404);
    let nonsense = desk.get(&format!("{base}/consistency?from=a&to=1"), token).await;
    assert_eq!((nonsense.status, nonsense.code().as_str()), (400, "bad_request"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_restart_finds_is_recorded_and_nothing_acknowledged_is_gone() {
    let desk = Desk::start().await;
    let owner = desk.owner();
    let (_, mut runtime) = desk.machine(&owner, 1).await;
    let socket = desk.connect(&mut runtime).await;
    let before = verified(&desk, &owner, &runtime).await;
    let Desk { running, http, dir } = desk;
    running.shutdown().await;
    drop(socket);
    let config = caisey_control_native::Config::embedded(dir.path().join("data"));
    let running = caisey_control_native::ControlPlane::start(config).await.unwrap();
    let desk = Desk { running, http, dir };
    let owner = desk.owner();
    let after = verified(&desk, &owner, &runtime).await;
    assert_eq!(after[..before.len()], before[..]);
    assert_eq!(after.last().unwrap().1["reason"], json!(DisconnectReason::ControlRestarted));
    let view: EndpointView = desk.get(&format!("/v1/endpoints/{}", runtime.endpoint), &owner).await.ok();
    assert_eq!(view.state, EndpointState::Offline);
    runtime.crash(now());
    let mut socket = desk.connect(&mut runtime).await;
    turn_out(&mut runtime, &mut socket).await;
}

async fn turn_out(runtime: &mut Runtime, socket: &mut Socket) {
    if let Some(statements) = runtime.send(16) {
        socket.send(&statements).await;
    }
    let all = runtime.next_counter();
    while runtime.acked < all {
        turn(runtime, socket).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_requests_get_words_and_change_nothing() {
    let desk = Desk::start().await;
    let owner = desk.owner();
    let (_, runtime) = desk.machine(&owner, 1).await;
    let mut person = desk.person(&owner, 3).await;
    let statements = format!("/v1/endpoints/{}/statements", runtime.endpoint);
    let url = format!("{}{statements}", desk.running.base_url);
    for body in ["", "{", "[]", "{\"version\":1}", "\u{0}"] {
        let answer = desk.http.post(&url).bearer_auth(&owner).body(body).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{body:?}");
        assert_eq!(answer.json::<Value>().await.unwrap()["code"], "bad_request");
    }
    let long = desk
        .http
        .post(&url)
        .bearer_auth(&owner)
        .body(vec![b' '; (1 << 20) + 1])
        .send()
        .await
        .unwrap();
    assert_eq!(long.status(), 413);
    let not_utf8 = desk
        .http
        .post(&url)
        .bearer_auth(&owner)
        .body(vec![b'"', 0xff, b'"'])
        .send()
        .await
        .unwrap();
    assert_eq!(not_utf8.status(), 400);

    let session = SessionId::from_bits([1; 16]);
    let statement = person.open(&runtime.log, now(), &session);
    let newer = desk
        .post(
            &statements,
            &owner,
            &Submit {
                version: 2,
                statement: statement.clone(),
            },
        )
        .await;
    assert_eq!(newer.code(), "unsupported_version");
    let mut unsigned = statement.clone();
    unsigned.signature = None;
    assert_eq!(submit(&desk, &owner, &runtime, unsigned).await.code(), "bad_signature");
    let mut altered = statement.clone();
    altered.statement.at_ms = now();
    altered
        .statement
        .facts
        .insert("device".into(), json!("dev_00000000000000000000000009"));
    assert_eq!(submit(&desk, &owner, &runtime, altered).await.code(), "bad_signature");
    let mut stranger = caisey_testkit::person::Person::new(99, &person.organisation, person.role);
    let foreign = stranger.open(&runtime.log, now(), &session);
    assert_eq!(submit(&desk, &owner, &runtime, foreign).await.code(), "bad_signature");
    for id in ["ep_", "x", "ep_00000000000000000000000009"] {
        let reply = desk.get(&format!("/v1/endpoints/{id}/entries"), &owner).await;
        assert!(matches!(reply.status, 400 | 404), "{id}");
    }
    assert_eq!(
        desk.get(
            &format!("/v1/endpoints/{}/entries?from=9007199254740992", runtime.endpoint),
            &owner
        )
        .await
        .status,
        400
    );
    let mut older = enrolment(&runtime, "x");
    older.version = 0;
    assert_eq!(
        desk.call("POST", "/v1/enrol", None, Some(&older)).await.code(),
        "unsupported_version"
    );
    assert_eq!(verified(&desk, &owner, &runtime).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_frames_close_the_connection_with_a_reason() {
    let desk = Desk::start().await;
    let owner = desk.owner();
    let (_, runtime) = desk.machine(&owner, 1).await;
    let forged = Runtime::new(77, &runtime.endpoint, &runtime.log);
    let mut newer = serde_json::to_value(runtime.hello("AAAA")).unwrap();
    newer["version"] = json!(2);
    let cases: Vec<(&str, Value, &str)> = vec![
        ("not a frame", json!(7), "bad_request"),
        ("an unknown frame", json!({ "type": "format_disk" }), "bad_request"),
        ("a future version", newer, "unsupported_version"),
        (
            "a future version's unknown shape",
            json!({ "type": "greetings", "version": 9 }),
            "unsupported_version",
        ),
        (
            "another key",
            serde_json::to_value(forged.hello("AAAA")).unwrap(),
            "bad_signature",
        ),
    ];
    for (what, frame, code) in cases {
        let mut socket = desk.runtime_socket(&runtime).await;
        let ToRuntime::Challenge { .. } = socket.next().await else {
            panic!("a challenge")
        };
        socket.send(&frame).await;
        assert_eq!(socket.error().await, code, "{what}");
    }
    // The limit is of bytes as they travel, whatever letters they are; two of a frame's are its quotes.
    let most = caisey_protocol::MAX_MESSAGE_BYTES - 2;
    for (what, words, code) in [
        ("as long as a frame may be", "x".repeat(most), "bad_request"),
        ("a byte longer", "x".repeat(most + 1), "too_large"),
        ("as long, in two bytes a letter", "ř".repeat(most / 2), "bad_request"),
        ("a letter longer", "ř".repeat(most / 2 + 1), "too_large"),
        ("in three bytes a letter", "漢".repeat(most / 3 + 1), "too_large"),
    ] {
        let mut socket = desk.runtime_socket(&runtime).await;
        let ToRuntime::Challenge { .. } = socket.next().await else {
            panic!("a challenge")
        };
        socket.send(&json!(words)).await;
        assert_eq!(socket.error().await, code, "{what}");
    }
    let mut watch = desk.socket("/v1/watch", Some(&owner)).await.unwrap();
    let _: DirectoryEvent = watch.next().await;
    watch.send(&json!({})).await;
    assert_eq!(watch.error().await, "bad_request");
    let ahead = format!("/v1/endpoints/{}/watch?from=100", runtime.endpoint);
    let mut watch = desk.socket(&ahead, Some(&owner)).await.unwrap();
    assert_eq!(watch.error().await, "conflict");
    assert_eq!(verified(&desk, &owner, &runtime).await.len(), 1);
}

/// Between its limit and what it reads at all a host says why; beyond that the connection ends. Either costs nothing that is on record.
#[tokio::test(flavor = "multi_thread")]
async fn frames_of_any_length_cost_their_connection_and_nothing_else() {
    let desk = Desk::start().await;
    let owner = desk.owner();
    let (_, mut runtime) = desk.machine(&owner, 1).await;
    let mut kept = Vec::new();
    // Two bytes are the quotes of a JSON text.
    for length in [caisey_protocol::MAX_MESSAGE_BYTES + 1, crate::CUT_BYTES - 1, crate::CUT_BYTES] {
        let mut socket = desk.connect(&mut runtime).await;
        socket.send(&json!("x".repeat(length - 2))).await;
        assert_eq!(socket.error().await, "too_large", "{length}");
        let held = verified(&desk, &owner, &runtime).await;
        assert!(held.starts_with(&kept) && held.len() > kept.len(), "{length}");
        kept = held;
    }
    for length in [crate::CUT_BYTES + 1, crate::CUT_BYTES + (4 << 20)] {
        let mut socket = desk.connect(&mut runtime).await;
        let text = serde_json::to_string(&"x".repeat(length - 2)).unwrap();
        // Nobody reads to its end; what was said of it may be lost where the connection is cut off meanwhile.
        let _ = timeout(Duration::from_secs(2), socket.0.send(Message::text(text))).await;
        while let Some(last) = socket.text().await {
            let last: Value = serde_json::from_str(&last).unwrap();
            assert!(last["type"] != "error" || last["code"] == "too_large", "{last}");
        }
        let held = verified(&desk, &owner, &runtime).await;
        assert!(held.starts_with(&kept), "{length}");
        kept = held;
    }
    desk.connect(&mut runtime).await;
    assert!(verified(&desk, &owner, &runtime).await.starts_with(&kept));
}
