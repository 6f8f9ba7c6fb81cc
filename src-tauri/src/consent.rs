//! What the page can ask about consent: the inbox, one request, an answer, an emergency and its review, who speaks for a client, who gets mail.
//! Each one call of the console.

use crate::desktop::Desktop;
use caisey_console::view::{
    ApprovalDetail, ApprovalRow, InboxView, MailContactRow, MailContactsView, NewFloor, NewStanding, SpeakersView,
    StateDifference, Verdict,
};
use caisey_console::{Console, ConsoleError, ErrorView};
use std::sync::Arc;
use tauri::State;

type Shell<'a> = State<'a, Arc<Desktop>>;
type Answer<T> = Result<T, ErrorView>;

fn view(error: ConsoleError) -> ErrorView {
    error.view()
}

async fn console(shell: &Shell<'_>) -> Answer<Console> {
    shell.console().await.map_err(view)
}

#[tauri::command]
pub(crate) async fn inbox(shell: Shell<'_>) -> Answer<InboxView> {
    console(&shell).await?.inbox().await.map_err(view)
}

#[tauri::command]
pub(crate) async fn approval(shell: Shell<'_>, action: String) -> Answer<ApprovalDetail> {
    console(&shell).await?.approval(&action).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn decide(shell: Shell<'_>, action: String, verdict: Verdict) -> Answer<ApprovalRow> {
    console(&shell).await?.decide(&action, verdict).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn nudge(shell: Shell<'_>, action: String) -> Answer<ApprovalRow> {
    console(&shell).await?.nudge(&action).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn withdraw(shell: Shell<'_>, action: String) -> Answer<()> {
    console(&shell).await?.withdraw(&action).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn state_difference(shell: Shell<'_>, action: String) -> Answer<Option<StateDifference>> {
    console(&shell).await?.state_difference(&action).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn speakers(shell: Shell<'_>, client: Option<String>) -> Answer<SpeakersView> {
    console(&shell).await?.speakers(client.as_deref()).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn introduce(shell: Shell<'_>, device: String) -> Answer<SpeakersView> {
    console(&shell).await?.introduce(&device).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn revoke_speaker(shell: Shell<'_>, device: String) -> Answer<SpeakersView> {
    console(&shell).await?.revoke_speaker(&device).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn grant(shell: Shell<'_>, wanted: NewStanding) -> Answer<SpeakersView> {
    console(&shell).await?.grant(wanted).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn take_back(shell: Shell<'_>, name: String) -> Answer<SpeakersView> {
    console(&shell).await?.take_back(&name).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn set_floor(shell: Shell<'_>, wanted: NewFloor) -> Answer<SpeakersView> {
    console(&shell).await?.set_floor(wanted).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn withdraw_floor(shell: Shell<'_>, name: String) -> Answer<SpeakersView> {
    console(&shell).await?.withdraw_floor(&name).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn declare_emergency(shell: Shell<'_>, action: String, why: String) -> Answer<ApprovalRow> {
    console(&shell).await?.declare_emergency(&action, &why).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn review_emergency(shell: Shell<'_>, action: String, justified: bool, note: String) -> Answer<ApprovalRow> {
    let console = console(&shell).await?;
    console.review_emergency(&action, justified, &note).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn mail_contacts(shell: Shell<'_>, client: String) -> Answer<MailContactsView> {
    console(&shell).await?.mail_contacts(&client).await.map_err(view)
}

#[tauri::command]
pub(crate) async fn keep_mail_contact(
    shell: Shell<'_>,
    client: String,
    before: Option<String>,
    contact: MailContactRow,
) -> Answer<MailContactsView> {
    let console = console(&shell).await?;
    console
        .keep_mail_contact(&client, before.as_deref(), contact)
        .await
        .map_err(view)
}

#[tauri::command]
pub(crate) async fn remove_mail_contact(shell: Shell<'_>, client: String, address: String) -> Answer<MailContactsView> {
    console(&shell)
        .await?
        .remove_mail_contact(&client, &address)
        .await
        .map_err(view)
}
