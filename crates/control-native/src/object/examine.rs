//! Examines statements before it is their turn, on the thread that brought them: signatures and texts cost far more than placing an entry
//! does, and only placing has to be done one by one.

use super::{Objects, internal, locked};
use caisey_ledger::admission::Offered;
use caisey_ledger::entry::SignedStatement;
use caisey_ledger::keyring::Keyring;
use caisey_protocol::error::ErrorBody;
use std::sync::{Arc, Mutex};

/// Keys in use that are kept ready, at 220 KB each.
pub(super) const KEYS: usize = 64;
/// More bytes than this are examined on a thread that may be kept busy: a few milliseconds at most stay on this one.
const AT_ONCE_BYTES: usize = 32 * 1024;

impl Objects {
    /// Examines what was offered in `size_bytes` of JSON. What does not hold stays in its place and is refused when it is its turn.
    pub(crate) async fn examine(&self, said: Vec<SignedStatement>, size_bytes: usize) -> Result<Vec<Offered>, ErrorBody> {
        let keys = Arc::clone(&self.0.keys);
        if size_bytes <= AT_ONCE_BYTES {
            return Ok(all(said, &keys));
        }
        let examined = tokio::task::spawn_blocking(move || all(said, &keys)).await;
        examined.map_err(|_| internal("examining a statement failed unexpectedly"))
    }
}

fn all(said: Vec<SignedStatement>, keys: &Mutex<Keyring>) -> Vec<Offered> {
    let one = |said| Offered::from(said).examine(|key| locked(keys).find(key));
    said.into_iter().map(one).collect()
}
