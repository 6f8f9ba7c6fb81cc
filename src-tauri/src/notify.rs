//! Native notifications for a person who looks elsewhere: a long command ended, or the program goes on where nothing shows it.
//!
//! Promises: nothing that an endpoint printed or a person typed appears in one; a desktop without notifications is no error.

use caisey_console::view::{SessionRow, TimelineItem};
use notify_rust::Notification;
use tauri::{AppHandle, Manager};

/// Shorter commands are still being watched.
const LONG_MS: u64 = 10_000;

/// Tells of commands that ended after a long time, unless the window has the focus.
pub(crate) fn ended(app: &AppHandle, row: &SessionRow, items: &[TimelineItem]) {
    let Some(last) = items
        .iter()
        .rev()
        .find(|item| item.kind == "command.finished" && took_ms(item) >= LONG_MS)
    else {
        return;
    };
    let focused = app.get_webview_window("main").and_then(|window| window.is_focused().ok());
    if focused == Some(true) {
        return;
    }
    show(format!("Command ended on {}", row.hostname), how(last));
}

/// The window was closed, the program goes on, and this desktop has no tray to find it in.
pub(crate) fn goes_on() {
    show(
        "Caisey Console goes on without a window".to_owned(),
        "You will be asked when a technician needs your permission. Start it again to see its window; to end it, choose Quit in its settings."
            .to_owned(),
    );
}

fn show(title: String, text: String) {
    // The adapters block while they talk to the desktop.
    std::thread::spawn(move || {
        let shown = Notification::new()
            .appname("Caisey Console")
            .summary(&title)
            .body(&text)
            .show();
        if let Err(error) = shown {
            tracing::debug!(%error, "no notification");
        }
    });
}

fn how(item: &TimelineItem) -> String {
    let seconds = took_ms(item) / 1_000;
    match item.exit_code {
        Some(code) => format!("Exit code {code} after {seconds} s"),
        None => format!("It was ended after {seconds} s"),
    }
}

fn took_ms(item: &TimelineItem) -> u64 {
    item.facts.get("duration_ms").and_then(serde_json::Value::as_u64).unwrap_or(0)
}
