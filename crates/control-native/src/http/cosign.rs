//! Handlers for cosignatures: reading those that are known, adding a console's.

use super::App;
use super::access::Signed;
use super::json::Body;
use super::records::{bad_query, readable, seq, with_device};
use super::refusal::Refusal;
use crate::object::internal;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use caisey_control::endpoint::{Input, read_cosigned};
use caisey_control::port::Answer;
use caisey_protocol::http::{Cosign, CosignedPage};
use serde::Deserialize;

/// Of which size on.
#[derive(Deserialize)]
pub(crate) struct CosignedQuery {
    #[serde(default)]
    from: u64,
}

pub(crate) async fn cosigned(
    State(app): State<App>,
    signed: Signed,
    Path(endpoint): Path<String>,
    query: Result<Query<CosignedQuery>, QueryRejection>,
) -> Result<Json<CosignedPage>, Refusal> {
    let Query(query) = query.map_err(bad_query)?;
    let from = seq(query.from)?.get();
    let (_, name) = readable(&app, &signed, &endpoint).await?;
    Ok(Json(app.objects.read(name, move |store| read_cosigned(store, from)).await?))
}

pub(crate) async fn cosign(
    State(app): State<App>,
    signed: Signed,
    Path(endpoint): Path<String>,
    Body(offered, size_bytes): Body<Cosign>,
) -> Result<Json<CosignedPage>, Refusal> {
    let (endpoint, caller) = with_device(&app, &signed, &endpoint, &offered.key).await?;
    let organisation = caller.organisation.clone();
    let input = move |request| Input::Cosign(request, caller, Box::new(offered));
    match app.objects.ask(&organisation, &endpoint, size_bytes, input).await? {
        Answer::Cosigned(page) => Ok(Json(page)),
        _ => Err(internal("the endpoint's object gave an unexpected answer").into()),
    }
}
