//! A store that fails on purpose: the write was not stored and failed, or was stored and failed all the same.

use caisey_control::store::{Rows, Store, StoreError, Value};
use std::cell::Cell;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing was stored, and the caller hears so.
    NotStored,
    /// It was stored, and the caller hears that it was not: the power went just after the commit.
    Stored,
}

/// Wraps a store. Writing statements and outermost commits count as writes.
pub struct FaultyStore<S> {
    inner: S,
    fault: Cell<Option<(u64, Fault)>>,
    depth: Cell<u32>,
    writes: Cell<u64>,
}

impl<S: Store> FaultyStore<S> {
    pub fn new(inner: S) -> Self {
        Self {
            inner,
            fault: Cell::new(None),
            depth: Cell::new(0),
            writes: Cell::new(0),
        }
    }

    /// The write after `writes` more ones fails, once.
    pub fn fail_after(&self, writes: u64, fault: Fault) {
        self.fault.set(Some((writes, fault)));
    }

    /// Takes a planned fault back.
    pub fn heal(&self) {
        self.fault.set(None);
    }

    /// Writes so far.
    pub fn writes(&self) -> u64 {
        self.writes.get()
    }

    fn due(&self) -> Option<Fault> {
        self.writes.set(self.writes.get() + 1);
        match self.fault.get() {
            Some((0, fault)) => {
                self.fault.set(None);
                Some(fault)
            }
            Some((left, fault)) => {
                self.fault.set(Some((left - 1, fault)));
                None
            }
            None => None,
        }
    }

    fn write<T>(&self, run: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        match self.due() {
            None => run(),
            Some(Fault::NotStored) => Err(StoreError::Full("on purpose".into())),
            Some(Fault::Stored) => run().and(Err(StoreError::Io("on purpose, after storing".into()))),
        }
    }
}

impl<S: Store> Store for FaultyStore<S> {
    fn exec(&self, sql: &str, params: &[Value]) -> Result<Rows, StoreError> {
        if sql.trim_start().starts_with("SELECT") {
            return self.inner.exec(sql, params);
        }
        self.write(|| self.inner.exec(sql, params))
    }

    fn script(&self, sql: &str) -> Result<(), StoreError> {
        self.write(|| self.inner.script(sql))
    }

    fn tx(&self, body: &mut dyn FnMut() -> Result<(), StoreError>) -> Result<(), StoreError> {
        let outermost = self.depth.get() == 0;
        let mut lie = false;
        self.depth.set(self.depth.get() + 1);
        let done = self.inner.tx(&mut || {
            body()?;
            match if outermost { self.due() } else { None } {
                None => Ok(()),
                Some(Fault::NotStored) => Err(StoreError::Full("on purpose, at the commit".into())),
                Some(Fault::Stored) => {
                    lie = true;
                    Ok(())
                }
            }
        });
        self.depth.set(self.depth.get() - 1);
        if lie {
            done.and(Err(StoreError::Io("on purpose, after the commit".into())))
        } else {
            done
        }
    }

    fn size_bytes(&self) -> Result<u64, StoreError> {
        self.inner.size_bytes()
    }
}
