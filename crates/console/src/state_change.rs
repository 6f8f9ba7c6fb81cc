//! What an action changed: the state that the endpoint read before it beside the state that it read after it.
//!
//! Pairs the two `state.captured` entries of each action and compares them line by line. Only entries whose state is present are compared;
//! one that was erased, or never read, gives no difference and no false "nothing changed". Lines are as recorded: whoever draws them must
//! show control characters visibly ([`crate::visible`]).

use crate::view::{DifferenceLine, StateDifference, TimelineItem};
use crate::visible::segments_if_needed;
use caisey_command::{Line, StateChange};
use serde::Serialize;
use std::collections::BTreeMap;

/// The difference that one action made, as far as its probe sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActionChange {
    /// The action.
    pub action: String,
    /// The entry that holds the state before.
    pub before_seq: u64,
    /// The entry that holds the state after.
    pub after_seq: u64,
    /// The command that read both.
    pub probe: String,
    /// Whether both states are complete and the probe ended well both times; otherwise the difference may be one of the probe.
    pub certain: bool,
    /// The difference.
    pub change: StateChange,
}

impl From<ActionChange> for StateDifference {
    fn from(change: ActionChange) -> Self {
        Self {
            before_seq: change.before_seq,
            after_seq: change.after_seq,
            certain: change.certain,
            too_long: change.change.too_long,
            removed: counted(change.change.removed),
            added: counted(change.change.added),
            lines: lines(change.change),
        }
    }
}

/// What to show of a difference, in order.
pub(crate) fn lines(change: StateChange) -> Vec<DifferenceLine> {
    change.lines.into_iter().map(line).collect()
}

fn line(line: Line) -> DifferenceLine {
    let (kind, text, count) = match line {
        Line::Unchanged { text } => ("unchanged", text, 1),
        Line::Removed { text } => ("removed", text, 1),
        Line::Added { text } => ("added", text, 1),
        Line::Folded { count } => ("folded", String::new(), counted(count)),
    };
    DifferenceLine {
        kind: kind.to_owned(),
        segments: segments_if_needed(&text),
        text,
        count,
    }
}

fn counted(lines: usize) -> u32 {
    u32::try_from(lines).unwrap_or(u32::MAX)
}

/// Every action among these entries whose state was read before and after, in order of the second reading.
#[must_use]
pub fn action_changes(items: &[TimelineItem]) -> Vec<ActionChange> {
    let mut before: BTreeMap<&str, &TimelineItem> = BTreeMap::new();
    let mut changes = Vec::new();
    for item in items.iter().filter(|item| item.kind == "state.captured") {
        let Some(action) = item.action.as_deref() else { continue };
        match fact(item, "phase") {
            Some("before") => {
                before.insert(action, item);
            }
            Some("after") => changes.extend(before.remove(action).and_then(|before| compared(action, before, item))),
            _ => {}
        }
    }
    changes
}

fn compared(action: &str, before: &TimelineItem, after: &TimelineItem) -> Option<ActionChange> {
    let probe = text(after, "probe")?;
    if text(before, "probe") != Some(probe) {
        return None;
    }
    Some(ActionChange {
        action: action.to_owned(),
        before_seq: before.seq,
        after_seq: after.seq,
        probe: probe.to_owned(),
        certain: read_well(before) && read_well(after),
        change: StateChange::between(text(before, "state")?, text(after, "state")?),
    })
}

/// The probe ran to its end without an error and everything that it printed is there.
fn read_well(item: &TimelineItem) -> bool {
    let ended_well = item.facts.get("exit_code").and_then(serde_json::Value::as_i64) == Some(0);
    ended_well && item.facts.get("complete").and_then(serde_json::Value::as_bool) == Some(true)
}

fn fact<'a>(item: &'a TimelineItem, name: &str) -> Option<&'a str> {
    item.facts.get(name)?.as_str()
}

fn text<'a>(item: &'a TimelineItem, name: &str) -> Option<&'a str> {
    item.texts.iter().find(|text| text.name == name)?.text.as_deref()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
    use super::*;
    use crate::view::{TextView, Verification};

    fn captured(seq: u64, action: &str, phase: &str, state: Option<&str>, exit_code: i64) -> TimelineItem {
        let text = |name: &str, text: Option<&str>| TextView {
            name: name.to_owned(),
            text: text.map(str::to_owned),
            segments: None,
        };
        let facts = serde_json::json!({ "phase": phase, "exit_code": exit_code, "complete": true });
        let serde_json::Value::Object(facts) = facts else { panic!() };
        TimelineItem {
            endpoint: "e".to_owned(),
            seq,
            time_ms: 0,
            kind: "state.captured".to_owned(),
            actor_kind: "endpoint".to_owned(),
            actor_name: String::new(),
            headline: String::new(),
            session: None,
            action: Some(action.to_owned()),
            stream: None,
            exit_code: None,
            facts,
            texts: vec![text("probe", Some("nft list ruleset")), text("state", state)],
            verification: Verification::Verified,
            fault: None,
        }
    }

    #[test]
    fn actions_are_paired_by_themselves() {
        let items = [
            captured(1, "a", "before", Some("drop 445\naccept 22\n"), 0),
            captured(2, "b", "before", Some("x"), 0),
            captured(3, "a", "after", Some("accept 22\n"), 0),
            captured(4, "b", "after", Some("x"), 1),
        ];
        let changes = action_changes(&items);
        assert_eq!(changes.len(), 2);
        assert_eq!(
            (changes[0].before_seq, changes[0].after_seq, changes[0].certain),
            (1, 3, true)
        );
        assert_eq!(
            (
                changes[0].change.removed,
                changes[0].change.added,
                changes[0].change.unchanged
            ),
            (1, 0, 1)
        );
        assert!(changes[1].change.is_empty() && !changes[1].certain);
    }

    #[test]
    fn what_is_missing_is_not_called_unchanged() {
        assert!(action_changes(&[captured(1, "a", "after", Some("x"), 0)]).is_empty());
        assert!(action_changes(&[captured(1, "a", "before", Some("x"), 0)]).is_empty());
        let erased = [captured(1, "a", "before", None, 0), captured(2, "a", "after", Some("x"), 0)];
        assert!(action_changes(&erased).is_empty());
    }
}
