//! Sessions and their timelines, as rows and as view models.

use super::cosignature::{self, Cosignature};
use super::log;
use super::page::Reader;
use crate::error::ConsoleError;
use crate::view::{CosignerRow, SessionDetail, SessionFilter, SessionRow, TimelineItem, Verification};
use caisey_ledger::disclosure::Disclosure;
use caisey_protocol::http::SessionView;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use std::collections::{BTreeMap, HashMap};

const COLUMNS: &str = "session, endpoint, hostname, client, client_name, member, \
     coalesce((SELECT name FROM people WHERE people.member = sessions.member), member_name), purpose, opened_at_ms, closed_at_ms, \
     first_seq, last_seq, actions, recorded, verified_size, broken_from, number, log";

/// A session, and the cache's own numbers for it and its log.
pub(super) struct Found {
    pub(super) view: SessionRow,
    pub(super) number: i64,
    pub(super) log: i64,
}

fn found(row: &Row<'_>) -> rusqlite::Result<Found> {
    let (first_seq, last_seq): (u64, u64) = (row.get(10)?, row.get(11)?);
    let (recorded, verified_size, broken_from): (bool, u64, Option<u64>) = (row.get(13)?, row.get(14)?, row.get(15)?);
    let verification = if recorded && broken_from.is_some_and(|from| last_seq >= from) {
        Verification::Broken
    } else if recorded && last_seq < verified_size {
        Verification::Verified
    } else {
        Verification::Unverified
    };
    let view = SessionRow {
        session: row.get(0)?,
        endpoint: row.get(1)?,
        hostname: crate::visible::marked_line(&row.get::<_, String>(2)?),
        client: row.get(3)?,
        client_name: crate::visible::marked_line(&row.get::<_, String>(4)?),
        member: row.get(5)?,
        member_name: crate::visible::marked_line(&row.get::<_, String>(6)?),
        purpose: crate::visible::marked_line(&row.get::<_, String>(7)?),
        opened_at_ms: row.get(8)?,
        closed_at_ms: row.get(9)?,
        first_seq,
        last_seq,
        actions: row.get(12)?,
        verification,
    };
    Ok(Found {
        view,
        number: row.get(16)?,
        log: row.get(17)?,
    })
}

