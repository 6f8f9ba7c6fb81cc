//! Nothing ran that was not proposed and authorised before, by place in the log.

use crate::excerpt::Proved;
use crate::finding::Findings;
use crate::snapshot::Snapshot;
use caisey_ledger::event::Event;
use caisey_ledger::id::ActionId;
use std::collections::{BTreeMap, BTreeSet};

/// Checks every command that started within the snapshot. What stands before the snapshot's range is not known here.
pub(super) fn authorised_first(snapshot: &Snapshot, own: &[&Proved], found: &mut Findings) {
    let mut failures = Vec::new();
    let (mut started, mut earlier) = (0, 0);
    for part in own {
        let mut proposed: BTreeMap<&ActionId, u64> = BTreeMap::new();
        let mut authorised: BTreeSet<&ActionId> = BTreeSet::new();
        for proved in &part.entries {
            let Some(action) = &proved.entry.statement.action else {
                continue;
            };
            match &proved.event {
                Some(Event::ActionProposed { .. }) => {
                    proposed.insert(action, proved.entry.seq.get());
                }
                Some(Event::ActionAuthorised { .. }) => {
                    authorised.insert(action);
                }
                Some(Event::CommandStarted { .. }) if !snapshot.scope.holds(&proved.entry) => {}
                Some(Event::CommandStarted { .. })
                    if !proposed.contains_key(action) && matches!(snapshot.scope, crate::snapshot::Scope::Period { .. }) =>
                {
                    earlier += 1;
                }
                Some(Event::CommandStarted { .. }) => {
                    started += 1;
                    if !proposed.contains_key(action) || !authorised.contains(action) {
                        failures.push((
                            "unauthorised",
                            format!(
                                "{}: entry #{}: {action} ran without having been proposed and authorised before.",
                                part.checkpoint.origin, proved.entry.seq
                            ),
                        ));
                    }
                }
                _ => {}
            }
        }
    }
    found.weigh(
        "authorised",
        format!(
            "Each of the {started} commands that ran was proposed and authorised before it started, by its place in the log."
        ),
        failures,
    );
    if earlier > 0 {
        found.note(
            "began_earlier",
            format!("{earlier} commands started that were proposed before the period; what authorised them is not in this pack."),
        );
    }
}
