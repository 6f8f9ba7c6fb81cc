//! `cargo xtask bench`: what the product promises about speed and size, measured as ratios against what somebody would pick instead or
//! against the physical limit, in one run, printed as one JSON document. Judges nothing: a noisy machine fails no build.

use crate::desktop::Desktop;
use crate::step::Step;
use crate::{build, place, setup};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Windows opened of each kind, in turn.
const WINDOWS: usize = 9;

/// A window that is not usable after this long is not measured.
const PATIENCE: Duration = Duration::from_secs(60);

/// Builds what is measured, measures, and prints.
pub(crate) fn run() -> Result<()> {
    setup::everything()?;
    build::pages().must_succeed()?;
    Step::cargo(
        "measured programs",
        &["build", "--locked", "--profile", "measure", "--bins", "--examples"],
    )
    .arguments(build::EVERYTHING)
    .must_succeed()?;
    let report = json!({
        "synchronise": measured("examples/bench", &["sync", "100000"])?,
        "search": measured("examples/bench", &["search", "1000000"])?,
        "appends": measured("examples/measure", &["appends", "5"])?,
        "idle_endpoints": measured("examples/measure", &["idle", "5000"])?,
        // The other figures are worth printing when no window opens.
        "window": windows().unwrap_or_else(|error| json!({ "not_measured": format!("{error:#}") })),
    });
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
    eprintln!("measuring: {} {}", name, arguments.join(" "));
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

/// Opens blank windows and ours in turn; the ratio of each pair, so that a machine that slows down does so for both.
fn windows() -> Result<Value> {
    ensure!(cfg!(target_os = "linux"), "the virtual desktop exists on Linux only");
    let folder = place::target().join("bench-desktop");
    let desktop = Desktop::start(&folder)?;
    let home = folder.join("home");
    let ours = [
        ("CAISEY_TRACE_START", OsString::from("1")),
        ("CAISEY_HOME", home.into_os_string()),
    ];
    let (mut blank_ms, mut ours_ms, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=WINDOWS {
        let blank = usable_after(&desktop, &program("examples/blank"), &[])?;
        let console = usable_after(&desktop, &program("caisey-console"), &ours)?;
        // The first round warms the disk's cache.
        if round > 0 {
            blank_ms.push(blank);
            ours_ms.push(console);
            ratios.push(console / blank);
        }
    }
    Ok(json!({
        "windows": WINDOWS, "blank_ms": median(&mut blank_ms), "console_ms": median(&mut ours_ms),
        "ratio": median(&mut ratios), "bar": 1.2,
    }))
}

/// Milliseconds from the program's first line to its `usable` mark.
fn usable_after(desktop: &Desktop, program: &Path, variables: &[(&str, OsString)]) -> Result<f64> {
    let mut child = desktop
        .command(program)
        .envs(variables.iter().map(|(name, value)| (*name, value.clone())))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting {}", program.display()))?;
    let errors = child.stderr.take().context("no standard error")?;
    let session = child.id().to_string();
    std::thread::spawn(move || {
        // Ends the reading below for a window that never comes; for one that came, there is nobody left to end.
        std::thread::sleep(PATIENCE);
        Command::new("kill").arg(session).stderr(Stdio::null()).status()
    });
    let mut usable = None;
    for line in BufReader::new(errors).lines() {
        // The programs count from their own first line, so that starting the virtual session is no part of it.
        if let Some(rest) = line?.strip_prefix("caisey-start usable ") {
            usable = rest.split(' ').next().and_then(|ms| ms.parse::<f64>().ok());
            break;
        }
    }
    // The session ends its programs when it is asked to end, not when it is killed.
    let _ = Command::new("kill").arg(child.id().to_string()).status();
    let _ = child.wait();
    usable.with_context(|| format!("{} never became usable", program.display()))
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
