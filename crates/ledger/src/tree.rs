//! The Merkle tree of RFC 6962 §2.1 (the same as RFC 9162 §2.1) over SHA-256.
//!
//! [`Frontier`] grows a tree leaf by leaf in logarithmic space; [`prove_inclusion`] and [`prove_consistency`] make proofs from
//! stored nodes; [`check_inclusion`] and [`check_consistency`] check them with the algorithms of RFC 9162 §2.1.3.2 and §2.1.4.2.
//! No input, however hostile, makes them panic or loop. Cross-checked against the `tlog_tiles` crate, see
//! docs/decisions/0001-own-tree-checked-against-tlog-tiles.md. Bytes: docs/formats/log.md.

use crate::hash::{Hash, tagged_pair};
use crate::id::MAX_SAFE_INTEGER;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// Hash of a leaf: SHA-256(0x00 ‖ data).
pub fn leaf_hash(data: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update([0]).chain_update(data).finalize().into())
}

/// Hash of an inner node: SHA-256(0x01 ‖ left ‖ right).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    tagged_pair(1, left, right)
}

/// Root of the empty tree: SHA-256 of nothing.
pub fn empty_root() -> Hash {
    Hash::of(b"")
}

/// Largest power of two below `n`; `n` must be at least 2.
pub(crate) fn split(n: u64) -> u64 {
    1 << (63 - n.saturating_sub(1).max(1).leading_zeros())
}

/// A complete subtree: it covers the leaves from `index << level` to `(index + 1) << level`, exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeAt {
    /// 0 for leaves.
    pub level: u8,
    /// Position within the level, from the left.
    pub index: u64,
}

/// Complete subtrees that cover the leaves `from..to`, left to right, where the range is one that RFC 6962 hashes as a subtree:
/// `from` is a multiple of the largest power of two not above its length.
fn cover(from: u64, to: u64) -> Vec<NodeAt> {
    let mut nodes = Vec::new();
    let mut at = from;
    while at < to {
        let level = 63 - (to - at).leading_zeros();
        nodes.push(NodeAt {
            level: level as u8,
            index: at >> level,
        });
        at += 1 << level;
    }
    nodes
}

fn fold(nodes: &[Hash]) -> Option<Hash> {
    let (last, rest) = nodes.split_last()?;
    Some(rest.iter().rev().fold(*last, |right, left| node_hash(left, &right)))
}

/// A growing tree's right edge: everything needed to append and to know the root.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    /// Complete subtrees, largest first: one for each bit set in `size`.
    nodes: Vec<Hash>,
}

/// Bytes that are not a frontier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the stored tree frontier is damaged: {bytes} bytes do not fit its size; rebuild it from the entries")]
pub struct DamagedFrontier {
    /// How many bytes there were.
    pub bytes: usize,
}

impl Frontier {
    /// The empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Leaves so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf by its [`leaf_hash`].
    pub fn append(&mut self, leaf: Hash) {
        self.append_with(leaf, |_, _| {});
    }

    /// Appends a leaf and reports every node that it completes, itself first: what a [`HashStore`] has to keep.
    pub fn append_with(&mut self, leaf: Hash, mut completed: impl FnMut(NodeAt, Hash)) {
        let mut node = leaf;
        let mut at = NodeAt {
            level: 0,
            index: self.size,
        };
        completed(at, node);
        while at.index & 1 == 1 {
            let Some(left) = self.nodes.pop() else { break };
            node = node_hash(&left, &node);
            at = NodeAt {
                level: at.level + 1,
                index: at.index >> 1,
            };
            completed(at, node);
        }
        self.nodes.push(node);
        self.size += 1;
    }

    /// Root at the present size.
    pub fn root(&self) -> Hash {
        fold(&self.nodes).unwrap_or_else(empty_root)
    }

