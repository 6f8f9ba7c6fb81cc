//! One proof for many entries at once (docs/formats/pack.md, "Set proof").
//!
//! Given some leaves of a tree and their places, the root follows from them and from the hashes of the largest subtrees that hold none
//! of them, left to right. A dense run of entries, the few earlier ones that introduce keys, or both together need one short list
//! instead of a path for each. No input makes this panic; work is bounded by the number of leaves given.

use crate::hash::Hash;
use crate::id::MAX_SAFE_INTEGER;
use crate::tree::{HashStore, ProveError, empty_root, node_hash, split, subtree_hashes};

/// A set proof that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetFault {
    /// Places must ascend and lie within the size.
    #[error("the entries are not in ascending order within a log of {size} entries: {place} does not fit")]
    Place {
        /// The one that does not fit.
        place: u64,
        /// Of the log.
        size: u64,
    },
    /// Too few or too many hashes.
    #[error("the proof has {found} hashes, which is not the number that these entries need")]
    Length {
        /// How many it has.
        found: usize,
    },
}

/// Hashes of the largest subtrees that hold none of these places, left to right.
///
/// # Errors
/// When the places do not ascend within the size, or the store fails.
pub fn prove_set<S: HashStore>(places: &[u64], size: u64, store: &S) -> Result<Vec<Hash>, ProveError<S::Error>> {
    if size > MAX_SAFE_INTEGER || first_misplaced(places.iter().copied(), size).is_some() {
        let wanted = places.last().copied().unwrap_or(size);
        return Err(ProveError::OutOfRange { wanted, size });
    }
    let mut ranges = Vec::new();
    if size > 0 {
        hidden(places, 0, size, &mut ranges);
    }
    subtree_hashes(&ranges, store)
}

/// The root that these leaves and hashes lead to. Leaves are place and hash, ascending.
///
/// # Errors
/// See [`SetFault`].
pub fn set_root(leaves: &[(u64, Hash)], size: u64, proof: &[Hash]) -> Result<Hash, SetFault> {
    if let Some(place) = first_misplaced(leaves.iter().map(|(place, _)| *place), size.min(MAX_SAFE_INTEGER)) {
        return Err(SetFault::Place { place, size });
    }
    let length = || SetFault::Length { found: proof.len() };
    let mut rest = proof.iter();
    let root = if size == 0 {
        empty_root()
    } else {
        rebuild(leaves, 0, size, &mut rest).ok_or_else(length)?
    };
    if rest.next().is_some() { Err(length()) } else { Ok(root) }
}

fn first_misplaced(places: impl Iterator<Item = u64>, size: u64) -> Option<u64> {
    let mut least = 0;
    for place in places {
        if place < least || place >= size {
            return Some(place);
        }
        least = place + 1;
    }
    None
}

fn hidden(places: &[u64], from: u64, to: u64, ranges: &mut Vec<(u64, u64)>) {
    if places.is_empty() {
        ranges.push((from, to));
    } else if to - from > 1 {
        let middle = from + split(to - from);
        let (left, right) = places.split_at(places.partition_point(|place| *place < middle));
        hidden(left, from, middle, ranges);
        hidden(right, middle, to, ranges);
    }
}

fn rebuild(leaves: &[(u64, Hash)], from: u64, to: u64, proof: &mut std::slice::Iter<'_, Hash>) -> Option<Hash> {
    match leaves {
        [] => proof.next().copied(),
        [(_, leaf)] if to - from == 1 => Some(*leaf),
        _ => {
            let middle = from + split(to - from);
            let (left, right) = leaves.split_at(leaves.partition_point(|(place, _)| *place < middle));
            let left = rebuild(left, from, middle, proof)?;
            Some(node_hash(&left, &rebuild(right, middle, to, proof)?))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::tree::{Frontier, NodeAt, leaf_hash, prove_inclusion};
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    struct Nodes(BTreeMap<NodeAt, Hash>);

    impl HashStore for Nodes {
        type Error = NodeAt;
        fn read(&self, nodes: &[NodeAt]) -> Result<Vec<Hash>, NodeAt> {
            nodes.iter().map(|at| self.0.get(at).copied().ok_or(*at)).collect()
        }
    }

    fn tree(size: u64) -> (Nodes, Vec<Hash>, Hash) {
        let (mut nodes, mut frontier) = (BTreeMap::new(), Frontier::new());
        let leaves: Vec<Hash> = (0..size).map(|place| leaf_hash(&place.to_be_bytes())).collect();
        for leaf in &leaves {
            frontier.append_with(*leaf, |at, hash| {
                nodes.insert(at, hash);
            });
        }
        (Nodes(nodes), leaves, frontier.root())
    }

    #[test]
    fn one_entry_needs_the_hashes_of_its_path() {
        let (nodes, _, _) = tree(13);
        for place in 0..13 {
            let set: BTreeSet<Hash> = prove_set(&[place], 13, &nodes).unwrap().into_iter().collect();
            let path: BTreeSet<Hash> = prove_inclusion(place, 13, &nodes).unwrap().into_iter().collect();
            assert_eq!(set, path);
        }
        assert!(prove_set(&[3, 3], 13, &nodes).is_err() && prove_set(&[13], 13, &nodes).is_err());
        assert_eq!(set_root(&[], 0, &[]), Ok(empty_root()));
        assert!(set_root(&[(u64::MAX, empty_root())], u64::MAX, &[]).is_err());
    }

    proptest! {
        #[test]
        fn exactly_the_true_leaves_lead_to_the_root(
            size in 1_u64..70, wanted in proptest::collection::btree_set(0_u64..70, 0..70), which in any::<u16>(), bit in any::<u8>(),
        ) {
            let (nodes, leaves, root) = tree(size);
            let places: Vec<u64> = wanted.into_iter().filter(|place| *place < size).collect();
            let proof = prove_set(&places, size, &nodes).unwrap();
            let given: Vec<(u64, Hash)> = places.iter().map(|place| (*place, leaves[*place as usize])).collect();
            prop_assert_eq!(set_root(&given, size, &proof), Ok(root));
            // Anything less, more or else does not.
            if !given.is_empty() {
                let at = usize::from(which) % given.len();
                let mut fewer = given.clone();
                fewer.remove(at);
                prop_assert_ne!(set_root(&fewer, size, &proof), Ok(root));
                let mut other = given.clone();
                other[at].1.0[usize::from(bit) / 8] ^= 1 << (bit % 8);
                prop_assert_ne!(set_root(&other, size, &proof), Ok(root));
            }
            let mut longer = proof.clone();
            longer.push(root);
            prop_assert!(set_root(&given, size, &longer).is_err());
            if let Some((_, shorter)) = proof.split_last() {
                prop_assert!(set_root(&given, size, shorter).is_err());
            }
        }
    }
}
