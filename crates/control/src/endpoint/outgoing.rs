//! Effects that wait for their batch to be sealed: some need the checkpoint, some are worth saying once per batch only.

use crate::port::{Answer, ConnId, Effect, RequestId};
use crate::refusal::error;
use caisey_ledger::id::{ActionId, Seq, SessionId};
use caisey_protocol::error::{ErrorBody, ErrorCode};
use caisey_protocol::http::Submitted;
use caisey_protocol::runtime::ToRuntime;
use caisey_protocol::watch::LogEvent;
use std::collections::BTreeSet;

#[derive(Clone)]
enum Queued {
    Ready(Effect),
    /// An answer that carries the checkpoint.
    Placed(RequestId, Seq),
}

#[derive(Clone, Default)]
pub(super) struct Outgoing {
    queue: Vec<Queued>,
    /// The directory's view of the endpoint changed.
    pub(super) endpoint_changed: bool,
    /// The directory's view of these sessions changed.
    pub(super) sessions_changed: BTreeSet<SessionId>,
    /// Consoles' view of these approval requests changed.
    pub(super) approvals_changed: BTreeSet<ActionId>,
    /// The runtime's statements were stored, or were there already.
    pub(super) ack_due: bool,
}

impl Outgoing {
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
            && !self.endpoint_changed
            && self.sessions_changed.is_empty()
            && self.approvals_changed.is_empty()
            && !self.ack_due
    }

    pub(super) fn push(&mut self, effect: Effect) {
        self.queue.push(Queued::Ready(effect));
    }

    pub(super) fn send_runtime(&mut self, conn: ConnId, message: ToRuntime) {
        self.push(Effect::ToRuntime { conn, message });
    }

    pub(super) fn send_watcher(&mut self, conn: ConnId, event: LogEvent) {
        self.push(Effect::ToWatcher { conn, event });
    }

    /// Tells a runtime why, and closes its connection.
    pub(super) fn turn_away(&mut self, conn: ConnId, code: ErrorCode, detail: impl Into<String>) {
        self.send_runtime(conn, ToRuntime::Error(error(code, detail)));
        self.push(Effect::CloseRuntime { conn });
    }

    pub(super) fn answer(&mut self, request: RequestId, answer: Result<Answer, ErrorBody>) {
        self.push(Effect::Answer { request, answer });
    }

    /// Answers with the place of an entry, once there is a checkpoint that covers it.
    pub(super) fn placed(&mut self, request: RequestId, seq: Seq) {
        self.queue.push(Queued::Placed(request, seq));
    }

    /// Everything queued, in order.
    pub(super) fn drain(&mut self, checkpoint: &str) -> Vec<Effect> {
        let ready = |queued| match queued {
            Queued::Ready(effect) => effect,
            Queued::Placed(request, seq) => Effect::Answer {
                request,
                answer: Ok(Answer::Submitted(Submitted {
                    seq,
                    checkpoint: checkpoint.to_owned(),
                })),
            },
        };
        std::mem::take(&mut self.queue).into_iter().map(ready).collect()
    }
}
