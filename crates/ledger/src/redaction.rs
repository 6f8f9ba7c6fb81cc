//! Hiding ranges of a text, and opening them later (docs/formats/text.md, "Disclosures").
//!
//! Whoever holds text and seed can [`hide`] ranges of tokens and keep an [`Opening`] for each. Which ranges are worth hiding is
//! decided elsewhere; [`token_ranges`] turns byte ranges, which finders give, into the token ranges that cover them.

use crate::disclosure::{Disclosure, DisclosureFault, Label, Opening, Part};
use crate::text::{Commitment, NodeSeed, TextSeed, Tokens};
use crate::tree::split;
use std::ops::Range;

/// A request to hide or open that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HideError {
    /// Ranges must be ascending, apart from each other, not empty, and within the text.
    #[error("token range {from}..{to} is empty, out of order, or beyond the text's {tokens} tokens")]
    Range {
        /// First.
        from: u64,
        /// One past the last.
        to: u64,
        /// Of the text.
        tokens: u64,
    },
    /// There is no such hidden part.
    #[error("no hidden part begins at token {0}")]
    NotHidden(u64),
    /// The opening does not fit.
    #[error("the opening does not fit the hidden range")]
    Opening(#[source] DisclosureFault),
}

/// Token ranges that cover these byte ranges of the text; ascending, merged where they touch or overlap.
pub fn token_ranges(text: &str, bytes: &[Range<usize>]) -> Vec<Range<u64>> {
    let ends = Tokens::of(text).ends;
    let mut ranges: Vec<Range<u64>> = bytes
        .iter()
        .filter(|range| range.start < range.end && range.start < text.len())
        .map(|range| {
            let first = ends.partition_point(|end| *end as usize <= range.start);
            let last = ends.partition_point(|end| (*end as usize) < range.end.min(text.len()));
            first as u64..last as u64 + 1
        })
        .collect();
    ranges.sort_by_key(|range| range.start);
    let mut merged: Vec<Range<u64>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

/// Hides these ranges of tokens and shows the rest. Ranges ascend and do not overlap; they may touch. A text in which nothing is
/// hidden is disclosed in full.
///
/// # Errors
/// When a range makes no sense.
pub fn hide(text: &str, seed: &TextSeed, ranges: &[(Range<u64>, Label)]) -> Result<Disclosure, HideError> {
    if ranges.is_empty() {
        return Ok(Disclosure::Full {
            text: text.to_owned(),
            seed: seed.clone(),
        });
    }
    let tokens = Tokens::of(text);
    let count = tokens.count();
    let mut parts = Vec::with_capacity(ranges.len() * 2 + 1);
    let mut at = 0;
    for (range, label) in ranges {
        if range.start < at || range.end <= range.start || range.end > count {
            return Err(HideError::Range {
                from: range.start,
                to: range.end,
                tokens: count,
            });
        }
        if at < range.start {
            parts.push(shown(&tokens, seed, at..range.start));
        }
        let mut hashes = Vec::new();
        walk(range, 0..count, &NodeSeed::root(seed), &mut |node, seed| {
            hashes.push(tokens.subtree(node.start, node.end, seed))
        });
        parts.push(Part::Hidden {
            tokens: range.end - range.start,
            hashes,
            label: label.clone(),
        });
        at = range.end;
    }
    if at < count {
        parts.push(shown(&tokens, seed, at..count));
    }
    Ok(Disclosure::Redacted { parts })
}

/// What opens this range of tokens later.
///
/// # Errors
/// When the range makes no sense.
pub fn opening(text: &str, seed: &TextSeed, range: Range<u64>) -> Result<Opening, HideError> {
    let tokens = Tokens::of(text);
    if range.end <= range.start || range.end > tokens.count() {
        return Err(HideError::Range {
            from: range.start,
            to: range.end,
            tokens: tokens.count(),
        });
    }
    let text = tokens.slice(range.start, range.end).to_owned();
    Ok(Opening {
        first_token: range.start,
        text,
        seeds: seeds(&tokens, seed, range),
    })
}

fn shown(tokens: &Tokens<'_>, seed: &TextSeed, range: Range<u64>) -> Part {
    Part::Shown {
        text: tokens.slice(range.start, range.end).to_owned(),
        seeds: seeds(tokens, seed, range),
    }
}

fn seeds(tokens: &Tokens<'_>, seed: &TextSeed, range: Range<u64>) -> Vec<NodeSeed> {
    let mut seeds = Vec::new();
    walk(&range, 0..tokens.count(), &NodeSeed::root(seed), &mut |_, seed| {
        seeds.push(seed.clone())
    });
    seeds
}

/// Visits the largest subtrees of `node` that lie within `range`, left to right.
fn walk(range: &Range<u64>, node: Range<u64>, seed: &NodeSeed, visit: &mut impl FnMut(Range<u64>, &NodeSeed)) {
    if node.end <= range.start || range.end <= node.start || node.is_empty() {
        return;
    }
    if range.start <= node.start && node.end <= range.end {
        return visit(node, seed);
    }
    let middle = node.start + split(node.end - node.start);
    let (left, right) = seed.children();
    walk(range, node.start..middle, &left, visit);
    walk(range, middle..node.end, &right, visit);
}

impl Disclosure {
    /// Shows one hidden part, and checks that what it shows is what was committed to.
    ///
    /// # Errors
    /// When no hidden part begins there, or the opening does not fit.
    pub fn open(&self, opening: &Opening, commitment: &Commitment) -> Result<Self, HideError> {
        let not_hidden = HideError::NotHidden(opening.first_token);
        let Self::Redacted { parts } = self else {
            return Err(not_hidden);
        };
        let mut parts = parts.clone();
        let mut at = 0;
        let found = parts.iter_mut().find(|part| {
            let here = at == opening.first_token && matches!(part, Part::Hidden { .. });
            at += part.tokens();
            here
        });
        *found.ok_or(not_hidden)? = Part::Shown {
            text: opening.text.clone(),
            seeds: opening.seeds.clone(),
        };
        let opened = Self::Redacted { parts };
        opened.verify(commitment).map_err(HideError::Opening)?;
        Ok(opened)
    }
}
