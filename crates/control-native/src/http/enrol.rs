//! `POST /v1/enrol`: an installer token becomes an endpoint. Also `GET /healthz`, the other route for strangers.

use super::App;
use super::access::Peer;
use super::json::Body;
use super::refusal::Refusal;
use axum::Json;
use axum::extract::State;
use caisey_control::organisation::{Reply, Request, organisation_of_token};
use caisey_protocol::PROTOCOL_VERSION;
use caisey_protocol::error::{ErrorBody, ErrorCode};
use caisey_protocol::http::{EnrolAnswer, EnrolRequest, Health};
use std::time::Instant;

pub(crate) async fn health(State(app): State<App>) -> Json<Health> {
    Json(Health {
        protocol: PROTOCOL_VERSION,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        time_ms: crate::clock::now(),
        authority: app.objects.authority().to_owned(),
        checkpoint_key: app.objects.signer().public_base64(),
    })
}

pub(crate) async fn enrol(
    State(app): State<App>,
    Peer(peer): Peer,
    Body(request, _): Body<EnrolRequest>,
) -> Result<Json<EnrolAnswer>, Refusal> {
    if let Some(wait) = app.failed_enrolments.wait(peer, Instant::now()) {
        return Err(ErrorBody {
            code: ErrorCode::TooManyRequests,
            detail: "Too many refused enrolments from your address. Check the installer token before you try again.".to_owned(),
            retry_after_ms: Some(u64::try_from(wait.as_millis()).unwrap_or(60_000)),
        }
        .into());
    }
    let answer = accept(&app, request).await;
    if answer
        .as_ref()
        .is_err_and(|error| matches!(error.code, ErrorCode::InstallerRefused | ErrorCode::BadSignature))
    {
        app.failed_enrolments.take(peer, Instant::now());
    }
    Ok(Json(answer?))
}

async fn accept(app: &App, request: EnrolRequest) -> Result<EnrolAnswer, ErrorBody> {
    if request.version != PROTOCOL_VERSION {
        return Err(unsupported(request.version));
    }
    let organisation = organisation_of_token(&request.installer_token);
    // An organisation without a database has handed out no token, and gets no database by being named.
    let known = organisation.filter(|organisation| app.objects.organisation_exists(organisation));
    let Some(organisation) = known else {
        return Err(ErrorBody {
            code: ErrorCode::InstallerRefused,
            detail: "The installer token is unknown, expired, revoked or used up. Ask an administrator for a new one.".to_owned(),
            retry_after_ms: None,
        });
    };
    let Reply::Enrolled(identity) = app.objects.organisation(&organisation, Request::Enrol(request)).await? else {
        return Err(crate::object::internal("the organisation gave an unexpected answer"));
    };
    let mut answer = EnrolAnswer {
        endpoint: identity.endpoint.clone(),
        log: identity.log.clone(),
        checkpoint_key: app.objects.signer().public_base64(),
        client: Some(identity.client.clone()),
        contacts: Vec::new(),
    };
    app.objects.enrolled(*identity).await?;
    answer.contacts = app.objects.contacts_of(&organisation, &answer.endpoint).await?;
    Ok(answer)
}

/// The answer to a peer of another version.
pub(crate) fn unsupported(version: u32) -> ErrorBody {
    ErrorBody {
        code: ErrorCode::UnsupportedVersion,
        detail: format!(
            "You speak version {version} of the protocol, this control plane speaks {PROTOCOL_VERSION}. Update the older side."
        ),
        retry_after_ms: None,
    }
}
