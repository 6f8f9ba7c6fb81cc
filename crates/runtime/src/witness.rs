//! The endpoint watches the log that it writes to: every acknowledgement comes with a checkpoint, and none may contradict or fall
//! behind the last one. What does is kept, with the one it contradicts, and the endpoint stops trusting this control plane.
//!
//! Beyond that it rebuilds the log's tree from what it is shown ([`ToRuntime::Grown`]): other authors' entries as hashes, its own statements
//! from its outbox. So it finds out by itself that everything it said is in the log, unchanged and in order, and that a checkpoint
//! extends all that it saw before; only then is the checkpoint cosigned and a statement forgotten. Pure: no file, no clock.
//!
//! [`ToRuntime::Grown`]: caisey_protocol::runtime::ToRuntime::Grown

use caisey_ledger::checkpoint::Checkpoint;
use caisey_ledger::entry::{Entry, SignedStatement};
use caisey_ledger::id::{Counter, Seq};
use caisey_ledger::tree::{Frontier, leaf_hash};
use caisey_protocol::runtime::{Leaf, Seen};

/// A checkpoint that cannot be accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Contradiction {
    /// Not signed by the key that was pinned at enrolment, or of another log.
    #[error("the control plane acknowledged with a checkpoint that does not hold: {0}")]
    DoesNotHold(String),
    /// The log became shorter.
    #[error("the control plane's log went back from {last} to {offered} entries: entries that it had acknowledged are gone")]
    WentBack {
        /// Size of the last accepted one.
        last: u64,
        /// Size of the one that was offered.
        offered: u64,
    },
    /// Two different logs of the same size.
    #[error("the control plane signed two different logs of {size} entries")]
    Fork {
        /// The size.
        size: u64,
    },
    /// The tree of what this endpoint saw and said is not the one that is signed.
    #[error(
        "the control plane signs a log of {size} entries that does not extend what this endpoint had seen, or holds its statements altered"
    )]
    NotWhatWasSaid {
        /// Size of the signed log.
        size: u64,
    },
    /// Something that was acknowledged is not in the log.
    #[error("statement {counter} was acknowledged and is not in the log that the control plane signs")]
    Missing {
        /// Which.
        counter: u64,
    },
    /// Something that was never said is in the log.
    #[error("the control plane's log holds a statement {counter} in this endpoint's name that it never made")]
    Invented {
        /// Its number.
        counter: u64,
    },
}

/// A log's tree as this endpoint rebuilt it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tree {
    pub(crate) frontier: Frontier,
    /// The first of our statements that is not in it.
    pub(crate) counter: u64,
}

impl Tree {
    fn seen(&self) -> Seen {
        Seen {
            size: self.frontier.size(),
            counter: Counter::new(self.counter).unwrap_or_default(),
        }
    }
}

/// What the log gained, as the control plane tells it.
pub(crate) struct Grown {
    pub(crate) from: u64,
    pub(crate) first_counter: u64,
    pub(crate) leaves: Vec<Leaf>,
    pub(crate) note: String,
}

/// What has to be at hand to follow a growth.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// So many of our statements from this counter on.
    Statements { from: u64, count: u64 },
    /// It does not begin where our tree ends: ask for what does.
    Ask(Seen),
}

/// How far a growth led.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// The tree is the checkpoint's.
    Holds(Tree),
    /// The checkpoint signs more than was shown.
    More(Seen),
}

/// The last accepted checkpoint, the key it must be signed with, and the tree.
#[derive(Debug, Clone)]
pub(crate) struct Witness {
    origin: String,
    key: [u8; 32],
    last: Option<(Checkpoint, String)>,
    tree: Tree,
    /// Beyond `tree`, and not yet signed by any checkpoint.
    ahead: Option<Tree>,
    /// Everything below this counter was acknowledged as being in a log of this size.
    promised: Option<(u64, u64)>,
}

impl Witness {
    /// `stored` is the last accepted note; one that does not hold any more counts as none.
    pub(crate) fn new(origin: &str, key: [u8; 32], stored: Option<&str>, tree: Tree) -> Self {
        let last = stored.and_then(|note| Some((Checkpoint::open(note, origin, &key).ok()?, note.to_owned())));
        Self {
            origin: origin.to_owned(),
            key,
            last,
            tree,
            ahead: None,
            promised: None,
        }
    }

    /// How far the tree reaches.
    pub(crate) fn seen(&self) -> Seen {
        self.tree.seen()
    }

    /// The last accepted note, to be kept beside one that contradicts it.
    pub(crate) fn last_note(&self) -> Option<&str> {
        self.last.as_ref().map(|(_, note)| note.as_str())
    }

    /// This endpoint was set back and no longer has its statements below this counter: they can only be taken as hashes.
    pub(crate) fn lost_below(&mut self, counter: u64) {
        self.tree.counter = self.tree.counter.max(counter);
        self.ahead = None;
    }

