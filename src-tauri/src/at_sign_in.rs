//! Starting with the person's session on this computer: whoever is asked for permission has to be there to be asked.
//!
//! Promises: nothing starts by itself unless a person asked for it here; started so, the program stays in the tray, and shows its window only when
//! it needs its person.

use crate::desktop::Desktop;
use crate::opening::refused;
use caisey_console::ErrorView;
use tauri::plugin::TauriPlugin;
use tauri::{AppHandle, Manager as _, Wry};
use tauri_plugin_autostart::{MacosLauncher, ManagerExt};

/// What the session's start adds to the command line.
const IN_BACKGROUND: &str = "--background";

/// Whether the session started this program, not a person.
pub(crate) fn by_session() -> bool {
    std::env::args().any(|argument| argument == IN_BACKGROUND)
}

/// Knows the platform's way: a desktop entry, a launch agent, a value in the registry.
pub(crate) fn plugin() -> TauriPlugin<Wry> {
    tauri_plugin_autostart::init(MacosLauncher::LaunchAgent, Some(vec![IN_BACKGROUND]))
}

fn failed(error: &tauri_plugin_autostart::Error) -> ErrorView {
    refused(
        "start_at_sign_in",
        format!(
            "This computer does not let the program start with your session: {error}. Start it by hand, or add it to what your desktop starts."
        ),
    )
}

#[tauri::command]
pub(crate) fn starts_at_sign_in(app: AppHandle) -> Result<bool, ErrorView> {
    app.autolaunch().is_enabled().map_err(|error| failed(&error))
}

#[tauri::command]
pub(crate) fn start_at_sign_in(app: AppHandle, on: bool) -> Result<(), ErrorView> {
    let way = app.autolaunch();
    let done = if on { way.enable() } else { way.disable() };
    done.map_err(|error| failed(&error))
}

/// Hides the window that nobody has asked for.
pub(crate) fn hide(app: &AppHandle, desktop: &Desktop) {
    if let Some(window) = app.get_webview_window("main")
        && window.hide().is_ok()
    {
        desktop.hidden();
    }
}
