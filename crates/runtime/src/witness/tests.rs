//! Honest logs are followed; every way to go back, aside or to leave something out is found.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
use super::*;
use caisey_ledger::entry::Actor;
use caisey_ledger::event::Event;
use caisey_ledger::hash::Hash;
use caisey_ledger::id::{EndpointId, OrganisationId, TimeMs};
use caisey_ledger::statement::Draft;
use ed25519_dalek::{Signer, SigningKey};

fn log() -> String {
    format!("a/{}/{}", OrganisationId::from_bits([1; 16]), EndpointId::from_bits([2; 16]))
}

fn sign(key: &SigningKey, size: u64, root: Hash) -> String {
    let checkpoint = Checkpoint {
        origin: log(),
        size,
        root,
    };
    checkpoint
        .sign(key.verifying_key().as_bytes(), |body| key.sign(body).to_bytes())
        .unwrap()
}

fn note(key: &SigningKey, size: u64, root: u8) -> String {
    sign(key, size, Hash([root; 32]))
}

fn empty() -> Tree {
    Tree {
        frontier: Frontier::new(),
        counter: 0,
    }
}

#[test]
fn neither_back_nor_aside_nor_forged() {
    let (key, other) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
    let pinned = *key.verifying_key().as_bytes();
    let mut witness = Witness::new(&log(), pinned, None, empty());
    witness.accept(&note(&key, 5, 1)).unwrap();
    witness.accept(&note(&key, 5, 1)).unwrap();
    assert_eq!(witness.accept(&note(&key, 5, 2)), Err(Contradiction::Fork { size: 5 }));
    assert_eq!(
        witness.accept(&note(&key, 4, 1)),
        Err(Contradiction::WentBack { last: 5, offered: 4 })
    );
    assert!(matches!(
        witness.accept(&note(&other, 9, 1)),
        Err(Contradiction::DoesNotHold(_))
    ));
    let again = Witness::new(&log(), pinned, Some(&note(&key, 5, 1)), empty());
    assert_eq!(
        again.clone().accept(&note(&key, 3, 1)),
        Err(Contradiction::WentBack { last: 5, offered: 3 })
    );
}

/// A log of ours and others' entries by turns.
struct Log {
    key: SigningKey,
    said: Vec<SignedStatement>,
    leaves: Vec<Leaf>,
    hashes: Vec<Hash>,
}

impl Log {
    fn new() -> Self {
        Self {
            key: SigningKey::from_bytes(&[1; 32]),
            said: Vec::new(),
            leaves: Vec::new(),
            hashes: Vec::new(),
        }
    }

    fn ours(mut self) -> Self {
        let gap = Event::RecorderGap {
            cause: "restarted".to_owned(),
            from_ms: 1,
            to_ms: 2,
        };
        let actor = Actor::Endpoint {
            id: EndpointId::from_bits([2; 16]),
        };
        let said = Draft::new(&log(), TimeMs::default(), actor, &gap)
            .unwrap()
            .text("detail", "x", caisey_ledger::text::TextSeed::from_bytes([3; 32]))
            .counter(Counter::new(self.said.len() as u64).unwrap())
            .sign(&self.key)
            .unwrap();
        let entry = Entry {
            seq: Seq::new(self.leaves.len() as u64).unwrap(),
            time_ms: TimeMs::default(),
            statement: said.statement.clone(),
            signature: said.signature.clone(),
        };
        self.hashes.push(leaf_hash(entry.leaf().unwrap().as_bytes()));
        self.leaves.push(Leaf::Ours(TimeMs::default()));
        self.said.push(said);
        self
    }

    fn other(mut self) -> Self {
        let hash = Hash::of(&[self.leaves.len() as u8]);
        self.hashes.push(hash);
        self.leaves.push(Leaf::Other(hash));
        self
    }

    fn tree(&self, size: usize) -> Frontier {
        let mut tree = Frontier::new();
        self.hashes.iter().take(size).for_each(|hash| tree.append(*hash));
        tree
    }

    fn grown(&self, from: usize, to: usize) -> Grown {
        let first = self
            .leaves
            .iter()
            .take(from)
            .filter(|leaf| matches!(leaf, Leaf::Ours(_)))
            .count();
        let size = self.leaves.len();
        Grown {
            from: from as u64,
            first_counter: first as u64,
            leaves: self.leaves.get(from..to).unwrap().to_vec(),
            note: sign(&self.key, size as u64, self.tree(size).root()),
        }
    }

    fn witness(&self) -> Witness {
        Witness::new(&log(), *self.key.verifying_key().as_bytes(), None, empty())
    }
}

