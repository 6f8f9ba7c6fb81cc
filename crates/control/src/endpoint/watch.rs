//! Consoles that watch the log: each is sent one page at a time, the next when it has taken the last.

use super::outgoing::Outgoing;
use crate::journal;
use crate::port::ConnId;
use crate::refusal::error;
use crate::store::{Store, StoreError};
use caisey_ledger::entry::Record;
use caisey_ledger::id::Seq;
use caisey_protocol::error::ErrorCode;
use caisey_protocol::watch::LogEvent;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Records in one frame, at most.
const FRAME_RECORDS: u32 = 512;

#[derive(Clone)]
struct Watcher {
    next: Seq,
    /// A page was sent and not yet taken.
    busy: bool,
    /// Nothing was sent yet: the first frame comes even when it is empty, so that the console knows that it is up to date.
    new: bool,
}

#[derive(Clone, Default)]
pub(super) struct Watchers {
    by_conn: BTreeMap<ConnId, Watcher>,
}

impl Watchers {
    pub(super) fn is_empty(&self) -> bool {
        self.by_conn.is_empty()
    }

    pub(super) fn open(&mut self, conn: ConnId, from: Seq) {
        self.by_conn.insert(
            conn,
            Watcher {
                next: from,
                busy: false,
                new: true,
            },
        );
    }

    pub(super) fn drained(&mut self, conn: ConnId) {
        if let Some(watcher) = self.by_conn.get_mut(&conn) {
            watcher.busy = false;
        }
    }

    pub(super) fn close(&mut self, conn: ConnId) {
        self.by_conn.remove(&conn);
    }

    /// Something that is not an entry, for all of them.
    pub(super) fn tell(&self, event: &LogEvent, out: &mut Outgoing) {
        for conn in self.by_conn.keys() {
            out.send_watcher(*conn, event.clone());
        }
    }

    /// Sends the next page to everyone who can take one. Watchers at the same place share one reading of the store.
    pub(super) fn serve(&mut self, store: &dyn Store, size: u64, out: &mut Outgoing) -> Result<(), StoreError> {
        let mut pages: BTreeMap<Seq, (Vec<Record>, String)> = BTreeMap::new();
        let mut ahead = Vec::new();
        for (conn, watcher) in &mut self.by_conn {
            if watcher.next.get() > size {
                let detail = format!(
                    "This log has {size} entries; you ask for those from {} on. Compare checkpoints.",
                    watcher.next
                );
                out.send_watcher(*conn, LogEvent::Error(error(ErrorCode::Conflict, detail)));
                ahead.push(*conn);
                continue;
            }
            if watcher.busy || (watcher.next.get() == size && !watcher.new) {
                continue;
            }
            let from = watcher.next;
            let page = match pages.entry(from) {
                Entry::Occupied(page) => page.into_mut(),
                Entry::Vacant(place) => {
                    let Some(page) = journal::read_page(store, from, FRAME_RECORDS)? else {
                        continue;
                    };
                    place.insert((page.records, page.checkpoint))
                }
            };
            let (records, checkpoint) = (&page.0, &page.1);
            watcher.next = from.checked_add(records.len() as u64).unwrap_or(from);
            watcher.busy = true;
            watcher.new = false;
            out.send_watcher(
                *conn,
                LogEvent::Records {
                    from,
                    records: records.clone(),
                    checkpoint: checkpoint.clone(),
                },
            );
        }
        for conn in ahead {
            self.by_conn.remove(&conn);
        }
        Ok(())
    }
}
