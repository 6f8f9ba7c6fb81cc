//! A session's timeline in pages, so that one of any length opens at once: where the pages begin, and the entries of one of them.
//!
//! Promises: the first answer reads numbers alone and no entry; a page brings along the entries outside of it that its commands need to
//! be understood: how they began, and how they ended. Leaves out what the whole record amounts to ([`super::proof`]).

use super::log::{self, LogRow};
use super::session::{self, Found};
use crate::error::ConsoleError;
use crate::timeline;
use crate::view::{SessionHead, SessionPage, TimelineItem};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Entries in a page.
pub const PAGE_ENTRIES: usize = 256;
/// Entries after a command was proposed among which its authorisation and start are looked for.
const BEGINNING: u32 = 12;
/// Commands that a page's end cuts and whose own end is looked for.
const CUT_MOST: usize = 8;
/// Pieces of output that come along with one action.
const OUTPUTS_MOST: u32 = 40;

/// The session's entries, and the endpoint's own that fall between them, in order: `?1` log, `?2` session, `?3` and `?4` the range.
const PLACES: &str = "SELECT seq FROM entries WHERE session = ?2 AND seq BETWEEN ?3 AND ?4
     UNION ALL SELECT seq FROM entries WHERE log = ?1 AND session IS NULL AND seq BETWEEN ?3 AND ?4";

/// A session without its entries.
///
/// # Errors
/// Unknown session; the database's.
pub fn head(cache: &Connection, session: &str) -> Result<SessionHead, ConsoleError> {
    let found = session::one(cache, session)?;
    let mut rows = cache.prepare_cached(&format!("SELECT seq FROM ({PLACES}) ORDER BY seq"))?;
    let mut rows = rows.query(params![found.log, found.number, found.view.first_seq, found.view.last_seq])?;
    let (mut total, mut pages) = (0_usize, Vec::new());
    while let Some(row) = rows.next()? {
        if total.is_multiple_of(PAGE_ENTRIES) {
            pages.push(row.get(0)?);
        }
        total += 1;
    }
    Ok(SessionHead {
        row: found.view,
        total: total as u64,
        pages,
    })
}

/// The entries from one sequence number on, before another; without one, to the end.
///
/// # Errors
/// Unknown session; the database's.
pub fn page(cache: &Connection, session: &str, from_seq: u64, before_seq: Option<u64>) -> Result<SessionPage, ConsoleError> {
    let found = session::one(cache, session)?;
    let log = log::by_number(cache, found.log)?;
    let last = before_seq.map_or(found.view.last_seq, |before| {
        before.saturating_sub(1).min(found.view.last_seq)
    });
    let first = from_seq.max(found.view.first_seq);
    let reader = Reader::new(cache, &log)?;
    let items = reader.range(&found, first, last)?;
    let context = reader.context(&found, &items)?;
    Ok(SessionPage { items, context })
}

/// What the record holds about one action, in order; of a long output only its beginning.
///
/// # Errors
/// The database's.
pub fn of_action(cache: &Connection, action: &str) -> Result<Vec<TimelineItem>, ConsoleError> {
    let place: Option<(i64, i64, i64)> = cache
        .prepare_cached("SELECT log, session, entry FROM actions WHERE action = ?1")?
        .query_row([action], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((log, session, entry)) = place else {
        return Ok(Vec::new());
    };
    let log = log::by_number(cache, log)?;
    let reader = Reader::new(cache, &log)?;
    let named = format!("%\"action\":\"{action}\"%");
    let mut rows = cache.prepare_cached(
        "SELECT seq, leaf, disclosures, fault FROM (
           SELECT seq, leaf, disclosures, fault FROM entries WHERE session = ?1 AND leaf LIKE ?3
           AND seq >= (SELECT seq FROM entries WHERE id = ?2)
           AND kind IN (SELECT number FROM names WHERE name = 'command.output') ORDER BY seq LIMIT ?4)
         UNION ALL SELECT seq, leaf, disclosures, fault FROM entries WHERE session = ?1 AND leaf LIKE ?3
           AND seq >= (SELECT seq FROM entries WHERE id = ?2)
           AND kind NOT IN (SELECT number FROM names WHERE name = 'command.output')
         ORDER BY seq",
    )?;
    let rows = rows.query_map(params![session, entry, named, OUTPUTS_MOST], |row| reader.item(row))?;
    let items: Vec<TimelineItem> = rows.collect::<Result<_, _>>()?;
    Ok(items
        .into_iter()
        .filter(|item| item.action.as_deref() == Some(action))
        .collect())
}

