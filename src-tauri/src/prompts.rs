//! Native notifications of approval requests: raised, answered from, and taken down.
//!
//! Promises: a request that needs the number, or whose command the notification does not show whole, cannot be approved from there; dismissing one decides nothing; one whose request has
//! ended, or was answered elsewhere, is taken down; a request that is asked again replaces its notification. Which requests
//! are shown, and that each is shown once, the console decides. A desktop without notifications is no error: the inbox and the tray say the same.

use crate::desktop::{Desktop, ShellEvent, locked};
use crate::tray;
use caisey_console::view::{OutcomeNotice, PromptNotice, Verdict};
use notify_rust::{Notification, NotificationHandle, Timeout};
use std::sync::Arc;

/// What the program is called in the desktop's own lists.
const NAME: &str = "Caisey Console";

/// Raises the notification of a request.
pub(crate) fn raise(desktop: &Arc<Desktop>, prompt: PromptNotice) {
    retract(desktop, &prompt.action);
    let desktop = Arc::clone(desktop);
    // The adapters block while they talk to the desktop, and until somebody acts.
    std::thread::spawn(move || {
        let Some(shown) = show(&prompt) else { return };
        let id = identity(&shown);
        locked(&desktop.prompts).insert(prompt.action.clone(), id);
        let pressed = wait(shown);
        let mut raised = locked(&desktop.prompts);
        if raised.get(&prompt.action) == Some(&id) {
            raised.remove(&prompt.action);
        }
        drop(raised);
        // Not every desktop takes down what was answered from its menu of buttons.
        if pressed.is_some() {
            close(id);
        }
        act(&desktop, &prompt, pressed.as_deref());
    });
}

/// Takes the notification of a request down, if there is one.
pub(crate) fn retract(desktop: &Desktop, action: &str) {
    if let Some(id) = locked(&desktop.prompts).remove(action) {
        std::thread::spawn(move || close(id));
    }
}

/// Tells whoever asked how it ended.
pub(crate) fn tell_outcome(desktop: &Arc<Desktop>, outcome: OutcomeNotice) {
    let desktop = Arc::clone(desktop);
    std::thread::spawn(move || {
        let mut notification = plain(&outcome.title, &outcome.text);
        notification.action("default", "Open");
        match notification.show() {
            Ok(shown) => {
                if wait(shown).is_some() {
                    open(&desktop, &outcome.action);
                }
            }
            Err(error) => tracing::debug!(%error, "no notification"),
        }
    });
}

fn show(prompt: &PromptNotice) -> Option<NotificationHandle> {
    let mut notification = plain(&prompt.title, &prompt.text);
    notification.timeout(Timeout::Never);
    #[cfg(all(unix, not(target_os = "macos")))]
    notification.urgency(notify_rust::Urgency::Critical);
    notification.action("default", "Open");
    // What needs the number, or cannot be seen whole here, is approved in the window.
    if prompt.can_approve {
        notification.action("approve", "Approve");
    }
    notification.action("deny", "Deny").action("open", "Open");
    match notification.show() {
        Ok(shown) => Some(shown),
        Err(error) => {
            tracing::warn!(%error, "the notification of a request could not be shown");
            None
        }
    }
}

fn plain(title: &str, text: &str) -> Notification {
    let mut notification = Notification::new();
    notification.appname(NAME).summary(title).body(&escaped(text));
    notification
}

/// Some desktops read the text as markup. Names of rules and machines may hold anything.
fn escaped(text: &str) -> String {
    if !reads_markup() {
        return text.to_owned();
    }
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn act(desktop: &Arc<Desktop>, prompt: &PromptNotice, pressed: Option<&str>) {
    match pressed {
        Some("approve") if prompt.can_approve => answer(desktop, prompt, true),
        Some("deny") => answer(desktop, prompt, false),
        Some("open" | "default") => open(desktop, &prompt.action),
        _ => {}
    }
}

fn open(desktop: &Desktop, action: &str) {
    tray::show_window(&desktop.app);
    desktop.tell(ShellEvent::ShowRequest {
        action: action.to_owned(),
    });
}

fn answer(desktop: &Arc<Desktop>, prompt: &PromptNotice, approve: bool) {
    let (desktop, action) = (Arc::clone(desktop), prompt.action.clone());
    tauri::async_runtime::spawn(async move {
        let verdict = Verdict {
            approve,
            number: None,
            reason: String::new(),
        };
        let decided = match desktop.console().await {
            Ok(console) => console.decide(&action, verdict).await,
            Err(error) => Err(error),
        };
        let failed = match decided {
            Ok(row) => row.refusal,
            Err(error) => Some(error.to_string()),
        };
        // Whoever pressed a button has to hear that it did not work.
        if let Some(why) = failed {
            open(&desktop, &action);
            std::thread::spawn(move || {
                if let Err(error) = plain("Your answer did not count", &why).show() {
                    tracing::debug!(%error, "no notification");
                }
            });
        }
    });
}

#[cfg(all(unix, not(target_os = "macos")))]
fn identity(shown: &NotificationHandle) -> u32 {
    shown.id()
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn identity(_: &NotificationHandle) -> u32 {
    0
}

/// The action that was pressed; none when it was closed.
fn wait(shown: NotificationHandle) -> Option<String> {
    let mut pressed = None;
    shown.wait_for_action(|action| pressed = (action != "__closed").then(|| action.to_owned()));
    pressed
}

#[cfg(all(unix, not(target_os = "macos")))]
fn reads_markup() -> bool {
    notify_rust::get_capabilities().is_ok_and(|can| can.iter().any(|one| one == "body-markup"))
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn reads_markup() -> bool {
    false
}

/// From another connection than the one that waits, which therefore hears that it is over.
#[cfg(all(unix, not(target_os = "macos")))]
fn close(id: u32) {
    const BUS: &str = "org.freedesktop.Notifications";
    let closed = zbus::block_on(async {
        let connection = zbus::Connection::session().await?;
        connection
            .call_method(
                Some(BUS),
                "/org/freedesktop/Notifications",
                Some(BUS),
                "CloseNotification",
                &id,
            )
            .await
    });
    if let Err(error) = closed {
        tracing::debug!(%error, "a notification was not taken down");
    }
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn close(_: u32) {}
