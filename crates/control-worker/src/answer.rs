//! Answers on their way to a person: a status of HTTP and a body.

use caisey_protocol::error::{ErrorBody, ErrorCode};
use serde::Serialize;

/// Status and JSON, as an object or the front gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => Self { status: 200, body },
            Err(_) => internal("The answer could not be written as JSON.").into(),
        }
    }

    /// A page for people, or a file.
    pub(crate) fn bytes(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            body: body.into(),
        }
    }

    pub(crate) fn nothing() -> Self {
        Self {
            status: 204,
            body: Vec::new(),
        }
    }

    pub(crate) fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl From<ErrorBody> for Answer {
    fn from(error: ErrorBody) -> Self {
        Self {
            status: error.http_status(),
            body: serde_json::to_vec(&error).unwrap_or_default(),
        }
    }
}

impl<T: Serialize> From<Result<T, ErrorBody>> for Answer {
    fn from(done: Result<T, ErrorBody>) -> Self {
        match done {
            Ok(value) => Self::json(&value),
            Err(error) => error.into(),
        }
    }
}

pub(crate) fn error(code: ErrorCode, detail: impl Into<String>) -> ErrorBody {
    ErrorBody {
        code,
        detail: detail.into(),
        retry_after_ms: None,
    }
}

pub(crate) fn internal(detail: &str) -> ErrorBody {
    error(ErrorCode::Internal, detail)
}
