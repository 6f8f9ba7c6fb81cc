//! The tray: what it says of waiting requests, closing the window into it, coming back from it, quitting. Its icon is taken in by a service on
//! the session bus, as by a desktop's panel, and read and pressed with messages (StatusNotifierItem, com.canonical.dbusmenu).

use crate::consent::{endpoint, until};
use crate::driver::Window;
use crate::notification::{Dunst, propose};
use crate::plane::Plane;
use crate::screen::Screen;
use crate::x11;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use zbus::export::futures_core::Stream as _;
use zbus::message::Type;

const EMAIL: &str = "maria@example.com";
const PATIENCE: Duration = Duration::from_secs(45);
const ITEM: &str = "org.kde.StatusNotifierItem";
const MENU: &str = "com.canonical.dbusmenu";

async fn eventually(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        sleep(Duration::from_millis(50)).await;
    }
}

/// Programs that registered an icon: their name on the bus, and where the icon is.
type Icons = Arc<Mutex<Vec<(String, String)>>>;

/// Takes in icons, until the connection ends.
async fn take_in(connection: zbus::Connection, icons: Icons) {
    let mut messages = zbus::MessageStream::from(&connection);
    while let Some(Ok(message)) = poll_fn(|context| Pin::new(&mut messages).poll_next(context)).await {
        let header = message.header();
        if header.message_type() != Type::MethodCall {
            continue;
        }
        if header
            .member()
            .is_some_and(|member| member.as_str() == "RegisterStatusNotifierItem")
        {
            let sender = header.sender().map(ToString::to_string).unwrap_or_default();
            icons.lock().unwrap().push((sender, message.body().deserialize().unwrap()));
            connection.reply(&header, &()).await.unwrap();
        } else {
            let unknown = "org.freedesktop.DBus.Error.UnknownMethod";
            connection.reply_error(&header, unknown, &"").await.unwrap();
        }
    }
}

/// A panel on a test's desktop.
struct Panel<'a> {
    screen: &'a Screen,
    icons: Icons,
    _connection: zbus::Connection,
}

impl<'a> Panel<'a> {
    async fn start(screen: &'a Screen) -> Self {
        let icons = Icons::default();
        let connection = zbus::connection::Builder::address(screen.bus()).build().await.unwrap();
        tokio::spawn(take_in(connection.clone(), Arc::clone(&icons)));
        connection.request_name("org.kde.StatusNotifierWatcher").await.unwrap();
        Self {
            screen,
            icons,
            _connection: connection,
        }
    }

    /// What is answered to a message to the program's icon, as text; empty when there is no answer.
    fn ask(&self, path: &str, method: &str, arguments: &[&str]) -> String {
        let Some((name, _)) = self.icons.lock().unwrap().last().cloned() else {
            return String::new();
        };
        let said = self
            .screen
            .command("gdbus")
            .args([
                "call",
                "--session",
                "--dest",
                &name,
                "--object-path",
                path,
                "--method",
                method,
            ])
            .args(arguments)
            .output()
            .expect("gdbus is installed");
        String::from_utf8(said.stdout).unwrap()
    }

    /// A property of the icon.
    fn property(&self, name: &str) -> String {
        let path = self.icons.lock().unwrap().last().map(|(_, path)| path.clone());
        self.ask(
            &path.unwrap_or_default(),
            "org.freedesktop.DBus.Properties.Get",
            &[ITEM, name],
        )
    }

    /// The number beside the icon.
    fn number(&self) -> String {
        self.property("XAyatanaLabel").replace(|c: char| !c.is_ascii_digit(), "")
    }

    fn menu(&self) -> String {
        let menu = self.property("Menu");
        let path = menu.split('\'').nth(1).unwrap_or("/").to_owned();
        self.ask(&path, &format!("{MENU}.GetLayout"), &["0", "5", "[]"])
    }

    /// Presses the line of the menu with these words.
    fn press(&self, words: &str) {
        let menu = self.menu();
        let (before, _) = menu
            .split_once(&format!("<'{words}'>"))
            .unwrap_or_else(|| panic!("no {words:?} in {menu}"));
        let id = before
            .rsplit("<(")
            .next()
            .and_then(|item| item.split(',').next())
            .unwrap()
            .to_owned();
        let path = self.property("Menu").split('\'').nth(1).unwrap().to_owned();
        self.ask(&path, &format!("{MENU}.Event"), &[&id, "clicked", "<int32 0>", "0"]);
    }
}

/// The window of the client's contact, who is signed in and whose key speaks for the client.
async fn contact_at(plane: &Plane, screen: &Screen) -> Window {
    plane.contact(EMAIL, "Maria Novak").await;
    let window = Window::open(screen, &[]).await;
    plane.sign_in(&window, EMAIL).await;
    window.sees("Nothing waits for you").await;
    plane.contact_speaks().await;
    window
}