/// Sessions that pass the filter, newest first.
///
/// # Errors
/// The database's.
pub fn list(cache: &Connection, filter: &SessionFilter) -> Result<Vec<SessionRow>, ConsoleError> {
    let mut sql = format!("SELECT {COLUMNS} FROM sessions JOIN logs USING (log) WHERE 1");
    let mut values: Vec<Value> = Vec::new();
    let mut narrow = |condition: &str, value: Value| {
        values.push(value);
        sql.push_str(&format!(" AND {condition} ?{}", values.len()));
    };
    for (condition, value) in [
        ("client =", &filter.client),
        ("endpoint =", &filter.endpoint),
        ("member =", &filter.member),
    ] {
        if let Some(value) = value {
            narrow(condition, Value::Text(value.clone()));
        }
    }
    for (condition, value) in [("opened_at_ms >=", filter.from_ms), ("opened_at_ms <", filter.to_ms)] {
        if let Some(value) = value {
            narrow(condition, Value::Integer(i64::try_from(value).unwrap_or(i64::MAX)));
        }
    }
    if filter.open_only {
        sql.push_str(" AND closed_at_ms IS NULL");
    }
    let limit = if filter.limit == 0 { 200 } else { filter.limit.min(10_000) };
    sql.push_str(&format!(" ORDER BY opened_at_ms DESC, number DESC LIMIT {limit}"));
    let mut rows = cache.prepare_cached(&sql)?;
    let rows = rows.query_map(params_from_iter(values), |row| Ok(found(row)?.view))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn one(cache: &Connection, session: &str) -> Result<Found, ConsoleError> {
    let sql = format!("SELECT {COLUMNS} FROM sessions JOIN logs USING (log) WHERE session = ?1");
    let row = cache.prepare_cached(&sql)?.query_row([session], found).optional()?;
    row.ok_or_else(|| ConsoleError::NotFound {
        what: "session",
        id: session.to_owned(),
    })
}

/// One session's row.
///
/// # Errors
/// Unknown session; the database's.
pub fn row(cache: &Connection, session: &str) -> Result<SessionRow, ConsoleError> {
    Ok(one(cache, session)?.view)
}

/// Which session and endpoint an action belongs to.
///
/// # Errors
/// Unknown action; the database's.
pub fn of_action(cache: &Connection, action: &str) -> Result<(String, String), ConsoleError> {
    cache
        .prepare_cached(
            "SELECT sessions.session, endpoint FROM actions JOIN sessions ON number = actions.session JOIN logs ON logs.log = actions.log
             WHERE action = ?1",
        )?
        .query_row([action], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?
        .ok_or_else(|| ConsoleError::NotFound {
            what: "action",
            id: action.to_owned(),
        })
}

/// A session in full: its own entries, and the endpoint's (connectivity, gaps) that fall between them.
///
/// # Errors
/// Unknown session; the database's.
pub fn detail(cache: &Connection, session: &str) -> Result<SessionDetail, ConsoleError> {
    let found = one(cache, session)?;
    let log = log::by_number(cache, found.log)?;
    let items = Reader::new(cache, &log)?.range(&found, found.view.first_seq, found.view.last_seq)?;
    let end = found.view.last_seq + 1;
    let covering = cosignature::best_covering(cache, log.log, end)?.map(|(checkpoint, _)| checkpoint);
    let cosigned = cosignature::witnesses(cache, log.log, end)?;
    Ok(SessionDetail {
        cosigned: cosigned.into_iter().map(|line| cosigner(line, end)).collect(),
        row: found.view,
        items,
        root: covering.as_ref().map(|checkpoint| checkpoint.root.clone()),
        log_size: covering.as_ref().map_or(0, |checkpoint| checkpoint.size),
        checkpoint: covering.map(|checkpoint| checkpoint.note),
    })
}

pub(super) fn cosigner(line: Cosignature, end: u64) -> CosignerRow {
    CosignerRow {
        who: crate::visible::marked_line(&line.who),
        kind: line.kind.word().to_owned(),
        size: line.size,
        time_ms: line.time_s.saturating_mul(1_000),
        covers_all: line.size >= end,
        introduced: line.introduced,
    }
}

/// A session's entries from a place on.
///
/// # Errors
/// Unknown session; the database's.
pub fn items_from(cache: &Connection, session: &str, from_seq: u64) -> Result<(SessionRow, Vec<TimelineItem>), ConsoleError> {
    let found = one(cache, session)?;
    let log = log::by_number(cache, found.log)?;
    let items = Reader::new(cache, &log)?.range(&found, from_seq.max(found.view.first_seq), found.view.last_seq)?;
    Ok((found.view, items))
}

/// Names of people by identifier, as the logs introduced them.
///
/// # Errors
/// The database's.
pub fn people(cache: &Connection) -> Result<HashMap<String, String>, ConsoleError> {
    let mut rows = cache.prepare_cached("SELECT member, name FROM people")?;
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Stored disclosures; none when there are none, or when they cannot be read any more.
pub fn disclosures(json: Option<&str>) -> BTreeMap<String, Disclosure> {
    json.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}

/// Takes in what the directory says of a session whose entries are not in the cache yet. What the log itself said is never overwritten,
/// except for the name of a person that it did not give.
///
/// # Errors
/// The database's.
pub fn put_directory(cache: &Connection, view: &SessionView) -> Result<(), ConsoleError> {
    cache
        .prepare_cached(
            "INSERT INTO sessions (session, log, member, member_name, purpose, opened_at_ms, closed_at_ms, first_seq, last_seq, actions,
             recorded)
             SELECT ?1, log, ?3, ?4, '', ?5, ?6, ?7, ?8, ?9, 0 FROM logs WHERE endpoint = ?2
             ON CONFLICT (session) DO UPDATE SET closed_at_ms = ?6, last_seq = ?8, actions = ?9 WHERE recorded = 0",
        )?
        .execute(params![
            view.session.as_str(),
            view.endpoint.as_str(),
            view.member.as_str(),
            view.member_name,
            view.opened_at_ms.get(),
            view.closed_at_ms.map(|time| time.get()),
            view.first_seq.get(),
            view.last_seq.unwrap_or(view.first_seq).get(),
            view.actions
        ])?;
    cache
        .prepare_cached("UPDATE sessions SET member_name = ?2 WHERE session = ?1 AND member_name = member AND member = ?3")?
        .execute([view.session.as_str(), &view.member_name, view.member.as_str()])?;
    Ok(())
}
