//! Writing what leaves with a record: packs, signed documents, certificates, audit tables.
//!
//! Promises of files are those of [`crate::export`]: whole or not at all, stoppable, nothing that was not asked for. Secrets of documents
//! stay in the key store; a PKCS#12 file is read when it is used and its password is not kept.

use crate::desktop::{Desktop, locked};
use crate::export::{choose, saved, stem, watching};
use crate::handover::{Answer, Shell, view};
use crate::opening::refused;
use caisey_console::facade::{Leaving, Question};
use caisey_console::ports::{SystemClock, SystemEntropy};
use caisey_console::view::{AuditPreset, RecordOf};
use caisey_console::{CancelFlag, Clock, ConsoleError, Entropy, ErrorView, KeyStore};
use caisey_pdf::{Ask, Attachment, Enclosure, Imprint, Limits, PdfError, Progress, Seal, Signer};
use serde::Deserialize;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use tauri_plugin_dialog::DialogExt;
use tokio::sync::oneshot;

/// Asks for the PKCS#12 file to sign with; what is shown of it is its name. In tests `CAISEY_CERTIFICATE` stands in for the dialog.
#[tauri::command]
pub(crate) async fn choose_certificate(shell: Shell<'_>) -> Answer<Option<String>> {
    let chosen = match std::env::var_os("CAISEY_CERTIFICATE") {
        Some(path) => Some(PathBuf::from(path)),
        None => {
            let (tell, told) = oneshot::channel();
            let dialog = shell.app.dialog().file().set_title("Certificate to sign with");
            dialog.add_filter("PKCS#12 file", &["p12", "pfx"]).pick_file(move |path| {
                let _ = tell.send(path);
            });
            told.await.ok().flatten().and_then(|path| path.into_path().ok())
        }
    };
    let name = chosen
        .as_ref()
        .and_then(|path| path.file_name())
        .map(|name| name.to_string_lossy().into_owned());
    if chosen.is_some() {
        *locked(&shell.certificate) = chosen;
    }
    Ok(name)
}

/// Who signs a document, and who says when.
#[derive(Deserialize)]
pub(crate) struct Signing {
    /// Password of the PKCS#12 file that was chosen; none means the organisation's own authority.
    password: Option<String>,
    /// Address of an RFC 3161 authority.
    authority: Option<String>,
}

/// What leaves.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    form: Form,
    scrubbed: bool,
    ask: Vec<String>,
    /// Where the record can be read in a browser; printed as a QR code.
    link: Option<String>,
    signing: Signing,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Form {
    Pack,
    Pdf,
}

/// Asks where to save and writes a pack or a signed document of a draft; none when the person changed their mind.
#[tauri::command]
pub(crate) async fn hand_over(shell: Shell<'_>, draft: String, wanted: Wanted) -> Answer<Option<String>> {
    let desktop = Arc::clone(shell.inner());
    let console = desktop.console().await.map_err(view)?;
    let head = console.draft_view(&draft).await.map_err(view)?;
    let filter = match wanted.form {
        Form::Pack => ("Evidence pack", "zip"),
        Form::Pdf => ("PDF document", "pdf"),
    };
    let name = format!("{}.{}", stem(&head.title, head.from_ms), filter.1);
    let Some(path) = choose(&desktop, "Hand over", &name, filter).await else {
        return Ok(None);
    };
    let flag = CancelFlag::default();
    locked(&desktop.exports).insert(draft.clone(), flag.clone());
    let made = async {
        let leaving = Leaving {
            scrubbed: wanted.scrubbed,
            ask: wanted.ask,
        };
        let pack = console.pack_draft(&draft, leaving).await.map_err(view)?;
        match wanted.form {
            Form::Pack => Ok(pack),
            Form::Pdf => {
                let link = wanted.link;
                let print = move |imprint: &Imprint, seal: Seal<'_>, watch: &mut Watch<'_>| {
                    caisey_pdf::print_pack(pack, imprint, Limits::default(), link, Some(seal), watch)
                };
                sealed(&desktop, &draft, wanted.signing, "Hand-over of a record", flag.clone(), print).await
            }
        }
    }
    .await;
    locked(&desktop.exports).remove(&draft);
    saved(&desktop, path, made?, &flag).await
}

