//! Break-glass: declaring an emergency about one's own open request, and reviewing what somebody else ran under one.
//!
//! Promises: both are signed statements with the person's own words, in the record before this answers; nobody reviews their own. Leaves out
//! who may (the control plane, docs/decisions/0050-where-approvals-are-decided.md) and what ran (the record).

use super::Console;
use super::work::{Saying, endpoint_id, session_id, text};
use crate::error::ConsoleError;
use crate::view::ApprovalRow;
use caisey_client::error::ApiError;
use caisey_ledger::event::{Event, Verdict};

impl Console {
    /// Lets one's own waiting action run without the permission that policy asks for. Everybody who could have been asked is told, and somebody
    /// else has to review it.
    ///
    /// # Errors
    /// No reason given, unknown request or not one's own, ended, not allowed beforehand by the client, control plane unreachable or refusing.
    pub async fn declare_emergency(&self, action: &str, why: &str) -> Result<ApprovalRow, ConsoleError> {
        let kept = self.kept(action).await?;
        let why = text("reason", why)?;
        self.say(Saying {
            endpoint: kept.view.endpoint.as_str(),
            session: kept.view.session.clone(),
            action: Some(kept.view.action.clone()),
            event: Event::ActionBreakGlass {},
            texts: vec![("why", why)],
        })
        .await?;
        let engine = self.inner.engine()?;
        engine.look_again(&kept.view.endpoint, &kept.view.action).await;
        self.row(action).await
    }

    /// Records what this person found about an action that ran under break-glass: whether the emergency justified it, and in their own words why.
    ///
    /// # Errors
    /// No words, unknown action, one's own, reviewed already, control plane unreachable or refusing.
    pub async fn review_emergency(&self, action: &str, justified: bool, note: &str) -> Result<ApprovalRow, ConsoleError> {
        let kept = self.kept(action).await?;
        let engine = self.inner.engine()?;
        if kept.view.requester == engine.device.member {
            return Err(ConsoleError::Invalid(
                "You declared this emergency yourself, so nothing was recorded. Somebody else has to review it.".to_owned(),
            ));
        }
        let note = text("finding", note)?;
        let verdict = if justified {
            Verdict::Justified
        } else {
            Verdict::NotJustified
        };
        let endpoint = endpoint_id(kept.view.endpoint.as_str())?;
        let submit = self
            .signed(Saying {
                endpoint: kept.view.endpoint.as_str(),
                session: session_id(kept.view.session.as_str())?,
                action: Some(kept.view.action.clone()),
                event: Event::ActionReviewed { verdict },
                texts: vec![("note", note)],
            })
            .await?;
        let submitted = match engine.api.decide(&endpoint, &submit).await {
            Err(ApiError::NoAnswer(_)) => engine.api.decide(&endpoint, &submit).await,
            other => other,
        }?;
        engine.owe(endpoint.as_str(), &submitted.checkpoint);
        engine.look_again(&endpoint, &kept.view.action).await;
        self.row(action).await
    }
}
