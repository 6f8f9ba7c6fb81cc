//! A directory larger than a frame.

use crate::desk::{Desk, PATIENCE};
use caisey_control_native::{Config, ControlPlane};
use caisey_protocol::MAX_MESSAGE_BYTES;
use caisey_protocol::http::EndpointView;
use caisey_protocol::watch::DirectoryEvent;
use rusqlite::Connection;
use std::collections::BTreeSet;

const MORE: usize = 10_000;

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_endpoints_are_shown_in_frames_that_a_console_takes() {
    let desk = Desk::start().await;
    let owner = desk.owner();
    desk.machine(&owner, 1).await;
    let organisation = desk.organisation();
    let Desk { running, http, dir } = desk;
    running.shutdown().await;
    let folder = dir.path().join("data").join(organisation.as_str());
    let database = Connection::open(folder.join("organisation.sqlite")).unwrap();
    // As if so many more had enrolled: the directory is what is looked at.
    let sql = format!(
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {MORE})
         INSERT INTO endpoints SELECT printf('ep_%026d', n), client, installer, 'key ' || n, log, printf('workstation-%05d', n), os, arch,
             'offline', 12345, enrolled_at_ms, changed_at_ms FROM numbers, (SELECT * FROM endpoints LIMIT 1)"
    );
    assert_eq!(database.execute(&sql, []).unwrap(), MORE);
    drop(database);
    let config = Config::embedded(dir.path().join("data"));
    let running = ControlPlane::start(config).await.unwrap();
    let desk = Desk { running, http, dir };
    let owner = desk.owner();
    let mut watch = desk.socket("/v1/watch", Some(&owner)).await.unwrap();
    let (mut seen, mut frames) = (BTreeSet::new(), 0);
    loop {
        let text = tokio::time::timeout(PATIENCE, watch.text()).await.unwrap().unwrap();
        assert!(text.len() <= MAX_MESSAGE_BYTES, "{} bytes", text.len());
        match serde_json::from_str(&text).unwrap() {
            DirectoryEvent::Snapshot { endpoints, .. } => {
                frames += 1;
                seen.extend(endpoints.into_iter().map(|view| view.endpoint));
            }
            DirectoryEvent::Approvals { .. } => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(
        frames > 1 && seen.len() == MORE + 1,
        "{frames} frames, {} endpoints",
        seen.len()
    );
    let all: Vec<EndpointView> = desk.get("/v1/endpoints", &owner).await.ok();
    assert_eq!(all.len(), MORE + 1);
}
