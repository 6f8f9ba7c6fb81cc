//! What is shown of a text: all, parts, or nothing (docs/formats/text.md, "Disclosures").
//!
//! A redacted text still proves itself against the same commitment, and says for every hidden range how many tokens it has, what they
//! were and who hid them. Nothing in a disclosure helps to guess what it hides: hidden tokens appear only under salts of 128 bits.
//! [`crate::redaction`] makes and opens them.

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
                if !holds {
                    return Err(DisclosureFault::Mismatch);
                }
            }
            Self::Redacted { parts } => {
                check_shape(parts)?;
                Rebuild::of(parts, commitment.tokens)?.finish(commitment)?;
            }
            Self::Erased {} => {}
        }
        Ok(self.pieces())
    }

    /// What it shows and hides, in order. Proves nothing: for disclosures that [`Self::verify`] accepted before, which costs a hash for each
    /// token.
    pub fn pieces(&self) -> Vec<Piece<'_>> {
        match self {
            Self::Full { text, .. } => vec![Piece::Shown(text)],
            Self::Redacted { parts } => parts.iter().map(Part::piece).collect(),
            Self::Erased {} => vec![Piece::Erased],
        }
    }

    /// The whole text, when all of it is shown. Proves nothing: see [`Self::verify`].
    pub fn full_text(&self) -> Option<&str> {
        match self {
            Self::Full { text, .. } => Some(text),
            Self::Redacted { .. } | Self::Erased {} => None,
        }
    }
}

impl Part {
    pub(crate) fn tokens(&self) -> u64 {
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
