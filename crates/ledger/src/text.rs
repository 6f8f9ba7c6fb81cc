//! Texts and the commitments that entries carry instead of them (docs/formats/text.md).
//!
//! A text is split into tokens; each token gets a 16-byte salt from a GGM tree grown from the text's seed; salted token hashes
//! form a tree whose root, together with the number of tokens, is the commitment: the redactable-signature construction of
//! Johnson, Molnar, Song and Wagner (CT-RSA 2002). Lossless conversion between bytes and text is in [`crate::lossless`];
//! showing parts is in [`crate::disclosure`].

use crate::hash::{Hash, deserialize_base64, encode_base64, tagged, tagged_pair, tagged_seed};
use crate::tree::split;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A text may hold at most this many bytes of UTF-8.
pub const MAX_TEXT_BYTES: usize = 65_536;

/// Commits to a text, token by token, so that ranges can later be hidden, counted, opened, or the whole erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commitment {
    /// Root hash.
    pub root: Hash,
    /// How many tokens the text has.
    pub tokens: u64,
}

/// The secret from which every token's salt grows: 32 bytes, on the wire standard base64 with padding. Wiped when dropped.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct TextSeed([u8; 32]);

impl TextSeed {
    /// Takes 32 bytes that nobody else knows; the caller draws them, fresh for every text.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The secret itself.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Serialize for TextSeed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(encode_base64(&self.0, &mut [0; 44]))
    }
}

impl<'de> Deserialize<'de> for TextSeed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_base64(deserializer).map(Self)
    }
}

/// A node of the seed tree: every salt below it can be derived from it. 16 bytes, on the wire standard base64. Wiped when dropped.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct NodeSeed(pub(crate) [u8; 16]);

impl NodeSeed {
    /// The seed tree's root: first half of SHA-256(0x22 ‖ seed).
    pub(crate) fn root(seed: &TextSeed) -> Self {
        let Hash(hash) = tagged(0x22, &seed.0, &[]);
        halves(&hash).0
    }

    /// Left and right child: the halves of SHA-256(0x20 ‖ seed).
    #[inline]
    pub(crate) fn children(&self) -> (Self, Self) {
        let Hash(hash) = tagged_seed(0x20, &self.0);
        halves(&hash)
    }
}

#[inline]
fn halves(hash: &[u8; 32]) -> (NodeSeed, NodeSeed) {
    let (mut left, mut right) = ([0; 16], [0; 16]);
    let (first, second) = hash.split_at(16);
    left.copy_from_slice(first);
    right.copy_from_slice(second);
    (NodeSeed(left), NodeSeed(right))
}

impl Serialize for NodeSeed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(encode_base64(&self.0, &mut [0; 24]))
    }
}

impl<'de> Deserialize<'de> for NodeSeed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_base64(deserializer).map(Self)
    }
}

/// Ranges of scalar values that belong to words, besides ASCII letters, digits and underscore. Fixed for this format: it follows
/// no version of Unicode, so that every verifier splits alike (docs/formats/text.md, "Tokens").
const WORD_RANGES: &[(u32, u32)] = &[
    (0x00AA, 0x00AA),
    (0x00B5, 0x00B5),
    (0x00BA, 0x00BA),
    (0x00C0, 0x00D6),
    (0x00D8, 0x00F6),
    (0x00F8, 0x1FFF),
    (0x2C00, 0x2DFF),
    (0x3040, 0xD7FF),
    (0xF900, 0xFDFF),
    (0xFE70, 0xFEFE),
    (0xFF10, 0xFF19),
    (0xFF21, 0xFF3A),
    (0xFF3F, 0xFF3F),
    (0xFF41, 0xFF5A),
    (0xFF66, 0xFFDC),
    (0x1_0000, 0x1_EFFF),
    (0x2_0000, 0x3_FFFF),
];

/// Whether a character belongs to words rather than to what separates them.
#[inline]
pub fn is_word(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || c == '_';
    }
    let value = u32::from(c);
    WORD_RANGES.iter().any(|(first, last)| (*first..=*last).contains(&value))
}

