//! Frames from the runtime: the handshake, its statements, and small talk.
//!
//! Promises: nothing is taken before the key is proved; a statement is placed once, in the order of the endpoint's own count; what the
//! endpoint says about an action changes that action only. Follows the header of `caisey_protocol::runtime`.

use super::action::{self, ActionState};
use super::link::{Handshake, MAX_HANDSHAKES, Settling};
use super::live::Live;
use crate::journal;
use crate::port::{Answer, ConnId};
use crate::proof;
use crate::refusal::{Stop, fault, refused};
use crate::row::{Row, damaged, int};
use crate::store::{Store, StoreError};
use crate::turn::{Turn, later};
use caisey_ledger::disclosure::Disclosure;
use caisey_ledger::entry::{Actor, Entry, SignedStatement, Statement};
use caisey_ledger::event::{DisconnectReason, Event, RunOutcome};
use caisey_ledger::id::{ActionId, Counter, EndpointId, SessionId};
use caisey_protocol::PROTOCOL_VERSION;
use caisey_protocol::error::ErrorCode;
use caisey_protocol::http::Sendable;
use caisey_protocol::runtime::{CONNECT_CONTEXT, FromRuntime, ToRuntime};
use caisey_protocol::watch::LogEvent;

/// A connection that says nothing for this long after the challenge is closed, in milliseconds.
const HANDSHAKE_MS: u64 = 10_000;
/// A statement's texts together may have this many bytes: with every byte escaped, a record still fits into one frame.
const MAX_STATEMENT_TEXT_BYTES: usize = 131_072;

/// What a hello says.
struct Hello {
    version: u32,
    endpoint: EndpointId,
    signature: String,
    runtime_version: String,
    next_counter: Counter,
    running: Vec<ActionId>,
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

    /// Takes a frame. A refusal is told to the runtime and ends its connection; what it had said before in the same frame is kept.
    pub(super) fn runtime_message(&mut self, turn: &mut Turn<'_>, conn: ConnId, message: FromRuntime) -> Result<(), StoreError> {
        match crate::refusal::settle(self.take_frame(turn, conn, message))? {
            Ok(()) => Ok(()),
            Err(body) => {
                self.link.handshakes.remove(&conn);
                self.out.turn_away(conn, body.code, body.detail);
                Ok(())
            }
        }
    }

