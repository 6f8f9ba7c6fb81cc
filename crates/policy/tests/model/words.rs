//! What people signed, made once for all states of a scenario.

use super::{ASKED, EXPIRY, REQUESTER, contact, key, member, time};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use caisey_ledger::consent::{
    Approver, Assurance, CHAIN_START, Consent, ContactSaid, ContactStatement, Deed, PreAuthorisation, Request, Terms, Trust,
    digest_of, permitted,
};
use caisey_ledger::entry::{Actor, SignedStatement};
use caisey_ledger::event::{Channel, Decision, Event, Interpreter};
use caisey_ledger::id::{ActionId, ClientId, DeviceId, EndpointId, OrganisationId, SessionId};
use caisey_ledger::statement::Draft;
use caisey_ledger::text::TextSeed;
use std::collections::BTreeSet;

/// Signed words, made once.
pub(super) struct Words {
    pub(super) trust: Trust,
    proposal: SignedStatement,
    pub(super) request: Request,
}

impl Words {
    pub(super) fn new(needed: u32, assurance: Assurance, allowed: &[(Channel, u64)]) -> Self {
        let (organisation, client) = (OrganisationId::from_bits([1; 16]), ClientId::from_bits([2; 16]));
        let mut trust = Trust::new(organisation.clone(), client.clone());
        let mut previous = CHAIN_START.to_owned();
        let introduced = |by: u8| ContactSaid::KeyIntroduced {
            member: member(by),
            device: DeviceId::from_bits([by; 16]),
            key: STANDARD.encode(key(by).verifying_key().as_bytes()),
        };
        let granted = allowed.iter().zip(1..).map(|((channel, until), number)| {
            ContactSaid::PreAuthorisationGranted(PreAuthorisation {
                name: format!("allowed-{number}"),
                endpoints: vec![],
                classes: vec!["changing".into()],
                channel: *channel,
                window: None,
                from_ms: time(ASKED),
                until_ms: time(*until),
            })
        });
        let signer = contact(0);
        for (says, number) in [introduced(contact(0)), introduced(contact(1))]
            .into_iter()
            .chain(granted)
            .zip(1..)
        {
            let statement = ContactStatement {
                v: 1,
                organisation: organisation.clone(),
                client: client.clone(),
                number,
                previous,
                at_ms: time(ASKED),
                member: member(signer),
                device: DeviceId::from_bits([signer; 16]),
                says,
            };
            previous = digest_of(&statement).unwrap();
            trust.apply(&statement.sign(&key(signer)).unwrap()).unwrap();
        }
        let log = format!("caisey.example/{organisation}/{}", EndpointId::from_bits([3; 16]));
        let actor = Actor::Member {
            id: member(REQUESTER),
            device: DeviceId::from_bits([REQUESTER; 16]),
        };
        let event = Event::ActionProposed {
            interpreter: Interpreter::Sh,
            timeout_ms: 1_000,
            model: None,
        };
        let proposal = Draft::new(&log, time(ASKED), actor, &event)
            .unwrap()
            .session(SessionId::from_bits([5; 16]))
            .action(ActionId::from_bits([6; 16]))
            .text("command", "nft delete rule", TextSeed::from_bytes([1; 32]))
            .text("reason", "blocked", TextSeed::from_bytes([2; 32]))
            .sign(&key(REQUESTER))
            .unwrap();
        let terms = Terms {
            before: None,
            class: "changing".into(),
            policy: "default".into(),
            policy_version: 1,
            approver: Approver::Contact,
            needed,
            assurance,
            expires_at_ms: time(EXPIRY),
            nonce: [9; 32],
        };
        let request = Request::about(&proposal, terms).unwrap();
        Self {
            trust,
            proposal,
            request,
        }
    }

    /// Whether a contact allowed beforehand that the control plane's own word over this channel is enough at this time.
    pub(super) fn allows(&self, channel: Channel, now: u64) -> bool {
        let endpoint = &self.request.endpoint;
        self.trust
            .beforehand(endpoint, "changing", channel, time(now))
            .granted()
            .is_some()
    }

    fn decision(&self, by: u8, decision: Decision) -> SignedStatement {
        let actor = Actor::Contact {
            id: member(by),
            device: DeviceId::from_bits([by; 16]),
        };
        let event = Event::ApprovalDecided {
            decision,
            member: Some(member(by)),
            channel: Channel::Console,
            digest: Some(self.request.digest().unwrap()),
            assurance: Some(Assurance::Signed),
            number: None,
        };
        Draft::new(&self.request.log, time(ASKED), actor, &event)
            .unwrap()
            .session(self.request.session.clone())
            .action(self.request.action.clone())
            .sign(&key(by))
            .unwrap()
    }

    /// The endpoint's own check, for these people's yes.
    pub(super) fn endpoint_permits(&self, by: &BTreeSet<u8>, channel: Channel, now: u64) -> bool {
        let consent = Consent {
            channel,
            request: Some(self.request.clone()),
            decisions: by.iter().map(|by| self.decision(*by, Decision::Approved)).collect(),
        };
        let deed = Deed {
            proposal: &self.proposal,
            class: "changing",
            now: time(now),
        };
        permitted(&self.trust, deed, Some(&consent)).is_ok()
    }
}