/// Where each token ends, as byte offsets; the last is the text's length. Tokens are maximal runs of word characters and maximal
/// runs of all others.
pub fn token_ends(text: &str) -> Vec<u32> {
    let mut ends = Vec::with_capacity(text.len() / 3 + 1);
    let mut last: Option<bool> = None;
    for (at, c) in text.char_indices() {
        let word = is_word(c);
        if last.is_some_and(|before| before != word) {
            ends.push(at as u32);
        }
        last = Some(word);
    }
    if last.is_some() {
        ends.push(text.len() as u32);
    }
    ends
}

/// The tokens of a text by number.
pub(crate) struct Tokens<'a> {
    text: &'a str,
    pub(crate) ends: Vec<u32>,
}

impl<'a> Tokens<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        Self {
            text,
            ends: token_ends(text),
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.ends.len() as u64
    }

    /// Byte offset where token `number` begins; the text's length for one past the last.
    pub(crate) fn start(&self, number: u64) -> usize {
        let before = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        before.map_or(0, |before| self.ends.get(before).map_or(self.text.len(), |end| *end as usize))
    }

    /// The text of tokens `from..to`.
    pub(crate) fn slice(&self, from: u64, to: u64) -> &'a str {
        self.text.get(self.start(from)..self.start(to)).unwrap_or_default()
    }

    /// Hash of the subtree over tokens `from..to`, grown from its seed. A text without tokens hashes like one empty token.
    pub(crate) fn subtree(&self, from: u64, to: u64, seed: &NodeSeed) -> Hash {
        if to.saturating_sub(from) <= 1 {
            return tagged(0x10, &seed.0, self.slice(from, to).as_bytes());
        }
        let middle = from + split(to - from);
        let (left, right) = seed.children();
        inner(&self.subtree(from, middle, &left), &self.subtree(middle, to, &right))
    }
}

/// Hash of an inner node of the token tree.
pub(crate) fn inner(left: &Hash, right: &Hash) -> Hash {
    tagged_pair(0x11, left, right)
}

/// Binds the number of tokens to the token tree's root.
pub(crate) fn bind(tokens: u64, tree: &Hash) -> Commitment {
    Commitment {
        tokens,
        root: tagged(0x12, &tokens.to_be_bytes(), &tree.0),
    }
}

/// Commits to a text.
pub fn commit(text: &str, seed: &TextSeed) -> Commitment {
    let tokens = Tokens::of(text);
    let count = tokens.count();
    bind(count, &tokens.subtree(0, count, &NodeSeed::root(seed)))
}

/// Whether text and seed are what the commitment was made from.
pub fn verify(text: &str, seed: &TextSeed, commitment: &Commitment) -> bool {
    commit(text, seed) == *commitment
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tokens(text: &str) -> Vec<&str> {
        let tokens = Tokens::of(text);
        (0..tokens.count()).map(|number| tokens.slice(number, number + 1)).collect()
    }

    #[test]
    fn words_and_what_is_between_them() {
        assert_eq!(tokens(""), Vec::<&str>::new());
        assert_eq!(
            tokens("C:\\Users\\j_doe\t42"),
            ["C", ":\\", "Users", "\\", "j_doe", "\t", "42"]
        );
        assert_eq!(
            tokens("žluťoučký—kůň 你好。Привет"),
            ["žluťoučký", "—", "kůň", " ", "你好", "。", "Привет"]
        );
        assert_eq!(tokens("a\u{10ff80}b😀"), ["a", "\u{10ff80}", "b", "😀"]);
    }

    proptest! {
        #[test]
        fn tokens_alternate_and_cover_everything(text in any::<String>()) {
            let parts = tokens(&text);
            prop_assert_eq!(&parts.concat(), &text);
            for pair in parts.windows(2) {
                prop_assert_ne!(is_word(pair[0].chars().next().unwrap()), is_word(pair[1].chars().next().unwrap()));
            }
            for part in parts {
                let word = is_word(part.chars().next().unwrap());
                prop_assert!(part.chars().all(|c| is_word(c) == word));
            }
        }

        #[test]
        fn another_text_or_seed_is_another_commitment(a in ".{0,80}", b in ".{0,80}", seed in any::<[u8; 32]>(), bit in 0_usize..256) {
            let seed = TextSeed::from_bytes(seed);
            let commitment = commit(&a, &seed);
            prop_assert!(verify(&a, &seed, &commitment));
            prop_assert_eq!(verify(&b, &seed, &commitment), a == b);
            let mut other = *seed.as_bytes();
            other[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!verify(&a, &TextSeed::from_bytes(other), &commitment));
        }
    }
}
