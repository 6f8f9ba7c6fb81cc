//! Search: which entries contain what a person typed, newest first.
//!
//! The index knows only which entries contain which three characters. A search intersects the lists of the typed words' triples and of
//! the filters' tokens, newest first, checks every candidate against its stored texts and row, and stops at the limit, so its cost hardly
//! depends on how much the cache holds. Words of two characters are found through the triples in which they begin a word, or, where words are
//! not told apart by spaces, through all triples that begin with them; single characters by looking through the newest entries. Promises: every hit contains every word; nothing within `searched_entries` is missed unless
//! `truncated` says so.

pub mod needle;
pub mod tag;

use super::log::{self, LogRow};
use super::schema::IDS_PER_MS;
use super::session::{disclosures, people};
use super::tally::{ALL_TIME, GRAINS, Grain, LATEST_MS};
use crate::error::ConsoleError;
use crate::timeline;
use crate::view::{SearchHit, SearchQuery, SearchResult};
use needle::Needle;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::{BTreeMap, HashMap};
use tag::Tag;

/// Candidates that are looked at before a search gives up and says so.
const MOST_CANDIDATES: u32 = 5_000;

/// The same, when no word narrows them down.
const MOST_LOOKED_THROUGH: u32 = 2_000;

/// Triples that a word of two characters may stand for; more, and the newest entries are looked through instead.
const MOST_EXPANSIONS: u32 = 2_000;

/// Filters, resolved to numbers of this cache.
struct Filters {
    logs: Option<Vec<i64>>,
    kinds: Option<Vec<i64>>,
    member: Option<i64>,
    from_ms: u64,
    to_ms: u64,
}

/// Answers a search; `took_ms` is left at zero for the caller, who has the clock.
///
/// # Errors
/// The database's.
pub fn search(cache: &Connection, query: &SearchQuery) -> Result<SearchResult, ConsoleError> {
    let empty = SearchResult {
        hits: Vec::new(),
        truncated: false,
        searched_entries: 0,
        unreadable_entries: 0,
        took_ms: 0.0,
    };
    let logs: HashMap<i64, LogRow> = log::all(cache)?.into_iter().map(|log| (log.log, log)).collect();
    let Some(filters) = Filters::resolve(cache, query, &logs)? else {
        return Ok(empty);
    };
    let needles = needle::parse(&query.text);
    let limit = if query.limit == 0 { 50 } else { query.limit.min(1_000) } as usize;
    let narrow = needles.is_empty() || needles.iter().any(|needle| needle.chars() > 1);
    let mut run = Run {
        patience: if narrow { MOST_CANDIDATES } else { MOST_LOOKED_THROUGH },
        filters: &filters,
        needles: &needles,
        logs: &logs,
        limit,
        people: people(cache)?,
        hits: Vec::new(),
        truncated: false,
    };
    match expression(cache, &needles, &filters)? {
        Expression::Nothing => {}
        Expression::Match(expression) => {
            let sql = format!(
                "SELECT {CANDIDATE} FROM text_index JOIN entries ON entries.id = text_index.rowid
                 WHERE text_index MATCH ?3 AND text_index.rowid BETWEEN ?1 AND ?2 ORDER BY text_index.rowid DESC"
            );
            let mut rows = cache.prepare_cached(&sql)?;
            run.take(rows.query(params![filters.first_id(), filters.last_id(), expression])?)?;
        }
        Expression::LookThrough => {
            let sql = format!("SELECT {CANDIDATE} FROM entries WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC");
            let mut rows = cache.prepare_cached(&sql)?;
            run.take(rows.query(params![filters.first_id(), filters.last_id()])?)?;
        }
    }
    let (hits, truncated) = (run.hits, run.truncated);
    let (searched_entries, unreadable_entries) = filters.tally(cache)?;
    Ok(SearchResult {
        hits,
        truncated,
        searched_entries,
        unreadable_entries,
        ..empty
    })
}

const CANDIDATE: &str =
    "entries.log, entries.seq, entries.kind, entries.session, entries.leaf, entries.disclosures, entries.fault";

/// One search under way.
struct Run<'a> {
    filters: &'a Filters,
    needles: &'a [Needle],
    logs: &'a HashMap<i64, LogRow>,
    people: HashMap<String, String>,
    limit: usize,
    /// Candidates that may be looked at.
    patience: u32,
    hits: Vec<SearchHit>,
    truncated: bool,
}

