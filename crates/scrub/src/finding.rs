//! One thing found, and how overlapping findings become ranges that can be hidden.

use crate::class::Class;
use std::ops::Range;

/// A range of a text that should not leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Bytes of the text, on character boundaries.
    pub range: Range<usize>,
    /// What it is.
    pub class: Class,
    /// The rule that found it, stable within a version: what the label of the removal names.
    pub rule: &'static str,
}

impl Finding {
    pub(crate) fn new(range: Range<usize>, class: Class, rule: &'static str) -> Self {
        Self { range, class, rule }
    }
}

/// Makes findings ascending and apart from each other. Nothing found is lost: those that overlap become one range over all of
/// them, which takes class and rule of the first in the order of [`Class::ALL`].
pub(crate) fn settle(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.retain(|finding| !finding.range.is_empty());
    findings.sort_by_key(|finding| (finding.range.start, finding.class));
    let mut settled: Vec<Finding> = Vec::with_capacity(findings.len());
    for finding in findings {
        match settled.last_mut() {
            Some(last) if finding.range.start < last.range.end => {
                last.range.end = last.range.end.max(finding.range.end);
                if finding.class < last.class {
                    (last.class, last.rule) = (finding.class, finding.rule);
                }
            }
            _ => settled.push(finding),
        }
    }
    settled
}

/// Takes out of the findings what must stay visible; what is left of a finding on both sides remains hidden. `kept` ascends.
pub(crate) fn keep(findings: Vec<Finding>, kept: &[Range<usize>]) -> Vec<Finding> {
    if kept.is_empty() {
        return findings;
    }
    let mut left = Vec::with_capacity(findings.len());
    for finding in findings {
        let mut start = finding.range.start;
        for stay in kept
            .iter()
            .filter(|stay| stay.start < finding.range.end && finding.range.start < stay.end)
        {
            if start < stay.start {
                left.push(Finding::new(start..stay.start, finding.class, finding.rule));
            }
            start = start.max(stay.end);
        }
        if start < finding.range.end {
            left.push(Finding::new(start..finding.range.end, finding.class, finding.rule));
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlaps_become_one_range_and_nothing_is_lost() {
        let found = vec![
            Finding::new(4..9, Class::Email, "a"),
            Finding::new(0..5, Class::Password, "b"),
            Finding::new(9..12, Class::Ip, "c"),
            Finding::new(3..3, Class::Key, "empty"),
        ];
        assert_eq!(
            settle(found),
            [Finding::new(0..9, Class::Password, "b"), Finding::new(9..12, Class::Ip, "c")]
        );
    }

    #[test]
    fn what_must_stay_is_cut_out() {
        let found = vec![Finding::new(2..10, Class::Document, "a")];
        assert_eq!(
            keep(found, &[0..3, 5..6]),
            [
                Finding::new(3..5, Class::Document, "a"),
                Finding::new(6..10, Class::Document, "a")
            ]
        );
    }
}
