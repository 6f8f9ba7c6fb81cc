//! The second half of both stories: somebody asks, and the record is handed over.
//!
//! Who did the work cannot attest it, and is told so; a colleague reads every entry on a console of their own and does. What leaves goes without
//! personal data ([`crate::leaving`]), and under a link that anybody can read and check ([`crate::link`]). Each is checked by programs that are
//! not ours where there are any.

use crate::desk::{Played, leave_signed_in, sign_in};
use crate::scene::PATIENCE;
use crate::teller::Teller;
use crate::{breach, firewall, leaving, link};
use anyhow::{Context, Result, ensure};
use caisey_console::Console;
use caisey_console::view::{DraftView, RecordOf, ReviewState, Shown};
use caisey_stories::stage::On;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

/// Plays both stories on one of the hosts and hands both records over, each in a folder of its own.
pub(crate) async fn play(out: &Path, folder: &Path, on: On) -> Result<()> {
    let (near, own) = (out.join("breach"), folder.join("breach"));
    let played = breach::play(&near, &own, on).await?;
    let asked = "two days later: the insurer asks whether anybody opened the payroll folder";
    let hidden = hand_over(played, asked, &near, &own).await?;
    ensure!(
        hidden.iter().any(|text| text.contains("marta.weiss@")) && hidden.len() > 2,
        "who called is not hidden: {hidden:?}"
    );
    let (near, own) = (out.join("firewall"), folder.join("firewall"));
    let played = firewall::play(&near, &own, on).await?;
    let asked =
        "Monday morning: the client’s IT manager asks who changed the firewall at two, and whether anybody was in payroll";
    hand_over(played, asked, &near, &own).await.map(drop)
}

/// One story's record, from the question to what leaves; returns what does not.
async fn hand_over(played: Played, asked: &str, out: &Path, folder: &Path) -> Result<BTreeSet<String>> {
    let Played {
        stage,
        home,
        session,
        mut teller,
    } = played;
    let (control, _) = stage.start_control()?;
    teller.tell(asked)?;
    let of = RecordOf::Session { session };
    let console = sign_in(&home, "journey", &stage.url(), stage.tokens()).await?;
    console.wait_synchronised(None, PATIENCE).await?;
    told_off(&console, &of, &mut teller).await?;

    let colleague = stage.add_colleague("robin@msp.example", "Robin Winter", "technician").await?;
    let desk = folder.join("reviewer");
    let reviewer = sign_in(&desk, "journey", &stage.url(), colleague.tokens()).await?;
    reviewer.wait_synchronised(None, PATIENCE).await?;
    attest(&reviewer, &of, &mut teller).await?;
    reviewer.shut_down().await;

    let draft = reviewed(&console, &of).await?;
    let private = leaving::scrub(&console, &draft, &mut teller).await?;
    leaving::pack(&console, &draft, out).await?;
    leaving::tables(&console, &of, out, &mut teller).await?;
    let imprint = leaving::imprint(&console).await?;
    let audit = leaving::audit(&console, &of).await?;
    console.shut_down().await;

    // Whoever shares from the command line does so as the person who is signed in at this console.
    leave_signed_in(&stage.url(), stage.kept().await?, &home).await?;
    let address = link::share(&home, out, &mut teller)?;
    link::look(&address, out, &private, &mut teller)?;
    link::visits(&home, out, &private, &mut teller)?;
    leave_signed_in(&stage.url(), colleague.kept().await?, &desk).await?;
    drop(control);

    leaving::documents(out, &imprint, &draft.title, &audit, &address).await?;
    leaving::judge(out, &address, &private, &mut teller)?;
    teller.tell("the record is handed over, and holds without us")?;
    Ok(private)
}

/// The technician took part, and is told at once that they cannot attest.
async fn told_off(console: &Console, of: &RecordOf, teller: &mut Teller) -> Result<()> {
    let draft = console.open_draft(of.clone()).await?;
    let why = draft.why_not_attest.context("the technician may attest their own work")?;
    ensure!(
        console.review_draft(&draft.draft, None).await.is_err(),
        "the technician attested their own work"
    );
    console.close_draft(&draft.draft).await?;
    teller.tell(&format!("the technician: {why}"))
}

/// A colleague has every entry on their screen, and attests.
async fn attest(console: &Console, of: &RecordOf, teller: &mut Teller) -> Result<()> {
    let draft = console.open_draft(of.clone()).await?;
    ensure!(draft.why_not_attest.is_none(), "{:?}", draft.why_not_attest);
    ensure!(draft.state == ReviewState::Draft, "it is reviewed already");
    let step = 20;
    for from in (0..draft.rows).step_by(step as usize) {
        let rows = console.draft_rows(&draft.draft, from, step).await?;
        tokio::time::sleep(Duration::from_millis(400)).await;
        let shown: Vec<Shown> = rows.iter().map(|row| Shown { row: row.row, ms: 400 }).collect();
        console.draft_shown(&draft.draft, &shown).await?;
    }
    let reviewed = console.review_draft(&draft.draft, None).await?;
    ensure!(reviewed.state == ReviewState::Reviewed, "the attestation is not known");
    let review = reviewed.reviews.first().context("no verdict")?;
    ensure!(
        review.seen == review.entries,
        "{} of {} entries were read",
        review.seen,
        review.entries
    );
    teller.tell(&format!(
        "{} ({}) read all {} entries and attested snapshot {}",
        review.who, review.role, review.entries, reviewed.digest
    ))?;
    console.close_draft(&draft.draft).await?;
    Ok(())
}

async fn reviewed(console: &Console, of: &RecordOf) -> Result<DraftView> {
    let draft = console.open_draft(of.clone()).await?;
    ensure!(
        draft.state == ReviewState::Reviewed,
        "the colleague's attestation is not found"
    );
    Ok(draft)
}
