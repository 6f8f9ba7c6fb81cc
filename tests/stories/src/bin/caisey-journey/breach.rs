//! The first story: a client suspects a breach at night; a technician looks, touches little, and can prove it afterwards.
//!
//! Plays on a real control plane, a real runtime and the console's real backend. Ends with the control plane gone: what was run is
//! found in the cache, what was not (payroll) is not, and the record that is handed over is checked by `caisey verify`.

use crate::desk::{Played, leave_signed_in, sendable_endpoint, sign_in};
use crate::exported;
use crate::machine;
use crate::scene::{PATIENCE, Scene, text, wait_for_kind};
use crate::teller::Teller;
use anyhow::{Context, Result, ensure};
use caisey_console::Console;
use caisey_console::view::{Connection, SearchQuery, SessionDetail, Verification};
use caisey_stories::stage::{On, Stage};
use std::path::Path;
use std::time::{Duration, Instant};

/// Entry kinds that the story must leave on the record.
const KINDS: &[&str] = &[
    "session.opened",
    "chat.message",
    "action.proposed",
    "action.authorised",
    "command.started",
    "command.output",
    "command.finished",
    "state.captured",
    "endpoint.disconnected",
    "endpoint.connected",
    "action.refused",
    "action.unknown",
    "recorder.gap",
    "action.cancel_requested",
    "text.erased",
    "note.added",
    "session.closed",
];

/// What a person pastes into the wrong window.
const SLIP: &str = "the local administrator's password is Fjord-Kite-88";

/// What belongs on the record, and not into a stranger's hands.
const CALLER: &str =
    "Called by Marta Weiss, marta.weiss@nakagawa-retail.example, +81 3-5555-0142; she last signed in from 10.20.30.5.";

/// Plays it on one of the hosts.
pub(crate) async fn play(out: &Path, folder: &Path, on: On) -> Result<Played> {
    std::fs::create_dir_all(out).with_context(|| format!("making {}", out.display()))?;
    let mut teller = Teller::begin(out)?;
    let programs = folder.join("programs");
    let (stage, mut control) = match on {
        On::Native => Stage::set(&programs).await?,
        On::Workers => Stage::set_on_workers(&programs).await?,
    };
    let mut runtime = stage.start_runtime()?;
    teller.tell(&format!("control plane at {}; one endpoint enrolled", stage.url()))?;
    let home = folder.join("console");
    let console = sign_in(&home, "journey", &stage.url(), stage.tokens()).await?;
    let endpoint = sendable_endpoint(&console).await?;
    teller.tell("signed in; the endpoint answers")?;

    let mut scene = Scene {
        console: &console,
        session: String::new(),
        teller,
    };
    scene.session = console
        .open_session(
            &endpoint,
            "Suspected ransomware activity: client called at 22:05, ticket 4711",
        )
        .await?;
    scene.teller.tell(&format!("session {} opened", scene.session))?;
    console
        .chat(
            &scene.session,
            "Connected. Looking at sign-ins, persistence and processes; staying out of documents.",
        )
        .await?;
    console.chat(&scene.session, CALLER).await?;
    for look in machine::looks() {
        scene.run(&look, None).await?;
    }
    scene.run(&machine::streaming(), None).await?;

    let lost = scene.begin(&machine::endless()).await?;
    runtime.kill()?;
    wait_for_kind(&console, "endpoint.disconnected").await?;
    ensure!(
        !console.ask_sendable(&endpoint).await?.sendable,
        "the endpoint was killed and is still called sendable"
    );
    scene
        .teller
        .tell("the endpoint's runtime was killed while a command ran: not sendable, and on the record")?;
    scene.refused(&machine::uptime()).await?;
    runtime = stage.start_runtime()?;
    sendable_endpoint(&console).await?;
    scene
        .until("nobody pretends to know how the command ended", |items| {
            items
                .iter()
                .any(|item| item.kind == "action.unknown" && item.action.as_ref() == Some(&lost))
        })
        .await?;
    scene
        .teller
        .tell("the runtime is back and answers; how the command ended is recorded as unknown")?;

    // Not on the stage: its path goes on the record, and says more about this machine than about the story.
    let file = std::env::temp_dir().join("caisey-allow-list.conf");
    std::fs::write(&file, "203.0.113.0/24\n").context("making the file that the story changes")?;
    let (change, probe) = machine::change(&file);
    scene.run(&change, Some(probe)).await?;
    std::fs::remove_file(&file).context("removing the file that the story changed")?;
    scene.cancel(&machine::endless()).await?;
    scene.erase(&endpoint, SLIP).await?;
    console
        .note(
            &scene.session,
            "No sign of persistence. Two addresses blocked by the client. No user's files were opened.",
        )
        .await?;
    console.close_session(&scene.session).await?;
    scene
        .until("the session is closed", |items| {
            items.iter().any(|item| item.kind == "session.closed")
        })
        .await?;
    console.wait_synchronised(None, PATIENCE).await?;
    let Scene { session, mut teller, .. } = scene;
    let detail = console.session_detail(&session).await?;
    judge(&detail)?;
    teller.tell(&format!("session closed; all {} entries verified", detail.items.len()))?;

    leave_signed_in(&stage.url(), stage.kept().await?, &home).await?;
    runtime.kill()?;
    control.kill()?;
    offline(&console).await?;
    teller.tell("control plane and endpoint are gone; everything below is offline")?;
    search(&console, &mut teller, &detail).await?;
    console.shut_down().await;
    hand_over(&mut teller, out, &home, &session, &detail)?;
    teller.tell("the story holds")?;
    Ok(Played {
        stage,
        home,
        session,
        teller,
    })
}

