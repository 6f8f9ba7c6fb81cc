//! Handlers for share links, as members use them. What readers see is `share_page`.

use super::App;
use super::access::Signed;
use super::directory::id;
use super::json::{self, Body};
use super::refusal::Refusal;
use crate::local::password;
use crate::object::internal;
use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use caisey_control::organisation::{self, Examined, PackPart, Reply, ShareReply, ShareRequest};
use caisey_control::port::{ObjectName, Signer as _};
use caisey_ledger::id::{OrganisationId, ShareId};
use caisey_protocol::error::ErrorCode;
use caisey_protocol::share::{CreateShare, MAX_PACK_BYTES, MIN_PASSPHRASE_CHARS, RefreshShare, ShareLink, ShareView, ShareVisit};
use zeroize::Zeroizing;

async fn ask(app: &App, signed: &Signed, size_bytes: usize, request: ShareRequest) -> Result<ShareReply, Refusal> {
    let request = organisation::Request::Share(request);
    let organisation = &signed.0.caller.organisation;
    match app.objects.organisation_sized(organisation, size_bytes, request).await? {
        Reply::Share(reply) => Ok(reply),
        _ => Err(unexpected()),
    }
}

fn unexpected() -> Refusal {
    internal("the organisation gave an unexpected answer").into()
}

pub(crate) async fn put_part(
    State(app): State<App>,
    signed: Signed,
    Path((pack, part)): Path<(String, String)>,
    request: Request,
) -> Result<StatusCode, Refusal> {
    let part = part
        .parse()
        .map_err(|_| Refusal::bad_request("A part of a pack is named by its number, from 0."))?;
    let bytes = json::bytes(request).await?.to_vec();
    let size_bytes = bytes.len();
    let put = ShareRequest::PutPart(signed.caller(), PackPart { pack, part, bytes });
    match ask(&app, &signed, size_bytes, put).await? {
        ShareReply::Done => Ok(StatusCode::NO_CONTENT),
        _ => Err(unexpected()),
    }
}

pub(crate) async fn list(State(app): State<App>, signed: Signed) -> Result<Json<Vec<ShareView>>, Refusal> {
    match ask(&app, &signed, 0, ShareRequest::List(signed.caller())).await? {
        ShareReply::Shares(shares) => Ok(Json(shares)),
        _ => Err(unexpected()),
    }
}

pub(crate) async fn create(
    State(app): State<App>,
    signed: Signed,
    Body(mut request, _): Body<CreateShare>,
) -> Result<Json<ShareLink>, Refusal> {
    let passphrase = match request.passphrase.take() {
        Some(passphrase) => Some(hashed(&app, Zeroizing::new(passphrase)).await?),
        None => None,
    };
    let examined = examine(&app, &signed.0.caller.organisation, &request.pack, request.size_bytes).await?;
    let create = ShareRequest::Create(signed.caller(), request, passphrase, examined);
    match ask(&app, &signed, 0, create).await? {
        ShareReply::Created(share, token) => Ok(Json(ShareLink {
            share: *share,
            url: format!("{}/s/{token}", app.public_url),
        })),
        _ => Err(unexpected()),
    }
}

pub(crate) async fn refresh(
    State(app): State<App>,
    signed: Signed,
    Path(share): Path<String>,
    Body(request, _): Body<RefreshShare>,
) -> Result<Json<ShareView>, Refusal> {
    let share: ShareId = id(&share)?;
    // Whether there is such a share is said before the pack is looked at.
    ask(&app, &signed, 0, ShareRequest::Find(signed.caller(), share.clone())).await?;
    let examined = examine(&app, &signed.0.caller.organisation, &request.pack, request.size_bytes).await?;
    match ask(
        &app,
        &signed,
        0,
        ShareRequest::Refresh(signed.caller(), share, request, examined),
    )
    .await?
    {
        ShareReply::Share(share) => Ok(Json(*share)),
        _ => Err(unexpected()),
    }
}

pub(crate) async fn revoke(State(app): State<App>, signed: Signed, Path(share): Path<String>) -> Result<StatusCode, Refusal> {
    let share: ShareId = id(&share)?;
    match ask(&app, &signed, 0, ShareRequest::Revoke(signed.caller(), share)).await? {
        ShareReply::Done => Ok(StatusCode::NO_CONTENT),
        _ => Err(unexpected()),
    }
}

pub(crate) async fn visits(
    State(app): State<App>,
    signed: Signed,
    Path(share): Path<String>,
) -> Result<Json<Vec<ShareVisit>>, Refusal> {
    let share: ShareId = id(&share)?;
    match ask(&app, &signed, 0, ShareRequest::Visits(signed.caller(), share)).await? {
        ShareReply::Visits(visits) => Ok(Json(visits)),
        _ => Err(unexpected()),
    }
}

/// Argon2id, beside everything else: it takes a moment by design.
async fn hashed(app: &App, passphrase: Zeroizing<String>) -> Result<String, Refusal> {
    let length = passphrase.chars().count();
    if !(MIN_PASSPHRASE_CHARS..=200).contains(&length) {
        return Err(Refusal::bad_request(format!(
            "`passphrase` must have {MIN_PASSPHRASE_CHARS} to 200 characters."
        )));
    }
    let _turn = app.sharing.heavy.acquire().await;
    let hashed = tokio::task::spawn_blocking(move || password::hash(&passphrase)).await;
    match hashed {
        Ok(Ok(hash)) => Ok(hash),
        _ => Err(internal("the passphrase could not be kept; nothing was shared").into()),
    }
}

/// Reads a pack that was put, and verifies it beside the object: a large one takes seconds.
async fn examine(app: &App, organisation: &OrganisationId, pack: &str, size_bytes: u64) -> Result<Examined, Refusal> {
    if size_bytes > MAX_PACK_BYTES as u64 {
        return Err(Refusal::new(
            ErrorCode::TooLarge,
            format!(
                "A pack that is shared may have {MAX_PACK_BYTES} bytes at most. Take a shorter period, or hand over the file."
            ),
        ));
    }
    let _turn = app.sharing.heavy.acquire().await;
    let (wanted, name) = (pack.to_owned(), ObjectName::Organisation(organisation.clone()));
    let bytes = app
        .objects
        .read(name, move |store| organisation::put_pack(store, &wanted, size_bytes))
        .await?;
    let bytes = bytes.ok_or_else(|| {
        Refusal::new(
            ErrorCode::Conflict,
            "The pack is not here whole. Put all of its parts, then repeat this.",
        )
    })?;
    let (log, key) = (
        format!("{}/{organisation}", app.objects.authority()),
        app.objects.signer().public_key(),
    );
    let examined = tokio::task::spawn_blocking(move || Examined::of(&bytes, &log, key)).await;
    let examined = examined.map_err(|_| Refusal::from(internal("the pack could not be examined; nothing was shared")))?;
    Ok(examined?)
}
