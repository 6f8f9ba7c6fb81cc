//! Handlers for one endpoint's log: reading it, adding to it, erasing from it, asking whether the runtime answers.

use super::App;
use super::access::Signed;
use super::directory::{id, visible};
use super::enrol::unsupported;
use super::json::Body;
use super::refusal::Refusal;
use crate::object::internal;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use caisey_control::endpoint::Input;
use caisey_control::organisation::{Reply, Request};
use caisey_control::port::{Answer, Caller, ObjectName};
use caisey_ledger::id::{EndpointId, Seq};
use caisey_protocol::PROTOCOL_VERSION;
use caisey_protocol::error::ErrorCode;
use caisey_protocol::http::{EntriesPage, EraseText, Sendable, Submit, Submitted};
use serde::Deserialize;

/// Records in one page when the caller does not say, and at most.
const PAGE: u32 = 1_000;

/// Which part of a log.
#[derive(Deserialize)]
pub(crate) struct PageQuery {
    #[serde(default)]
    from: u64,
    limit: Option<u32>,
}

/// A query that could not be read.
pub(crate) fn bad_query(_: QueryRejection) -> Refusal {
    Refusal::bad_request("A number in the query is missing, malformed or out of range.")
}

/// A sequence number or size from a query.
pub(crate) fn seq(number: u64) -> Result<Seq, Refusal> {
    Seq::new(number).ok_or_else(|| Refusal::bad_request("A number in the query is above 2^53 - 1."))
}

/// The name of an endpoint that the caller may see.
pub(crate) async fn readable(app: &App, signed: &Signed, endpoint: &str) -> Result<(EndpointId, ObjectName), Refusal> {
    let endpoint: EndpointId = id(endpoint)?;
    visible(app, signed, &endpoint).await?;
    let name = ObjectName::Endpoint(signed.0.caller.organisation.clone(), endpoint.clone());
    Ok((endpoint, name))
}

pub(crate) async fn entries(
    State(app): State<App>,
    signed: Signed,
    Path(endpoint): Path<String>,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Json<EntriesPage>, Refusal> {
    let Query(query) = query.map_err(bad_query)?;
    let (_, name) = readable(&app, &signed, &endpoint).await?;
    Ok(Json(page(&app, name, &query).await?))
}

pub(crate) async fn admin_log(
    State(app): State<App>,
    signed: Signed,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Json<EntriesPage>, Refusal> {
    let Query(query) = query.map_err(bad_query)?;
    let name = ObjectName::Organisation(signed.0.caller.organisation.clone());
    Ok(Json(page(&app, name, &query).await?))
}

async fn page(app: &App, name: ObjectName, query: &PageQuery) -> Result<EntriesPage, Refusal> {
    let from = seq(query.from)?;
    let limit = query.limit.unwrap_or(PAGE).clamp(1, PAGE);
    let read = match name {
        ObjectName::Organisation(_) => caisey_control::organisation::read_page,
        ObjectName::Endpoint(..) => caisey_control::endpoint::read_page,
    };
    app.objects
        .read(name, move |store| read(store, from, limit))
        .await?
        .ok_or_else(|| Refusal::not_found("The log has no entries there."))
}

pub(crate) async fn checkpoint(
    State(app): State<App>,
    signed: Signed,
    Path(endpoint): Path<String>,
) -> Result<impl IntoResponse, Refusal> {
    let (_, name) = readable(&app, &signed, &endpoint).await?;
    let page = page(&app, name, &PageQuery { from: 0, limit: Some(1) }).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], page.checkpoint))
}

pub(crate) async fn sendable(
    State(app): State<App>,
    signed: Signed,
    Path(endpoint): Path<String>,
) -> Result<Json<Sendable>, Refusal> {
    let (endpoint, _) = readable(&app, &signed, &endpoint).await?;
    match app
        .objects
        .ask(&signed.0.caller.organisation, &endpoint, 0, Input::AskSendable)
        .await?
    {
        Answer::Sendable(sendable) => Ok(Json(sendable)),
        _ => Err(internal("the endpoint's object gave an unexpected answer").into()),
    }
}

pub(crate) async fn submit(
    State(app): State<App>,
    signed: Signed,
    Path(endpoint): Path<String>,
    Body(request, size_bytes): Body<Submit>,
) -> Result<Json<Submitted>, Refusal> {
    if request.version != PROTOCOL_VERSION {
        return Err(unsupported(request.version).into());
    }
    let Some(signature) = &request.statement.signature else {
        return Err(Refusal::new(
            ErrorCode::BadSignature,
            "The statement is not signed. Sign it with your device's key.",
        ));
    };
    let (endpoint, caller) = with_device(&app, &signed, &endpoint, &signature.key).await?;
    submitted(app.objects.submit(&endpoint, caller, request.statement, size_bytes).await?)
}

/// The endpoint, if the caller may see it, and the caller with the registered device that holds this key.
pub(crate) async fn with_device(app: &App, signed: &Signed, endpoint: &str, key: &str) -> Result<(EndpointId, Caller), Refusal> {
    let organisation = &signed.0.caller.organisation;
    let endpoint: EndpointId = id(endpoint)?;
    if signed.0.caller.client.is_some() {
        visible(app, signed, &endpoint).await?;
    } else if !app.objects.exists(organisation, &endpoint) {
        // Others see all endpoints of their organisation, and the endpoint's object checks that again.
        return Err(Refusal::not_found("There is no such endpoint."));
    }
    let find = Request::FindDevice(signed.caller(), key.to_owned());
    let Reply::FoundDevice(device, revision) = app.objects.organisation(organisation, find).await? else {
        return Err(internal("the organisation gave an unexpected answer").into());
    };
    // What is submitted is decided by what was in force when it came.
    app.objects.brief(organisation, &endpoint, revision).await?;
    let device = device
        .filter(|device| device.member == signed.0.caller.member)
        .ok_or_else(|| {
            Refusal::new(
                ErrorCode::BadSignature,
                "The key that signed this is not one of your registered devices. Register this device first.",
            )
        })?;
    let caller = Caller {
        device: Some((device.device, device.key)),
        ..signed.caller()
    };
    Ok((endpoint, caller))
}

pub(crate) async fn erase(
    State(app): State<App>,
    signed: Signed,
    Path(endpoint): Path<String>,
    Body(request, size_bytes): Body<EraseText>,
) -> Result<Json<Submitted>, Refusal> {
    let (endpoint, _) = readable(&app, &signed, &endpoint).await?;
    let caller = signed.caller();
    let erase = move |number| Input::Erase(number, caller, request.seq, request.names, request.basis);
    submitted(
        app.objects
            .ask(&signed.0.caller.organisation, &endpoint, size_bytes, erase)
            .await?,
    )
}

pub(crate) async fn remove(State(app): State<App>, signed: Signed, Path(endpoint): Path<String>) -> Result<StatusCode, Refusal> {
    let (endpoint, _) = readable(&app, &signed, &endpoint).await?;
    let caller = signed.caller();
    app.objects
        .ask(&signed.0.caller.organisation, &endpoint, 0, move |request| {
            Input::Remove(request, caller)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn submitted(answer: Answer) -> Result<Json<Submitted>, Refusal> {
    match answer {
        Answer::Submitted(submitted) => Ok(Json(submitted)),
        _ => Err(internal("the endpoint's object gave an unexpected answer").into()),
    }
}
