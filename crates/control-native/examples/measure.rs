//! Measures the host: durable appends against raw SQLite on the same disk, and memory per idle connected endpoint. Prints JSON.
//!
//! `measure appends [SECONDS]` runs 64 writers four ways, that long each: raw SQLite with group commits of the same bytes, the same with
//! one signature verified per row, through the in-process mailbox, and over HTTP; and says where the processor time goes. `measure idle [ENDPOINTS]` starts the program `caisey-control` beside this one, connects that many
//! simulated runtimes, waits until nothing moves, and divides the growth of its resident memory. `measure share-page [ENTRIES]` shares a session of so
//! many entries and has a browser open the link, as a desk and as a phone, beside a plain page of the same words; `measure share-page ENTRIES
//! open` prints the link and serves it until standard input ends. For `cargo xtask bench` and people.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub
)]

#[path = "measure/appends.rs"]
mod appends;
#[path = "../tests/desk.rs"]
#[allow(dead_code, reason = "of what tests set up, a part is wanted here")]
mod desk;
#[path = "measure/idle.rs"]
mod idle;
#[path = "measure/person.rs"]
mod person;
#[path = "../tests/record.rs"]
#[allow(dead_code, reason = "of what tests set up, a part is wanted here")]
mod record;
#[path = "measure/share_page.rs"]
mod share_page;
#[path = "measure/stages.rs"]
mod stages;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let number = |default: u64| arguments.get(1).map_or(default, |text| text.parse().expect("a number"));
    caisey_control_native::raise_file_limit();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let result = match arguments.first().map(String::as_str) {
        Some("appends") => runtime.block_on(appends::run(number(5))),
        Some("idle") => runtime.block_on(idle::run(number(5_000))),
        Some("share-page") if arguments.get(2).is_some_and(|word| word == "open") => {
            runtime.block_on(share_page::open(number(10_000)))
        }
        Some("share-page") => runtime.block_on(share_page::run(number(10_000))),
        _ => {
            println!("measure appends [SECONDS] | measure idle [ENDPOINTS] | measure share-page [ENTRIES [open]]");
            std::process::exit(2);
        }
    };
    println!("{}", serde_json::to_string_pretty(&result).expect("JSON"));
}
