//! Attacks of an operator on the database and the keys of a real control plane: one byte of an old entry altered in the file, and logs signed
//! with another key than the one that everybody pinned. (An older copy of the whole database: [`crate::restore`].)
//!
//! Promises, when it returns well: a console that synchronises anew finds the altered entry and shows it broken; a console and a runtime that
//! pinned the key believe nothing that another one signs, and say so.

use crate::peer::{first_endpoint, open};
use crate::programs::Program;
use crate::restore::{cosigned, open_session, run, until};
use crate::stage::Stage;
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};

/// What was found.
#[derive(Debug, serde::Serialize)]
pub struct Report {
    /// By a console that synchronised the altered log.
    pub altered_entry: String,
    /// By a console that knows the real key.
    pub other_key: String,
    /// By the runtime.
    pub runtime_found: String,
}

/// Plays them in `folder`.
///
/// # Errors
/// The first promise that does not hold.
pub async fn play(folder: &Path) -> Result<Report> {
    let (stage, mut control) = Stage::set(folder).await?;
    let _runtime = stage.start_runtime()?;
    let console = open(&folder.join("console"), &stage.url()).await?;
    let endpoint = first_endpoint(&console).await?;
    let session = open_session(&console, &endpoint, "before the attack").await?;
    run(&console, &session, "echo evidence").await?;
    cosigned(&console, &session).await?;

    stop(&mut control).await?;
    let file = database(folder, &endpoint)?;
    replace(&file, br#""kind":"session.opened""#, br#""kind":"session.openee""#)?;
    (control, _) = stage.start_control()?;
    let fresh = open(&folder.join("fresh"), &stage.url()).await?;
    let notice = until("the altered entry is found", async || {
        let notices = fresh.overview().await.ok()?.notices;
        notices
            .into_iter()
            .find(|notice| notice.endpoint.as_deref() == Some(endpoint.as_str()))
    })
    .await?;
    ensure!(notice.code == "entry_broken", "{}: {}", notice.code, notice.message);
    fresh.shut_down().await;

    stop(&mut control).await?;
    replace(&file, br#""kind":"session.openee""#, br#""kind":"session.opened""#)?;
    let key = folder.join("control/keys/checkpoint.key");
    std::fs::rename(&key, folder.join("retired.key"))?;
    (control, _) = stage.start_control()?;
    let other_key = until("the console finds the other key", async || {
        let notices = console.overview().await.ok()?.notices;
        notices.into_iter().find(|notice| notice.severity == "danger")
    })
    .await?;
    let runtime_found = until("the runtime finds the other key", async || {
        let said = stage.runtime_status().ok()?;
        let trouble = said.lines().find_map(|line| line.strip_prefix("trouble"))?.trim().to_owned();
        trouble.contains("does not hold").then_some(trouble)
    })
    .await?;
    control.must_be_alive()?;
    console.shut_down().await;
    Ok(Report {
        altered_entry: notice.message,
        other_key: other_key.message,
        runtime_found,
    })
}

/// Asks it to stop, so that everything is in the database's own file.
async fn stop(control: &mut Program) -> Result<()> {
    let pid = control.pid().to_string();
    let asked = std::process::Command::new("kill")
        .args(["-TERM", &pid])
        .status()
        .context("asking the control plane to stop")?;
    ensure!(asked.success());
    until("the control plane's end", async || control.must_be_alive().err().map(drop)).await
}

fn database(folder: &Path, endpoint: &str) -> Result<PathBuf> {
    for organisation in std::fs::read_dir(folder.join("control"))?.flatten() {
        let file = organisation.path().join(format!("{endpoint}.sqlite"));
        if file.is_file() {
            return Ok(file);
        }
    }
    anyhow::bail!("the endpoint has no database")
}

/// Overwrites bytes in a file by as many others.
fn replace(file: &Path, old: &[u8], new: &[u8]) -> Result<()> {
    let mut bytes = std::fs::read(file)?;
    let at = bytes
        .windows(old.len())
        .position(|window| window == old)
        .context("the bytes are not in the file")?;
    let place = bytes.get_mut(at..at + new.len()).context("the file is too short")?;
    place.copy_from_slice(new);
    Ok(std::fs::write(file, bytes)?)
}
