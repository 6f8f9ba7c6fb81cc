//! What is shown of a text: all, parts, or nothing (docs/formats/text.md, "Disclosures").
//!
//! Whoever holds text and seed can [`hide`] ranges of tokens; what remains still proves itself against the same commitment, and
//! says for every hidden range how many tokens it has, what they were and who hid them. An [`Opening`] shows one hidden range
//! later. Nothing in a disclosure helps to guess what it hides: hidden tokens appear only under salts of 128 bits.

use crate::hash::Hash;
use crate::text::{Commitment, MAX_TEXT_BYTES, NodeSeed, TextSeed, Tokens, bind, inner, is_word};
use crate::tree::split;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Names of classes, rules, persons and pseudonyms may be this long.
const MAX_LABEL_BYTES: usize = 200;

/// What is shown of one text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "shown", rename_all = "snake_case", deny_unknown_fields)]
pub enum Disclosure {
    /// All of it.
    Full {
        /// The text.
        text: String,
        /// Its seed.
        seed: TextSeed,
    },
    /// Some ranges of tokens; the others hidden, but counted and classified.
    Redacted {
        /// In order, without gaps.
        parts: Vec<Part>,
    },
    /// Nothing, ever again: text and seed were destroyed.
    Erased {},
}

/// A range of tokens within a redacted text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "part", rename_all = "snake_case", deny_unknown_fields)]
pub enum Part {
    /// Shown.
    Shown {
        /// The tokens, joined.
        text: String,
        /// Seeds of the largest subtrees within the range, left to right.
        seeds: Vec<NodeSeed>,
    },
    /// Hidden.
    Hidden {
        /// How many tokens.
        tokens: u64,
        /// Hashes of the largest subtrees within the range, left to right.
        hashes: Vec<Hash>,
        /// What was hidden and why.
        label: Label,
    },
}

/// Says of a hidden range what it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// Class, such as `email`, `user-path` or `secret`.
    pub class: String,
    /// The rule or the person that hid it.
    pub by: String,
    /// Stands for the hidden content; the same content has the same one within a share.
    pub pseudonym: String,
}

/// Never shows texts or seeds: disclosures pass through logs and panics.
impl std::fmt::Debug for Disclosure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Full { text, .. } => write!(f, "Full({} bytes)", text.len()),
            Self::Redacted { parts } => f.debug_tuple("Redacted").field(parts).finish(),
            Self::Erased {} => f.write_str("Erased"),
        }
    }
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Shown { text, .. } => write!(f, "Shown({} bytes)", text.len()),
            Self::Hidden { tokens, label, .. } => write!(f, "Hidden({tokens} tokens of class {})", label.class),
        }
    }
}

/// A hidden range's tokens and seeds, revealed later to somebody entitled.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// Number of the range's first token within the text.
    pub first_token: u64,
    /// The tokens, joined.
    pub text: String,
    /// Seeds of the largest subtrees within the range, left to right.
    pub seeds: Vec<NodeSeed>,
}

impl std::fmt::Debug for Opening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Opening(token {}, {} bytes)", self.first_token, self.text.len())
    }
}

/// A piece of a text, proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece<'a> {
    /// These are the original's words.
    Shown(&'a str),
    /// Something stood here.
    Hidden {
        /// How many tokens.
        tokens: u64,
        /// What.
        label: &'a Label,
    },
    /// The whole text was erased.
    Erased,
}

/// A disclosure that does not match its commitment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DisclosureFault {
    /// Longer than texts may be.
    #[error("the text has {bytes} bytes, more than the {MAX_TEXT_BYTES} that a text may have")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// The parts do not add up.
    #[error("the parts hold {found} tokens, the commitment says {expected}")]
    Tokens {
        /// Committed.
        expected: u64,
        /// Found.
        found: u64,
    },
    /// The parts are not built as they must be.
    #[error("the redacted text is malformed: {0}")]
    Malformed(&'static str),
    /// Another text, seed or redaction than what was committed to.
    #[error("the text does not match its commitment: it was altered, or belongs to another entry")]
    Mismatch,
}

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
    /// Checks it against the commitment and returns what it proves, in order.
    ///
    /// # Errors
    /// See [`DisclosureFault`].
    pub fn verify(&self, commitment: &Commitment) -> Result<Vec<Piece<'_>>, DisclosureFault> {
        match self {
            Self::Full { text, seed } => {
                if text.len() > MAX_TEXT_BYTES {
                    return Err(DisclosureFault::TooLong { bytes: text.len() });
                }
                let holds = crate::text::verify(text, seed, commitment);
                if holds {
                    Ok(vec![Piece::Shown(text)])
                } else {
                    Err(DisclosureFault::Mismatch)
                }
            }
            Self::Redacted { parts } => {
                check_shape(parts)?;
                Rebuild::of(parts, commitment.tokens)?.finish(commitment)?;
                Ok(parts.iter().map(Part::piece).collect())
            }
            Self::Erased {} => Ok(vec![Piece::Erased]),
        }
    }

    /// The whole text, when all of it is shown. Proves nothing: see [`Self::verify`].
    pub fn full_text(&self) -> Option<&str> {
        match self {
            Self::Full { text, .. } => Some(text),
            Self::Redacted { .. } | Self::Erased {} => None,
        }
    }

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

