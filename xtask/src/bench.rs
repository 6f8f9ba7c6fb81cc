//! `cargo xtask bench`: what the product promises about speed and size, measured as ratios against what somebody would pick instead or
//! against the physical limit, in one run, printed as one JSON document. Judges nothing: a noisy machine fails no build. What could not be
//! measured says why in its place, and the rest is measured all the same.

use crate::desktop::{Desktop, Session};
use crate::step::Step;
use crate::{build, place, printing, setup, workers};
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{ChildStderr, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// What is measured, and nothing else: an optimised build of everything would take three times as long.
const MEASURED: &[&str] = &[
    "--package=caisey-desktop",
    "--package=caisey-console",
    "--package=caisey-control-native",
    "--package=caisey-runtime",
    "--package=caisey-stories",
    "--package=caisey-control-worker",
    "--package=caisey-pdf",
    "--example=hosts",
    "--example=printing",
    "--features=custom-protocol",
    "--bin=caisey-console",
    "--bin=caisey-control",
    "--bin=caisey-journey",
    "--bin=caisey-runtime",
    "--example=blank",
    "--example=bench",
    "--example=measure",
];

/// Windows opened of each kind, in turn.
const WINDOWS: usize = 9;

/// A window that is not usable after this long is not measured.
const PATIENCE: Duration = Duration::from_secs(60);

/// One figure or some that belong together: its name in the report, and how it is measured.
struct Measurement {
    name: &'static str,
    measure: fn() -> Result<Value>,
}

/// In order: short ones first, so that something is to be seen early.
const MEASUREMENTS: &[Measurement] = &[
    Measurement {
        name: "window",
        measure: windows,
    },
    Measurement {
        name: "notification",
        measure: notifications,
    },
    Measurement {
        name: "appends",
        measure: || measured("examples/measure", &["appends", "5"]),
    },
    Measurement {
        name: "idle_endpoints",
        measure: || measured("examples/measure", &["idle", "5000"]),
    },
    Measurement {
        name: "hosts",
        measure: hosts,
    },
    Measurement {
        name: "printing",
        measure: printing::measure,
    },
    Measurement {
        name: "share_page",
        measure: || measured("examples/measure", &["share-page", "10000"]),
    },
    Measurement {
        name: "dry_run",
        measure: || measured("examples/bench", &["dry-run", "10000"]),
    },
    Measurement {
        name: "synchronise",
        measure: || measured("examples/bench", &["sync", "100000"]),
    },
    Measurement {
        name: "session",
        measure: || measured("examples/bench", &["session", "100000"]),
    },
    Measurement {
        name: "search",
        measure: || measured("examples/bench", &["search", "1000000"]),
    },
];

/// Builds what is measured, measures, and prints; with names, only the measurements of these names.
pub(crate) fn run(only: &[String]) -> Result<()> {
    let unknown = only
        .iter()
        .find(|name| !MEASUREMENTS.iter().any(|one| one.name == name.as_str()));
    if let Some(unknown) = unknown {
        let known: Vec<&str> = MEASUREMENTS.iter().map(|one| one.name).collect();
        bail!("{unknown} is not measured here; there are {}", known.join(", "));
    }
    setup::everything()?;
    build::pages().must_succeed()?;
    build::share_check()?;
    Step::cargo("measured programs", &["build", "--locked", "--profile", "measure"])
        .arguments(MEASURED)
        .must_succeed()?;
    let mut report = serde_json::Map::new();
    let wanted = |one: &&Measurement| only.is_empty() || only.iter().any(|name| name == one.name);
    for one in MEASUREMENTS.iter().filter(wanted) {
        eprintln!("measuring: {}", one.name);
        let began = Instant::now();
        let figures = (one.measure)().unwrap_or_else(|error| json!({ "not_measured": format!("{error:#}") }));
        eprintln!("   after {:.0} s: {figures}", began.elapsed().as_secs_f64());
        report.insert(one.name.to_owned(), figures);
    }
    println!("{}", serde_json::to_string_pretty(&report)?);
    Ok(())
}

fn program(name: &str) -> PathBuf {
    place::target()
        .join("measure")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// Runs one measurement, which prints JSON.
fn measured(name: &str, arguments: &[&str]) -> Result<Value> {
    let done = Command::new(program(name))
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("running {name}"))?;
    ensure!(
        done.status.success(),
        "{name} {} ended with {}",
        arguments.join(" "),
        done.status
    );
    serde_json::from_slice(&done.stdout).with_context(|| format!("{name} did not print JSON"))
}

/// Both hosts of the control plane, side by side.
fn hosts() -> Result<Value> {
    setup::workerd()?;
    if let Err(why) = workers::prepare()? {
        bail!("the control plane on workerd cannot be built here: {why}");
    }
    measured("examples/hosts", &["5", "300"])
}

/// Opens blank windows and ours in turn; the ratio of each pair, so that a machine that slows down does so for both. A window is usable
/// when its page has painted what a person can act on: `src-tauri/examples/blank.rs` and the console say so in the same way. Ours is
/// measured twice: started for the first time, and started where this computer was set up before.
fn windows() -> Result<Value> {
    ensure!(cfg!(target_os = "linux"), "the virtual desktop exists on Linux only");
    let folder = place::target().join("bench-desktop");
    if folder.is_dir() {
        std::fs::remove_dir_all(&folder).context("clearing the measurement's desktop")?;
    }
    let desktop = Desktop::start(&folder)?;
    let variables = |home: &str, embedded: bool| {
        let mut variables = vec![("CAISEY_HOME", folder.join(home).into_os_string())];
        variables.extend(embedded.then(|| ("CAISEY_AUTOSTART", OsString::from("embedded"))));
        variables
    };
    let (console, blank) = (program("caisey-console"), program("examples/blank"));
    // What a person finds who did this yesterday.
    usable_after(&desktop, &console, &variables("used", true))?;
    let (first, used) = (variables("new", false), variables("used", false));
    let (mut blank_ms, mut first_ms, mut used_ms) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=WINDOWS {
        let times = (
            usable_after(&desktop, &blank, &[])?,
            usable_after(&desktop, &console, &first)?,
            usable_after(&desktop, &console, &used)?,
        );
        // The first round warms the disk's cache.
        if round > 0 {
            blank_ms.push(times.0);
            first_ms.push(times.1);
            used_ms.push(times.2);
        }
    }
    let ratio = |ours: &[f64]| median(ours.iter().zip(&blank_ms).map(|(ours, blank)| ours / blank));
    Ok(json!({
        "windows_of_each": WINDOWS,
        "blank_ms": median(blank_ms.iter().copied()),
        "first_start_ms": median(first_ms.iter().copied()),
        "later_start_ms": median(used_ms.iter().copied()),
        "ratio": ratio(&first_ms),
        "ratio_later_start": ratio(&used_ms),
        "bar": 1.2,
    }))
}

/// From a technician's press to the call that raises the contact's notification, on a desktop of its own with a real notification service.
fn notifications() -> Result<Value> {
    ensure!(cfg!(target_os = "linux"), "the virtual desktop exists on Linux only");
    let folder = place::target().join("bench-notification");
    if folder.is_dir() {
        std::fs::remove_dir_all(&folder).context("clearing the measurement's folder")?;
    }
    let desktop = Desktop::start(&folder.join("desktop"))?;
    let done = desktop
        .command(&program("caisey-journey"))
        .args(["notification", "--rounds", "100", "--stage"])
        .arg(&folder)
        .stderr(Stdio::inherit())
        .output()
        .context("running caisey-journey")?;
    ensure!(
        done.status.success(),
        "caisey-journey notification ended with {}",
        done.status
    );
    serde_json::from_slice(&done.stdout).context("caisey-journey did not print JSON")
}

/// Milliseconds from asking the operating system for the program to its `usable` mark. Starting the virtual session is no part of it.
fn usable_after(desktop: &Desktop, program: &Path, variables: &[(&str, OsString)]) -> Result<f64> {
    let mut command = desktop.command(program);
    command
        // As on anybody's machine: how a window is composed is for the program to decide, and the test desktop's word would decide it for both.
        .env_remove("WEBKIT_DISABLE_COMPOSITING_MODE")
        // The session says when it asked for the program, whatever the program is.
        .env("CAISEY_TRACE_START", "1")
        .envs(variables.iter().map(|(name, value)| (*name, value.clone())))
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut session = Session::start(command)?;
    let errors = session.front().stderr.take().context("no standard error")?;
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || read_marks(errors, &send));
    let usable = receive.recv_timeout(PATIENCE);
    drop(session);
    usable.with_context(|| format!("{} did not become usable within {} s", program.display(), PATIENCE.as_secs()))
}

