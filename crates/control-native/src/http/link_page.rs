//! `GET` and `POST /a/{token}`: the page behind a link in an e-mail, for people with a browser and no account.
//!
//! Promises: a GET changes nothing and records nothing; no cookie, no script, nothing kept by browsers, caches or search engines, no address
//! told to anybody else; nothing is made for names that were never enrolled; the token is in no log. What is shown: `caisey_control::letter`.

use super::App;
use super::access::Peer;
use crate::clock;
use crate::object::internal;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use caisey_control::endpoint::{self, Input};
use caisey_control::letter::{self, LinkToken, Shown, Typed};
use caisey_control::port::{Answer, ObjectName};
use caisey_ledger::id::{EndpointId, OrganisationId};
use caisey_protocol::error::{ErrorBody, ErrorCode};
use sha2::{Digest as _, Sha256};
use std::sync::LazyLock;
use std::time::Instant;

/// A form with a number and a reason is not longer.
const MAX_FORM_BYTES: usize = 16_384;

/// Of which only the page's own style sheet may be used, and its form sent to where it came from.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let digest = STANDARD.encode(Sha256::digest(letter::CSS.as_bytes()));
    format!("default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
});

pub(crate) async fn show(State(app): State<App>, Path(token): Path<String>) -> Response {
    let token = LinkToken::new(token);
    match look(&app, &token).await {
        Ok(shown) => answer(&shown),
        Err(error) => failed(&error),
    }
}

async fn look(app: &App, token: &LinkToken) -> Result<Shown, ErrorBody> {
    let Some(name) = known(app, token) else {
        return Ok(Shown::Unknown);
    };
    let (token, now) = (token.clone(), clock::now());
    let name = ObjectName::Endpoint(name.0, name.1);
    app.objects
        .read(name, move |store| endpoint::behind_link(store, &token, now))
        .await
}

/// The endpoint that the token names, if it has a log here.
fn known(app: &App, token: &LinkToken) -> Option<(OrganisationId, EndpointId)> {
    token
        .names()
        .filter(|(organisation, endpoint)| app.objects.exists(organisation, endpoint))
}

pub(crate) async fn take(State(app): State<App>, Path(token): Path<String>, Peer(peer): Peer, request: Request) -> Response {
    if let Some(wait) = app.link_answers.wait(peer, Instant::now()) {
        let page = letter::too_many(wait.as_secs().max(1));
        return html(StatusCode::TOO_MANY_REQUESTS, page);
    }
    app.link_answers.take(peer, Instant::now());
    let token = LinkToken::new(token);
    let Some(typed) = typed(&token, request).await else {
        // Not from our form: nothing to answer with.
        return match look(&app, &token).await {
            Ok(shown) => answer(&shown),
            Err(error) => failed(&error),
        };
    };
    let Some((organisation, endpoint)) = known(&app, &token) else {
        return answer(&Shown::Unknown);
    };
    let asked = app
        .objects
        .ask(&organisation, &endpoint, 0, |request| {
            Input::AnswerByLink(request, Box::new(typed))
        })
        .await;
    match asked {
        // Shown at its own address, so that loading it again sends nothing again.
        Ok(Answer::ByLink(shown)) if matches!(*shown, Shown::Over(_)) => again(&token),
        Ok(Answer::ByLink(shown)) => answer(&shown),
        Ok(_) => failed(&internal("the endpoint's object gave an unexpected answer")),
        Err(error) => failed(&error),
    }
}

/// What was typed; none when it is not our form's.
async fn typed(token: &LinkToken, request: Request) -> Option<Typed> {
    let kind = request.headers().get(header::CONTENT_TYPE)?.as_bytes();
    if !kind.starts_with(b"application/x-www-form-urlencoded") {
        return None;
    }
    let bytes = axum::body::to_bytes(request.into_body(), MAX_FORM_BYTES).await.ok()?;
    let mut typed = Typed {
        token: token.clone(),
        approve: false,
        number: String::new(),
        reason: String::new(),
    };
    let mut answers = 0;
    for (name, value) in url::form_urlencoded::parse(&bytes) {
        match name.as_ref() {
            "number" => typed.number = value.chars().take(32).collect(),
            "reason" => typed.reason = value.into_owned(),
            "answer" => {
                answers += 1;
                typed.approve = match value.as_ref() {
                    "approve" => true,
                    "deny" => false,
                    _ => return None,
                };
            }
            _ => {}
        }
    }
    // Whoever sends both answers has given none.
    (answers == 1 && !typed.number.is_empty()).then_some(typed)
}

fn answer(shown: &Shown) -> Response {
    let status = match shown {
        Shown::Unknown => StatusCode::NOT_FOUND,
        Shown::Open(_, tries) if tries.wrong => StatusCode::UNPROCESSABLE_ENTITY,
        Shown::Open(..) => StatusCode::OK,
        Shown::Over(_) => StatusCode::OK,
    };
    html(status, letter::page(shown))
}

fn again(token: &LinkToken) -> Response {
    let mut response = html(StatusCode::SEE_OTHER, String::new());
    if let Ok(place) = HeaderValue::from_str(&format!("/a/{}", token.expose())) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    response
}

fn failed(error: &ErrorBody) -> Response {
    let status = match error.code {
        ErrorCode::NotRecorded => StatusCode::INSUFFICIENT_STORAGE,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    html(status, letter::unavailable())
}

fn html(status: StatusCode, page: String) -> Response {
    let mut response = (status, Body::from(page)).into_response();
    set_headers(response.headers_mut());
    response
}

fn set_headers(headers: &mut HeaderMap) {
    let fixed = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY.as_str()),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (
            header::HeaderName::from_static("x-robots-tag"),
            "noindex, nofollow, noarchive",
        ),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
}
