//! What leaves with a record, as files: the evidence pack, the answer about payroll, the table for auditors, and both as signed documents. Then
//! other people's programs, and ours offline, look at what was left, and at what must be nowhere in it.

use crate::exported::run;
use crate::teller::Teller;
use anyhow::{Context, Result, ensure};
use caisey_console::facade::{AuditFiles, Leaving, Question};
use caisey_console::ports::{SystemClock, SystemEntropy};
use caisey_console::view::{AuditPreset, DraftView, RecordOf};
use caisey_console::{Clock, Console, Ports};
use caisey_pdf::{Attachment, Enclosure, Imprint, Limits, Seal, Signer};
use caisey_stories::programs::built;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;

/// What is asked.
const QUESTION: &str = "*payroll*";
/// Shorter hidden words may stand anywhere by chance.
const LEAST_LETTERS: usize = 6;

/// Scrubs the record, says how well, and returns what is hidden.
pub(crate) async fn scrub(console: &Console, draft: &DraftView, teller: &mut Teller) -> Result<BTreeSet<String>> {
    let scrub = console.scrub_draft(&draft.draft).await?;
    ensure!(scrub.blocked.is_none(), "{:?}", scrub.blocked);
    let (planted, found) = scrub.classes.iter().fold((0, 0), |(planted, found), class| {
        (planted + class.planted, found + class.found)
    });
    teller.tell(&format!(
        "{} removals; of {planted} planted identifiers {found} were found",
        scrub.removals
    ))?;
    let mut private = BTreeSet::new();
    for from in (0..draft.rows).step_by(100) {
        for row in console.draft_rows(&draft.draft, from, 100).await? {
            let pieces = row.texts.iter().flat_map(|text| &text.pieces);
            let hidden = pieces.filter(|piece| piece.removal.is_some() && !piece.label);
            private.extend(
                hidden
                    .map(|piece| piece.text.trim().to_owned())
                    .filter(|text| text.chars().count() >= LEAST_LETTERS),
            );
        }
    }
    Ok(private)
}

/// Leaves evidence-pack.zip.
pub(crate) async fn pack(console: &Console, draft: &DraftView, out: &Path) -> Result<()> {
    let leaving = Leaving {
        scrubbed: true,
        ask: vec![QUESTION.to_owned()],
    };
    let pack = console.pack_draft(&draft.draft, leaving).await?;
    write(&out.join("evidence-pack.zip"), &pack)
}

/// Leaves payroll.certificate.json, and says what it answers.
pub(crate) async fn tables(console: &Console, of: &RecordOf, out: &Path, teller: &mut Teller) -> Result<()> {
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
    let files = audit(console, of).await?;
    write(&out.join("audit.csv"), files.csv.as_bytes())?;
    write(&out.join("audit.json"), &files.json)?;
    for count in &files.view.counts {
        teller.tell(&format!("audit: {:>3}  {}", count.count, count.words))?;
    }
    ensure!(files.view.total > 0, "the audit has no action");
    Ok(())
}

/// The table for auditors.
pub(crate) async fn audit(console: &Console, of: &RecordOf) -> Result<AuditFiles> {
    Ok(console.audit_files(of.clone(), AuditPreset::Sox).await?)
}

/// Who prints, and when.
pub(crate) async fn imprint(console: &Console) -> Result<Imprint> {
    let me = console.overview().await?.me.context("nobody is signed in")?;
    Ok(Imprint {
        organisation: me.organisation_name,
        printed_at_ms: SystemClock.now_ms(),
        program: format!("Caisey journey {}", env!("CARGO_PKG_VERSION")),
    })
}

