//! The witness: takes records into the cache only as far as they hold, and keeps what proves that they do not.
//!
//! Promises: an entry counts as verified once a checkpoint, signed with the pinned key, covers exactly the tree that this console has
//! rebuilt from every leaf up to there. A checkpoint that was stored is never replaced. When a log contradicts it (another history, fewer
//! entries, a broken record), the log is marked broken from there on, both signed checkpoints are kept, and nothing more of it is taken in.

use crate::cache::entry::{self, EntryWriter};
use crate::cache::log::{self, LogRow, NewFault};
use crate::cache::{Cache, approvals};
use crate::error::ConsoleError;
use caisey_ledger::checkpoint::Checkpoint;
use caisey_ledger::entry::{Entry, Record};
use caisey_ledger::event::Event;
use caisey_ledger::fault::Fault;
use caisey_ledger::hash::Hash;
use caisey_ledger::statement::StatementFault;
use caisey_ledger::tree::{Frontier, leaf_hash};
use caisey_ledger::verify::{Checked, Coverage, LogVerifier, precheck};
use rusqlite::{Connection, params};
use std::collections::{BTreeMap, BTreeSet};

/// A run of a log as the control plane sent it.
#[derive(Debug, Clone)]
pub struct Page {
    /// Place of the first record.
    pub from: u64,
    /// Dense.
    pub records: Vec<Record>,
    /// A signed note.
    pub checkpoint: String,
    /// Whether the checkpoint claims to be of the log as it was when we asked: then it may not be behind what we hold.
    pub is_current: bool,
}

/// A page whose records were checked by themselves.
pub struct CheckedPage {
    page: Page,
    checked: Vec<Result<Checked, StatementFault>>,
}

/// Checks a page's records by themselves. The expensive part, and needs no state.
pub fn check_page(page: Page) -> CheckedPage {
    let checked = precheck_all(&page.records);
    CheckedPage { page, checked }
}

/// Checks records by themselves, on all processors.
pub fn precheck_all(records: &[Record]) -> Vec<Result<Checked, StatementFault>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = records.len().div_ceil(threads).max(64);
    if records.len() <= share {
        return precheck(records);
    }
    std::thread::scope(|scope| {
        let runs: Vec<_> = records
            .chunks(share)
            .map(|run| (run, scope.spawn(|| precheck(run))))
            .collect();
        // A run whose thread failed is checked again here.
        runs.into_iter()
            .flat_map(|(run, thread)| thread.join().unwrap_or_else(|_| precheck(run)))
            .collect()
    })
}

/// What taking in a page came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// New entries stored.
    pub stored: u64,
    /// Entries of the log in the cache now.
    pub size: u64,
    /// Of these, covered by a checked checkpoint.
    pub verified_size: u64,
    /// Sessions that new entries belong to.
    pub sessions: BTreeSet<String>,
    /// The page begins after what the cache holds; ask from `size`.
    pub gap: bool,
    /// Why nothing more of this log is taken in.
    pub broken: Option<String>,
}

/// What breaks a log, and whether what was accepted before it in the same page may stay.
struct Breach {
    fault: NewFault,
    keep_accepted: bool,
}

enum Stop {
    Breach(Box<Breach>),
    Error(ConsoleError),
}

impl From<ConsoleError> for Stop {
    fn from(error: ConsoleError) -> Self {
        Self::Error(error)
    }
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::Error(error.into())
    }
}

/// Takes a page into the cache: one transaction. `key` is the pinned checkpoint key; `owed` are notes that the control plane gave for sizes
/// that the log had not reached here: they must turn out to be true.
///
/// # Errors
/// The database's. A log that does not hold is not an error: see [`Taken::broken`].
pub fn take_in(
    cache: &Cache,
    log: i64,
    page: CheckedPage,
    key: &[u8; 32],
    owed: &BTreeMap<u64, String>,
    now_ms: u64,
) -> Result<Taken, ConsoleError> {
    cache.write(|tx| {
        let row = log::by_number(tx, log)?;
        let mut taken = Taken {
            size: row.cached_size,
            verified_size: row.verified_size,
            gap: page.page.from > row.cached_size,
            ..Taken::default()
        };
        if row.broken_from.is_some() {
            taken.broken = Some("the log was found broken before".to_owned());
            return Ok(taken);
        }
        if taken.gap {
            return Ok(taken);
        }
        let mut intake = Intake {
            tx,
            row: &row,
            key,
            owed,
            now_ms,
            verifier: log::verifier(tx, log)?,
            taken,
        };
        tx.execute_batch("SAVEPOINT page")?;
        match intake.run(page) {
            Ok(()) => {}
            Err(Stop::Error(error)) => return Err(error),
            Err(Stop::Breach(breach)) => {
                if !breach.keep_accepted {
                    tx.execute_batch("ROLLBACK TO page")?;
                    intake.taken = Taken {
                        size: row.cached_size,
                        verified_size: row.verified_size,
                        ..Taken::default()
                    };
                }
                log::keep_fault(tx, log, &breach.fault, now_ms)?;
                tracing::warn!(
                    endpoint = row.endpoint,
                    code = breach.fault.code,
                    seq = breach.fault.seq,
                    "a log does not hold"
                );
                intake.taken.broken = Some(breach.fault.message);
            }
        }
        tx.execute_batch("RELEASE page")?;
        Ok(intake.taken)
    })
}

