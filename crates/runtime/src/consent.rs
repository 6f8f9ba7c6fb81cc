//! May this person have this done here? The endpoint's own answer, whatever the control plane says.
//!
//! This is the one door through which consent will be checked: the proposal has been verified against the key inside it, and it has not
//! been accepted yet. Until contact keys are introduced to endpoints (an issue of its own) the endpoint knows no keys, so that nothing
//! can be checked here beyond who may propose at all.

use crate::proposal::{Proposal, Refusal};
use caisey_ledger::entry::Actor;

/// Whether the action may run here.
///
/// # Errors
/// A refusal, which is recorded.
pub(crate) fn authorise(proposal: &Proposal) -> Result<(), Refusal> {
    tracing::debug!(key = proposal.key, "proposal signed");
    match proposal.actor {
        Actor::Member { .. } | Actor::Agent { .. } => Ok(()),
        _ => Err(Refusal::new(
            "not_authorised",
            "Only a member, or an agent on a member's behalf, may propose actions.",
        )),
    }
}
