//! Signing in: which ways there are, and the local issuer's own routes for tokens, keys, discovery.

use super::App;
use super::access::Peer;
use super::json::{self, brief};
use super::refusal::Refusal;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use caisey_protocol::error::{ErrorBody, ErrorCode};
use caisey_protocol::sign_in::{SignInWays, TokenRequest};
use serde_json::{Value, json};
use std::time::Instant;

pub(crate) async fn ways(State(app): State<App>) -> Json<SignInWays> {
    Json(app.sign_in.clone())
}

pub(crate) async fn token(State(app): State<App>, Peer(peer): Peer, request: Request) -> Result<Response, Refusal> {
    let issuer = app.local.as_ref().ok_or_else(absent)?;
    let now = Instant::now();
    if let Some(wait) = app.sign_ins.wait(peer, now) {
        return Err(ErrorBody {
            code: ErrorCode::TooManyRequests,
            detail: "Too many attempts to sign in from your address.".to_owned(),
            retry_after_ms: Some(u64::try_from(wait.as_millis()).unwrap_or(60_000)),
        }
        .into());
    }
    let is_json = request
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let bytes = json::bytes(request).await?;
    let request = parse(&bytes, is_json)?;
    // Renewing costs no hash and is what every console does all day.
    if !matches!(request, TokenRequest::RefreshToken { .. }) {
        app.sign_ins.take(peer, now);
    }
    let answer = issuer.grant(request).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response())
}

fn parse(bytes: &[u8], is_json: bool) -> Result<TokenRequest, Refusal> {
    let value = if is_json {
        serde_json::from_slice::<Value>(bytes)
            .map_err(|error| Refusal::bad_request(format!("The body is no JSON: {}.", brief(&error))))?
    } else {
        url::form_urlencoded::parse(bytes)
            .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
            .collect()
    };
    // The reason would repeat what was sent, and that holds passwords.
    serde_json::from_value(value).map_err(|_| {
        Refusal::bad_request(
            "grant_type must be password (with username and password), refresh_token (with refresh_token) or one_time_code (with code and password).",
        )
    })
}

pub(crate) async fn jwks(State(app): State<App>) -> Result<Json<Value>, Refusal> {
    Ok(Json(app.local.as_ref().ok_or_else(absent)?.jwks()))
}

pub(crate) async fn discovery(State(app): State<App>) -> Result<Json<Value>, Refusal> {
    let issuer = app.local.as_ref().ok_or_else(absent)?;
    Ok(Json(json!({
        "issuer": issuer.issuer(),
        "token_endpoint": format!("{}/local/token", app.public_url),
        "jwks_uri": format!("{}/local/jwks.json", app.public_url),
        "grant_types_supported": ["password", "refresh_token", "one_time_code"],
        "response_types_supported": [],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA"],
        "token_endpoint_auth_methods_supported": ["none"],
    })))
}

fn absent() -> Refusal {
    Refusal::not_found("This control plane has no local issuer; sign in with your organisation's identity provider.")
}
