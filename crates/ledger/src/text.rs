//! Texts and the commitments that entries carry instead of them (docs/formats/text.md).

use serde::{Deserialize, Serialize};

/// A text may hold at most this many bytes of UTF-8.
pub const MAX_TEXT_BYTES: usize = 65_536;

/// Commits to a text, token by token, so that ranges can later be hidden, counted, opened, or the whole erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commitment {
    /// How many tokens the text has.
    pub tokens: u64,
    /// Root hash, 32 bytes, standard base64 with padding.
    pub root: String,
}

/// The secret from which every token's salt grows: 32 bytes, standard base64 with padding.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TextSeed(pub String);
