//! The HTTP interface: the routes of `caisey_protocol::http`, built from one table.
//!
//! Promises: every route states in the table what it needs, and nothing behind it runs before that is proved; every unsuccessful
//! answer is an `ErrorBody`; bodies and frames are bounded; neither tokens nor texts of entries are ever logged.

mod access;
mod consent;
mod cosign;
mod directory;
mod enrol;
mod json;
mod link_page;
pub(crate) mod openapi;
mod packed;
mod proof;
mod records;
mod refusal;
mod review;
pub(crate) mod routes;
mod runtime_socket;
mod share;
mod share_page;
pub(crate) mod sharing;
mod sign_in;
mod socket;
mod throttle;
mod watch_socket;

use crate::auth::Verifier;
use crate::config::{Config, IssuerConfig};
use crate::local::LocalIssuer;
use crate::mail;
use crate::object::Objects;
use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::{self, Next};
use axum::response::Response;
use caisey_protocol::mail::MailSending;
use caisey_protocol::sign_in::SignInWays;
use refusal::Refusal;
use std::sync::Arc;
use throttle::Throttle;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument as _;

/// What every handler can reach.
pub(crate) struct Shared {
    pub(crate) objects: Objects,
    pub(crate) verifier: Verifier,
    pub(crate) local: Option<Arc<LocalIssuer>>,
    pub(crate) public_url: String,
    pub(crate) sign_in: SignInWays,
    pub(crate) failed_enrolments: Throttle,
    pub(crate) sign_ins: Throttle,
    pub(crate) sharing: sharing::Sharing,
    pub(crate) link_answers: Throttle,
    pub(crate) mail: MailSending,
}

/// The handlers' state.
pub(crate) type App = Arc<Shared>;

impl Shared {
    pub(crate) fn new(
        config: &Config,
        objects: Objects,
        verifier: Verifier,
        local: Option<Arc<LocalIssuer>>,
        public_url: String,
    ) -> Self {
        let sign_in = SignInWays {
            local: local.is_some(),
            providers: config.issuers.iter().filter_map(IssuerConfig::sign_in).collect(),
        };
        Self {
            objects,
            verifier,
            local,
            mail: mail::sending(config.mail.as_ref(), &public_url),
            public_url,
            sign_in,
            failed_enrolments: Throttle::per_minute(config.limits.failed_enrolments_per_minute),
            sign_ins: Throttle::per_minute(config.limits.sign_ins_per_minute),
            sharing: sharing::Sharing::new(&config.limits),
            link_answers: Throttle::per_minute(config.limits.link_answers_per_minute),
        }
    }
}

/// All routes with their checks.
pub(crate) fn router(app: App) -> Router {
    let mut router = Router::new();
    for route in routes::all() {
        let needs = route.needs;
        let guarded = (route.handler)().route_layer(middleware::from_fn_with_state((Arc::clone(&app), needs), access::guard));
        router = router.route(route.path, guarded);
    }
    router
        .fallback(async || Refusal::not_found("There is no such address in this interface; /v1/openapi.json lists all of them."))
        .method_not_allowed_fallback(async || Refusal::method_not_allowed())
        .layer(CatchPanicLayer::custom(|_| Refusal::panicked()))
        .layer(middleware::from_fn(traced))
        .with_state(app)
}

/// A path without the secret of a link.
fn loggable(path: &str) -> &str {
    match path.get(..3) {
        Some("/s/") => "/s/…",
        Some("/a/") => "/a/…",
        _ => path,
    }
}

/// Puts headers that a room of rules worked out into an answer; all of theirs are ASCII.
fn put(headers: &mut HeaderMap, all: &[(&'static str, String)]) {
    for (name, value) in all {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// Gives every request an identifier, in the log and in the answer.
async fn traced(request: Request, next: Next) -> Response {
    static HEADER: HeaderName = HeaderName::from_static("x-request-id");
    let id = crate::local::hex(&crate::clock::random::<8>().unwrap_or_default());
    let span = tracing::info_span!("request", id, method = %request.method(), path = loggable(request.uri().path()));
    let mut response = next.run(request).instrument(span.clone()).await;
    let status = response.status();
    span.in_scope(|| {
        if status.is_server_error() {
            tracing::warn!(status = status.as_u16(), "answered");
        } else {
            tracing::debug!(status = status.as_u16(), "answered");
        }
    });
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER.clone(), value);
    }
    response
}
