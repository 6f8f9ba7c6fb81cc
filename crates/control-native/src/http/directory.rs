//! Handlers for what the Organisation object knows: people's devices, clients, installer tokens, endpoints, sessions.

use super::App;
use super::access::Signed;
use super::json::Body;
use super::refusal::Refusal;
use crate::object::internal;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use caisey_control::organisation::{Reply, Request, SessionFilter};
use caisey_ledger::id::{ClientId, EndpointId, InstallerId, MemberId, SessionId, TimeMs};
use caisey_protocol::error::ErrorBody;
use caisey_protocol::http::{
    ClientView, CreateClient, CreateInstaller, DeviceView, EndpointView, InstallerSecret, InstallerView, Me, RegisterDevice,
    RenameClient, SessionView,
};
use serde::Deserialize;
use std::str::FromStr;

/// Asks the caller's own organisation: no request reaches another one's object, because none is ever named.
async fn ask(app: &App, signed: &Signed, request: Request) -> Result<Reply, ErrorBody> {
    app.objects.organisation(&signed.0.caller.organisation, request).await
}

/// The same for what Endpoint objects report: the answer includes all that they have committed.
async fn ask_directory(app: &App, signed: &Signed, request: Request) -> Result<Reply, ErrorBody> {
    app.objects.directory(&signed.0.caller.organisation, request).await
}

fn unexpected() -> Refusal {
    internal("the organisation gave an unexpected answer").into()
}

/// An identifier from a path.
pub(crate) fn id<T: FromStr>(text: &str) -> Result<T, Refusal> {
    text.parse()
        .map_err(|_| Refusal::bad_request("The identifier in the address is not one of ours."))
}

/// The endpoint, if it is in the caller's organisation and the caller may see it. Its state may be a moment old.
pub(crate) async fn visible(app: &App, signed: &Signed, endpoint: &EndpointId) -> Result<EndpointView, Refusal> {
    seen(
        signed,
        ask(app, signed, Request::Endpoint(signed.caller(), endpoint.clone())).await?,
    )
}

fn seen(signed: &Signed, reply: Reply) -> Result<EndpointView, Refusal> {
    let Reply::Endpoint(view) = reply else {
        return Err(unexpected());
    };
    // The object has checked this; a contact's limit is worth a second look.
    if signed.0.caller.client.as_ref().is_some_and(|only| *only != view.client) {
        return Err(Refusal::not_found("There is no such endpoint."));
    }
    Ok(*view)
}

pub(crate) async fn me(State(app): State<App>, signed: Signed) -> Json<Me> {
    let Signed(identity) = signed;
    Json(Me {
        member: identity.caller.member.clone(),
        name: identity.caller.name.clone(),
        email: identity.email.clone(),
        role: identity.caller.role,
        organisation: identity.caller.organisation.clone(),
        organisation_name: identity.organisation_name.clone(),
        client: identity.caller.client.clone(),
        authority: app.objects.authority().to_owned(),
        checkpoint_key: app.objects.signer().public_base64(),
    })
}

pub(crate) async fn register_device(
    State(app): State<App>,
    signed: Signed,
    Body(request, _): Body<RegisterDevice>,
) -> Result<Json<DeviceView>, Refusal> {
    match ask(&app, &signed, Request::RegisterDevice(signed.caller(), request)).await? {
        Reply::Device(device) => Ok(Json(device)),
        _ => Err(unexpected()),
    }
}

pub(crate) async fn clients(State(app): State<App>, signed: Signed) -> Result<Json<Vec<ClientView>>, Refusal> {
    match ask(&app, &signed, Request::Clients(signed.caller())).await? {
        Reply::Clients(clients) => Ok(Json(clients)),
        _ => Err(unexpected()),
    }
}

pub(crate) async fn create_client(
    State(app): State<App>,
    signed: Signed,
    Body(request, _): Body<CreateClient>,
) -> Result<Json<ClientView>, Refusal> {
    match ask(&app, &signed, Request::CreateClient(signed.caller(), request)).await? {
        Reply::Client(client) => Ok(Json(client)),
        _ => Err(unexpected()),
    }
}

pub(crate) async fn rename_client(
    State(app): State<App>,
    signed: Signed,
    Path(client): Path<String>,
    Body(request, _): Body<RenameClient>,
) -> Result<Json<ClientView>, Refusal> {
    match ask(&app, &signed, Request::RenameClient(signed.caller(), id(&client)?, request)).await? {
        Reply::Client(client) => Ok(Json(client)),
        _ => Err(unexpected()),
    }
}

