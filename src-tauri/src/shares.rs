//! Commands of share links, each one call of the console.

use crate::desktop::{Desktop, ShellEvent};
use crate::handover::{Answer, Shell, view};
use caisey_console::view::{NewShare, ShareRow, ShareVisitRow};
use std::sync::Arc;

/// Tells the page how much of a pack is there.
fn uploading(desktop: &Arc<Desktop>, draft: &str) -> impl FnMut(u64, u64) + Send + use<> {
    let (desktop, session) = (Arc::clone(desktop), draft.to_owned());
    move |done, total| {
        desktop.tell(ShellEvent::Export {
            session: session.clone(),
            done,
            total,
        });
    }
}

#[tauri::command]
pub(crate) async fn share_draft(shell: Shell<'_>, draft: String, wanted: NewShare, ask: Vec<String>) -> Answer<ShareRow> {
    let console = shell.console().await.map_err(view)?;
    let told = uploading(shell.inner(), &draft);
    console.share_draft(&draft, wanted, ask, told).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn refresh_share(
    shell: Shell<'_>,
    draft: String,
    share: String,
    unreviewed: bool,
    ask: Vec<String>,
) -> Answer<ShareRow> {
    let console = shell.console().await.map_err(view)?;
    let told = uploading(shell.inner(), &draft);
    console
        .refresh_share(&draft, &share, unreviewed, ask, told)
        .await
        .map_err(view)
}

#[tauri::command]
pub(crate) async fn shares(shell: Shell<'_>) -> Answer<Vec<ShareRow>> {
    shell.console().await.map_err(view)?.shares().await.map_err(view)
}

#[tauri::command]
pub(crate) async fn share_visits(shell: Shell<'_>, share: String) -> Answer<Vec<ShareVisitRow>> {
    shell.console().await.map_err(view)?.share_visits(&share).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn revoke_share(shell: Shell<'_>, share: String) -> Answer<()> {
    shell.console().await.map_err(view)?.revoke_share(&share).await.map_err(view)
}
