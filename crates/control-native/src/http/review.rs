//! Handlers for reviews of snapshots, and for what says whose key signed one.

use super::App;
use super::access::Signed;
use super::directory::id;
use super::json::Body;
use super::records::{bad_query, readable};
use super::refusal::Refusal;
use crate::object::internal;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use caisey_control::endpoint::{ReviewBasis, review_basis};
use caisey_control::organisation::{self, Reply, Request};
use caisey_control::port::ObjectName;
use caisey_ledger::id::DeviceId;
use caisey_protocol::error::ErrorCode;
use caisey_protocol::handover::{KeyEvidence, ReviewView, SubmitReview};
use caisey_protocol::role::Role;
use caisey_transcript::snapshot::Snapshot;
use serde::Deserialize;

/// Whose key.
#[derive(Deserialize)]
pub(crate) struct KeyQuery {
    device: String,
}

/// Of which snapshot or session.
#[derive(Deserialize)]
pub(crate) struct ReviewQuery {
    of: String,
}

fn member(signed: &Signed) -> Result<ObjectName, Refusal> {
    if signed.0.caller.role == Role::Contact {
        return Err(Refusal::new(ErrorCode::Forbidden, "This is for members of the organisation."));
    }
    Ok(ObjectName::Organisation(signed.0.caller.organisation.clone()))
}

pub(crate) async fn key(
    State(app): State<App>,
    signed: Signed,
    query: Result<Query<KeyQuery>, QueryRejection>,
) -> Result<Json<KeyEvidence>, Refusal> {
    let name = member(&signed)?;
    let Query(query) = query.map_err(bad_query)?;
    let device: DeviceId = id(&query.device)?;
    let found = app
        .objects
        .read(name, move |store| organisation::key_evidence(store, &device))
        .await?;
    found
        .map(Json)
        .ok_or_else(|| Refusal::not_found("The organisation's log introduces no such device."))
}

pub(crate) async fn reviews(
    State(app): State<App>,
    signed: Signed,
    query: Result<Query<ReviewQuery>, QueryRejection>,
) -> Result<Json<Vec<ReviewView>>, Refusal> {
    let name = member(&signed)?;
    let Query(query) = query.map_err(bad_query)?;
    let found = app
        .objects
        .read(name, move |store| organisation::reviews(store, &query.of))
        .await?;
    Ok(Json(found))
}

pub(crate) async fn submit(
    State(app): State<App>,
    signed: Signed,
    Body(request, _): Body<SubmitReview>,
) -> Result<Json<ReviewView>, Refusal> {
    let name = member(&signed)?;
    let snapshot = Snapshot::parse(&request.snapshot)
        .map_err(|fault| Refusal::bad_request(format!("The snapshot cannot be read: {fault}.")))?;
    let own = format!("{}/{}/", app.objects.authority(), signed.0.caller.organisation);
    let mut basis = ReviewBasis::default();
    for range in &snapshot.logs {
        let endpoint = range
            .log
            .strip_prefix(&own)
            .ok_or_else(|| Refusal::not_found("There is no such log in your organisation."))?;
        let (_, object) = readable(&app, &signed, endpoint).await?;
        let (scope, range) = (snapshot.scope.clone(), range.clone());
        let found = app
            .objects
            .read(object, move |store| review_basis(store, &scope, &range))
            .await?;
        let found = found.ok_or_else(|| {
            Refusal::bad_request("The log never had the tree head that the snapshot names. Take the snapshot again.")
        })?;
        basis.entries += found.entries;
        for (member, seq) in found.took_part {
            basis.took_part.entry(member).or_insert(seq);
        }
    }
    let digest = snapshot
        .digest()
        .map_err(|fault| Refusal::bad_request(format!("The snapshot cannot be read: {fault}.")))?;
    let asked = Request::Review(signed.caller(), request, basis);
    match app.objects.organisation(&signed.0.caller.organisation, asked).await? {
        Reply::Done => {}
        _ => return Err(internal("the organisation gave an unexpected answer").into()),
    }
    let reviews = app
        .objects
        .read(name, move |store| organisation::reviews(store, &digest))
        .await?;
    reviews
        .into_iter()
        .find(|review| review.member == signed.0.caller.member)
        .map(Json)
        .ok_or_else(|| internal("the review was not kept").into())
}
