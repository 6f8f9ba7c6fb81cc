//! What readers of a share link get: the page, the pack, and the files that the page is made with. Answers are pages for people, refusals too.
//!
//! Promises: nobody is told more than the link shows; a visit is in the view log before its answer leaves; no cookie, no script but our own,
//! nothing kept by browsers or caches but the files that are the same for everybody.

use super::App;
use super::access::Peer;
use super::sharing::{FILES, PAGE_FILES};
use crate::clock;
use crate::local::password;
use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use caisey_control::organisation::{self, OpenedShare, Reply, ShareReply, ShareRequest};
use caisey_control::port::ObjectName;
use caisey_ledger::id::OrganisationId;
use caisey_protocol::share::{ShareState, VisitKind};
use caisey_share::Shown;
use caisey_share::page::{self, Around};
use caisey_transcript::moment;
use serde::Deserialize;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; worker-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A form with a passphrase is not longer.
const MAX_FORM_BYTES: usize = 4_096;

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
    let admitted = match admit(&app, peer, &token).await {
        Ok(admitted) => admitted,
        Err(response) => return response,
    };
    if admitted.opened.passphrase.is_some() {
        return html(StatusCode::OK, page::passphrase(&FILES, None));
    }
    show(&app, &admitted, &token, &headers, method != Method::HEAD, None).await
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
        Err(response) => return response,
    };
    let Some(stored) = admitted.opened.passphrase.clone() else {
        return show(&app, &admitted, &token, &headers, true, None).await;
    };
    let now = Instant::now();
    let until = admitted
        .opened
        .wait_until_ms
        .map(|until| until.get().saturating_sub(clock::now_ms()));
    let waits = app.sharing.passphrases.wait(peer, now).or(until.map(Duration::from_millis));
    if let Some(wait) = waits.filter(|wait| !wait.is_zero()) {
        return too_many(wait, "Too many passphrases were given that were wrong.");
    }
    app.sharing.passphrases.take(peer, now);
    let Some(given) = passphrase_of(request).await else {
        return html(
            StatusCode::BAD_REQUEST,
            page::passphrase(&FILES, Some("Type the passphrase that you were told.")),
        );
    };
    let fits = {
        let _turn = app.sharing.heavy.acquire().await;
        tokio::task::spawn_blocking(move || password::verify(&given, Some(&stored)))
            .await
            .unwrap_or(false)
    };
    if !fits {
        return match visit(&app, &admitted, VisitKind::WrongPassphrase, &headers).await {
            Ok(()) => html(
                StatusCode::FORBIDDEN,
                page::passphrase(
                    &FILES,
                    Some("This is not the passphrase. Capital and small letters are told apart."),
                ),
            ),
            Err(response) => response,
        };
    }
    match app.sharing.grant(&admitted.opened.view.share, now) {
        Ok(grant) => show(&app, &admitted, &token, &headers, true, Some(&grant)).await,
        Err(_) => failed(),
    }
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
    headers: HeaderMap,
) -> Response {
    let admitted = match admit(&app, peer, &token).await {
        Ok(admitted) => admitted,
        Err(response) => return response,
    };
    let view = &admitted.opened.view;
    let granted = |word: &String| app.sharing.is_granted(&view.share, word, Instant::now());
    if view.passphrase && !query.grant.as_ref().is_some_and(granted) {
        return html(
            StatusCode::FORBIDDEN,
            page::passphrase(
                &FILES,
                Some("Leave to fetch the file lasts ten minutes. Open the record again, then fetch it."),
            ),
        );
    }
    if query.of.is_some_and(|wanted| wanted != view.pack) {
        return html(
            StatusCode::CONFLICT,
            page::nothing(
                &FILES,
                "Replaced",
                &[
                    "This record was replaced by another version after you opened the page.",
                    "Open the link again to see what it shows now.",
                ],
            ),
        );
    }
    if let Err(response) = visit(&app, &admitted, VisitKind::Pack, &headers).await {
        return response;
    }
    let Some(bytes) = stored(&app, &admitted).await else {
        return failed();
    };
    let name = format!("record-{}.caisey-pack.zip", view.pack.get(..12).unwrap_or_default());
    let mut response = (StatusCode::OK, bytes).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    guarded(response)
}

pub(crate) async fn file(Path(name): Path<String>) -> Response {
    let Some(file) = PAGE_FILES.iter().find(|file| file.name == name && !file.bytes.is_empty()) else {
        return super::refusal::Refusal::not_found("There is no such file.").into_response();
    };
    let mut response = guarded((StatusCode::OK, file.bytes).into_response());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.kind));
    // The address names the content.
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=31536000, immutable"),
    );
    response
}

/// Finds what a link leads to. Links that lead nowhere and links of nobody get the same answer.
async fn admit(app: &App, peer: IpAddr, token: &str) -> Result<Admitted, Response> {
    let now = Instant::now();
    if let Some(wait) = app.sharing.readings.wait(peer, now) {
        return Err(too_many(wait, "Your address has opened shared records very often."));
    }
    app.sharing.readings.take(peer, now);
    let (organisation, digest) = organisation::token_digest(token)
        .filter(|(organisation, _)| app.objects.organisation_exists(organisation))
        .ok_or_else(unknown)?;
    let now_ms = clock::now();
    let name = ObjectName::Organisation(organisation.clone());
    let found = app
        .objects
        .read(name, move |store| organisation::find_share(store, &digest, now_ms))
        .await;
    let opened = found.map_err(|_| failed())?.ok_or_else(unknown)?;
    let view = &opened.view;
    match view.state {
        ShareState::Active | ShareState::Refreshed => Ok(Admitted { organisation, opened }),
        ShareState::Revoked => Err(ended(
            "This link was revoked",
            &format!(
                "Whoever shared this record ended the link on {}. Nothing is shown here any more.",
                moment::full(view.revoked_at_ms.unwrap_or_default().get())
            ),
        )),
        ShareState::Expired => Err(ended(
            "This link has expired",
            &format!(
                "It could be read until {}. Nothing is shown here any more.",
                moment::full(view.expires_at_ms.get())
            ),
        )),
    }
}