    /// Size as eight bytes, most significant first, then the nodes, largest subtree first, 32 bytes each.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.size.to_be_bytes().to_vec();
        out.extend(self.nodes.iter().flat_map(|node| node.0));
        out
    }

    /// Reads [`Self::to_bytes`].
    ///
    /// # Errors
    /// When length and size disagree.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DamagedFrontier> {
        let damaged = DamagedFrontier { bytes: bytes.len() };
        let (size, nodes) = bytes.split_first_chunk::<8>().ok_or(damaged.clone())?;
        let size = u64::from_be_bytes(*size);
        if size > MAX_SAFE_INTEGER || nodes.len() != 32 * size.count_ones() as usize {
            return Err(damaged);
        }
        let nodes = nodes
            .chunks_exact(32)
            .filter_map(|node| node.try_into().ok().map(Hash))
            .collect();
        Ok(Self { size, nodes })
    }
}

impl Serialize for Frontier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use base64::Engine as _;
        serializer.serialize_str(&base64::engine::general_purpose::STANDARD.encode(self.to_bytes()))
    }
}

impl<'de> Deserialize<'de> for Frontier {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use base64::Engine as _;
        let text = String::deserialize(deserializer)?;
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(text)
            .map_err(serde::de::Error::custom)?;
        Self::from_bytes(&bytes).map_err(serde::de::Error::custom)
    }
}

/// Where the nodes are kept that [`Frontier::append_with`] reported.
pub trait HashStore {
    /// The store's own failure.
    type Error;

    /// The hashes of these nodes, in this order, one for each.
    ///
    /// # Errors
    /// The store's; also when a node is not there.
    fn read(&self, nodes: &[NodeAt]) -> Result<Vec<Hash>, Self::Error>;
}

/// Why a proof could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProveError<E> {
    /// The log does not have what is asked for.
    #[error("there is no such proof: {wanted} is not within a log of {size} entries")]
    OutOfRange {
        /// Entry or size asked for.
        wanted: u64,
        /// Of the log.
        size: u64,
    },
    /// The store failed.
    #[error("stored tree nodes could not be read")]
    Store(#[source] E),
    /// The store answered with another number of hashes than it was asked for.
    #[error("stored tree nodes are missing")]
    Missing,
}

/// Reads the subtrees' covers with one call and folds each.
pub(crate) fn subtree_hashes<S: HashStore>(ranges: &[(u64, u64)], store: &S) -> Result<Vec<Hash>, ProveError<S::Error>> {
    let covers: Vec<Vec<NodeAt>> = ranges.iter().map(|(from, to)| cover(*from, *to)).collect();
    let wanted: Vec<NodeAt> = covers.iter().flatten().copied().collect();
    let found = store.read(&wanted).map_err(ProveError::Store)?;
    if found.len() != wanted.len() {
        return Err(ProveError::Missing);
    }
    let mut rest = found.as_slice();
    let mut hashes = Vec::with_capacity(ranges.len());
    for nodes in covers {
        let (here, after) = rest.split_at_checked(nodes.len()).ok_or(ProveError::Missing)?;
        hashes.push(fold(here).ok_or(ProveError::Missing)?);
        rest = after;
    }
    Ok(hashes)
}

/// Audit path of entry `index` in the tree of `size` leaves, leaf to root (RFC 6962 §2.1.1).
///
/// # Errors
/// When the entry is not within the size, or the store fails.
pub fn prove_inclusion<S: HashStore>(index: u64, size: u64, store: &S) -> Result<Vec<Hash>, ProveError<S::Error>> {
    if index >= size || size > MAX_SAFE_INTEGER {
        return Err(ProveError::OutOfRange { wanted: index, size });
    }
    let mut siblings = Vec::new();
    let (mut from, mut to) = (0, size);
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            siblings.push((middle, to));
            to = middle;
        } else {
            siblings.push((from, middle));
            from = middle;
        }
    }
    siblings.reverse();
    subtree_hashes(&siblings, store)
}

