//! An organisation moves: from the native host to workerd and back to another native one, with the real runtime and the real console, and
//! `caisey verify` before, between and after.
//!
//! Promises, when it returns well: every log is at every station what it was, proofs of all entries hold, the runtime and the console go on
//! in the same log without having noticed more than an interruption, both cosign; what left takes nothing any more.

use crate::peer::{first_endpoint, open_at};
use crate::restore::{cosigned, open_session, run, until};
use crate::stage::{On, Stage};
use crate::workerd::OPERATOR_SECRET;
use crate::workers::proofs_hold;
use anyhow::{Context, Result, ensure};
use caisey_console::Console;
use caisey_console::view::Verification;
use std::path::Path;

/// What happened.
#[derive(Debug, serde::Serialize)]
pub struct Report {
    /// Of the moved file, in bytes: as it left the native host, and as it left workerd.
    pub file_bytes: (u64, u64),
    /// Entries of the session, all verified, at each station.
    pub entries: Vec<usize>,
    /// What was said when somebody asked the host that it had left.
    pub left_says: String,
}

/// Plays it in `folder`.
///
/// # Errors
/// The first promise that does not hold.
pub async fn play(folder: &Path) -> Result<Report> {
    let (mut stage, mut control) = Stage::set_to_move(folder).await?;
    let mut runtime = stage.start_runtime()?;
    let console = open_at(&folder.join("console"), &stage.url(), stage.issuer()).await?;
    let endpoint = first_endpoint(&console).await?;
    let organisation = stage.api()?.me().await?.organisation.to_string();
    let session = open_session(&console, &endpoint, "a session that moves").await?;
    let mut report = Report {
        file_bytes: (0, 0),
        entries: Vec::new(),
        left_says: String::new(),
    };
    report
        .entries
        .push(worked(&stage, &console, &endpoint, &session, "native").await?);

    // Out of the native host, into workerd.
    control.kill()?;
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let (first, file, again, secret) = (
        path("first"),
        path("moved.jsonl"),
        path("back.jsonl"),
        path("operator.secret"),
    );
    std::fs::write(&secret, OPERATOR_SECRET)?;
    stage.operate(&["export", &organisation, &file, "--data", &first])?;
    stage.move_to(On::Workers, "workers")?;
    (control, _) = stage.start_control()?;
    let url = stage.url();
    let there = ["--url", &url, "--secret-file", &secret];
    let said = stage.operate(&[&["import", &file][..], &there].concat())?;
    ensure!(said.contains("every log holds"), "{said}");
    let twice = stage.operate(&[&["import", &file][..], &there].concat());
    ensure!(
        twice.is_err_and(|why| why.to_string().contains("is here already")),
        "an organisation arrives once"
    );
    report
        .entries
        .push(worked(&stage, &console, &endpoint, &session, "workerd").await?);

    // Out of workerd, into another native host.
    stage.operate(&[&["export", &organisation, &again][..], &there].concat())?;
    let refused = stage.api()?.endpoints().await;
    report.left_says = refused.err().context("what left still answers")?.to_string();
    ensure!(
        report.left_says.contains("moved to another control plane"),
        "{}",
        report.left_says
    );
    control.kill()?;
    stage.move_to(On::Native, "second")?;
    let second = path("second");
    stage.operate(&["import", &again, "--data", &second])?;
    (control, _) = stage.start_control()?;
    report
        .entries
        .push(worked(&stage, &console, &endpoint, &session, "native again").await?);
    report.file_bytes = (std::fs::metadata(&file)?.len(), std::fs::metadata(&again)?.len());
    control.must_be_alive()?;
    runtime.must_be_alive()?;
    console.shut_down().await;
    Ok(report)
}

/// A command at this station; then everything of the session is verified, cosigned, provable, and its export holds. How many entries it has.
async fn worked(stage: &Stage, console: &Console, endpoint: &str, session: &str, station: &str) -> Result<usize> {
    until("the runtime's answer", async || {
        console.ask_sendable(endpoint).await.ok().filter(|answer| answer.sendable)
    })
    .await
    .with_context(|| format!("on {station}"))?;
    run(console, session, &format!("echo on {}", station.replace(' ', "-"))).await?;
    cosigned(console, session).await?;
    proofs_hold(stage, endpoint).await?;
    let detail = console.session_detail(session).await?;
    let strange = detail
        .items
        .iter()
        .filter(|item| item.verification != Verification::Verified)
        .count();
    ensure!(
        strange == 0,
        "{strange} of {} entries are not verified on {station}",
        detail.items.len()
    );
    let file = stage.folder().join(format!("session-{}.json", detail.items.len()));
    let export = console.export_session_json(session, Default::default(), |_, _| {}).await?;
    std::fs::write(&file, export)?;
    stage.verify(&file.to_string_lossy())?;
    Ok(detail.items.len())
}
