//! What administrators do, and that it holds: installer tokens, removal, erasure, the organisation's own log.

use crate::desk::{Desk, enrolment, now, turn};
use caisey_ledger::id::{EndpointId, Seq, SessionId};
use caisey_protocol::http::{
    ClientView, EndpointView, EntriesPage, EraseText, InstallerSecret, InstallerView, Submit, Submitted,
};
use caisey_protocol::runtime::ToRuntime;
use caisey_protocol::watch::LogEvent;
use caisey_testkit::runtime::Runtime;
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_token_replaces_the_old_one_and_a_revoked_one_enrols_nobody() {
    let desk = Desk::start().await;
    let owner = desk.owner();
    let client = desk.client(&owner, 1).await;
    let first = desk.installer(&owner, &client, 1, 10).await;
    let path = format!("/v1/installers/{}", first.installer);
    let second: InstallerSecret = desk
        .call("POST", &format!("{path}/rotate"), Some(&owner), None::<&()>)
        .await
        .ok();
    let newcomer = Runtime::new(50, &EndpointId::from_bits([0; 16]), "");
    let with = |token: &str| enrolment(&newcomer, token);
    let old = desk.call("POST", "/v1/enrol", None, Some(&with(&first.token))).await;
    assert_eq!(old.code(), "installer_refused");
    let _: Value = desk.call("POST", "/v1/enrol", None, Some(&with(&second.token))).await.ok();
    let revoked = desk.call("DELETE", &path, Some(&owner), None::<&()>).await;
    assert_eq!(revoked.status, 204, "{}", revoked.text);
    let other = Runtime::new(51, &EndpointId::from_bits([0; 16]), "");
    let late = desk
        .call("POST", "/v1/enrol", None, Some(&enrolment(&other, &second.token)))
        .await;
    assert_eq!(late.code(), "installer_refused");
    // All of it is in the organisation's own log, and none of it tells the secrets.
    let log: EntriesPage = desk.get("/v1/admin-log", &owner).await.ok();
    assert!(log.size >= 4, "{}", log.size);
    let text = serde_json::to_string(&log).unwrap();
    for secret in [&first.token, &second.token] {
        let secret = secret.rsplit('.').next().unwrap();
        assert!(!text.contains(secret));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_endpoint_is_told_and_not_let_in_again() {
    let desk = Desk::start().await;
    let owner = desk.owner();
    let (_, mut runtime) = desk.machine(&owner, 1).await;
    let mut socket = desk.connect(&mut runtime).await;
    let path = format!("/v1/endpoints/{}", runtime.endpoint);
    let removed = desk.call("DELETE", &path, Some(&owner), None::<&()>).await;
    assert_eq!(removed.status, 204, "{}", removed.text);
    while !matches!(turn(&mut runtime, &mut socket).await, ToRuntime::Removed {}) {}
    assert!(socket.text().await.is_none(), "and closed");
    let mut again = desk.runtime_socket(&runtime).await;
    let mut told = false;
    while let Some(text) = again.text().await {
        let message: ToRuntime = serde_json::from_str(&text).unwrap();
        told |= matches!(message, ToRuntime::Removed {} | ToRuntime::Error(_));
        assert!(!matches!(message, ToRuntime::Welcome { .. }));
        if let ToRuntime::Challenge { nonce, .. } = message {
            again.send(&runtime.hello(&nonce)).await;
        }
    }
    assert!(told);
    let mut person = desk.person(&owner, 3).await;
    let statement = person.open(&runtime.log, now(), &SessionId::from_bits([1; 16]));
    let late = desk
        .post(&format!("{path}/statements"), &owner, &Submit { version: 1, statement })
        .await;
    assert_eq!((late.status, late.code().as_str()), (409, "conflict"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_text_is_gone_from_the_wire_and_proofs_stay() {
    erases(&Desk::start().await, "the patient's name is Ximena Quetzalcoatl").await;
}

/// Says this, and erases it.
pub async fn erases(desk: &Desk, secret: &str) {
    let owner = desk.owner();
    let (_, runtime) = desk.machine(&owner, 1).await;
    let mut person = desk.person(&owner, 3).await;
    let base = format!("/v1/endpoints/{}", runtime.endpoint);
    let session = SessionId::from_bits([1; 16]);
    let statement = person.open(&runtime.log, now(), &session);
    let _: Submitted = desk
        .post(&format!("{base}/statements"), &owner, &Submit { version: 1, statement })
        .await
        .ok();
    let statement = person.chat(&runtime.log, now(), &session, secret);
    let said: Submitted = desk
        .post(&format!("{base}/statements"), &owner, &Submit { version: 1, statement })
        .await
        .ok();
    let mut watch = desk
        .socket(&format!("{base}/watch?from={}", said.seq), Some(&owner))
        .await
        .unwrap();
    let LogEvent::Records { .. } = watch.next().await else {
        panic!("records")
    };

    let request = EraseText {
        seq: said.seq,
        names: vec!["message".into()],
        basis: "asked by the person".into(),
    };
    let _: Submitted = desk.post(&format!("{base}/erase"), &owner, &request).await.ok();
    loop {
        if let LogEvent::Erased { seq, names } = watch.next().await {
            assert_eq!((seq, names), (said.seq, vec!["message".to_owned()]));
            break;
        }
    }
    let kinds = crate::story::verified(desk, &owner, &runtime).await;
    assert_eq!(kinds.last().unwrap().0, "text.erased");
    let page: EntriesPage = desk
        .get(&format!("{base}/entries?from={}&limit=1", said.seq), &owner)
        .await
        .ok();
    assert!(page.records[0].disclosures.is_empty());
    assert!(!serde_json::to_string(&page).unwrap().contains(secret));
    let missing = EraseText {
        seq: Seq::new(999).unwrap(),
        ..request
    };
    assert_eq!(desk.post(&format!("{base}/erase"), &owner, &missing).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_renamed_everywhere_and_a_token_tells_when_it_was_last_used() {
    let desk = Desk::start().await;
    let owner = desk.owner();
    let (_, runtime) = desk.machine(&owner, 1).await;
    let before: EndpointView = desk.get(&format!("/v1/endpoints/{}", runtime.endpoint), &owner).await.ok();
    let path = format!("/v1/clients/{}/rename", before.client);
    let renamed: ClientView = desk
        .post(&path, &owner, &serde_json::json!({ "name": "Harbor Finance plc" }))
        .await
        .ok();
    assert_eq!(
        (&renamed.client, renamed.name.as_str()),
        (&before.client, "Harbor Finance plc")
    );
    let after: EndpointView = desk.get(&format!("/v1/endpoints/{}", runtime.endpoint), &owner).await.ok();
    assert_eq!(after.client_name, "Harbor Finance plc");
    assert_eq!(
        desk.post(&path, &owner, &serde_json::json!({ "name": " " })).await.status,
        400
    );
    let log: EntriesPage = desk.get("/v1/admin-log", &owner).await.ok();
    let text = serde_json::to_string(&log).unwrap();
    assert!(text.contains("client.renamed") && text.contains("Harbor Finance plc"));

    let unused = desk.installer(&owner, &before.client, 9, 1).await;
    let tokens: Vec<InstallerView> = desk.get("/v1/installers", &owner).await.ok();
    for token in tokens {
        let expected = (token.installer != unused.installer).then_some(after.enrolled_at_ms);
        assert_eq!(token.last_used_at_ms, expected);
    }
}
