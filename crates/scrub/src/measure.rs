//! How much a scrub finds, measured on the very session that it scrubs.
//!
//! Synthetic identifiers of every class are planted into a copy of the session's texts, in the surroundings that such identifiers
//! have in terminals (`plant`); the copy is scrubbed like the original; what was found of them is the recall that the share states. The copy
//! is thrown away. The identifiers are drawn from a seed that the caller passes, so that nobody can tune rules to them.

use crate::class::Class;
use crate::plant::{Random, sow};
use crate::rule::Rules;
use crate::session::{Facts, Text, scrub};
use crate::workers::Workers;
use std::collections::BTreeMap;
use std::ops::Range;

/// Planted and found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recall {
    /// Identifiers planted.
    pub planted: u32,
    /// Of these, hidden completely.
    pub found: u32,
}

impl Recall {
    /// Between 0 and 1; 1 when nothing was planted.
    pub fn ratio(self) -> f64 {
        if self.planted == 0 {
            1.0
        } else {
            f64::from(self.found) / f64::from(self.planted)
        }
    }
}

/// Plants `each` identifiers of every class into a copy of the texts and says how many of them a scrub hides.
///
/// # Errors
/// As [`scrub`].
pub fn measure(
    rules: &Rules,
    facts: &Facts,
    texts: &[Text<'_>],
    seed: u64,
    each: u32,
    workers: &dyn Workers,
) -> Result<BTreeMap<Class, Recall>, std::num::TryFromIntError> {
    let mut random = Random::new(seed);
    let mut copies: Vec<String> = texts.iter().map(|text| text.text.to_owned()).collect();
    if copies.is_empty() {
        copies.push(String::new());
    }
    // Each goes to the end of a text, so that ranges of earlier ones stay.
    let mut planted: Vec<(usize, Range<usize>, Class)> = Vec::new();
    for class in Class::ALL {
        for _ in 0..each {
            let plant = sow(class, &mut random);
            let place = random.below(copies.len());
            let Some(copy) = copies.get_mut(place) else { continue };
            if !copy.is_empty() && !copy.ends_with('\n') {
                copy.push('\n');
            }
            let start = copy.len() + plant.range.start;
            planted.push((place, start..copy.len() + plant.range.end, class));
            copy.push_str(&plant.line);
            copy.push('\n');
        }
    }
    let shadows: Vec<Text<'_>> = copies.iter().map(|text| Text { text, kept: &[] }).collect();
    let found = scrub(rules, facts, &shadows, workers)?;
    let mut recalls: BTreeMap<Class, Recall> = BTreeMap::new();
    for (place, range, class) in planted {
        let recall = recalls.entry(class).or_default();
        recall.planted += 1;
        let hidden = found
            .get(place)
            .is_some_and(|findings| covers(findings.iter().map(|finding| finding.range.clone()), &range));
        recall.found += u32::from(hidden);
    }
    Ok(recalls)
}

/// Whether ascending ranges cover this one without a gap.
pub(crate) fn covers(ranges: impl Iterator<Item = Range<usize>>, wanted: &Range<usize>) -> bool {
    let mut at = wanted.start;
    for range in ranges {
        if range.start > at {
            break;
        }
        at = at.max(range.end);
    }
    at >= wanted.end
}
