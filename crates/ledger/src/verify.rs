//! Verifies a log as it streams in: what a witness and a pack's reader do.
//!
//! Two steps. [`precheck`] looks at records by themselves (form, signatures, texts); it is the expensive part and needs no state,
//! so a caller may run it for disjoint runs of records on several threads. [`LogVerifier`] folds the results in order: place,
//! author's key, the endpoint's counter, tree. A fault leaves the verifier as it was before the record that caused it.

use crate::checkpoint::Checkpoint;
use crate::entry::{Actor, Entry, Record};
use crate::event::Event;
use crate::fault::Fault;
use crate::hash::{Hash, decode_base64};
use crate::id::{DeviceId, EndpointId, MemberId, SessionId};
pub use crate::precheck::{Checked, precheck};
use crate::signature::Key;
use crate::statement::StatementFault;
use crate::tree::{Frontier, check_consistency};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// An entry that was verified in its place.
#[derive(Debug)]
pub struct Accepted {
    /// The entry.
    pub entry: Entry,
    /// What it says; none for a kind that this version does not know.
    pub event: Option<Event>,
    /// Its hash in the tree.
    pub leaf_hash: Hash,
}

/// What a batch came to.
#[derive(Debug)]
pub struct Outcome {
    /// Records that hold, in order, from the first on.
    pub accepted: Vec<Accepted>,
    /// Why the next one does not, if there is one.
    pub fault: Option<Fault>,
}

/// A device's key, as the log introduced it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownKey {
    /// Whose.
    pub member: MemberId,
    /// Standard base64.
    pub key: String,
    /// Role that was vouched for, as last introduced.
    pub role: String,
}

/// How a checkpoint relates to what was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Coverage {
    /// It signs exactly the entries that were verified.
    Exact(Checkpoint),
    /// It signs more entries than were seen: accept those, then ask again.
    Ahead(Checkpoint),
    /// It signs fewer: only a consistency proof, or the entries from the beginning, can tell ([`LogVerifier::check_older`]).
    Behind(Checkpoint),
}

/// State of a log's verification after some number of entries. Serialise it to go on later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogVerifier {
    log: String,
    frontier: Frontier,
    next_counter: u64,
    /// The endpoint whose log it is and its key; none after it was removed, and in logs that are not an endpoint's.
    endpoint: Option<(EndpointId, String)>,
    devices: BTreeMap<DeviceId, KnownKey>,
    open_sessions: BTreeSet<SessionId>,
}

impl LogVerifier {
    /// Before the first entry of the log of this origin.
    pub fn new(log: &str) -> Self {
        Self {
            log: log.to_owned(),
            frontier: Frontier::new(),
            next_counter: 0,
            endpoint: None,
            devices: BTreeMap::new(),
            open_sessions: BTreeSet::new(),
        }
    }

    /// Origin of the log.
    pub fn log(&self) -> &str {
        &self.log
    }

    /// Entries verified so far; also the next sequence number.
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// Root over the entries verified so far.
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// The tree's right edge.
    pub fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// Next counter that the endpoint will use.
    pub fn next_counter(&self) -> u64 {
        self.next_counter
    }

    /// Keys of people's devices that the log introduced.
    pub fn devices(&self) -> &BTreeMap<DeviceId, KnownKey> {
        &self.devices
    }

    /// Sessions that were opened and not closed.
    pub fn open_sessions(&self) -> &BTreeSet<SessionId> {
        &self.open_sessions
    }

    /// Verifies one record and takes it.
    ///
    /// # Errors
    /// What is wrong; the verifier is then as before.
    pub fn accept(&mut self, record: &Record) -> Result<Accepted, Fault> {
        let checked = precheck(std::slice::from_ref(record))
            .pop()
            .unwrap_or_else(|| Err(StatementFault::Shape(String::new())));
        self.accept_checked(checked)
    }

    /// Verifies records and takes them up to the first that fails.
    pub fn accept_batch(&mut self, records: &[Record]) -> Outcome {
        self.accept_all(precheck(records))
    }

    /// The same for records that were prechecked elsewhere.
    pub fn accept_all(&mut self, checked: Vec<Result<Checked, StatementFault>>) -> Outcome {
        let mut accepted = Vec::with_capacity(checked.len());
        let mut rest = checked.into_iter();
        while let Some(next) = rest.next() {
            match self.accept_checked(next) {
                Ok(entry) => accepted.push(entry),
                Err(fault) => {
                    return Outcome {
                        accepted,
                        fault: Some(reordered(fault, rest)),
                    };
                }
            }
        }
        Outcome { accepted, fault: None }
    }

