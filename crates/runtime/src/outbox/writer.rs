//! The one thread that writes the outbox: takes all that waits, stores it in one transaction, then answers everybody.
//!
//! While the disk fails, pieces of output are turned down, essential statements wait in memory (a bounded number of them) and are tried
//! again every second; once storing works again, a `recorder.gap` says from when to when it did not.

use super::store::{Store, StoreError};
use super::{Acceptance, Job, Mark, NotStored, Resumption, Tip, Weight};
use crate::machine;
use crate::voice::Voice;
use caisey_ledger::event::Event;
use caisey_ledger::id::Counter;
use caisey_ledger::statement::Draft;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

const BATCH: usize = 256;
const RETRY: Duration = Duration::from_secs(1);
/// Essential statements that may wait for a failing disk.
const MAX_LATE: usize = 1_024;

/// Kept free for essential statements when the outbox is full: beginnings, ends, refusals and gaps are small.
const RESERVE: u64 = 4 << 20;

struct Late {
    draft: Draft,
    mark: Option<Mark>,
    reply: Option<oneshot::Sender<Result<Counter, NotStored>>>,
}

struct Trouble {
    cause: &'static str,
    since_ms: u64,
    detail: String,
}

struct Writer {
    store: Store,
    voice: Voice,
    limit: u64,
    tip: watch::Sender<Tip>,
    late: VecDeque<Late>,
    failing: Option<Trouble>,
    full_since_ms: Option<u64>,
}

pub(super) fn start(
    store: Store,
    voice: Voice,
    limit: u64,
    jobs: mpsc::Receiver<Job>,
    tip: watch::Sender<Tip>,
) -> Result<(), StoreError> {
    let clock = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let mut writer = Writer {
        store,
        voice,
        limit,
        tip,
        late: VecDeque::new(),
        failing: None,
        full_since_ms: None,
    };
    std::thread::Builder::new()
        .name("caisey-outbox".to_owned())
        .spawn(move || clock.block_on(writer.run(jobs)))?;
    Ok(())
}

/// What carrying out a job came to, told only after the commit.
enum Done {
    Said(Counter),
    Accepted(Acceptance),
    Resumed(Resumption),
    Full,
    /// The statement breaks a rule; that is our fault, and no reason to fail the others.
    Unsayable(String),
    Nothing,
}

impl Writer {
    async fn run(&mut self, mut jobs: mpsc::Receiver<Job>) {
        loop {
            let first = if self.late.is_empty() && self.failing.is_none() {
                jobs.recv().await
            } else {
                match tokio::time::timeout(RETRY, jobs.recv()).await {
                    Ok(job) => job,
                    Err(_) => {
                        self.catch_up();
                        continue;
                    }
                }
            };
            let Some(first) = first else { return };
            let mut batch = vec![first];
            while batch.len() < BATCH {
                match jobs.try_recv() {
                    Ok(job) => batch.push(job),
                    Err(_) => break,
                }
            }
            if let Some(closed) = self.commit(batch) {
                self.catch_up();
                let _ = closed.send(());
                return;
            }
        }
    }

    /// Stores a batch and answers. Returns whom to tell that everything is closed, when that was asked for.
    fn commit(&mut self, batch: Vec<Job>) -> Option<oneshot::Sender<()>> {
        self.catch_up();
        let mut closing = None;
        let mut jobs = Vec::with_capacity(batch.len());
        for job in batch {
            match job {
                Job::Close { reply } => closing = Some(reply),
                job => jobs.push(job),
            }
        }
        let (limit, voice) = (self.limit, self.voice.clone());
        let outcome = self.store.transaction(|store| {
            jobs.iter()
                .map(|job| apply(store, &voice, limit, job))
                .collect::<Result<Vec<_>, _>>()
        });
        match outcome {
            Ok(done) => {
                let full = done.iter().any(|done| matches!(done, Done::Full));
                let _ = self.tip.send_replace(self.store.tip());
                jobs.into_iter().zip(done).for_each(|(job, done)| answer(job, done));
                self.watch_fullness(full);
            }
            Err(error) => {
                self.note_failure(&error);
                let reason = NotStored::Failed(error_text(&error));
                jobs.into_iter().for_each(|job| self.fail(job, &reason));
            }
        }
        closing
    }

