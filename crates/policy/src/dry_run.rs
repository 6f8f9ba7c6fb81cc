//! What another set of policies would have decided for actions that were recorded.

use crate::decide::{Outcome, Policies, Verdict};
use crate::spoken::Spoken;
use crate::vocabulary::{Facts, Unfit};
use caisey_ledger::id::ActionId;
use serde::{Deserialize, Serialize};

/// A recorded action, as policies see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// Which.
    pub action: ActionId,
    /// Its facts.
    pub facts: Facts,
}

/// An action for which the two disagree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Which.
    pub action: ActionId,
    /// What was, or would have been, decided before the change.
    pub before: Verdict,
    /// What would be decided after it.
    pub after: Verdict,
}

/// What a change comes to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DryRun {
    /// Actions looked at.
    pub actions: u64,
    /// That would run without asking: before, after.
    pub allowed: (u64, u64),
    /// For which somebody would be asked.
    pub asked: (u64, u64),
    /// That would be forbidden.
    pub forbidden: (u64, u64),
    /// Those for which the outcome differs, in the order given.
    pub differences: Vec<Difference>,
}

impl DryRun {
    /// Looks at one more action. `spoken` is what the contacts of the action's own client have signed.
    ///
    /// # Errors
    /// When the action's facts cannot be put before Cedar.
    pub fn look_at(&mut self, before: &Policies, after: &Policies, spoken: &Spoken<'_>, action: &Recorded) -> Result<(), Unfit> {
        let asked = action.facts.prepared()?;
        let old = before.settle_prepared(&asked, spoken)?;
        let new = after.settle_prepared(&asked, spoken)?;
        self.actions += 1;
        for (verdict, second) in [(&old, false), (&new, true)] {
            let count = match verdict.outcome {
                Outcome::Allow => &mut self.allowed,
                Outcome::Ask(_) => &mut self.asked,
                Outcome::Forbid => &mut self.forbidden,
            };
            *(if second { &mut count.1 } else { &mut count.0 }) += 1;
        }
        if old.outcome != new.outcome {
            self.differences.push(Difference {
                action: action.action.clone(),
                before: old,
                after: new,
            });
        }
        Ok(())
    }
}

/// Compares two sets of policies over recorded actions of one client, oldest first as given.
///
/// # Errors
/// When an action's facts cannot be put before Cedar.
pub fn compare<'a>(
    before: &Policies,
    after: &Policies,
    spoken: &Spoken<'_>,
    recorded: impl IntoIterator<Item = &'a Recorded>,
) -> Result<DryRun, Unfit> {
    let mut run = DryRun::default();
    for action in recorded {
        run.look_at(before, after, spoken, action)?;
    }
    Ok(run)
}