/// Proof that the tree of `from` leaves is a prefix of the tree of `to` leaves (RFC 6962 §2.1.2). Empty when `from` is 0 or `to`.
///
/// # Errors
/// When `from` exceeds `to`, or the store fails.
pub fn prove_consistency<S: HashStore>(from: u64, to: u64, store: &S) -> Result<Vec<Hash>, ProveError<S::Error>> {
    if from > to || to > MAX_SAFE_INTEGER {
        return Err(ProveError::OutOfRange { wanted: from, size: to });
    }
    if from == 0 || from == to {
        return Ok(Vec::new());
    }
    // SUBPROOF(m, D[left..right], b): walk down to where the old tree ends.
    let mut ranges = Vec::new();
    let (mut left, mut right, mut whole) = (0, to, true);
    while from != right {
        let middle = left + split(right - left);
        if from <= middle {
            ranges.push((middle, right));
            right = middle;
        } else {
            ranges.push((left, middle));
            left = middle;
            whole = false;
        }
    }
    if !whole {
        ranges.push((left, right));
    }
    ranges.reverse();
    subtree_hashes(&ranges, store)
}

/// A proof that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofFault {
    /// The numbers make no sense.
    #[error("the proof asks for {wanted} in a log of {size} entries")]
    OutOfRange {
        /// Entry or size asked for.
        wanted: u64,
        /// Of the log.
        size: u64,
    },
    /// Too few or too many hashes.
    #[error("the proof has {found} hashes, which is not the number that its position needs")]
    Length {
        /// How many it has.
        found: usize,
    },
    /// It leads to another root.
    #[error("the proof leads to root {found}, the checkpoint says {expected}: the entry or the log was altered")]
    Root {
        /// The checkpoint's.
        expected: Hash,
        /// The proof's.
        found: Hash,
    },
}

/// Checks that the leaf is entry `index` of the tree with this size and root (RFC 9162 §2.1.3.2).
///
/// # Errors
/// See [`ProofFault`].
pub fn check_inclusion(leaf: Hash, index: u64, size: u64, proof: &[Hash], root: Hash) -> Result<(), ProofFault> {
    if index >= size {
        return Err(ProofFault::OutOfRange { wanted: index, size });
    }
    let length = || ProofFault::Length { found: proof.len() };
    let (mut node, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in proof {
        if last == 0 {
            return Err(length());
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(length());
    }
    expect_root(root, hash)
}

/// Checks that the tree with the old size and root is a prefix of the one with the new (RFC 9162 §2.1.4.2).
///
/// # Errors
/// See [`ProofFault`].
pub fn check_consistency(from: (u64, Hash), to: (u64, Hash), proof: &[Hash]) -> Result<(), ProofFault> {
    let ((old_size, old_root), (new_size, new_root)) = (from, to);
    let length = || ProofFault::Length { found: proof.len() };
    if old_size > new_size {
        return Err(ProofFault::OutOfRange {
            wanted: old_size,
            size: new_size,
        });
    }
    if old_size == new_size || old_size == 0 {
        if !proof.is_empty() {
            return Err(length());
        }
        return expect_root(old_root, if old_size == 0 { empty_root() } else { new_root });
    }
    // A complete old tree is itself the first node of the proof.
    let implied = old_size.is_power_of_two().then_some(old_root);
    let mut hashes = implied.iter().chain(proof);
    let first = *hashes.next().ok_or_else(length)?;
    let (mut node, mut last) = (old_size - 1, new_size - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut old, mut new) = (first, first);
    for sibling in hashes {
        if last == 0 {
            return Err(length());
        }
        if node & 1 == 1 || node == last {
            old = node_hash(sibling, &old);
            new = node_hash(sibling, &new);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new = node_hash(&new, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(length());
    }
    expect_root(old_root, old)?;
    expect_root(new_root, new)
}

fn expect_root(expected: Hash, found: Hash) -> Result<(), ProofFault> {
    if expected == found {
        Ok(())
    } else {
        Err(ProofFault::Root { expected, found })
    }
}