/// Leaves handover.pdf, with the very pack inside and the link as a code, and audit.pdf; both signed.
pub(crate) async fn documents(out: &Path, imprint: &Imprint, about: &str, audit: &AuditFiles, link: &str) -> Result<()> {
    let signer = signer(imprint).await?;
    let go_on = |_| ControlFlow::Continue(());
    let pack = std::fs::read(out.join("evidence-pack.zip"))?;
    let seal_of = |reason: &str| Seal {
        signer: &signer,
        reason: reason.to_owned(),
        stamp: None,
    };
    let seal = seal_of("Hand-over of a record");
    let document = caisey_pdf::print_pack(pack, imprint, Limits::default(), Some(link.to_owned()), Some(seal), go_on)?;
    write(&out.join("handover.pdf"), &document)?;
    let enclosure = Enclosure {
        attachments: vec![Attachment {
            name: "audit.csv".to_owned(),
            media_type: "text/csv".to_owned(),
            description: "The table for spreadsheets".to_owned(),
            bytes: audit.csv.as_bytes().to_vec(),
        }],
        seal: Some(seal_of("Audit of actions")),
        ..Enclosure::default()
    };
    let document = caisey_pdf::audit(&audit.view, about, imprint, enclosure, go_on)?;
    write(&out.join("audit.pdf"), &document)
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

/// Other people's programs, and ours offline, look at what was left.
pub(crate) fn judge(out: &Path, link: &str, private: &BTreeSet<String>, teller: &mut Teller) -> Result<()> {
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
    let pack = std::fs::read(out.join("evidence-pack.zip"))?;
    ensure!(
        enclosed(out)? == pack,
        "the pack inside the document is another than the one beside it"
    );
    let printed = run(Path::new("pdftotext"), &["-raw", "-enc", "UTF-8", &path("handover.pdf"), "-"])?;
    for words in ["Completeness certificate", "Robin Winter", "What was removed"] {
        ensure!(printed.contains(words), "the document does not say {words:?}");
    }
    let squeeze = |text: &str| -> String { text.chars().filter(|letter| !letter.is_whitespace()).collect() };
    ensure!(
        squeeze(&printed).contains(&squeeze(link)),
        "the document does not name the link"
    );
    teller.tell("the document carries the very pack, the certificate, who attested it, what was removed, and the link")?;
    let unpacked = unpacked(out)?;
    for (what, bytes) in [
        ("the pack", &pack),
        ("the document's text", &printed.into_bytes()),
        ("the document's streams", &unpacked),
    ] {
        nowhere(what, bytes, private)?;
    }
    teller.tell(&format!(
        "none of {} hidden contents is in the pack, in the document's text, or in its streams taken apart",
        private.len()
    ))
}

/// None of these words is among these bytes, as UTF-8 or as PDF writes text beside glyphs.
pub(crate) fn nowhere(what: &str, bytes: &[u8], private: &BTreeSet<String>) -> Result<()> {
    let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    for word in private {
        let wide: Vec<u8> = word.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let hex: String = wide.iter().map(|byte| format!("{byte:02x}")).collect();
        ensure!(
            !holds(word.as_bytes()) && !holds(&wide) && !holds(hex.as_bytes()) && !holds(hex.to_uppercase().as_bytes()),
            "{word:?} was hidden, and is in {what}"
        );
    }
    Ok(())
}

/// The pack that the document carries.
fn enclosed(out: &Path) -> Result<Vec<u8>> {
    let (inside, document) = (out.join("inside"), out.join("handover.pdf"));
    std::fs::create_dir_all(&inside)?;
    let (folder, document) = (inside.to_string_lossy(), document.to_string_lossy());
    run(Path::new("pdfdetach"), &["-saveall", "-o", &folder, &document])?;
    let pack = std::fs::read(inside.join("evidence-pack.zip"))?;
    std::fs::remove_dir_all(&inside)?;
    Ok(pack)
}

/// The document with every stream decompressed.
fn unpacked(out: &Path) -> Result<Vec<u8>> {
    let (document, apart) = (out.join("handover.pdf"), out.join("apart.pdf"));
    let (from, to) = (document.to_string_lossy(), apart.to_string_lossy());
    run(
        Path::new("qpdf"),
        &["--qdf", "--object-streams=disable", "--decode-level=all", &from, &to],
    )?;
    let bytes = std::fs::read(&apart)?;
    std::fs::remove_file(&apart)?;
    Ok(bytes)
}

pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}
