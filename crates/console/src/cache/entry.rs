//! Entries on their way into the cache, with everything that is derived from them: sessions, actions, command history, tallies, and
//! the search index. All of it in the caller's transaction.

use super::schema::IDS_PER_MS;
use super::search::tag::{self, Tag};
use super::tally::{self, LATEST_MS};
use crate::error::ConsoleError;
use caisey_ledger::disclosure::Disclosure;
use caisey_ledger::entry::{Actor, Entry, Record};
use caisey_ledger::event::Event;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::{BTreeMap, HashMap};

/// A session as it is being extended.
struct OpenSession {
    number: i64,
    member: i64,
    last_seq: u64,
    actions: u64,
    changed: bool,
}

/// Writes the entries of one log, in order. Call [`EntryWriter::finish`] before the transaction is committed.
pub struct EntryWriter<'a> {
    cache: &'a Connection,
    log: i64,
    names: HashMap<String, i64>,
    sessions: HashMap<String, Option<OpenSession>>,
    tallies: HashMap<(i64, i64, i64), (u64, u64)>,
    last_id: i64,
    body: String,
}

impl<'a> EntryWriter<'a> {
    /// For one log.
    pub fn new(cache: &'a Connection, log: i64) -> Self {
        Self {
            cache,
            log,
            names: HashMap::new(),
            sessions: HashMap::new(),
            tallies: HashMap::new(),
            last_id: 0,
            body: String::new(),
        }
    }

