//! Journeys in the real window: the real page, the real commands, a real key store, a real control plane and real shells.

use crate::driver::{CONTROL, ENTER, ESCAPE, Window};
use crate::plane::{EMAIL, PASSWORD, Plane};
use crate::screen::Screen;
use std::process::Command;

pub(crate) const COMPOSER: &str = "textarea[aria-label^='Command for']";
const PURPOSE: &str = "[data-purpose]";
const FIND: &str = "[role=combobox][aria-label^='Search commands']";

fn kernel() -> String {
    let said = Command::new("uname").arg("-r").output().unwrap();
    String::from_utf8(said.stdout).unwrap().trim().to_owned()
}

pub(crate) async fn open_session(window: &Window, purpose: &str) {
    window.sees("Sendable. It answered").await;
    window.type_into(PURPOSE, purpose).await;
    window.press("Open session").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_starts_here_runs_a_command_and_finds_it_again() {
    let screen = Screen::with_key_store();
    let window = Window::open(&screen, &[]).await;
    window.sees("Start on this computer").await;
    window.rests().await;
    screen.picture("start");
    window.press("Start on this computer").await;
    window.sees("this computer").await;
    window.sees("Sendable. It answered").await;
    window.rests().await;
    screen.picture("endpoints");

    open_session(&window, "See what this machine is").await;
    window.type_into(COMPOSER, &format!("uname -a{ENTER}")).await;
    window.sees(&kernel()).await;
    window.sees("Exit code 0").await;
    window.type_into(COMPOSER, &format!("ls /caisey-is-not-here{ENTER}")).await;
    window.sees("Exit code 2").await;
    window
        .type_into(COMPOSER, &format!("printf 'a\\033[31mb\\342\\200\\256c\\n'{ENTER}"))
        .await;
    window.sees("ESC[31m").await;
    assert!(
        !window.text().await.contains('\u{202e}'),
        "a bidirectional override reached the page"
    );
    window.rests().await;
    screen.picture("session-live");

    window.press("Close session").await;
    window.sees("Close this session?").await;
    window
        .script("document.querySelector('dialog footer button:last-child').click()")
        .await;
    window.sees("Session closed").await;
    window.keys(&["v"]).await;
    window.sees("This record holds.").await;
    window.rests().await;
    screen.picture("session-verified");
    window.keys(&[ESCAPE]).await;

    window.keys(&[CONTROL, "k"]).await;
    window.type_into(FIND, &kernel()).await;
    window.sees("Searched ").await;
    let marked = window.script("return document.querySelector('mark').textContent").await;
    assert_eq!(marked.as_str().unwrap_or_default().to_lowercase(), kernel().to_lowercase());
    window.rests().await;
    screen.picture("search");
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_recorded_is_there_after_a_restart() {
    let screen = Screen::with_key_store();
    let embedded = [("CAISEY_AUTOSTART", "embedded")];
    let window = Window::open(&screen, &embedded).await;
    open_session(&window, "Before the restart").await;
    window.type_into(COMPOSER, &format!("echo remember-$((6*7)){ENTER}")).await;
    window.sees("remember-42").await;
    window.close().await;

    // The cache is shown at once; commands can be sent when the control plane in the program and the runtime are there again.
    let window = Window::open(&screen, &[("CAISEY_OPEN", "session:latest")]).await;
    window.sees("remember-42").await;
    window.keys(&[CONTROL, "1"]).await;
    window.sees("Sendable. It answered").await;
    window.press("Before the restart").await;
    window.type_into(COMPOSER, &format!("echo still-$((6*8)){ENTER}")).await;
    window.sees("still-48").await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_control_plane_in_the_program_that_does_not_start_hides_nothing_that_is_cached() {
    let screen = Screen::with_key_store();
    let window = Window::open(&screen, &[("CAISEY_AUTOSTART", "embedded")]).await;
    open_session(&window, "Before the disk failed").await;
    window.type_into(COMPOSER, &format!("echo kept-$((6*9)){ENTER}")).await;
    window.sees("kept-54").await;
    window.close().await;

    let (data, away) = (screen.caisey_home().join("control"), screen.caisey_home().join("away"));
    std::fs::rename(&data, &away).unwrap();
    std::fs::write(&data, "no folder").unwrap();
    let window = Window::open(&screen, &[("CAISEY_OPEN", "session:latest")]).await;
    window.sees("kept-54").await;
    window.sees("Offline for").await;
    window.keys(&[CONTROL, "k"]).await;
    window.type_into(FIND, "kept-54").await;
    window.sees("1 hit").await;
    std::fs::remove_file(&data).unwrap();
    std::fs::rename(&away, &data).unwrap();
    window.press("Try now").await;
    window.keys(&[CONTROL, "1"]).await;
    // Its runtime comes back a moment after the control plane: it is asked again without anybody's doing.
    window.sees("Sendable. It answered").await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_failed_says_why_and_is_tried_again() {
    let screen = Screen::with_key_store();
    let data = screen.caisey_home().join("control");
    std::fs::create_dir_all(screen.caisey_home()).unwrap();
    std::fs::write(&data, "no folder").unwrap();
    let window = Window::open(&screen, &[]).await;
    window.press("Start on this computer").await;
    window.sees("Try again").await;
    window.rests().await;
    screen.picture("start-failed");
    std::fs::remove_file(&data).unwrap();
    window.press("Try again").await;
    window.sees("Sendable. It answered").await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_exported_as_pdf_and_json() {
    let screen = Screen::with_key_store();
    let window = Window::open(&screen, &[("CAISEY_AUTOSTART", "embedded")]).await;
    open_session(&window, "To be exported").await;
    window.type_into(COMPOSER, &format!("echo printed{ENTER}")).await;
    window.sees("Exit code 0").await;
    for (button, ending, begins) in [("Transcript, PDF", ".pdf", "%PDF-"), ("Record, JSON", ".json", "{")] {
        window.press("Export").await;
        window.press(button).await;
        window.sees(ending).await;
        let written = std::fs::read_dir(screen.exports())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| path.to_string_lossy().ends_with(ending))
            .unwrap();
        assert!(std::fs::read(written).unwrap().starts_with(begins.as_bytes()));
    }
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_without_key_store_is_told_so_and_may_choose_a_passphrase() {
    let screen = Screen::without_key_store();
    let window = Window::open(&screen, &[]).await;
    window.sees("No key store on this computer").await;
    assert!(
        !screen.caisey_home().join("cache").exists(),
        "something was written before the person chose"
    );
    window.rests().await;
    screen.picture("key-store-missing");
    window.press("Look again").await;
    window.sees("No key store on this computer").await;
    window.type_into("input[type=password]", PASSWORD).await;
    window.type_into("label:nth-of-type(2) input[type=password]", PASSWORD).await;
    window.press("Use this passphrase").await;
    window.sees("Start on this computer").await;
    window.close().await;

    let window = Window::open(&screen, &[]).await;
    window.sees("Open with your passphrase").await;
    window.type_into("input[type=password]", "not the right one").await;
    window.press("Open").await;
    window.sees("does not open").await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_control_plane_gone_everything_can_be_read_and_searched() {
    let plane = Plane::start().await;
    let screen = Screen::with_key_store();
    let window = Window::open(&screen, &[]).await;
    plane.sign_in(&window, EMAIL).await;
    window.sees("Northgate Retail").await;
    open_session(&window, "Ticket 88213: till is slow").await;
    window
        .type_into(COMPOSER, &format!("echo seen-$((40+2))-before{ENTER}"))
        .await;
    window.sees("seen-42-before").await;
    window.sees("Exit code 0").await;

    plane.stop().await;
    window.sees("Offline for").await;
    window.sees("next try").await;
    window.sees("seen-42-before").await;
    let run = window
        .script("return document.querySelector('.composer .primary').getAttribute('aria-disabled')")
        .await;
    assert_eq!(run, "true");
    window.rests().await;
    screen.picture("offline");
    window.keys(&[CONTROL, "k"]).await;
    window.type_into(FIND, "seen-42-before").await;
    window.sees("1 hit").await;
    window.type_into(FIND, "-and-never-after").await;
    window.sees("does not occur").await;
    window.sees("Searched ").await;
    window.close().await;

    // Started again without the control plane: the record is there, and nobody is called signed out.
    let window = Window::open(&screen, &[("CAISEY_OPEN", "session:latest")]).await;
    window.sees("seen-42-before").await;
    window.sees("Offline for").await;
    assert!(!window.text().await.contains("Signed out"));
    window.close().await;
}
