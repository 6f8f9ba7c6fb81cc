//! Checking a `Run` before anything is done about it: is this really a proposal for this endpoint, does its signature hold, are its
//! texts the ones it commits to, and is everything in it within bounds? Pure.

use crate::look;
use crate::voice::About;
use caisey_ledger::disclosure::Disclosure;
use caisey_ledger::entry::{Actor, SignedStatement};
use caisey_ledger::event::{Event, Interpreter};
use caisey_ledger::statement::StatementFault;
use caisey_protocol::MAX_COMMAND_BYTES;
use std::time::Duration;

/// An action that this endpoint was asked to carry out, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proposal {
    pub(crate) about: About,
    pub(crate) actor: Actor,
    /// The key that signed it, standard base64.
    pub(crate) key: String,
    pub(crate) interpreter: Interpreter,
    pub(crate) command: String,
    pub(crate) cwd: Option<String>,
    /// What shows the state that the command changes: as the technician named it, or from the table. Read-only.
    pub(crate) probe: Option<String>,
    pub(crate) timeout: Duration,
    /// SHA-256 of the state that must be found before it runs, when the consent is for that state only; lower-case hexadecimal.
    pub(crate) before: Option<String>,
}

/// Why an action will not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// A stable word; see `action.refused`.
    pub code: &'static str,
    /// A sentence for people.
    pub detail: String,
}

impl Refusal {
    pub(crate) fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
        }
    }
}

/// What a refusal would be about; none when the statement does not even say that.
pub(crate) fn about(signed: &SignedStatement) -> Option<About> {
    Some(About {
        session: signed.statement.session.clone()?,
        action: signed.statement.action.clone()?,
    })
}

/// Checks everything that can be checked without knowing whose keys are whose, and chooses the probe.
pub(crate) fn check(signed: &SignedStatement, log: &str, longest: Duration) -> Result<Proposal, Refusal> {
    let wrong = |detail: &str| {
        Refusal::new(
            "bad_request",
            format!("{detail} Nothing was run here. Correct it and propose it again."),
        )
    };
    let statement = &signed.statement;
    if statement.log != log {
        let detail = "The proposal names another endpoint's log, so nothing was run here. It was changed on its way, or sent to the wrong machine. \
                      Propose it again, and tell whoever runs the control plane.";
        return Err(Refusal::new("wrong_log", detail));
    }
    let about = about(signed).ok_or_else(|| wrong("The proposal names no session or no action."))?;
    let event = signed.verify().map_err(|fault| match fault {
        StatementFault::BadKey
        | StatementFault::BadSignature
        | StatementFault::Disclosure { .. }
        | StatementFault::UnknownText { .. } => Refusal::new(
            "bad_signature",
            format!(
                "The proposal is not what its author signed: {fault}. Nothing was run here. Propose it again, and tell whoever runs the control plane."
            ),
        ),
        other => wrong(&format!("The proposal is not a valid statement: {other}.")),
    })?;
    let Some(Event::ActionProposed {
        interpreter, timeout_ms, ..
    }) = event
    else {
        return Err(wrong("The statement proposes no action."));
    };
    let key = signed
        .signature
        .as_ref()
        .map(|signature| signature.key.clone())
        .ok_or_else(|| wrong("The proposal is not signed."))?;
    let command = text(signed, "command")?.ok_or_else(|| wrong("The proposal has no command."))?;
    let cwd = text(signed, "cwd")?;
    let probe = text(signed, "probe")?;
    text(signed, "reason")?;
    for (name, value) in [("command", Some(&command)), ("cwd", cwd.as_ref()), ("probe", probe.as_ref())] {
        let Some(value) = value else { continue };
        if value.is_empty() || value.contains('\0') {
            return Err(wrong(&format!(
                "The text `{name}` is empty or holds a NUL character, which no command line can carry."
            )));
        }
        if value.len() > MAX_COMMAND_BYTES {
            return Err(Refusal::new(
                "too_large",
                format!(
                    "The text `{name}` is longer than {MAX_COMMAND_BYTES} bytes. Nothing was run here. Put it into a script on the endpoint and run that."
                ),
            ));
        }
    }
    let timeout = Duration::from_millis(timeout_ms);
    if timeout.is_zero() || timeout > longest {
        return Err(wrong(&format!(
            "The time limit must be between 1 ms and {} s.",
            longest.as_secs()
        )));
    }
    let probe = look::choose(interpreter, &command, probe)?;
    Ok(Proposal {
        about,
        actor: statement.actor.clone(),
        key,
        interpreter,
        command,
        cwd,
        probe,
        timeout,
        before: None,
    })
}

/// A text of the proposal, which must be there in full when the statement commits to it.
fn text(signed: &SignedStatement, name: &str) -> Result<Option<String>, Refusal> {
    if !signed.statement.texts.contains_key(name) {
        return Ok(None);
    }
    match signed.disclosures.get(name) {
        Some(Disclosure::Full { text, .. }) => Ok(Some(text.clone())),
        _ => Err(Refusal::new(
            "bad_request",
            format!("The text `{name}` was not sent in full, so it is not known what was signed."),
        )),
    }
}
