//! Request bodies: bounded JSON, refused with the field and the reason.

use super::refusal::Refusal;
use axum::extract::{FromRequest, Request};
use caisey_protocol::MAX_BODY_BYTES;
use caisey_protocol::error::ErrorCode;
use serde::de::DeserializeOwned;

/// A request's body and its size on the wire in bytes.
pub(crate) struct Body<T>(pub(crate) T, pub(crate) usize);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Refusal> {
        let bytes = bytes(request).await?;
        // The reason names fields and positions; serde_json never repeats the input's own strings at length.
        let value = serde_json::from_slice(&bytes)
            .map_err(|error| Refusal::bad_request(format!("The request's body cannot be understood: {}.", brief(&error))))?;
        Ok(Self(value, bytes.len()))
    }
}

/// The whole body, or `TooLarge`.
pub(crate) async fn bytes(request: Request) -> Result<axum::body::Bytes, Refusal> {
    axum::body::to_bytes(request.into_body(), MAX_BODY_BYTES).await.map_err(|_| {
        Refusal::new(
            ErrorCode::TooLarge,
            format!("The request's body is longer than {MAX_BODY_BYTES} bytes, or did not arrive whole."),
        )
    })
}

/// An error's words without what a hostile sender may have put into them.
pub(crate) fn brief(error: &serde_json::Error) -> String {
    error
        .to_string()
        .chars()
        .filter(|character| !character.is_control())
        .take(200)
        .collect()
}