/// Waits until a closed window is off the screen.
async fn close(screen: &Screen) {
    x11::asks_to_close(screen);
    eventually("the window stays on the screen", || x11::console(screen, true).is_none()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_who_closed_the_window_is_still_asked_and_comes_back_from_the_tray() {
    let plane = Plane::start().await;
    let screen = Screen::with_key_store();
    let panel = Panel::start(&screen).await;
    let dunst = Dunst::start(&screen, plane.folder());
    let window = contact_at(&plane, &screen).await;
    eventually("the tray does not say Online", || panel.menu().contains("<'Online'>")).await;
    assert_eq!(panel.number(), "");
    let plain = panel.property("IconName");

    close(&screen).await;
    assert!(window.is_running(), "the program ended with its window");
    let technician = plane.technician().await;
    let machine = endpoint(&technician).await;
    let session = technician.open_session(&machine, "Ticket 4711").await.unwrap();
    let file = plane.folder().join("approved");
    let action = propose(&technician, &session, format!("touch {}", file.display())).await;
    dunst.shows("1").await;
    eventually("the tray does not count it", || panel.number() == "1").await;
    eventually("the menu does not say it", || {
        panel.menu().contains("1 request waits · Online")
    })
    .await;
    assert_ne!(panel.property("IconName"), plain, "the icon is not marked");
    assert!(
        x11::console(&screen, true).is_none(),
        "the window came back without being asked"
    );
    window.rests().await;
    screen.picture("tray-closed-window");

    panel.press("Open Caisey Console");
    eventually("the window does not come back", || x11::console(&screen, true).is_some()).await;
    window.sees(&file.display().to_string()).await;
    window.rests().await;
    screen.picture("tray-opened-window");
    window.press("Approve").await;
    until(&technician, &action, "it is approved", |row| row.state == "approved").await;
    eventually("the tray still counts it", || panel.number().is_empty()).await;
    eventually("the menu still says it", || panel.menu().contains("<'Online'>")).await;

    close(&screen).await;
    assert!(window.is_running(), "the program ended with its window");
    panel.press("Quit");
    window.ends().await;
    technician.shut_down().await;
    plane.stop().await;
}

/// What the desktop starts with the person's session: the one command line, in the words of a shell.
fn started_by_session(screen: &Screen) -> Option<String> {
    let folders = [".config", "config"].map(|folder| screen.home().join(folder).join("autostart"));
    let entry = folders
        .iter()
        .find_map(|folder| std::fs::read_dir(folder).ok()?.next())?
        .unwrap();
    let entry = std::fs::read_to_string(entry.path()).unwrap();
    let line = entry.lines().find_map(|line| line.strip_prefix("Exec=")).unwrap();
    Some(line.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lets_it_start_with_the_session_is_asked_from_the_tray() {
    let plane = Plane::start().await;
    let screen = Screen::with_key_store();
    let panel = Panel::start(&screen).await;
    let dunst = Dunst::start(&screen, plane.folder());
    let window = contact_at(&plane, &screen).await;
    window.sees("Start when I sign in to this computer").await;
    assert_eq!(started_by_session(&screen), None, "nobody asked for that yet");
    let boxes = "document.querySelector('label input[type=checkbox]')";
    window.script(&format!("{boxes}.click()")).await;
    eventually("nothing is laid down for the session's start", || {
        started_by_session(&screen).is_some()
    })
    .await;
    window.rests().await;
    screen.picture("start-at-sign-in");
    panel.press("Quit");
    window.ends().await;
    let technician = plane.technician().await;
    let machine = endpoint(&technician).await;
    let session = technician.open_session(&machine, "Ticket 4711").await.unwrap();
    propose(&technician, &session, format!("touch {}", plane.folder().join("x").display())).await;

    // As the desktop does when the person signs in to the computer.
    let line = started_by_session(&screen).unwrap();
    let mut program = screen.command("sh").args(["-c", &format!("exec {line}")]).spawn().unwrap();
    dunst.shows("1").await;
    eventually("the tray does not count it", || panel.number() == "1").await;
    assert!(x11::console(&screen, true).is_none(), "nobody asked for the window");
    panel.press("Open Caisey Console");
    eventually("the window does not come", || x11::console(&screen, true).is_some()).await;
    panel.press("Quit");
    tokio::task::spawn_blocking(move || program.wait()).await.unwrap().unwrap();
    technician.shut_down().await;
    plane.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_shows_the_icon_a_contact_hears_how_to_come_back() {
    let plane = Plane::start().await;
    let screen = Screen::with_key_store();
    let dunst = Dunst::start(&screen, plane.folder());
    let window = contact_at(&plane, &screen).await;
    close(&screen).await;
    dunst.shows("1").await;
    assert!(window.is_running(), "the program ended with its window");
    screen.picture("tray-missing");
    let technician = plane.technician().await;
    let machine = endpoint(&technician).await;
    let session = technician.open_session(&machine, "Ticket 4711").await.unwrap();
    propose(&technician, &session, format!("touch {}", plane.folder().join("x").display())).await;
    dunst.shows("2").await;
    technician.shut_down().await;
    window.close().await;
    plane.stop().await;
}
