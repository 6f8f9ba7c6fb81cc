//! Where bearer tokens come from: the embedded control plane's own owner, an account of a control plane somewhere else, or an identity
//! provider.
//!
//! Access tokens stay in memory. The refresh token of a remote sign-in is in the key store under the control plane's address; it works
//! once, so the next one is stored before the access token that came with it is used.

use crate::opening::refused;
use caisey_client::oidc::{OidcTokens, Provider, RefreshStore};
use caisey_client::token::{TokenError, TokenFuture};
use caisey_client::{Api, ApiError, ControlUrl};
use caisey_console::{BearerToken, ErrorView, KeyStore, TokenSource};
use caisey_control_native::Running;
use caisey_protocol::error::ErrorCode;
use caisey_protocol::sign_in::{TokenAnswer, TokenRequest};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// How long a provider may take to be told of a sign-out.
const REVOKE_WITHIN: Duration = Duration::from_secs(4);
/// A token is renewed when less than this is left of it.
const SPARE: Duration = Duration::from_secs(30);

struct Current {
    token: BearerToken,
    until: Instant,
}

impl Current {
    fn of(answer: &TokenAnswer) -> Self {
        Self {
            token: BearerToken::new(&answer.access_token),
            until: Instant::now() + Duration::from_secs(answer.expires_in).saturating_sub(SPARE),
        }
    }

    fn good_for(current: Option<&Self>, refused: Option<&BearerToken>) -> Option<BearerToken> {
        current
            .filter(|current| Instant::now() < current.until && refused != Some(&current.token))
            .map(|current| current.token.clone())
    }
}

/// Tokens for the owner of the control plane in this program.
pub(crate) struct OwnerTokens {
    plane: Weak<Running>,
    name: String,
    current: Mutex<Option<Current>>,
}

impl OwnerTokens {
    pub(crate) fn new(plane: &Arc<Running>, name: String) -> Self {
        Self {
            plane: Arc::downgrade(plane),
            name,
            current: Mutex::new(None),
        }
    }
}

impl TokenSource for OwnerTokens {
    fn bearer<'a>(&'a self, refused: Option<&'a BearerToken>) -> TokenFuture<'a> {
        Box::pin(async move {
            let mut current = self.current.lock().await;
            if let Some(token) = Current::good_for(current.as_ref(), refused) {
                return Ok(token);
            }
            let stopped = || TokenError::Unreachable("the control plane in this program has stopped".to_owned());
            let plane = self.plane.upgrade().ok_or_else(stopped)?;
            let name = self.name.clone();
            let answer = tokio::task::spawn_blocking(move || plane.bootstrap_owner(&name))
                .await
                .map_err(|_| stopped())?
                .map_err(|error| TokenError::SignInNeeded(error.to_string()))?;
            let fresh = Current::of(&answer);
            let token = fresh.token.clone();
            *current = Some(fresh);
            Ok(token)
        })
    }
}

/// Tokens for an account of a control plane somewhere else.
pub(crate) struct RemoteTokens {
    api: Api,
    address: String,
    keys: Arc<dyn KeyStore>,
    current: Mutex<Option<Current>>,
}

impl RemoteTokens {
    /// Signs in with e-mail address and password; keeps the refresh token, not the password.
    pub(crate) async fn sign_in(address: &str, email: &str, password: &str, keys: Arc<dyn KeyStore>) -> Result<Self, ErrorView> {
        let tokens = Self::resume(address, keys)?;
        let request = TokenRequest::Password {
            username: email.to_owned(),
            password: password.to_owned(),
        };
        let answer = tokens.api.local_token(&request).await.map_err(|error| view(&error))?;
        tokens
            .keep(&answer)
            .await
            .map_err(|error| refused("key_store_failed", format!("The sign-in could not be kept: {error}.")))?;
        *tokens.current.lock().await = Some(Current::of(&answer));
        Ok(tokens)
    }

    /// Goes on with the refresh token of an earlier sign-in, if there is one; whether it still works shows at the first request.
    pub(crate) fn resume(address: &str, keys: Arc<dyn KeyStore>) -> Result<Self, ErrorView> {
        let url: ControlUrl = address.parse().map_err(|error| refused("invalid", format!("{error}.")))?;
        Ok(Self {
            api: Api::anonymous(url).map_err(|error| view(&error))?,
            address: address.to_owned(),
            keys,
            current: Mutex::new(None),
        })
    }