    /// Stores one entry. `fault` says why it is broken, if it is.
    ///
    /// # Errors
    /// The database's.
    pub fn insert(
        &mut self,
        entry: &Entry,
        event: Option<&Event>,
        record: &Record,
        fault: Option<&str>,
    ) -> Result<(), ConsoleError> {
        let statement = &entry.statement;
        let id = self.place(entry.time_ms.get())?;
        let kind = self.name(&statement.kind)?;
        let (session, member) = self.session(entry, event, record)?;
        let disclosures = if record.disclosures.is_empty() {
            None
        } else {
            Some(serde_json::to_string(&record.disclosures).map_err(|error| ConsoleError::Internal(error.to_string()))?)
        };
        self.cache
            .prepare_cached("INSERT INTO entries VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?
            .execute(params![
                id,
                self.log,
                entry.seq.get(),
                kind,
                session,
                record.leaf,
                disclosures,
                fault
            ])?;
        self.index(id, kind, member, record)?;
        self.remember(id, session, entry, event, record)?;
        let unreadable = statement
            .texts
            .keys()
            .any(|name| record.disclosures.get(name).is_none_or(|text| text.full_text().is_none()));
        for slot in tally::slots(entry.time_ms.get()) {
            let tally = self.tallies.entry((member, kind, slot)).or_default();
            tally.0 += 1;
            tally.1 += u64::from(unreadable);
        }
        Ok(())
    }

    /// Writes what was gathered over all entries.
    ///
    /// # Errors
    /// The database's.
    pub fn finish(self) -> Result<(), ConsoleError> {
        let mut put = self.cache.prepare_cached(
            "INSERT INTO tallies VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO UPDATE SET entries = entries + ?5, unreadable = unreadable + ?6",
        )?;
        for ((member, kind, slot), (entries, unreadable)) in &self.tallies {
            put.execute(params![self.log, member, kind, slot, entries, unreadable])?;
        }
        let mut put = self
            .cache
            .prepare_cached("UPDATE sessions SET last_seq = ?2, actions = ?3 WHERE number = ?1")?;
        for session in self.sessions.values().flatten().filter(|session| session.changed) {
            put.execute(params![session.number, session.last_seq, session.actions])?;
        }
        Ok(())
    }

    /// The next free `id` at this time.
    fn place(&mut self, time_ms: u64) -> Result<i64, ConsoleError> {
        let first = i64::try_from(time_ms.min(LATEST_MS)).unwrap_or(0) * IDS_PER_MS;
        let last = first + IDS_PER_MS - 1;
        let taken = if (first..last).contains(&self.last_id) {
            Some(self.last_id)
        } else {
            self.cache
                .prepare_cached("SELECT id FROM entries WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT 1")?
                .query_row([first, last], |row| row.get(0))
                .optional()?
        };
        self.last_id = taken.map_or(first, |taken| taken + 1);
        Ok(self.last_id)
    }

    fn name(&mut self, name: &str) -> Result<i64, ConsoleError> {
        if let Some(number) = self.names.get(name) {
            return Ok(*number);
        }
        let number = number_of(self.cache, name)?;
        self.names.insert(name.to_owned(), number);
        Ok(number)
    }

    /// The session's number, and its technician's, for an entry that belongs to one.
    fn session(&mut self, entry: &Entry, event: Option<&Event>, record: &Record) -> Result<(Option<i64>, i64), ConsoleError> {
        let Some(name) = entry.statement.session.as_ref().map(|session| session.as_str()) else {
            return Ok((None, 0));
        };
        if let Some(Event::SessionOpened { .. }) = event {
            self.open_session(name, entry, record)?;
        }
        if !self.sessions.contains_key(name) {
            let found = self.find_session(name, entry)?;
            self.sessions.insert(name.to_owned(), found);
        }
        let Some(Some(session)) = self.sessions.get_mut(name) else {
            return Ok((None, 0));
        };
        session.last_seq = entry.seq.get();
        session.actions += u64::from(matches!(event, Some(Event::ActionProposed { .. })));
        session.changed = true;
        if let Some(Event::SessionClosed { .. }) = event {
            let mut close = self
                .cache
                .prepare_cached("UPDATE sessions SET closed_at_ms = ?2 WHERE number = ?1")?;
            close.execute(params![session.number, entry.time_ms.get()])?;
        }
        Ok((Some(session.number), session.member))
    }

    fn open_session(&mut self, name: &str, entry: &Entry, record: &Record) -> Result<(), ConsoleError> {
        let Some((member, _)) = entry.statement.actor.person() else {
            return Ok(());
        };
        let purpose = record
            .disclosures
            .get("purpose")
            .and_then(|text| text.full_text())
            .unwrap_or("");
        let person: Option<String> = self
            .cache
            .prepare_cached("SELECT name FROM people WHERE member = ?1")?
            .query_row([member.as_str()], |row| row.get(0))
            .optional()?;
        self.cache
            .prepare_cached(
                "INSERT INTO sessions (session, log, member, member_name, purpose, opened_at_ms, first_seq, last_seq, actions, recorded)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, 0, 1)
                 ON CONFLICT (session) DO UPDATE SET member = ?3, member_name = ?4, purpose = ?5, opened_at_ms = ?6, closed_at_ms = NULL,
                 first_seq = ?7, last_seq = ?7, actions = 0, recorded = 1 WHERE log = ?2",
            )?
            .execute(params![
                name,
                self.log,
                member.as_str(),
                person.as_deref().unwrap_or(member.as_str()),
                purpose,
                entry.time_ms.get(),
                entry.seq.get()
            ])?;
        self.sessions.remove(name);
        Ok(())
    }

    /// A session of this log. One of another log is not believed to be the same.
    fn find_session(&mut self, name: &str, entry: &Entry) -> Result<Option<OpenSession>, ConsoleError> {
        let found: Option<(i64, String, u64)> = self
            .cache
            .prepare_cached("SELECT number, member, actions FROM sessions WHERE session = ?1 AND log = ?2 AND recorded = 1")?
            .query_row(params![name, self.log], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let Some((number, member, actions)) = found else {
            return Ok(None);
        };
        let member = self.name(&member)?;
        Ok(Some(OpenSession {
            number,
            member,
            last_seq: entry.seq.get(),
            actions,
            changed: false,
        }))
    }

    fn index(&mut self, id: i64, kind: i64, member: i64, record: &Record) -> Result<(), ConsoleError> {
        self.body.clear();
        write_body(&record.disclosures, &mut self.body);
        let mut put = self
            .cache
            .prepare_cached("INSERT INTO text_index (rowid, body, place, kind, member) VALUES (?1, ?2, ?3, ?4, ?5)")?;
        put.execute(params![
            id,
            self.body,
            tag::token(Tag::Log, self.log),
            tag::token(Tag::Kind, kind),
            (member != 0).then(|| tag::token(Tag::Member, member))
        ])?;
        Ok(())
    }

    fn remember(
        &mut self,
        id: i64,
        session: Option<i64>,
        entry: &Entry,
        event: Option<&Event>,
        record: &Record,
    ) -> Result<(), ConsoleError> {
        let text = |name: &str| record.disclosures.get(name).and_then(|text| text.full_text());
        match event {
            Some(Event::ActionProposed { .. }) => {
                if let (Some(action), Some(session)) = (&entry.statement.action, session) {
                    let mut put = self
                        .cache
                        .prepare_cached("INSERT OR IGNORE INTO actions VALUES (?1, ?2, ?3, ?4)")?;
                    put.execute(params![action.as_str(), self.log, session, id])?;
                }
                if let Some(command) = text("command").filter(|_| !matches!(entry.statement.actor, Actor::Agent { .. })) {
                    self.cache
                        .prepare_cached(
                            "INSERT INTO commands VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET last = max(last, ?3)",
                        )?
                        .execute(params![command, self.log, id])?;
                }
            }
            Some(Event::KeyIntroduced { member, .. }) => {
                if let Some(name) = text("name") {
                    self.cache
                        .prepare_cached("INSERT OR REPLACE INTO people VALUES (?1, ?2)")?
                        .execute([member.as_str(), name])?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// The number that stands for a name in this cache.
///
/// # Errors
/// The database's.
pub fn number_of(cache: &Connection, name: &str) -> Result<i64, ConsoleError> {
    cache
        .prepare_cached("INSERT OR IGNORE INTO names (name) VALUES (?1)")?
        .execute([name])?;
    Ok(cache
        .prepare_cached("SELECT number FROM names WHERE name = ?1")?
        .query_row([name], |row| row.get(0))?)
}

/// What the search index sees of an entry: all its texts that are disclosed in full.
pub(crate) fn body(texts: &BTreeMap<String, Disclosure>) -> String {
    let mut body = String::new();
    write_body(texts, &mut body);
    body
}

/// Line feeds around every text make each pair of characters the beginning of some triple, and give each word a character before it: that
/// is how words of two characters are found.
fn write_body(texts: &BTreeMap<String, Disclosure>, body: &mut String) {
    for text in texts.values().filter_map(Disclosure::full_text) {
        body.push('\n');
        body.push_str(text);
        body.push_str("\n\n");
    }
}

/// Destroys texts of an entry in the cache: disclosure, index, history.
///
/// # Errors
/// The database's.
pub fn erase(cache: &Connection, log: i64, seq: u64, names: &[String]) -> Result<(), ConsoleError> {
    let found: Option<(i64, i64, Option<i64>, Option<String>)> = cache
        .prepare_cached("SELECT id, kind, session, disclosures FROM entries WHERE log = ?1 AND seq = ?2")?
        .query_row(params![log, seq], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .optional()?;
    let Some((id, kind, session, Some(disclosures))) = found else {
        return Ok(());
    };
    let before = super::session::disclosures(Some(&disclosures));
    let mut after = before.clone();
    for name in names {
        if let Some(text) = after.get_mut(name) {
            *text = Disclosure::Erased {};
        }
    }
    if after == before {
        return Ok(());
    }
    let member: i64 = match session {
        Some(session) => cache.query_row(
            "SELECT coalesce((SELECT number FROM names WHERE name = member), 0) FROM sessions WHERE number = ?1",
            [session],
            |row| row.get(0),
        )?,
        None => 0,
    };
    let tags = (
        tag::token(Tag::Log, log),
        tag::token(Tag::Kind, kind),
        (member != 0).then(|| tag::token(Tag::Member, member)),
    );
    cache.execute(
        "INSERT INTO text_index (text_index, rowid, body, place, kind, member) VALUES ('delete', ?1, ?2, ?3, ?4, ?5)",
        params![id, body(&before), tags.0, tags.1, tags.2],
    )?;
    cache.execute(
        "INSERT INTO text_index (rowid, body, place, kind, member) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![id, body(&after), tags.0, tags.1, tags.2],
    )?;
    if let Some(command) = before
        .get("command")
        .and_then(|text| text.full_text())
        .filter(|_| names.iter().any(|name| name == "command"))
    {
        cache.execute("DELETE FROM commands WHERE command = ?1 AND log = ?2", params![command, log])?;
    }
    let json = serde_json::to_string(&after).map_err(|error| ConsoleError::Internal(error.to_string()))?;
    cache.execute("UPDATE entries SET disclosures = ?2 WHERE id = ?1", params![id, json])?;
    if before.values().all(|text| text.full_text().is_some()) {
        let mut put = cache.prepare_cached(
            "UPDATE tallies SET unreadable = unreadable + 1 WHERE slot = ?4 AND log = ?1 AND member = ?2 AND kind = ?3",
        )?;
        for slot in tally::slots(u64::try_from(id / IDS_PER_MS).unwrap_or(0)) {
            put.execute(params![log, member, kind, slot])?;
        }
    }
    // Merges every segment of the index into one, so that no trace of the deleted words stays behind.
    cache.execute("INSERT INTO text_index (text_index) VALUES ('optimize')", [])?;
    Ok(())
}
