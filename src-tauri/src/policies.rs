//! What the page can ask about policies: the list, one policy, a draft, what it would have changed, publishing it; for a client's contact, what
//! applies to their client, and agreeing to it. Each one call of the console.

use crate::desktop::{Desktop, ShellEvent, locked};
use caisey_console::view::{
    ClientPoliciesView, DryRunView, PoliciesView, PolicyDetail, PolicyDraft, PolicyDraftView, TraitsView,
};
use caisey_console::{CancelFlag, Console, ConsoleError, ErrorView};
use std::sync::Arc;
use tauri::State;

type Shell<'a> = State<'a, Arc<Desktop>>;
type Answer<T> = Result<T, ErrorView>;

/// Under this name its progress is told, and it is stopped.
const DRY_RUN: &str = "dry-run";

fn view(error: ConsoleError) -> ErrorView {
    error.view()
}

async fn console(shell: &Shell<'_>) -> Answer<Console> {
    shell.console().await.map_err(view)
}

#[tauri::command]
pub(crate) async fn policies(shell: Shell<'_>) -> Answer<PoliciesView> {
    console(&shell).await?.policies().await.map_err(view)
}

#[tauri::command]
pub(crate) async fn policy(shell: Shell<'_>, name: String) -> Answer<PolicyDetail> {
    console(&shell).await?.policy(&name).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn draft_policy(shell: Shell<'_>, draft: PolicyDraft) -> Answer<PolicyDraftView> {
    console(&shell).await?.draft_policy(draft).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn check_policy(shell: Shell<'_>, draft: PolicyDraft) -> Answer<PolicyDraftView> {
    console(&shell).await?.check_policy(draft).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn publish_policy(shell: Shell<'_>, draft: PolicyDraft) -> Answer<PolicyDetail> {
    console(&shell).await?.publish_policy(draft).await.map_err(view)
}

/// Progress arrives as `export` events named `dry-run`; `cancel_export` of that name stops it.
#[tauri::command]
pub(crate) async fn try_policy(shell: Shell<'_>, draft: PolicyDraft) -> Answer<DryRunView> {
    let console = console(&shell).await?;
    let flag = CancelFlag::default();
    // A newer one takes the place of one that still runs.
    if let Some(older) = locked(&shell.exports).insert(DRY_RUN.to_owned(), flag.clone()) {
        older.cancel();
    }
    let desktop = Arc::clone(shell.inner());
    let told = move |done, total| {
        desktop.tell(ShellEvent::Export {
            session: DRY_RUN.to_owned(),
            done,
            total,
        });
    };
    console.try_policy(draft, flag, told).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn client_policies(shell: Shell<'_>) -> Answer<ClientPoliciesView> {
    console(&shell).await?.client_policies().await.map_err(view)
}

#[tauri::command]
pub(crate) async fn agree_to_policy(shell: Shell<'_>, name: String, version: u64, digest: String) -> Answer<ClientPoliciesView> {
    let console = console(&shell).await?;
    console.agree_to_policy(&name, version, &digest).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn endpoint_traits(shell: Shell<'_>, endpoint: String) -> Answer<TraitsView> {
    console(&shell).await?.endpoint_traits(&endpoint).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn set_endpoint_traits(shell: Shell<'_>, endpoint: String, traits: TraitsView) -> Answer<()> {
    console(&shell)
        .await?
        .set_endpoint_traits(&endpoint, traits)
        .await
        .map_err(view)
}