    /// A connection begins or ends: what was shown in part is shown again.
    pub(crate) fn reconnected(&mut self) {
        self.ahead = None;
        self.promised = None;
    }

    /// Accepts a checkpoint that does not contradict the last one.
    pub(crate) fn accept(&mut self, note: &str) -> Result<Checkpoint, Contradiction> {
        let offered = self.consider(note)?;
        self.last = Some((offered.clone(), note.to_owned()));
        Ok(offered)
    }

    fn consider(&self, note: &str) -> Result<Checkpoint, Contradiction> {
        let offered =
            Checkpoint::open(note, &self.origin, &self.key).map_err(|error| Contradiction::DoesNotHold(error.to_string()))?;
        let last = self.last.as_ref().map(|(last, _)| (last.size, last.root));
        for (size, root) in last
            .into_iter()
            .chain([(self.tree.frontier.size(), self.tree.frontier.root())])
        {
            if offered.size < size {
                return Err(Contradiction::WentBack {
                    last: size,
                    offered: offered.size,
                });
            }
            if offered.size == size && offered.root != root {
                return Err(Contradiction::Fork { size });
            }
        }
        Ok(offered)
    }

    /// Accepts an acknowledgement's checkpoint, and remembers what it promises.
    pub(crate) fn acknowledged(&mut self, next: u64, note: &str) -> Result<(), Contradiction> {
        let size = self.accept(note)?.size;
        self.promised = Some((next, size));
        self.check_promise(&self.tree)
    }

    fn check_promise(&self, tree: &Tree) -> Result<(), Contradiction> {
        match self.promised {
            Some((next, size)) if tree.frontier.size() >= size && tree.counter < next => {
                Err(Contradiction::Missing { counter: tree.counter })
            }
            _ => Ok(()),
        }
    }

    /// What following this growth needs.
    pub(crate) fn wanted(&self, grown: &Grown) -> Result<Wanted, Contradiction> {
        let base = self.ahead.as_ref().unwrap_or(&self.tree);
        let Some((skipped, rest)) = self.split(base, grown) else {
            return Ok(Wanted::Ask(base.seen()));
        };
        let first = grown.first_counter.saturating_add(ours(skipped));
        match first.cmp(&base.counter) {
            std::cmp::Ordering::Less => Ok(Wanted::Ask(base.seen())),
            std::cmp::Ordering::Equal => Ok(Wanted::Statements {
                from: first,
                count: ours(rest),
            }),
            std::cmp::Ordering::Greater => Err(Contradiction::Missing { counter: base.counter }),
        }
    }

    /// Leaves that the tree has already, and those that it gains.
    fn split<'a>(&self, base: &Tree, grown: &'a Grown) -> Option<(&'a [Leaf], &'a [Leaf])> {
        let known = base.frontier.size().checked_sub(grown.from)?;
        grown.leaves.split_at_checked(usize::try_from(known).ok()?)
    }

    /// Follows a growth with the statements that [`Self::wanted`] asked for.
    pub(crate) fn follow(&mut self, grown: &Grown, statements: Vec<SignedStatement>) -> Result<Progress, Contradiction> {
        let checkpoint = self.consider(&grown.note)?;
        let mut tree = self.ahead.take().unwrap_or_else(|| self.tree.clone());
        let rest = self.split(&tree, grown).map(|(_, rest)| rest).unwrap_or_default();
        let mut statements = statements.into_iter();
        for leaf in rest {
            let hash = match leaf {
                Leaf::Other(hash) => *hash,
                Leaf::Ours(time_ms) => {
                    let said = statements
                        .next()
                        .filter(|said| said.statement.counter.is_some_and(|counter| counter.get() == tree.counter))
                        .ok_or(Contradiction::Invented { counter: tree.counter })?;
                    let altered = Contradiction::NotWhatWasSaid { size: checkpoint.size };
                    let entry = Entry {
                        seq: Seq::new(tree.frontier.size()).ok_or_else(|| altered.clone())?,
                        time_ms: *time_ms,
                        statement: said.statement,
                        signature: said.signature,
                    };
                    tree.counter += 1;
                    leaf_hash(entry.leaf().map_err(|_| altered)?.as_bytes())
                }
            };
            tree.frontier.append(hash);
        }
        let size = tree.frontier.size();
        if size < checkpoint.size {
            let seen = tree.seen();
            self.ahead = Some(tree);
            return Ok(Progress::More(seen));
        }
        if size != checkpoint.size || tree.frontier.root() != checkpoint.root {
            return Err(Contradiction::NotWhatWasSaid { size: checkpoint.size });
        }
        self.check_promise(&tree)?;
        self.last = Some((checkpoint, grown.note.clone()));
        self.tree = tree.clone();
        Ok(Progress::Holds(tree))
    }
}

fn ours(leaves: &[Leaf]) -> u64 {
    leaves.iter().filter(|leaf| matches!(leaf, Leaf::Ours(_))).count() as u64
}

#[cfg(test)]
mod tests {
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
}
