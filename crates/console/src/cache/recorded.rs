//! Actions of a period as policies see them: who asked for what, where, when, and what it was found to do. For dry runs.
//!
//! Promises: only what was verified on this machine counts, the rest is counted; a role is the one that the record vouched for when the action
//! was proposed; a class is the one on record, and where none is, the command is read again. Outputs are not read.

use super::log::{self, LogRow};
use super::schema::IDS_PER_MS;
use super::session::disclosures;
use crate::error::ConsoleError;
use caisey_command::ActionClass;
use caisey_ledger::disclosure::Disclosure;
use caisey_ledger::entry::{Actor, Entry};
use caisey_ledger::event::{Event, Interpreter};
use caisey_ledger::id::{ActionId, DeviceId, MemberId, TimeMs};
use rusqlite::{Connection, params};
use std::collections::{BTreeMap, HashMap};

/// One recorded action.
#[derive(Debug, Clone)]
pub struct Deed {
    /// Its log, as a place in [`Period::logs`].
    pub log: usize,
    /// The session.
    pub session: String,
    /// Entry of the proposal.
    pub seq: u64,
    /// Which.
    pub action: ActionId,
    /// When it was proposed, by the control plane's clock.
    pub at: TimeMs,
    /// Who asked.
    pub member: MemberId,
    /// Their role then.
    pub role: String,
    /// Whether an agent wrote the command.
    pub by_agent: bool,
    /// What reads the command.
    pub interpreter: Interpreter,
    /// Whether it would have run with an administrator's rights, as the endpoint had said by then; true when it had not said.
    pub elevated: bool,
    /// What it does.
    pub class: ActionClass,
    /// The command; none when it was erased.
    pub command: Option<String>,
}

/// What a period holds.
#[derive(Debug, Default)]
pub struct Period {
    /// Logs that have actions in it.
    pub logs: Vec<LogRow>,
    /// By log and session, in order.
    pub deeds: Vec<Deed>,
    /// Actions that are not verified on this machine.
    pub unverified: u64,
    /// How many sessions they are in.
    pub sessions: u64,
}

/// The actions that were proposed at or after `from_ms` and before `to_ms`. `tell` hears how many of how many sessions were read.
///
/// # Errors
/// The database's; what `tell` answers.
pub fn of_period(
    cache: &Connection,
    from_ms: u64,
    to_ms: u64,
    tell: &dyn Fn(u64, u64) -> Result<(), ConsoleError>,
) -> Result<Period, ConsoleError> {
    let id = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX).saturating_mul(IDS_PER_MS);
    let range = (id(from_ms), id(to_ms));
    let mut rows = cache.prepare_cached(
        "SELECT DISTINCT actions.log, actions.session, sessions.session FROM actions JOIN sessions ON number = actions.session
         WHERE entry >= ?1 AND entry < ?2 ORDER BY 1, 2",
    )?;
    let sessions: Vec<(i64, i64, String)> = rows
        .query_map([range.0, range.1], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    let (mut period, mut vouched) = (Period::default(), Vouched::default());
    for (done, (log, session, name)) in (0_u64..).zip(&sessions) {
        tell(done, sessions.len() as u64)?;
        if period.logs.last().is_none_or(|known| known.log != *log) {
            period.logs.push(log::by_number(cache, *log)?);
            vouched = Vouched::of(cache, *log)?;
        }
        period.read(cache, &vouched, (*session, name), range)?;
        period.sessions += 1;
    }
    tell(sessions.len() as u64, sessions.len() as u64)?;
    Ok(period)
}

impl Period {
    fn read(
        &mut self,
        cache: &Connection,
        vouched: &Vouched,
        (session, name): (i64, &str),
        range: (i64, i64),
    ) -> Result<(), ConsoleError> {
        let Some((at, log)) = self.logs.iter().enumerate().next_back() else {
            return Ok(());
        };
        let sure = log.broken_from.unwrap_or(u64::MAX).min(log.verified_size);
        let mut rows = cache.prepare_cached(
            "SELECT seq, id, leaf, disclosures, fault IS NOT NULL FROM entries WHERE session = ?1 AND kind IN (SELECT number FROM names
             WHERE name IN ('action.proposed', 'action.authorised', 'approval.requested')) ORDER BY seq",
        )?;
        let mut rows = rows.query(params![session])?;
        let mut deeds: Vec<(Deed, Option<String>)> = Vec::new();
        let mut found: HashMap<ActionId, ActionClass> = HashMap::new();
        while let Some(row) = rows.next()? {
            let (seq, id, fault): (u64, i64, bool) = (row.get(0)?, row.get(1)?, row.get(4)?);
            let entry = serde_json::from_str::<Entry>(row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?).ok();
            let event = entry
                .as_ref()
                .and_then(|entry| Event::from_parts(&entry.statement.kind, &entry.statement.facts).ok()?);
            let is_proposal = event
                .as_ref()
                .is_none_or(|event| matches!(event, Event::ActionProposed { .. }));
            let is_sure = !fault && seq < sure;
            if is_proposal && !(range.0..range.1).contains(&id) {
                continue;
            }
            let (Some(entry), Some(event), true) = (entry, event, is_sure) else {
                self.unverified += u64::from(is_proposal);
                continue;
            };
            let Some(action) = entry.statement.action.clone() else {
                continue;
            };
            if let Event::ActionProposed { interpreter, .. } = event {
                let texts = disclosures(row.get_ref(3)?.as_str_or_null().ok().flatten());
                match deed(at, name, entry, action, interpreter, &texts, vouched) {
                    Some(deed) => deeds.push(deed),
                    None => self.unverified += 1,
                }
            } else if let Some(class) = class_of(&event) {
                found.insert(action, class);
            }
        }
        self.deeds.extend(deeds.into_iter().map(|(deed, probe)| {
            let on_record = found.get(&deed.action).copied();
            let class = on_record.unwrap_or_else(|| read_again(&deed, probe.as_deref()));
            Deed { class, ..deed }
        }));
        Ok(())
    }
}