    /// Essential statements outlive a failing disk in memory; everybody else is told at once.
    fn fail(&mut self, job: Job, reason: &NotStored) {
        match job {
            Job::Say {
                draft,
                weight: Weight::Essential,
                mark,
                reply,
            } if self.late.len() < MAX_LATE => {
                self.late.push_back(Late {
                    draft: *draft,
                    mark,
                    reply: Some(reply),
                });
            }
            Job::Say { reply, .. } => drop(reply.send(Err(reason.clone()))),
            Job::Accept { reply, .. } => drop(reply.send(Err(reason.clone()))),
            Job::Resume { reply, .. } => drop(reply.send(Err(reason.clone()))),
            Job::Found { reply, .. } => drop(reply.send(Err(reason.clone()))),
            // Acknowledgements are repeated by the control plane, notes do not matter.
            Job::Acked { .. } | Job::Note { .. } | Job::Close { .. } => {}
        }
    }

    /// Tries again to store what the disk would not take, first of all the gap itself.
    fn catch_up(&mut self) {
        if self.late.is_empty() && self.failing.is_none() {
            return;
        }
        let gap = self.failing.as_ref().and_then(|trouble| self.gap(trouble));
        let (voice, late) = (self.voice.clone(), std::mem::take(&mut self.late));
        let mut stored = Vec::new();
        let outcome = self.store.transaction(|store| {
            if let Some(gap) = gap {
                say(store, &voice, gap)?;
            }
            for item in &late {
                let done = say(store, &voice, item.draft.clone())?;
                if let Some(mark) = &item.mark {
                    store.mark(mark)?;
                }
                stored.push(said(done));
            }
            Ok(())
        });
        match outcome {
            Ok(()) => {
                self.failing = None;
                let _ = self.tip.send_replace(self.store.tip());
                for (item, counter) in late.into_iter().zip(stored) {
                    if let Some(reply) = item.reply {
                        let _ = reply.send(counter);
                    }
                }
            }
            Err(error) => {
                self.late = late;
                self.note_failure(&error);
            }
        }
    }

    fn note_failure(&mut self, error: &StoreError) {
        let cause = if error.is_disk_full() { "disk_full" } else { "disk_failed" };
        tracing::error!(
            error = error_text(error),
            "the record cannot be stored; no action runs until it can"
        );
        self.failing.get_or_insert_with(|| Trouble {
            cause,
            since_ms: machine::now_ms().get(),
            detail: error_text(error),
        });
    }

    /// Says how long the outbox was full, once a tenth of it is free again.
    fn watch_fullness(&mut self, full: bool) {
        let now = machine::now_ms().get();
        if full {
            self.full_since_ms.get_or_insert(now);
            return;
        }
        let Some(since_ms) = self.full_since_ms else { return };
        if self.store.tip().held_bytes > self.limit.saturating_sub(self.limit / 10) {
            return;
        }
        let detail = "The control plane did not take statements as fast as commands printed; the outbox was full and outputs were not kept. \
                      How much of which command is missing is stated with the command."
            .to_owned();
        if let Some(draft) = self.gap(&Trouble {
            cause: "outbox_full",
            since_ms,
            detail,
        }) {
            self.full_since_ms = None;
            self.late.push_back(Late {
                draft,
                mark: None,
                reply: None,
            });
            self.catch_up();
        }
    }

    fn gap(&self, trouble: &Trouble) -> Option<Draft> {
        let to_ms = machine::now_ms();
        let event = Event::RecorderGap {
            cause: trouble.cause.to_owned(),
            from_ms: trouble.since_ms.min(to_ms.get()),
            to_ms: to_ms.get(),
        };
        self.voice
            .draft_at(to_ms, None, &event, &[("detail", &trouble.detail)])
            .inspect_err(|error| tracing::error!(%error, "a gap cannot be put into words"))
            .ok()
    }
}

/// Signs and stores one statement under the next counter.
fn say(store: &mut Store, voice: &Voice, draft: Draft) -> Result<Done, StoreError> {
    let next = store.tip().next;
    match sign(voice, draft, next) {
        Ok((counter, body, at_ms)) => {
            store.push(next, &body, at_ms)?;
            Ok(Done::Said(counter))
        }
        Err(why) => {
            tracing::error!(why, "a statement breaks the rules of its kind and was not recorded");
            Ok(Done::Unsayable(why))
        }
    }
}