    async fn keep(&self, answer: &TokenAnswer) -> Result<(), caisey_console::KeyStoreError> {
        let (keys, name, secret) = (
            Arc::clone(&self.keys),
            secret_name(&self.address),
            answer.refresh_token.clone(),
        );
        tokio::task::spawn_blocking(move || keys.set(&name, secret.as_bytes()))
            .await
            .unwrap_or_else(|error| Err(caisey_console::KeyStoreError::Other(Box::new(error))))
    }

    async fn kept(&self) -> Result<String, TokenError> {
        let (keys, name) = (Arc::clone(&self.keys), secret_name(&self.address));
        let found = tokio::task::spawn_blocking(move || keys.get(&name))
            .await
            .map_err(|error| TokenError::Unreachable(error.to_string()))?
            .map_err(|error| TokenError::Unreachable(error.to_string()))?;
        found
            .and_then(|secret| String::from_utf8(secret).ok())
            .ok_or_else(|| TokenError::SignInNeeded("nobody is signed in to this control plane".to_owned()))
    }
}

impl TokenSource for RemoteTokens {
    fn bearer<'a>(&'a self, refused: Option<&'a BearerToken>) -> TokenFuture<'a> {
        Box::pin(async move {
            let mut current = self.current.lock().await;
            if let Some(token) = Current::good_for(current.as_ref(), refused) {
                return Ok(token);
            }
            let request = TokenRequest::RefreshToken {
                refresh_token: self.kept().await?,
            };
            let answer = self.api.local_token(&request).await.map_err(|error| match &error {
                ApiError::Refused { body, .. } if body.code == ErrorCode::Unauthenticated => {
                    TokenError::SignInNeeded(body.detail.clone())
                }
                _ => TokenError::Unreachable(error.to_string()),
            })?;
            self.keep(&answer)
                .await
                .map_err(|error| TokenError::Unreachable(error.to_string()))?;
            let fresh = Current::of(&answer);
            let token = fresh.token.clone();
            *current = Some(fresh);
            Ok(token)
        })
    }
}

/// The refresh token of a sign-in at an identity provider, in the key store under control plane, issuer and client: whoever changes one of
/// them on disk finds no token to send anywhere else.
pub(crate) struct KeptRefresh {
    keys: Arc<dyn KeyStore>,
    name: String,
}

impl KeptRefresh {
    pub(crate) fn new(keys: Arc<dyn KeyStore>, address: &str, provider: &Provider) -> Self {
        Self {
            keys,
            name: format!("{} {} {}", secret_name(address), provider.issuer, provider.client_id),
        }
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

/// Goes on with an earlier sign-in.
pub(crate) fn resume(
    address: &str,
    provider: Option<&Provider>,
    keys: Arc<dyn KeyStore>,
) -> Result<Arc<dyn TokenSource>, ErrorView> {
    let Some(provider) = provider else {
        return Ok(Arc::new(RemoteTokens::resume(address, keys)?));
    };
    let store = Arc::new(KeptRefresh::new(keys, address, provider));
    let tokens = OidcTokens::resume(provider.clone(), store).map_err(|error| refused("invalid", format!("{error}.")))?;
    Ok(Arc::new(tokens))
}

/// Forgets an earlier sign-in, here and at the identity provider.
pub(crate) async fn forget(address: &str, provider: Option<&Provider>, keys: Arc<dyn KeyStore>) {
    let name = match provider {
        None => secret_name(address),
        Some(provider) => {
            let kept = Arc::new(KeptRefresh::new(Arc::clone(&keys), address, provider));
            let name = kept.name.clone();
            if let Ok(tokens) = OidcTokens::resume(provider.clone(), kept) {
                // Being signed out does not wait for a provider that is not there.
                let _ = tokio::time::timeout(REVOKE_WITHIN, tokens.revoke()).await;
            }
            name
        }
    };
    let deleted = tokio::task::spawn_blocking(move || keys.delete(&name)).await;
    if let Ok(Err(error)) = deleted {
        tracing::warn!(%error, "the refresh token was not forgotten");
    }
}

fn secret_name(address: &str) -> String {
    format!("refresh-token {address}")
}

pub(crate) fn view(error: &ApiError) -> ErrorView {
    match error {
        ApiError::Refused { body, .. } => ErrorView {
            code: match body.code {
                ErrorCode::Unauthenticated => "unauthenticated",
                ErrorCode::TooManyRequests => "too_many_requests",
                ErrorCode::NotFound => "not_found",
                _ => "control_internal",
            }
            .to_owned(),
            message: body.detail.clone(),
            retry_after_ms: body.retry_after_ms,
        },
        other => refused("offline", format!("The control plane cannot be reached: {other}.")),
    }
}
