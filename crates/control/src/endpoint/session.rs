//! Sessions: one row each, written when one opens, changes or closes. Open ones are also in memory.

use crate::row::{Row, damaged, int, text};
use crate::store::{Rows, Store, StoreError, Value};
use caisey_ledger::id::{MemberId, Seq, SessionId, TimeMs};

const COLUMNS: &str =
    "SELECT session, member, member_name, opened_at_ms, first_seq, closed_at_ms, last_seq, actions FROM sessions";

#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) session: SessionId,
    pub(super) member: MemberId,
    pub(super) member_name: String,
    pub(super) opened_at: TimeMs,
    pub(super) first_seq: Seq,
    pub(super) closed: Option<(TimeMs, Seq)>,
    pub(super) actions: u64,
    /// When something last happened in it. Not stored: after loading, the time of the log's last entry.
    pub(super) active_at: TimeMs,
}

pub(super) fn open_ones(store: &dyn Store, active_at: TimeMs) -> Result<Vec<Session>, StoreError> {
    read(store.exec(&format!("{COLUMNS} WHERE closed_at_ms IS NULL"), &[])?, active_at)
}

pub(super) fn find(store: &dyn Store, session: &SessionId) -> Result<Option<Session>, StoreError> {
    let found = read(
        store.exec(&format!("{COLUMNS} WHERE session = ?1"), &[text(session)])?,
        TimeMs::default(),
    )?;
    Ok(found.into_iter().next())
}

/// The sessions that were opened last.
pub(super) fn newest(store: &dyn Store, count: u64) -> Result<Vec<SessionId>, StoreError> {
    let rows = store.exec(
        "SELECT session FROM sessions ORDER BY first_seq DESC LIMIT CAST(?1 AS INTEGER)",
        &[int(count)],
    )?;
    rows.into_iter().map(|row| Row::from(row).parsed()).collect()
}

fn read(rows: Rows, active_at: TimeMs) -> Result<Vec<Session>, StoreError> {
    let out_of_range = || damaged("a session's numbers are out of range");
    let mut sessions = Vec::with_capacity(rows.len());
    for row in rows {
        let mut row = Row::from(row);
        let (session, member, member_name) = (row.parsed()?, row.parsed()?, row.text()?);
        let opened_at = TimeMs::new(row.number()?).ok_or_else(out_of_range)?;
        let first_seq = Seq::new(row.number()?).ok_or_else(out_of_range)?;
        let closed = match (row.number_or_null()?, row.number_or_null()?) {
            (Some(time), Some(seq)) => Some((
                TimeMs::new(time).ok_or_else(out_of_range)?,
                Seq::new(seq).ok_or_else(out_of_range)?,
            )),
            _ => None,
        };
        sessions.push(Session {
            session,
            member,
            member_name,
            opened_at,
            first_seq,
            closed,
            actions: row.number()?,
            active_at,
        });
    }
    Ok(sessions)
}

impl Session {
    /// Writes the row, new or changed.
    pub(super) fn put(&self, store: &dyn Store) -> Result<(), StoreError> {
        let closed = self
            .closed
            .map_or([Value::Null, Value::Null], |(time, seq)| [int(time.get()), int(seq.get())]);
        let [closed_at, last_seq] = closed;
        store.exec(
            "INSERT INTO sessions (session, member, member_name, opened_at_ms, first_seq, closed_at_ms, last_seq, actions)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (session) DO UPDATE SET closed_at_ms = excluded.closed_at_ms, last_seq = excluded.last_seq, actions = excluded.actions",
            &[
                text(&self.session),
                text(&self.member),
                text(&self.member_name),
                int(self.opened_at.get()),
                int(self.first_seq.get()),
                closed_at,
                last_seq,
                int(self.actions),
            ],
        )?;
        Ok(())
    }
}