fn sign(voice: &Voice, draft: Draft, next: u64) -> Result<(Counter, String, u64), String> {
    let counter = Counter::new(next).ok_or("the counter is used up")?;
    let signed = voice.sign(draft, counter).map_err(|error| format!("{error:?}"))?;
    let body = serde_json::to_string(&signed).map_err(|error| error.to_string())?;
    Ok((counter, body, signed.statement.at_ms.get()))
}

/// Carries out one job inside the batch's transaction.
fn apply(store: &mut Store, voice: &Voice, limit: u64, job: &Job) -> Result<Done, StoreError> {
    match job {
        Job::Say {
            weight: Weight::Output, ..
        } if store.tip().held_bytes >= limit => Ok(Done::Full),
        Job::Say {
            mark: Some(Mark::Refused { action, .. }),
            ..
        } if store.action(action)?.is_some() => {
            // Its fate is on record already; a second, contrary word would only confuse that.
            tracing::warn!(%action, "a proposal that reuses a known action's identifier was not even refused");
            Ok(Done::Nothing)
        }
        Job::Say { draft, mark, .. } => {
            let done = say(store, voice, (**draft).clone())?;
            if let Some(mark) = mark {
                store.mark(mark)?;
            }
            Ok(done)
        }
        Job::Accept { action, session, .. } => {
            if let Some(state) = store.action(action)? {
                return Ok(Done::Accepted(Acceptance::Known(state)));
            }
            if store.tip().held_bytes.saturating_add(RESERVE.min(limit / 4)) > limit {
                return Ok(Done::Full);
            }
            store.accept(action, session)?;
            Ok(Done::Accepted(Acceptance::New))
        }
        Job::Resume { control_next, .. } => resume(store, *control_next).map(Done::Resumed),
        Job::Acked { checkpoint } => store.set("checkpoint", checkpoint).map(|()| Done::Nothing),
        Job::Found { tree, checkpoint, .. } => {
            store.set("checkpoint", checkpoint)?;
            store.set_tree(tree)?;
            store.forget(tree.counter)?;
            Ok(Done::Nothing)
        }
        Job::Note { name, value } => store.set(name, value).map(|()| Done::Nothing),
        Job::Close { .. } => Ok(Done::Nothing),
    }
}

/// Tells whoever waits for this job. A waiter that has gone away is no concern of ours.
fn answer(job: Job, done: Done) {
    match (job, done) {
        (Job::Say { reply, .. }, done) => drop(reply.send(said(done))),
        (Job::Accept { reply, .. }, Done::Accepted(found)) => drop(reply.send(Ok(found))),
        (Job::Found { reply, .. }, _) => drop(reply.send(Ok(()))),
        (Job::Accept { reply, .. }, _) => drop(reply.send(Err(NotStored::Full))),
        (Job::Resume { reply, .. }, Done::Resumed(found)) => drop(reply.send(Ok(found))),
        _ => {}
    }
}

fn said(done: Done) -> Result<Counter, NotStored> {
    match done {
        Done::Said(counter) => Ok(counter),
        Done::Unsayable(why) => Err(NotStored::Failed(why)),
        Done::Nothing => Ok(Counter::default()),
        _ => Err(NotStored::Full),
    }
}

fn resume(store: &mut Store, control_next: u64) -> Result<Resumption, StoreError> {
    let first_kept = store.first_kept()?;
    if control_next < first_kept {
        return Ok(Resumption::Rewound { first_kept });
    }
    if control_next > store.tip().next {
        // This directory was restored from an older copy. The control plane has statements under these counters already.
        tracing::warn!(
            control_next,
            ours = store.tip().next,
            "the outbox is older than what the control plane has; counting on from there"
        );
        store.forget(control_next)?;
        store.set_next(control_next)?;
        let tree = store.tree()?;
        store.set_tree(&crate::witness::Tree {
            counter: tree.counter.max(control_next),
            ..tree
        })?;
    }
    Ok(Resumption::From(control_next))
}

fn error_text(error: &StoreError) -> String {
    match error {
        StoreError::Sql(cause) => format!("{error}: {cause}"),
        other => other.to_string(),
    }
}