/// Does what the connection does.
fn step(witness: &mut Witness, log: &Log, grown: &Grown) -> Result<Progress, Contradiction> {
    match witness.wanted(grown)? {
        Wanted::Ask(seen) => Ok(Progress::More(seen)),
        Wanted::Statements { from, count } => {
            let said = log.said.iter().skip(from as usize).take(count as usize).cloned().collect();
            witness.follow(grown, said)
        }
    }
}

fn holds(progress: Result<Progress, Contradiction>) -> (u64, u64) {
    match progress.unwrap() {
        Progress::Holds(tree) => (tree.frontier.size(), tree.counter),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_honest_log_is_followed_in_parts_again_and_after_a_restart() {
    let log = Log::new().other().other().ours().ours().other().ours();
    let mut witness = log.witness();
    assert!(matches!(step(&mut witness, &log, &log.grown(0, 3)), Ok(Progress::More(seen)) if seen.size == 3));
    assert_eq!(holds(step(&mut witness, &log, &log.grown(3, 6))), (6, 3));
    witness.acknowledged(3, &log.grown(0, 6).note).unwrap();
    // What it has seen already does no harm.
    let longer = log.ours().other();
    assert_eq!(holds(step(&mut witness, &longer, &longer.grown(2, 8))), (8, 4));
    assert_eq!(holds(step(&mut witness, &longer, &longer.grown(8, 8))), (8, 4));
    let mut again = Witness::new(&self::log(), *longer.key.verifying_key().as_bytes(), None, witness.tree);
    assert_eq!(holds(step(&mut again, &longer, &longer.grown(8, 8))), (8, 4));
    let beyond = longer.other().other();
    assert!(matches!(step(&mut again, &beyond, &beyond.grown(9, 10)), Ok(Progress::More(seen)) if seen.size == 8));
}

#[test]
fn what_was_acknowledged_must_be_there() {
    let log = Log::new().other().ours().ours();
    let mut dropped = Log::new().other().ours().other();
    dropped.said = log.said.clone();
    let mut witness = log.witness();
    witness.acknowledged(2, &dropped.grown(0, 3).note).unwrap();
    assert_eq!(
        step(&mut witness, &dropped, &dropped.grown(0, 3)),
        Err(Contradiction::Missing { counter: 1 })
    );
    // The other way round: first shown, then acknowledged.
    let mut witness = log.witness();
    assert_eq!(holds(step(&mut witness, &dropped, &dropped.grown(0, 3))), (3, 1));
    assert_eq!(
        witness.acknowledged(2, &dropped.grown(0, 3).note),
        Err(Contradiction::Missing { counter: 1 })
    );
}

#[test]
fn altered_invented_and_replaced_statements_are_found() {
    let log = Log::new().other().ours();
    // Altered: the log's hash is of other bytes.
    let mut altered = Log::new().other().ours();
    altered.hashes[1] = Hash([9; 32]);
    assert_eq!(
        step(&mut log.witness(), &log, &altered.grown(0, 2)),
        Err(Contradiction::NotWhatWasSaid { size: 2 })
    );
    // Invented: more of ours than we said.
    let invented = Log::new().other().ours().ours();
    assert_eq!(
        step(&mut log.witness(), &log, &invented.grown(0, 3)),
        Err(Contradiction::Invented { counter: 1 })
    );
    // A history recomputed from the beginning.
    let mut witness = log.witness();
    holds(step(&mut witness, &log, &log.grown(0, 2)));
    let mut other = Log::new().ours().other().other();
    other.said = log.said.clone();
    assert_eq!(
        step(&mut witness, &log, &other.grown(2, 3)),
        Err(Contradiction::NotWhatWasSaid { size: 3 })
    );
    // An older copy.
    let short = Log::new().other();
    assert_eq!(
        step(&mut witness, &log, &short.grown(0, 1)).unwrap(),
        Progress::More(witness.seen())
    );
    assert_eq!(
        witness.accept(&short.grown(0, 1).note),
        Err(Contradiction::WentBack { last: 2, offered: 1 })
    );
}

#[test]
fn an_endpoint_that_was_set_back_goes_on_from_hashes() {
    let log = Log::new().other().ours().ours();
    let mut witness = log.witness();
    witness.lost_below(2);
    let Ok(Wanted::Ask(seen)) = witness.wanted(&log.grown(0, 3)) else {
        panic!("statements that are gone cannot be wanted");
    };
    assert_eq!((seen.size, seen.counter.get()), (0, 2));
    let mut hashed = log.grown(0, 3);
    hashed.first_counter = 2;
    hashed.leaves = log.hashes.iter().map(|hash| Leaf::Other(*hash)).collect();
    assert_eq!(holds(step(&mut witness, &log, &hashed)), (3, 2));
}