pub(crate) async fn installers(State(app): State<App>, signed: Signed) -> Result<Json<Vec<InstallerView>>, Refusal> {
    match ask(&app, &signed, Request::Installers(signed.caller())).await? {
        Reply::Installers(installers) => Ok(Json(installers)),
        _ => Err(unexpected()),
    }
}

pub(crate) async fn create_installer(
    State(app): State<App>,
    signed: Signed,
    Body(request, _): Body<CreateInstaller>,
) -> Result<Json<InstallerSecret>, Refusal> {
    secret(ask(&app, &signed, Request::CreateInstaller(signed.caller(), request)).await?)
}

pub(crate) async fn rotate_installer(
    State(app): State<App>,
    signed: Signed,
    Path(installer): Path<String>,
) -> Result<Json<InstallerSecret>, Refusal> {
    let installer: InstallerId = id(&installer)?;
    secret(ask(&app, &signed, Request::RotateInstaller(signed.caller(), installer)).await?)
}

fn secret(reply: Reply) -> Result<Json<InstallerSecret>, Refusal> {
    match reply {
        Reply::Installer(secret) => Ok(Json(secret)),
        _ => Err(unexpected()),
    }
}

pub(crate) async fn revoke_installer(
    State(app): State<App>,
    signed: Signed,
    Path(installer): Path<String>,
) -> Result<StatusCode, Refusal> {
    let installer: InstallerId = id(&installer)?;
    match ask(&app, &signed, Request::RevokeInstaller(signed.caller(), installer)).await? {
        Reply::Done => Ok(StatusCode::NO_CONTENT),
        _ => Err(unexpected()),
    }
}

pub(crate) async fn endpoints(State(app): State<App>, signed: Signed) -> Result<Json<Vec<EndpointView>>, Refusal> {
    Ok(Json(all_endpoints(&app, &signed).await?))
}

pub(crate) async fn endpoint(
    State(app): State<App>,
    signed: Signed,
    Path(endpoint): Path<String>,
) -> Result<Json<EndpointView>, Refusal> {
    let request = Request::Endpoint(signed.caller(), id(&endpoint)?);
    Ok(Json(seen(&signed, ask_directory(&app, &signed, request).await?)?))
}

/// Which sessions, as in the query.
#[derive(Deserialize)]
pub(crate) struct SessionQuery {
    endpoint: Option<EndpointId>,
    client: Option<ClientId>,
    member: Option<MemberId>,
    session: Option<SessionId>,
    from_ms: Option<u64>,
    to_ms: Option<u64>,
}

pub(crate) async fn sessions(
    State(app): State<App>,
    signed: Signed,
    query: Result<Query<SessionQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Vec<SessionView>>, Refusal> {
    let Query(query) =
        query.map_err(|_| Refusal::bad_request("A filter in the query is not an identifier or a time of ours."))?;
    let filter = SessionFilter {
        endpoint: query.endpoint,
        client: query.client,
        member: query.member,
        session: query.session,
        from_ms: query.from_ms.and_then(TimeMs::new),
        to_ms: query.to_ms.and_then(TimeMs::new),
    };
    Ok(Json(some_sessions(&app, &signed, filter).await?))
}

/// All endpoints that the caller may see.
pub(crate) async fn all_endpoints(app: &App, signed: &Signed) -> Result<Vec<EndpointView>, Refusal> {
    let Reply::Endpoints(mut endpoints) = ask_directory(app, signed, Request::Endpoints(signed.caller())).await? else {
        return Err(unexpected());
    };
    if let Some(only) = &signed.0.caller.client {
        endpoints.retain(|view| view.client == *only);
    }
    Ok(endpoints)
}

/// Sessions that the caller may see.
pub(crate) async fn some_sessions(app: &App, signed: &Signed, filter: SessionFilter) -> Result<Vec<SessionView>, Refusal> {
    let Reply::Sessions(mut sessions) = ask_directory(app, signed, Request::Sessions(signed.caller(), filter)).await? else {
        return Err(unexpected());
    };
    if let Some(only) = &signed.0.caller.client {
        sessions.retain(|view| view.client == *only);
    }
    Ok(sessions)
}
