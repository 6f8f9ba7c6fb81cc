//! The page of a shared session of many entries, opened by a real browser beside a plain page of the same words. The session is recorded and
//! shared through the interface, by whoever the tests let do it (`tests/record.rs`); the texts are those of `crates/pdf/examples/printing.rs`.
//! What the browser does and measures is `share_page.mjs` beside this file.

use crate::desk::Desk;
use crate::record::{Recorded, Wanted};
use caisey_protocol::share::ShareLink;
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;

const NAMES: [&str; 6] = ["Игорь Соколов", "财务部", "サーバー監視", "Ελένη Παππά", "łódź-07", "backup"];

/// Entries that a command leaves: proposed, authorised, started, printed, finished.
const PER_COMMAND: u64 = 5;

/// Measures, and says how it went as JSON.
pub async fn run(entries: u64) -> Value {
    let (_recorded, link) = shared(entries).await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/measure/share_page.mjs");
    let done = tokio::process::Command::new("node")
        .arg(script)
        .arg(&link.url)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output()
        .await
        .expect("node");
    assert!(done.status.success(), "the browser's part ended with {}", done.status);
    serde_json::from_slice(&done.stdout).expect("JSON of the browser's part")
}

/// Serves the page for whoever wants to look at it.
pub async fn open(entries: u64) -> Value {
    let (_recorded, link) = shared(entries).await;
    eprintln!("{}", link.url);
    let ended = tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
    ended.await.unwrap().unwrap();
    serde_json::json!({ "link": link.url })
}

async fn shared(entries: u64) -> (Recorded, ShareLink) {
    let desk = Desk::start_with(|config| config.limits.share_readings_per_minute = 10_000).await;
    let commands = (0..entries / PER_COMMAND).map(|number| (command(number), output(number)));
    let recorded = Box::pin(Recorded::make_of(desk, commands)).await;
    let pack = recorded.pack(Wanted::default()).await;
    let link = recorded.share(&pack).await;
    (recorded, link)
}

fn name(number: u64) -> &'static str {
    NAMES[usize::try_from(number).unwrap() % NAMES.len()]
}

fn command(number: u64) -> String {
    let name = name(number);
    format!("grep -rn '{name}' /var/log/app-{number} --include='*.log' | sort | uniq -c | sort -rn | head -n 20")
}

fn output(number: u64) -> String {
    let name = name(number);
    (0..8)
        .map(|line| {
            let (count, port) = (line * 37, 1024 + line);
            format!("{count:>7} /var/log/app-{number}/{line}.log: session of {name} opened at port {port} → ok\n")
        })
        .collect()
}
