//! The buttons of a native notification, pressed: the real program of a client's contact under a real notification service (dunst).

use crate::consent::endpoint;
use crate::driver::Window;
use crate::plane::Plane;
use crate::screen::Screen;
use caisey_console::Console;
use caisey_console::view::{ApprovalRow, NewCommand};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;
use tokio::time::{Instant, sleep};

const EMAIL: &str = "maria@example.com";
const PATIENCE: Duration = Duration::from_secs(45);

/// A notification service, and a hand for its menu of buttons.
pub(crate) struct Dunst<'a> {
    screen: &'a Screen,
    service: Child,
    /// Holds the words of the button that the menu's program presses.
    press: PathBuf,
}

impl<'a> Dunst<'a> {
    /// Starts it on this screen.
    pub(crate) fn start(screen: &'a Screen, folder: &Path) -> Self {
        let (press, menu, config) = (folder.join("press"), folder.join("menu"), folder.join("dunstrc"));
        // Dunst gives its menu's program one line for each button, and takes back the one that was chosen.
        let script = format!("#!/bin/sh\ngrep -m 1 \"$(cat {})\"\n", press.display());
        std::fs::write(&menu, script).unwrap();
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&menu, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::write(
            &config,
            format!("[global]\ndmenu = {}\n[urgency_critical]\ntimeout = 0\n", menu.display()),
        )
        .unwrap();
        let service = screen
            .command("dunst")
            .arg("-conf")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("dunst is installed");
        Self { screen, service, press }
    }

    fn control(&self, arguments: &[&str]) -> String {
        let said = self.screen.command("dunstctl").args(arguments).output().unwrap();
        String::from_utf8(said.stdout).unwrap().trim().to_owned()
    }

    /// Waits until so many are on the screen.
    pub(crate) async fn shows(&self, wanted: &str) {
        let until = Instant::now() + PATIENCE;
        while self.control(&["count", "displayed"]) != wanted {
            assert!(
                Instant::now() < until,
                "not {wanted} on the screen, but {}",
                self.control(&["count", "displayed"])
            );
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Presses the button with these words in the only notification on the screen.
    async fn press(&self, words: &str) {
        self.shows("1").await;
        std::fs::write(&self.press, format!("^#{words}")).unwrap();
        self.control(&["context"]);
    }
}

impl Drop for Dunst<'_> {
    fn drop(&mut self) {
        let _ = self.service.kill();
        let _ = self.service.wait();
    }
}

/// Has a command proposed.
pub(crate) async fn propose(technician: &Console, session: &str, command: String) -> String {
    let command = NewCommand {
        command,
        interpreter: None,
        reason: "The till prints nothing".to_owned(),
        cwd: None,
        probe: None,
        timeout_ms: None,
    };
    technician.propose(session, command).await.unwrap()
}

async fn until(technician: &Console, action: &str, wanted: impl Fn(&ApprovalRow) -> bool) -> ApprovalRow {
    let end = Instant::now() + PATIENCE;
    loop {
        let rows = technician.inbox().await.unwrap().rows;
        let row = rows.into_iter().find(|row| row.action == action);
        if let Some(row) = row.as_ref().filter(|row| wanted(row)) {
            return row.clone();
        }
        assert!(Instant::now() < end, "it never came to that: {row:?}");
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn approve_and_deny_in_the_notification_decide_exactly_that_request() {
    let plane = Plane::start().await;
    plane.contact(EMAIL, "Maria Novak").await;
    let screen = Screen::with_key_store();
    let dunst = Dunst::start(&screen, plane.folder());
    let window = Window::open(&screen, &[]).await;
    plane.sign_in(&window, EMAIL).await;
    window.sees("Nothing waits for you").await;
    plane.contact_speaks().await;
    let technician = plane.technician().await;
    let endpoint = endpoint(&technician).await;
    let session = technician.open_session(&endpoint, "Ticket 4711").await.unwrap();
    let file = |name: &str| plane.folder().join(name);

    let action = propose(&technician, &session, format!("touch {}", file("approved").display())).await;
    dunst.press("Approve").await;
    until(&technician, &action, |row| row.state == "approved").await;
    let end = Instant::now() + PATIENCE;
    while !file("approved").exists() {
        assert!(Instant::now() < end, "it was approved and did not run");
        sleep(Duration::from_millis(50)).await;
    }
    dunst.shows("0").await;

    let action = propose(&technician, &session, format!("touch {}", file("denied").display())).await;
    dunst.press("Deny").await;
    until(&technician, &action, |row| row.state == "denied").await;
    assert!(!file("denied").exists());
    dunst.shows("0").await;

    // Dismissed: nothing is decided, and it can still be answered in the window.
    let action = propose(&technician, &session, format!("touch {}", file("dismissed").display())).await;
    dunst.shows("1").await;
    dunst.control(&["close"]);
    dunst.shows("0").await;
    let open = until(&technician, &action, |row| !row.delivered.is_empty()).await;
    assert!(matches!(open.state.as_str(), "delivered" | "acknowledged"), "{open:?}");
    window.sees(&file("dismissed").display().to_string()).await;
    assert!(!file("dismissed").exists());

    // What deletes needs the number: there is no Approve to press in its notification.
    technician.withdraw(&action).await.unwrap();
    let action = propose(&technician, &session, format!("rm -rf {}", file("approved").display())).await;
    dunst.press("Approve").await;
    // One menu at a time.
    sleep(Duration::from_millis(500)).await;
    dunst.press("Open").await;
    window.sees("Number from Ana Ruiz").await;
    let open = until(&technician, &action, |_| true).await;
    assert!(matches!(open.state.as_str(), "delivered" | "acknowledged"), "{open:?}");
    assert!(file("approved").exists());
    technician.shut_down().await;
    window.close().await;
    plane.stop().await;
}
