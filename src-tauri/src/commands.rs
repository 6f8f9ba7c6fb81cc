//! What the page can ask for: one command per method of its host interface (`ui/src/platform/host.ts`), each one call further in.

use crate::desktop::{Desktop, ShellEvent, locked};
use crate::opening::refused;
use crate::sign_in::{How, Ways};
use crate::startup::Startup;
use crate::{export, marks};
use caisey_console::view::{
    ClientRow, CommandMark, InstallerRow, InstallerSecretView, NewCommand, NewInstaller, Overview, SearchQuery, SearchResult,
    SendableView, SessionFilter, SessionHead, SessionPage, SessionProof, SessionRow, VerifyProgress,
};
use caisey_console::{CancelFlag, ConsoleError, ErrorView};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tauri::State;
use tauri_plugin_opener::OpenerExt;

type Shell<'a> = State<'a, Arc<Desktop>>;
type Answer<T> = Result<T, ErrorView>;

fn view(error: ConsoleError) -> ErrorView {
    error.view()
}

/// What is known about this installation.
#[derive(Serialize)]
pub(crate) struct About {
    version: &'static str,
    data_dir: String,
    control_plane: Option<String>,
    key_store: &'static str,
}

/// What a page that begins needs to know, in one answer.
#[derive(Serialize)]
pub(crate) struct Standing {
    startup: Startup,
    /// Once the main window can be shown.
    overview: Option<Overview>,
}

#[tauri::command]
pub(crate) async fn standing(shell: Shell<'_>) -> Answer<Standing> {
    let startup = shell.startup();
    let overview = match startup {
        Startup::Ready { .. } => Some(shell.overview().await.map_err(view)?),
        _ => None,
    };
    Ok(Standing { startup, overview })
}

#[tauri::command]
pub(crate) async fn overview(shell: Shell<'_>) -> Answer<Overview> {
    shell.overview().await.map_err(view)
}

#[tauri::command]
pub(crate) fn about(shell: Shell<'_>) -> About {
    let by_passphrase = shell.passphrase.load(Ordering::Relaxed);
    About {
        version: env!("CARGO_PKG_VERSION"),
        data_dir: shell.home.display().to_string(),
        control_plane: locked(&shell.address).clone(),
        key_store: match by_passphrase {
            true => "A vault that your passphrase opens",
            false if cfg!(windows) => "Windows Credential Manager",
            false if cfg!(target_os = "macos") => "macOS Keychain",
            false => "Secret Service (GNOME Keyring, KWallet or another)",
        },
    }
}

#[tauri::command]
pub(crate) async fn start_embedded(shell: Shell<'_>) -> Answer<()> {
    shell.inner().start_embedded().await
}

#[tauri::command]
pub(crate) async fn start_again(shell: Shell<'_>) -> Answer<()> {
    shell.inner().start_again().await;
    Ok(())
}

#[tauri::command]
pub(crate) async fn sign_in(shell: Shell<'_>, how: How) -> Answer<()> {
    shell.inner().sign_in_remote(how).await
}

#[tauri::command]
pub(crate) async fn sign_in_ways(shell: Shell<'_>, address: String) -> Answer<Ways> {
    shell.sign_in_ways(&address).await
}

#[tauri::command]
pub(crate) fn cancel_sign_in(shell: Shell<'_>) {
    shell.cancel_sign_in();
}

#[tauri::command]
pub(crate) fn browse_again(shell: Shell<'_>) -> Answer<()> {
    shell.browse_again()
}

#[tauri::command]
pub(crate) async fn sign_out(shell: Shell<'_>) -> Answer<()> {
    shell.inner().sign_out().await
}

#[tauri::command]
pub(crate) async fn unlock_with_passphrase(shell: Shell<'_>, passphrase: String) -> Answer<()> {
    shell.inner().unlock_with_passphrase(passphrase).await
}

#[tauri::command]
pub(crate) async fn retry_key_store(shell: Shell<'_>) -> Answer<()> {
    shell.inner().open().await;
    match shell.startup() {
        Startup::KeyStoreMissing { failure, .. } => Err(failure),
        _ => Ok(()),
    }
}

#[tauri::command]
pub(crate) async fn dismiss_notice(shell: Shell<'_>, code: String, endpoint: Option<String>) -> Answer<()> {
    shell
        .console()
        .await
        .map_err(view)?
        .dismiss_notice(&code, endpoint.as_deref());
    Ok(())
}

#[tauri::command]
pub(crate) async fn retry_connection(shell: Shell<'_>) -> Answer<()> {
    shell.console().await.map_err(view)?.retry_now();
    shell.retry.notify_waiters();
    Ok(())
}

#[tauri::command]
pub(crate) async fn clients(shell: Shell<'_>) -> Answer<Vec<ClientRow>> {
    shell.console().await.map_err(view)?.clients().await.map_err(view)
}

