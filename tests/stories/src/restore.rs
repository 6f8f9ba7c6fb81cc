//! A database set back to an older copy under running programs, and the way out: runtime and console find out by themselves, keep both
//! signed checkpoints, and go on only with a new log that the operator opens and the endpoint confirms. Real programs throughout.
//!
//! Promises, when it returns well: each of them refused the older copy with proof; what the console had verified stays readable; the new
//! log says what it continues, why and by whom, and the endpoint's first word in it holds the last checkpoint of the old log that it had
//! accepted, which covers all that it ever cosigned; work goes on there, cosigned.

use crate::peer::{first_endpoint, is_end, open};
use crate::stage::Stage;
use anyhow::{Context, Result, bail, ensure};
use caisey_client::address::ControlUrl;
use caisey_client::api::Api;
use caisey_console::Console;
use caisey_console::view::{NewCommand, Verification};
use caisey_ledger::checkpoint::Checkpoint;
use caisey_ledger::disclosure::Disclosure;
use caisey_ledger::entry::{Actor, Entry, Record};
use caisey_ledger::id::{EndpointId, Seq};
use std::path::Path;
use std::time::{Duration, Instant};

/// What happened.
#[derive(Debug, serde::Serialize)]
pub struct Report {
    /// The closed log.
    pub old: String,
    /// Its successor.
    pub new: String,
    /// What the console found.
    pub console_found: String,
    /// What the runtime found.
    pub runtime_found: String,
    /// Entries of the old log as the endpoint had last seen it, and as it was closed.
    pub seen_and_restored: (u64, u64),
}

/// Plays it in `folder`.
///
/// # Errors
/// The first promise that does not hold.
pub async fn play(folder: &Path) -> Result<Report> {
    let (stage, mut control) = Stage::set(folder).await?;
    let mut runtime = stage.start_runtime()?;
    let console = open(&folder.join("console"), &stage.url()).await?;
    let old = first_endpoint(&console).await?;
    let session = open_session(&console, &old, "before the backup").await?;
    run(&console, &session, "echo before").await?;
    cosigned(&console, &session).await?;

    control.kill()?;
    copy(&folder.join("control"), &folder.join("backup"))?;
    (control, _) = stage.start_control()?;
    run(&console, &session, "echo after the backup").await?;
    cosigned(&console, &session).await?;
    let detail = console.session_detail(&session).await?;
    let held = detail.items.len();
    let cosigned_size = detail
        .cosigned
        .iter()
        .filter(|row| row.kind == "endpoint")
        .map(|row| row.size)
        .max();
    let cosigned_size = cosigned_size.context("the endpoint has cosigned")?;

    // The database is swapped for the older copy.
    control.kill()?;
    std::fs::rename(folder.join("control"), folder.join("lost"))?;
    copy(&folder.join("backup"), &folder.join("control"))?;
    (control, _) = stage.start_control()?;
    let console_found = found_by_console(&console, &old).await?;
    let found = found_by_runtime(&stage).await?;

    // The operator opens a new log.
    control.kill()?;
    let said = stage.open_new_logs("Ada Operator", "disk failure, restored last night's backup")?;
    ensure!(said.contains(&old) && said.contains("1 logs continue"), "{said}");
    let again = stage.open_new_logs("Ada Operator", "asked a second time")?;
    ensure!(again.contains("0 logs continue"), "a log has one successor: {again}");
    (control, _) = stage.start_control()?;
    runtime.kill()?;
    runtime = stage.start_runtime()?;
    let new = until("the new log", async || {
        let rows = console.overview().await.ok()?.endpoints;
        rows.into_iter().map(|row| row.endpoint).find(|endpoint| *endpoint != old)
    })
    .await?;
    until("the endpoint's answer", async || {
        console.ask_sendable(&new).await.ok().filter(|answer| answer.sendable)
    })
    .await?;
    let session_there = open_session(&console, &new, "work goes on").await?;
    run(&console, &session_there, "echo after the restore").await?;
    cosigned(&console, &session_there).await?;
    let row = console
        .overview()
        .await?
        .endpoints
        .into_iter()
        .find(|row| row.endpoint == new);
    ensure!(
        row.is_some_and(|row| row.verification == Verification::Verified),
        "the new log does not verify"
    );

    // What was verified before stays, and the old log stays distrusted.
    ensure!(console.session_detail(&session).await?.items.len() == held);
    ensure!(still_broken(&console, &old).await?);

    let seen_and_restored = check_beginning(&stage, &new, &old, cosigned_size).await?;
    control.must_be_alive()?;
    runtime.must_be_alive()?;
    console.shut_down().await;
    Ok(Report {
        old,
        new,
        console_found,
        runtime_found: found,
        seen_and_restored,
    })
}