impl Run<'_> {
    fn take(&mut self, mut rows: rusqlite::Rows<'_>) -> Result<(), ConsoleError> {
        let mut looked_at = 0;
        while let Some(row) = rows.next()? {
            looked_at += 1;
            if let Some(hit) = self.consider(row)? {
                if self.hits.len() == self.limit {
                    self.truncated = true;
                    return Ok(());
                }
                self.hits.push(hit);
            }
            if looked_at == self.patience {
                self.truncated = true;
                return Ok(());
            }
        }
        Ok(())
    }

    fn consider(&self, row: &Row<'_>) -> Result<Option<SearchHit>, ConsoleError> {
        let (log, kind): (i64, i64) = (row.get(0)?, row.get(2)?);
        let Some(log) = self.logs.get(&log).filter(|_| self.filters.pass(log, kind)) else {
            return Ok(None);
        };
        let stored = row.get_ref(5)?.as_str_or_null().ok().flatten();
        let texts = disclosures(stored);
        let full: BTreeMap<&str, &str> = texts
            .iter()
            .filter_map(|(name, text)| Some((name.as_str(), text.full_text()?)))
            .collect();
        if !self.needles.iter().all(|needle| full.values().any(|text| needle.is_in(text))) {
            return Ok(None);
        }
        let leaf: String = row.get(4)?;
        let item = timeline::item(log, row.get(1)?, &leaf, &texts, row.get(6)?, &self.people);
        let shown = full
            .iter()
            .find(|(_, text)| self.needles.iter().any(|needle| needle.is_in(text)))
            .or_else(|| full.iter().next());
        let (text_name, text) = shown.map_or(("", ""), |(name, text)| (*name, *text));
        let excerpt = needle::excerpt(text, self.needles);
        Ok(Some(SearchHit {
            item,
            hostname: crate::visible::marked_line(&log.hostname),
            client_name: crate::visible::marked_line(&log.client_name),
            text_name: text_name.to_owned(),
            excerpt: excerpt.text,
            highlights: excerpt.highlights,
        }))
    }
}

impl Filters {
    /// None when a filter names something that the cache does not have: nothing can be found then.
    fn resolve(cache: &Connection, query: &SearchQuery, logs: &HashMap<i64, LogRow>) -> Result<Option<Self>, ConsoleError> {
        let number = |name: &str| -> Result<Option<i64>, ConsoleError> {
            Ok(cache
                .prepare_cached("SELECT number FROM names WHERE name = ?1")?
                .query_row([name], |row| row.get(0))
                .optional()?)
        };
        let chosen: Option<Vec<i64>> = (query.endpoint.is_some() || query.client.is_some()).then(|| {
            let wanted = |log: &&LogRow| {
                query.endpoint.as_ref().is_none_or(|endpoint| log.endpoint == *endpoint)
                    && query.client.as_ref().is_none_or(|client| log.client == *client)
            };
            logs.values().filter(wanted).map(|log| log.log).collect()
        });
        let kinds: Option<Vec<i64>> = if query.kinds.is_empty() {
            None
        } else {
            Some(
                query
                    .kinds
                    .iter()
                    .map(|kind| number(kind))
                    .collect::<Result<Vec<_>, _>>()?
                    .into_iter()
                    .flatten()
                    .collect(),
            )
        };
        let member = match &query.member {
            None => None,
            Some(member) => match number(member)? {
                None => return Ok(None),
                found => found,
            },
        };
        let (from_ms, to_ms) = (query.from_ms.unwrap_or(0), query.to_ms.unwrap_or(u64::MAX));
        let impossible =
            chosen.as_ref().is_some_and(Vec::is_empty) || kinds.as_ref().is_some_and(Vec::is_empty) || from_ms >= to_ms;
        Ok((!impossible).then_some(Self {
            logs: chosen,
            kinds,
            member,
            from_ms,
            to_ms,
        }))
    }