#[tauri::command]
pub(crate) async fn create_client(shell: Shell<'_>, name: String) -> Answer<String> {
    shell.console().await.map_err(view)?.create_client(&name).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn rename_client(shell: Shell<'_>, client: String, name: String) -> Answer<()> {
    let console = shell.console().await.map_err(view)?;
    console.rename_client(&client, &name).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn installers(shell: Shell<'_>) -> Answer<Vec<InstallerRow>> {
    shell.console().await.map_err(view)?.installers().await.map_err(view)
}

#[tauri::command]
pub(crate) async fn create_installer(shell: Shell<'_>, wanted: NewInstaller) -> Answer<InstallerSecretView> {
    let console = shell.console().await.map_err(view)?;
    console.create_installer(wanted).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn rotate_installer(shell: Shell<'_>, installer: String) -> Answer<InstallerSecretView> {
    let console = shell.console().await.map_err(view)?;
    console.rotate_installer(&installer).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn revoke_installer(shell: Shell<'_>, installer: String) -> Answer<()> {
    let console = shell.console().await.map_err(view)?;
    console.revoke_installer(&installer).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn remove_endpoint(shell: Shell<'_>, endpoint: String) -> Answer<()> {
    let console = shell.console().await.map_err(view)?;
    console.remove_endpoint(&endpoint).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn erase_texts(shell: Shell<'_>, endpoint: String, seq: u64, names: Vec<String>, basis: String) -> Answer<()> {
    let console = shell.console().await.map_err(view)?;
    console.erase_texts(&endpoint, seq, names, &basis).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn sendable(shell: Shell<'_>, endpoint: String) -> Answer<SendableView> {
    let console = shell.console().await.map_err(view)?;
    console.ask_sendable(&endpoint).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn open_session(shell: Shell<'_>, endpoint: String, purpose: String) -> Answer<String> {
    let console = shell.console().await.map_err(view)?;
    console.open_session(&endpoint, &purpose).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn close_session(shell: Shell<'_>, session: String) -> Answer<()> {
    let console = shell.console().await.map_err(view)?;
    console.close_session(&session).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn propose(shell: Shell<'_>, session: String, command: NewCommand) -> Answer<String> {
    let console = shell.console().await.map_err(view)?;
    console.propose(&session, command).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn cancel(shell: Shell<'_>, action: String) -> Answer<()> {
    let console = shell.console().await.map_err(view)?;
    console.cancel(&action).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn draft(shell: Shell<'_>, session: String) -> Answer<String> {
    let console = shell.console().await.map_err(view)?;
    console.draft(&session).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn keep_draft(shell: Shell<'_>, session: String, text: String) -> Answer<()> {
    let console = shell.console().await.map_err(view)?;
    console.keep_draft(&session, &text).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn chat(shell: Shell<'_>, session: String, message: String) -> Answer<()> {
    let console = shell.console().await.map_err(view)?;
    console.chat(&session, &message).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn note(shell: Shell<'_>, session: String, note: String) -> Answer<()> {
    let console = shell.console().await.map_err(view)?;
    console.note(&session, &note).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn sessions(shell: Shell<'_>, filter: SessionFilter) -> Answer<Vec<SessionRow>> {
    let console = shell.console().await.map_err(view)?;
    console.sessions(filter).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn watch_session(shell: Shell<'_>, session: String) -> Answer<SessionHead> {
    let console = shell.console().await.map_err(view)?;
    // Watched first and read then, so that nothing falls between.
    console.look_at(&session);
    console.session_head(&session).await.map_err(|error| {
        console.look_away(&session);
        view(error)
    })
}

#[tauri::command]
pub(crate) async fn session_page(shell: Shell<'_>, session: String, from: u64, before: Option<u64>) -> Answer<SessionPage> {
    let console = shell.console().await.map_err(view)?;
    console.session_page(&session, from, before).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn session_commands(shell: Shell<'_>, session: String) -> Answer<Vec<CommandMark>> {
    let console = shell.console().await.map_err(view)?;
    console.session_commands(&session).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn session_proof(shell: Shell<'_>, session: String) -> Answer<SessionProof> {
    let console = shell.console().await.map_err(view)?;
    console.session_proof(&session).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn leave_session(shell: Shell<'_>, session: String) -> Answer<()> {
    shell.console().await.map_err(view)?.look_away(&session);
    Ok(())
}

#[tauri::command]
pub(crate) async fn command_history(shell: Shell<'_>, endpoint: String) -> Answer<Vec<String>> {
    let console = shell.console().await.map_err(view)?;
    console.command_history(Some(&endpoint), "", 500).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn search(shell: Shell<'_>, query: SearchQuery) -> Answer<SearchResult> {
    let console = shell.console().await.map_err(view)?;
    console.search(query).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn export_session(shell: Shell<'_>, session: String, format: export::Format) -> Answer<Option<String>> {
    export::run(shell.inner(), session, format).await
}

#[tauri::command]
pub(crate) fn cancel_export(shell: Shell<'_>, session: String) {
    if let Some(flag) = locked(&shell.exports).get(&session) {
        flag.cancel();
    }
}

#[tauri::command]
pub(crate) async fn verify_again(shell: Shell<'_>, endpoint: String) -> Answer<VerifyProgress> {
    let console = shell.console().await.map_err(view)?;
    let desktop = Arc::clone(shell.inner());
    let told = move |progress| desktop.tell(ShellEvent::Verify { progress });
    console
        .verify_again(&endpoint, CancelFlag::default(), told)
        .await
        .map_err(view)
}

#[tauri::command]
pub(crate) fn reveal(shell: Shell<'_>, path: PathBuf) -> Answer<()> {
    // Only what this program wrote since it started: the page cannot have anything else shown.
    if !locked(&shell.exported).contains(&path) {
        return Err(refused(
            "not_found",
            "This file was not exported since the program was started.".to_owned(),
        ));
    }
    shell
        .app
        .opener()
        .reveal_item_in_dir(&path)
        .map_err(|error| refused("internal", format!("The file manager did not open: {error}.")))
}

/// Ends the program, also where closing its window does not.
#[tauri::command]
pub(crate) fn quit(shell: Shell<'_>) {
    shell.app.exit(0);
}

/// Only words that are known reach the log of measurements.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mark {
    Painted,
    Usable,
}

#[tauri::command]
pub(crate) fn reached(shell: Shell<'_>, mark: Mark) {
    match mark {
        Mark::Painted => marks::reached("painted"),
        Mark::Usable => {
            marks::reached("usable");
            shell.shown();
        }
    }
}
