//! The second story: a firewall rule at two in the morning. Who asked, who allowed it, what it was before and what it is now.
//!
//! Plays on real programs: the control plane, the runtime on a machine with a network of its own, the technician's console, and the contact's
//! console in its window under a real notification service. The rule is in the kernel, and so is its effect.

use crate::desk::{Played, leave_signed_in, sendable_endpoint, sign_in};
use crate::exported;
use crate::machine::Look;
use crate::office::Office;
use crate::place::Place;
use crate::scene::{PATIENCE, Scene, text};
use crate::teller::Teller;
use anyhow::{Context, Result, ensure};
use caisey_console::Console;
use caisey_console::view::{ApprovalRow, SessionDetail, TimelineItem, Verification};
use caisey_stories::stage::{On, Stage};
use std::path::Path;
use std::time::{Duration, Instant};

/// Entry kinds that the story must leave on the record.
const KINDS: &[&str] = &[
    "session.opened",
    "action.proposed",
    "approval.requested",
    "approval.delivered",
    "approval.acknowledged",
    "approval.decided",
    "action.authorised",
    "command.started",
    "command.finished",
    "state.captured",
    "session.closed",
];

/// Plays it on one of the hosts.
pub(crate) async fn play(out: &Path, folder: &Path, on: On) -> Result<Played> {
    std::fs::create_dir_all(out).with_context(|| format!("making {}", out.display()))?;
    let mut teller = Teller::begin(out)?;
    let (mut stage, mut control) = Stage::without_endpoint(on, &folder.join("programs"), "John Doe", "Contoso Freight").await?;
    let kept = stage.add_contact("maria@contoso.example", "Maria Novak").await?;
    teller.tell(&format!("control plane at {}", stage.url()))?;
    let mut office = Office::open(&folder.join("office"), out, &stage.url(), kept).await?;
    contact_speaks(&stage).await?;
    teller.tell("Maria Novak’s console is open; its key, from her key store, is the first that speaks for Contoso Freight")?;

    let address = stage.url().replace("http://", "");
    let (place, why_not) = Place::make(folder, &address).await?;
    let machine = place.hostname()?;
    match &why_not {
        None => teller.tell(&format!(
            "{machine} has a network of its own; an nftables rule drops inbound SMB"
        ))?,
        // What a program complained of may have several lines.
        Some(why) => teller.tell(&format!(
            "{machine} cannot have a network of its own here ({}); the rule is a line in a file instead",
            why.lines().map(str::trim).collect::<Vec<_>>().join(" ")
        ))?,
    }
    stage.run_runtime_with(place.wrapper());
    stage.enrol().await?;
    let mut runtime = stage.start_runtime()?;
    let home = folder.join("console");
    let console = sign_in(&home, "john-desk", &stage.url(), stage.tokens()).await?;
    let endpoint = sendable_endpoint(&console).await?;
    teller.tell(&format!("John Doe is signed in; {machine} answers"))?;
    ensure!(
        !place.is_reachable().await,
        "the server is reachable although the rule blocks it"
    );
    teller.tell("a client outside cannot reach the shares")?;

    let mut scene = Scene {
        console: &console,
        session: String::new(),
        teller,
    };
    scene.session = console
        .open_session(&endpoint, "Alert 88213: file server unreachable since 01:40")
        .await?;
    let seen = inspect(&mut scene, &place).await?;
    let change = Look {
        command: place.change(&seen)?,
        reason: "The rule blocks SMB from the domain; nobody can reach the shares",
        exit_code: 0,
    };
    let action = scene.propose(&change, Some(place.look())).await?;
    let asked = own_request(&console, &action, "it is with Maria Novak", |row| !row.delivered.is_empty()).await?;
    scene.teller.tell(&format!("      it waits: {}", asked.sentence))?;
    ensure!(!place.is_reachable().await, "the rule was changed without consent");

    office.sees_notification().await?;
    office.picture("notification.png")?;
    scene
        .teller
        .tell("Maria Novak’s desktop shows the notification (notification.png)")?;
    office.press_notification()?;
    own_request(&console, &action, "she has it open", |row| !row.seen.is_empty()).await?;
    // Read out over the telephone.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let number = asked.number.as_deref().filter(|_| asked.needs_number);
    office.types(number)?;
    tokio::time::sleep(Duration::from_millis(700)).await;
    office.picture("approval-window.png")?;
    scene.teller.tell(match number {
        Some(_) => "she opened it, and typed the number that John Doe read out (approval-window.png)",
        None => "she opened it; what can be changed back needs no number (approval-window.png)",
    })?;
    office.confirms()?;
    let decided = own_request(&console, &action, "she approves", |row| row.state == "approved").await?;
    scene
        .teller
        .tell(&format!("      approved by {}", decided.approved_by.join(", ")))?;
    let items = scene
        .until("the rule is changed and its state read", |items| {
            of(items, &action, "action.refused") > 0
                || (of(items, &action, "command.finished") == 1 && of(items, &action, "state.captured") == 2)
        })
        .await?;
    ensure!(
        of(&items, &action, "action.refused") == 0,
        "the endpoint refused: {:?}",
        items
            .iter()
            .find(|item| item.kind == "action.refused")
            .map(|item| &item.headline)
    );
    ensure!(
        place.is_reachable().await,
        "the rule is gone and the server is still not reachable"
    );
    scene
        .teller
        .tell("the rule is disabled; the client outside reaches the shares")?;
    inspect(&mut scene, &place).await?;
    console
        .note(
            &scene.session,
            "Shares answer again. The rule came from a group policy; Contoso corrects it on Monday.",
        )
        .await?;
    console.close_session(&scene.session).await?;
    console.wait_synchronised(None, PATIENCE).await?;
    scene
        .until("the session is closed", |items| {
            items.iter().any(|item| item.kind == "session.closed")
        })
        .await?;
    let Scene { session, mut teller, .. } = scene;
    judge(&console, &session, &action, &mut teller).await?;
    console.shut_down().await;
    drop(office);
    // One key store for everybody on this desktop: after the contact's console, so that each finds its own sign-in.
    leave_signed_in(&stage.url(), stage.kept().await?, &home).await?;
    runtime.kill()?;
    control.kill()?;
    let printed = exported::export(&mut teller, out, &home, &session)?;
    let squeeze = |text: &str| -> String { text.chars().filter(|letter| !letter.is_whitespace()).collect() };
    ensure!(
        squeeze(&printed).contains(&squeeze(&change.command)),
        "the transcript does not show the command that was approved"
    );
    ensure!(printed.contains("Maria Novak"), "the transcript does not say who approved");
    teller.tell("the transcript shows the command, and who allowed it")?;
    teller.tell("the story holds")?;
    Ok(Played {
        stage,
        home,
        session,
        teller,
    })
}

