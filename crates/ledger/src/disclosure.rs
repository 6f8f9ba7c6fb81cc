//! What is shown of a text: all, parts, or nothing (docs/formats/text.md).

use crate::text::TextSeed;
use serde::{Deserialize, Serialize};

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
}

/// Never shows text or seed: disclosures pass through logs and panics.
impl std::fmt::Debug for Disclosure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Full { text, .. } => write!(f, "Full({} bytes)", text.len()),
        }
    }
}
