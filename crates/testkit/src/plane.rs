//! A host without sockets around one Endpoint object: batches in transactions, effects after the commit, loading after a failure.

use crate::dice::Dice;
use caisey_control::endpoint::{EndpointObject, Identity, Input, read_page};
use caisey_control::port::{ConnId, Effect, Moment, Signer};
use caisey_control::store::{Store, StoreError};
use caisey_ledger::entry::Record;
use caisey_ledger::id::{Seq, TimeMs};
use caisey_ledger::verify::{Accepted, Coverage, LogVerifier};
use ed25519_dalek::{Signer as _, SigningKey};

/// Signs checkpoints.
pub struct CheckpointKey(pub SigningKey);

impl Signer for CheckpointKey {
    fn public_key(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

pub struct Plane<S> {
    pub store: S,
    pub signer: CheckpointKey,
    pub identity: Identity,
    pub now: u64,
    /// Connections that are open, as the host knows.
    pub alive: Vec<ConnId>,
    object: Option<EndpointObject>,
    failed_since: Option<TimeMs>,
    dice: Dice,
}

impl<S: Store> Plane<S> {
    pub fn new(store: S, identity: Identity, seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let signer = CheckpointKey(SigningKey::from_bytes(&dice.bytes()));
        Self {
            store,
            signer,
            identity,
            now: 1_750_000_000_000,
            alive: Vec::new(),
            object: None,
            failed_since: None,
            dice,
        }
    }

    /// Enrols the endpoint.
    ///
    /// # Panics
    /// When the store fails.
    pub fn enrolled(mut self) -> Self {
        let identity = Box::new(self.identity.clone());
        self.batch(vec![Input::Enrolled(identity)]).unwrap();
        self
    }

    /// Public key of the checkpoints.
    pub fn signer_key(&self) -> [u8; 32] {
        self.signer.public_key()
    }

    pub fn time(&self) -> TimeMs {
        TimeMs::new(self.now).unwrap()
    }

    /// Forgets the object, as a host does that puts it away or stops. Its store stays.
    pub fn put_away(&mut self) {
        self.object = None;
    }

    pub fn is_idle(&self) -> bool {
        self.object.as_ref().is_none_or(EndpointObject::is_idle)
    }

    pub fn deadline(&self) -> Option<TimeMs> {
        self.object
            .as_ref()
            .and_then(|object| object.poll_deadline())
            .map(|(at, _)| at)
    }

    /// One batch, as a host does it. After a failure every connection is closed and the object is loaded anew with the next batch.
    ///
    /// # Errors
    /// The store's.
    pub fn batch(&mut self, inputs: Vec<Input>) -> Result<Vec<Effect>, StoreError> {
        let done = self.try_batch(inputs);
        if done.is_err() {
            self.object = None;
            self.alive.clear();
            let now = self.time();
            self.failed_since.get_or_insert(now);
        } else {
            self.failed_since = None;
        }
        done
    }

    fn try_batch(&mut self, inputs: Vec<Input>) -> Result<Vec<Effect>, StoreError> {
        let failed = self.failed_since.map(|since| Input::RecordingFailed("disk_full", since));
        let inputs: Vec<_> = failed
            .into_iter()
            .chain(inputs)
            .map(|input| {
                (
                    Moment {
                        now_ms: TimeMs::new(self.now).unwrap(),
                        entropy: self.dice.bytes(),
                    },
                    input,
                )
            })
            .collect();
        let mut inputs = Some(inputs);
        let mut effects = Vec::new();
        let mut object = self.object.take();
        let (store, signer, alive) = (&self.store, &self.signer, &self.alive);
        store.tx(&mut || {
            if object.is_none() {
                object = Some(EndpointObject::load(store, alive)?);
            }
            let object = object.as_mut().unwrap();
            for (moment, input) in inputs.take().unwrap_or_default() {
                object.handle(store, moment, input)?;
            }
            effects = object.seal(store, signer)?;
            Ok(())
        })?;
        self.object = object;
        Ok(effects)
    }

    /// The whole log, as it can be read.
    ///
    /// # Panics
    /// When the store fails.
    pub fn records(&self) -> Vec<Record> {
        let mut records = Vec::new();
        while let Some(page) = read_page(&self.store, Seq::new(records.len() as u64).unwrap(), 1_000).unwrap() {
            if page.records.is_empty() {
                break;
            }
            records.extend(page.records);
        }
        records
    }

    /// The whole log, verified as a console does it, up to the newest checkpoint.
    ///
    /// # Panics
    /// When anything does not hold.
    pub fn verified(&self) -> Vec<Accepted> {
        let mut verifier = LogVerifier::new(&self.identity.log);
        let outcome = verifier.accept_batch(&self.records());
        assert!(outcome.fault.is_none(), "{:?}", outcome.fault);
        if let Some(page) = read_page(&self.store, Seq::default(), 1).unwrap() {
            let coverage = verifier
                .check_checkpoint(&page.checkpoint, &self.signer.public_key())
                .unwrap();
            assert!(matches!(coverage, Coverage::Exact(_)), "{coverage:?}");
        }
        outcome.accepted
    }

    /// Kinds of all entries, in order.
    pub fn kinds(&self) -> Vec<String> {
        self.verified()
            .into_iter()
            .map(|accepted| accepted.entry.statement.kind)
            .collect()
    }
}