/// Signs an answer and saves it by itself.
#[tauri::command]
pub(crate) async fn save_certificate(shell: Shell<'_>, of: RecordOf, pattern: String) -> Answer<Option<String>> {
    let console = shell.console().await.map_err(view)?;
    let (certificate, envelope, _) = console.certify(&Question::from(of), &pattern).await.map_err(view)?;
    let name = format!("{}.certificate.json", stem(&pattern, certificate.at_ms.get()));
    match choose(&shell, "Save the certificate", &name, ("Signed certificate", "json")).await {
        Some(path) => saved(shell.inner(), path, envelope.into_bytes(), &CancelFlag::default()).await,
        None => Ok(None),
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TableForm {
    Csv,
    Json,
    Pdf,
}

/// Saves an audit table; `about` says on the document what it is of.
#[tauri::command]
pub(crate) async fn save_audit(
    shell: Shell<'_>,
    of: RecordOf,
    preset: AuditPreset,
    about: String,
    form: TableForm,
) -> Answer<Option<String>> {
    let desktop = Arc::clone(shell.inner());
    let console = desktop.console().await.map_err(view)?;
    let filter = match form {
        TableForm::Csv => ("Table", "csv"),
        TableForm::Json => ("JSON", "json"),
        TableForm::Pdf => ("PDF document", "pdf"),
    };
    let name = format!("{}.{}", stem("audit", SystemClock.now_ms()), filter.1);
    let Some(path) = choose(&desktop, "Save the audit table", &name, filter).await else {
        return Ok(None);
    };
    let files = console.audit_files(of, preset).await.map_err(view)?;
    let flag = CancelFlag::default();
    let bytes = match form {
        TableForm::Csv => files.csv.into_bytes(),
        TableForm::Json => files.json,
        TableForm::Pdf => {
            locked(&desktop.exports).insert("audit".to_owned(), flag.clone());
            let print = move |imprint: &Imprint, seal: Seal<'_>, watch: &mut Watch<'_>| {
                let enclosure = Enclosure {
                    attachments: vec![
                        attachment("audit.csv", "text/csv", "The table for spreadsheets", files.csv.into_bytes()),
                        attachment("audit.json", "application/json", "The table for programs", files.json),
                    ],
                    seal: Some(seal),
                    ..Enclosure::default()
                };
                caisey_pdf::audit(&files.view, &about, imprint, enclosure, watch)
            };
            let signing = Signing {
                password: None,
                authority: None,
            };
            let made = sealed(&desktop, "audit", signing, "Audit of actions", flag.clone(), print).await;
            locked(&desktop.exports).remove("audit");
            made?
        }
    };
    saved(&desktop, path, bytes, &flag).await
}

fn attachment(name: &str, media_type: &str, description: &str, bytes: Vec<u8>) -> Attachment {
    Attachment {
        name: name.to_owned(),
        media_type: media_type.to_owned(),
        description: description.to_owned(),
        bytes,
    }
}

type Watch<'a> = dyn FnMut(Progress) -> ControlFlow<()> + 'a;

/// Prints something and signs it, telling the page under `name` how far it is.
async fn sealed(
    desktop: &Arc<Desktop>,
    name: &str,
    signing: Signing,
    reason: &str,
    flag: CancelFlag,
    print: impl FnOnce(&Imprint, Seal<'_>, &mut Watch<'_>) -> Result<Vec<u8>, PdfError> + Send + 'static,
) -> Answer<Vec<u8>> {
    let me = desktop.console().await.map_err(view)?.overview().await.map_err(view)?.me;
    let imprint = Imprint {
        organisation: me.map(|me| me.organisation_name).unwrap_or_default(),
        printed_at_ms: SystemClock.now_ms(),
        program: concat!("Caisey Console ", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    let (keys, file) = (locked(&desktop.keys).clone(), locked(&desktop.certificate).clone());
    let (desktop, name, reason) = (Arc::clone(desktop), name.to_owned(), reason.to_owned());
    let runtime = tokio::runtime::Handle::current();
    let work = move || {
        let signer = match signing.password {
            Some(password) => from_file(file, &password)?,
            None => of_organisation(keys, &imprint)?,
        };
        let mut ask = signing.authority.map(|authority| {
            move |request: &[u8]| -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
                let answer = runtime.block_on(caisey_client::stamp::ask(&authority, request.to_vec()));
                answer.map_err(Into::into)
            }
        });
        let nonce = u64::from_le_bytes(*SystemEntropy.fresh32().first_chunk().unwrap_or(&[1; 8]));
        let seal = Seal {
            signer: &signer,
            reason,
            stamp: ask.as_mut().map(|ask| (nonce, ask as &mut Ask<'_>)),
        };
        let mut watch = watching(&desktop, name, flag);
        print(&imprint, seal, &mut watch).map_err(|error| match error {
            PdfError::Stopped => ConsoleError::Cancelled.view(),
            other => failed(&other),
        })
    };
    let printed = tokio::task::spawn_blocking(work).await;
    printed.map_err(|error| refused("internal", error.to_string()))?
}

fn failed(why: &dyn std::fmt::Display) -> ErrorView {
    refused("export_failed", format!("Nothing was saved: {why}."))
}

fn from_file(file: Option<PathBuf>, password: &str) -> Answer<Signer> {
    let path = file.ok_or_else(|| failed(&"choose the PKCS#12 file to sign with first"))?;
    let bytes = std::fs::read(&path).map_err(|error| failed(&format!("{} could not be read ({error})", path.display())))?;
    Signer::from_pkcs12(&bytes, password).map_err(|error| failed(&error))
}

/// The organisation's own authority; made when it is first needed.
fn of_organisation(keys: Option<Arc<dyn KeyStore>>, imprint: &Imprint) -> Answer<Signer> {
    let keys = keys.ok_or_else(|| view(ConsoleError::SignedOut))?;
    let kept = caisey_pdf::kept_signer(keys.as_ref(), &SystemEntropy, &imprint.organisation, imprint.printed_at_ms);
    kept.map_err(|error| failed(&error))
}
