//! Working on an endpoint: what a technician does is signed here and comes back verified.

use crate::plane::{Plane, refusal, small_log};
use crate::ports::{MemoryKeyStore, open};
use caisey_console::Console;
use caisey_console::view::{NewCommand, Verification};
use caisey_ledger::entry::Record;
use caisey_ledger::hash::Hash;
use caisey_ledger::tree::{check_inclusion, leaf_hash};
use caisey_protocol::error::ErrorCode;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

async fn signed_in() -> (Console, Plane, String, TempDir) {
    let (log, _) = small_log(1);
    let endpoint = log.endpoint.to_string();
    let plane = Plane::start(vec![log]).await;
    let folder = tempfile::tempdir().unwrap();
    let console = open(folder.path(), &Arc::new(MemoryKeyStore::default())).await;
    plane.sign_in(&console).await;
    console.wait_synchronised(None, Duration::from_secs(10)).await.unwrap();
    (console, plane, endpoint, folder)
}

fn command(text: &str) -> NewCommand {
    NewCommand {
        command: text.to_owned(),
        interpreter: None,
        reason: "test".to_owned(),
        cwd: None,
        probe: None,
        timeout_ms: None,
    }
}

#[tokio::test]
async fn a_session_from_open_to_close_is_on_the_record() {
    let (console, plane, endpoint, _folder) = signed_in().await;
    assert!(console.ask_sendable(&endpoint).await.unwrap().sendable);
    assert!(console.overview().await.unwrap().endpoints[0].sendable.is_some());
    let session = console.open_session(&endpoint, "look at the printer").await.unwrap();
    console.keep_draft(&session, "systemctl sta").await.unwrap();
    assert_eq!(console.draft(&session).await.unwrap(), "systemctl sta");
    let action = console
        .propose(
            &session,
            NewCommand {
                probe: Some("lpstat".to_owned()),
                ..command("lpstat -p")
            },
        )
        .await
        .unwrap();
    console.wait_synchronised(None, Duration::from_secs(10)).await.unwrap();
    assert_eq!(console.overview().await.unwrap().notices, []);
    console.cancel(&action).await.unwrap();
    console.chat(&session, "is anyone at the printer?").await.unwrap();
    console.note(&session, "paper jam").await.unwrap();
    console.close_session(&session).await.unwrap();
    console.wait_synchronised(None, Duration::from_secs(10)).await.unwrap();

    let detail = console.session_detail(&session).await.unwrap();
    let kinds: Vec<&str> = detail.items.iter().map(|item| item.kind.as_str()).collect();
    let wanted = [
        "session.opened",
        "action.proposed",
        "action.cancel_requested",
        "chat.message",
        "note.added",
        "session.closed",
    ];
    assert_eq!(kinds, wanted);
    assert!(
        detail
            .items
            .iter()
            .all(|item| item.verification == Verification::Verified && item.actor_name == "Ada Example")
    );
    assert_eq!(detail.items[4].headline, "Note by Ada Example: paper jam");
    assert!(detail.row.closed_at_ms.is_some());
    assert_eq!(console.note(&session, "late").await.unwrap_err().code(), "invalid");
    plane.stop().await;
}

#[tokio::test]
async fn senseless_and_refused_requests_say_why_and_change_nothing() {
    let (console, plane, endpoint, _folder) = signed_in().await;
    let size = console.overview().await.unwrap().endpoints[0].cached_size;
    let code = |result: Result<String, caisey_console::ConsoleError>| result.unwrap_err().code();
    assert_eq!(code(console.open_session(&endpoint, "  ").await), "invalid");
    assert_eq!(code(console.open_session("ep_wrong", "x").await), "not_found");
    assert_eq!(code(console.propose("ses_wrong", command("ls")).await), "not_found");
    let session = console.open_session(&endpoint, "x").await.unwrap();
    assert_eq!(code(console.propose(&session, command(" \n")).await), "invalid");
    assert_eq!(code(console.propose(&session, command(&"x".repeat(40_000))).await), "invalid");
    let strange = NewCommand {
        interpreter: Some("perl".to_owned()),
        ..command("1")
    };
    assert_eq!(code(console.propose(&session, strange).await), "invalid");
    plane.change(|script| {
        script.refuse = Some(refusal(
            ErrorCode::NotSendable,
            "srv-0001 is not connected; nothing was sent.",
        ))
    });
    let refused = console.propose(&session, command("ls")).await.unwrap_err();
    assert_eq!(
        (refused.code(), refused.to_string().as_str()),
        ("not_sendable", "srv-0001 is not connected; nothing was sent.")
    );
    plane.change(|script| script.refuse = None);
    plane.stop().await;
    let offline = console.propose(&session, command("ls")).await.unwrap_err();
    assert_eq!(offline.code(), "offline");
    assert!(offline.to_string().contains("nothing was sent"), "{offline}");
    // The key's introduction and the session's opening.
    assert_eq!(console.overview().await.unwrap().endpoints[0].cached_size, size + 2);
}

/// Checks an export as a stranger would, from docs/formats/session-export.md.
#[tokio::test]
async fn a_stranger_can_check_an_export() {
    let (console, plane, _, _folder) = signed_in().await;
    let session = console.sessions(Default::default()).await.unwrap().remove(0).session;
    let export: Value = serde_json::from_slice(
        &console
            .export_session_json(&session, Default::default(), |_, _| {})
            .await
            .unwrap(),
    )
    .unwrap();
    assert_eq!(export["format"], "caisey.session-export/v1");
    let key: [u8; 32] = plane.change(|script| script.log().control_key());
    let note = export["checkpoint"].as_str().unwrap();
    let checkpoint = caisey_ledger::checkpoint::Checkpoint::open(note, export["log"].as_str().unwrap(), &key).unwrap();
    assert_eq!(export["tree_size"], checkpoint.size);
    let (first, last) = (export["first_seq"].as_u64().unwrap(), export["last_seq"].as_u64().unwrap());
    let entries = export["entries"].as_array().unwrap();
    assert_eq!(entries.len() as u64, last - first + 1);
    for (seq, entry) in (first..).zip(entries) {
        assert_eq!(entry["seq"], seq);
        let leaf = entry["leaf"].as_str().unwrap();
        let proof: Vec<Hash> = entry["inclusion_proof"]
            .as_array()
            .unwrap()
            .iter()
            .map(|hash| Hash::from_base64(hash.as_str().unwrap()).unwrap())
            .collect();
        check_inclusion(leaf_hash(leaf.as_bytes()), seq, checkpoint.size, &proof, checkpoint.root).unwrap();
        let mut record = serde_json::Map::new();
        record.insert("leaf".to_owned(), entry["leaf"].clone());
        if let Some(disclosures) = entry.get("disclosures") {
            record.insert("disclosures".to_owned(), disclosures.clone());
        }
        let record: Record = serde_json::from_value(Value::Object(record)).unwrap();
        assert!(caisey_ledger::verify::precheck(&[record]).pop().unwrap().is_ok());
    }
}
