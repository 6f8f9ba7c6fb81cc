//! How fast rules read: `cargo run --release -p caisey-scrub --example throughput [MEGABYTES]`, a line of JSON for each text. They are of the
//! corpus it was developed on, over and over, or that of a file (`throughput MEGABYTES FILE`); what is long enough is read by one worker, and by
//! one for each processor. The limit to compare with is a copy of the same bytes. On a machine that others use as well, what counts is the time of the processor.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use caisey_scrub::{Alone, Facts, Rules, Text, Workers, scrub};
use std::path::Path;
use std::thread;
use std::time::Instant;

fn main() {
    let megabytes: usize = std::env::args().nth(1).map_or(32, |count| count.parse().unwrap());
    let only = std::env::args().nth(2);
    // What personal data stands in most lines of, and what builds, services and packages print.
    let dense = concat!(
        include_str!("../corpus/develop/windows.txt"),
        include_str!("../corpus/develop/unix.txt"),
        include_str!("../corpus/develop/sessions.txt")
    );
    let ordinary = include_str!("../corpus/develop/nothing.txt");
    let mut whole = String::new();
    develop(&Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/develop"), &mut whole);
    let rules = Rules::new().unwrap();
    for (name, text) in [
        ("dense", unmarked(dense)),
        ("ordinary", unmarked(ordinary)),
        ("corpus", whole),
    ] {
        if only.as_deref().is_none_or(|only| only == name) {
            measure(&rules, name, &text, megabytes);
        }
    }
    if let Some(only) = only {
        if let Ok(text) = std::fs::read_to_string(&only) {
            measure(&rules, "file", &text, megabytes);
        }
        return;
    }
    // Texts that give a rule as much to look at as possible: slower than ordinary ones, and no slower for being longer.
    for piece in [
        "@",
        "password=",
        "C:\\Users\\",
        "://",
        "1.",
        "a-",
        "-----BEGIN PRIVATE KEY-----",
        "S-1-5-21-",
        "(",
        "user ",
    ] {
        let speed = |length: usize| {
            let text = piece.repeat(length / piece.len());
            let began = Instant::now();
            rules.find(&text);
            text.len() as f64 / 1e6 / began.elapsed().as_secs_f64()
        };
        println!(
            r#"{{"piece":{piece:?},"megabytes_per_second":{:.1},"eight_times_longer":{:.1}}}"#,
            speed(65_536),
            speed(524_288)
        );
    }
}

/// Without the marks of labels.
fn unmarked(corpus: &str) -> String {
    let mut text = String::new();
    let mut rest = corpus;
    while let Some((before, mark)) = rest.split_once('⟦') {
        let (inside, after) = mark.split_once('⟧').unwrap();
        text.push_str(before);
        text.push_str(inside.split_once('|').unwrap().1);
        rest = after;
    }
    text + rest
}

fn measure(rules: &Rules, name: &str, plain: &str, megabytes: usize) {
    // Every copy is a session of its own: within one, rules pass over lines that they know.
    let copies = megabytes * 1_000_000 / plain.len();
    run(rules, name, "one", &Alone, plain, copies);
    if plain.len() > 500_000 {
        run(rules, name, "all", &Processors, plain, copies);
    }
}

/// All of the corpus: a session that is worth reading side by side.
fn develop(folder: &Path, text: &mut String) {
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            develop(&path, text);
        } else {
            text.push_str(&unmarked(&std::fs::read_to_string(path).unwrap()));
        }
    }
}

fn run(rules: &Rules, name: &str, who: &str, workers: &dyn Workers, plain: &str, copies: usize) {
    let mut session = Vec::new();
    let mut rest = plain;
    // Texts of the ledger hold at most 64 KiB.
    while !rest.is_empty() {
        let (text, after) = rest.split_at(rest.floor_char_boundary(65_536));
        session.push(Text { text, kept: &[] });
        rest = after;
    }
    let (began, before) = (Instant::now(), processor_seconds());
    let mut findings = 0;
    for _ in 0..copies {
        findings += scrub(rules, &Facts::default(), &session, workers)
            .unwrap()
            .iter()
            .map(Vec::len)
            .sum::<usize>();
    }
    let seconds = began.elapsed().as_secs_f64();
    let processor = processor_seconds() - before;
    let bytes = (copies * plain.len()) as f64;
    println!(
        r#"{{"text":"{name}","workers":"{who}","megabytes_per_second":{:.1},"megabytes_per_processor_second":{:.1},"findings":{findings},"megabytes":{:.1}}}"#,
        bytes / 1e6 / seconds,
        bytes / 1e6 / processor,
        bytes / 1e6
    );
}

/// A thread for each processor.
struct Processors;

impl Workers for Processors {
    fn each(&self, work: &(dyn Fn() + Sync)) {
        let count = thread::available_parallelism().map_or(1, usize::from);
        thread::scope(|scope| {
            for _ in 0..count {
                scope.spawn(work);
            }
        });
    }
}

/// What this process has used of processors, in seconds; the wall's time where the system does not tell. proc_pid_stat(5): fields 14
/// and 15, hundredths of a second.
fn processor_seconds() -> f64 {
    static STARTED: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let wall = STARTED.get_or_init(Instant::now).elapsed().as_secs_f64();
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: Vec<f64> = fields.skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    match ticks.as_slice() {
        [user, system] => (user + system) / 100.0,
        _ => wall,
    }
}