struct Intake<'a> {
    tx: &'a Connection,
    row: &'a LogRow,
    key: &'a [u8; 32],
    owed: &'a BTreeMap<u64, String>,
    now_ms: u64,
    verifier: LogVerifier,
    taken: Taken,
}

impl Intake<'_> {
    fn run(&mut self, page: CheckedPage) -> Result<(), Stop> {
        let CheckedPage { page, checked } = page;
        let mut writer = EntryWriter::new(self.tx, self.row.log);
        let mut breach = None;
        for (number, (record, checked)) in (page.from..).zip(page.records.iter().zip(checked)) {
            if number < self.row.cached_size {
                self.compare(number, record, &page.checkpoint)?;
                continue;
            }
            match self.verifier.accept_checked(checked) {
                Ok(accepted) => {
                    writer.insert(&accepted.entry, accepted.event.as_ref(), record, None)?;
                    self.taken.stored += 1;
                    mark(self.tx, self.row.log, self.verifier.frontier())?;
                    self.taken
                        .sessions
                        .extend(accepted.entry.statement.session.as_ref().map(ToString::to_string));
                    if let Some(Event::TextErased { entry_seq, names, .. }) = &accepted.event {
                        entry::erase(self.tx, self.row.log, *entry_seq, names)?;
                        approvals::forget_texts(self.tx, self.row.log, *entry_seq)?;
                    }
                    if let Some(note) = self.owed.get(&self.verifier.size()) {
                        self.covered_by(note, false)?;
                    }
                }
                Err(fault) => {
                    breach = Some(self.record_breach(&mut writer, record, &fault, &page.checkpoint)?);
                    break;
                }
            }
        }
        writer.finish()?;
        self.taken.size = self.verifier.size();
        if breach.is_none() {
            self.covered_by(&page.checkpoint, page.is_current)?;
        }
        log::put_verifier(self.tx, self.row.log, &self.verifier, Some(self.taken.verified_size))?;
        breach.map_or(Ok(()), |breach| Err(Stop::Breach(Box::new(breach))))
    }

    /// A record that we have already must be the same record.
    fn compare(&self, seq: u64, record: &Record, note: &str) -> Result<(), Stop> {
        let stored: String = self
            .tx
            .prepare_cached("SELECT leaf FROM entries WHERE log = ?1 AND seq = ?2")?
            .query_row(params![self.row.log, seq], |row| row.get(0))?;
        if stored == record.leaf {
            return Ok(());
        }
        let mut evidence = self.our_notes(seq + 1)?;
        evidence.extend([note.to_owned(), stored, record.leaf.clone()]);
        Err(self.breach(seq, "fork", format!("entry {seq} is shown differently than before"), evidence))
    }

    /// Checks a checkpoint against the tree as it stands.
    fn covered_by(&mut self, note: &str, is_current: bool) -> Result<(), Stop> {
        match self.verifier.check_checkpoint(note, self.key) {
            Ok(Coverage::Exact(checkpoint)) => {
                log::keep_checkpoint(self.tx, self.row.log, &checkpoint, note, self.now_ms)?;
                self.taken.verified_size = self.taken.verified_size.max(checkpoint.size);
                Ok(())
            }
            Ok(Coverage::Ahead(_)) => Ok(()),
            Ok(Coverage::Behind(checkpoint)) => self.behind(&checkpoint, note, is_current),
            Err(fault) => {
                let code = if matches!(fault, Fault::Altered { .. }) {
                    "fork"
                } else {
                    "checkpoint"
                };
                let mut evidence = self.our_notes(u64::MAX)?;
                evidence.push(note.to_owned());
                Err(self.breach(self.row.verified_size, code, chain(&fault), evidence))
            }
        }
    }

    fn behind(&self, checkpoint: &Checkpoint, note: &str, is_current: bool) -> Result<(), Stop> {
        let ours = root_at(self.tx, self.row.log, checkpoint.size)?;
        let mut evidence = self.our_notes(u64::MAX)?;
        evidence.push(note.to_owned());
        if ours != checkpoint.root {
            let what = format!(
                "a signed checkpoint of {} entries has the root {}, ours was {ours}",
                checkpoint.size, checkpoint.root
            );
            return Err(self.breach(checkpoint.size.saturating_sub(1), "fork", what, evidence));
        }
        if is_current && checkpoint.size < self.row.verified_size {
            let (now, before) = (checkpoint.size, self.row.verified_size);
            let what = format!("the control plane now signs {now} entries as the whole log, and had signed {before} before");
            return Err(self.breach(now, "rewind", what, evidence));
        }
        Ok(())
    }

    /// A record that does not hold is kept, marked, so that a person can look at it.
    fn record_breach(&self, writer: &mut EntryWriter<'_>, record: &Record, fault: &Fault, note: &str) -> Result<Breach, Stop> {
        let seq = self.verifier.size();
        let message = chain(fault);
        if let Some(entry) = serde_json::from_str::<Entry>(&record.leaf)
            .ok()
            .filter(|entry| entry.seq.get() == seq)
        {
            writer.insert(&entry, None, record, Some(&message))?;
        }
        let mut evidence = vec![record.leaf.clone(), note.to_owned()];
        evidence.extend(self.our_notes(u64::MAX)?);
        Ok(Breach {
            fault: NewFault {
                seq,
                code: "entry_broken".to_owned(),
                message,
                evidence,
            },
            keep_accepted: true,
        })
    }

    /// The newest checkpoint that we hold up to this size.
    fn our_notes(&self, size: u64) -> Result<Vec<String>, Stop> {
        let size = size.min(caisey_ledger::id::MAX_SAFE_INTEGER);
        Ok(log::checkpoint_at_or_below(self.tx, self.row.log, size)?
            .into_iter()
            .map(|kept| kept.note)
            .collect())
    }

    fn breach(&self, seq: u64, code: &str, message: String, evidence: Vec<String>) -> Stop {
        let fault = NewFault {
            seq,
            code: code.to_owned(),
            message,
            evidence,
        };
        Stop::Breach(Box::new(Breach {
            fault,
            keep_accepted: false,
        }))
    }
}

