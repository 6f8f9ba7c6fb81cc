//! The tray's icon: open, connection status and how many requests wait, quit. A desktop without a tray is no error.

use std::panic::{AssertUnwindSafe, catch_unwind};
use tauri::menu::{Menu, MenuItem, PredefinedMenuItem};
use tauri::tray::TrayIconBuilder;
use tauri::{AppHandle, Manager, Wry};

/// The menu's line that tells the status; managed, so that the status can change.
pub(crate) struct StatusLine(MenuItem<Wry>);

/// Puts the icon into the tray, if there is one.
pub(crate) fn build(app: &AppHandle) {
    // The Linux adapter panics when the indicator library is not installed; the program is of full use without a tray.
    match catch_unwind(AssertUnwindSafe(|| try_build(app))) {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "no tray icon"),
        Err(_) => tracing::warn!("no tray icon: the indicator library is not installed"),
    }
}

fn try_build(app: &AppHandle) -> tauri::Result<()> {
    let status = MenuItem::with_id(app, "status", "Opening", false, None::<&str>)?;
    let open = MenuItem::with_id(app, "open", "Open Caisey Console", true, None::<&str>)?;
    let quit = MenuItem::with_id(app, "quit", "Quit", true, None::<&str>)?;
    let menu = Menu::with_items(app, &[&status, &open, &PredefinedMenuItem::separator(app)?, &quit])?;
    let mut icon = TrayIconBuilder::with_id("main")
        .tooltip("Caisey Console")
        .menu(&menu)
        .on_menu_event(|app, event| match event.id().as_ref() {
            "open" => show_window(app),
            "quit" => app.exit(0),
            _ => {}
        });
    if let Some(image) = app.default_window_icon() {
        icon = icon.icon(image.clone());
    }
    icon.build(app)?;
    app.manage(StatusLine(status));
    Ok(())
}

/// Whether there is one.
pub(crate) fn is_there(app: &AppHandle) -> bool {
    app.try_state::<StatusLine>().is_some()
}

/// Says beside the icon how many requests wait for the person.
pub(crate) fn set_waiting(app: &AppHandle, waiting: u32) {
    let Some(icon) = app.tray_by_id("main") else { return };
    let title = (waiting > 0).then(|| waiting.to_string());
    let said = icon.set_title(title).and_then(|()| icon.set_tooltip(Some(tooltip(waiting))));
    if let Err(error) = said {
        tracing::debug!(%error, "the tray's icon was not changed");
    }
}

fn tooltip(waiting: u32) -> String {
    match waiting {
        0 => "Caisey Console".to_owned(),
        1 => "Caisey Console: one request waits for your answer".to_owned(),
        more => format!("Caisey Console: {more} requests wait for your answer"),
    }
}

/// Changes the status line.
pub(crate) fn set_status(app: &AppHandle, status: &str, waiting: u32) {
    let text = match waiting {
        0 => status.to_owned(),
        1 => format!("1 request waits · {status}"),
        more => format!("{more} requests wait · {status}"),
    };
    if let Some(line) = app.try_state::<StatusLine>()
        && let Err(error) = line.0.set_text(text)
    {
        tracing::debug!(%error, "the tray's status was not changed");
    }
}

/// Brings the main window to the front.
pub(crate) fn show_window(app: &AppHandle) {
    if let Some(window) = app.get_webview_window("main") {
        let _ = window.unminimize();
        let _ = window.show();
        let _ = window.set_focus();
    }
}