/// Sends the time from the `asked` mark to the `usable` mark, and reads on, so that the program never waits for us.
fn read_marks(errors: ChildStderr, send: &mpsc::Sender<f64>) {
    let mut asked = None;
    for line in BufReader::new(errors).lines().map_while(Result::ok) {
        match (mark(&line), asked) {
            (Some(("asked", at)), _) => asked = Some(at),
            (Some(("usable", at)), Some(asked)) => {
                // Nobody listens any more when it came too late.
                let _ = send.send(at - asked);
            }
            _ => {}
        }
    }
}

/// Name and time of a line like `caisey-start usable 312.5 1767225600000.125`: milliseconds since 1970-01-01T00:00:00Z come last.
fn mark(line: &str) -> Option<(&str, f64)> {
    let mut words = line.strip_prefix("caisey-start ")?.split(' ');
    Some((words.next()?, words.next_back()?.parse().ok()?))
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::mark;

    #[test]
    fn marks_are_told_from_everything_else() {
        assert_eq!(
            mark("caisey-start usable 312.5 1767225600000.125"),
            Some(("usable", 1_767_225_600_000.125))
        );
        assert_eq!(mark("caisey-start asked 1767225600000"), Some(("asked", 1_767_225_600_000.0)));
        for other in [
            "",
            "caisey-start ",
            "caisey-start usable",
            "a warning 12 13",
            "caisey-start usable 1 x",
        ] {
            assert_eq!(mark(other), None, "{other:?}");
        }
    }
}
