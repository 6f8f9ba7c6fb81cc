//! What objects do for the operator who moves an organisation here or away (`caisey_control::moving`), and what they say meanwhile to others.

use crate::answer::{Answer, error};
use crate::letter::AskMove;
use caisey_control::moving::{self, Arrived, Fault, Part, Standing};
use caisey_control::store::{Store, StoreError};
use caisey_protocol::error::{ErrorBody, ErrorCode};

/// A piece comes to about so many bytes.
const PIECE_BYTES: usize = 1 << 20;

/// To whoever asks something of an object that is being moved.
pub(crate) fn away(standing: Standing) -> ErrorBody {
    match standing {
        Standing::Left => error(
            ErrorCode::Conflict,
            "This organisation was moved to another control plane, so nothing was done here. Ask its operator for the new address.",
        ),
        Standing::Arriving | Standing::Arrived => ErrorBody {
            retry_after_ms: Some(30_000),
            ..error(
                ErrorCode::Conflict,
                "This organisation is being moved here and cannot be used yet, so nothing was done. Try again in a few minutes.",
            )
        },
    }
}

/// Answers the operator. The caller lets go of the loaded object.
pub(crate) fn answer(store: &dyn Store, key: &[u8; 32], part: &Part, made: bool, ask: AskMove) -> Result<Answer, StoreError> {
    Ok(match ask {
        AskMove::Leave { .. } | AskMove::Next(_) if !made => error(ErrorCode::NotFound, "There is nothing to move.").into(),
        AskMove::Leave { header, from } => Answer::json(&moving::leave(store, &header, part, from, PIECE_BYTES)?),
        AskMove::Arrive { header, lines } => match moving::arrive(store, &header, part, key, &lines)? {
            Ok(Arrived::Some) => Answer::json(&None::<String>),
            Ok(Arrived::Whole(line)) => Answer::json(&Some(line)),
            Err(fault) => refused(&fault).into(),
        },
        AskMove::Standing => match moving::standing(store)? {
            None if made => Answer::nothing(),
            None => error(ErrorCode::NotFound, "There is nothing here.").into(),
            Some(Standing::Arrived) => Answer::bytes(crate::letter::WAITS, []),
            Some(standing) => away(standing).into(),
        },
        AskMove::Settle => {
            moving::settle(store)?;
            Answer::nothing()
        }
        AskMove::Ended(line) => {
            moving::ended(store, &line)?;
            Answer::nothing()
        }
        AskMove::Arrived { header, note } => match moving::objects(store)?.check(&header, &note, key) {
            Ok(()) => {
                moving::settle(store)?;
                Answer::nothing()
            }
            Err(fault) => refused(&fault).into(),
        },
        AskMove::Next(after) => Answer::json(&moving::next_endpoint(store, after.as_ref())?),
    })
}

pub(crate) fn refused(fault: &Fault) -> ErrorBody {
    let code = match fault {
        Fault::Exists(_) => ErrorCode::Conflict,
        Fault::Version { .. } => ErrorCode::UnsupportedVersion,
        Fault::Signature(_) => ErrorCode::BadSignature,
        Fault::Damaged(_) | Fault::Other(_) => ErrorCode::BadRequest,
    };
    let mut detail = fault.to_string();
    if !detail.ends_with('.') {
        detail.push('.');
    }
    error(code, detail)
}
