//! A request held against the floors that this console knows, before anybody signs.

use crate::cache::approvals;
use crate::consent::words;
use crate::error::ConsoleError;
use crate::visible::marked_line;
use caisey_ledger::consent::{Approver, Least, Trust};
use caisey_protocol::consent::ApprovalView;
use rusqlite::Connection;

/// What this console notices about a request that asks for less than a floor that it knows: the machine would refuse it, whoever signs. Counts by the
/// worse of the control plane's and this console's reading.
pub(crate) fn remark(cache: &Connection, view: &ApprovalView) -> Result<Option<String>, ConsoleError> {
    let Some(prompt) = view
        .prompt
        .as_deref()
        .filter(|prompt| prompt.request.approver == Approver::Contact)
    else {
        return Ok(None);
    };
    let (request, class) = (&prompt.request, words::class(view, Some(prompt)));
    let organisation = request
        .log
        .split('/')
        .nth(1)
        .and_then(|organisation| organisation.parse().ok());
    let chain = approvals::chain(cache, view.client.as_str())?;
    let trust = organisation.and_then(|organisation| Trust::replay(&organisation, &view.client, &chain).ok());
    let least = trust.and_then(|trust| trust.least(&request.endpoint, class.word()));
    let below = |least: &Least| request.needed < least.needed || request.assurance < least.assurance;
    Ok(least.filter(below).map(|least| {
        format!(
            "You have said that such an action needs at least {} ({}). This request asks for less, so the machine will refuse it. Say no, and ask your \
             provider to propose it again.",
            least.in_words(),
            marked_line(&least.floors.join(", "))
        )
    }))
}
