//! Bearer tokens and where they come from. A source hands out the current token and renews it on demand; it is asked again, with
//! the token that was refused, when the control plane says `Unauthenticated`. Tokens never show in logs.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

/// A secret that names a person to the control plane.
#[derive(Clone, PartialEq, Eq)]
pub struct BearerToken(String);

impl BearerToken {
    /// Wraps a token.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The token itself, for the `Authorization` header.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerToken(hidden)")
    }
}

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Nobody is signed in, or the sign-in ended: a person has to sign in again.
    #[error("not signed in: {0}")]
    SignInNeeded(String),
    /// The issuer cannot be reached; what is cached stays readable.
    #[error("the sign-in service cannot be reached: {0}")]
    Unreachable(String),
}

/// What a token source answers with.
pub type TokenFuture<'a> = Pin<Box<dyn Future<Output = Result<BearerToken, TokenError>> + Send + 'a>>;

/// Hands out bearer tokens.
pub trait TokenSource: Send + Sync + 'static {
    /// The current token. `refused` is one that the control plane has just turned down: a source that can renew does so, one that
    /// has nothing better answers [`TokenError::SignInNeeded`].
    fn bearer<'a>(&'a self, refused: Option<&'a BearerToken>) -> TokenFuture<'a>;
}

/// Keeps the refresh token, in the operating system's key store.
pub trait RefreshStore: Send + Sync + 'static {
    /// The one that was kept last, if any.
    ///
    /// # Errors
    /// In words, when the store fails.
    fn get(&self) -> Result<Option<String>, String>;
    /// Keeps this one instead. Called before the access token that came with it is used.
    ///
    /// # Errors
    /// In words, when the store fails.
    fn set(&self, refresh_token: &str) -> Result<(), String>;
}

/// One token for as long as it lasts.
#[derive(Debug, Clone)]
pub struct FixedToken(pub BearerToken);

impl TokenSource for FixedToken {
    fn bearer<'a>(&'a self, refused: Option<&'a BearerToken>) -> TokenFuture<'a> {
        Box::pin(async move {
            if refused == Some(&self.0) {
                Err(TokenError::SignInNeeded(
                    "the control plane no longer accepts this token".to_owned(),
                ))
            } else {
                Ok(self.0.clone())
            }
        })
    }
}
