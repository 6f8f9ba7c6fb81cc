//! Signing in at a real identity provider from the real window, a scripted person at the browser; and what an owner does then.

use crate::driver::{CONTROL, ENTER, Window};
use crate::screen::Screen;
use caisey_control_native::config::{ConsoleClient, IssuerConfig};
use caisey_control_native::{Config, ControlPlane};
use caisey_protocol::sign_in::BearerKind;
use caisey_runtime::{Limits, Runtime, StateDir};
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

/// `tests/identity/provider.mjs`, ended with the test.
struct Provider {
    child: Child,
    issuer: String,
    /// Kept open: a program that has nowhere to write to ends.
    _out: BufReader<ChildStdout>,
}

fn identity(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/identity").join(file)
}

impl Provider {
    fn start() -> Self {
        assert!(
            identity("node_modules").is_dir(),
            "tests/identity has no packages yet; run: npm ci --ignore-scripts (in tests/identity)"
        );
        let mut child = Command::new("node")
            .arg(identity("provider.mjs"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (mut said, mut out) = (String::new(), BufReader::new(child.stdout.take().unwrap()));
        out.read_line(&mut said).unwrap();
        let said: serde_json::Value = serde_json::from_str(&said).unwrap();
        Self {
            child,
            issuer: said["issuer"].as_str().unwrap().to_owned(),
            _out: out,
        }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the control plane says of the provider's client that consoles are.
fn client(scopes: &[&str]) -> ConsoleClient {
    ConsoleClient {
        name: "Northstar single sign-on".to_owned(),
        client_id: "caisey-console".to_owned(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        bearer: BearerKind::Access,
        resource_bound: true,
    }
}

/// A new window on its way to this control plane's sign-in; at the browser sits this person of `tests/identity/person.mjs`.
async fn signing_in(screen: &Screen, person: &str, address: &str) -> Window {
    let (browser, path) = (identity("person.mjs"), std::env::var("PATH").unwrap());
    let variables = [
        ("CAISEY_BROWSER", browser.to_str().unwrap()),
        ("CAISEY_PERSON", person),
        ("PATH", path.as_str()),
    ];
    let window = Window::open(screen, &variables).await;
    window.press("Sign in to a control plane").await;
    window.clears_fields().await;
    window.type_into("input[type=url]", &format!("{address}{ENTER}")).await;
    window
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_signs_in_through_the_browser_and_enrols_a_machine() {
    let provider = Provider::start();
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("http://127.0.0.1:{port}");
    let mut issuer = IssuerConfig::clerk(&provider.issuer);
    issuer.require_nbf = false;
    issuer.audience = vec![address.clone()];
    issuer.console = Some(client(&["offline_access"]));
    let plane = ControlPlane::start(Config {
        listen: ([127, 0, 0, 1], port).into(),
        issuers: vec![issuer],
        local_issuer: false,
        ..Config::embedded(folder.path().join("control"))
    })
    .await
    .unwrap();
    let screen = Screen::with_key_store();
    let window = signing_in(&screen, "priya", &address).await;
    window.sees("This program never sees your password").await;
    window.rests().await;
    screen.picture("sign-in");
    window.press("Sign in with Northstar single sign-on").await;
    window.sees("No endpoints yet").await;
    window.sees("Priya Raman").await;

    window.keys(&[CONTROL, "4"]).await;
    window.press("New client").await;
    window.type_into("dialog input", &format!("Harbor Finance{ENTER}")).await;
    window.press("Add an endpoint to Harbor Finance").await;
    window.type_into("dialog input", &format!("Ledger server{ENTER}")).await;
    window.sees("This will not be shown again.").await;
    window.rests().await;
    screen.picture("installer-token");
    let command = window.script("return document.querySelector('dialog textarea').value").await;
    let command = command.as_str().unwrap();
    let token = command.split_once("CAISEY_TOKEN=").unwrap().1.split(' ').next().unwrap();
    assert!(
        command.ends_with(&format!(
            "caisey-runtime enrol --control '{address}' && sudo caisey-runtime service install"
        )),
        "{command}"
    );
    let state = StateDir::open(folder.path().join("runtime")).unwrap();
    caisey_runtime::enrol(&state, &address.parse().unwrap(), token).await.unwrap();
    let runtime = Runtime::start(&state, Limits::default()).await.unwrap();
    window.press("I have it").await;
    window.sees("used up").await;
    window.keys(&[CONTROL, "1"]).await;
    window.sees("Sendable. It answered").await;
    window.close().await;

    // Signed in still after a restart, without the browser.
    let window = Window::open(&screen, &[("CAISEY_BROWSER", "/bin/false")]).await;
    window.sees("Sendable. It answered").await;
    window.keys(&[CONTROL, ","]).await;
    window.press("Sign out").await;
    window.sees("Start on this computer").await;
    window.close().await;
    runtime.stop().await;
    plane.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_refused_in_the_browser_is_told_so_in_the_window() {
    let provider = Provider::start();
    let folder = tempfile::tempdir().unwrap();
    let mut issuer = IssuerConfig::clerk(&provider.issuer);
    issuer.console = Some(client(&[]));
    let plane = ControlPlane::start(Config {
        issuers: vec![issuer],
        ..Config::embedded(folder.path().join("control"))
    })
    .await
    .unwrap();
    let screen = Screen::with_key_store();
    let window = signing_in(&screen, "nobody", &plane.base_url).await;
    window.press("Sign in with Northstar single sign-on").await;
    window.sees("did not sign you in").await;
    window.sees("E-mail address").await;
    window.close().await;
    plane.shutdown().await;
}
