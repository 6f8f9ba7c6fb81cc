//! What a program around the library needs from the operating system and the network.

use caisey_protocol::http::Health;

/// Lets the process hold as many files and connections open as the administrator allows: every connected endpoint is one.
#[cfg(unix)]
pub fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files could not be raised; few connections will fit");
    }
}

/// Lets the process hold as many files and connections open as the administrator allows: here there is nothing to do.
#[cfg(not(unix))]
pub fn raise_file_limit() {}

/// Asks a control plane whether it is well.
///
/// # Errors
/// When it cannot be reached, or answers something else.
pub async fn healthcheck(base_url: &str) -> Result<Health, reqwest::Error> {
    crate::plane::install_crypto();
    let client = reqwest::Client::builder()
        .timeout(std::time::Duration::from_secs(5))
        .build()?;
    client
        .get(format!("{}/healthz", base_url.trim_end_matches('/')))
        .send()
        .await?
        .error_for_status()?
        .json()
        .await
}

/// The OpenAPI 3.1 document of the interface.
pub fn openapi() -> serde_json::Value {
    crate::http::openapi::document()
}
