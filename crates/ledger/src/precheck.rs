//! Checks of records by themselves: form, signatures, texts. The expensive half of verification; it needs no state.
//!
//! Signatures are verified all at once ([`crate::signature`]), and singly only when that fails, to find the culprit.

use crate::entry::{Entry, Record};
use crate::event::Event;
use crate::hash::{Hash, decode_base64};
use crate::signature::{Claim, Key, verify_batch};
use crate::statement::{SIGNING_CONTEXT, StatementFault, check_disclosures, check_signature_presence, parse_leaf};
use crate::tree::leaf_hash;
use std::collections::HashMap;

/// A record that holds by itself: canonical, signed by the key that it names, texts as committed. Made by [`precheck`] only.
#[derive(Debug)]
pub struct Checked {
    pub(crate) entry: Entry,
    pub(crate) event: Option<Event>,
    pub(crate) leaf_hash: Hash,
}

impl Checked {
    /// The entry. Whether it belongs where it stands is not known yet.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Its hash in the tree.
    pub fn leaf_hash(&self) -> Hash {
        self.leaf_hash
    }

    /// The entry, and what it says; none for a kind that this version does not know.
    pub fn into_parts(self) -> (Entry, Option<Event>) {
        (self.entry, self.event)
    }
}

/// Checks records by themselves, signatures all at once. The results stand in the records' order.
pub fn precheck(records: &[Record]) -> Vec<Result<Checked, StatementFault>> {
    let mut batch = Batch::default();
    let mut results: Vec<_> = records
        .iter()
        .enumerate()
        .map(|(number, record)| batch.read(number, record))
        .collect();
    if !verify_batch(&batch.keys, &batch.claims) {
        for (number, claim) in batch.numbers.iter().zip(&batch.claims) {
            let holds = batch
                .keys
                .get(claim.key)
                .is_some_and(|key| key.verify(&claim.message, &claim.signature));
            if let (false, Some(result)) = (holds, results.get_mut(*number)) {
                *result = Err(StatementFault::BadSignature);
            }
        }
    }
    results
}

/// Signatures gathered from records.
#[derive(Default)]
struct Batch<'a> {
    keys: Vec<Key>,
    /// By standard base64; none for one that is no key.
    known: HashMap<String, Option<usize>>,
    claims: Vec<Claim<'a>>,
    /// Which record each claim is of.
    numbers: Vec<usize>,
}

impl<'a> Batch<'a> {
    fn read(&mut self, number: usize, record: &'a Record) -> Result<Checked, StatementFault> {
        let (entry, statement_json) = parse_leaf(&record.leaf)?;
        check_signature_presence(&entry.statement, entry.signature.as_ref())?;
        let event = entry.statement.check()?;
        check_disclosures(&entry.statement, &record.disclosures)?;
        if let Some(signature) = &entry.signature {
            let key = self.key(&signature.key).ok_or(StatementFault::BadKey)?;
            let signature = decode_base64(&signature.sig).ok_or(StatementFault::BadSignature)?;
            self.claims.push(Claim {
                key,
                message: [SIGNING_CONTEXT.as_bytes(), statement_json.as_bytes()],
                signature,
            });
            self.numbers.push(number);
        }
        Ok(Checked {
            entry,
            event,
            leaf_hash: leaf_hash(record.leaf.as_bytes()),
        })
    }

    fn key(&mut self, text: &str) -> Option<usize> {
        if let Some(known) = self.known.get(text) {
            return *known;
        }
        let key = Key::from_base64(text).map(|key| {
            self.keys.push(key);
            self.keys.len() - 1
        });
        self.known.insert(text.to_owned(), key);
        key
    }
}
