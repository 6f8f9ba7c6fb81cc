//! What people say about approval requests, and what contacts say for their client.

use crate::person::Person;
use caisey_ledger::consent::{Assurance, CHAIN_START, ContactSaid, ContactStatement, Request, SignedContactStatement, digest_of};
use caisey_ledger::entry::SignedStatement;
use caisey_ledger::event::{Channel, Decision, Event, Verdict};
use caisey_ledger::id::{ActionId, ClientId, SessionId, TimeMs};

impl Person {
    /// A contact of this client.
    pub fn contact(seed: u64, organisation: &caisey_ledger::id::OrganisationId, client: &ClientId) -> Self {
        let mut contact = Self::new(seed, organisation, caisey_protocol::role::Role::Contact);
        contact.client = Some(client.clone());
        contact
    }

    /// That this person's key speaks for the client.
    pub fn introduced(&self) -> ContactSaid {
        ContactSaid::KeyIntroduced {
            member: self.member.clone(),
            device: self.device.clone(),
            key: self.public_key(),
        }
    }

    /// The next statement of the client's chain, signed by this contact.
    ///
    /// # Panics
    /// When this person is no contact.
    pub fn says(&self, after: &[SignedContactStatement], now: TimeMs, says: ContactSaid) -> SignedContactStatement {
        let previous = after.last().map(|last| digest_of(&last.statement).unwrap());
        let statement = ContactStatement {
            v: 1,
            organisation: self.organisation.clone(),
            client: self.client.clone().unwrap(),
            number: after.len() as u64 + 1,
            previous: previous.unwrap_or_else(|| CHAIN_START.to_owned()),
            at_ms: now,
            member: self.member.clone(),
            device: self.device.clone(),
            says,
        };
        statement.sign(&self.key).unwrap()
    }

    /// A yes or no to this request; with a number, at the assurance that a typed number gives.
    pub fn decide(&mut self, request: &Request, now: TimeMs, decision: Decision, number: Option<&str>) -> SignedStatement {
        let event = Event::ApprovalDecided {
            decision,
            member: Some(self.member.clone()),
            channel: Channel::Console,
            digest: Some(request.digest().unwrap()),
            assurance: Some(if number.is_some() {
                Assurance::Number
            } else {
                Assurance::Signed
            }),
            number: number.map(str::to_owned),
        };
        let reason = self.seed();
        let mut draft = self
            .draft(&request.log, now, &event)
            .session(request.session.clone())
            .action(request.action.clone());
        if decision == Decision::Denied {
            draft = draft.text("reason", "not during business hours", reason);
        }
        draft.sign(&self.key).unwrap()
    }

    /// An emergency.
    pub fn break_glass(&mut self, log: &str, now: TimeMs, session: &SessionId, action: &ActionId) -> SignedStatement {
        let seed = self.seed();
        self.draft(log, now, &Event::ActionBreakGlass {})
            .session(session.clone())
            .action(action.clone())
            .text("why", "the ward's printers are down", seed)
            .sign(&self.key)
            .unwrap()
    }

    /// What somebody found who looked at it later.
    pub fn review(&mut self, log: &str, now: TimeMs, session: &SessionId, action: &ActionId) -> SignedStatement {
        let seed = self.seed();
        let event = Event::ActionReviewed {
            verdict: Verdict::Justified,
        };
        self.draft(log, now, &event)
            .session(session.clone())
            .action(action.clone())
            .text("note", "the ward was without records", seed)
            .sign(&self.key)
            .unwrap()
    }
}
