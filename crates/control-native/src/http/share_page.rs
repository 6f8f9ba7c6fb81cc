//! What readers of a share link get: the page, the pack, and the files that the page is made with. Answers are pages for people, refusals too
//! (`caisey_share::reader`).
//!
//! Promises: nobody is told more than the link shows; a visit is in the view log before its answer leaves; no cookie, no script but our own,
//! nothing kept by browsers or caches but the files that are the same for everybody.

use super::access::Peer;
use super::sharing::{FILES, PAGE_FILES, PageFile};
use super::{App, packed, put};
use crate::clock;
use crate::local::password;
use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use caisey_control::organisation::{self, OpenedShare, Reply, ShareReply, ShareRequest};
use caisey_control::passphrase;
use caisey_control::port::ObjectName;
use caisey_ledger::id::OrganisationId;
use caisey_protocol::share::{ShareState, VisitKind};
use caisey_share::Shown;
use caisey_share::page::{self, Around};
use caisey_share::reader::{self, Told};
use serde::Deserialize;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// A link that can be read.
struct Admitted {
    organisation: OrganisationId,
    opened: OpenedShare,
}

pub(crate) async fn page(
    State(app): State<App>,
    Path(token): Path<String>,
    Peer(peer): Peer,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let takes = takes(&method, &headers);
    let admitted = match admit(&app, peer, &token).await {
        Ok(admitted) => admitted,
        Err(told) => return answered(told),
    };
    if admitted.opened.passphrase.is_some() {
        return answered(reader::ask(&FILES));
    }
    let counted = method != Method::HEAD;
    record(&app, takes, show(&app, &admitted, &token, &headers, counted, None).await).await
}

pub(crate) async fn answer(
    State(app): State<App>,
    Path(token): Path<String>,
    Peer(peer): Peer,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let admitted = match admit(&app, peer, &token).await {
        Ok(admitted) => admitted,
        Err(told) => return answered(told),
    };
    let takes = packed::takes(&headers);
    let Some(stored) = admitted.opened.passphrase.clone() else {
        return record(&app, takes, show(&app, &admitted, &token, &headers, true, None).await).await;
    };
    let now = Instant::now();
    let until = admitted
        .opened
        .wait_until_ms
        .map(|until| until.get().saturating_sub(clock::now_ms()));
    let waits = app.sharing.passphrases.wait(peer, now).or(until.map(Duration::from_millis));
    if let Some(wait) = waits.filter(|wait| !wait.is_zero()) {
        return too_many(wait, reader::TOO_MANY_PASSPHRASES);
    }
    app.sharing.passphrases.take(peer, now);
    let Some(given) = passphrase_of(request).await else {
        return answered(reader::no_passphrase(&FILES));
    };
    let fits = {
        let _turn = app.sharing.heavy.acquire().await;
        tokio::task::spawn_blocking(move || password::verify(&given, Some(&stored)))
            .await
            .unwrap_or(false)
    };
    if !fits {
        let noted = visit(&app, &admitted, VisitKind::WrongPassphrase, &headers).await;
        return answered(noted.err().unwrap_or_else(|| reader::wrong_passphrase(&FILES)));
    }
    let told = match app.sharing.grant(&admitted.opened.view.share, now) {
        Ok(grant) => show(&app, &admitted, &token, &headers, true, Some(&grant)).await,
        Err(_) => reader::failed(&FILES),
    };
    record(&app, takes, told).await
}

/// Which pack is wanted, and by whose leave.
#[derive(Deserialize)]
pub(crate) struct PackQuery {
    of: Option<String>,
    grant: Option<String>,
}

pub(crate) async fn pack(
    State(app): State<App>,
    Path(token): Path<String>,
    Peer(peer): Peer,
    Query(query): Query<PackQuery>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let admitted = match admit(&app, peer, &token).await {
        Ok(admitted) => admitted,
        Err(told) => return answered(told),
    };
    let view = &admitted.opened.view;
    let granted = |word: &String| app.sharing.is_granted(&view.share, word, Instant::now());
    if view.passphrase && !query.grant.as_ref().is_some_and(granted) {
        return answered(reader::no_leave(&FILES));
    }
    if query.of.is_some_and(|wanted| wanted != view.pack) {
        return answered(reader::replaced(&FILES));
    }
    if let Err(told) = visit(&app, &admitted, VisitKind::Pack, &headers).await {
        return answered(told);
    }
    let Some(bytes) = stored(&app, &admitted).await else {
        return answered(reader::failed(&FILES));
    };
    let mut response = packed::body(&app.sharing.heavy, takes(&method, &headers), bytes).await;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    let name = reader::pack_name(&view.pack);
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    guarded(response)
}

