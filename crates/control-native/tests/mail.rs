//! E-mail over the real wires: a real SMTP server (aiosmtpd, read by Python's own library), a real browser without scripts, the real runtime.

use crate::approvals::Scene;
use crate::desk::{PATIENCE, now};
use caisey_control_native::{Config, MailConfig, Security};
use caisey_protocol::consent::ApprovalState;
use caisey_protocol::mail::MailState;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

/// A program that takes and says lines of JSON, and is ended with the test.
pub struct Program {
    child: Child,
    input: ChildStdin,
    lines: Receiver<Value>,
}

impl Program {
    fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (say, lines) = channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let _ = say.send(serde_json::from_str(&line).unwrap_or(Value::String(line)));
            }
        });
        Self {
            input: child.stdin.take().unwrap(),
            child,
            lines,
        }
    }

    /// Node.js with one of the scripts in `tests/mail`.
    pub fn script(name: &str) -> Self {
        let mut command = Command::new("node");
        command.arg(folder().join(name));
        Self::start(command)
    }

    /// The mail server, and its port.
    pub fn mail_server(arguments: &[&Path]) -> (Self, u16) {
        let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../interop/bin/python3");
        assert!(
            target.is_file(),
            "there is no Python environment; `cargo xtask test` makes it (tests/interop/requirements.txt)"
        );
        let mut command = Command::new(target);
        command.arg(folder().join("server.py"));
        if let [folder] = arguments {
            command.arg("--tls").arg(folder);
        }
        let server = Self::start(command);
        let port = server.next()["port"].as_u64().unwrap();
        (server, u16::try_from(port).unwrap())
    }

    /// Its next line.
    pub fn next(&self) -> Value {
        self.lines.recv_timeout(PATIENCE).expect("it said nothing more")
    }

    pub fn tell(&mut self, line: &str) {
        writeln!(self.input, "{line}").unwrap();
        self.input.flush().unwrap();
    }

    /// Tells it something and returns what it says to that.
    pub fn ask(&mut self, line: &Value) -> Value {
        self.tell(&line.to_string());
        self.next()
    }

    /// What it has said until now and nobody has read.
    fn said(&self) -> Vec<Value> {
        self.lines.try_iter().collect()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/mail")
}

/// Settings for an unprotected mail server on this computer.
pub fn to_port(port: u16) -> MailConfig {
    MailConfig {
        server: "127.0.0.1".into(),
        port: Some(port),
        security: Security::None,
        user: None,
        password: None,
        password_file: None,
        ca_file: None,
        from: "Northstar IT <approvals@northstar.example>".into(),
        reply_to: None,
        hourly_per_address: 1_000,
    }
}

pub fn with_mail(mail: MailConfig) -> impl FnOnce(&mut Config) {
    move |config| {
        config.mail = Some(mail);
        config.limits.link_answers_per_minute = 1_000_000;
    }
}

impl Scene {
    /// From here on a link suffices for the control plane, and these addresses get mail.
    pub async fn by_mail(&self, addresses: &[&str]) {
        self.by_mail_to("Zdeňka Nováková", addresses).await;
    }
}

fn header<'a>(mail: &'a Value, name: &str) -> &'a str {
    let headers = mail["headers"].as_array().unwrap();
    let found = headers
        .iter()
        .find(|header| header[0].as_str().unwrap().eq_ignore_ascii_case(name));
    found.map_or("", |header| header[1].as_str().unwrap())
}

/// What axe-core finds on the page that is open, light and dark, wide and narrow.
fn accessible(person: &mut Program, what: &str) {
    for (width, dark) in [(1_000, false), (1_000, true), (390, false)] {
        let seen = person.ask(&json!({ "axe": true, "width": width, "dark": dark }));
        assert_eq!(seen["findings"], json!([]), "{what}, {width} wide, dark: {dark}");
        assert!(seen["rules"].as_u64().unwrap() > 10, "axe looked at something: {seen}");
    }
}

/// Pictures of the page, for people who look: in the folder that `CAISEY_PICTURES` names.
fn picture(person: &mut Program, name: &str) {
    let Some(folder) = std::env::var_os("CAISEY_PICTURES") else {
        return;
    };
    for (kind, width, dark) in [("wide", 1_000, false), ("dark", 1_000, true), ("phone", 390, false)] {
        let file = Path::new(&folder).join(format!("{name}-{kind}.png"));
        let seen = person.ask(&json!({ "picture": file, "width": width, "dark": dark }));
        assert!(
            seen["width"].as_f64().unwrap() <= f64::from(width),
            "nothing is wider than the window: {seen}"
        );
    }
}

