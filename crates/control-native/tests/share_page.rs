//! The page of shared records in a real browser: everything is set up here, and looked at by ui/share/page.spec.ts.

use crate::desk::{Desk, now};
use crate::record::{PRIVATE, Recorded, Wanted};
use caisey_ledger::id::TimeMs;
use caisey_protocol::share::{CreateShare, RefreshShare, ShareLink, ShareView};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;

/// Commands of a session of so many entries that its page lays them out in portions and has links to times.
const LONG: usize = 60;
const PASSPHRASE: &str = "four small words here";

#[tokio::test(flavor = "multi_thread")]
async fn readers_meet_the_page_in_a_real_browser() {
    let desk = Desk::start_with(|config| config.limits.share_readings_per_minute = 10_000).await;
    let recorded = Box::pin(Recorded::make_on(desk)).await;
    let pack = recorded.pack(Wanted::default()).await;
    let create =
        async |request: CreateShare| -> ShareLink { recorded.desk.post("/v1/shares", &recorded.token, &request).await.ok() };
    let active = recorded.share(&pack).await;
    let unattested = recorded
        .pack(Wanted {
            attested: false,
            ..Wanted::default()
        })
        .await;
    let unreviewed = create(CreateShare {
        unreviewed: true,
        ..recorded.request(&unattested).await
    })
    .await;
    let locked = create(CreateShare {
        passphrase: Some(PASSPHRASE.into()),
        ..recorded.request(&pack).await
    })
    .await;
    let revoked = recorded.share(&pack).await;
    let path = format!("/v1/shares/{}", revoked.share.share);
    assert_eq!(
        recorded
            .desk
            .call("DELETE", &path, Some(&recorded.token), None::<&()>)
            .await
            .status,
        204
    );
    let refreshed = recorded.share(&without_a_question(&recorded).await).await;
    let refresh = RefreshShare {
        pack: active.share.pack.clone(),
        size_bytes: pack.len() as u64,
        unreviewed: false,
    };
    let path = format!("/v1/shares/{}/refresh", refreshed.share.share);
    let _: ShareView = recorded.desk.post(&path, &recorded.token, &refresh).await.ok();
    let soon = CreateShare {
        expires_at_ms: TimeMs::new(now().get() + 500).unwrap(),
        ..recorded.request(&pack).await
    };
    let expired = create(soon).await;
    while now() <= expired.share.expires_at_ms {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let long = Box::pin(Recorded::make_of(
        Desk::start_with(|config| config.limits.share_readings_per_minute = 10_000).await,
        (0..LONG).map(|number| (format!("cat /srv/part-{number}"), awkward(number))),
    ))
    .await;
    let long_pack = long.pack(Wanted::default()).await;
    let long_link = long.share(&long_pack).await;
    let check = recorded
        .desk
        .http
        .get(format!("{}/share/check.wasm", recorded.desk.running.base_url))
        .send()
        .await
        .unwrap();
    let shares = json!({
        "can_check": check.status() == 200,
        "active": active.url, "unreviewed": unreviewed.url, "refreshed": refreshed.url, "revoked": revoked.url, "expired": expired.url,
        "long": long_link.url, "long_commands": LONG, "locked": locked.url, "passphrase": PASSPHRASE, "private": PRIVATE,
    });
    browse(&recorded, &shares).await;
}

/// What browsers write down otherwise than it was written for them: line feeds after the tag, quotes, ampersands, spaces that do not break.
fn awkward(number: usize) -> String {
    format!("\n\n\"part\" '{number}' &amp; <b>&quot;</b>\u{a0}|\u{a0}&nbsp;\n\tthe end of part {number}\n")
}

/// Another pack of the same session.
async fn without_a_question(recorded: &Recorded) -> Vec<u8> {
    recorded
        .pack(Wanted {
            ask: None,
            ..Wanted::default()
        })
        .await
}

async fn browse(recorded: &Recorded, shares: &Value) {
    let file = recorded.desk.dir.path().join("shares.json");
    std::fs::write(&file, shares.to_string()).unwrap();
    let ui = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui");
    let done = tokio::process::Command::new("node")
        .current_dir(&ui)
        .args([
            "node_modules/@playwright/test/cli.js",
            "test",
            "--config",
            "share/playwright.config.ts",
        ])
        .env("SHARES", &file)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    assert!(
        done.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
}
