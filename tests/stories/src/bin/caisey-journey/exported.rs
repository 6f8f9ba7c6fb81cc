//! What every story ends with: the session exported by `caisey`, checked by `caisey verify`, and read by poppler.

use crate::teller::Teller;
use anyhow::{Context, Result, ensure};
use caisey_stories::programs::built;
use std::path::Path;
use std::process::Command;

/// Leaves session.json and transcript.pdf; returns what is printed in the transcript.
pub(crate) fn export(teller: &mut Teller, out: &Path, home: &Path, session: &str) -> Result<String> {
    let (json, pdf) = (out.join("session.json"), out.join("transcript.pdf"));
    let path = |path: &Path| path.to_string_lossy().into_owned();
    let caisey = built("caisey")?;
    let (home, json, pdf) = (path(home), path(&json), path(&pdf));
    run(&caisey, &["--home", &home, "export", session, "--json", &json, "--pdf", &pdf])?;
    teller.tell("exported session.json and transcript.pdf")?;
    let said = run(&caisey, &["verify", &json])?;
    teller.tell("caisey verify session.json:")?;
    teller.quote(&said)?;
    run(Path::new("pdftotext"), &["-raw", "-enc", "UTF-8", &pdf, "-"])
}

/// Runs a program to its end and returns what it printed.
pub(crate) fn run(program: &Path, arguments: &[&str]) -> Result<String> {
    let done = Command::new(program)
        .args(arguments)
        .output()
        .with_context(|| format!("starting {}", program.display()))?;
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    ensure!(
        done.status.success(),
        "{} {} failed ({}):\n{said}{}",
        program.display(),
        arguments.join(" "),
        done.status,
        String::from_utf8_lossy(&done.stderr)
    );
    Ok(said)
}
