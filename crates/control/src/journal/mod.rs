//! A log in a store: entries with their texts, the tree's nodes, and one checkpoint per commit.
//!
//! Promises: sequence numbers are dense, times never go back, and what was appended is never changed; erasing a text removes the
//! text only. The right edge of the tree is in memory, so that an append writes one row, one per text, and now and then a tree node.
//! Leaves out: what an entry means, and who may say it. Follows RFC 6962 §2.1, C2SP tlog-checkpoint, docs/formats/log.md.

mod nodes;
mod read;

pub(crate) use nodes::{prove_consistency, prove_inclusion, root_at};
pub(crate) use read::{disclosures, evidence, leaf, leaves, read_page, signed};

use crate::port::Signer;
use crate::row::{Row, damaged, int, text, text_or_null};
use crate::store::{Store, StoreError, Value};
use caisey_ledger::admission::Proved;
use caisey_ledger::checkpoint::Checkpoint;
use caisey_ledger::disclosure::Disclosure;
use caisey_ledger::hash::Hash;
use caisey_ledger::id::{Seq, TimeMs};
use caisey_ledger::tree::{Frontier, NodeAt, leaf_hash};

/// Tables of a log; first migration of every object that keeps one.
pub(crate) const TABLES: &str = "
    CREATE TABLE entries (
        seq INTEGER PRIMARY KEY,
        time_ms INTEGER NOT NULL,
        record_bytes INTEGER NOT NULL,
        leaf_hash BLOB NOT NULL,
        kind TEXT NOT NULL,
        session TEXT,
        action TEXT,
        counter INTEGER,
        leaf TEXT NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX entries_by_counter ON entries (counter) WHERE counter IS NOT NULL;
    CREATE TABLE texts (
        seq INTEGER NOT NULL REFERENCES entries (seq),
        name TEXT NOT NULL,
        text TEXT NOT NULL,
        seed BLOB NOT NULL,
        PRIMARY KEY (seq, name)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE nodes (
        level INTEGER NOT NULL,
        place INTEGER NOT NULL,
        hash BLOB NOT NULL,
        PRIMARY KEY (level, place)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE checkpoints (
        size INTEGER PRIMARY KEY,
        note TEXT NOT NULL
    ) STRICT;
";

const INSERT_ENTRY: &str = "INSERT INTO entries (seq, time_ms, record_bytes, leaf_hash, kind, session, action, counter, leaf)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
const INSERT_TEXT: &str = "INSERT INTO texts (seq, name, text, seed) VALUES (?1, ?2, ?3, ?4)";
const INSERT_NODE: &str = "INSERT INTO nodes (level, place, hash) VALUES (?1, ?2, ?3)";
const INSERT_CHECKPOINT: &str = "INSERT INTO checkpoints (size, note) VALUES (?1, ?2)";
const LAST_CHECKPOINT: &str = "SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT 1";
const LAST_ENTRY: &str = "SELECT seq, time_ms FROM entries ORDER BY seq DESC LIMIT 1";

/// A log's growing end.
#[derive(Clone)]
pub(crate) struct Journal {
    origin: String,
    frontier: Frontier,
    last_time: TimeMs,
    sealed_size: u64,
    checkpoint: String,
}

impl Journal {
    /// Reads the log's end, and checks that the stored tree leads to the root that the last checkpoint states.
    ///
    /// # Errors
    /// `Corrupt` when it does not; else the store's.
    pub(crate) fn load(store: &dyn Store, origin: &str) -> Result<Self, StoreError> {
        let origin = origin.to_owned();
        let Some(mut last) = Row::first(store.exec(LAST_CHECKPOINT, &[])?) else {
            let empty = store.exec(LAST_ENTRY, &[])?.is_empty();
            let journal = Self {
                origin,
                frontier: Frontier::new(),
                last_time: TimeMs::default(),
                sealed_size: 0,
                checkpoint: String::new(),
            };
            return if empty {
                Ok(journal)
            } else {
                Err(damaged("there are entries but no checkpoint"))
            };
        };
        let (size, note) = (last.number()?, last.text()?);
        let mut entry = Row::first(store.exec(LAST_ENTRY, &[])?).ok_or_else(|| damaged("the entries are gone"))?;
        let (seq, time) = (entry.number()?, entry.number()?);
        if seq.checked_add(1) != Some(size) {
            return Err(damaged("the last entry and the last checkpoint do not belong together"));
        }
        let frontier = nodes::frontier(store, size)?;
        let stated = Checkpoint::read(&note).map_err(|_| damaged("the last checkpoint cannot be read"))?;
        if stated.size != size || stated.root != frontier.root() || stated.origin != origin {
            return Err(damaged("the entries do not lead to the root of the last checkpoint"));
        }
        let last_time = TimeMs::new(time).ok_or_else(|| damaged("an entry's time is out of range"))?;
        Ok(Self {
            origin,
            frontier,
            last_time,
            sealed_size: size,
            checkpoint: note,
        })
    }

    /// Checkpoint origin.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Entries so far.
    pub(crate) fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// Time of the last entry.
    pub(crate) fn last_time(&self) -> TimeMs {
        self.last_time
    }

    /// Places a statement at the log's end. Its time is `now`, or the last entry's while the clock is behind that.
    ///
    /// # Errors
    /// The store's; `Refused` when the entry would be longer than entries may be, which callers check beforehand.
    pub(crate) fn append(&mut self, store: &dyn Store, now: TimeMs, said: &Proved) -> Result<Seq, StoreError> {
        let seq = Seq::new(self.frontier.size()).ok_or_else(|| StoreError::Refused("the log is at its largest size".into()))?;
        let time_ms = self.last_time.max(now);
        let statement = &said.statement;
        let leaf = said
            .leaf(seq, time_ms)
            .map_err(|error| StoreError::Refused(error.to_string()))?;
        let hash = leaf_hash(leaf.as_bytes());
        let texts_bytes: usize = said.disclosures.values().map(disclosure_bytes).sum();
        store.exec(
            INSERT_ENTRY,
            &[
                int(seq.get()),
                int(time_ms.get()),
                int((json_bytes(&leaf) + texts_bytes) as u64),
                Value::Blob(hash.0.to_vec()),
                text(&statement.kind),
                text_or_null(statement.session.as_ref()),
                text_or_null(statement.action.as_ref()),
                statement.counter.map_or(Value::Null, |counter| int(counter.get())),
                Value::Text(leaf),
            ],
        )?;
        for (name, disclosure) in &said.disclosures {
            let Disclosure::Full { text: whole, seed } = disclosure else {
                continue;
            };
            store.exec(
                INSERT_TEXT,
                &[
                    int(seq.get()),
                    text(name),
                    Value::Text(whole.clone()),
                    Value::Blob(seed.as_bytes().to_vec()),
                ],
            )?;
        }
        for (at, hash) in self.grow(hash) {
            store.exec(
                INSERT_NODE,
                &[int(at.level.into()), int(at.index), Value::Blob(hash.0.to_vec())],
            )?;
        }
        self.last_time = time_ms;
        Ok(seq)
    }

    /// Appends to the tree; returns the completed nodes that are to be stored.
    fn grow(&mut self, leaf: Hash) -> Vec<(NodeAt, Hash)> {
        let mut kept = Vec::new();
        self.frontier.append_with(leaf, |at, hash| {
            if nodes::is_stored(at) {
                kept.push((at, hash));
            }
        });
        kept
    }

    /// Signs and stores a checkpoint over everything appended since the last one, and returns the newest.
    ///
    /// # Errors
    /// The store's.
    pub(crate) fn seal(&mut self, store: &dyn Store, signer: &dyn Signer) -> Result<&str, StoreError> {
        let size = self.frontier.size();
        if size > self.sealed_size {
            let checkpoint = Checkpoint {
                origin: self.origin.clone(),
                size,
                root: self.frontier.root(),
            };
            self.checkpoint = checkpoint
                .sign(&signer.public_key(), |message| signer.sign(message))
                .map_err(|error| StoreError::Refused(error.to_string()))?;
            store.exec(INSERT_CHECKPOINT, &[int(size), text(&self.checkpoint)])?;
            self.sealed_size = size;
        }
        Ok(&self.checkpoint)
    }
}

fn disclosure_bytes(disclosure: &Disclosure) -> usize {
    /// `"name":{"seed":"…","shown":"full","text":"…"}` without the text.
    const AROUND: usize = 128;
    match disclosure {
        Disclosure::Full { text, .. } => AROUND + json_bytes(text),
        _ => AROUND,
    }
}

/// Length of a text as a JSON string: pages are cut by what travels, not by what is stored.
fn json_bytes(text: &str) -> usize {
    let escaped = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 8 | 12 => 2,
        0..=0x1F => 6,
        _ => 1,
    };
    2 + text.bytes().map(escaped).sum::<usize>()
}