    fn pass(&self, log: i64, kind: i64) -> bool {
        self.logs.as_ref().is_none_or(|logs| logs.contains(&log)) && self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind))
    }

    fn first_id(&self) -> i64 {
        first_id(self.from_ms)
    }

    fn last_id(&self) -> i64 {
        first_id(self.to_ms).saturating_sub(1)
    }

    /// How many entries the filters leave, and how many of these have a text that is not disclosed: from the tallies for whole days and
    /// hours, counted for what remains at the ends.
    fn tally(&self, cache: &Connection) -> Result<(u64, u64), ConsoleError> {
        if self.from_ms == 0 && self.to_ms == u64::MAX {
            return self.tally_slots(cache, ALL_TIME, ALL_TIME);
        }
        self.tally_between(cache, self.from_ms, self.to_ms.min(LATEST_MS + 1), &GRAINS)
    }

    fn tally_between(&self, cache: &Connection, from_ms: u64, to_ms: u64, grains: &[Grain]) -> Result<(u64, u64), ConsoleError> {
        if from_ms >= to_ms {
            return Ok((0, 0));
        }
        let Some((grain, finer)) = grains.split_first() else {
            return self.count(cache, first_id(from_ms), first_id(to_ms) - 1);
        };
        let (first, end) = (from_ms.div_ceil(grain.length_ms), to_ms / grain.length_ms);
        if first >= end {
            return self.tally_between(cache, from_ms, to_ms, finer);
        }
        let whole = self.tally_slots(cache, grain.slot(first), grain.slot(end) - 1)?;
        let before = self.tally_between(cache, from_ms, first * grain.length_ms, finer)?;
        let after = self.tally_between(cache, end * grain.length_ms, to_ms, finer)?;
        Ok((whole.0 + before.0 + after.0, whole.1 + before.1 + after.1))
    }

    fn tally_slots(&self, cache: &Connection, first: i64, last: i64) -> Result<(u64, u64), ConsoleError> {
        let sql = format!(
            "SELECT coalesce(sum(entries), 0), coalesce(sum(unreadable), 0) FROM tallies WHERE slot BETWEEN ?1 AND ?2 {}{}{}",
            one_of("log", self.logs.as_deref()),
            one_of("kind", self.kinds.as_deref()),
            one_of("member", self.member.as_ref().map(std::slice::from_ref)),
        );
        Ok(cache
            .prepare(&sql)?
            .query_row([first, last], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }

    fn count(&self, cache: &Connection, from: i64, to: i64) -> Result<(u64, u64), ConsoleError> {
        let member = match self.member {
            None => String::new(),
            Some(member) => format!(
                " AND session IN (SELECT sessions.number FROM sessions JOIN names ON name = member WHERE names.number = {member})"
            ),
        };
        let sql = format!(
            "SELECT count(*), coalesce(sum(disclosures LIKE '%\"shown\":\"erased\"%'), 0) FROM entries WHERE id BETWEEN ?1 AND ?2 {}{}{member}",
            one_of("log", self.logs.as_deref()),
            one_of("kind", self.kinds.as_deref()),
        );
        Ok(cache
            .prepare(&sql)?
            .query_row([from, to], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }
}

/// The smallest `id` of an entry at this time.
fn first_id(time_ms: u64) -> i64 {
    i64::try_from(time_ms).unwrap_or(i64::MAX).saturating_mul(IDS_PER_MS)
}

/// Numbers are ours, never text from outside.
fn one_of(column: &str, numbers: Option<&[i64]>) -> String {
    numbers.map_or_else(String::new, |numbers| {
        let list: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        format!(" AND {column} IN ({})", list.join(","))
    })
}

enum Expression {
    /// No entry can match.
    Nothing,
    /// Ask the index.
    Match(String),
    /// The index cannot narrow it down.
    LookThrough,
}

fn expression(cache: &Connection, needles: &[Needle], filters: &Filters) -> Result<Expression, ConsoleError> {
    let mut parts: Vec<String> = Vec::new();
    for needle in needles {
        if let Some(triples) = needle.word_beginnings() {
            parts.push(any(&triples));
        } else if needle.chars() == 2 {
            match expansions(cache, needle)? {
                Some(triples) if triples.is_empty() => return Ok(Expression::Nothing),
                Some(triples) => parts.push(any(&triples)),
                None => {}
            }
        }
        parts.extend(needle.triples().iter().map(|triple| quoted(triple)));
    }
    for (tag, numbers) in [
        (Tag::Log, filters.logs.clone()),
        (Tag::Kind, filters.kinds.clone()),
        (Tag::Member, filters.member.map(|one| vec![one])),
    ] {
        if let Some(numbers) = numbers {
            parts.push(any(&numbers
                .iter()
                .map(|number| tag::token(tag, *number))
                .collect::<Vec<_>>()));
        }
    }
    Ok(if parts.is_empty() {
        Expression::LookThrough
    } else {
        Expression::Match(parts.join(" AND "))
    })
}

/// All indexed triples that begin with a needle of two characters; none when there are too many to be of use.
fn expansions(cache: &Connection, needle: &Needle) -> Result<Option<Vec<String>>, ConsoleError> {
    if needle.folded().contains('\0') {
        return Ok(None);
    }
    cache.execute_batch("CREATE VIRTUAL TABLE IF NOT EXISTS temp.triples USING fts5vocab(main, text_index, row)")?;
    let after = format!("{}\u{10ffff}", needle.folded());
    let mut rows = cache.prepare_cached("SELECT term FROM temp.triples WHERE term >= ?1 AND term <= ?2 LIMIT ?3")?;
    let rows = rows.query_map(params![needle.folded(), after, MOST_EXPANSIONS + 1], |row| {
        row.get::<_, String>(0)
    })?;
    let found: Vec<String> = rows.collect::<Result<_, _>>()?;
    Ok((found.len() <= MOST_EXPANSIONS as usize).then_some(found))
}

fn any(tokens: &[String]) -> String {
    let quoted: Vec<String> = tokens.iter().map(|token| quoted(token)).collect();
    format!("({})", quoted.join(" OR "))
}

/// A string of the index's query language; nothing inside it has a meaning.
fn quoted(token: &str) -> String {
    format!("\"{}\"", token.replace('"', "\"\""))
}
