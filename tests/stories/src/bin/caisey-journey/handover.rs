//! The second half of the first story: the insurer asks, and the record is handed over.
//!
//! Who did the work cannot attest it, and is told so; a colleague reads every entry on a console of their own and does. What leaves goes without
//! personal data: an evidence pack, a signed document with the pack inside, an answer about payroll, a table for auditors. Each is checked
//! by programs that are not ours where there are any.

use crate::breach::{self, Played};
use crate::exported::run;
use crate::scene::PATIENCE;
use crate::teller::Teller;
use anyhow::{Context, Result, ensure};
use caisey_console::facade::{Leaving, Question};
use caisey_console::ports::{SystemClock, SystemEntropy};
use caisey_console::view::{AuditPreset, AuditView, DraftView, RecordOf, ReviewState, Shown};
use caisey_console::{Clock, Console, Ports};
use caisey_pdf::{Attachment, Enclosure, Imprint, Limits, Seal, Signer};
use caisey_stories::programs::built;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

/// What the insurer asks about.
const QUESTION: &str = "*payroll*";

/// Plays both halves.
pub(crate) async fn play(out: &Path, folder: &Path) -> Result<()> {
    let Played {
        stage,
        home,
        session,
        mut teller,
    } = breach::play(out, folder).await?;
    let (control, _) = stage.start_control()?;
    teller.tell("two days later: the insurer asks whether anybody opened the payroll folder")?;
    let of = RecordOf::Session { session };
    let console = breach::sign_in(&home, &stage.url(), stage.tokens()).await?;
    console.wait_synchronised(None, PATIENCE).await?;
    told_off(&console, &of, &mut teller).await?;

    let colleague = stage.add_colleague("robin@msp.example", "Robin Winter", "technician").await?;
    let desk = folder.join("reviewer");
    let reviewer = breach::sign_in(&desk, &stage.url(), colleague.tokens()).await?;
    reviewer.wait_synchronised(None, PATIENCE).await?;
    attest(&reviewer, &of, &mut teller).await?;
    breach::leave_signed_in(&stage.url(), colleague.refresh_token().await?, &desk).await?;
    reviewer.shut_down().await;

    leave(&console, &of, out, &mut teller).await?;
    console.shut_down().await;
    drop(control);
    judge(out, &mut teller)?;
    teller.tell("the record is handed over, and holds without us")
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

/// Everything that leaves.
async fn leave(console: &Console, of: &RecordOf, out: &Path, teller: &mut Teller) -> Result<()> {
    let draft = console.open_draft(of.clone()).await?;
    ensure!(
        draft.state == ReviewState::Reviewed,
        "the colleague's attestation is not found"
    );
    let scrub = console.scrub_draft(&draft.draft).await?;
    ensure!(scrub.blocked.is_none(), "{:?}", scrub.blocked);
    let (planted, found) = scrub.classes.iter().fold((0, 0), |(planted, found), class| {
        (planted + class.planted, found + class.found)
    });
    teller.tell(&format!(
        "{} removals; of {planted} planted identifiers {found} were found",
        scrub.removals
    ))?;
    let leaving = Leaving {
        scrubbed: true,
        ask: vec![QUESTION.to_owned()],
    };
    let pack = console.pack_draft(&draft.draft, leaving).await?;
    write(&out.join("evidence-pack.zip"), &pack)?;
    let imprint = imprint(console).await?;
    let signer = signer(&imprint).await?;
    let document = print(pack, &imprint, &signer)?;
    write(&out.join("handover.pdf"), &document)?;
    let (certificate, envelope, _) = console.certify(&Question::from(of.clone()), QUESTION).await?;
    write(&out.join("payroll.certificate.json"), envelope.as_bytes())?;
    ensure!(
        certificate.matched.is_empty(),
        "payroll is on the record: {:?}",
        certificate.matched
    );
    for sentence in certificate.sentences() {
        teller.tell(&format!("payroll?  {sentence}"))?;
    }
    tables(console, of, &draft, out, &imprint, &signer, teller).await
}

async fn tables(
    console: &Console,
    of: &RecordOf,
    draft: &DraftView,
    out: &Path,
    imprint: &Imprint,
    signer: &Signer,
    teller: &mut Teller,
) -> Result<()> {
    let files = console.audit_files(of.clone(), AuditPreset::Sox).await?;
    write(&out.join("audit.csv"), files.csv.as_bytes())?;
    write(&out.join("audit.json"), &files.json)?;
    let document = print_audit(&files.view, &draft.title, imprint, signer, &files.csv)?;
    write(&out.join("audit.pdf"), &document)?;
    for count in &files.view.counts {
        teller.tell(&format!("audit: {:>3}  {}", count.count, count.words))?;
    }
    ensure!(files.view.total > 0, "the audit has no action");
    Ok(())
}

async fn imprint(console: &Console) -> Result<Imprint> {
    let me = console.overview().await?.me.context("nobody is signed in")?;
    Ok(Imprint {
        organisation: me.organisation_name,
        printed_at_ms: SystemClock.now_ms(),
        program: format!("Caisey journey {}", env!("CARGO_PKG_VERSION")),
    })
}

/// The organisation's own authority, from the key store.
async fn signer(imprint: &Imprint) -> Result<Signer> {
    let imprint = imprint.clone();
    let made = tokio::task::spawn_blocking(move || {
        let keys = Ports::system().keys;
        caisey_pdf::kept_signer(keys.as_ref(), &SystemEntropy, &imprint.organisation, imprint.printed_at_ms)
    });
    Ok(made.await??)
}

fn seal<'a>(signer: &'a Signer, reason: &str) -> Seal<'a> {
    Seal {
        signer,
        reason: reason.to_owned(),
        stamp: None,
    }
}

