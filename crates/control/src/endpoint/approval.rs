//! Approval requests as they are kept: one row each, with the state machine's state; open ones are also in memory.
//!
//! Texts are in the log only (entries of the proposal and of the request), so that erasing them there erases them everywhere.

use super::Identity;
use crate::journal;
use crate::row::{Row, damaged, int, text};
use crate::store::{Rows, Store, StoreError};
use caisey_ledger::consent::{Consent, Request};
use caisey_ledger::disclosure::Disclosure;
use caisey_ledger::event::Channel;
use caisey_ledger::id::{ActionId, Seq, SessionId};
use caisey_policy::approval::{Approval, State};
use caisey_protocol::consent::{ApprovalState, ApprovalView, Prompt};
use serde::{Deserialize, Serialize};

pub(super) const TABLES: &str = "
    CREATE TABLE approvals (
        action TEXT PRIMARY KEY,
        open INTEGER NOT NULL,
        review_due INTEGER NOT NULL,
        requested_seq INTEGER NOT NULL,
        body TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX approvals_open ON approvals (action) WHERE open = 1 OR review_due = 1;
    CREATE INDEX approvals_by_place ON approvals (requested_seq);
";

/// One request with all that its end needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    pub(super) action: ActionId,
    pub(super) session: SessionId,
    pub(super) approval: Approval,
    /// What is signed.
    pub(super) request: Request,
    pub(super) policy_digest: Option<String>,
    pub(super) requester_name: String,
    pub(super) proposal_seq: Seq,
    pub(super) requested_seq: Seq,
    /// Entries of the decisions that count as a yes.
    pub(super) decisions: Vec<Seq>,
    /// How the permission came about, once it did.
    pub(super) granted: Option<Channel>,
    /// It ran under break-glass and nobody has looked at it since.
    pub(super) review_due: bool,
    /// Answers that were refused and recorded.
    pub(super) refused_answers: u32,
    /// At least one yes came by e-mail: no contact's key has signed it.
    #[serde(default)]
    pub(super) by_link: bool,
}

const SELECT: &str = "SELECT body FROM approvals";

pub(super) fn open_ones(store: &dyn Store) -> Result<Vec<Asked>, StoreError> {
    read(store.exec(&format!("{SELECT} WHERE open = 1"), &[])?)
}

pub(super) fn find(store: &dyn Store, action: &ActionId) -> Result<Option<Asked>, StoreError> {
    let found = read(store.exec(&format!("{SELECT} WHERE action = ?1"), &[text(action)])?)?;
    Ok(found.into_iter().next())
}

/// Those whose directory rows are repeated after loading: what is open or waits for its review, and what was asked last.
pub(super) fn to_repeat(store: &dyn Store, newest: u64) -> Result<Vec<ActionId>, StoreError> {
    let rows = store.exec(
        "SELECT action FROM approvals WHERE open = 1 OR review_due = 1
         UNION SELECT action FROM (SELECT action FROM approvals ORDER BY requested_seq DESC LIMIT CAST(?1 AS INTEGER))",
        &[int(newest)],
    )?;
    rows.into_iter().map(|row| Row::from(row).parsed()).collect()
}

fn read(rows: Rows) -> Result<Vec<Asked>, StoreError> {
    rows.into_iter()
        .map(|row| {
            let body = Row::from(row).text()?;
            serde_json::from_str(&body).map_err(|_| damaged("an approval request cannot be read"))
        })
        .collect()
}

impl Asked {
    /// Writes the row, new or changed.
    pub(super) fn put(&self, store: &dyn Store) -> Result<(), StoreError> {
        let body = serde_json::to_string(self).map_err(|error| StoreError::Refused(error.to_string()))?;
        store.exec(
            "INSERT OR REPLACE INTO approvals (action, open, review_due, requested_seq, body) VALUES (?1, ?2, ?3, ?4, ?5)",
            &[
                text(&self.action),
                int(self.is_open().into()),
                int(self.review_due.into()),
                int(self.requested_seq.get()),
                text(body),
            ],
        )?;
        Ok(())
    }

    pub(super) fn is_open(&self) -> bool {
        !self.approval.state.is_terminal()
    }

    /// On what the endpoint may run the action; none as long as nobody has allowed it.
    pub(super) fn consent(&self, store: &dyn Store) -> Result<Option<Consent>, StoreError> {
        let Some(channel) = self.granted else { return Ok(None) };
        if channel != Channel::Console {
            return Ok(Some(word_alone(channel)));
        }
        let mut decisions = Vec::with_capacity(self.decisions.len());
        for seq in &self.decisions {
            let mut said = journal::signed(store, seq.get())?.ok_or_else(|| damaged("a decision is missing"))?;
            said.disclosures.clear();
            decisions.push(said);
        }
        Ok(Some(Consent {
            channel,
            request: Some(self.request.clone()),
            decisions,
        }))
    }

    /// As consoles see it.
    pub(super) fn view(&self, identity: &Identity, prompt: Option<Prompt>) -> ApprovalView {
        let approval = &self.approval;
        ApprovalView {
            endpoint: identity.endpoint.clone(),
            hostname: identity.hostname.clone(),
            client: identity.client.clone(),
            client_name: identity.client_name.clone(),
            session: self.session.clone(),
            action: self.action.clone(),
            proposal_seq: self.proposal_seq,
            state: shown(approval.state),
            requester: approval.requester.clone(),
            requester_name: self.requester_name.clone(),
            digest: approval.digest.clone(),
            class: self.request.class.clone(),
            policy: self.request.policy.clone(),
            policy_version: self.request.policy_version,
            approver: approval.approver,
            needed: approval.needed,
            assurance: approval.assurance,
            asked_at_ms: approval.asked_at,
            expires_at_ms: approval.expires_at,
            delivered: approval.delivered.iter().cloned().collect(),
            acknowledged: approval.acknowledged.iter().cloned().collect(),
            approved_by: approval.approved_by.iter().cloned().collect(),
            denied_by: approval.denied_by.clone(),
            nudges: approval.nudges,
            emergency: self.granted == Some(Channel::BreakGlass),
            review_due: self.review_due,
            mails: Vec::new(),
            prompt: prompt.map(Box::new),
        }
    }

    /// What somebody who is asked has to see; none once it is over.
    pub(super) fn prompt(&self, store: &dyn Store) -> Result<Option<Prompt>, StoreError> {
        if !self.is_open() {
            return Ok(None);
        }
        let missing = || damaged("an approval request's entry is missing");
        let proposal = journal::signed(store, self.proposal_seq.get())?.ok_or_else(missing)?;
        let texts = journal::disclosures(store, self.requested_seq.get())?;
        let said = |name: &str| texts.get(name).and_then(Disclosure::full_text).unwrap_or_default().to_owned();
        Ok(Some(Prompt {
            request: self.request.clone(),
            proposal,
            object: said("object"),
            current_state: said("current_state"),
            proposed_action: said("proposed_action"),
        }))
    }
}

/// The control plane's word, which nothing proves.
pub(super) fn word_alone(channel: Channel) -> Consent {
    Consent {
        channel,
        request: None,
        decisions: Vec::new(),
    }
}

fn shown(state: State) -> ApprovalState {
    match state {
        State::Pending => ApprovalState::Pending,
        State::Delivered => ApprovalState::Delivered,
        State::Acknowledged => ApprovalState::Acknowledged,
        State::Approved => ApprovalState::Approved,
        State::Denied => ApprovalState::Denied,
        State::Expired => ApprovalState::Expired,
        State::Withdrawn => ApprovalState::Withdrawn,
    }
}