pub(crate) async fn file(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let kind = reader::PAGE_FILES.iter().find(|(own, _)| *own == name).map(|(_, kind)| *kind);
    let file = PAGE_FILES.iter().find(|file| file.name == name && !file.bytes.is_empty());
    let (Some(kind), Some(file)) = (kind, file) else {
        return super::refusal::Refusal::not_found("There is no such file.").into_response();
    };
    let packed = if packed::takes(&headers) { small(file).await } else { None };
    let bytes = packed.unwrap_or(file.bytes);
    let mut response = guarded(packed::marked(Response::new(Body::from(bytes)), packed.is_some()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(reader::FILE_CACHE));
    response
}

/// A file of the page as small as can be. It is packed once for all, which takes long for the check.
async fn small(file: &'static PageFile) -> Option<&'static [u8]> {
    let packed = tokio::task::spawn_blocking(move || file.packed.as_deref());
    packed.await.ok().flatten()
}

/// Whether the answer is to be packed. One that only its headers are wanted of is not packed to be thrown away.
fn takes(method: &Method, headers: &HeaderMap) -> bool {
    *method != Method::HEAD && packed::takes(headers)
}

/// Finds what a link leads to. Links that lead nowhere and links of nobody get the same answer.
async fn admit(app: &App, peer: IpAddr, token: &str) -> Result<Admitted, Told> {
    let now = Instant::now();
    if let Some(wait) = app.sharing.readings.wait(peer, now) {
        let why = "Your address has opened shared records very often.";
        return Err(reader::too_many(&FILES, millis(wait), why));
    }
    app.sharing.readings.take(peer, now);
    let unknown = || reader::unknown(&FILES);
    let (organisation, digest) = organisation::token_digest(token)
        .filter(|(organisation, _)| app.objects.organisation_exists(organisation))
        .ok_or_else(unknown)?;
    let now_ms = clock::now();
    let name = ObjectName::Organisation(organisation.clone());
    let found = app
        .objects
        .read(name, move |store| organisation::find_share(store, &digest, now_ms))
        .await;
    let opened = found.map_err(|_| reader::failed(&FILES))?.ok_or_else(unknown)?;
    let view = &opened.view;
    match view.state {
        ShareState::Active | ShareState::Refreshed => Ok(Admitted { organisation, opened }),
        ShareState::Revoked => Err(reader::revoked(&FILES, view.revoked_at_ms.unwrap_or_default())),
        ShareState::Expired => Err(reader::expired(&FILES, view.expires_at_ms)),
    }
}

/// The page itself; `counted` puts it into the view log.
async fn show(app: &App, admitted: &Admitted, token: &str, headers: &HeaderMap, counted: bool, grant: Option<&str>) -> Told {
    let view = &admitted.opened.view;
    let shown = match app.sharing.rendered(&view.pack) {
        Some(shown) => shown,
        None => match rendered(app, admitted).await {
            Some(shown) => shown,
            None => return reader::failed(&FILES),
        },
    };
    if counted && let Err(told) = visit(app, admitted, VisitKind::Page, headers).await {
        return told;
    }
    let grant = grant.map_or_else(String::new, |grant| format!("&grant={grant}"));
    let around = Around {
        files: FILES.clone(),
        pack_url: format!("/s/{token}/pack?of={}{grant}", view.pack),
        pack: view.pack.clone(),
        size_bytes: view.size_bytes,
        expires_at_ms: view.expires_at_ms,
        refreshed_at_ms: view.refreshed_at_ms,
    };
    reader::record(page::shared(&shown, &around))
}

async fn rendered(app: &App, admitted: &Admitted) -> Option<Arc<Shown>> {
    let _turn = app.sharing.heavy.acquire().await;
    let bytes = stored(app, admitted).await?;
    let shown = tokio::task::spawn_blocking(move || Arc::new(Shown::of(&bytes))).await.ok()?;
    app.sharing.keep(admitted.opened.view.pack.clone(), &shown);
    Some(shown)
}

async fn stored(app: &App, admitted: &Admitted) -> Option<Vec<u8>> {
    let (pack, size_bytes) = (admitted.opened.view.pack.clone(), admitted.opened.view.size_bytes);
    let name = ObjectName::Organisation(admitted.organisation.clone());
    let read = app
        .objects
        .read(name, move |store| organisation::put_pack(store, &pack, size_bytes))
        .await;
    read.ok().flatten()
}

/// Writes a line of the view log. A link that ended meanwhile shows nothing.
async fn visit(app: &App, admitted: &Admitted, what: VisitKind, headers: &HeaderMap) -> Result<(), Told> {
    let agent = headers
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let request = ShareRequest::Visit(admitted.opened.view.share.clone(), what, reader::agent(agent));
    let asked = organisation::Request::Share(request);
    match app.objects.organisation(&admitted.organisation, asked).await {
        Ok(Reply::Share(ShareReply::Visited(true))) => Ok(()),
        Ok(Reply::Share(ShareReply::Visited(false))) => Err(reader::just_ended(&FILES)),
        _ => Err(reader::failed(&FILES)),
    }
}

async fn passphrase_of(request: Request) -> Option<Zeroizing<String>> {
    let bytes = axum::body::to_bytes(request.into_body(), reader::MAX_FORM_BYTES).await.ok()?;
    passphrase::of_form(&bytes).map(Zeroizing::new)
}

fn millis(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}

fn too_many(wait: Duration, why: &str) -> Response {
    answered(reader::too_many(&FILES, millis(wait), why))
}

/// A record is long.
async fn record(app: &App, takes: bool, told: Told) -> Response {
    let (status, wait) = (told.status, told.retry_after_s);
    described(
        packed::body(&app.sharing.heavy, takes, told.html.into_bytes()).await,
        status,
        wait,
    )
}

fn answered(told: Told) -> Response {
    described(Response::new(Body::from(told.html)), told.status, told.retry_after_s)
}

fn described(mut response: Response, status: u16, retry_after_s: Option<u64>) -> Response {
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    if let Some(seconds) = retry_after_s {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    guarded(response)
}

/// The headers of every answer here.
fn guarded(mut response: Response) -> Response {
    put(response.headers_mut(), reader::HEADERS.as_slice());
    response
}
