//! What happens by itself: unanswered calls, silent connections, idle sessions, a clock that goes back.

use super::link::Ping;
use super::live::Live;
use crate::port::{Answer, RequestId};
use crate::store::StoreError;
use crate::turn::{Turn, later};
use caisey_ledger::event::{Event, SessionEnd};
use caisey_ledger::id::{SessionId, TimeMs};
use caisey_protocol::error::ErrorCode;
use caisey_protocol::http::Sendable;
use caisey_protocol::runtime::ToRuntime;

/// A runtime that does not answer a ping in this time cannot be called right now, in milliseconds.
const PONG_MS: u64 = 2_000;
/// A session in which nothing happened for this long is closed, in milliseconds: an hour. An action under way on a connected
/// runtime keeps its session open.
const IDLE_MS: u64 = 3_600_000;
/// The host's clock going back behind the log's end by more than this is a gap in the record, in milliseconds: five minutes. This is what an
/// object can see by itself; jumps either way while the host runs are told it ([`super::Input::ClockJumped`]).
const CLOCK_BACK_MS: u64 = 300_000;

impl Live {
    pub(super) fn ask_sendable(&mut self, turn: &mut Turn<'_>, request: RequestId) {
        let Some(conn) = self.link.conn else {
            let answer = Sendable {
                sendable: false,
                round_trip_ms: None,
                asked_at_ms: turn.now,
                why_not: Some("not connected".into()),
            };
            return self.out.answer(request, Ok(Answer::Sendable(answer)));
        };
        // 53 bits: the wire's numbers are floating point for some peers.
        let nonce = turn
            .draw()
            .iter()
            .take(8)
            .fold(0_u64, |nonce, byte| nonce << 8 | u64::from(*byte))
            >> 11;
        self.out.send_runtime(conn, ToRuntime::Ping { nonce });
        self.link.pings.push(Ping {
            nonce,
            request,
            asked_at: turn.now,
            deadline: later(turn.now, PONG_MS),
        });
    }

    pub(super) fn poll_deadline(&self) -> Option<(TimeMs, &'static str)> {
        let pings = self
            .link
            .pings
            .iter()
            .map(|ping| (ping.deadline, "a call waits for its pong"));
        let handshakes = self
            .link
            .handshakes
            .values()
            .map(|handshake| (handshake.deadline, "a connection has to prove the key"));
        let settling = self
            .link
            .settling
            .iter()
            .filter_map(|settling| Some((settling.deadline?, "actions have to be reported")));
        let idle = self
            .sessions
            .keys()
            .filter_map(|session| Some((self.idle_at(session)?, "a session becomes idle")));
        let shown = self.shown.due().map(|due| (due, "the runtime is shown what the log gained"));
        let asked = self
            .asked
            .values()
            .filter_map(|asked| Some((asked.approval.deadline()?, "an approval request lapses")));
        let mails = self.mails.values().filter_map(|mail| Some((mail.due?, "an e-mail is due")));
        pings
            .chain(handshakes)
            .chain(settling)
            .chain(idle)
            .chain(shown)
            .chain(asked)
            .chain(mails)
            .min()
    }

    /// When the session ends if nothing happens; none while an action of it is under way on a connected runtime, or somebody is asked.
    fn idle_at(&self, session: &SessionId) -> Option<TimeMs> {
        let under_way = self.link.conn.is_some() && self.actions.values().any(|action| action.session == *session);
        let asked = self.asked.values().any(|asked| asked.session == *session);
        let open = self.sessions.get(session).filter(|_| !under_way && !asked)?;
        Some(later(open.active_at, IDLE_MS))
    }

