//! A decision, signed with the key of this console.

use crate::consent::check;
use crate::error::ConsoleError;
use crate::facade::Device;
use crate::view::Verdict;
use caisey_ledger::consent::Assurance;
use caisey_ledger::entry::Actor;
use caisey_ledger::event::{Channel, Decision, Event};
use caisey_ledger::id::TimeMs;
use caisey_ledger::statement::Draft;
use caisey_ledger::text::TextSeed;
use caisey_protocol::PROTOCOL_VERSION;
use caisey_protocol::consent::ApprovalView;
use caisey_protocol::http::Submit;
use caisey_protocol::role::Role;

/// Longest reason, in bytes.
const LONGEST_REASON: usize = 4_000;

/// Signs what the person decided about exactly this request. It is checked once more before.
pub(crate) fn signed(
    device: &Device,
    origin: &str,
    view: &ApprovalView,
    verdict: &Verdict,
    now: TimeMs,
    seed: [u8; 32],
) -> Result<Submit, ConsoleError> {
    check::request(view, origin).map_err(|fault| ConsoleError::Untrusted(fault.sentence()))?;
    let prompt = view.prompt.as_deref();
    let request = &prompt
        .ok_or_else(|| ConsoleError::Internal("a checked request without its text".to_owned()))?
        .request;
    let number = verdict.approve.then(|| number(verdict)).flatten();
    if verdict.approve && view.assurance == Assurance::Number && number.is_none() {
        return Err(ConsoleError::Invalid(
            "This request needs the number that the technician sees. Ask them for it, by telephone for example, type it and approve again."
                .to_owned(),
        ));
    }
    let event = Event::ApprovalDecided {
        decision: if verdict.approve {
            Decision::Approved
        } else {
            Decision::Denied
        },
        member: Some(device.member.clone()),
        channel: Channel::Console,
        digest: Some(view.digest.clone()),
        assurance: Some(if number.is_some() {
            Assurance::Number
        } else {
            Assurance::Signed
        }),
        number,
    };
    let (id, key) = (device.member.clone(), device.device.clone());
    let actor = match device.role {
        Role::Contact => Actor::Contact { id, device: key },
        _ => Actor::Member { id, device: key },
    };
    let unsignable = |error: caisey_ledger::statement::StatementFault| {
        ConsoleError::Invalid(format!(
            "This cannot be put into the record: {}.",
            crate::sync::witness::chain(&error)
        ))
    };
    let mut draft = Draft::new(&request.log, now, actor, &event)
        .map_err(unsignable)?
        .session(request.session.clone())
        .action(request.action.clone());
    let reason = verdict.reason.trim();
    if reason.len() > LONGEST_REASON {
        return Err(ConsoleError::Invalid(format!(
            "The reason has {} bytes; at most {LONGEST_REASON} can be recorded. Shorten it.",
            reason.len()
        )));
    }
    if !reason.is_empty() {
        draft = draft.text("reason", reason, TextSeed::from_bytes(seed));
    }
    Ok(Submit {
        version: PROTOCOL_VERSION,
        statement: draft.sign(&device.key).map_err(unsignable)?,
    })
}

/// The digits that were typed; people group them as they like.
fn number(verdict: &Verdict) -> Option<String> {
    let typed = verdict.number.as_deref().unwrap_or_default();
    let digits: String = typed
        .chars()
        .filter(|letter| !letter.is_whitespace() && *letter != '-')
        .collect();
    (!digits.is_empty()).then_some(digits)
}
