//! The shortest story: a runtime enrols, connects, and runs one command whose output is on the record, verified. For programs that were
//! built in another way than everything else.

use crate::peer::{first_endpoint, is_end, open};
use crate::stage::Stage;
use anyhow::{Result, ensure};
use caisey_console::view::{NewCommand, Verification};
use std::path::Path;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// Plays it in `folder`, and says what came of it.
///
/// # Errors
/// Whatever did not work.
pub async fn play(folder: &Path, runtime: &Path) -> Result<String> {
    let (stage, mut control) = Stage::set_with(folder, std::path::absolute(runtime)?).await?;
    let mut daemon = stage.start_runtime()?;
    let console = open(&folder.join("console"), &stage.url()).await?;
    let endpoint = first_endpoint(&console).await?;
    let end = Instant::now() + PATIENCE;
    while !console.ask_sendable(&endpoint).await.is_ok_and(|answer| answer.sendable) {
        daemon.must_be_alive()?;
        ensure!(Instant::now() < end, "the runtime did not connect within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let session = console.open_session(&endpoint, "A program built in another way").await?;
    let command = NewCommand {
        command: "echo answer-$((40+2)); id -un".to_owned(),
        interpreter: None,
        reason: "Whether it runs commands".to_owned(),
        cwd: None,
        probe: None,
        timeout_ms: Some(30_000),
    };
    let action = console.propose(&session, command).await?;
    let items = loop {
        let items = console.session_detail(&session).await?.items;
        let mut ends = items
            .iter()
            .filter(|item| item.action.as_ref() == Some(&action) && is_end(&item.kind));
        if ends.any(|item| item.verification == Verification::Verified) {
            break items;
        }
        daemon.must_be_alive()?;
        ensure!(Instant::now() < end, "the command did not end within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let printed: String = items
        .iter()
        .filter(|item| item.kind == "command.output")
        .flat_map(|item| &item.texts)
        .filter_map(|text| text.text.as_deref())
        .collect();
    ensure!(printed.starts_with("answer-42\n"), "the command printed {printed:?}");
    console.shut_down().await;
    daemon.kill()?;
    control.kill()?;
    Ok(format!(
        "enrolled, connected, ran one command; {} entries, verified",
        items.len()
    ))
}
