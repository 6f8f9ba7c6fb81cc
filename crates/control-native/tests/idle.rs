//! Objects that nobody needs right now are put away, also while a runtime stays connected.

use crate::desk::{Desk, turn};
use crate::story::verified;
use caisey_ledger::event::DisconnectReason;
use caisey_protocol::http::Sendable;
use caisey_protocol::runtime::ToRuntime;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_connection_replaces_the_older_and_an_idle_endpoint_is_put_away_while_connected() {
    let desk = Desk::start_with(|config| config.limits.idle_ms = 50).await;
    let owner = desk.owner();
    let (_, mut runtime) = desk.machine(&owner, 1).await;
    let mut first = desk.connect(&mut runtime).await;
    runtime.disconnected();
    let mut second = desk.connect(&mut runtime).await;
    // What was on its way comes still; then the older connection is closed.
    while first.text().await.is_some() {}
    let database = desk
        .dir
        .path()
        .join("data")
        .join(desk.organisation().as_str())
        .join(format!("{}.sqlite-wal", runtime.endpoint));
    // Put away means closed: SQLite takes its write-ahead log away with it.
    while database.exists() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(desk.running.connections(), 1);
    let path = format!("/v1/endpoints/{}/sendable", runtime.endpoint);
    let asked = async { desk.get(&path, &owner).await };
    let answering = async { while !matches!(turn(&mut runtime, &mut second).await, ToRuntime::Ping { .. }) {} };
    let (reply, ()) = tokio::join!(asked, answering);
    assert!(reply.ok::<Sendable>().sendable, "it is found again");
    let kinds = verified(&desk, &owner, &runtime).await;
    let reasons: Vec<_> = kinds
        .iter()
        .filter(|(kind, _)| kind == "endpoint.disconnected")
        .map(|(_, facts)| facts["reason"].clone())
        .collect();
    assert_eq!(reasons, [json!(DisconnectReason::Replaced)]);
}