    fn take_frame(&mut self, turn: &mut Turn<'_>, conn: ConnId, message: FromRuntime) -> Result<(), Stop> {
        if let FromRuntime::Hello {
            version,
            endpoint,
            signature,
            runtime_version,
            next_counter,
            running,
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
                },
            );
        }
        if self.link.conn != Some(conn) {
            return Err(refused(
                ErrorCode::Unauthenticated,
                "This connection has not proved the endpoint's key. Connect and say hello.",
            ));
        }
        match message {
            FromRuntime::Hello { .. } => {}
            FromRuntime::Statements { statements } => {
                for said in statements {
                    self.endpoint_said(turn, said)?;
                }
                self.after_statements(turn)?;
            }
            FromRuntime::Accepted { action } => self.accepted(turn.store, &action)?,
            FromRuntime::Pong { nonce } => self.pong(turn, nonce),
            FromRuntime::Goodbye {} => {
                self.disconnect(turn, DisconnectReason::Closed)?;
                self.out.push(crate::port::Effect::CloseRuntime { conn });
            }
        }
        Ok(())
    }

    fn hello(&mut self, turn: &mut Turn<'_>, conn: ConnId, hello: Hello) -> Result<(), Stop> {
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
            self.out.send_runtime(conn, ToRuntime::Removed {});
            self.out.push(crate::port::Effect::CloseRuntime { conn });
            return Ok(());
        }
        self.welcome(turn, conn, hello).map_err(Stop::from)
    }

    fn welcome(&mut self, turn: &mut Turn<'_>, conn: ConnId, hello: Hello) -> Result<(), StoreError> {
        if let Some(old) = self.link.conn {
            self.disconnect(turn, DisconnectReason::Replaced)?;
            self.out.push(crate::port::Effect::CloseRuntime { conn: old });
        }
        self.link.conn = Some(conn);
        self.link.was_connected = true;
        self.link.reuse_noted = false;
        self.link.changed_at = turn.now;
        self.link.put(turn.store)?;
        let next_counter = self.next_counter;
        self.say(
            turn,
            &Event::EndpointConnected {
                runtime_version: hello.runtime_version,
                next_counter: next_counter.get(),
            },
            &[],
        )?;
        let believed = |action: &&action::Action| action.state == ActionState::Running || action.accepted;
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

    fn endpoint_said(&mut self, turn: &mut Turn<'_>, said: SignedStatement) -> Result<(), Stop> {
        let Some(counter) = said.statement.counter else {
            return Err(refused(
                ErrorCode::BadRequest,
                "The statement has no counter, which an endpoint's must have.",
            ));
        };
        if counter > self.next_counter {
            let expected = self.next_counter;
            let detail =
                format!("Statement {counter} came where {expected} was expected. Send everything from {expected} on again.");
            return Err(refused(ErrorCode::Conflict, detail));
        }
        if counter < self.next_counter && stored(turn.store, counter)? == said.statement {
            self.out.ack_due = true;
            return Ok(());
        }
        let event = self.check_endpoint_statement(&said)?;
        if counter < self.next_counter {
            return self.counter_reused(turn, counter, &said);
        }
        let (action, session) = (said.statement.action.clone(), said.statement.session.clone());
        self.place(turn, said)?;
        self.next_counter = counter.checked_add(1).ok_or_else(|| damaged("the counter is at its end"))?;
        self.out.ack_due = true;
        if let Some(action) = action {
            self.heard_about(turn, counter, &action, session.as_ref(), event.as_ref())?;
        }
        Ok(())
    }

    /// What the endpoint's word means for the action that it is about.
    fn heard_about(
        &mut self,
        turn: &mut Turn<'_>,
        counter: Counter,
        action: &ActionId,
        session: Option<&SessionId>,
        event: Option<&Event>,
    ) -> Result<(), StoreError> {
        let Some(known) = action::find(turn.store, action)?.filter(|known| session == Some(&known.session)) else {
            return Ok(());
        };
        match event {
            // It was under way when the runtime ended; nobody will report its end.
            Some(Event::RecorderGap { cause, .. }) if cause == "restarted" => {
                let under_way = known.state.is_unfinished() && known.state != ActionState::Proposed;
                if under_way { self.give_up(turn, known) } else { Ok(()) }
            }
            Some(event) => {
                self.heard_of(counter, action);
                self.follow(turn.store, known, event)
            }
            None => Ok(()),
        }
    }

    fn check_endpoint_statement(&self, said: &SignedStatement) -> Result<Option<Event>, Stop> {
        let identity = &self.enrolment.identity;
        let author = Actor::Endpoint {
            id: identity.endpoint.clone(),
        };
        if said.statement.log != identity.log || said.statement.actor != author {
            return Err(refused(
                ErrorCode::BadRequest,
                "The statement belongs to another log or speaks for another endpoint. It was not taken.",
            ));
        }
        check_texts(said, MAX_STATEMENT_TEXT_BYTES)?;
        let event = said.verify().map_err(|wrong| Stop::Refused(fault(&wrong)))?;
        if said.signature.as_ref().is_none_or(|signature| signature.key != identity.key) {
            return Err(refused(
                ErrorCode::BadSignature,
                "The statement is not signed with the key that this endpoint enrolled with.",
            ));
        }
        Ok(event)
    }

    /// Two signed statements with one count: the machine was set back or copied. The second is not in the record, which is a gap.
    fn counter_reused(&mut self, turn: &mut Turn<'_>, counter: Counter, said: &SignedStatement) -> Result<(), Stop> {
        if !std::mem::replace(&mut self.link.reuse_noted, true) {
            let at = said.statement.at_ms.get();
            let event = Event::RecorderGap {
                cause: "counter_reused".into(),
                from_ms: at.min(turn.now.get()),
                to_ms: at.max(turn.now.get()),
            };
            let detail = format!(
                "The endpoint signed a second, different statement number {counter}. The first is in this log, the second was refused: \
                 the machine or its disk was probably set back to an older state or copied."
            );
            self.say(turn, &event, &[("detail", &detail)])?;
        }
        let expected = self.next_counter;
        let detail =
            format!("Statement {counter} is in the log with other content. Go on from {expected}; earlier numbers are used up.");
        Err(refused(ErrorCode::Conflict, detail))
    }

    /// Lets the endpoint's word about its own action move the action's state.
    fn follow(&mut self, store: &dyn Store, mut known: action::Action, event: &Event) -> Result<(), StoreError> {
        if known.state.is_final() {
            return Ok(());
        }
        known.state = match event {
            Event::CommandStarted { .. } => ActionState::Running,
            Event::CommandFinished {
                outcome: RunOutcome::NotStarted,
                ..
            } => ActionState::Failed,
            Event::CommandFinished { .. } => ActionState::Finished,
            Event::ActionRefused { code } => {
                known.refusal = Some(code.clone());
                ActionState::Refused
            }
            _ => return Ok(()),
        };
        self.keep(store, known)
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

/// All texts must be there and whole: what is not shown now cannot be read later. Cheap, so that hostile sizes end here.
pub(super) fn check_texts(said: &SignedStatement, most_bytes: usize) -> Result<(), Stop> {
    let mut bytes = 0_usize;
    for name in said.statement.texts.keys() {
        let Some(Disclosure::Full { text, .. }) = said.disclosures.get(name) else {
            return Err(refused(
                ErrorCode::BadRequest,
                format!("The text `{name}` must come with the statement, in full."),
            ));
        };
        bytes = bytes.saturating_add(text.len());
    }
    if bytes > most_bytes {
        return Err(refused(
            ErrorCode::TooLarge,
            format!("The statement's texts have {bytes} bytes; {most_bytes} are allowed."),
        ));
    }
    Ok(())
}

fn stored(store: &dyn Store, counter: Counter) -> Result<Statement, StoreError> {
    let rows = store.exec("SELECT seq FROM entries WHERE counter = ?1", &[int(counter.get())])?;
    let seq = Row::first(rows)
        .ok_or_else(|| damaged("a counted statement is missing"))?
        .number()?;
    let leaf = journal::leaf(store, seq)?.ok_or_else(|| damaged("an entry is missing"))?;
    let entry: Entry = serde_json::from_str(&leaf).map_err(|_| damaged("an entry cannot be read"))?;
    Ok(entry.statement)
}
