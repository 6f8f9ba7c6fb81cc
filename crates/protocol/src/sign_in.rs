//! Sign-in with the local issuer, for control planes that have no identity provider of their own.
//!
//! `POST /local/token` takes a form as OAuth 2.0 does (RFC 6749 §4.3, §6) or the same fields as JSON, and answers with a short-lived
//! access token and a refresh token that works once. The issuer's discovery document is at `/.well-known/openid-configuration`, its
//! keys at `/local/jwks.json`. Refusals are [`crate::error::ErrorBody`] with `Unauthenticated` or `TooManyRequests`.

use serde::{Deserialize, Serialize};

/// Body of `POST /local/token`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "grant_type", rename_all = "snake_case")]
pub enum TokenRequest {
    /// A person signs in.
    Password {
        /// E-mail address.
        username: String,
        /// Password.
        password: String,
    },
    /// A console renews its access token.
    RefreshToken {
        /// From the last answer. It stops working with this use; using it twice ends the sign-in on every side.
        refresh_token: String,
    },
    /// First use of an account: the one-time code that `caisey-control member add` or `bootstrap` printed, and the password to set.
    OneTimeCode {
        /// The code.
        code: String,
        /// 12 to 512 bytes.
        password: String,
    },
}

/// Answer of `POST /local/token`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TokenAnswer {
    /// Bearer token for every route.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: String,
    /// Life of the access token, in seconds.
    pub expires_in: u64,
    /// For the next [`TokenRequest::RefreshToken`].
    pub refresh_token: String,
}