/// Turns stored rows into what a timeline shows.
pub(super) struct Reader<'a> {
    cache: &'a Connection,
    log: &'a LogRow,
    people: HashMap<String, String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(cache: &'a Connection, log: &'a LogRow) -> Result<Self, ConsoleError> {
        let people = session::people(cache)?;
        Ok(Self { cache, log, people })
    }

    fn item(&self, row: &Row<'_>) -> rusqlite::Result<TimelineItem> {
        let (leaf, fault): (String, Option<String>) = (row.get(1)?, row.get(3)?);
        let disclosures = session::disclosures(row.get_ref(2)?.as_str_or_null().ok().flatten());
        Ok(timeline::item(
            self.log,
            row.get(0)?,
            &leaf,
            &disclosures,
            fault,
            &self.people,
        ))
    }

    /// The session's entries and those of nobody's session in a range.
    pub(super) fn range(&self, found: &Found, from: u64, to: u64) -> Result<Vec<TimelineItem>, ConsoleError> {
        let columns = PLACES.replace("SELECT seq", "SELECT seq, leaf, disclosures, fault");
        let mut rows = self
            .cache
            .prepare_cached(&format!("SELECT * FROM ({columns}) ORDER BY seq"))?;
        let rows = rows.query_map(params![self.log.log, found.number, from, to], |row| self.item(row))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What commands of a page need from outside of it.
    fn context(&self, found: &Found, items: &[TimelineItem]) -> Result<Vec<TimelineItem>, ConsoleError> {
        let (Some(first), Some(last)) = (items.first(), items.last()) else {
            return Ok(Vec::new());
        };
        let mut begun = BTreeSet::new();
        let mut open: BTreeMap<&str, ()> = BTreeMap::new();
        let mut here = BTreeSet::new();
        for item in items {
            let Some(action) = item.action.as_deref() else { continue };
            here.insert(action);
            if item.kind == "action.proposed" {
                begun.insert(action);
            }
            if is_end(&item.kind) {
                open.remove(action);
            } else {
                open.insert(action, ());
            }
        }
        let mut context: BTreeMap<u64, TimelineItem> = BTreeMap::new();
        for action in here.difference(&begun) {
            for item in self.beginning(found, action, first.seq)? {
                context.insert(item.seq, item);
            }
        }
        for action in open.keys().take(CUT_MOST) {
            if let Some(item) = self.end(found, action, last.seq)? {
                context.insert(item.seq, item);
            }
        }
        Ok(context.into_values().collect())
    }

    fn beginning(&self, found: &Found, action: &str, before: u64) -> Result<Vec<TimelineItem>, ConsoleError> {
        let mut rows = self.cache.prepare_cached(
            "SELECT seq, leaf, disclosures, fault FROM entries WHERE session = ?1 AND seq < ?3
             AND seq >= (SELECT seq FROM entries WHERE id = (SELECT entry FROM actions WHERE action = ?2)) ORDER BY seq LIMIT ?4",
        )?;
        let rows = rows.query_map(params![found.number, action, before, BEGINNING], |row| self.item(row))?;
        let items: Vec<TimelineItem> = rows.collect::<Result<_, _>>()?;
        let ours = |item: &TimelineItem| item.action.as_deref() == Some(action) && item.kind != "command.output";
        Ok(items.into_iter().filter(ours).collect())
    }

    fn end(&self, found: &Found, action: &str, after: u64) -> Result<Option<TimelineItem>, ConsoleError> {
        // Leaves are canonical, so an action's name stands in one way only; identifiers hold no character that LIKE would expand but `_`.
        let named = format!("%\"action\":\"{action}\"%");
        let mut rows = self.cache.prepare_cached(
            "SELECT seq, leaf, disclosures, fault FROM entries WHERE session = ?1 AND seq > ?2
             AND kind IN (SELECT number FROM names WHERE name IN ('command.finished', 'action.refused', 'action.unknown'))
             AND leaf LIKE ?3 ORDER BY seq LIMIT 1",
        )?;
        Ok(rows
            .query_row(params![found.number, after, named], |row| self.item(row))
            .optional()?
            .filter(|item| item.action.as_deref() == Some(action)))
    }
}

fn is_end(kind: &str) -> bool {
    matches!(kind, "command.finished" | "action.refused" | "action.unknown")
}
