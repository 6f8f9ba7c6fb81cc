//! The check in front of every route: what the route needs, against what the request proves.

use super::App;
use super::refusal::Refusal;
use super::routes::Needs;
use crate::auth::Identity;
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use caisey_control::port::Caller;
use caisey_protocol::error::ErrorCode;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// The caller, as proved by [`guard`].
pub(crate) struct Signed(pub(crate) Arc<Identity>);

impl Signed {
    /// For an object's request.
    pub(crate) fn caller(&self) -> Caller {
        self.0.caller.clone()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Signed {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        // A handler that asks for the caller on a route that proves none gets nobody, never a default.
        parts
            .extensions
            .get::<Arc<Identity>>()
            .cloned()
            .map(Self)
            .ok_or_else(|| crate::auth::Refused::Missing.into())
    }
}

impl From<crate::auth::Refused> for Refusal {
    fn from(refused: crate::auth::Refused) -> Self {
        caisey_protocol::error::ErrorBody::from(refused).into()
    }
}

/// Lets a request through to its handler, or not.
pub(crate) async fn guard(
    State((app, needs)): State<(App, Needs)>,
    mut request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    let permission = match needs {
        Needs::Nothing | Needs::InstallerToken | Needs::EndpointKey | Needs::ShareLink => return Ok(next.run(request).await),
        Needs::AnyMember => None,
        Needs::Permission(permission) => Some(permission),
    };
    let authorization = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let identity = app.verifier.identify(authorization).await?;
    if permission.is_some_and(|permission| !identity.caller.role.may(permission)) {
        return Err(Refusal::new(
            ErrorCode::Forbidden,
            "Your role does not allow this. Ask an administrator of your organisation.",
        ));
    }
    request.extensions_mut().insert(identity);
    Ok(next.run(request).await)
}

/// The peer's address.
pub(crate) struct Peer(pub(crate) IpAddr);

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        let address = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        Ok(Self(address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))))
    }
}
