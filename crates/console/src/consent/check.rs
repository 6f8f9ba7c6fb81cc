//! Is this request about what it says it is about?
//!
//! Promises: when [`request`] returns, the command and reason that will be shown are exactly those to which the requester's signature commits;
//! the request is about that proposal and nothing else; the digest that would be signed is the request's; and what the list says of
//! it (who asks, where, until when) is what the request says. Leaves out whether the endpoint's record holds the proposal, which may arrive later.

use caisey_client::error::ApiError;
use caisey_ledger::consent::ConsentFault;
use caisey_ledger::statement::StatementFault;
use caisey_protocol::consent::{ApprovalView, Prompt};

/// Why a request is not shown for an answer.
#[derive(Debug, thiserror::Error)]
pub enum PromptFault {
    /// It came without what is to be approved.
    #[error("the request came without the command that is to be approved")]
    NoPrompt,
    /// The requester's signature or one of the texts.
    #[error("the command is not what the requester signed")]
    Proposal(#[source] StatementFault),
    /// The request is about something else, or cannot be hashed.
    #[error("the request is about another action than the one that came with it")]
    About(#[source] ConsentFault),
    /// The digest is another one.
    #[error("the number under which it is to be signed belongs to another request")]
    Digest,
    /// The list says something else than the request.
    #[error("the list names another {what} than the request")]
    Differs {
        /// What.
        what: &'static str,
    },
    /// A text is not shown whole.
    #[error("the {what} is not shown in full")]
    Hidden {
        /// Which text.
        what: &'static str,
    },
    /// It was another one before.
    #[error("what is to be approved was changed after it was first shown")]
    Changed,
}

impl PromptFault {
    /// For whoever would have been asked.
    pub fn sentence(&self) -> String {
        format!(
            "This request does not hold: {}. Nothing of it can be approved from here. Do not answer it by other means, and tell your provider.",
            crate::sync::witness::chain(self)
        )
    }
}

/// Checks an open request. `origin` is what every log of the organisation begins with.
///
/// # Errors
/// The first thing that does not hold.
pub fn request(view: &ApprovalView, origin: &str) -> Result<(), PromptFault> {
    let prompt = view.prompt.as_deref().ok_or(PromptFault::NoPrompt)?;
    prompt.proposal.verify().map_err(PromptFault::Proposal)?;
    prompt.request.check_about(&prompt.proposal).map_err(PromptFault::About)?;
    if prompt.request.digest().map_err(PromptFault::About)? != view.digest {
        return Err(PromptFault::Digest);
    }
    agrees(view, prompt, origin)?;
    for name in ["command", "reason"] {
        text(prompt, name).ok_or(PromptFault::Hidden { what: name })?;
    }
    // Where it runs and what reads its state belong to what is approved.
    for name in ["cwd", "probe"] {
        if prompt.proposal.statement.texts.contains_key(name) && text(prompt, name).is_none() {
            return Err(PromptFault::Hidden { what: name });
        }
    }
    Ok(())
}

fn agrees(view: &ApprovalView, prompt: &Prompt, origin: &str) -> Result<(), PromptFault> {
    let request = &prompt.request;
    let asks = prompt.proposal.statement.actor.person().map(|(member, _)| member);
    let same = [
        (
            "endpoint",
            view.endpoint == request.endpoint && request.log == format!("{origin}{}", view.endpoint),
        ),
        ("session", view.session == request.session),
        ("action", view.action == request.action),
        ("requester", asks == Some(&view.requester)),
        ("class", view.class == request.class),
        (
            "policy",
            view.policy == request.policy && view.policy_version == request.policy_version,
        ),
        ("approver", view.approver == request.approver && view.needed == request.needed),
        ("assurance", view.assurance == request.assurance),
        ("end", view.expires_at_ms == request.expires_at_ms),
    ];
    match same.into_iter().find(|(_, same)| !same) {
        None => Ok(()),
        Some((what, _)) => Err(PromptFault::Differs { what }),
    }
}

/// A text of the proposal, when it is disclosed in full.
pub fn text<'a>(prompt: &'a Prompt, name: &str) -> Option<&'a str> {
    prompt.proposal.disclosures.get(name)?.full_text()
}

/// Whether an error says that the control plane has spoken, so that asking again would get the same answer.
pub(crate) fn is_final(error: &ApiError) -> bool {
    use caisey_protocol::error::ErrorCode::{Internal, NotRecorded, TooManyRequests, Unauthenticated};
    error
        .code()
        .is_some_and(|code| !matches!(code, Internal | NotRecorded | TooManyRequests | Unauthenticated))
}
