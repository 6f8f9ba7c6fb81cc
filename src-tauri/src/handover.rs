//! Commands of the review and hand-over screens about open snapshots, each one call of the console: read, attested, refused, scrubbed. And what is
//! asked of a record: answers and tables. What leaves is written by [`crate::leave`], links are [`crate::shares`]'.

use crate::desktop::Desktop;
use caisey_console::view::{
    AuditPreset, AuditRow, AuditView, CoverageView, DraftRow, DraftView, NegativeView, RecordOf, ScrubView, Shown, TextPoint,
};
use caisey_console::{ConsoleError, ErrorView};
use serde::Deserialize;
use std::sync::Arc;
use tauri::State;

pub(crate) type Shell<'a> = State<'a, Arc<Desktop>>;
pub(crate) type Answer<T> = Result<T, ErrorView>;

pub(crate) fn view(error: ConsoleError) -> ErrorView {
    error.view()
}

#[tauri::command]
pub(crate) async fn open_draft(shell: Shell<'_>, of: RecordOf) -> Answer<DraftView> {
    shell.console().await.map_err(view)?.open_draft(of).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn draft_rows(shell: Shell<'_>, draft: String, from: u32, count: u32) -> Answer<Vec<DraftRow>> {
    let console = shell.console().await.map_err(view)?;
    console.draft_rows(&draft, from, count).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn draft_shown(shell: Shell<'_>, draft: String, shown: Vec<Shown>) -> Answer<CoverageView> {
    let console = shell.console().await.map_err(view)?;
    console.draft_shown(&draft, &shown).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn close_draft(shell: Shell<'_>, draft: String) -> Answer<()> {
    shell.console().await.map_err(view)?.close_draft(&draft).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn attest_draft(shell: Shell<'_>, draft: String) -> Answer<DraftView> {
    let console = shell.console().await.map_err(view)?;
    console.review_draft(&draft, None).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn refuse_draft(shell: Shell<'_>, draft: String, reason: String) -> Answer<DraftView> {
    let console = shell.console().await.map_err(view)?;
    console.review_draft(&draft, Some(reason)).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn scrub_draft(shell: Shell<'_>, draft: String) -> Answer<ScrubView> {
    shell.console().await.map_err(view)?.scrub_draft(&draft).await.map_err(view)
}

/// What was selected.
#[derive(Deserialize)]
pub(crate) struct Selection {
    row: u32,
    text: String,
    from: TextPoint,
    to: TextPoint,
    class: String,
}

#[tauri::command]
pub(crate) async fn hide_in_draft(shell: Shell<'_>, draft: String, selection: Selection) -> Answer<ScrubView> {
    let console = shell.console().await.map_err(view)?;
    let points = (selection.from, selection.to);
    let hidden = console.hide_in_draft(&draft, selection.row, &selection.text, points, &selection.class);
    hidden.await.map_err(view)
}

#[tauri::command]
pub(crate) async fn show_in_draft(
    shell: Shell<'_>,
    draft: String,
    row: u32,
    text: String,
    at: u32,
    reason: String,
) -> Answer<ScrubView> {
    let console = shell.console().await.map_err(view)?;
    console.show_in_draft(&draft, row, &text, at, &reason).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn ask_negative(shell: Shell<'_>, of: RecordOf, pattern: String) -> Answer<NegativeView> {
    let console = shell.console().await.map_err(view)?;
    console.ask_negative(of, &pattern).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn audit_view(shell: Shell<'_>, of: RecordOf, preset: AuditPreset) -> Answer<AuditView> {
    let console = shell.console().await.map_err(view)?;
    console.audit_view(of, preset).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn audit_rows(
    shell: Shell<'_>,
    of: RecordOf,
    preset: AuditPreset,
    from: u32,
    count: u32,
) -> Answer<Vec<AuditRow>> {
    let console = shell.console().await.map_err(view)?;
    console.audit_rows(of, preset, from, count).await.map_err(view)
}
