//! Writing a session to a file that the person chooses: transcript as PDF, record as JSON.
//!
//! Promises: the file appears whole or not at all; the work can be stopped; nothing is written that was not asked for. In tests
//! `CAISEY_EXPORT_DIR` stands in for the dialog.

use crate::desktop::{Desktop, ShellEvent, locked};
use crate::opening::refused;
use caisey_console::view::{SessionDetail, SessionRow};
use caisey_console::{CancelFlag, Clock, Console, ConsoleError, ErrorView};
use caisey_pdf::Progress;
use serde::Deserialize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tauri_plugin_dialog::DialogExt;
use tokio::sync::oneshot;

/// What to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// For people.
    Pdf,
    /// For checking.
    Json,
}

impl Format {
    fn extension(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Json => "json",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Pdf => "PDF document",
            Self::Json => "JSON record",
        }
    }
}

/// Asks where to save and writes; none when the person changed their mind.
pub(crate) async fn run(desktop: &Arc<Desktop>, session: String, format: Format) -> Result<Option<String>, ErrorView> {
    let console = desktop.console().await.map_err(|error| error.view())?;
    let row = console.session_head(&session).await.map_err(|error| error.view())?.row;
    let filter = (format.words(), format.extension());
    let Some(path) = choose(desktop, "Export this session", &file_name(&row, format), filter).await else {
        return Ok(None);
    };
    let flag = CancelFlag::default();
    locked(&desktop.exports).insert(session.clone(), flag.clone());
    let made = match format {
        Format::Json => record(desktop, &console, session.clone(), flag.clone()).await,
        Format::Pdf => match console.session_detail(&session).await {
            Ok(detail) => print(desktop, session.clone(), detail, flag.clone()).await,
            Err(error) => Err(error.view()),
        },
    };
    locked(&desktop.exports).remove(&session);
    saved(desktop, path, made?, &flag).await
}

/// Writes what was made, unless the person stopped it meanwhile; then it may be shown in its folder.
pub(crate) async fn saved(
    desktop: &Desktop,
    path: PathBuf,
    bytes: Vec<u8>,
    flag: &CancelFlag,
) -> Result<Option<String>, ErrorView> {
    if flag.is_cancelled() {
        return Err(ConsoleError::Cancelled.view());
    }
    let target = path.clone();
    tokio::task::spawn_blocking(move || write_whole(&target, &bytes))
        .await
        .map_err(|error| refused("internal", error.to_string()))?
        .map_err(|error| not_saved(&path, &error))?;
    locked(&desktop.exported).insert(path.clone());
    Ok(Some(path.display().to_string()))
}

/// Tells the page under this name how far printing is, and ends it when the person stopped it.
pub(crate) fn watching(
    desktop: &Arc<Desktop>,
    name: String,
    flag: CancelFlag,
) -> impl FnMut(Progress) -> ControlFlow<()> + Send + use<> {
    let (desktop, mut told) = (Arc::clone(desktop), 0);
    move |progress: Progress| {
        // A hundred steps are as many as a progress bar can show.
        if progress.done == progress.total || (progress.done.saturating_sub(told)) * 100 >= progress.total {
            told = progress.done;
            desktop.tell(ShellEvent::Export {
                session: name.clone(),
                done: progress.done as u64,
                total: progress.total as u64,
            });
        }
        match flag.is_cancelled() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}

/// The record with its proofs, telling the page how far it is.
async fn record(desktop: &Arc<Desktop>, console: &Console, session: String, flag: CancelFlag) -> Result<Vec<u8>, ErrorView> {
    let (desktop, name) = (Arc::clone(desktop), session.clone());
    let tell = move |done, total| {
        desktop.tell(ShellEvent::Export {
            session: name.clone(),
            done,
            total,
        });
    };
    let made = console.export_session_json(&session, flag, tell).await;
    made.map_err(|error| error.view())
}

async fn print(desktop: &Arc<Desktop>, session: String, detail: SessionDetail, flag: CancelFlag) -> Result<Vec<u8>, ErrorView> {
    let organisation = match desktop.console().await.map_err(|error| error.view())?.overview().await {
        Ok(overview) => overview.me.map(|me| me.organisation_name),
        Err(_) => None,
    };
    let imprint = caisey_pdf::Imprint {
        organisation: organisation.unwrap_or_default(),
        printed_at_ms: caisey_console::ports::SystemClock.now_ms(),
        program: concat!("Caisey Console ", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    let watch = watching(desktop, session, flag);
    let printing = move || {
        let (limits, enclosure) = (caisey_pdf::Limits::default(), caisey_pdf::Enclosure::default());
        caisey_pdf::transcript(&detail, &imprint, limits, enclosure, watch)
    };
    let printed = tokio::task::spawn_blocking(printing).await;
    match printed.map_err(|error| refused("internal", error.to_string()))? {
        Ok(bytes) => Ok(bytes),
        Err(caisey_pdf::PdfError::Stopped) => Err(ConsoleError::Cancelled.view()),
        Err(error) => Err(refused("export_failed", format!("Nothing was saved: {error}."))),
    }
}

/// Asks where to save; `filter` is what kind of file, in words, and its ending.
pub(crate) async fn choose(desktop: &Desktop, title: &str, name: &str, filter: (&str, &str)) -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("CAISEY_EXPORT_DIR") {
        return Some(PathBuf::from(folder).join(name));
    }
    let (tell, told) = oneshot::channel();
    desktop
        .app
        .dialog()
        .file()
        .set_title(title)
        .set_file_name(name)
        .add_filter(filter.0, &[filter.1])
        .save_file(move |path| {
            let _ = tell.send(path);
        });
    told.await.ok()??.into_path().ok()
}

/// `caisey-HOST-20261117-2214.pdf`; the host's name is hostile until reduced to letters, digits, dots and hyphens.
fn file_name(row: &SessionRow, format: Format) -> String {
    format!("{}.{}", stem(&row.hostname, row.opened_at_ms), format.extension())
}

/// A file's name without its ending, from a name that is hostile until reduced, and a time.
pub(crate) fn stem(name: &str, at_ms: u64) -> String {
    let host: String = name
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() || letter == '-' {
                letter
            } else {
                '_'
            }
        })
        .take(60)
        .collect();
    format!("caisey-{host}-{}", utc_minute(at_ms))
}

/// `20261117-2214`.
fn utc_minute(ms: u64) -> String {
    let minutes = ms / 60_000;
    let (year, month, day) = caisey_pdf::moment::civil(minutes / 1_440);
    format!("{year:04}{month:02}{day:02}-{:02}{:02}", minutes / 60 % 24, minutes % 60)
}

/// Beside the target first, then in its place.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".part");
    let fresh = PathBuf::from(fresh);
    let written = std::fs::File::create(&fresh)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&fresh, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&fresh);
    }
    written
}

fn not_saved(path: &Path, error: &std::io::Error) -> ErrorView {
    refused(
        "export_failed",
        format!(
            "{} could not be written ({error}). Choose another place or make room, and export again.",
            path.display()
        ),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn minutes_are_written_as_dates() {
        assert_eq!(utc_minute(0), "19700101-0000");
        assert_eq!(utc_minute(951_827_640_000), "20000229-1234");
        assert_eq!(utc_minute(1_794_953_640_000), "20261117-2214");
    }

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let folder = std::env::temp_dir().join(format!("caisey-export-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("a.json");
        write_whole(&path, b"{}").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"{}");
        assert!(write_whole(&folder.join("missing").join("a.json"), b"{}").is_err());
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