/// What a command and its probe do, where nobody put it on record.
fn read_again(deed: &Deed, probe: Option<&str>) -> ActionClass {
    let read = |text: &str| caisey_command::read(deed.interpreter, text).class;
    let command = deed.command.as_deref().map_or(ActionClass::Opaque, read);
    command.max(probe.map_or(ActionClass::ReadOnly, read))
}

/// The action, its class still open, and its probe; none when nobody vouched for who asked.
fn deed(
    log: usize,
    session: &str,
    entry: Entry,
    action: ActionId,
    interpreter: Interpreter,
    texts: &BTreeMap<String, Disclosure>,
    vouched: &Vouched,
) -> Option<(Deed, Option<String>)> {
    let (member, device, by_agent) = match &entry.statement.actor {
        Actor::Member { id, device } => (id, device, false),
        Actor::Agent { on_behalf_of, device } => (on_behalf_of, device, true),
        _ => return None,
    };
    let text = |name: &str| texts.get(name).and_then(|text| text.full_text()).map(str::to_owned);
    let deed = Deed {
        log,
        session: session.to_owned(),
        seq: entry.seq.get(),
        action,
        at: entry.time_ms,
        member: member.clone(),
        role: vouched.role_at(device, entry.seq.get())?.to_owned(),
        by_agent,
        interpreter,
        elevated: vouched.elevated_at(entry.seq.get()).unwrap_or(true),
        class: ActionClass::Opaque,
        command: text("command"),
    };
    Some((deed, text("probe")))
}

/// What the control plane found the command to be, when the entry says it.
fn class_of(event: &Event) -> Option<ActionClass> {
    let word = match event {
        Event::ActionAuthorised { class, .. } => class.as_deref(),
        Event::ApprovalRequested { request, .. } => request.as_ref().map(|request| request.class.as_str()),
        _ => None,
    }?;
    ActionClass::ALL.into_iter().find(|class| class.word() == word)
}

/// What one log vouched for, each from its entry on.
#[derive(Default)]
struct Vouched {
    roles: HashMap<DeviceId, Vec<(u64, String)>>,
    /// Whether the endpoint runs commands with an administrator's rights.
    elevated: Vec<(u64, bool)>,
}

impl Vouched {
    fn of(cache: &Connection, log: i64) -> Result<Self, ConsoleError> {
        let mut rows = cache.prepare_cached(
            "SELECT seq, leaf FROM entries WHERE log = ?1 AND kind IN (SELECT number FROM names
             WHERE name IN ('key.introduced', 'endpoint.connected')) ORDER BY seq",
        )?;
        let mut rows = rows.query([log])?;
        let mut own = Self::default();
        while let Some(row) = rows.next()? {
            let entry = serde_json::from_str::<Entry>(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?);
            let event = entry
                .ok()
                .and_then(|entry| Event::from_parts(&entry.statement.kind, &entry.statement.facts).ok()?);
            let seq = row.get(0)?;
            match event {
                Some(Event::KeyIntroduced { device, role, .. }) => own.roles.entry(device).or_default().push((seq, role)),
                // A runtime that does not say may have all rights, as the control plane takes it.
                Some(Event::EndpointConnected { elevated, .. }) => own.elevated.push((seq, elevated.unwrap_or(true))),
                _ => {}
            }
        }
        Ok(own)
    }

    fn role_at(&self, device: &DeviceId, seq: u64) -> Option<&str> {
        before(self.roles.get(device)?, seq).map(String::as_str)
    }

    fn elevated_at(&self, seq: u64) -> Option<bool> {
        before(&self.elevated, seq).copied()
    }
}

/// What was said last before an entry.
fn before<T>(said: &[(u64, T)], seq: u64) -> Option<&T> {
    let (_, what) = said.iter().rev().find(|(at, _)| *at < seq)?;
    Some(what)
}
