//! Objects that the platform put away while nothing happened: an alarm makes one again and what is due is done; connections that hibernated go
//! on. workerd puts an object away after ten idle seconds.

use crate::approvals::Scene;
use crate::desk::Socket;
use caisey_ledger::event::Decision;
use caisey_ledger::id::ActionId;
use caisey_protocol::http::Submitted;
use caisey_protocol::watch::{DirectoryEvent, LogEvent};
use serde_json::Value;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// After this, an object that nobody spoke to is away.
const IDLE: Duration = Duration::from_secs(13);
/// Before this, an alarm has rung that was set before.
const RUNG: Duration = Duration::from_secs(40);

async fn scene() -> Scene {
    let scene = Scene::set_with(|config| config.serves = "tests/asleep/config.capnp").await;
    scene.introduces_herself().await;
    scene.until_any("contact.trusted").await;
    scene
}

/// How often the organisation's and the endpoint's object were made, and how often the endpoint's alarm rang early. Asks neither.
async fn objects(scene: &Scene) -> (u64, u64, u64) {
    let told: Value = scene.desk.call("GET", "/objects", None, None::<&()>).await.ok();
    let organisation = scene.desk.organisation().to_string();
    let endpoint = &told[format!("{organisation}/{}", scene.endpoint)];
    let number = |value: &Value| value.as_u64().unwrap();
    (
        number(&told[&organisation]["made"]),
        number(&endpoint["made"]),
        number(&endpoint["rang"]),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_expires_by_the_alarm_of_an_object_that_was_put_away() {
    let mut scene = scene().await;
    let action = scene.propose().await;
    let (_, made, rang) = objects(&scene).await;
    assert_eq!(rang, 0, "too early");
    let rung = async {
        while objects(&scene).await.2 == 0 {
            sleep(Duration::from_millis(500)).await;
        }
    };
    timeout(RUNG, rung).await.expect("an alarm");
    assert!(objects(&scene).await.1 > made, "it was not put away before");
    // Its clock says that the request is over only since the alarm rang.
    assert_eq!(scene.until(&action, "approval.decided").await["decision"], "expired");
    assert_eq!(scene.until(&action, "action.refused").await["code"], "approval_expired");
    assert_eq!(scene.lines(), 0);
    scene.runtime.stop().await;
}

async fn told_of(watch: &mut Socket, action: &ActionId) {
    loop {
        if let DirectoryEvent::Approval(view) = watch.next().await
            && view.action == *action
        {
            return;
        }
    }
}

/// Reads until an entry of this kind about this action comes.
async fn shown(watch: &mut Socket, action: &ActionId, kind: &str) {
    loop {
        let LogEvent::Records { records, .. } = watch.next().await else {
            continue;
        };
        let statement = |leaf: &str| serde_json::from_str::<Value>(leaf).unwrap()["statement"].clone();
        let mut statements = records.iter().map(|record| statement(&record.leaf));
        if statements.any(|said| said["kind"] == kind && said["action"] == action.as_str()) {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_runs_over_connections_that_hibernated() {
    let mut scene = scene().await;
    let from = scene.entries().await.len();
    let path = format!("/v1/endpoints/{}/watch?from={from}", scene.endpoint);
    let mut log = scene.desk.socket(&path, Some(&scene.owner.token)).await.unwrap();
    let mut directory = scene.desk.socket("/v1/watch", Some(&scene.zdenka.token)).await.unwrap();
    let _: DirectoryEvent = directory.next().await;
    let before = objects(&scene).await;
    sleep(IDLE).await;
    let action = scene.propose().await;
    let after = objects(&scene).await;
    assert!(
        after.0 > before.0 && after.1 > before.1,
        "{before:?} {after:?}: nothing was put away"
    );
    let played = async {
        told_of(&mut directory, &action).await;
        let yes = scene.answer(&action, Decision::Approved, None).await;
        scene.decision(&scene.zdenka.token, yes).await.ok::<Submitted>();
        shown(&mut log, &action, "command.finished").await;
    };
    timeout(Duration::from_secs(20), played).await.unwrap();
    assert_eq!(scene.lines(), 1);
    let connected = |entries: &[(String, String, Value)]| {
        entries
            .iter()
            .filter(|(kind, ..)| kind.starts_with("endpoint.") && kind.ends_with("connected"))
            .count()
    };
    assert_eq!(connected(&scene.entries().await), 1, "over the runtime's first connection");
    scene.runtime.stop().await;
}
