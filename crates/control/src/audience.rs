//! Who is shown which approval request. One rule for questions, for watching consoles and for what is said about a request.
//!
//! A contact is shown what their client is asked, and what ran there under break-glass; a member what they asked for, what they may
//! decide, and, if they may decide at all, what ran under break-glass, before its review and after. Nobody is shown another organisation's: no object ever holds one.

use caisey_ledger::consent::Approver;
use caisey_ledger::id::{ClientId, MemberId};
use caisey_protocol::consent::ApprovalView;
use caisey_protocol::role::{Permission, Role};

/// Somebody who looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    /// The person.
    pub member: MemberId,
    /// Their role.
    pub role: Role,
    /// Present exactly for contacts.
    pub client: Option<ClientId>,
}

impl Viewer {
    /// Whether this person is shown the request.
    pub fn sees(&self, view: &ApprovalView) -> bool {
        // Reports of older programs name only what waits for its review.
        let emergency = view.emergency || view.review_due;
        if self.role == Role::Contact {
            let own = self.client.as_ref() == Some(&view.client);
            return own && (view.approver == Approver::Contact || emergency);
        }
        let is_asked = match view.approver {
            Approver::Contact => false,
            Approver::Owner => self.role == Role::Owner,
            Approver::Member => true,
        };
        let decides = self.role.may(Permission::Decide) && (is_asked || emergency);
        self.client.is_none() && (view.requester == self.member || decides)
    }
}
