//! One TLS configuration for requests and sockets: rustls with ring, the platform's own trust store (so that a company's private
//! certificate authority works), and nothing that can be turned off.

use crate::address::ControlUrl;
use crate::error::ApiError;
use rustls::crypto::{CryptoProvider, ring};
use rustls::{ClientConfig, ConfigBuilder, WantsVerifier};
use rustls_platform_verifier::Verifier;
use std::sync::Arc;

/// Installs ring as the process's provider, for libraries that ask for the default. Harmless to repeat.
pub(crate) fn install_provider() {
    if CryptoProvider::get_default().is_none() {
        // Losing a race against another installer is fine: there is a provider then.
        let _ = ring::default_provider().install_default();
    }
}

/// A configuration for any address on the Internet.
pub(crate) fn public_config() -> Result<ClientConfig, ApiError> {
    install_provider();
    verified(Arc::new(ring::default_provider()))
}

/// A configuration for this address. A machine without any root certificate can still reach its own loopback.
pub(crate) fn client_config(address: &ControlUrl) -> Result<ClientConfig, ApiError> {
    install_provider();
    let provider = Arc::new(ring::default_provider());
    if address.is_loopback() && address.as_str().starts_with("http:") {
        return Ok(builder(&provider)?
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth());
    }
    verified(provider)
}

fn builder(provider: &Arc<CryptoProvider>) -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, ApiError> {
    ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| ApiError::Setup(error.to_string()))
}

fn verified(provider: Arc<CryptoProvider>) -> Result<ClientConfig, ApiError> {
    let builder = builder(&provider)?;
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
