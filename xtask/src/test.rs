//! `cargo xtask test`: everything that has to hold before a change may land. Quick checks first; the first failing step ends the run and
//! says how to repeat it. The last line counts, also what was left out because this machine cannot do it.

use crate::desktop::Desktop;
use crate::step::{Outcome, Step};
use crate::tally::{Reporter, Tally};
use crate::{bindings, build, interop, journey, place, setup, unused, wasm, workers};
use anyhow::{Context, Result};
use std::process::ExitCode;
use std::time::Instant;

/// What ended a run early.
enum Stop {
    /// A step failed; it has said so.
    Failed,
    /// A step could not be run.
    Broken(anyhow::Error),
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::Broken(error)
    }
}

/// What is left out where the control plane's module cannot be built.
const ON_WORKERD: [&str; 7] = [
    "a deployment to Workers, without doing it",
    "a deployment to Workers, without doing it staging",
    "tests on workerd",
    "a session on workerd, and a rewind",
    "an organisation moves to workerd and back",
    "chaos (worker host)",
    "journey handover-worker",
];

/// Runs everything.
pub(crate) fn run() -> ExitCode {
    let began = Instant::now();
    let mut total = Tally::default();
    let ended = all(&mut total);
    if let Err(Stop::Broken(error)) = &ended {
        eprintln!("error: {error:#}");
        total.failed += 1;
    }
    println!("\nAll steps together: {:.0} s", began.elapsed().as_secs_f64());
    println!("{total}");
    if ended.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Asks the advisory database.
pub(crate) fn advisories() -> Result<()> {
    Step::cargo("advisories", &["deny", "--all-features", "check", "advisories"]).must_succeed()
}

fn all(total: &mut Tally) -> Result<(), Stop> {
    setup::everything()?;
    step(total, &Step::cargo("format", &["fmt", "--all", "--check"]))?;
    check(
        total,
        "unused dependencies",
        "these are listed and never named; take them out of their Cargo.toml",
        unused::find,
    )?;
    step(
        total,
        &Step::cargo(
            "licences, bans, sources",
            &[
                "deny",
                "--all-features",
                "--log-level",
                "error",
                "check",
                "bans",
                "licenses",
                "sources",
            ],
        ),
    )?;
    // The desktop carries the built pages, so they come before anything that compiles it.
    step(total, &build::script("page types", "check"))?;
    step(total, &build::script("page units", "test").reporting(Reporter::Vitest))?;
    step(total, &build::pages())?;
    if let Err(why) = wasm::share_check()? {
        skip(total, &["the browser's check of shared records"], &why);
    }
    step(
        total,
        &Step::cargo("clippy", &["clippy", "--locked", "--all-targets"])
            .arguments(build::EVERYTHING)
            .arguments(&["--", "-D", "warnings"]),
    )?;
    step(
        total,
        &Step::cargo("documentation", &["doc", "--locked", "--no-deps", "--document-private-items"])
            .arguments(build::EVERYTHING)
            .variable("RUSTDOCFLAGS", "-D warnings"),
    )?;
    let workers = workers::prepare()?;
    if let Err(why) = &workers {
        skip(total, &ON_WORKERD, why);
    }
    if workers.is_ok() {
        for deployment in workers::dry_deployments() {
            step(total, &deployment)?;
        }
    }
    match wasm::step() {
        Ok(check) => step(total, &check)?,
        Err(why) => skip(total, &["pure rooms for wasm32"], &why),
    }
    step(total, &build::programs_and_tests())?;
    tests(total, workers.is_ok())?;
    check(
        total,
        "TypeScript types",
        "ui/src/generated does not match the Rust types; run: cargo xtask bindings",
        bindings::differences,
    )?;
    step(
        total,
        &Step::cargo("documentation examples", &["test", "--locked", "--doc"])
            .arguments(build::EVERYTHING)
            .reporting(Reporter::Libtest),
    )?;
    step(
        total,
        &build::script("pages in a browser", "pages").reporting(Reporter::Playwright),
    )?;
    for script in interop::steps()? {
        step(total, &script)?;
    }
    // A taste of it; `cargo xtask chaos` plays two hundred rounds.
    journey::play_chaos(15, 1, "native")?;
    total.passed += 1;
    if workers.is_ok() {
        journey::play_workers()?;
        journey::play_moving()?;
        journey::play_chaos(6, 2, "worker")?;
        total.passed += 3;
    }
    for which in ["attacks", "restore"] {
        journey::play_attack(which)?;
        total.passed += 1;
    }
    // Both stories, from their first command to what a stranger reads.
    if cfg!(target_os = "linux") && workers.is_ok() {
        journey::play_handover(&place::target().join("journey-worker"), "worker")?;
        total.passed += 2;
    }
    if cfg!(target_os = "linux") {
        journey::play_handover(&place::target().join("journey"), "native")?;
        journey::play_confined(&place::target().join("journey-confined"), "native")?;
        total.passed += 3;
    }
    Ok(())
}

/// All Rust tests, on a desktop of their own where there can be one: some open windows, show notifications and keep keys.
fn tests(total: &mut Tally, on_workerd: bool) -> Result<(), Stop> {
    let fresh = bindings::fresh();
    if fresh.is_dir() {
        std::fs::remove_dir_all(&fresh).context("clearing old TypeScript types")?;
    }
    let nextest = Step::cargo(
        "tests",
        &[
            "nextest",
            "run",
            "--locked",
            "--no-fail-fast",
            "--status-level",
            "fail",
            "--show-progress",
            "none",
        ],
    )
    .arguments(build::EVERYTHING)
    .variable("TS_RS_EXPORT_DIR", &fresh)
    .reporting(Reporter::Nextest);
    // Some sign in at identity providers that are Node.js programs, some send mail to a server that is a Python program.
    interop::prepare()?;
    let nextest = setup::with_node(nextest);
    let nextest = if on_workerd {
        nextest
    } else {
        nextest.arguments(&["-E", "not binary_id(caisey-control-worker::workerd)"])
    };
    if !cfg!(target_os = "linux") {
        return step(total, &nextest);
    }
    let desktop = Desktop::start(&place::target().join("test-desktop"))?;
    step(total, &nextest.wrapped(&desktop.wrapper(), desktop.environment()))
}

/// Says what is left out, and why; the last line counts it.
fn skip(total: &mut Tally, steps: &[&str], why: &str) {
    for step in steps {
        println!("\n== {step}: skipped: {why}");
        total.skipped += 1;
    }
}

fn step(total: &mut Tally, step: &Step) -> Result<(), Stop> {
    let Outcome { tally, success } = step.run()?;
    total.add(tally);
    if success { Ok(()) } else { Err(Stop::Failed) }
}

/// A check that needs no other program: it finds faults or none.
fn check(total: &mut Tally, name: &str, what: &str, find: impl Fn() -> Result<Vec<String>>) -> Result<(), Stop> {
    println!("\n== {name}");
    let faults = find().with_context(|| name.to_owned())?;
    if faults.is_empty() {
        total.passed += 1;
        println!("== {name}: ok");
        return Ok(());
    }
    for fault in &faults {
        println!("   {fault}");
    }
    println!("== {name}: FAILED: {what}");
    total.failed += 1;
    Err(Stop::Failed)
}