fn wrong(number: &str) -> &'static str {
    if number == "123456" { "654321" } else { "123456" }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_is_opened_in_a_browser_and_the_number_lets_the_real_runtime_run_it() {
    let (server, port) = Program::mail_server(&[]);
    let mut scene = Scene::set_with(with_mail(to_port(port))).await;
    scene.allows_mail().await;
    scene.by_mail(&["zdenka@example.com"]).await;
    let action = scene.propose().await;
    let mail = server.next();
    assert_eq!(mail["rcpt"], json!(["zdenka@example.com"]));
    assert_eq!(mail["defects"], json!([]), "{mail}");
    assert_eq!(header(&mail, "Auto-Submitted"), "auto-generated");
    assert!(header(&mail, "Message-ID").starts_with("<approval-"), "{mail}");
    let number = scene.number(&action).await;
    for part in ["plain", "html"] {
        let text = mail[part].as_str().unwrap();
        for fact in ["Robin Řehoř", "Client 1", "it-ran", mail["link"].as_str().unwrap()] {
            assert!(text.contains(fact), "{part}: {fact}: {text}");
        }
        assert!(!text.contains(&number), "the number is not in the mail");
    }
    assert_eq!(scene.until_mail(&action, MailState::Accepted).await.attempts, 1);
    let told = scene.until(&action, "approval.delivered").await;
    assert_eq!(told["channel"], "email");

    let mut person = Program::script("person.mjs");
    let size = scene.entries().await.len();
    let seen = person.ask(&json!({ "open": mail["link"] }));
    assert_eq!(
        (&seen["status"], &seen["forms"], &seen["cookies"]),
        (&json!(200), &json!(1), &json!(0))
    );
    let headers = &seen["headers"];
    let policy = headers["content-security-policy"].as_str().unwrap();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("script"),
        "{policy}"
    );
    assert_eq!(headers["referrer-policy"], "no-referrer");
    assert!(headers["x-robots-tag"].as_str().unwrap().contains("noindex"));
    assert!(seen["text"].as_str().unwrap().contains("it-ran"), "{seen}");
    accessible(&mut person, "open");
    picture(&mut person, "open");
    assert_eq!(scene.entries().await.len(), size, "looking records nothing");
    let seen = person.ask(&json!({ "number": wrong(&number), "press": "Approve this command" }));
    assert_eq!(seen["status"], 422);
    assert!(seen["text"].as_str().unwrap().contains("2 more times"), "{seen}");
    accessible(&mut person, "wrong");
    picture(&mut person, "wrong");
    assert_eq!(scene.lines(), 0);
    let seen = person.ask(&json!({ "number": number, "press": "Approve this command" }));
    assert_eq!(seen["heading"], "You approved this", "{seen}");
    accessible(&mut person, "approved");
    picture(&mut person, "approved");
    scene.until(&action, "command.finished").await;
    assert_eq!(scene.lines(), 1);
    let decided = scene.until(&action, "approval.decided").await;
    assert_eq!(
        (&decided["channel"], &decided["assurance"]),
        (&json!("email"), &json!("link"))
    );
    let seen = person.ask(&json!({ "open": mail["link"] }));
    assert_eq!((&seen["heading"], &seen["forms"]), (&json!("You approved this"), &json!(0)));
    assert_eq!(scene.lines(), 1, "a link works once");

    // Denied with a reason; and a request that is taken back.
    let action = scene.propose().await;
    let mail = server.next();
    let number = scene.number(&action).await;
    person.ask(&json!({ "open": mail["link"] }));
    let seen = person.ask(&json!({ "number": number, "reason": "Not during surgery <b>hours</b>", "press": "Deny" }));
    assert_eq!(seen["heading"], "You denied this", "{seen}");
    assert_eq!(scene.until(&action, "action.refused").await["code"], "denied");
    let action = scene.propose().await;
    let mail = server.next();
    let cancel = scene.technician.person.cancel(&scene.log, now(), &scene.session, &action);
    scene
        .statement(&scene.technician.token, cancel)
        .await
        .ok::<caisey_protocol::http::Submitted>();
    let seen = person.ask(&json!({ "open": mail["link"] }));
    assert_eq!(seen["heading"], "This request was withdrawn");
    accessible(&mut person, "withdrawn");
    picture(&mut person, "withdrawn");
    let unknown = format!("{}x", mail["link"].as_str().unwrap());
    let seen = person.ask(&json!({ "open": unknown }));
    assert_eq!(
        (&seen["status"], &seen["heading"]),
        (&json!(404), &json!("This link is not known"))
    );
    accessible(&mut person, "unknown");
    assert_eq!(scene.lines(), 1);
    scene.runtime.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_client_has_not_allowed_mail_the_endpoint_refuses_what_mail_approved() {
    let (server, port) = Program::mail_server(&[]);
    let mut scene = Scene::set_with(with_mail(to_port(port))).await;
    scene.introduces_herself().await;
    scene.by_mail(&["zdenka@example.com"]).await;
    let action = scene.propose().await;
    let mail = server.next();
    let number = scene.number(&action).await;
    let mut person = Program::script("person.mjs");
    person.ask(&json!({ "open": mail["link"] }));
    let seen = person.ask(&json!({ "number": number, "press": "Approve this command" }));
    assert_eq!(seen["heading"], "You approved this", "{seen}");
    assert_eq!(scene.until(&action, "action.refused").await["code"], "consent_missing");
    assert_eq!(scene.lines(), 0);
    scene.runtime.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_requester_sees_what_the_mail_server_says_and_a_retry_delivers() {
    let (mut server, port) = Program::mail_server(&[]);
    let mut scene = Scene::set_with(with_mail(to_port(port))).await;
    scene.allows_mail().await;
    scene.by_mail(&["zdenka@example.com"]).await;
    server.tell("refuse");
    server.next();
    let action = scene.propose().await;
    let refused = scene.until_mail(&action, MailState::Refused).await;
    assert!(
        refused.detail.contains("550") || refused.detail.contains("no such mailbox"),
        "{refused:?}"
    );
    server.tell("defer");
    server.next();
    let action = scene.propose().await;
    let waits = scene.until_mail(&action, MailState::Waiting).await;
    assert!(waits.detail.contains("tried again"), "{waits:?}");
    server.tell("accept");
    server.next();
    let taken = scene.until_mail(&action, MailState::Accepted).await;
    assert!(taken.attempts >= 2, "{taken:?}");
    assert_eq!(server.said().len(), 1, "one mail, whatever happened before");
    assert_eq!(scene.look(&action).await.approval.state, ApprovalState::Delivered);
    // Down altogether.
    drop(server);
    let action = scene.propose().await;
    let waits = scene.until_mail(&action, MailState::Waiting).await;
    assert!(waits.detail.contains("could not be reached"), "{waits:?}");
    scene.runtime.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_hangs_holds_nobody_up_and_is_seen_at_once() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let mut scene = Scene::set_with(with_mail(to_port(port))).await;
    scene.by_mail(&["zdenka@example.com"]).await;
    let action = scene.propose().await;
    let (held, _) = tokio::time::timeout(PATIENCE, silent.accept()).await.unwrap().unwrap();
    let hangs = scene.until_mail(&action, MailState::Sending).await;
    assert_eq!((hangs.attempts, hangs.detail.as_str()), (1, ""));
    // Meanwhile everything goes on: another request is made, shown and taken back.
    let other = scene.propose().await;
    assert_eq!(scene.shown(&scene.technician.token, &other).await.unwrap().mails.len(), 1);
    let cancel = scene.technician.person.cancel(&scene.log, now(), &scene.session, &other);
    scene
        .statement(&scene.technician.token, cancel)
        .await
        .ok::<caisey_protocol::http::Submitted>();
    assert_eq!(scene.until(&other, "action.refused").await["code"], "withdrawn");
    assert_eq!(scene.look(&other).await.approval.mails[0].state, MailState::NotNeeded);
    assert_eq!(scene.look(&action).await.approval.mails[0].state, MailState::Sending);
    // It hangs up: the requester is told at once that it did not work, and why.
    drop(held);
    let failed = scene.until_mail(&action, MailState::Waiting).await;
    assert!(
        failed.detail.contains("could not be reached") && failed.detail.contains("tried again"),
        "{failed:?}"
    );
    scene.runtime.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_mail_server_that_is_said() {
    let mut scene = Scene::set().await;
    scene.allows_mail().await;
    scene.by_mail(&["zdenka@example.com"]).await;
    let action = scene.propose().await;
    let mail = scene.until_mail(&action, MailState::GaveUp).await;
    assert!(mail.detail.contains("has no mail server"), "{mail:?}");
    scene.runtime.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_protected_server_wants_the_right_password_and_a_certificate_that_holds() {
    let folder = tempfile::tempdir().unwrap();
    let (server, port) = Program::mail_server(&[folder.path()]);
    let good = MailConfig {
        server: "localhost".into(),
        security: Security::StartTls,
        user: Some("control".into()),
        password: Some("correct horse".into()),
        ca_file: Some(folder.path().join("ca.pem")),
        ..to_port(port)
    };
    let attempts = [
        (
            MailConfig {
                password: Some("wrong".into()),
                ..good.clone()
            },
            "sign in",
        ),
        (
            MailConfig {
                ca_file: None,
                ..good.clone()
            },
            "No protected connection",
        ),
    ];
    for (mail, told) in attempts {
        let mut scene = Scene::set_with(with_mail(mail)).await;
        scene.by_mail(&["zdenka@example.com"]).await;
        let action = scene.propose().await;
        let waits = scene.until_mail(&action, MailState::Waiting).await;
        assert!(waits.detail.contains(told), "{waits:?}");
        scene.runtime.stop().await;
    }
    assert!(server.said().is_empty());
    let mut scene = Scene::set_with(with_mail(good)).await;
    scene.by_mail(&["zdenka@example.com"]).await;
    scene.propose().await;
    let mail = server.next();
    assert_eq!((&mail["tls"], &mail["signed_in"]), (&json!(true), &json!(true)), "{mail}");
    scene.runtime.stop().await;
}
