//! Actions: proposed → waiting → running → finished | failed | refused | unknown. One row each; unfinished ones are also in memory.
//!
//! The endpoint's own signed word decides what became of an action: what it reports late, after the control plane had to write
//! `unknown`, still moves the state on. Only finished and failed are final.

use crate::row::{Row, damaged, int, text, text_or_null};
use crate::store::{Rows, Store, StoreError};
use caisey_ledger::id::{ActionId, Seq, SessionId, TimeMs};

/// When actions were allowed to run. A table of its own: the other one is from before there were approvals.
pub(super) const AUTHORISATIONS: &str = "
    CREATE TABLE authorisations (
        action TEXT PRIMARY KEY,
        at_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
";

const COLUMNS: &str =
    "SELECT actions.action, session, state, accepted, cancel, refusal, proposal_seq, proposed_at_ms, timeout_ms,
    authorisations.at_ms FROM actions LEFT JOIN authorisations ON authorisations.action = actions.action";

/// Where an action stands, as users see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ActionState {
    /// Recorded, not yet authorised: somebody is asked.
    Proposed,
    /// Authorised and sent; not known to have started.
    Waiting,
    /// The endpoint says that it started.
    Running,
    /// It ran and is over.
    Finished,
    /// It was taken and could not be started.
    Failed,
    /// It did not run.
    Refused,
    /// The runtime vanished while it ran.
    Unknown,
}

use ActionState::{Failed, Finished, Proposed, Refused, Running, Unknown, Waiting};

impl ActionState {
    const ALL: [Self; 7] = [Proposed, Waiting, Running, Finished, Failed, Refused, Unknown];

    fn word(self) -> &'static str {
        match self {
            Proposed => "proposed",
            Waiting => "waiting",
            Running => "running",
            Finished => "finished",
            Failed => "failed",
            Refused => "refused",
            Unknown => "unknown",
        }
    }

    pub(super) fn is_unfinished(self) -> bool {
        matches!(self, Proposed | Waiting | Running)
    }

    /// Whether nothing that is said later changes it.
    pub(super) fn is_final(self) -> bool {
        matches!(self, Finished | Failed)
    }
}

#[derive(Debug, Clone)]
pub(super) struct Action {
    pub(super) action: ActionId,
    pub(super) session: SessionId,
    pub(super) state: ActionState,
    /// The runtime said that it had stored the command.
    pub(super) accepted: bool,
    /// A person asked for it to be cancelled.
    pub(super) cancel: bool,
    /// Why it was refused, when it was.
    pub(super) refusal: Option<String>,
    pub(super) proposal_seq: Seq,
    pub(super) proposed_at: TimeMs,
    pub(super) timeout_ms: u64,
    /// When it was allowed to run; none before that, and of actions that a program without approvals kept.
    pub(super) authorised_at: Option<TimeMs>,
}

pub(super) fn unfinished(store: &dyn Store) -> Result<Vec<Action>, StoreError> {
    read(store.exec(&format!("{COLUMNS} WHERE state IN ('proposed', 'waiting', 'running')"), &[])?)
}

pub(super) fn find(store: &dyn Store, action: &ActionId) -> Result<Option<Action>, StoreError> {
    Ok(
        read(store.exec(&format!("{COLUMNS} WHERE actions.action = ?1"), &[text(action)])?)?
            .into_iter()
            .next(),
    )
}

fn read(rows: Rows) -> Result<Vec<Action>, StoreError> {
    let mut actions = Vec::with_capacity(rows.len());
    for row in rows {
        let mut row = Row::from(row);
        let (action, session, word) = (row.parsed()?, row.parsed()?, row.text()?);
        let state = ActionState::ALL.into_iter().find(|state| state.word() == word);
        actions.push(Action {
            action,
            session,
            state: state.ok_or_else(|| damaged("an action's state is not known"))?,
            accepted: row.flag()?,
            cancel: row.flag()?,
            refusal: row.text_or_null()?,
            proposal_seq: Seq::new(row.number()?).ok_or_else(|| damaged("an action's place is out of range"))?,
            proposed_at: TimeMs::new(row.number()?).ok_or_else(|| damaged("an action's time is out of range"))?,
            timeout_ms: row.number()?,
            authorised_at: row
                .number_or_null()?
                .map(|time| TimeMs::new(time).ok_or_else(|| damaged("an action's time is out of range")))
                .transpose()?,
        });
    }
    Ok(actions)
}

impl Action {
    /// Stores when it was allowed to run.
    pub(super) fn authorise(&mut self, store: &dyn Store, at: TimeMs) -> Result<(), StoreError> {
        self.authorised_at = Some(at);
        let row = [text(&self.action), int(at.get())];
        store
            .exec("INSERT OR REPLACE INTO authorisations (action, at_ms) VALUES (?1, ?2)", &row)
            .map(drop)
    }

    /// Writes the row, new or changed; not when it was allowed to run.
    pub(super) fn put(&self, store: &dyn Store) -> Result<(), StoreError> {
        store.exec(
            "INSERT INTO actions (action, session, state, accepted, cancel, refusal, proposal_seq, proposed_at_ms, timeout_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (action) DO UPDATE SET state = excluded.state, accepted = excluded.accepted, cancel = excluded.cancel,
                 refusal = excluded.refusal",
            &[
                text(&self.action),
                text(&self.session),
                text(self.state.word()),
                int(self.accepted.into()),
                int(self.cancel.into()),
                text_or_null(self.refusal.as_ref()),
                int(self.proposal_seq.get()),
                int(self.proposed_at.get()),
                int(self.timeout_ms),
            ],
        )?;
        Ok(())
    }
}
