//! Mail through a provider that is spoken to by HTTP: a real server takes it, the link in it is opened, and the number that the technician sees
//! lets the real runtime run the command.

use crate::approvals::Scene;
use crate::desk::PATIENCE;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::{Json, Router, routing};
use caisey_control_native::Config;
use caisey_protocol::mail::MailState;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A mail provider on this computer: what it was sent, and with which status it answers.
#[derive(Clone)]
struct Provider {
    url: String,
    mails: Arc<Mutex<Vec<(HeaderMap, Value)>>>,
    status: Arc<AtomicU16>,
}

impl Provider {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provider = Self {
            url: format!("http://{}/emails", listener.local_addr().unwrap()),
            mails: Arc::default(),
            status: Arc::new(AtomicU16::new(200)),
        };
        let routes = Router::new()
            .route("/emails", routing::post(take))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        provider
    }

    fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    async fn next(&self, number: usize) -> (HeaderMap, Value) {
        tokio::time::timeout(PATIENCE, async {
            loop {
                if let Some(mail) = self.mails.lock().unwrap().get(number).cloned() {
                    return mail;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await
        .expect("a mail")
    }
}

async fn take(State(provider): State<Provider>, headers: HeaderMap, Json(mail): Json<Value>) -> (StatusCode, Json<Value>) {
    let status = provider.status.load(Ordering::SeqCst);
    if status == 200 {
        provider.mails.lock().unwrap().push((headers, mail));
    }
    let said = json!({ "message": if status == 200 { "queued" } else { "no such mailbox" } });
    (StatusCode::from_u16(status).unwrap(), Json(said))
}

fn with(provider: &Provider) -> impl FnOnce(&mut Config) {
    let url = provider.url.clone();
    move |config| {
        config.mail = Some(json!({ "url": url, "from": "Northstar IT <approvals@northstar.example>" }));
        config.public_url = Some("https://control.example".into());
    }
}

async fn scene(change: impl FnOnce(&mut Config)) -> Scene {
    let scene = Scene::set_with(change).await;
    scene.allows_mail().await;
    scene.by_mail_to("Zdeňka \"Z\" Nováková", &["zdenka@example.com"]).await;
    scene
}

/// Where the link in a mail leads, on this control plane.
fn link(scene: &Scene, mail: &Value) -> String {
    let text = mail["text"].as_str().unwrap();
    let at = text.find("https://control.example/a/").unwrap();
    let link = text[at..].split_whitespace().next().unwrap();
    link.replace("https://control.example", &scene.desk.running.base_url)
}

async fn typed(scene: &Scene, link: &str, form: &[(&str, &str)]) -> (u16, String) {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let answer = client.post(link).form(form).send().await.unwrap();
    if answer.status() == 303 {
        let place = answer.headers()["location"].to_str().unwrap().to_owned();
        assert!(link.ends_with(&place), "{place}");
        let page = scene.desk.http.get(link).send().await.unwrap();
        return (303, page.text().await.unwrap());
    }
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_is_opened_and_the_number_lets_the_real_runtime_run_it() {
    let provider = Provider::start().await;
    let mut scene = scene(with(&provider)).await;
    let action = scene.propose().await;
    let (headers, mail) = provider.next(0).await;
    assert_eq!(headers["authorization"], "Bearer secret of the mail provider");
    assert_eq!(mail["to"], json!(["\"Zdeňka Z Nováková\" <zdenka@example.com>"]));
    assert_eq!(mail["headers"]["Auto-Submitted"], "auto-generated");
    assert!(
        mail["headers"]["Message-ID"].as_str().unwrap().starts_with("<approval-"),
        "{mail}"
    );
    assert_eq!(scene.until_mail(&action, MailState::Accepted).await.attempts, 1);
    let number = scene.number(&action).await;
    for part in ["text", "html"] {
        let text = mail[part].as_str().unwrap();
        assert!(text.contains("it-ran") && !text.contains(&number), "{part}: {text}");
    }
    let link = link(&scene, &mail);
    let size = scene.entries().await.len();
    let page = scene.desk.http.get(&link).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("script"),
        "{policy}"
    );
    assert_eq!(page.headers()["referrer-policy"], "no-referrer");
    assert!(page.text().await.unwrap().contains("it-ran"));
    assert_eq!(scene.entries().await.len(), size, "looking records nothing");
    let wrong = if number == "123456" { "654321" } else { "123456" };
    let (status, html) = typed(&scene, &link, &[("number", wrong), ("answer", "approve")]).await;
    assert!(status == 422 && html.contains("2 more times"), "{status} {html}");
    let (status, _) = typed(
        &scene,
        &link,
        &[("number", &number), ("answer", "approve"), ("answer", "deny")],
    )
    .await;
    assert_eq!((status, scene.lines()), (200, 0), "whoever sends both has given none");
    let (status, html) = typed(&scene, &link, &[("number", &number), ("answer", "approve")]).await;
    assert!(status == 303 && html.contains("You approved this"), "{status} {html}");
    scene.until(&action, "command.finished").await;
    assert_eq!(scene.lines(), 1);
    let decided = scene.until(&action, "approval.decided").await;
    assert_eq!(
        (&decided["channel"], &decided["assurance"]),
        (&json!("email"), &json!("link"))
    );
    let unknown = scene.desk.http.get(format!("{link}x")).send().await.unwrap();
    assert_eq!(unknown.status(), 404);
    assert!(unknown.text().await.unwrap().contains("This link is not known"));
    let nobody = format!("{}/a/nonsense", scene.desk.running.base_url);
    assert_eq!(scene.desk.http.get(nobody).send().await.unwrap().status(), 404);
    scene.runtime.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_requester_sees_what_the_provider_says_and_a_retry_delivers() {
    let provider = Provider::start().await;
    let mut scene = scene(with(&provider)).await;
    provider.answer(422);
    let action = scene.propose().await;
    let refused = scene.until_mail(&action, MailState::Refused).await;
    assert!(refused.detail.contains("no such mailbox"), "{refused:?}");
    provider.answer(503);
    let action = scene.propose().await;
    let waits = scene.until_mail(&action, MailState::Waiting).await;
    assert!(waits.detail.contains("tried again"), "{waits:?}");
    provider.answer(200);
    let taken = scene.until_mail(&action, MailState::Accepted).await;
    assert!(taken.attempts >= 2, "{taken:?}");
    assert_eq!(provider.mails.lock().unwrap().len(), 1, "one mail, whatever happened before");
    scene.runtime.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_provider_that_is_said() {
    let mut scene = scene(|_| {}).await;
    let action = scene.propose().await;
    let mail = scene.until_mail(&action, MailState::GaveUp).await;
    assert!(mail.detail.contains("has no mail server"), "{mail:?}");
    scene.runtime.stop().await;
}
