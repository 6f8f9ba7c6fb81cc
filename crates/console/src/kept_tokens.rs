//! A sign-in that is kept: its refresh token is in the key store, under the control plane's address, so that the desktop program and the
//! command line go on as the person who signed in last.
//!
//! A refresh token works once. Whoever uses it has the cache open for writing, so that two programs never use up each other's.

use crate::ports::KeyStore;
use caisey_client::account::AccountTokens;
use caisey_client::address::AddressError;
use caisey_client::oidc::{OidcTokens, Provider, SignInError};
use caisey_client::token::{RefreshStore, TokenSource};
use caisey_client::{ApiError, ControlUrl};
use std::sync::Arc;
use std::time::Duration;

/// How long a provider may take to be told of a sign-out.
const REVOKE_WITHIN: Duration = Duration::from_secs(4);

/// Why a sign-in cannot be gone on with.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// The control plane's address is none.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// Requests cannot be prepared.
    #[error(transparent)]
    Control(#[from] ApiError),
    /// The identity provider's address is none.
    #[error(transparent)]
    Provider(#[from] SignInError),
}

/// The refresh token of a sign-in at this control plane. One of an identity provider is kept under issuer and client too: whoever changes one of
/// them on disk finds no token to send anywhere else.
pub struct KeptRefresh {
    keys: Arc<dyn KeyStore>,
    name: String,
}

impl KeptRefresh {
    /// Where it is, or will be; without a provider, one of the control plane's own accounts.
    pub fn new(keys: Arc<dyn KeyStore>, address: &str, provider: Option<&Provider>) -> Self {
        let own = format!("refresh-token {address}");
        let name = match provider {
            None => own,
            Some(provider) => format!("{own} {} {}", provider.issuer, provider.client_id),
        };
        Self { keys, name }
    }
}

impl RefreshStore for KeptRefresh {
    fn get(&self) -> Result<Option<String>, String> {
        let found = self.keys.get(&self.name).map_err(|error| error.to_string())?;
        Ok(found.and_then(|secret| String::from_utf8(secret).ok()))
    }

    fn set(&self, refresh_token: &str) -> Result<(), String> {
        self.keys
            .set(&self.name, refresh_token.as_bytes())
            .map_err(|error| error.to_string())
    }
}

/// Goes on with an earlier sign-in; whether it still works shows at the first request.
///
/// # Errors
/// When an address is none.
pub fn resume(address: &str, provider: Option<&Provider>, keys: Arc<dyn KeyStore>) -> Result<Arc<dyn TokenSource>, KeptError> {
    let store = Arc::new(KeptRefresh::new(keys, address, provider));
    Ok(match provider {
        None => Arc::new(AccountTokens::resume(address.parse::<ControlUrl>()?, store)?),
        Some(provider) => Arc::new(OidcTokens::resume(provider.clone(), store)?),
    })
}

/// Forgets an earlier sign-in, here and at the identity provider.
pub async fn forget(address: &str, provider: Option<&Provider>, keys: Arc<dyn KeyStore>) {
    let kept = Arc::new(KeptRefresh::new(Arc::clone(&keys), address, provider));
    let name = kept.name.clone();
    if let Some(provider) = provider
        && let Ok(tokens) = OidcTokens::resume(provider.clone(), kept)
    {
        // Being signed out does not wait for a provider that is not there.
        let _ = tokio::time::timeout(REVOKE_WITHIN, tokens.revoke()).await;
    }
    let deleted = tokio::task::spawn_blocking(move || keys.delete(&name)).await;
    if let Ok(Err(error)) = deleted {
        tracing::warn!(%error, "the refresh token was not forgotten");
    }
}
