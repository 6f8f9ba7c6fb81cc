//! One batch of one object, from its mailbox to its effects.

use super::batch::{Lost, Outcome};
use super::live::Live;
use super::slot::{Failed, Letter, Shown, Slot, Waits};
use super::{Shared, locked, not_recorded};
use crate::clock;
use crate::hub::Frame;
use caisey_control::port::{Answer, Effect, ObjectName, RequestId};
use caisey_protocol::error::{ErrorBody, ErrorCode};
use caisey_protocol::runtime::ToRuntime;
use caisey_protocol::watch::LogEvent;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// While recording fails, it is tried again this often even without new input, so that the failure gets its entry.
const RETRY_MS: u64 = 2_000;

/// Takes what waits, runs it, commits, and carries out the effects.
pub(super) fn batch(shared: &Arc<Shared>, slot: &Arc<Slot>) {
    let mut batch = slot.take();
    if batch.is_empty() {
        return;
    }
    let jump = {
        let mut watch = locked(&shared.clock);
        watch.look(clock::now_ms(), clock::steady_ms());
        slot.clock_jump(&watch)
    };
    batch.splice(0..0, jump);
    let ended: Vec<_> = batch.iter().filter_map(|letter| letter.mail.ends()).collect();
    let waiting: Vec<_> = batch.iter_mut().map(|letter| letter.mail.waits()).collect();
    let failed = *locked(&slot.failed);
    let mut live = locked(&slot.live);
    match run(shared, slot, &mut live, failed, &batch) {
        Ok(outcome) => {
            if failed.is_some() {
                *locked(&slot.failed) = None;
                tracing::info!(object = %Shown(&slot.name), "recording works again");
            }
            let deadline = live.as_ref().and_then(|live| live.deadline_ms());
            schedule(shared, slot, deadline);
            // Effects leave in the object's order: the lock keeps the next batch's behind these.
            carry_out(shared, slot, waiting, outcome);
            drop(live);
        }
        Err(lost) => {
            *live = None;
            drop(live);
            give_up(shared, slot, waiting, &lost);
        }
    }
    for conn in ended {
        shared.hub.detach(&slot.name, conn);
    }
}

fn run(
    shared: &Shared,
    slot: &Slot,
    live: &mut Option<Box<Live>>,
    failed: Option<Failed>,
    batch: &[Letter],
) -> Result<Outcome, Lost> {
    let loaded = match live {
        Some(loaded) => loaded,
        None => match Live::load(shared, &slot.name) {
            Ok(loaded) => {
                slot.set_open(true);
                live.insert(loaded)
            }
            Err(error) => return Err(error.into()),
        },
    };
    loaded.run(shared, failed, batch)
}

/// A batch is lost: everyone hears so, and connections that the object knew are closed, because what it told them is not certain.
fn give_up(shared: &Arc<Shared>, slot: &Arc<Slot>, waiting: Vec<Waits>, lost: &Lost) {
    tracing::error!(object = %Shown(&slot.name), error = %lost, "a batch could not be recorded; the object is discarded");
    let refusal = not_recorded(lost.for_people());
    for waits in waiting {
        refuse(shared, waits, &refusal);
    }
    slot.forget_briefed();
    for conn in shared.hub.attached(&slot.name) {
        shared.hub.send(conn, Frame::Fail(refusal.clone()));
    }
    if matches!(slot.name, ObjectName::Endpoint(..)) {
        let now = clock::now();
        locked(&slot.failed).get_or_insert(Failed {
            cause: lost.cause(),
            since: now,
        });
        schedule(shared, slot, Some(now.get() + RETRY_MS));
    }
}

/// Tells one of those who wait that it was not done. A connection is closed: what it says next may rest on what was lost.
fn refuse(shared: &Shared, waits: Waits, refusal: &ErrorBody) {
    match waits {
        Waits::Request(request) => {
            if let Some(answer) = locked(&shared.waiting).remove(&request) {
                let _ = answer.send(Err(refusal.clone()));
            }
        }
        Waits::Connection(conn) => shared.hub.send(conn, Frame::Fail(refusal.clone())),
        Waits::Reply(answer) => drop(answer.send(Err(refusal.clone()))),
        Waits::Enrolled(answer) => drop(answer.send(Err(refusal.clone()))),
        Waits::Nobody => {}
    }
}

fn schedule(shared: &Shared, slot: &Arc<Slot>, deadline_ms: Option<u64>) {
    let wanted = deadline_ms.unwrap_or(0);
    if slot.deadline_ms.swap(wanted, Ordering::AcqRel) != wanted && wanted != 0 {
        shared.deadlines.add(wanted, &slot.name);
    }
}

fn carry_out(shared: &Arc<Shared>, slot: &Slot, waiting: Vec<Waits>, mut outcome: Outcome) {
    for (at, waits) in waiting.into_iter().enumerate() {
        if let Some(lost) = outcome.refused.remove(&at) {
            tracing::error!(object = %Shown(&slot.name), error = %lost, "an input could not be recorded; it alone was refused");
            refuse(shared, waits, &not_recorded(lost.for_people()));
            slot.forget_briefed();
            continue;
        }
        match (waits, outcome.replies.remove(&at)) {
            (Waits::Enrolled(answer), _) => drop(answer.send(Ok(()))),
            (Waits::Reply(answer), Some(reply)) => drop(answer.send(reply)),
            (_, Some(Err(refusal))) => tracing::warn!(code = ?refusal.code, "the directory refused an endpoint's report"),
            _ => {}
        }
    }
    let mut answers = Vec::new();
    for effect in outcome.effects {
        match effect {
            Effect::ToRuntime { conn, message } => {
                if matches!(message, ToRuntime::Welcome { .. }) {
                    shared.hub.welcome(conn);
                    super::brief::soon(shared, &slot.name);
                }
                shared.hub.send_json(conn, &message);
            }
            Effect::CloseRuntime { conn } => shared.hub.send(conn, Frame::Close),
            Effect::ToWatcher {
                conn,
                event: LogEvent::Error(error),
            } => shared.hub.send(conn, Frame::Fail(error)),
            Effect::ToWatcher { conn, event } => shared.hub.send_json(conn, &event),
            Effect::Answer { request, answer } => answers.push((request, answer)),
            Effect::Mail(letter) => super::post::soon(shared, &slot.name, *letter),
            Effect::Directory(change) => {
                if let ObjectName::Endpoint(organisation, _) = &slot.name {
                    shared.changes.note(organisation, change);
                }
            }
        }
    }
    answer_all(shared, answers);
}

/// Wakes those who asked. One task for all of them: to wake each from here would cost the object's thread more than placing an entry.
fn answer_all(shared: &Arc<Shared>, answers: Vec<(RequestId, Result<Answer, ErrorBody>)>) {
    if answers.is_empty() {
        return;
    }
    let all = Arc::clone(shared);
    shared.runtime.spawn(async move {
        let mut waiting = locked(&all.waiting);
        let found: Vec<_> = answers
            .into_iter()
            .filter_map(|(request, answer)| Some((waiting.remove(&request)?, answer)))
            .collect();
        drop(waiting);
        for (waiting, answer) in found {
            let _ = waiting.send(answer);
        }
    });
}

/// For the hub, when a peer does not take what it is sent.
pub(crate) fn too_slow() -> ErrorBody {
    ErrorBody {
        code: ErrorCode::TooManyRequests,
        detail: "You take frames more slowly than they come; connect again and continue from what you have.".to_owned(),
        retry_after_ms: Some(1_000),
    }
}