/// Root of the cached log at a size, from its leaves.
///
/// # Errors
/// The database's.
pub fn root_at(cache: &Connection, log: i64, size: u64) -> Result<Hash, ConsoleError> {
    let marked: Option<String> = {
        let mut rows =
            cache.prepare_cached("SELECT frontier FROM tree_marks WHERE log = ?1 AND size <= ?2 ORDER BY size DESC LIMIT 1")?;
        let mut rows = rows.query(params![log, size])?;
        rows.next()?.map(|row| row.get(0)).transpose()?
    };
    // A mark that cannot be read is only slower.
    let mut frontier = marked
        .and_then(|marked| serde_json::from_str::<Frontier>(&marked).ok())
        .unwrap_or_default();
    let mut rows = cache.prepare_cached("SELECT leaf FROM entries WHERE log = ?1 AND seq >= ?2 AND seq < ?3 ORDER BY seq")?;
    let mut rows = rows.query(params![log, frontier.size(), size])?;
    while let Some(row) = rows.next()? {
        frontier.append(leaf_hash(row.get_ref(0)?.as_bytes().map_err(rusqlite::Error::from)?));
    }
    Ok(frontier.root())
}

/// Entries between two marks.
const MARK_EVERY: u64 = 4_096;

/// Remembers the tree's right edge now and then.
fn mark(cache: &Connection, log: i64, frontier: &Frontier) -> Result<(), ConsoleError> {
    if !frontier.size().is_multiple_of(MARK_EVERY) {
        return Ok(());
    }
    let json = serde_json::to_string(frontier).map_err(|error| ConsoleError::Internal(error.to_string()))?;
    cache
        .prepare_cached("INSERT OR REPLACE INTO tree_marks VALUES (?1, ?2, ?3)")?
        .execute(params![log, frontier.size(), json])?;
    Ok(())
}

/// An error and its causes in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        line.push_str(": ");
        line.push_str(&next.to_string());
        cause = next.source();
    }
    line
}
