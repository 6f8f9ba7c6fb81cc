//! Unsuccessful answers: an `ErrorBody` with the status that fits its code.

use axum::Json;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use caisey_protocol::error::{ErrorBody, ErrorCode};

/// An error on its way out.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    body: ErrorBody,
}

impl Refusal {
    pub(crate) fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        ErrorBody {
            code,
            detail: detail.into(),
            retry_after_ms: None,
        }
        .into()
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::BadRequest, detail)
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::NotFound, detail)
    }

    pub(crate) fn into_body(self) -> ErrorBody {
        self.body
    }

    pub(crate) fn method_not_allowed() -> Self {
        let refusal = Self::bad_request("This address exists, but not for this method; /v1/openapi.json lists which it takes.");
        Self {
            status: StatusCode::METHOD_NOT_ALLOWED,
            ..refusal
        }
    }

    pub(crate) fn panicked() -> Response {
        tracing::error!("a handler failed unexpectedly");
        let refusal: Self =
            crate::object::internal("the request failed unexpectedly; the control plane's log has it by its x-request-id").into();
        refusal.into_response().map(Body::new)
    }
}

impl From<ErrorBody> for Refusal {
    fn from(body: ErrorBody) -> Self {
        Self {
            status: StatusCode::from_u16(body.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            body,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let retry_after = self.body.retry_after_ms.map(|ms| HeaderValue::from(ms.div_ceil(1_000)));
        let unauthenticated = self.status == StatusCode::UNAUTHORIZED;
        let mut response = (self.status, Json(self.body)).into_response();
        if let Some(value) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, value);
        }
        if unauthenticated {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
