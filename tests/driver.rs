//! The program in a window, driven through WebKit's WebDriver (W3C WebDriver, by plain HTTP).

use crate::screen::Screen;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a test waits for something to appear before it fails. Generous: the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(45);
/// Name of an element's reference in WebDriver answers.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Keys without a letter, as WebDriver writes them.
pub(crate) const ENTER: &str = "\u{E007}";
/// See [`ENTER`].
pub(crate) const CONTROL: &str = "\u{E009}";
/// See [`ENTER`].
pub(crate) const ESCAPE: &str = "\u{E00C}";

/// A window. Closing it ends the program.
pub(crate) struct Window {
    driver: Child,
    http: reqwest::Client,
    session: String,
}

impl Window {
    /// Starts the program on this screen, with these variables in its environment.
    pub(crate) async fn open(screen: &Screen, variables: &[(&str, &str)]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let driver = screen
            .command("WebKitWebDriver")
            .arg(format!("--port={port}"))
            .env("TAURI_AUTOMATION", "true")
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .envs(variables.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("webkit2gtk-driver is installed");
        let http = reqwest::Client::builder().timeout(Duration::from_secs(120)).build().unwrap();
        let base = format!("http://127.0.0.1:{port}");
        let until = Instant::now() + PATIENCE;
        while http.get(format!("{base}/status")).send().await.is_err() {
            assert!(Instant::now() < until, "WebKitWebDriver does not answer");
            sleep(Duration::from_millis(50)).await;
        }
        let options = json!({ "binary": env!("CARGO_BIN_EXE_caisey-console"), "args": [] });
        let wanted = json!({ "capabilities": { "alwaysMatch": { "webkitgtk:browserOptions": options } } });
        let answer: Value = http
            .post(format!("{base}/session"))
            .json(&wanted)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let id = answer["value"]["sessionId"]
            .as_str()
            .unwrap_or_else(|| panic!("no window: {answer}"));
        Self {
            driver,
            session: format!("{base}/session/{id}"),
            http,
        }
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value, Value> {
        let answer = self.http.post(format!("{}/{path}", self.session)).json(&body).send().await;
        let answer: Value = answer.expect("the window is open").json().await.unwrap();
        match answer["value"]["error"].is_string() {
            true => Err(answer["value"].clone()),
            false => Ok(answer["value"].clone()),
        }
    }

    /// What a script in the page returns.
    pub(crate) async fn script(&self, script: &str) -> Value {
        self.post("execute/sync", json!({ "script": script, "args": [] }))
            .await
            .unwrap()
    }

    /// All text of the page.
    pub(crate) async fn text(&self) -> String {
        self.script("return document.body.innerText")
            .await
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Waits until the page says this.
    pub(crate) async fn sees(&self, words: &str) {
        let until = Instant::now() + PATIENCE;
        loop {
            let text = self.text().await;
            if text.contains(words) {
                return;
            }
            assert!(Instant::now() < until, "the page never said {words:?}; it says:\n{text}");
            sleep(Duration::from_millis(100)).await;
        }
    }

    async fn element(&self, css: &str) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.post("element", json!({ "using": "css selector", "value": css })).await {
                Ok(found) => return found[ELEMENT].as_str().unwrap().to_owned(),
                Err(error) => assert!(
                    Instant::now() < until,
                    "no {css}: {error}; the page says:\n{}",
                    self.text().await
                ),
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Presses the button that says this.
    pub(crate) async fn press(&self, words: &str) {
        let until = Instant::now() + PATIENCE;
        let path = format!(
            "//button[contains(normalize-space(.), \"{words}\") or @aria-label=\"{words}\"][not(@aria-disabled=\"true\")]"
        );
        loop {
            if let Ok(found) = self.post("element", json!({ "using": "xpath", "value": path })).await {
                let id = found[ELEMENT].as_str().unwrap();
                // As a person scrolls: not to where a bar that stays at the edge lies over it.
                let scroll = json!({ "script": "arguments[0].scrollIntoView({ block: 'center' })", "args": [found] });
                let _ = self.post("execute/sync", scroll).await;
                if self.post(&format!("element/{id}/click"), json!({})).await.is_ok() {
                    return;
                }
            }
            assert!(
                Instant::now() < until,
                "no button {words:?}; the page says:\n{}",
                self.text().await
            );
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Types into the field with this selector.
    pub(crate) async fn type_into(&self, css: &str, text: &str) {
        let id = self.element(css).await;
        self.post(&format!("element/{id}/value"), json!({ "text": text }))
            .await
            .unwrap();
    }

    /// Empties every field of the page.
    pub(crate) async fn clears_fields(&self) {
        let empty = "for (const field of document.querySelectorAll('input')) { field.value = ''; field.dispatchEvent(new Event('input')); }";
        self.script(empty).await;
    }

    /// Presses keys together, wherever the focus is.
    pub(crate) async fn keys(&self, keys: &[&str]) {
        let down = keys.iter().map(|key| json!({ "type": "keyDown", "value": key }));
        let up = keys.iter().rev().map(|key| json!({ "type": "keyUp", "value": key }));
        let actions: Vec<Value> = down.chain(up).collect();
        self.post(
            "actions",
            json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": actions }] }),
        )
        .await
        .unwrap();
    }

    /// Lets everything that moves come to rest, for a picture.
    pub(crate) async fn rests(&self) {
        sleep(Duration::from_millis(700)).await;
    }

    /// Chooses an option of a list, by the list's label.
    pub(crate) async fn choose(&self, label: &str, option: &str) {
        let css = format!("select[aria-label='{label}']");
        let id = self.element(&css).await;
        let path = format!(".//option[normalize-space(.)=\"{option}\"]");
        let found = self
            .post(&format!("element/{id}/element"), json!({ "using": "xpath", "value": path }))
            .await
            .unwrap_or_else(|error| panic!("no {option:?} in {label:?}: {error}"));
        let option = found[ELEMENT].as_str().unwrap();
        self.post(&format!("element/{option}/click"), json!({})).await.unwrap();
    }

    /// Whether the program runs, with or without a window on the screen.
    pub(crate) fn is_running(&self) -> bool {
        children(self.driver.id()).into_iter().any(runs)
    }

    /// Waits until the program has ended by itself.
    pub(crate) async fn ends(mut self) {
        let until = Instant::now() + PATIENCE;
        while self.is_running() {
            assert!(Instant::now() < until, "the program goes on");
            sleep(Duration::from_millis(20)).await;
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }

    /// Closes the window and waits for the program's end.
    pub(crate) async fn close(mut self) {
        let programs = children(self.driver.id());
        assert!(!programs.is_empty(), "the program ended before its window was closed");
        let _ = self.http.delete(&self.session).send().await;
        let until = Instant::now() + PATIENCE;
        while programs.iter().any(|program| runs(*program)) {
            assert!(Instant::now() < until, "the program goes on after its window was closed");
            sleep(Duration::from_millis(20)).await;
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// The processes that this process started and that still run.
fn children(parent: u32) -> Vec<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{parent}/task")).unwrap();
    let of_task =
        |task: std::io::Result<std::fs::DirEntry>| std::fs::read_to_string(task.unwrap().path().join("children")).unwrap();
    let all: String = tasks.map(of_task).collect();
    all.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
}

/// Whether a process still runs; one that ended and was not yet waited for does not.
fn runs(process: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{process}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z')))
}

impl Drop for Window {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
