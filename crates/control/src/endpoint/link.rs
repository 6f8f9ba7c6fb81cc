//! The runtime's connection: which one is proved, which still have to prove the key, and calls that wait for a pong.

use crate::port::{ConnId, RequestId};
use crate::row::{Row, damaged, int};
use crate::store::{Store, StoreError, Value};
use caisey_ledger::id::{ActionId, TimeMs};
use caisey_protocol::http::EndpointState;
use std::collections::{BTreeMap, BTreeSet};

/// Connections that may wait for their hello at the same time. Anybody can open one; the oldest is closed for the next.
pub(super) const MAX_HANDSHAKES: usize = 16;

/// A connection that was challenged.
#[derive(Clone)]
pub(super) struct Handshake {
    pub(super) nonce: String,
    pub(super) deadline: TimeMs,
}

/// Somebody waits to hear whether the runtime answers.
#[derive(Clone)]
pub(super) struct Ping {
    pub(super) nonce: u64,
    pub(super) request: RequestId,
    pub(super) asked_at: TimeMs,
    pub(super) deadline: TimeMs,
}

/// After a hello: what has to be found out about actions that were unfinished before it.
#[derive(Clone)]
pub(super) struct Settling {
    /// Everything that the runtime had said before its hello is here once the next counter reaches this.
    pub(super) until_counter: u64,
    /// What the runtime says is alive.
    pub(super) running: BTreeSet<ActionId>,
    /// Not settled yet.
    pub(super) open: BTreeSet<ActionId>,
    /// Set once the runtime's outbox is drained: whatever is still open then is unknown.
    pub(super) deadline: Option<TimeMs>,
}

/// Since when it is known with which rights commands run: all of `link`, and that.
pub(super) const CONNECTION: &str = "CREATE TABLE connection (
         only INTEGER PRIMARY KEY CHECK (only = 1),
         conn INTEGER,
         was_connected INTEGER NOT NULL,
         changed_at_ms INTEGER NOT NULL,
         clock_noted_ms INTEGER NOT NULL,
         elevated INTEGER
     ) STRICT;
     INSERT INTO connection SELECT only, conn, was_connected, changed_at_ms, clock_noted_ms, NULL FROM link;
     DROP TABLE link;";

#[derive(Clone, Default)]
pub(super) struct Link {
    /// The connection that has proved the key.
    pub(super) conn: Option<ConnId>,
    pub(super) was_connected: bool,
    /// Whether commands run with an administrator's rights, as the runtime said last.
    pub(super) elevated: Option<bool>,
    /// When it was last made or lost.
    pub(super) changed_at: TimeMs,
    /// Time of the log's end when the clock's going back was last recorded.
    pub(super) clock_noted: TimeMs,
    /// The store believed in a connection that no longer exists.
    pub(super) lost_on_load: bool,
    pub(super) handshakes: BTreeMap<ConnId, Handshake>,
    pub(super) pings: Vec<Ping>,
    pub(super) settling: Option<Settling>,
    /// A counter used twice was recorded for this connection.
    pub(super) reuse_noted: bool,
}

impl Link {
    pub(super) fn load(store: &dyn Store, alive: &[ConnId]) -> Result<Self, StoreError> {
        let rows = store.exec(
            "SELECT conn, was_connected, changed_at_ms, clock_noted_ms, elevated FROM connection",
            &[],
        )?;
        let Some(mut row) = Row::first(rows) else {
            return Ok(Self::default());
        };
        let out_of_range = || damaged("a time is out of range");
        let conn = row.number_or_null()?.map(ConnId);
        Ok(Self {
            conn,
            was_connected: row.flag()?,
            changed_at: TimeMs::new(row.number()?).ok_or_else(out_of_range)?,
            clock_noted: TimeMs::new(row.number()?).ok_or_else(out_of_range)?,
            elevated: row.number_or_null()?.map(|flag| flag != 0),
            lost_on_load: conn.is_some_and(|conn| !alive.contains(&conn)),
            ..Self::default()
        })
    }

    pub(super) fn put(&self, store: &dyn Store) -> Result<(), StoreError> {
        store.exec(
            "INSERT OR REPLACE INTO connection (only, conn, was_connected, changed_at_ms, clock_noted_ms, elevated)
             VALUES (1, ?1, ?2, ?3, ?4, ?5)",
            &[
                self.conn.map_or(Value::Null, |conn| int(conn.0)),
                int(self.was_connected.into()),
                int(self.changed_at.get()),
                int(self.clock_noted.get()),
                self.elevated.map_or(Value::Null, |flag| int(flag.into())),
            ],
        )?;
        Ok(())
    }

    pub(super) fn state(&self) -> EndpointState {
        match (self.conn, self.was_connected) {
            (Some(_), _) => EndpointState::Ready,
            (None, true) => EndpointState::Offline,
            (None, false) => EndpointState::Pending,
        }
    }
}
