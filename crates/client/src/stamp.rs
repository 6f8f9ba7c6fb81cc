//! The way to a time-stamp authority (RFC 3161 §3.4, over HTTP): one question, one answer, no redirects, no credentials.
//!
//! What comes back is not believed here: a token proves itself, which is why plain HTTP, as many authorities have it, is good enough.

use crate::error::{ApiError, chain};
use crate::{exchange, tls};
use reqwest::{Client, redirect};
use std::time::Duration;
use url::Url;

/// An authority that takes longer is not there.
const WHOLE_LIMIT: Duration = Duration::from_secs(20);
/// Tokens with their certificates are a few thousand bytes.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// Why an authority gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum StampError {
    /// The address is none.
    #[error("{0:?} is not the http or https address of a time-stamp authority")]
    Address(String),
    /// The way there or back.
    #[error("the time-stamp authority cannot be reached")]
    Unreachable(#[source] ApiError),
    /// It answered something else.
    #[error("the time-stamp authority answered HTTP {0}")]
    Status(u16),
}

/// Sends a request's DER and returns the response's.
///
/// # Errors
/// See [`StampError`].
pub async fn ask(authority: &str, request: Vec<u8>) -> Result<Vec<u8>, StampError> {
    let url = authority
        .parse::<Url>()
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| StampError::Address(authority.to_owned()))?;
    let client = client().map_err(StampError::Unreachable)?;
    let sent = client
        .post(url)
        .header("content-type", "application/timestamp-query")
        .header("accept", "application/timestamp-reply")
        .body(request)
        .send()
        .await;
    let answer = sent.map_err(|error| StampError::Unreachable(ApiError::Unreachable(chain(&error.without_url()))))?;
    if !answer.status().is_success() {
        return Err(StampError::Status(answer.status().as_u16()));
    }
    exchange::read_capped(answer, MAX_ANSWER_BYTES)
        .await
        .map_err(StampError::Unreachable)
}

fn client() -> Result<Client, ApiError> {
    Client::builder()
        .tls_backend_preconfigured(tls::public_config()?)
        .redirect(redirect::Policy::none())
        .timeout(WHOLE_LIMIT)
        .user_agent(concat!("caisey/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| ApiError::Setup(chain(&error)))
}