    /// Takes one prechecked record.
    ///
    /// # Errors
    /// What is wrong; the verifier is then as before.
    pub fn accept_checked(&mut self, checked: Result<Checked, StatementFault>) -> Result<Accepted, Fault> {
        let seq = self.size();
        let Checked { entry, event, leaf_hash } = checked.map_err(|cause| Fault::Record { seq, cause })?;
        self.check_place(&entry)?;
        self.check_enrolment(seq, &entry)?;
        self.check_author(seq, &entry)?;
        self.check_counter(seq, &entry)?;
        self.check_event(seq, &entry, event.as_ref())?;
        // Nothing can fail from here on.
        self.learn(&entry, event.as_ref());
        self.frontier.append(leaf_hash);
        Ok(Accepted { entry, event, leaf_hash })
    }

    fn check_place(&self, entry: &Entry) -> Result<(), Fault> {
        let (expected, found) = (self.size(), entry.seq.get());
        if entry.statement.log != self.log {
            return Err(Fault::WrongLog {
                seq: expected,
                expected: self.log.clone(),
                found: entry.statement.log.clone(),
            });
        }
        match found.cmp(&expected) {
            std::cmp::Ordering::Less => Err(Fault::Duplicate { expected, found }),
            std::cmp::Ordering::Equal => Ok(()),
            std::cmp::Ordering::Greater => Err(Fault::Dropped { expected, found }),
        }
    }

    fn check_enrolment(&self, seq: u64, entry: &Entry) -> Result<(), Fault> {
        let is_enrolment = entry.statement.kind == "endpoint.enrolled";
        if self.endpoint_of_origin().is_none() || is_enrolment == (seq == 0) {
            return Ok(());
        }
        Err(Fault::Enrolment {
            seq,
            kind: entry.statement.kind.clone(),
        })
    }

    /// An endpoint's log has the endpoint's identifier as the last part of its origin.
    fn endpoint_of_origin(&self) -> Option<EndpointId> {
        self.log.rsplit('/').next()?.parse().ok()
    }

    fn check_author(&self, seq: u64, entry: &Entry) -> Result<(), Fault> {
        let Some(signature) = &entry.signature else { return Ok(()) };
        let known = match &entry.statement.actor {
            Actor::Control {} => false,
            Actor::Endpoint { id } => self
                .endpoint
                .as_ref()
                .is_some_and(|(known, key)| known == id && *key == signature.key),
            Actor::Member { id, device }
            | Actor::Agent {
                on_behalf_of: id,
                device,
            } => self
                .devices
                .get(device)
                .is_some_and(|known| known.is(id, &signature.key) && known.role != "contact"),
            Actor::Contact { id, device } => self
                .devices
                .get(device)
                .is_some_and(|known| known.is(id, &signature.key) && known.role == "contact"),
        };
        if known {
            Ok(())
        } else {
            Err(Fault::UnknownKey {
                seq,
                key: signature.key.clone(),
            })
        }
    }

    fn check_counter(&self, seq: u64, entry: &Entry) -> Result<(), Fault> {
        let Some(counter) = entry.statement.counter else {
            return Ok(());
        };
        let (expected, found) = (self.next_counter, counter.get());
        match found.cmp(&expected) {
            std::cmp::Ordering::Less => Err(Fault::CounterRepeated { seq, expected, found }),
            std::cmp::Ordering::Equal => Ok(()),
            std::cmp::Ordering::Greater => Err(Fault::CounterGap { seq, expected, found }),
        }
    }

    fn check_event(&self, seq: u64, entry: &Entry, event: Option<&Event>) -> Result<(), Fault> {
        let unusable = |key: &str| decode_base64(key).and_then(Key::from_bytes).is_none();
        match event {
            Some(Event::KeyIntroduced { member, device, key, .. }) => {
                let clash = self.devices.get(device).is_some_and(|known| !known.is(member, key));
                if clash || unusable(key) {
                    return Err(Fault::KeyConflict {
                        seq,
                        device: device.clone(),
                    });
                }
            }
            Some(Event::EndpointEnrolled { key, .. }) if unusable(key) => {
                return Err(Fault::Enrolment {
                    seq,
                    kind: "an enrolment whose key cannot be used".to_owned(),
                });
            }
            Some(Event::SessionOpened { .. }) => return self.check_session(seq, entry, false, "it is open already"),
            Some(Event::SessionClosed { .. } | Event::ActionProposed { .. }) => {
                return self.check_session(seq, entry, true, "it is not open");
            }
            _ => {}
        }
        Ok(())
    }