/// Waits until the contact's console has introduced its key.
pub(crate) async fn contact_speaks(stage: &Stage) -> Result<()> {
    let (api, end) = (stage.api()?, Instant::now() + PATIENCE);
    while api.contacts(stage.client()).await?.keys.is_empty() {
        ensure!(
            Instant::now() < end,
            "the contact's console did not introduce itself within {PATIENCE:?}"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}

/// Looks at the rule; returns what was printed.
async fn inspect(scene: &mut Scene<'_>, place: &Place) -> Result<String> {
    let look = Look {
        command: place.look(),
        reason: "Which rules are in force",
        exit_code: 0,
    };
    scene.run(&look, None).await?;
    let detail = scene.console.session_detail(&scene.session).await?;
    let mut outputs = detail.items.iter().filter(|item| item.kind == "command.output");
    outputs
        .next_back()
        .and_then(|item| text(item, "output"))
        .map(str::to_owned)
        .context("looking at the rule printed nothing")
}

/// Waits until the technician's own request is as wanted.
pub(crate) async fn own_request(
    console: &Console,
    action: &str,
    what: &str,
    wanted: impl Fn(&ApprovalRow) -> bool,
) -> Result<ApprovalRow> {
    let end = Instant::now() + PATIENCE;
    loop {
        let rows = console.inbox().await?.rows;
        let row = rows.into_iter().find(|row| row.action == action && row.mine);
        if let Some(row) = row
            .as_ref()
            .filter(|row| wanted(row) && (!row.needs_number || row.number.is_some()))
        {
            return Ok(row.clone());
        }
        ensure!(
            Instant::now() < end,
            "waited {PATIENCE:?} until {what}; the request is {row:?}"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn of(items: &[TimelineItem], action: &str, kind: &str) -> usize {
    items
        .iter()
        .filter(|item| item.kind == kind && item.action.as_deref() == Some(action))
        .count()
}

/// The record holds request, signed consent, both states and their difference, in this order, and all of it is verified.
async fn judge(console: &Console, session: &str, action: &str, teller: &mut Teller) -> Result<()> {
    let detail: SessionDetail = console.session_detail(session).await?;
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
    let place = |kind: &str| {
        let found = detail
            .items
            .iter()
            .find(|item| item.kind == kind && item.action.as_deref() == Some(action));
        found.map(|item| item.seq)
    };
    let order = [
        "action.proposed",
        "approval.requested",
        "approval.decided",
        "action.authorised",
        "command.started",
    ]
    .map(place);
    ensure!(
        order.iter().all(Option::is_some) && order.is_sorted(),
        "consent did not come before the action: {order:?}"
    );
    let decided = detail.items.iter().find(|item| item.kind == "approval.decided");
    let decided = decided.context("no decision")?;
    ensure!(
        decided.actor_kind == "contact" && decided.facts.get("decision").and_then(|one| one.as_str()) == Some("approved"),
        "the decision is not the contact's: {decided:?}"
    );
    let change = console.state_difference(action).await?.context("no state before and after")?;
    ensure!(
        change.certain && change.removed > 0,
        "the difference does not show the rule: {change:?}"
    );
    teller.tell(&format!("all {} entries verified; what changed:", detail.items.len()))?;
    let signs = [("removed", '-'), ("added", '+'), ("unchanged", ' ')];
    let lines: Vec<String> = change
        .lines
        .iter()
        .map(|line| {
            let sign = signs
                .iter()
                .find(|(kind, _)| *kind == line.kind)
                .map_or('…', |(_, sign)| *sign);
            format!("{sign} {}", line.text)
        })
        .collect();
    teller.quote(&lines.join("\n"))
}
