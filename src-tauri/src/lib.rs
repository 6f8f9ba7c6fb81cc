//! The desktop shell around `caisey-console`: the window, the tray, commands and events, the key store, the embedded control plane.
//!
//! Promises: the page appears at once, before key store, cache and control plane are opened; every command is one call of the
//! console; whatever runs embedded is stopped in order when the program ends. Leaves out: rules of any kind. The only Rust that names
//! tauri.

mod at_sign_in;
mod commands;
mod consent;
mod desktop;
mod embedded;
mod export;
mod handover;
mod leave;
mod marks;
mod notify;
mod opening;
#[cfg(target_os = "linux")]
mod painting;
mod places;
mod policies;
mod prompts;
mod shares;
mod sign_in;
mod startup;
mod tokens;
mod tray;

use desktop::Desktop;
use std::sync::Arc;
use tauri::{Manager, RunEvent, WindowEvent};

/// Runs the program until its window is closed.
///
/// # Errors
/// When the window system cannot be reached or the program's own configuration is broken.
pub fn run() -> anyhow::Result<()> {
    marks::begin();
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_env("CAISEY_LOG").unwrap_or_else(|_| "warn".into()))
        .with_writer(std::io::stderr)
        .init();
    let mut builder = tauri::Builder::default();
    // Tests run several programs beside each other, each with its own home.
    if std::env::var_os("CAISEY_HOME").is_none() {
        builder = builder
            .plugin(tauri_plugin_single_instance::init(|app, arguments, _| {
                if !at_sign_in::asks_for_background(&arguments) {
                    tray::show_window(app);
                }
            }))
            .plugin(tauri_plugin_window_state::Builder::default().build());
    }
    let app = builder
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_opener::init())
        .invoke_handler(tauri::generate_handler![
            commands::standing,
            commands::overview,
            commands::about,
            commands::start_embedded,
            commands::start_again,
            commands::sign_in,
            commands::sign_in_ways,
            commands::cancel_sign_in,
            commands::browse_again,
            commands::sign_out,
            commands::unlock_with_passphrase,
            commands::retry_key_store,
            commands::dismiss_notice,
            commands::retry_connection,
            commands::clients,
            commands::create_client,
            commands::rename_client,
            commands::installers,
            commands::create_installer,
            commands::rotate_installer,
            commands::revoke_installer,
            commands::remove_endpoint,
            commands::erase_texts,
            commands::sendable,
            commands::open_session,
            commands::close_session,
            commands::propose,
            commands::cancel,
            commands::draft,
            commands::keep_draft,
            commands::chat,
            commands::note,
            commands::sessions,
            commands::watch_session,
            commands::session_page,
            commands::session_commands,
            commands::session_proof,
            commands::leave_session,
            commands::command_history,
            commands::search,
            commands::export_session,
            commands::cancel_export,
            commands::verify_again,
            commands::reveal,
            commands::quit,
            at_sign_in::starts_at_sign_in,
            at_sign_in::start_at_sign_in,
            handover::open_draft,
            handover::draft_rows,
            handover::draft_shown,
            handover::close_draft,
            handover::attest_draft,
            handover::refuse_draft,
            handover::scrub_draft,
            handover::hide_in_draft,
            handover::show_in_draft,
            leave::choose_certificate,
            leave::hand_over,
            handover::ask_negative,
            leave::save_certificate,
            handover::audit_view,
            handover::audit_rows,
            leave::save_audit,
            shares::share_draft,
            shares::refresh_share,
            shares::shares,
            shares::share_visits,
            shares::revoke_share,
            commands::reached,
            consent::inbox,
            consent::approval,
            consent::decide,
            consent::nudge,
            consent::withdraw,
            consent::state_difference,
            consent::speakers,
            consent::introduce,
            consent::revoke_speaker,
            consent::grant,
            consent::take_back,
            consent::set_floor,
            consent::withdraw_floor,
            consent::declare_emergency,
            consent::review_emergency,
            consent::mail_contacts,
            consent::keep_mail_contact,
            consent::remove_mail_contact,
            policies::policies,
            policies::policy,
            policies::draft_policy,
            policies::check_policy,
            policies::publish_policy,
            policies::try_policy,
            policies::client_policies,
            policies::agree_to_policy,
            policies::endpoint_traits,
            policies::set_endpoint_traits,
        ])
        .on_window_event(|window, event| {
            let WindowEvent::CloseRequested { api, .. } = event else {
                return;
            };
            let desktop = Arc::clone(&window.app_handle().state::<Arc<Desktop>>());
            if desktop.stays_in_tray() && window.hide().is_ok() {
                api.prevent_close();
                tauri::async_runtime::spawn(async move { desktop.went_into_tray().await });
            }
        })
        .setup(|app| {
            #[cfg(target_os = "linux")]
            painting::suit_machine(app);
            let desktop = Arc::new(Desktop::new(app.handle().clone(), places::home(app.handle())?));
            app.manage(Arc::clone(&desktop));
            if at_sign_in::by_session()
                && let Some(window) = app.get_webview_window("main")
            {
                window.hide()?;
            }
            marks::reached("setup");
            tauri::async_runtime::spawn(tray_once_shown(Arc::clone(&desktop)));
            tauri::async_runtime::spawn(async move { desktop.open().await });
            Ok(())
        })
        .build(tauri::generate_context!())?;
    app.run(|app, event| {
        if let RunEvent::ExitRequested { api, code, .. } = event {
            let desktop = Arc::clone(&app.state::<Arc<Desktop>>());
            // The first request waits until everything embedded has stopped; the second one, from here, ends the program.
            if desktop.begin_stopping() {
                api.prevent_exit();
                let app = app.clone();
                tauri::async_runtime::spawn(async move {
                    desktop.stop().await;
                    app.exit(code.unwrap_or(0));
                });
            }
        }
    });
    Ok(())
}

/// The tray waits for the window: asking the session bus for it takes this thread's time, which the page needs.
async fn tray_once_shown(desktop: Arc<Desktop>) {
    desktop.until_shown().await;
    let app = desktop.app.clone();
    let (tell, told) = tokio::sync::oneshot::channel();
    let built = desktop.app.run_on_main_thread(move || {
        tray::build(&app);
        // Nobody waits any more when the program ends.
        let _ = tell.send(());
    });
    if let Err(error) = built {
        tracing::warn!(%error, "no tray icon");
    }
    let _ = told.await;
    if at_sign_in::by_session() {
        desktop.started_by_session().await;
    }
    desktop.tell_overview().await;
}
