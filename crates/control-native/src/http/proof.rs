//! Handlers for Merkle proofs.

use super::App;
use super::access::Signed;
use super::records::{bad_query, readable, seq};
use super::refusal::Refusal;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use caisey_control::endpoint::{prove_consistency, prove_inclusion};
use caisey_protocol::http::ProofAnswer;
use serde::Deserialize;

/// Between which sizes.
#[derive(Deserialize)]
pub(crate) struct ConsistencyQuery {
    from: u64,
    to: u64,
}

/// Of which entry, in the log of which size.
#[derive(Deserialize)]
pub(crate) struct InclusionQuery {
    seq: u64,
    size: u64,
}

pub(crate) async fn consistency(
    State(app): State<App>,
    signed: Signed,
    Path(endpoint): Path<String>,
    query: Result<Query<ConsistencyQuery>, QueryRejection>,
) -> Result<Json<ProofAnswer>, Refusal> {
    let Query(query) = query.map_err(bad_query)?;
    let (from, to) = (seq(query.from)?.get(), seq(query.to)?.get());
    let (_, name) = readable(&app, &signed, &endpoint).await?;
    let proof = app
        .objects
        .read(name, move |store| prove_consistency(store, from, to))
        .await?;
    proof.map(Json).ok_or_else(no_proof)
}

pub(crate) async fn inclusion(
    State(app): State<App>,
    signed: Signed,
    Path(endpoint): Path<String>,
    query: Result<Query<InclusionQuery>, QueryRejection>,
) -> Result<Json<ProofAnswer>, Refusal> {
    let Query(query) = query.map_err(bad_query)?;
    let (entry, size) = (seq(query.seq)?, seq(query.size)?.get());
    let (_, name) = readable(&app, &signed, &endpoint).await?;
    let proof = app
        .objects
        .read(name, move |store| prove_inclusion(store, entry, size))
        .await?;
    proof.map(Json).ok_or_else(no_proof)
}

fn no_proof() -> Refusal {
    Refusal::not_found("The log never had that size, or has no checkpoint of it, so there is no such proof.")
}
