//! A part of one log with what proves it (docs/formats/pack.md, "Logs"): some entries' exact bytes, what is shown of their texts, the
//! signed checkpoint that covers them, and the hashes that lead from them to its root.
//!
//! A part holds a dense range, and before it the entries that introduce the keys which sign in it; a part may also hold single entries only.

use crate::counted::counted;
use crate::finding::{Findings, chain};
use crate::snapshot::LogRange;
use caisey_ledger::checkpoint::{Checkpoint, CheckpointError};
use caisey_ledger::disclosure::Disclosure;
use caisey_ledger::entry::{Actor, Entry, Record};
use caisey_ledger::event::Event;
use caisey_ledger::hash::Hash;
use caisey_ledger::id::DeviceId;
use caisey_ledger::set_proof::{prove_set, set_root};
use caisey_ledger::statement::StatementFault;
use caisey_ledger::tree::{HashStore, ProveError};
use caisey_ledger::verify::{Checked, precheck};
use std::collections::BTreeMap;

/// A part of a log, as it travels. Nothing of it is believed before [`Excerpt::prove`].
#[derive(Debug, Clone, PartialEq)]
pub struct Excerpt {
    /// The signed note, with whatever cosignatures it carries.
    pub note: String,
    /// Entries in ascending order.
    pub records: Vec<Record>,
    /// Set proof for exactly these entries at the checkpoint's size.
    pub proof: Vec<Hash>,
}

/// A part of a log that was proved: every entry stands where it says in the log that the checkpoint signs.
#[derive(Debug, Clone, PartialEq)]
pub struct Proved {
    /// What the checkpoint says.
    pub checkpoint: Checkpoint,
    /// In ascending order.
    pub entries: Vec<ProvedEntry>,
}

/// An entry that was proved.
#[derive(Debug, Clone, PartialEq)]
pub struct ProvedEntry {
    /// The entry.
    pub entry: Entry,
    /// What it says; none for a kind that this version does not know.
    pub event: Option<Event>,
    /// What is shown of its texts, each checked against its commitment.
    pub disclosures: BTreeMap<String, Disclosure>,
}

/// Whether a leaf introduces a key, which has to travel with whatever that key signed, or says the least that answers have to be. Leaves are canonical, so a quotation mark within a
/// string is escaped and this finds the statement's kind and nothing else.
pub fn introduces(leaf: &str) -> bool {
    INTRODUCTIONS
        .iter()
        .any(|kind| leaf.contains(&format!("\"kind\":\"{kind}\"")))
}

/// Kinds that say whose key is whose, which contacts an endpoint listens to, and the least that it wants of them.
const INTRODUCTIONS: [&str; 7] = [
    "endpoint.enrolled",
    "key.introduced",
    "contact.trusted",
    "contact.distrusted",
    "contact.floor_set",
    "contact.floor_ended",
    "device.registered",
];

fn introduces_a_key(kind: &str) -> bool {
    INTRODUCTIONS.contains(&kind)
}

impl Excerpt {
    /// Puts a part together: entries by their places, and where the tree's nodes are.
    ///
    /// # Errors
    /// When the checkpoint is no note, or the store does not have what the proof needs.
    pub fn new<S: HashStore>(note: &str, places: &[u64], records: Vec<Record>, store: &S) -> Result<Self, ProveError<S::Error>> {
        let size = Checkpoint::read(note).map_or(0, |checkpoint| checkpoint.size);
        Ok(Self {
            note: note.to_owned(),
            records,
            proof: prove_set(places, size, store)?,
        })
    }

    /// The log that the checkpoint names. A claim.
    ///
    /// # Errors
    /// When the checkpoint is malformed.
    pub fn log(&self) -> Result<String, CheckpointError> {
        Checkpoint::read(&self.note).map(|checkpoint| checkpoint.origin)
    }

    /// Checks everything that can be checked of this part: checkpoint, entries, places, signers, the endpoint's count, and that the range,
    /// if there is one, is dense. Every fault is
    /// said. What is returned holds only if nothing failed; it lets the caller name further faults.
    pub fn prove(&self, log: &str, range: Option<&LogRange>, key: &[u8; 32], found: &mut Findings) -> Option<Proved> {
        self.prove_checked(precheck(&self.records), log, range, key, found)
    }

    /// The same, when its records were looked at by themselves before: what [`precheck`] says of them, in their order.
    pub(crate) fn prove_checked(
        &self,
        checked: Vec<Result<Checked, StatementFault>>,
        log: &str,
        range: Option<&LogRange>,
        key: &[u8; 32],
        found: &mut Findings,
    ) -> Option<Proved> {
        let checkpoint = self.open(log, key, found)?;
        let mut failures = Vec::new();
        let mut leaves = Vec::with_capacity(self.records.len());
        let mut entries = Vec::with_capacity(self.records.len());
        for (place, (checked, record)) in checked.into_iter().zip(&self.records).enumerate() {
            match checked {
                Err(fault) => failures.push((
                    "broken_entry",
                    format!("{log}: entry at place {} of the file is broken: {}", place + 1, chain(&fault)),
                )),
                Ok(checked) => {
                    leaves.push((checked.entry().seq.get(), checked.leaf_hash()));
                    let (entry, event) = checked.into_parts();
                    if entry.statement.log != log {
                        let words = format!("{log}: entry #{} is of another log, {}.", entry.seq, entry.statement.log);
                        failures.push(("wrong_log", words));
                    }
                    entries.push(ProvedEntry {
                        entry,
                        event,
                        disclosures: record.disclosures.clone(),
                    });
                }
            }
        }
        dense(log, range, &entries, &mut failures);
        if failures.is_empty() {
            match set_root(&leaves, checkpoint.size, &self.proof) {
                Ok(root) if root == checkpoint.root => {}
                Ok(_) => failures.push((
                    "replaced_entry",
                    format!("{log}: the entries do not lead to the signed checkpoint: an entry was replaced or altered, or the proof was."),
                )),
                Err(fault) => failures.push(("proof", format!("{log}: {fault}."))),
            }
        }
        signers(log, &entries, &mut failures);
        counters(log, range, &entries, &mut failures);
        let words = match range {
            Some(range) => format!(
                "All {} entries of {log} from #{} to #{} are here, unaltered and in order; each signed one is signed by its author's key, and each stands at its place in the log of {} entries that the checkpoint signs.",
                range.entries(),
                range.first_seq,
                range.last_seq,
                checkpoint.size
            ),
            None => format!(
                "{} of {log}, in the places that its checkpoint signs.",
                counted(entries.len() as u64, "entry")
            ),
        };
        found.weigh("entries", words, failures);
        Some(Proved { checkpoint, entries })
    }

