//! All actions of this endpoint: takes proposals, refuses what may not run, runs the rest side by side, never anything twice.

use crate::consent::Contacts;
use crate::execute::{Run, Stop, tree};
use crate::limits::Limits;
use crate::machine::{self, Account};
use crate::outbox::{Acceptance, ActionState, Mark, NotStored, Outbox, Unfinished, Weight};
use crate::proposal::{self, Proposal, Refusal};
use crate::voice::{About, Voice};
use caisey_ledger::consent::Consent;
use caisey_ledger::entry::SignedStatement;
use caisey_ledger::event::Event;
use caisey_ledger::id::ActionId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, watch};

struct Handle {
    stop: watch::Sender<Stop>,
    pid: watch::Receiver<Option<u32>>,
}

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct Actions {
    inner: Arc<Inner>,
}

struct Inner {
    outbox: Outbox,
    voice: Voice,
    limits: Limits,
    account: Account,
    contacts: Contacts,
    running: Mutex<HashMap<ActionId, Handle>>,
    count: watch::Sender<usize>,
    /// Actions that were stored and will be acted on, for whoever holds the connection.
    accepted: mpsc::UnboundedSender<ActionId>,
}

/// Proposals that are being looked at at the same time; more are left for the control plane to send again.
const MAX_PENDING: usize = 64;

impl Actions {
    pub(crate) fn new(
        outbox: Outbox,
        voice: Voice,
        limits: Limits,
        contacts: Contacts,
        accepted: mpsc::UnboundedSender<ActionId>,
    ) -> Self {
        let inner = Inner {
            outbox,
            voice,
            limits,
            account: machine::account(),
            contacts,
            running: Mutex::default(),
            count: watch::Sender::new(0),
            accepted,
        };
        Self { inner: Arc::new(inner) }
    }

    /// Whether commands run with an administrator's rights; none when the system does not say.
    pub(crate) fn elevated(&self) -> Option<bool> {
        self.inner.account.elevated
    }

    /// Actions that are accepted or whose process is alive.
    pub(crate) fn running(&self) -> Vec<ActionId> {
        self.table().keys().cloned().collect()
    }

    /// First processes that are ours to reap.
    pub(crate) fn pids(&self) -> Vec<u32> {
        self.table().values().filter_map(|handle| *handle.pid.borrow()).collect()
    }

    /// Changes with every action that begins or ends.
    pub(crate) fn count(&self) -> watch::Receiver<usize> {
        self.inner.count.subscribe()
    }

    /// Takes a proposal with what allows it; everything else happens on its own.
    pub(crate) fn propose(&self, signed: SignedStatement, consent: Option<Consent>) {
        if self.table().len() >= self.inner.limits.running + MAX_PENDING {
            tracing::warn!("far too many proposals at once; one was left unanswered");
            return;
        }
        let actions = self.clone();
        tokio::spawn(async move { actions.consider(signed, consent).await });
    }

    /// Kills an action's tree, if it runs.
    pub(crate) fn cancel(&self, action: &ActionId) {
        if let Some(handle) = self.table().get(action) {
            handle.stop.send_replace(Stop::Cancel);
        }
    }

    /// Kills everything and waits until all ends are recorded.
    pub(crate) async fn stop_all(&self) {
        for handle in self.table().values() {
            handle.stop.send_replace(Stop::Shutdown);
        }
        let mut count = self.count();
        let _ = count.wait_for(|count| *count == 0).await;
    }

    /// Puts on record that these actions' ends are unknown, after killing what is left of them.
    pub(crate) async fn bury(&self, unfinished: Vec<Unfinished>, last_ms: u64) {
        for lost in unfinished {
            let (pid, started) = lost.process.unwrap_or((0, None));
            let root = tree::Root {
                pid,
                started,
                action: lost.action.clone(),
                alone: false,
            };
            let found = tree::kill_leftovers(&root).await;
            let detail = match found {
                0 => "The runtime ended while this action was under way. None of its processes was found afterwards; how it ended and \
                      what it printed after the last recorded output is not known."
                    .to_owned(),
                found => format!(
                    "The runtime ended while this action was under way. {found} of its processes were still alive and were killed; what \
                     they printed after the last recorded output is not known."
                ),
            };
            let to_ms = machine::now_ms().get();
            let event = Event::RecorderGap {
                cause: "restarted".to_owned(),
                from_ms: last_ms.min(to_ms),
                to_ms,
            };
            let about = About {
                session: lost.session,
                action: lost.action.clone(),
            };
            self.say(&about, &event, &detail, Mark::Over { action: lost.action }).await;
        }
    }

