//! What an Endpoint object knows about a snapshot of its log: whether the tree head is a true one, how many entries are in scope, and who
//! took part. Reads the store; needs no object in memory.

use super::tables;
use crate::journal;
use crate::row::damaged;
use crate::store::{Store, StoreError};
use caisey_ledger::entry::Entry;
use caisey_ledger::id::{MemberId, Seq};
use caisey_transcript::attestation::participants;
use caisey_transcript::snapshot::{LogRange, Scope};
use std::collections::BTreeMap;

/// Entries read at once.
const STEP: u64 = 500;

/// What a review rests on.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ReviewBasis {
    /// Entries of the range that are in scope.
    pub entries: u64,
    /// Who took part, with the first entry that shows it.
    pub took_part: BTreeMap<MemberId, Seq>,
}

/// Reads it; none when the log never had such a tree head.
///
/// # Errors
/// The store's.
pub fn review_basis(store: &dyn Store, scope: &Scope, range: &LogRange) -> Result<Option<ReviewBasis>, StoreError> {
    tables::SCHEMA.apply(store)?;
    if journal::root_at(store, range.size)? != Some(range.root) {
        return Ok(None);
    }
    let mut basis = ReviewBasis::default();
    let (mut from, end) = (range.first_seq.get(), range.last_seq.get() + 1);
    while from < end {
        let to = (from + STEP).min(end);
        let entries: Vec<Entry> = journal::leaves(store, from, to)?
            .iter()
            .map(|leaf| serde_json::from_str(leaf).map_err(|_| damaged("an entry cannot be read")))
            .collect::<Result<_, _>>()?;
        basis.entries += entries.iter().filter(|entry| scope.holds(entry)).count() as u64;
        for (member, seq) in participants(scope, &entries) {
            basis.took_part.entry(member).or_insert(seq);
        }
        from = to;
    }
    Ok(Some(basis))
}
