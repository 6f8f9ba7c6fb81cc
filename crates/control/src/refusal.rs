//! Refusals: what an object would not do, kept apart from what its store could not.

use crate::store::StoreError;
use caisey_ledger::statement::StatementFault;
use caisey_protocol::error::{ErrorBody, ErrorCode};

/// Why a handler stopped. A refusal is an answer; a failure loses the batch.
#[derive(Debug)]
pub(crate) enum Stop {
    Refused(ErrorBody),
    Failed(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

/// A refusal with a sentence for people: what happened, what it means, what to do.
pub(crate) fn refused(code: ErrorCode, detail: impl Into<String>) -> Stop {
    Stop::Refused(error(code, detail))
}

pub(crate) fn error(code: ErrorCode, detail: impl Into<String>) -> ErrorBody {
    ErrorBody {
        code,
        detail: detail.into(),
        retry_after_ms: None,
    }
}

/// Separates refusals from failures.
pub(crate) fn settle<T>(done: Result<T, Stop>) -> Result<Result<T, ErrorBody>, StoreError> {
    match done {
        Ok(value) => Ok(Ok(value)),
        Err(Stop::Refused(body)) => Ok(Err(body)),
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// A statement that is wrong in itself.
pub(crate) fn fault(fault: &StatementFault) -> ErrorBody {
    let code = match fault {
        StatementFault::Version { .. } => ErrorCode::UnsupportedVersion,
        StatementFault::TooLong { .. } => ErrorCode::TooLarge,
        StatementFault::BadKey | StatementFault::BadSignature | StatementFault::Disclosure { .. } => ErrorCode::BadSignature,
        _ => ErrorCode::BadRequest,
    };
    error(
        code,
        format!("The statement was not taken: {fault}. Nothing was recorded or done."),
    )
}
