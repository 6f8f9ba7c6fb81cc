//! Frames from the runtime, each to its handler. Follows the header of `caisey_protocol::runtime`.
//!
//! Promises: nothing but a hello is taken before the key is proved; a refusal is told to the runtime and ends its connection.

use super::action::ActionState;
use super::handshake::Hello;
use super::live::Live;
use crate::port::{Answer, ConnId, Effect};
use crate::refusal::{Stop, refused, settle};
use crate::store::{Store, StoreError};
use crate::turn::Turn;
use caisey_ledger::admission::Offered;
use caisey_ledger::event::DisconnectReason;
use caisey_ledger::id::ActionId;
use caisey_protocol::error::ErrorCode;
use caisey_protocol::http::Sendable;
use caisey_protocol::runtime::FromRuntime;
use caisey_protocol::watch::LogEvent;

impl Live {
    /// Takes a frame. A refusal is told to the runtime and ends its connection; what it had said before in the same frame is kept.
    pub(super) fn runtime_message(&mut self, turn: &mut Turn<'_>, conn: ConnId, message: FromRuntime) -> Result<(), StoreError> {
        let taken = self.take_frame(turn, conn, message);
        self.or_turn_away(conn, taken)
    }

    /// Takes statements that were examined beforehand, as from a frame.
    pub(super) fn runtime_said(&mut self, turn: &mut Turn<'_>, conn: ConnId, statements: Vec<Offered>) -> Result<(), StoreError> {
        let taken = self
            .check_proved(conn)
            .and_then(|()| self.take_statements(turn, statements.into_iter()));
        self.or_turn_away(conn, taken)
    }

    fn or_turn_away(&mut self, conn: ConnId, taken: Result<(), Stop>) -> Result<(), StoreError> {
        if let Err(body) = settle(taken)? {
            self.link.handshakes.remove(&conn);
            self.out.turn_away(conn, body.code, body.detail);
        }
        Ok(())
    }

    fn check_proved(&self, conn: ConnId) -> Result<(), Stop> {
        if self.link.conn == Some(conn) {
            return Ok(());
        }
        Err(refused(
            ErrorCode::Unauthenticated,
            "This connection has not proved the endpoint's key. Connect and say hello.",
        ))
    }

    fn take_statements(&mut self, turn: &mut Turn<'_>, statements: impl Iterator<Item = Offered>) -> Result<(), Stop> {
        for said in statements {
            self.endpoint_said(turn, said)?;
        }
        Ok(self.after_statements(turn)?)
    }

    fn take_frame(&mut self, turn: &mut Turn<'_>, conn: ConnId, message: FromRuntime) -> Result<(), Stop> {
        if let FromRuntime::Hello {
            version,
            endpoint,
            signature,
            runtime_version,
            next_counter,
            running,
            elevated,
            seen,
        } = message
        {
            return self.hello(
                turn,
                conn,
                Hello {
                    version,
                    endpoint,
                    signature,
                    runtime_version,
                    next_counter,
                    running,
                    elevated,
                    seen,
                },
            );
        }
        self.check_proved(conn)?;
        match message {
            FromRuntime::Hello { .. } => {}
            FromRuntime::Statements { statements } => {
                self.take_statements(turn, statements.into_iter().map(Offered::from))?;
            }
            FromRuntime::Accepted { action } => self.accepted(turn.store, &action)?,
            FromRuntime::Pong { nonce } => self.pong(turn, nonce),
            FromRuntime::Show(seen) => self.show_from(seen),
            FromRuntime::Cosigned { size, cosignature } => self.endpoint_cosigned(turn, size, &cosignature)?,
            FromRuntime::Goodbye {} => {
                self.disconnect(turn, DisconnectReason::Closed)?;
                self.out.push(Effect::CloseRuntime { conn });
            }
        }
        Ok(())
    }

    fn accepted(&mut self, store: &dyn Store, action: &ActionId) -> Result<(), StoreError> {
        let Some(mut known) = self
            .actions
            .get(action)
            .filter(|known| known.state == ActionState::Waiting)
            .cloned()
        else {
            return Ok(());
        };
        let event = LogEvent::Accepted {
            endpoint: self.enrolment.identity.endpoint.clone(),
            action: action.clone(),
        };
        self.watchers.tell(&event, &mut self.out);
        known.accepted = true;
        self.keep(store, known)
    }

    fn pong(&mut self, turn: &Turn<'_>, nonce: u64) {
        let (answered, waiting) = std::mem::take(&mut self.link.pings)
            .into_iter()
            .partition(|ping| ping.nonce == nonce);
        self.link.pings = waiting;
        for ping in answered {
            let round_trip_ms = Some(turn.now.get().saturating_sub(ping.asked_at.get()));
            let answer = Sendable {
                sendable: true,
                round_trip_ms,
                asked_at_ms: ping.asked_at,
                why_not: None,
            };
            self.out.answer(ping.request, Ok(Answer::Sendable(answer)));
        }
    }
}
