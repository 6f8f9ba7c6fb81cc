//! Shows the runtime what its log gained, so that it can rebuild the tree, find its statements in it, and cosign.
//!
//! Promises: at most about once a second while the log grows, at once after a hello, at the end of a session, and when asked; a frame is
//! bounded. Nothing is shown to a runtime that did not say what it has seen. Leaves out: cosignatures themselves (`cosign`).

use super::live::Live;
use crate::row::{Row, damaged, int};
use crate::store::{Store, StoreError};
use crate::turn::{Turn, later};
use caisey_ledger::hash::Hash;
use caisey_ledger::id::{Counter, TimeMs};
use caisey_protocol::runtime::{Leaf, MAX_LEAVES, Seen, ToRuntime};

/// While the log grows, it is shown this often, in milliseconds.
const EVERY_MS: u64 = 1_000;

/// What the runtime of the present connection was shown.
#[derive(Clone, Default)]
pub(super) struct Shown {
    /// None when it does not check.
    seen: Option<Seen>,
    /// The log has grown since; at this time it is shown.
    due: Option<TimeMs>,
    /// It is to be shown with this batch.
    now: bool,
}

impl Shown {
    /// A connection begins.
    pub(super) fn begin(&mut self, seen: Option<Seen>) {
        *self = Self {
            now: seen.is_some(),
            seen,
            due: None,
        };
    }

    /// The object was loaded while the runtime stayed connected: it had cosigned at this size.
    pub(super) fn resume(&mut self, cosigned: Option<u64>) {
        self.seen = cosigned.map(|size| Seen {
            size,
            counter: Counter::default(),
        });
    }

    pub(super) fn show_now(&mut self) {
        self.now = true;
    }

    pub(super) fn due(&self) -> Option<TimeMs> {
        self.due
    }

    pub(super) fn shift(&mut self, shift: impl Fn(&mut TimeMs)) {
        self.due.iter_mut().for_each(shift);
    }

    pub(super) fn on_time(&mut self, now: TimeMs) {
        if self.due.is_some_and(|due| due <= now) {
            self.now = true;
        }
    }
}

impl Live {
    /// To be called after every input: remembers to show what it added.
    pub(super) fn note_growth(&mut self, turn: &Turn<'_>) {
        let size = self.journal.size();
        let grown = self.shown.seen.is_some_and(|seen| seen.size < size);
        if grown && self.link.conn.is_some() && self.shown.due.is_none() {
            self.shown.due = Some(later(turn.now, EVERY_MS));
        }
    }

    /// The runtime says where its tree ends.
    pub(super) fn show_from(&mut self, seen: Seen) {
        self.shown.seen = Some(seen);
        self.shown.now = true;
    }

    /// Queues what is to be shown with this batch. The batch's checkpoint must have been stored.
    pub(super) fn show(&mut self, store: &dyn Store, checkpoint: &str) -> Result<(), StoreError> {
        if !std::mem::take(&mut self.shown.now) {
            return Ok(());
        }
        self.shown.due = None;
        let (Some(seen), true) = (self.shown.seen, self.link.conn.is_some()) else {
            return Ok(());
        };
        let size = self.journal.size();
        let from = seen.size.min(size);
        let (first_counter, leaves) = leaves(store, from, size, seen.counter)?;
        self.shown.seen = Some(Seen {
            size: size.min(from + leaves.len() as u64),
            counter: Counter::default(),
        });
        let grown = ToRuntime::Grown {
            from,
            first_counter,
            leaves,
            checkpoint: checkpoint.to_owned(),
        };
        self.tell_runtime(grown);
        Ok(())
    }
}

/// The leaves `from..to`, [`MAX_LEAVES`] at most; statements of the endpoint below `known` as hashes.
fn leaves(store: &dyn Store, from: u64, to: u64, known: Counter) -> Result<(Counter, Vec<Leaf>), StoreError> {
    let to = to.min(from.saturating_add(MAX_LEAVES as u64));
    let rows = store.exec(
        "SELECT time_ms, counter, leaf_hash FROM entries WHERE seq >= ?1 AND seq < ?2 ORDER BY seq",
        &[int(from), int(to)],
    )?;
    if rows.len() as u64 != to.saturating_sub(from) {
        return Err(damaged("entries are missing"));
    }
    let mut first = None;
    let mut leaves = Vec::with_capacity(rows.len());
    for row in rows {
        let mut row = Row::from(row);
        let (time, counter) = (row.number()?, row.number_or_null()?);
        let hash = Hash(row.bytes32()?);
        leaves.push(match counter.filter(|counter| *counter >= known.get()) {
            Some(counter) => {
                first.get_or_insert(counter);
                Leaf::Ours(TimeMs::new(time).ok_or_else(|| damaged("an entry's time is out of range"))?)
            }
            None => Leaf::Other(hash),
        });
    }
    let first = match first {
        Some(first) => first,
        None => next_counter_at(store, from)?.max(known.get()),
    };
    let first = Counter::new(first).ok_or_else(|| damaged("a counter is out of range"))?;
    Ok((first, leaves))
}

/// The counter of the endpoint's next statement at this place of the log.
fn next_counter_at(store: &dyn Store, seq: u64) -> Result<u64, StoreError> {
    let sql = "SELECT counter FROM entries WHERE seq < ?1 AND counter IS NOT NULL ORDER BY seq DESC LIMIT 1";
    match Row::first(store.exec(sql, &[int(seq)])?) {
        Some(mut row) => Ok(row.number()?.saturating_add(1)),
        None => Ok(0),
    }
}