impl Part {
    fn tokens(&self) -> u64 {
        match self {
            Self::Shown { text, .. } => crate::text::token_ends(text).len() as u64,
            Self::Hidden { tokens, .. } => *tokens,
        }
    }

    fn piece(&self) -> Piece<'_> {
        match self {
            Self::Shown { text, .. } => Piece::Shown(text),
            Self::Hidden { tokens, label, .. } => Piece::Hidden { tokens: *tokens, label },
        }
    }
}

/// What can be said without hashing: sizes, and that tokens of neighbouring shown parts are whole.
fn check_shape(parts: &[Part]) -> Result<(), DisclosureFault> {
    let mut bytes = 0;
    let mut before: Option<char> = None;
    for part in parts {
        match part {
            Part::Shown { text, .. } => {
                let first = text.chars().next().ok_or(DisclosureFault::Malformed("an empty shown part"))?;
                if before.is_some_and(|before| is_word(before) == is_word(first)) {
                    return Err(DisclosureFault::Malformed("a token cut in two"));
                }
                before = text.chars().next_back();
                bytes += text.len();
            }
            Part::Hidden { tokens, label, .. } => {
                if *tokens == 0 {
                    return Err(DisclosureFault::Malformed("an empty hidden part"));
                }
                let labels = [&label.class, &label.by, &label.pseudonym];
                if label.class.is_empty() || labels.iter().any(|label| label.len() > MAX_LABEL_BYTES) {
                    return Err(DisclosureFault::Malformed("a label that is missing or too long"));
                }
                before = None;
            }
        }
    }
    if bytes > MAX_TEXT_BYTES {
        Err(DisclosureFault::TooLong { bytes })
    } else {
        Ok(())
    }
}

/// One part with its place and what is left of its subtrees.
struct Span<'a> {
    range: Range<u64>,
    kind: SpanKind<'a>,
}

enum SpanKind<'a> {
    Shown(Tokens<'a>, std::slice::Iter<'a, NodeSeed>),
    Hidden(std::slice::Iter<'a, Hash>),
}

/// Computes the token tree's root from parts.
struct Rebuild<'a> {
    spans: Vec<Span<'a>>,
    count: u64,
}

impl<'a> Rebuild<'a> {
    fn of(parts: &'a [Part], expected: u64) -> Result<Self, DisclosureFault> {
        let mut spans = Vec::with_capacity(parts.len());
        let mut at: u64 = 0;
        for part in parts {
            let (tokens, kind) = match part {
                Part::Shown { text, seeds } => {
                    let tokens = Tokens::of(text);
                    (tokens.count(), SpanKind::Shown(tokens, seeds.iter()))
                }
                Part::Hidden { tokens, hashes, .. } => (*tokens, SpanKind::Hidden(hashes.iter())),
            };
            let end = at.saturating_add(tokens);
            spans.push(Span { range: at..end, kind });
            at = end;
        }
        if at != expected || at > MAX_TEXT_BYTES as u64 {
            return Err(DisclosureFault::Tokens { expected, found: at });
        }
        Ok(Self { spans, count: at })
    }

    fn finish(mut self, commitment: &Commitment) -> Result<(), DisclosureFault> {
        let tree = self.subtree(0, self.count)?;
        let unused = self.spans.iter().any(|span| match &span.kind {
            SpanKind::Shown(_, seeds) => seeds.len() > 0,
            SpanKind::Hidden(hashes) => hashes.len() > 0,
        });
        if unused {
            return Err(DisclosureFault::Malformed("more seeds or hashes than the range has subtrees"));
        }
        if bind(self.count, &tree) == *commitment {
            Ok(())
        } else {
            Err(DisclosureFault::Mismatch)
        }
    }

    fn subtree(&mut self, from: u64, to: u64) -> Result<Hash, DisclosureFault> {
        let number = self.spans.partition_point(|span| span.range.end <= from);
        let span = self.spans.get_mut(number).ok_or(DisclosureFault::Mismatch)?;
        if to <= span.range.end {
            let found = match &mut span.kind {
                SpanKind::Shown(tokens, seeds) => {
                    let first = span.range.start;
                    seeds.next().map(|seed| tokens.subtree(from - first, to - first, seed))
                }
                SpanKind::Hidden(hashes) => hashes.next().copied(),
            };
            return found.ok_or(DisclosureFault::Malformed(
                "fewer seeds or hashes than the range has subtrees",
            ));
        }
        let middle = from + split(to - from);
        let left = self.subtree(from, middle)?;
        Ok(inner(&left, &self.subtree(middle, to)?))
    }
}