/// Everything promised is there, and all of it holds.
fn judge(detail: &SessionDetail) -> Result<()> {
    for kind in KINDS {
        ensure!(detail.items.iter().any(|item| item.kind == *kind), "the record has no {kind}");
    }
    for item in &detail.items {
        ensure!(
            item.verification == Verification::Verified,
            "#{} is {:?}: {:?}",
            item.seq,
            item.verification,
            item.fault
        );
    }
    let states: Vec<Option<&str>> = detail
        .items
        .iter()
        .filter(|item| item.kind == "state.captured")
        .map(|item| text(item, "state"))
        .collect();
    ensure!(
        matches!(states.as_slice(), [Some(before), Some(after)] if before != after),
        "the change is not to be seen in its states: {states:?}"
    );
    Ok(())
}

async fn offline(console: &Console) -> Result<()> {
    let end = Instant::now() + PATIENCE;
    while !matches!(console.overview().await?.connection, Connection::Offline { .. }) {
        ensure!(
            Instant::now() < end,
            "the control plane is gone and the console does not say so"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

/// What was run is found; what was not, is not, and the answer says how much was searched.
async fn search(console: &Console, teller: &mut Teller, detail: &SessionDetail) -> Result<()> {
    for item in detail.items.iter().filter(|item| item.kind == "action.proposed") {
        let command = text(item, "command").context("a proposal without its command")?;
        let words: String = command.chars().take(40).collect();
        let found = console
            .search(SearchQuery {
                text: words.clone(),
                ..SearchQuery::default()
            })
            .await?;
        ensure!(
            found.hits.iter().any(|hit| hit.item.seq == item.seq),
            "`{words}` was run and is not found"
        );
    }
    teller.tell("every command that was run is found")?;
    for absent in ["payroll", "/home/", ".xlsx", "Fjord-Kite"] {
        let found = console
            .search(SearchQuery {
                text: absent.to_owned(),
                ..SearchQuery::default()
            })
            .await?;
        ensure!(
            found.hits.is_empty(),
            "{absent:?} is on the record: {:?}",
            found.hits.first().map(|hit| &hit.excerpt)
        );
        ensure!(
            found.searched_entries >= detail.items.len() as u64 && found.unreadable_entries == 1,
            "the search for {absent:?} did not see everything but the one erased text"
        );
        teller.tell(&format!(
            "{absent:?}: nothing, in {} entries, of which {} was erased",
            found.searched_entries, found.unreadable_entries
        ))?;
    }
    Ok(())
}

/// Exports with `caisey`, and has the exports checked by `caisey verify` and read by poppler.
fn hand_over(teller: &mut Teller, out: &Path, home: &Path, session: &str, detail: &SessionDetail) -> Result<()> {
    let printed = exported::export(teller, out, home, session)?;
    let squeeze = |text: &str| -> String { text.chars().filter(|letter| !letter.is_whitespace()).collect() };
    let printed = squeeze(&printed);
    for item in detail.items.iter().filter(|item| item.kind == "action.proposed") {
        let command = text(item, "command").context("a proposal without its command")?;
        ensure!(
            printed.contains(&squeeze(command)),
            "the transcript does not show `{command}`"
        );
    }
    ensure!(!printed.to_lowercase().contains("payroll"), "the transcript names payroll");
    teller.tell("the transcript shows every command, and no payroll")
}