/// The new log's first entries say what it continues, in the control plane's and in the endpoint's words.
async fn check_beginning(stage: &Stage, new: &str, old: &str, cosigned_size: u64) -> Result<(u64, u64)> {
    let api = Api::new(stage.url().parse::<ControlUrl>()?, stage.tokens())?;
    let endpoint: EndpointId = new.parse()?;
    let page = api.entries(&endpoint, Seq::default(), Some(20)).await?;
    let detail = |record: &Record| match record.disclosures.get("detail") {
        Some(Disclosure::Full { text, .. }) => text.clone(),
        _ => String::new(),
    };
    let gaps: Vec<(Entry, String)> = page
        .records
        .iter()
        .filter_map(|record| Some((serde_json::from_str::<Entry>(&record.leaf).ok()?, detail(record))))
        .filter(|(entry, _)| {
            entry.statement.kind == "recorder.gap" && entry.statement.facts.get("cause") == Some(&"log_succeeded".into())
        })
        .collect();
    let [(first, theirs), (second, ours)] = gaps.as_slice() else {
        bail!("{} entries say what the new log continues", gaps.len());
    };
    ensure!(first.seq.get() == 1 && first.statement.actor == Actor::Control {});
    ensure!(theirs.contains("by: Ada Operator") && theirs.contains("reason: disk failure"));
    ensure!(theirs.contains(old) && ours.contains(old));
    ensure!(
        matches!(second.statement.actor, Actor::Endpoint { .. })
            && second.statement.counter.is_some_and(|counter| counter.get() == 0)
    );
    let note = |detail: &str| -> Result<Checkpoint> {
        let (_, note) = detail.rsplit_once(":\n\n").context("no checkpoint")?;
        Ok(Checkpoint::read(note)?)
    };
    let (restored, seen) = (note(theirs)?, note(ours)?);
    ensure!(seen.origin == restored.origin && seen.root != restored.root);
    ensure!(
        seen.size >= cosigned_size,
        "the endpoint names {} entries and had cosigned {cosigned_size}",
        seen.size
    );
    Ok((seen.size, restored.size))
}

/// The console finds out that a log was set back, keeps both signed checkpoints, and distrusts it.
pub(crate) async fn found_by_console(console: &Console, endpoint: &str) -> Result<String> {
    let notice = until("the console finds out", async || {
        let notices = console.overview().await.ok()?.notices;
        notices
            .into_iter()
            .find(|notice| notice.endpoint.as_deref() == Some(endpoint))
    })
    .await?;
    let signed = notice.evidence.iter().filter(|text| text.contains("\n\n— ")).count();
    ensure!(signed >= 2, "both signed checkpoints are kept: {:?}", notice.evidence);
    ensure!(still_broken(console, endpoint).await?);
    Ok(notice.message)
}

/// The runtime finds out as well, and says so to whoever asks it.
pub(crate) async fn found_by_runtime(stage: &Stage) -> Result<String> {
    until("the runtime finds out", async || {
        let said = stage.runtime_status().ok()?;
        let trouble = said.lines().find_map(|line| line.strip_prefix("trouble"))?.trim().to_owned();
        let words = ["went back", "set back", "does not extend", "two different logs"];
        words.iter().any(|word| trouble.contains(word)).then_some(trouble)
    })
    .await
}

async fn still_broken(console: &Console, endpoint: &str) -> Result<bool> {
    let rows = console.overview().await?.endpoints;
    Ok(rows
        .iter()
        .any(|row| row.endpoint == endpoint && row.verification == Verification::Broken))
}

pub(crate) async fn open_session(console: &Console, endpoint: &str, purpose: &str) -> Result<String> {
    until("a session", async || console.open_session(endpoint, purpose).await.ok()).await
}

/// Runs a command to its end.
pub(crate) async fn run(console: &Console, session: &str, command: &str) -> Result<()> {
    let action = until("an action", async || {
        let command = NewCommand {
            command: command.to_owned(),
            interpreter: Some("sh".to_owned()),
            reason: "a story".to_owned(),
            cwd: None,
            probe: None,
            timeout_ms: Some(60_000),
        };
        console.propose(session, command).await.ok()
    })
    .await?;
    until("the action's end", async || {
        let items = console.session_detail(session).await.ok()?.items;
        items
            .iter()
            .any(|item| item.action.as_deref() == Some(&action) && is_end(&item.kind))
            .then_some(())
    })
    .await
}

/// Waits until endpoint and console have cosigned all of the session.
pub(crate) async fn cosigned(console: &Console, session: &str) -> Result<()> {
    console.look_at(session);
    let done = until("cosignatures", async || {
        let rows = console.session_detail(session).await.ok()?.cosigned;
        let by = |kind: &str| rows.iter().any(|row| row.kind == kind && row.covers_all);
        (by("endpoint") && by("this_console")).then_some(())
    })
    .await;
    console.look_away(session);
    done
}

pub(crate) async fn until<T>(what: &str, mut holds: impl AsyncFnMut() -> Option<T>) -> Result<T> {
    let end = Instant::now() + Duration::from_secs(120);
    loop {
        if let Some(found) = holds().await {
            return Ok(found);
        }
        ensure!(Instant::now() < end, "waited two minutes in vain for {what}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    #[cfg(unix)]
    std::fs::set_permissions(to, std::fs::metadata(from)?.permissions())?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
