//! A person at a console, with a device key of their own.

use crate::dice::Dice;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use caisey_control::port::Caller;
use caisey_ledger::entry::{Actor, SignedStatement};
use caisey_ledger::event::{Event, Interpreter, SessionEnd};
use caisey_ledger::id::{ActionId, ClientId, DeviceId, MemberId, OrganisationId, SessionId, TimeMs};
use caisey_ledger::statement::Draft;
use caisey_ledger::text::TextSeed;
use caisey_protocol::role::Role;
use ed25519_dalek::{Signer, SigningKey};

pub struct Person {
    pub organisation: OrganisationId,
    pub member: MemberId,
    pub device: DeviceId,
    pub key: SigningKey,
    pub role: Role,
    pub client: Option<ClientId>,
    dice: Dice,
}

impl Person {
    pub fn new(seed: u64, organisation: &OrganisationId, role: Role) -> Self {
        let mut dice = Dice::new(seed);
        Self {
            organisation: organisation.clone(),
            member: MemberId::from_bits(dice.bytes()),
            device: DeviceId::from_bits(dice.bytes()),
            key: SigningKey::from_bytes(&dice.bytes()),
            role,
            client: None,
            dice,
        }
    }

    /// Public key, standard base64.
    pub fn public_key(&self) -> String {
        STANDARD.encode(self.key.verifying_key().as_bytes())
    }

    /// Signature over lines, standard base64.
    pub fn sign_lines(&self, lines: &[&str]) -> String {
        sign_lines(&self.key, lines)
    }

    pub fn caller(&self) -> Caller {
        Caller {
            organisation: self.organisation.clone(),
            member: self.member.clone(),
            name: "Robin Řehoř".into(),
            role: self.role,
            client: self.client.clone(),
            device: Some((self.device.clone(), self.public_key())),
        }
    }

    pub fn actor(&self) -> Actor {
        let (id, device) = (self.member.clone(), self.device.clone());
        if self.role == Role::Contact {
            Actor::Contact { id, device }
        } else {
            Actor::Member { id, device }
        }
    }

    pub(crate) fn seed(&mut self) -> TextSeed {
        TextSeed::from_bytes(self.dice.bytes())
    }

    /// A statement of this person in this log.
    pub fn draft(&self, log: &str, now: TimeMs, event: &Event) -> Draft {
        Draft::new(log, now, self.actor(), event).unwrap()
    }

    pub fn open(&mut self, log: &str, now: TimeMs, session: &SessionId) -> SignedStatement {
        let (event, seed) = (
            Event::SessionOpened {
                device: self.device.clone(),
            },
            self.seed(),
        );
        self.draft(log, now, &event)
            .session(session.clone())
            .text("purpose", "disk is full", seed)
            .sign(&self.key)
            .unwrap()
    }

    pub fn close(&mut self, log: &str, now: TimeMs, session: &SessionId) -> SignedStatement {
        let event = Event::SessionClosed {
            reason: SessionEnd::ByTechnician,
        };
        self.draft(log, now, &event).session(session.clone()).sign(&self.key).unwrap()
    }

    pub fn propose(&mut self, log: &str, now: TimeMs, session: &SessionId, action: &ActionId, command: &str) -> SignedStatement {
        let event = Event::ActionProposed {
            interpreter: Interpreter::Sh,
            timeout_ms: 60_000,
            model: None,
        };
        let (command_seed, reason_seed) = (self.seed(), self.seed());
        self.draft(log, now, &event)
            .session(session.clone())
            .action(action.clone())
            .text("command", command, command_seed)
            .text("reason", "to see", reason_seed)
            .sign(&self.key)
            .unwrap()
    }

    /// What an agent proposed on this person's behalf, signed on their device; the model as the agent names it.
    pub fn propose_as_agent(
        &mut self,
        log: &str,
        now: TimeMs,
        session: &SessionId,
        action: &ActionId,
        command: &str,
        model: Option<&str>,
    ) -> SignedStatement {
        let event = Event::ActionProposed {
            interpreter: Interpreter::Sh,
            timeout_ms: 60_000,
            model: model.map(str::to_owned),
        };
        let agent = Actor::Agent {
            on_behalf_of: self.member.clone(),
            device: self.device.clone(),
        };
        let (command_seed, reason_seed) = (self.seed(), self.seed());
        Draft::new(log, now, agent, &event)
            .unwrap()
            .session(session.clone())
            .action(action.clone())
            .text("command", command, command_seed)
            .text("reason", "to see", reason_seed)
            .sign(&self.key)
            .unwrap()
    }

    pub fn cancel(&mut self, log: &str, now: TimeMs, session: &SessionId, action: &ActionId) -> SignedStatement {
        let draft = self.draft(log, now, &Event::ActionCancelRequested {});
        draft.session(session.clone()).action(action.clone()).sign(&self.key).unwrap()
    }

    pub fn chat(&mut self, log: &str, now: TimeMs, session: &SessionId, message: &str) -> SignedStatement {
        let seed = self.seed();
        self.draft(log, now, &Event::ChatMessage {})
            .session(session.clone())
            .text("message", message, seed)
            .sign(&self.key)
            .unwrap()
    }
}

/// Signature over lines, each followed by a line feed, standard base64.
pub fn sign_lines(key: &SigningKey, lines: &[&str]) -> String {
    let message: String = lines.iter().flat_map(|line| [*line, "\n"]).collect();
    STANDARD.encode(key.sign(message.as_bytes()).to_bytes())
}