/// The page itself; `counted` puts it into the view log.
async fn show(app: &App, admitted: &Admitted, token: &str, headers: &HeaderMap, counted: bool, grant: Option<&str>) -> Response {
    let view = &admitted.opened.view;
    let shown = match app.sharing.rendered(&view.pack) {
        Some(shown) => shown,
        None => match rendered(app, admitted).await {
            Some(shown) => shown,
            None => return failed(),
        },
    };
    if counted && let Err(response) = visit(app, admitted, VisitKind::Page, headers).await {
        return response;
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
    html(StatusCode::OK, page::shared(&shown, &around))
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
async fn visit(app: &App, admitted: &Admitted, what: VisitKind, headers: &HeaderMap) -> Result<(), Response> {
    let agent = headers
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let request = ShareRequest::Visit(admitted.opened.view.share.clone(), what, coarse(agent));
    let asked = organisation::Request::Share(request);
    match app.objects.organisation(&admitted.organisation, asked).await {
        Ok(Reply::Share(ShareReply::Visited(true))) => Ok(()),
        Ok(Reply::Share(ShareReply::Visited(false))) => Err(ended(
            "This link has ended",
            "It ended a moment ago. Nothing is shown here any more.",
        )),
        _ => Err(failed()),
    }
}

async fn passphrase_of(request: Request) -> Option<Zeroizing<String>> {
    let bytes = axum::body::to_bytes(request.into_body(), MAX_FORM_BYTES).await.ok()?;
    let given = url::form_urlencoded::parse(&bytes).find(|(name, _)| name == "passphrase");
    given
        .map(|(_, value)| Zeroizing::new(value.into_owned()))
        .filter(|given| !given.is_empty())
}

/// The kind of program in a few words from a fixed list; nothing of what it says about itself goes further.
fn coarse(agent: &str) -> String {
    let first = |list: &[(&str, &'static str)]| list.iter().find(|(sign, _)| agent.contains(sign)).map(|(_, name)| *name);
    let program = first(&[
        ("bot", "A program that follows links"),
        ("preview", "A program that follows links"),
        ("facebookexternalhit", "A program that follows links"),
        ("curl/", "A program"),
        ("Wget/", "A program"),
        ("python", "A program"),
        ("Edg", "Edge"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iOS"),
        ("iPad", "iOS"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (program, system) {
        (Some(program), _) if program.starts_with("A program") => program.to_owned(),
        (Some(program), Some(system)) => format!("{program} on {system}"),
        (Some(program), None) => program.to_owned(),
        (None, _) => "Another program".to_owned(),
    }
}

fn unknown() -> Response {
    html(
        StatusCode::NOT_FOUND,
        page::nothing(
            &FILES,
            "There is no such link",
            &[
                "Nothing is shared at this address. A link that was copied in part looks like this too.",
                "Copy the whole link again, or ask whoever gave it to you.",
            ],
        ),
    )
}

fn ended(title: &str, what: &str) -> Response {
    let sentences = [
        what,
        "A file that you saved from it can still be checked. For a new link, ask whoever gave you this one.",
    ];
    html(StatusCode::GONE, page::nothing(&FILES, title, &sentences))
}

fn failed() -> Response {
    html(
        StatusCode::INTERNAL_SERVER_ERROR,
        page::nothing(
            &FILES,
            "The record cannot be shown",
            &[
                "The control plane could not read it, or could not note that it was opened. This says nothing about the record itself.",
                "Try again later.",
            ],
        ),
    )
}

fn too_many(wait: Duration, why: &str) -> Response {
    let seconds = wait.as_secs().saturating_add(1);
    let when = format!("Try again in {}.", moment::span(seconds.saturating_mul(1_000)));
    let mut response = html(
        StatusCode::TOO_MANY_REQUESTS,
        page::nothing(&FILES, "Please wait", &[why, &when]),
    );
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

fn html(status: StatusCode, page: String) -> Response {
    let mut response = (status, Body::from(page)).into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    guarded(response)
}

/// The headers of every answer here.
fn guarded(mut response: Response) -> Response {
    const HEADERS: [(&str, &str); 8] = [
        ("content-security-policy", POLICY),
        ("referrer-policy", "no-referrer"),
        ("x-robots-tag", "noindex, nofollow, noarchive"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    ];
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_says_of_itself_becomes_one_of_a_few_words() {
        for (agent, wanted) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Firefox on Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
                "Safari on macOS",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0",
                "Edge on Windows",
            ),
            ("Slackbot-LinkExpanding 1.0", "A program that follows links"),
            ("secret words of somebody", "Another program"),
            ("", "Another program"),
        ] {
            assert_eq!(coarse(agent), wanted);
        }
    }
}
