//! What a client's contacts have signed that no policy loosens: what they allow beforehand, and the least that answers have to be.
//!
//! The endpoint holds every consent against the same (docs/formats/consent.md), so what is settled by it never meets a refusal there.

use crate::decide::{Outcome, Verdict};
use crate::document::Demand;
use crate::vocabulary::Facts;
use caisey_command::ActionClass;
use caisey_ledger::consent::{Approver, Beforehand, Floor, Least, PreAuthorisation, Trust};
use caisey_ledger::event::Channel;

/// A client's signed words, as far as they matter for policies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spoken<'a> {
    /// Pre-authorisations that stand, with the numbers of their statements.
    pub standing: Vec<(&'a PreAuthorisation, u64)>,
    /// Floors in force.
    pub floors: Vec<&'a Floor>,
}

impl<'a> From<&'a Trust> for Spoken<'a> {
    fn from(trust: &'a Trust) -> Self {
        Self {
            standing: trust.standing().collect(),
            floors: trust.floors().map(|(floor, _)| floor).collect(),
        }
    }
}

impl<'a> Spoken<'a> {
    /// The least that answers have to be for this action.
    pub(crate) fn least(&self, facts: &Facts) -> Option<Least> {
        Least::of(self.floors.iter().copied(), &facts.endpoint, facts.class.word())
    }

    /// The pre-authorisation that lets policies alone allow it, if one does.
    pub(crate) fn pre_authorised(&self, facts: &Facts) -> Option<(&'a PreAuthorisation, u64)> {
        let (standing, floors) = (self.standing.iter().copied(), self.floors.iter().copied());
        Beforehand::of(
            standing,
            floors,
            &facts.endpoint,
            facts.class.word(),
            Channel::Policy,
            facts.at,
        )
        .granted()
    }

    /// Whether the endpoint would run it on the outcome, or on what the outcome asks for once that is raised to the floors.
    pub(crate) fn agrees(&self, facts: &Facts, outcome: &Outcome) -> bool {
        let only_reads = facts.class == ActionClass::ReadOnly;
        match outcome {
            _ if !facts.client_has_contacts => true,
            Outcome::Forbid => true,
            Outcome::Allow => only_reads || self.pre_authorised(facts).is_some(),
            Outcome::Ask(demand) => demand.approver == Approver::Contact || only_reads,
        }
    }

    /// The verdict with what it asks for raised to the floors; the floors are named among its rules.
    pub(crate) fn raise(&self, facts: &Facts, mut verdict: Verdict) -> Verdict {
        if let Outcome::Ask(demand) = &mut verdict.outcome
            && demand.approver == Approver::Contact
            && let Some(least) = self.least(facts)
            && !reaches(demand, &least)
        {
            demand.needed = demand.needed.max(least.needed);
            demand.assurance = demand.assurance.max(least.assurance);
            let named = |name: String| format!("The client’s floor {name}");
            verdict.rules.extend(least.floors.into_iter().map(named));
        }
        verdict
    }
}

fn reaches(demand: &Demand, least: &Least) -> bool {
    demand.needed >= least.needed && demand.assurance >= least.assurance
}