    fn open(&self, log: &str, key: &[u8; 32], found: &mut Findings) -> Option<Checkpoint> {
        match Checkpoint::open(&self.note, log, key) {
            Ok(checkpoint) => Some(checkpoint),
            Err(fault @ CheckpointError::Origin { .. }) => {
                found.fails("foreign_checkpoint", format!("{log}: {fault}."));
                None
            }
            Err(fault) => {
                found.fails("checkpoint", format!("{log}: {fault}."));
                None
            }
        }
    }
}

/// Names what is missing, doubled or out of order.
fn dense(log: &str, range: Option<&LogRange>, entries: &[ProvedEntry], failures: &mut Vec<(&'static str, String)>) {
    let seqs: Vec<u64> = entries.iter().map(|proved| proved.entry.seq.get()).collect();
    for pair in seqs.windows(2) {
        match pair {
            [a, b] if a == b => failures.push(("doubled_entry", format!("{log}: entry #{a} is here twice."))),
            [a, b] if a > b => failures.push((
                "reordered_entry",
                format!("{log}: entry #{b} stands after #{a}: the order was changed."),
            )),
            _ => {}
        }
    }
    let surplus = entries
        .iter()
        .filter(|proved| range.is_none_or(|range| proved.entry.seq < range.first_seq))
        .find(|proved| !introduces_a_key(&proved.entry.statement.kind));
    if let Some(proved) = surplus {
        let words = format!(
            "{log}: entry #{} lies outside of the snapshot and introduces no key.",
            proved.entry.seq
        );
        failures.push(("surplus_entry", words));
    }
    let Some(range) = range else { return };
    let mut present: Vec<u64> = seqs;
    present.sort_unstable();
    for seq in range.first_seq.get()..=range.last_seq.get() {
        if present.binary_search(&seq).is_err() {
            failures.push(("missing_entry", format!("{log}: entry #{seq} is missing.")));
            if failures.len() > 100 {
                break;
            }
        }
    }
    if let Some(after) = present.iter().find(|seq| **seq > range.last_seq.get()) {
        failures.push(("surplus_entry", format!("{log}: entry #{after} lies beyond the snapshot.")));
    }
}

/// Every signature is by a key that the log introduced earlier, for that author.
fn signers(log: &str, entries: &[ProvedEntry], failures: &mut Vec<(&'static str, String)>) {
    let mut endpoint: Option<String> = None;
    let mut devices: BTreeMap<DeviceId, (String, String, bool)> = BTreeMap::new();
    for proved in entries {
        if let Some(signature) = &proved.entry.signature {
            let actor = &proved.entry.statement.actor;
            let known = match actor {
                Actor::Control {} => false,
                Actor::Endpoint { id } => {
                    log.rsplit('/').next() == Some(id.as_str()) && endpoint.as_ref() == Some(&signature.key)
                }
                Actor::Member { .. } | Actor::Contact { .. } | Actor::Agent { .. } => {
                    actor.person().is_some_and(|(member, device)| {
                        devices.get(device).is_some_and(|(whose, key, is_contact)| {
                            whose == member.as_str()
                                && *key == signature.key
                                && *is_contact == matches!(actor, Actor::Contact { .. })
                        })
                    })
                }
            };
            if !known {
                failures.push((
                    "unknown_key",
                    format!(
                        "{log}: entry #{} is signed by the key {}, which no entry here introduces for its author.",
                        proved.entry.seq, signature.key
                    ),
                ));
            }
        }
        match &proved.event {
            Some(Event::EndpointEnrolled { key, .. }) => endpoint = Some(key.clone()),
            Some(Event::EndpointRemoved { .. }) => endpoint = None,
            Some(Event::KeyIntroduced {
                member,
                device,
                key,
                role,
            }) => {
                devices.insert(device.clone(), (member.to_string(), key.clone(), role == "contact"));
            }
            _ => {}
        }
    }
}

/// The endpoint counts its statements: a hole means that one was dropped.
fn counters(log: &str, range: Option<&LogRange>, entries: &[ProvedEntry], failures: &mut Vec<(&'static str, String)>) {
    let Some(range) = range else { return };
    let mut last: Option<u64> = None;
    for proved in entries.iter().filter(|proved| range.contains(proved.entry.seq)) {
        let Some(counter) = proved.entry.statement.counter else {
            continue;
        };
        if last.is_some_and(|last| counter.get() != last + 1) {
            let words = format!(
                "{log}: at entry #{} the endpoint's own count goes from {} to {counter}: a statement is missing or invented.",
                proved.entry.seq,
                last.unwrap_or(0)
            );
            failures.push(("counter", words));
        }
        last = Some(counter.get());
    }
}
