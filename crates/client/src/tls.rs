//! One TLS configuration for requests and sockets: rustls with ring, the platform's own trust store (so that a company's private
//! certificate authority works), and nothing that can be turned off.

use crate::address::ControlUrl;
use crate::error::ApiError;
use rustls::ClientConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls_platform_verifier::Verifier;
use std::sync::Arc;

/// Installs ring as the process's provider, for libraries that ask for the default. Harmless to repeat.
pub(crate) fn install_provider() {
    if CryptoProvider::get_default().is_none() {
        // Losing a race against another installer is fine: there is a provider then.
        let _ = ring::default_provider().install_default();
    }
}

/// A configuration for this address. A machine without any root certificate can still reach its own loopback.
pub(crate) fn client_config(address: &ControlUrl) -> Result<ClientConfig, ApiError> {
    install_provider();
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| ApiError::Setup(error.to_string()))?;
    if address.is_loopback() && address.as_str().starts_with("http:") {
        return Ok(builder
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth());
    }
    let verifier = Verifier::new(provider).map_err(|error| {
        ApiError::Setup(format!(
            "{error}. Install the operating system's root certificates (package ca-certificates on Debian)"
        ))
    })?;
    // "Dangerous" names the possibility of a lax verifier; this one is the platform's.
    Ok(builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}
