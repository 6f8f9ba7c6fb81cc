//! The real runtime and the real console against the control plane on workerd: a session from enrolment to proofs, and then an operator who sets
//! the objects' databases back to an older copy.
//!
//! Promises, when it returns well: what was run is on record, verified and cosigned by endpoint and console; after the rewind both refuse the older
//! copy with proof, and what the console had verified stays readable.

use crate::peer::{first_endpoint, open_at};
use crate::restore::{copy, cosigned, found_by_console, found_by_runtime, open_session, run, until};
use crate::stage::Stage;
use anyhow::{Context, Result, ensure};
use caisey_client::address::ControlUrl;
use caisey_client::api::Api;
use caisey_console::view::Verification;
use caisey_ledger::checkpoint::Checkpoint;
use caisey_ledger::hash::Hash;
use caisey_ledger::id::{EndpointId, Seq};
use caisey_ledger::tree::{check_inclusion, leaf_hash};
use std::path::Path;

/// What happened.
#[derive(Debug, serde::Serialize)]
pub struct Report {
    /// Entries of the session, all verified.
    pub entries: usize,
    /// Who cosigned its end.
    pub cosigned_by: Vec<String>,
    /// What the console found after the rewind.
    pub console_found: String,
    /// What the runtime found.
    pub runtime_found: String,
}

/// Plays it in `folder`.
///
/// # Errors
/// The first promise that does not hold.
pub async fn play(folder: &Path) -> Result<Report> {
    let (stage, mut control) = Stage::set_on_workers(folder).await?;
    let mut runtime = stage.start_runtime()?;
    let console = open_at(&folder.join("console"), &stage.url(), stage.issuer()).await?;
    let endpoint = first_endpoint(&console).await?;
    until("the runtime's answer", async || {
        console.ask_sendable(&endpoint).await.ok().filter(|answer| answer.sendable)
    })
    .await?;
    let session = open_session(&console, &endpoint, "a session on Workers").await?;
    run(&console, &session, "echo before; id -un").await?;
    cosigned(&console, &session).await?;
    proofs_hold(&stage, &endpoint).await?;

    // A copy of all objects, as the platform's point-in-time recovery could bring it back.
    control.kill()?;
    copy(&folder.join("control"), &folder.join("backup"))?;
    (control, _) = stage.start_control()?;
    run(&console, &session, "echo after the copy").await?;
    cosigned(&console, &session).await?;
    let detail = console.session_detail(&session).await?;
    let unverified = detail
        .items
        .iter()
        .filter(|item| item.verification != Verification::Verified)
        .count();
    ensure!(
        unverified == 0,
        "{unverified} of {} entries are not verified",
        detail.items.len()
    );
    let held = detail.items.len();
    let cosigned_by: Vec<_> = detail.cosigned.iter().map(|row| row.kind.clone()).collect();
    for who in ["endpoint", "console"] {
        ensure!(
            cosigned_by.iter().any(|kind| kind.contains(who)),
            "no {who} among {cosigned_by:?}"
        );
    }

    control.kill()?;
    std::fs::rename(folder.join("control"), folder.join("lost"))?;
    copy(&folder.join("backup"), &folder.join("control"))?;
    (control, _) = stage.start_control()?;
    let console_found = found_by_console(&console, &endpoint).await?;
    let runtime_found = found_by_runtime(&stage).await?;
    ensure!(console.session_detail(&session).await?.items.len() == held);
    control.must_be_alive()?;
    runtime.must_be_alive()?;
    console.shut_down().await;
    Ok(Report {
        entries: held,
        cosigned_by,
        console_found,
        runtime_found,
    })
}

/// An inclusion proof of every entry, checked against the checkpoint that comes with it.
pub(crate) async fn proofs_hold(stage: &Stage, endpoint: &str) -> Result<()> {
    let api = Api::new(stage.url().parse::<ControlUrl>()?, stage.tokens())?;
    let endpoint: EndpointId = endpoint.parse()?;
    let page = api.entries(&endpoint, Seq::default(), Some(1_000)).await?;
    for (seq, record) in page.records.iter().enumerate() {
        let seq = Seq::new(seq as u64).context("a sequence number")?;
        let proof = api.prove_inclusion(&endpoint, seq, page.size).await?;
        let note = Checkpoint::read(&proof.checkpoint)?;
        let hashes: Option<Vec<_>> = proof.hashes.iter().map(|hash| Hash::from_base64(hash)).collect();
        let hashes = hashes.context("a proof's hash cannot be read")?;
        check_inclusion(leaf_hash(record.leaf.as_bytes()), seq.get(), note.size, &hashes, note.root)
            .map_err(|fault| anyhow::anyhow!("entry {seq}: {fault}"))?;
    }
    Ok(())
}