    fn check_session(&self, seq: u64, entry: &Entry, should_be_open: bool, problem: &'static str) -> Result<(), Fault> {
        match &entry.statement.session {
            Some(session) if self.open_sessions.contains(session) != should_be_open => Err(Fault::Session {
                seq,
                session: session.clone(),
                problem,
            }),
            _ => Ok(()),
        }
    }

    fn learn(&mut self, entry: &Entry, event: Option<&Event>) {
        self.next_counter += u64::from(entry.statement.counter.is_some());
        let session = entry.statement.session.clone();
        match event {
            Some(Event::EndpointEnrolled { key, .. }) => self.endpoint = self.endpoint_of_origin().map(|id| (id, key.clone())),
            Some(Event::EndpointRemoved { .. }) => self.endpoint = None,
            Some(Event::KeyIntroduced {
                member,
                device,
                key,
                role,
            }) => {
                let known = KnownKey {
                    member: member.clone(),
                    key: key.clone(),
                    role: role.clone(),
                };
                self.devices.insert(device.clone(), known);
            }
            Some(Event::SessionOpened { .. }) => self.open_sessions.extend(session),
            Some(Event::SessionClosed { .. }) => {
                if let Some(session) = session {
                    self.open_sessions.remove(&session);
                }
            }
            _ => {}
        }
    }

    /// Checks a checkpoint's signature and, when it is of exactly the entries verified so far, its root.
    ///
    /// # Errors
    /// When it is forged, of another log, or signs other entries than these.
    pub fn check_checkpoint(&self, note: &str, public_key: &[u8; 32]) -> Result<Coverage, Fault> {
        let checkpoint = Checkpoint::open(note, &self.log, public_key)?;
        match checkpoint.size.cmp(&self.size()) {
            std::cmp::Ordering::Greater => Ok(Coverage::Ahead(checkpoint)),
            std::cmp::Ordering::Less => Ok(Coverage::Behind(checkpoint)),
            std::cmp::Ordering::Equal if checkpoint.root == self.root() => Ok(Coverage::Exact(checkpoint)),
            std::cmp::Ordering::Equal => Err(Fault::Altered {
                size: checkpoint.size,
                signed: checkpoint.root,
                computed: self.root(),
            }),
        }
    }

    /// Checks that the entries verified so far extend an older checkpoint, by a consistency proof from it to this size.
    ///
    /// # Errors
    /// When they do not: the log has forked, or the proof is wrong.
    pub fn check_older(&self, older: &Checkpoint, proof: &[Hash]) -> Result<(), Fault> {
        let ours = Checkpoint {
            origin: self.log.clone(),
            size: self.size(),
            root: self.root(),
        };
        check_extension(older, &ours, proof)
    }
}

/// Checks that one checkpoint extends another that was stored earlier, by a consistency proof. Both must have been opened.
///
/// # Errors
/// A fork, with both.
pub fn check_extension(stored: &Checkpoint, newer: &Checkpoint, proof: &[Hash]) -> Result<(), Fault> {
    let fork = |cause| Fault::Fork {
        ours: Box::new(stored.clone()),
        theirs: Box::new(newer.clone()),
        cause,
    };
    if stored.origin != newer.origin {
        return Err(Fault::WrongLog {
            seq: newer.size,
            expected: stored.origin.clone(),
            found: newer.origin.clone(),
        });
    }
    check_consistency((stored.size, stored.root), (newer.size, newer.root), proof).map_err(|cause| fork(Some(cause)))
}

impl KnownKey {
    fn is(&self, member: &MemberId, key: &str) -> bool {
        self.member == *member && self.key == key
    }
}

/// Tells a swapped entry from a missing one: the expected entry comes later in the same batch.
fn reordered(fault: Fault, mut rest: impl Iterator<Item = Result<Checked, StatementFault>>) -> Fault {
    match fault {
        Fault::Dropped { expected, found } if rest.any(|later| later.is_ok_and(|later| later.entry.seq.get() == expected)) => {
            Fault::Reordered { expected, found }
        }
        other => other,
    }
}
