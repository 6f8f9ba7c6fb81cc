//! The errors that cross a wire. A variant exists only if the other side acts on it.

use serde::{Deserialize, Serialize};

/// What went wrong, as a stable word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// No token, or one that is malformed, expired, of another issuer or not yet valid. Sign in again.
    Unauthenticated,
    /// The token is fine, the role does not allow this.
    Forbidden,
    /// There is no such thing in the caller's organisation. Also the answer about another organisation's things.
    NotFound,
    /// The request cannot be understood; `detail` says which field and why.
    BadRequest,
    /// A field or message is longer than allowed.
    TooLarge,
    /// The peer speaks a version that we do not.
    UnsupportedVersion,
    /// Would not, because of the present state: the session is closed, the action exists with other content, the head moved on.
    Conflict,
    /// The endpoint cannot be reached right now; the action was not sent and will not run.
    NotSendable,
    /// The record could not be stored (disk full or failing), so nothing was done.
    NotRecorded,
    /// A signature, commitment, digest or key does not hold.
    BadSignature,
    /// Too many requests; wait `retry_after_ms`.
    TooManyRequests,
    /// The installer token is unknown, expired, revoked or used up.
    InstallerRefused,
    /// Our fault. It is in the log of the control plane under the request's id.
    Internal,
}

/// Body of every unsuccessful answer, and of the last frame before a WebSocket is closed for a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
pub struct ErrorBody {
    /// What.
    pub code: ErrorCode,
    /// A sentence for people: what happened, what it means, what to do. Never holds secrets or texts of entries.
    pub detail: String,
    /// When to try again, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(type = "number | null")]
    pub retry_after_ms: Option<u64>,
}

impl ErrorBody {
    /// The HTTP status (RFC 9110 §15) with which it is answered.
    pub fn http_status(&self) -> u16 {
        match self.code {
            ErrorCode::BadRequest | ErrorCode::UnsupportedVersion => 400,
            ErrorCode::Unauthenticated => 401,
            ErrorCode::Forbidden | ErrorCode::InstallerRefused => 403,
            ErrorCode::NotFound => 404,
            ErrorCode::Conflict => 409,
            ErrorCode::TooLarge => 413,
            ErrorCode::BadSignature => 422,
            ErrorCode::TooManyRequests => 429,
            ErrorCode::Internal if self.retry_after_ms.is_none() => 500,
            ErrorCode::NotSendable | ErrorCode::Internal => 503,
            ErrorCode::NotRecorded => 507,
        }
    }
}
