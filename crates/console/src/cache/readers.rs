//! The connections that read a cache: some idle ones are kept for the next who reads.
//!
//! Promises: closing interrupts whoever reads, waits for them, and refuses everybody after. Leaves out what is read.

use super::held;
use crate::error::ConsoleError;
use rusqlite::{Connection, InterruptHandle};
use std::collections::HashMap;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Idle connections that are kept; as many may work at the same time without opening one.
const KEPT: usize = 3;

/// Between two interruptions of the same reader.
const AGAIN: Duration = Duration::from_millis(20);

/// See the module's text.
#[derive(Default)]
pub(super) struct Readers {
    state: Mutex<State>,
    /// Somebody stopped reading.
    done: Condvar,
}

#[derive(Default)]
struct State {
    closed: bool,
    idle: Vec<Connection>,
    busy: HashMap<u64, InterruptHandle>,
    next: u64,
}

/// Somebody reads, until this is dropped. Their connection is to be dropped first.
pub(super) struct Busy<'a> {
    readers: &'a Readers,
    number: u64,
}

impl Readers {
    /// An idle connection, or one that `open` gives.
    pub(super) fn take(
        &self,
        open: impl FnOnce() -> Result<Connection, ConsoleError>,
    ) -> Result<(Busy<'_>, Connection), ConsoleError> {
        let idle = held(&self.state).idle.pop();
        let connection = match idle {
            Some(connection) => connection,
            None => open()?,
        };
        let mut state = held(&self.state);
        if state.closed {
            return Err(ConsoleError::Cancelled);
        }
        let number = state.next;
        state.next += 1;
        state.busy.insert(number, connection.get_interrupt_handle());
        Ok((Busy { readers: self, number }, connection))
    }

    pub(super) fn are_closed(&self) -> bool {
        held(&self.state).closed
    }

    /// Ends all reading; false when somebody still reads after `within`.
    pub(super) fn close(&self, within: Duration) -> bool {
        let mut state = held(&self.state);
        state.closed = true;
        state.idle.clear();
        let until = Instant::now() + within;
        while !state.busy.is_empty() && Instant::now() < until {
            // Only a statement that runs can be interrupted, so those between two statements are met the next time.
            state.busy.values().for_each(InterruptHandle::interrupt);
            let waited = self.done.wait_timeout(state, AGAIN);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.busy.is_empty()
    }
}

impl Busy<'_> {
    /// Keeps the connection for the next who reads.
    pub(super) fn keep(&self, connection: Connection) {
        let mut state = held(&self.readers.state);
        if !state.closed && state.idle.len() < KEPT {
            state.idle.push(connection);
        }
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        held(&self.readers.state).busy.remove(&self.number);
        self.readers.done.notify_all();
    }
}
