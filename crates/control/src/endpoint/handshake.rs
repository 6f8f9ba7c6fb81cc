//! The handshake: a challenge, a hello signed with the endpoint's key, a welcome. And the connection's end.
//!
//! Promises: nothing is recorded of a connection that has not proved the key; of those that wait to, there are few.

use super::action::{Action, ActionState};
use super::link::{Handshake, MAX_HANDSHAKES, Settling};
use super::live::Live;
use crate::port::{Answer, ConnId, Effect};
use crate::proof;
use crate::refusal::{Stop, refused};
use crate::store::StoreError;
use crate::turn::{Turn, later};
use caisey_ledger::event::{DisconnectReason, Event};
use caisey_ledger::id::{ActionId, Counter, EndpointId};
use caisey_protocol::PROTOCOL_VERSION;
use caisey_protocol::error::ErrorCode;
use caisey_protocol::http::Sendable;
use caisey_protocol::runtime::{CONNECT_CONTEXT, Seen, ToRuntime};

/// A connection that says nothing for this long after the challenge is closed, in milliseconds.
const HANDSHAKE_MS: u64 = 10_000;

/// What a hello says.
pub(super) struct Hello {
    pub(super) version: u32,
    pub(super) endpoint: EndpointId,
    pub(super) signature: String,
    pub(super) runtime_version: String,
    pub(super) next_counter: Counter,
    pub(super) running: Vec<ActionId>,
    pub(super) elevated: Option<bool>,
    pub(super) seen: Option<Seen>,
}

impl Live {
    pub(super) fn runtime_opened(&mut self, turn: &mut Turn<'_>, conn: ConnId) -> Result<(), StoreError> {
        // A number that is used again belongs to a host that started anew: the connection that the store knows by it is gone.
        if self.link.conn == Some(conn) {
            self.disconnect(turn, DisconnectReason::ControlRestarted)?;
        }
        if self.link.handshakes.len() >= MAX_HANDSHAKES {
            let oldest = self
                .link
                .handshakes
                .iter()
                .min_by_key(|(_, handshake)| handshake.deadline)
                .map(|(conn, _)| *conn);
            if let Some(oldest) = oldest {
                self.link.handshakes.remove(&oldest);
                self.out.turn_away(
                    oldest,
                    ErrorCode::TooManyRequests,
                    "Too many connections wait to prove this endpoint's key. Try again.",
                );
            }
        }
        let nonce = proof::base64(&turn.draw());
        self.out.send_runtime(
            conn,
            ToRuntime::Challenge {
                version: PROTOCOL_VERSION,
                nonce: nonce.clone(),
            },
        );
        self.link.handshakes.insert(
            conn,
            Handshake {
                nonce,
                deadline: later(turn.now, HANDSHAKE_MS),
            },
        );
        Ok(())
    }

    pub(super) fn runtime_closed(
        &mut self,
        turn: &mut Turn<'_>,
        conn: ConnId,
        reason: DisconnectReason,
    ) -> Result<(), StoreError> {
        self.link.handshakes.remove(&conn);
        if self.link.conn == Some(conn) {
            self.disconnect(turn, reason)
        } else {
            Ok(())
        }
    }

    /// Records that the proved connection is gone.
    pub(super) fn disconnect(&mut self, turn: &mut Turn<'_>, reason: DisconnectReason) -> Result<(), StoreError> {
        self.link.conn = None;
        self.link.lost_on_load = false;
        self.link.settling = None;
        self.shown.begin(None);
        self.link.changed_at = turn.now;
        self.link.put(turn.store)?;
        for ping in std::mem::take(&mut self.link.pings) {
            let answer = Sendable {
                sendable: false,
                round_trip_ms: None,
                asked_at_ms: ping.asked_at,
                why_not: Some("not connected".into()),
            };
            self.out.answer(ping.request, Ok(Answer::Sendable(answer)));
        }
        self.say(turn, &Event::EndpointDisconnected { reason }, &[]).map(drop)
    }

    pub(super) fn hello(&mut self, turn: &mut Turn<'_>, conn: ConnId, hello: Hello) -> Result<(), Stop> {
        let Some(handshake) = self.link.handshakes.remove(&conn) else {
            return Err(refused(
                ErrorCode::BadRequest,
                "Hello answers a challenge, once. Connect again.",
            ));
        };
        let identity = &self.enrolment.identity;
        if hello.version != PROTOCOL_VERSION {
            let detail = format!(
                "The runtime speaks version {}, this control plane {PROTOCOL_VERSION}. Update the older one.",
                hello.version
            );
            return Err(refused(ErrorCode::UnsupportedVersion, detail));
        }
        let lines = [CONNECT_CONTEXT, &identity.log, &handshake.nonce];
        if hello.endpoint != identity.endpoint || !proof::holds(&identity.key, &lines, &hello.signature) {
            return Err(refused(
                ErrorCode::BadSignature,
                "The signature is not by the key that this endpoint enrolled with. Enrol it again.",
            ));
        }
        let plain = |version: &str| (1..=64).contains(&version.len()) && version.bytes().all(|byte| byte.is_ascii_graphic());
        if !plain(&hello.runtime_version) {
            return Err(refused(
                ErrorCode::BadRequest,
                "runtime_version must be 1 to 64 printable ASCII characters.",
            ));
        }
        if self.enrolment.removed {
            return Ok(self.dismiss(turn.store, conn)?);
        }
        self.welcome(turn, conn, hello).map_err(Stop::from)
    }

    fn welcome(&mut self, turn: &mut Turn<'_>, conn: ConnId, hello: Hello) -> Result<(), StoreError> {
        if let Some(old) = self.link.conn {
            self.disconnect(turn, DisconnectReason::Replaced)?;
            self.out.push(Effect::CloseRuntime { conn: old });
        }
        self.link.conn = Some(conn);
        self.link.was_connected = true;
        self.link.reuse_noted = false;
        self.link.elevated = hello.elevated;
        self.link.changed_at = turn.now;
        self.link.put(turn.store)?;
        let next_counter = self.next_counter;
        self.say(
            turn,
            &Event::EndpointConnected {
                elevated: hello.elevated,
                runtime_version: hello.runtime_version,
                next_counter: next_counter.get(),
            },
            &[],
        )?;
        let believed = |action: &&Action| action.state == ActionState::Running || action.accepted;
        let running = self
            .actions
            .values()
            .filter(believed)
            .map(|action| action.action.clone())
            .collect();
        self.out.send_runtime(
            conn,
            ToRuntime::Welcome {
                next_counter,
                time_ms: turn.now,
                running,
            },
        );
        self.tell_contacts(0);
        self.shown.begin(hello.seen);
        self.link.settling = Some(Settling {
            until_counter: hello.next_counter.get(),
            running: hello.running.into_iter().collect(),
            open: self
                .actions
                .values()
                .filter(|action| action.state != ActionState::Proposed)
                .map(|action| action.action.clone())
                .collect(),
            deadline: None,
        });
        self.after_statements(turn)
    }
}
