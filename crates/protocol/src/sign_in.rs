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

/// Answer of `GET /v1/sign-in`: how a person can sign in to this control plane. Needs no token, and nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SignInWays {
    /// Whether it has accounts of its own, for `POST /local/token`.
    pub local: bool,
    /// Identity providers at which a console can sign a person in, in the system browser (RFC 8252).
    pub providers: Vec<SignInProvider>,
}

/// An OpenID Connect provider and the public client that is registered there for consoles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInProvider {
    /// What people call it.
    pub name: String,
    /// The issuer's identifier, exactly as it calls itself.
    pub issuer: String,
    /// The client: public, with PKCE, redirected to `http://127.0.0.1` on any port.
    pub client_id: String,
    /// Scopes besides `openid`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Which of the issuer's tokens this control plane wants to see.
    #[serde(default)]
    pub bearer: BearerKind,
    /// Whether a console asks for a token that is good for this control plane only (RFC 8707, with the control plane's address as the
    /// resource). Recommended wherever the provider can: a token meant for one control plane is then of no use to another.
    #[serde(default)]
    pub resource_bound: bool,
}

/// Which of an issuer's tokens goes to the control plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BearerKind {
    /// The access token, when it is a JWT with the organisation in it (Clerk, most providers by configuration).
    #[default]
    Access,
    /// The identity token.
    Identity,
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
