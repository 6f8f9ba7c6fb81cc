//! What a printed transcript costs beside the same words set by Typst: part of `cargo xtask bench`.
//!
//! `tests/interop/measure_printing.py` runs both in turn, so that a machine that slows down does so for both.

use crate::{interop, place};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::process::{Command, Stdio};

/// What the bar speaks of.
const ENTRIES: &str = "10000";

/// Documents of each kind, in turn.
const ROUNDS: &str = "5";

/// Measures with the program that prints.
pub(crate) fn measure() -> Result<Value> {
    ensure!(cfg!(unix), "the memory of other programs is measured on Unix only");
    let python = interop::prepare()?.context("tests/interop/requirements.txt is missing")?;
    eprintln!("measuring: {ENTRIES} printed entries");
    let done = Command::new(python)
        .arg(place::root().join("tests/interop/measure_printing.py"))
        .arg(place::target().join("measure/examples/printing"))
        .arg(place::root().join("crates/pdf/fonts"))
        .arg(place::target().join("bench-printing"))
        .args([ENTRIES, ROUNDS])
        .stderr(Stdio::inherit())
        .output()
        .context("running measure_printing.py")?;
    ensure!(done.status.success(), "measure_printing.py ended with {}", done.status);
    serde_json::from_slice(&done.stdout).context("measure_printing.py did not print JSON")
}
