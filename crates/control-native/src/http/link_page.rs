//! `GET` and `POST /a/{token}`: the page behind a link in an e-mail, for people with a browser and no account.
//!
//! Promises: a GET changes nothing and records nothing; nothing is made for names that were never enrolled; the token is in no log. What is
//! shown, with which status and headers: `caisey_control::letter`.

use super::access::Peer;
use super::{App, put};
use crate::clock;
use crate::object::internal;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use caisey_control::endpoint::{self, Input};
use caisey_control::letter::web::{self, WebPage};
use caisey_control::letter::{self, LinkToken, Shown, Typed};
use caisey_control::port::{Answer, ObjectName};
use caisey_ledger::id::{EndpointId, OrganisationId};
use caisey_protocol::error::ErrorBody;
use std::time::Instant;

pub(crate) async fn show(State(app): State<App>, Path(token): Path<String>) -> Response {
    let token = LinkToken::new(token);
    respond(&token, looked(&app, &token).await)
}

async fn looked(app: &App, token: &LinkToken) -> WebPage {
    match look(app, token).await {
        Ok(shown) => web::looked(&shown),
        Err(error) => web::failed(&error),
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
    let token = LinkToken::new(token);
    if let Some(wait) = app.link_answers.wait(peer, Instant::now()) {
        let page = WebPage {
            status: 429,
            html: letter::too_many(wait.as_secs().max(1)),
        };
        return respond(&token, page);
    }
    app.link_answers.take(peer, Instant::now());
    let Some(typed) = typed(&token, request).await else {
        // Not from our form: nothing to answer with.
        return respond(&token, looked(&app, &token).await);
    };
    let Some((organisation, endpoint)) = known(&app, &token) else {
        return respond(&token, web::looked(&Shown::Unknown));
    };
    let asked = app
        .objects
        .ask(&organisation, &endpoint, 0, |request| {
            Input::AnswerByLink(request, Box::new(typed))
        })
        .await;
    let page = match asked {
        Ok(Answer::ByLink(shown)) => web::answered(&shown),
        Ok(_) => web::failed(&internal("the endpoint's object gave an unexpected answer")),
        Err(error) => web::failed(&error),
    };
    respond(&token, page)
}

/// What was typed; none when it is not our form's.
async fn typed(token: &LinkToken, request: Request) -> Option<Typed> {
    let kind = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .map(str::to_owned);
    let bytes = axum::body::to_bytes(request.into_body(), web::MAX_FORM_BYTES).await.ok()?;
    web::typed(token, kind.as_deref(), &bytes)
}

fn respond(token: &LinkToken, page: WebPage) -> Response {
    let status = StatusCode::from_u16(page.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let mut response = (status, Body::from(page.html)).into_response();
    let place = (status == StatusCode::SEE_OTHER).then(|| web::own_address(token));
    let headers = response.headers_mut();
    put(headers, &web::headers());
    if let Some(Ok(place)) = place.map(|place| HeaderValue::from_str(&place)) {
        headers.insert(header::LOCATION, place);
    }
    response
}
