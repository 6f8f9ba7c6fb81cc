//! The session index: one row for each session of every endpoint, kept up to date by the Endpoint objects' reports.

use super::{OrganisationObject, SessionFilter, only_client};
use crate::port::Caller;
use crate::refusal::Stop;
use crate::row::{Row, damaged, int, text, text_or_null};
use crate::store::{Store, StoreError, Value};
use caisey_ledger::id::{Seq, TimeMs};
use caisey_protocol::http::SessionView;

/// Newest first, and no more than this many at once.
const SELECT: &str =
    "SELECT session, endpoint, client, member, member_name, opened_at_ms, closed_at_ms, first_seq, last_seq, actions
    FROM sessions
    WHERE (?1 IS NULL OR endpoint = ?1) AND (?2 IS NULL OR client = ?2) AND (?3 IS NULL OR member = ?3)
        AND (?4 IS NULL OR session = ?4) AND (?5 IS NULL OR opened_at_ms >= ?5) AND (?6 IS NULL OR opened_at_ms < ?6)
        AND (?7 IS NULL OR client = ?7)
    ORDER BY opened_at_ms DESC, session LIMIT 500";

fn read(row: Vec<Value>) -> Result<SessionView, StoreError> {
    let mut row = Row::from(row);
    let time = |number| TimeMs::new(number).ok_or_else(|| damaged("a session's time is out of range"));
    let seq = |number| Seq::new(number).ok_or_else(|| damaged("a session's place is out of range"));
    Ok(SessionView {
        session: row.parsed()?,
        endpoint: row.parsed()?,
        client: row.parsed()?,
        member: row.parsed()?,
        member_name: row.text()?,
        opened_at_ms: time(row.number()?)?,
        closed_at_ms: row.number_or_null()?.map(time).transpose()?,
        first_seq: seq(row.number()?)?,
        last_seq: row.number_or_null()?.map(seq).transpose()?,
        actions: row.number()?,
    })
}

fn number_or_null(number: Option<u64>) -> Value {
    number.map_or(Value::Null, int)
}

impl OrganisationObject {
    pub(super) fn sessions(store: &dyn Store, caller: &Caller, filter: &SessionFilter) -> Result<Vec<SessionView>, Stop> {
        let params = [
            text_or_null(filter.endpoint.as_ref()),
            text_or_null(filter.client.as_ref()),
            text_or_null(filter.member.as_ref()),
            text_or_null(filter.session.as_ref()),
            number_or_null(filter.from_ms.map(TimeMs::get)),
            number_or_null(filter.to_ms.map(TimeMs::get)),
            text_or_null(only_client(caller)?),
        ];
        Ok(store.exec(SELECT, &params)?.into_iter().map(read).collect::<Result<_, _>>()?)
    }

    /// Takes an Endpoint object's report about a session; reports about unknown endpoints are dropped.
    pub(super) fn session_changed(store: &dyn Store, view: &SessionView) -> Result<(), StoreError> {
        store.exec(
            "INSERT INTO sessions (session, endpoint, client, member, member_name, opened_at_ms, closed_at_ms, first_seq, last_seq, actions)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 WHERE EXISTS (SELECT 1 FROM endpoints WHERE endpoint = ?2)
             ON CONFLICT (session) DO UPDATE SET closed_at_ms = excluded.closed_at_ms, last_seq = excluded.last_seq, actions = excluded.actions
             WHERE sessions.endpoint = excluded.endpoint",
            &[
                text(&view.session),
                text(&view.endpoint),
                text(&view.client),
                text(&view.member),
                text(&view.member_name),
                int(view.opened_at_ms.get()),
                number_or_null(view.closed_at_ms.map(TimeMs::get)),
                int(view.first_seq.get()),
                number_or_null(view.last_seq.map(Seq::get)),
                int(view.actions),
            ],
        )?;
        Ok(())
    }
}
