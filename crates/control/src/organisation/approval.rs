//! The index of approval requests: one row for each, kept up to date by the Endpoint objects' reports. Without prompts: the texts of what is to
//! be approved are in the endpoint's log and nowhere else.

use super::OrganisationObject;
use crate::audience::Viewer;
use crate::port::Caller;
use crate::refusal::Stop;
use crate::row::{Row, damaged, int, text, text_or_null};
use crate::store::{Store, StoreError};
use caisey_protocol::consent::ApprovalView;

/// Those that are over are shown for this long, in milliseconds: a month.
const SHOWN_MS: u64 = 31 * 86_400_000;
/// And no more than this many of them.
const SHOWN: u64 = 200;

impl OrganisationObject {
    /// Those that the caller may see: open ones and what waits for a review first, then what ended lately, newest first.
    pub(super) fn approvals(store: &dyn Store, caller: &Caller, now_ms: u64) -> Result<Vec<ApprovalView>, Stop> {
        let viewer = Viewer {
            member: caller.member.clone(),
            role: caller.role,
            client: caller.client.clone(),
        };
        let client = text_or_null(caller.client.as_ref());
        let open = "SELECT view FROM approvals WHERE waits = 1 AND (?1 IS NULL OR client = ?1) ORDER BY asked_at_ms DESC, action";
        let over = "SELECT view FROM approvals WHERE waits = 0 AND asked_at_ms >= ?2 AND (?1 IS NULL OR client = ?1)
             ORDER BY asked_at_ms DESC, action LIMIT 2000";
        let mut shown = read(store.exec(open, std::slice::from_ref(&client))?)?;
        shown.retain(|view| viewer.sees(view));
        let over = read(store.exec(over, &[client, int(now_ms.saturating_sub(SHOWN_MS))])?)?;
        shown.extend(over.into_iter().filter(|view| viewer.sees(view)).take(SHOWN as usize));
        Ok(shown)
    }

    /// Takes an Endpoint object's report; reports about unknown endpoints are dropped, and what has ended stays so.
    pub(super) fn approval_changed(store: &dyn Store, view: &ApprovalView) -> Result<(), StoreError> {
        let waits = !view.state.is_terminal() || view.review_due;
        let kept = ApprovalView {
            prompt: None,
            ..view.clone()
        };
        let json = serde_json::to_string(&kept).map_err(|error| StoreError::Refused(error.to_string()))?;
        store.exec(
            "INSERT INTO approvals (action, endpoint, client, asked_at_ms, waits, view)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE EXISTS (SELECT 1 FROM endpoints WHERE endpoint = ?2)
             ON CONFLICT (action) DO UPDATE SET waits = excluded.waits, view = excluded.view WHERE approvals.endpoint = excluded.endpoint",
            &[
                text(&view.action),
                text(&view.endpoint),
                text(&view.client),
                int(view.asked_at_ms.get()),
                int(waits.into()),
                text(json),
            ],
        )?;
        Ok(())
    }
}

fn read(rows: crate::store::Rows) -> Result<Vec<ApprovalView>, StoreError> {
    rows.into_iter()
        .map(|row| serde_json::from_str(&Row::from(row).text()?).map_err(|_| damaged("an approval request cannot be read")))
        .collect()
}
