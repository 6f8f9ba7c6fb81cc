//! What changed between two states that a probe printed: a difference by lines.
//!
//! Lines are compared as they are (Myers' algorithm). Long stretches without change are
//! folded, so that a rule that was added to a list of thousands can be seen. Lossless texts are compared as texts.

use serde::{Deserialize, Serialize};
use similar::{Algorithm, ChangeTag, DiffOp, capture_diff_slices};

/// Unchanged lines that are shown around a change.
const AROUND: usize = 3;
/// States with more lines than this are compared only for being equal, so that two hostile outputs cannot keep a reader busy.
const MAX_LINES: usize = 4000;

/// One line, or a fold, of a difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Line {
    /// In both.
    Unchanged {
        /// The line.
        text: String,
    },
    /// Before, and not after.
    Removed {
        /// The line.
        text: String,
    },
    /// After, and not before.
    Added {
        /// The line.
        text: String,
    },
    /// Lines in both that are not shown.
    Folded {
        /// How many.
        count: usize,
    },
}

/// The difference of two states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateChange {
    /// Lines that were there before and are not after.
    pub removed: usize,
    /// Lines that are there after and were not before.
    pub added: usize,
    /// Lines in both.
    pub unchanged: usize,
    /// Whether the states were too long to be compared line by line; then `lines` is empty.
    pub too_long: bool,
    /// What to show, in order.
    pub lines: Vec<Line>,
}

impl StateChange {
    /// Whether nothing changed as far as the probe sees.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.too_long && self.removed == 0 && self.added == 0
    }

    /// The difference of what a probe printed before and after.
    #[must_use]
    pub fn between(before: &str, after: &str) -> Self {
        let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
        let mut change = Self {
            removed: 0,
            added: 0,
            unchanged: 0,
            too_long: false,
            lines: Vec::new(),
        };
        if before == after {
            change.unchanged = old.len();
            change
                .lines
                .extend((!old.is_empty()).then_some(Line::Folded { count: old.len() }));
            return change;
        }
        if old.len().max(new.len()) > MAX_LINES {
            (change.removed, change.added, change.too_long) = (old.len(), new.len(), true);
            return change;
        }
        let operations = capture_diff_slices(Algorithm::Myers, &old, &new);
        let last = operations.len().saturating_sub(1);
        for (number, operation) in operations.iter().enumerate() {
            change.take(operation, &old, &new, number == 0, number == last);
        }
        change
    }

    fn take(&mut self, operation: &DiffOp, old: &[&str], new: &[&str], first: bool, last: bool) {
        let lines: Vec<(ChangeTag, &str)> = operation
            .iter_changes(old, new)
            .map(|line| (line.tag(), line.value()))
            .collect();
        let count = lines.len();
        for (at, (tag, text)) in lines.into_iter().enumerate() {
            let text = text.to_owned();
            match tag {
                ChangeTag::Delete => {
                    self.removed += 1;
                    self.lines.push(Line::Removed { text });
                }
                ChangeTag::Insert => {
                    self.added += 1;
                    self.lines.push(Line::Added { text });
                }
                ChangeTag::Equal => {
                    self.unchanged += 1;
                    let shown = (!first && at < AROUND) || (!last && at + AROUND >= count);
                    match self.lines.last_mut() {
                        _ if shown => self.lines.push(Line::Unchanged { text }),
                        Some(Line::Folded { count }) => *count += 1,
                        _ => self.lines.push(Line::Folded { count: 1 }),
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(before: &str, after: &str) -> String {
        let lines = StateChange::between(before, after).lines.into_iter().map(|line| match line {
            Line::Unchanged { text } => format!(" {text}"),
            Line::Removed { text } => format!("-{text}"),
            Line::Added { text } => format!("+{text}"),
            Line::Folded { count } => format!("@{count}"),
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_changed_line_with_what_is_around_it() {
        let before = (0..20).map(|n| format!("rule {n}\n")).collect::<String>();
        let after = before.replace("rule 10\n", "rule 10 disabled\n");
        assert_eq!(
            shown(&before, &after),
            "@7\n rule 7\n rule 8\n rule 9\n-rule 10\n+rule 10 disabled\n rule 11\n rule 12\n rule 13\n@6"
        );
    }

    #[test]
    fn equal_states_and_empty_ones() {
        assert!(StateChange::between("a\nb", "a\nb").is_empty());
        assert!(StateChange::between("", "").is_empty());
        assert_eq!(shown("", "a\n"), "+a");
        assert_eq!(shown("a\n", ""), "-a");
    }

    #[test]
    fn states_that_are_too_long_are_said_to_be() {
        let before = "x\n".repeat(MAX_LINES + 1);
        let change = StateChange::between(&before, "y");
        assert!(change.too_long && !change.is_empty() && change.lines.is_empty());
    }
}
