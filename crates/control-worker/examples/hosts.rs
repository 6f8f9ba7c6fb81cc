//! Measures both hosts side by side, as programs, over HTTP and WebSocket, in turns: appends, reading a log as a console that synchronises does,
//! requests from proposal to decision, and memory per connected endpoint that does nothing. Prints JSON.
//!
//! `hosts [SECONDS] [ENDPOINTS]`. What workerd's figures are worth: its local storage is one SQLite file for each object on this disk, as the native
//! host's; on the platform a commit also goes to other places before it counts, and is not measured here. For `cargo xtask bench` and people.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub
)]

#[path = "../../control-native/tests/issuer.rs"]
#[allow(dead_code)]
mod issuer;
#[path = "../../control-native/examples/measure/person.rs"]
mod person;
#[path = "hosts/place.rs"]
mod place;
#[path = "hosts/work.rs"]
mod work;
#[path = "../tests/workerd.rs"]
#[allow(dead_code)]
mod workerd;

use place::{Kind, Place};
use serde_json::{Map, Value, json};
use std::time::Duration;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: u64| arguments.next().map_or(default, |text| text.parse().expect("a number"));
    let (seconds, endpoints) = (Duration::from_secs(number(5)), number(300));
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let result = runtime.block_on(run(seconds, endpoints));
    println!("{}", serde_json::to_string_pretty(&result).expect("JSON"));
}

async fn run(seconds: Duration, endpoints: u64) -> Value {
    let mut report = Map::new();
    report.insert("load_before".to_owned(), load());
    for kind in [Kind::Native, Kind::Workerd] {
        let mut place = Place::make(kind).await;
        let figures = json!({
            "append": work::append(&mut place, seconds).await,
            "sync": work::sync(&place, seconds).await,
            "approval": work::approve(place, seconds).await,
        });
        report.insert(kind.name().to_owned(), figures);
    }
    for kind in [Kind::Native, Kind::Workerd] {
        let idle = work::idle(kind, endpoints).await;
        if let Some(Value::Object(figures)) = report.get_mut(kind.name()) {
            figures.insert("idle".to_owned(), idle);
        }
    }
    report.insert("load_after".to_owned(), load());
    Value::Object(report)
}

/// The machine's, over one minute: figures of a busy machine are worth less.
fn load() -> Value {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    json!(text.split(' ').next().unwrap_or_default())
}