fn print(pack: Vec<u8>, imprint: &Imprint, signer: &Signer) -> Result<Vec<u8>> {
    let seal = seal(signer, "Hand-over of a record");
    let go_on = |_| ControlFlow::Continue(());
    Ok(caisey_pdf::print_pack(
        pack,
        imprint,
        Limits::default(),
        None,
        Some(seal),
        go_on,
    )?)
}

fn print_audit(view: &AuditView, about: &str, imprint: &Imprint, signer: &Signer, csv: &str) -> Result<Vec<u8>> {
    let enclosure = Enclosure {
        attachments: vec![Attachment {
            name: "audit.csv".to_owned(),
            media_type: "text/csv".to_owned(),
            description: "The table for spreadsheets".to_owned(),
            bytes: csv.as_bytes().to_vec(),
        }],
        seal: Some(seal(signer, "Audit of actions")),
        ..Enclosure::default()
    };
    Ok(caisey_pdf::audit(view, about, imprint, enclosure, |_| {
        ControlFlow::Continue(())
    })?)
}

/// Other people's programs, and ours offline, look at what was left.
fn judge(out: &Path, teller: &mut Teller) -> Result<()> {
    let caisey = built("caisey")?;
    let path = |name: &str| out.join(name).to_string_lossy().into_owned();
    for name in ["evidence-pack.zip", "handover.pdf"] {
        let said = run(&caisey, &["verify", &path(name)])?;
        teller.tell(&format!("caisey verify {name}:"))?;
        teller.quote(&said)?;
        ensure!(said.contains("Robin Winter"), "{name} does not say who attested it");
    }
    for name in ["handover.pdf", "audit.pdf"] {
        run(Path::new("qpdf"), &["--check", &path(name)])?;
        let said = run(Path::new("pdfsig"), &["-nocert", &path(name)])?;
        ensure!(
            said.contains("Signature is Valid") && said.contains("Total document signed"),
            "pdfsig does not accept {name}:\n{said}"
        );
        teller.tell(&format!(
            "{name}: qpdf finds no fault, pdfsig accepts the signature over the whole document"
        ))?;
    }
    let inside = out.join("inside");
    std::fs::create_dir_all(&inside)?;
    run(
        Path::new("pdfdetach"),
        &["-saveall", "-o", &inside.to_string_lossy(), &path("handover.pdf")],
    )?;
    let (within, beside) = (
        std::fs::read(inside.join("evidence-pack.zip"))?,
        std::fs::read(out.join("evidence-pack.zip"))?,
    );
    ensure!(
        within == beside,
        "the pack inside the document is another than the one beside it"
    );
    std::fs::remove_dir_all(&inside)?;
    let printed = run(Path::new("pdftotext"), &["-raw", "-enc", "UTF-8", &path("handover.pdf"), "-"])?;
    for words in ["Completeness certificate", "Robin Winter", "What was removed"] {
        ensure!(printed.contains(words), "the document does not say {words:?}");
    }
    teller.tell("the document carries the very pack, the certificate, who attested it, and what was removed")
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}
