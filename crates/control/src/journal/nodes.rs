//! The tree's stored nodes: leaf hashes beside the entries, and above them only every eighth level.
//!
//! A node of a level in between is folded from at most 128 stored ones, so an append writes little and a proof still reads a
//! bounded number of rows: at most 128 for each of its hashes. The same spacing as C2SP tlog-tiles.

use crate::row::{Row, damaged, int};
use crate::store::{Store, StoreError};
use caisey_ledger::hash::Hash;
use caisey_ledger::set_proof;
use caisey_ledger::tree::{self, Frontier, HashStore, NodeAt, ProveError, node_hash};

const SPACING: u8 = 8;

const LEAVES: &str = "SELECT leaf_hash FROM entries WHERE seq >= ?1 AND seq < ?2 ORDER BY seq";
const NODES: &str = "SELECT hash FROM nodes WHERE level = ?1 AND place >= ?2 AND place < ?3 ORDER BY place";

/// Whether a completed node gets a row of its own.
pub(super) fn is_stored(at: NodeAt) -> bool {
    at.level > 0 && at.level.is_multiple_of(SPACING)
}

struct Nodes<'a>(&'a dyn Store);

impl HashStore for Nodes<'_> {
    type Error = StoreError;

    fn read(&self, nodes: &[NodeAt]) -> Result<Vec<Hash>, StoreError> {
        nodes.iter().map(|at| self.one(*at)).collect()
    }
}

impl Nodes<'_> {
    fn one(&self, at: NodeAt) -> Result<Hash, StoreError> {
        let above = at.level % SPACING;
        let level = at.level - above;
        let (from, to) = (at.index << above, (at.index + 1) << above);
        let rows = match level {
            0 => self.0.exec(LEAVES, &[int(from), int(to)])?,
            _ => self.0.exec(NODES, &[int(level.into()), int(from), int(to)])?,
        };
        let mut hashes: Vec<Hash> = rows
            .into_iter()
            .map(|row| Row::from(row).bytes32().map(Hash))
            .collect::<Result<_, _>>()?;
        if hashes.len() as u64 != to - from {
            return Err(damaged("nodes of the tree are missing"));
        }
        while hashes.len() > 1 {
            hashes = hashes
                .chunks(2)
                .map(|pair| {
                    if let [left, right] = pair {
                        node_hash(left, right)
                    } else {
                        Hash([0; 32])
                    }
                })
                .collect();
        }
        hashes
            .first()
            .copied()
            .ok_or_else(|| damaged("nodes of the tree are missing"))
    }
}

/// Rebuilds the right edge of the tree at a size.
pub(super) fn frontier(store: &dyn Store, size: u64) -> Result<Frontier, StoreError> {
    let mut bytes = size.to_be_bytes().to_vec();
    for level in (0..64_u8).rev().filter(|level| size >> level & 1 == 1) {
        let index = (size >> level) - 1;
        bytes.extend(Nodes(store).one(NodeAt { level, index })?.0);
    }
    Frontier::from_bytes(&bytes).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// Consistency proof; none when a size is not within the log.
///
/// # Errors
/// The store's.
pub(crate) fn prove_consistency(store: &dyn Store, from: u64, to: u64) -> Result<Option<Vec<Hash>>, StoreError> {
    within(tree::prove_consistency(from, to, &Nodes(store)))
}

/// Inclusion proof; none when the entry is not within the size.
///
/// # Errors
/// The store's.
pub(crate) fn prove_inclusion(store: &dyn Store, seq: u64, size: u64) -> Result<Option<Vec<Hash>>, StoreError> {
    within(tree::prove_inclusion(seq, size, &Nodes(store)))
}

/// Root of the log at a size; none when the log is shorter.
///
/// # Errors
/// The store's.
pub(crate) fn root_at(store: &dyn Store, size: u64) -> Result<Option<Hash>, StoreError> {
    let held = Row::first(store.exec("SELECT count(*) FROM entries", &[])?).map_or(Ok(0), |mut row| row.number())?;
    if size > held {
        return Ok(None);
    }
    // The largest subtree without any of no entries is the whole tree.
    Ok(prove_set(store, &[], size)?.and_then(|hashes| hashes.first().copied()))
}

/// Set proof; none when a place is not within the size.
///
/// # Errors
/// The store's.
pub(super) fn prove_set(store: &dyn Store, places: &[u64], size: u64) -> Result<Option<Vec<Hash>>, StoreError> {
    within(set_proof::prove_set(places, size, &Nodes(store)))
}

fn within(proof: Result<Vec<Hash>, ProveError<StoreError>>) -> Result<Option<Vec<Hash>>, StoreError> {
    match proof {
        Ok(hashes) => Ok(Some(hashes)),
        Err(ProveError::OutOfRange { .. }) => Ok(None),
        Err(ProveError::Store(error)) => Err(error),
        Err(ProveError::Missing) => Err(damaged("nodes of the tree are missing")),
    }
}