    /// Does everything whose time has come. Called with every input, so that a late wake-up changes nothing.
    pub(super) fn on_time(&mut self, turn: &mut Turn<'_>) -> Result<(), StoreError> {
        self.note_clock(turn)?;
        self.shown.on_time(turn.now);
        let (late, waiting) = std::mem::take(&mut self.link.pings)
            .into_iter()
            .partition(|ping| ping.deadline <= turn.now);
        self.link.pings = waiting;
        for ping in late {
            let why_not = Some("did not answer within 2 s".into());
            let answer = Sendable {
                sendable: false,
                round_trip_ms: None,
                asked_at_ms: ping.asked_at,
                why_not,
            };
            self.out.answer(ping.request, Ok(Answer::Sendable(answer)));
        }
        let silent: Vec<_> = self
            .link
            .handshakes
            .iter()
            .filter(|(_, waits)| waits.deadline <= turn.now)
            .map(|(conn, _)| *conn)
            .collect();
        for conn in silent {
            self.link.handshakes.remove(&conn);
            self.out.turn_away(
                conn,
                ErrorCode::Unauthenticated,
                "The connection did not prove the endpoint's key within 10 s.",
            );
        }
        self.settle_late(turn)?;
        self.expire_requests(turn)?;
        self.send_due(turn)?;
        let idle: Vec<_> = self
            .sessions
            .keys()
            .filter(|session| self.idle_at(session).is_some_and(|idle| idle <= turn.now))
            .cloned()
            .collect();
        for session in idle {
            self.end_session(turn, &session, SessionEnd::Idle)?;
        }
        Ok(())
    }

    /// The host's clock jumped. Forward, that goes on record where somebody was at work or connected; backward, `note_clock` has seen it.
    pub(super) fn clock_jumped(&mut self, turn: &mut Turn<'_>, expected: TimeMs, found: TimeMs) -> Result<(), StoreError> {
        let alive = self.link.conn.is_some() || !self.sessions.is_empty();
        if found <= expected || !alive {
            return Ok(());
        }
        let detail = format!(
            "The control plane's clock went forward by {} ms: it was set, or the machine slept. Times before and after cannot be compared; \
             order is by sequence number.",
            found.get() - expected.get()
        );
        let event = Event::RecorderGap {
            cause: "clock_jump".into(),
            from_ms: expected.get(),
            to_ms: found.get(),
        };
        self.say(turn, &event, &[("detail", &detail)]).map(drop)
    }

    /// What waits goes on waiting for as long as it was to: a clock that is set neither ends a session nor keeps a call hanging for a day.
    pub(super) fn shift_deadlines(&mut self, expected: TimeMs, found: TimeMs) {
        let shift = |time: &mut TimeMs| {
            let moved = time.get().saturating_add(found.get()).saturating_sub(expected.get());
            *time = TimeMs::new(moved).unwrap_or(*time);
        };
        self.sessions.values_mut().for_each(|session| shift(&mut session.active_at));
        self.link.pings.iter_mut().for_each(|ping| shift(&mut ping.deadline));
        self.link.handshakes.values_mut().for_each(|waits| shift(&mut waits.deadline));
        if let Some(deadline) = self.link.settling.as_mut().and_then(|settling| settling.deadline.as_mut()) {
            shift(deadline);
        }
        self.mails.values_mut().filter_map(|mail| mail.due.as_mut()).for_each(shift);
        self.shown.shift(shift);
    }

    /// Entries never go back in time: while the clock is behind the log's end, they carry the end's time. That is said once.
    fn note_clock(&mut self, turn: &mut Turn<'_>) -> Result<(), StoreError> {
        let end = self.time_of_last_entry();
        if later(turn.now, CLOCK_BACK_MS) >= end || self.link.clock_noted == end {
            return Ok(());
        }
        self.link.clock_noted = end;
        self.link.put(turn.store)?;
        let behind_ms = end.get() - turn.now.get();
        let detail = format!(
            "The control plane's clock went back by {behind_ms} ms. Until it catches up, entries carry the time of the last entry \
             before the jump; order is by sequence number."
        );
        let event = Event::RecorderGap {
            cause: "clock_jump".into(),
            from_ms: turn.now.get(),
            to_ms: end.get(),
        };
        self.say(turn, &event, &[("detail", &detail)]).map(drop)
    }
}
