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
mod tests;
