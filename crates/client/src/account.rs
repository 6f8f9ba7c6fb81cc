//! Tokens of a control plane's own account: signed in to with e-mail address and password, gone on with by a refresh token that somebody keeps.
//!
//! A refresh token works once, so the next one is stored before the access token that came with it is used. Access tokens stay in memory.

use crate::address::ControlUrl;
use crate::api::Api;
use crate::error::ApiError;
use crate::token::{BearerToken, RefreshStore, TokenError, TokenFuture, TokenSource};
use caisey_protocol::error::ErrorCode;
use caisey_protocol::sign_in::{TokenAnswer, TokenRequest};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// A token is renewed when less than this is left of it.
const SPARE: Duration = Duration::from_secs(30);

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The control plane's answer, or that there was none.
    #[error(transparent)]
    Control(#[from] ApiError),
    /// What keeps the refresh token.
    #[error("the sign-in could not be kept: {0}")]
    Store(String),
}

/// An access token and until when it is good.
pub struct Current {
    token: BearerToken,
    until: Instant,
}

impl Current {
    /// As it was answered.
    pub fn of(answer: &TokenAnswer) -> Self {
        Self {
            token: BearerToken::new(&answer.access_token),
            until: Instant::now() + Duration::from_secs(answer.expires_in).saturating_sub(SPARE),
        }
    }

    /// The token.
    pub fn token(&self) -> &BearerToken {
        &self.token
    }

    /// The token, while it is good and was not refused.
    pub fn good_for(current: Option<&Self>, refused: Option<&BearerToken>) -> Option<BearerToken> {
        current
            .filter(|current| Instant::now() < current.until && refused != Some(&current.token))
            .map(|current| current.token.clone())
    }
}

/// Tokens for an account of a control plane.
pub struct AccountTokens {
    api: Api,
    store: Arc<dyn RefreshStore>,
    current: Mutex<Option<Current>>,
}

impl AccountTokens {
    /// Signs in with e-mail address and password; keeps the refresh token, not the password.
    ///
    /// # Errors
    /// The control plane's refusal, the network, and what keeps the refresh token.
    pub async fn sign_in(
        address: ControlUrl,
        email: &str,
        password: &str,
        store: Arc<dyn RefreshStore>,
    ) -> Result<Self, AccountError> {
        let tokens = Self::resume(address, store)?;
        let request = TokenRequest::Password {
            username: email.to_owned(),
            password: password.to_owned(),
        };
        let answer = tokens.api.local_token(&request).await?;
        tokens.keep(&answer).await.map_err(AccountError::Store)?;
        *tokens.current.lock().await = Some(Current::of(&answer));
        Ok(tokens)
    }

    /// Goes on with the refresh token of an earlier sign-in, if there is one; whether it still works shows at the first request.
    ///
    /// # Errors
    /// When requests cannot be prepared.
    pub fn resume(address: ControlUrl, store: Arc<dyn RefreshStore>) -> Result<Self, ApiError> {
        Ok(Self {
            api: Api::anonymous(address)?,
            store,
            current: Mutex::new(None),
        })
    }

    async fn keep(&self, answer: &TokenAnswer) -> Result<(), String> {
        let (store, secret) = (Arc::clone(&self.store), answer.refresh_token.clone());
        tokio::task::spawn_blocking(move || store.set(&secret))
            .await
            .unwrap_or_else(|error| Err(error.to_string()))
    }

    async fn kept(&self) -> Result<String, TokenError> {
        let store = Arc::clone(&self.store);
        let found = tokio::task::spawn_blocking(move || store.get()).await;
        found
            .unwrap_or_else(|error| Err(error.to_string()))
            .map_err(TokenError::Unreachable)?
            .ok_or_else(|| TokenError::SignInNeeded("nobody is signed in to this control plane".to_owned()))
    }
}

impl TokenSource for AccountTokens {
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
            self.keep(&answer).await.map_err(TokenError::Unreachable)?;
            let fresh = current.insert(Current::of(&answer));
            Ok(fresh.token().clone())
        })
    }
}