    async fn consider(&self, signed: SignedStatement, consent: Option<Consent>) {
        let Some(about) = proposal::about(&signed) else {
            tracing::warn!("a proposal names no session or action; it cannot even be refused on record");
            return;
        };
        let longest = self.inner.limits.longest_command;
        let log = self.inner.voice.log().to_owned();
        let contacts = self.inner.contacts.clone();
        let checked = tokio::task::spawn_blocking(move || {
            let mut proposal = proposal::check(&signed, &log, longest)?;
            proposal.before = contacts.authorise(&signed, &proposal, consent.as_ref(), machine::now_ms())?;
            Ok(proposal)
        });
        let Ok(checked) = checked.await else { return };
        match checked {
            Ok(proposal) => self.begin(proposal).await,
            Err(refusal) => self.refuse(&about, &refusal).await,
        }
    }

    /// Takes a place, stores the action, runs it.
    async fn begin(&self, proposal: Proposal) {
        let about = proposal.about.clone();
        let (stop_tx, stop) = watch::channel(Stop::Go);
        let (pid, pid_rx) = watch::channel(None);
        let place = {
            let mut table = self.table();
            if table.contains_key(&about.action) {
                // Delivered again while it runs.
                let _ = self.inner.accepted.send(about.action);
                return;
            }
            let free = table.len() < self.inner.limits.running;
            if free {
                table.insert(
                    about.action.clone(),
                    Handle {
                        stop: stop_tx,
                        pid: pid_rx,
                    },
                );
                self.inner.count.send_replace(table.len());
            }
            free
        };
        if !place {
            let busy = format!(
                "{} actions already run here; try again when one has ended.",
                self.inner.limits.running
            );
            return self.refuse(&about, &Refusal::new("busy", busy)).await;
        }
        match self.inner.outbox.accept(about.action.clone(), about.session.clone()).await {
            Ok(Acceptance::New) => {
                let _ = self.inner.accepted.send(about.action.clone());
                let run = Run {
                    proposal,
                    outbox: self.inner.outbox.clone(),
                    voice: self.inner.voice.clone(),
                    limits: self.inner.limits,
                    account: self.inner.account.clone(),
                    stop,
                    pid,
                    running: self.count(),
                };
                run.carry_out().await;
            }
            Ok(Acceptance::Known(state)) => self.repeated(&about, state),
            Err(error) => self.refuse(&about, &not_recorded(&error)).await,
        }
        let mut table = self.table();
        table.remove(&about.action);
        self.inner.count.send_replace(table.len());
    }

    /// Delivered again: what it came to is in the outbox or in the log already.
    fn repeated(&self, about: &About, state: ActionState) {
        tracing::debug!(action = %about.action, ?state, "an action was delivered again");
        if state != ActionState::Refused {
            let _ = self.inner.accepted.send(about.action.clone());
        }
    }

    async fn refuse(&self, about: &About, refusal: &Refusal) {
        tracing::info!(action = %about.action, code = refusal.code, "refused");
        // An action that was accepted or refused before has its answer on record.
        let event = Event::ActionRefused {
            code: refusal.code.to_owned(),
        };
        let mark = Mark::Refused {
            action: about.action.clone(),
            session: about.session.clone(),
        };
        self.say(about, &event, &refusal.detail, mark).await;
    }

    async fn say(&self, about: &About, event: &Event, detail: &str, mark: Mark) {
        let stored = match self.inner.voice.draft(Some(about), event, &[("detail", detail)]) {
            Ok(draft) => self.inner.outbox.say(draft, Weight::Essential, Some(mark)).await,
            Err(error) => Err(NotStored::Failed(error.to_string())),
        };
        if let Err(error) = stored {
            tracing::error!(action = %about.action, %error, "a statement could not be stored");
        }
    }

    fn table(&self) -> MutexGuard<'_, HashMap<ActionId, Handle>> {
        self.inner.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_recorded(error: &NotStored) -> Refusal {
    Refusal::new(
        "not_recorded",
        format!("The action was not started because its record cannot be kept: {error}."),
    )
}
