//! Approval requests: taken in as the directory's socket brings them, answered by what was stored.
//!
//! Promises: nothing is told, shown or sent before the transaction that holds it has committed; what was answered is sent until the control plane
//! has spoken about it; after every connection the whole list is compared. A lost "it is stored here" is said again with the next list.

use super::engine::Engine;
use super::witness::chain;
use crate::cache::approvals;
use crate::consent::check::is_final;
use crate::consent::intake::{self, Due};
use crate::error::ConsoleError;
use crate::view::ConsoleEvent;
use caisey_client::error::ApiError;
use caisey_ledger::id::{ActionId, EndpointId};
use caisey_policy::approval::inbox::Input;
use caisey_protocol::consent::{AboutApproval, ApprovalView, ApprovalWord};
use std::sync::Arc;
use std::time::Duration;

/// Pause before something is tried again that did not work although the connection stands.
const AGAIN: Duration = Duration::from_secs(5);

impl Engine {
    /// Takes in requests and does what follows from them.
    pub(crate) async fn take_approvals(&self, views: Vec<ApprovalView>, is_snapshot: bool) -> Result<(), ConsoleError> {
        let (device, origin) = (Arc::clone(&self.device), self.origin.clone());
        let mut is_first = false;
        if is_snapshot {
            let mut state = self.state();
            state.said.clear();
            is_first = !state.listed;
        }
        let due = self
            .with_cache(move |cache| {
                cache.write(|tx| {
                    let mut due = intake::take(tx, &device, &origin, views, is_snapshot)?;
                    if is_first && let Some(notice) = intake::still_waiting(tx, &due)? {
                        due.push(Due::Tell(ConsoleEvent::Outcome(Box::new(notice))));
                    }
                    Ok(due)
                })
            })
            .await?;
        self.state().listed |= is_snapshot;
        self.follow(due);
        Ok(())
    }

    /// Does what is due, now that it is stored.
    pub(crate) fn follow(&self, due: Vec<Due>) {
        for due in due {
            match due {
                Due::SayDelivered(endpoint, action) => self.say_about(endpoint, action, ApprovalWord::Delivered),
                Due::AskNumber(endpoint, action) => {
                    if !self.hub.state().numbers.contains_key(action.as_str()) {
                        self.say_about(endpoint, action, ApprovalWord::Look);
                    }
                }
                Due::SendAnswers => self.consent_due.notify_one(),
                // Nobody listening any more is no error.
                Due::Tell(event) => drop(self.hub.events.send(event)),
                Due::Notice(notice) => self.hub.notice(notice),
            }
        }
        self.hub.inbox_due.notify_one();
        self.hub.overview_due.notify_one();
        self.hub.cache_changed.notify_waiters();
    }

    /// Says something about a request soon.
    pub(crate) fn say_about(&self, endpoint: EndpointId, action: ActionId, what: ApprovalWord) {
        let mut state = self.state();
        if state.said.insert((action.clone(), name(what))) {
            state.to_say.push_back((endpoint, action, what));
        }
        drop(state);
        self.consent_due.notify_one();
    }

    pub(super) async fn keep_consent(self: Arc<Self>) {
        // What was answered before a restart and not sent.
        self.consent_due.notify_one();
        loop {
            self.consent_due.notified().await;
            let mut worked = true;
            let to_say = std::mem::take(&mut self.state().to_say);
            for (endpoint, action, what) in to_say {
                worked &= self.say(&endpoint, &action, what).await;
            }
            worked &= self.send_answers().await;
            if !worked {
                let engine = Arc::clone(&self);
                tokio::spawn(async move {
                    tokio::time::sleep(AGAIN).await;
                    engine.consent_due.notify_one();
                });
            }
        }
    }

    /// False when it is to be tried again.
    async fn say(&self, endpoint: &EndpointId, action: &ActionId, what: ApprovalWord) -> bool {
        let about = AboutApproval {
            action: action.clone(),
            what,
        };
        match self.api.about_approval(endpoint, &about).await {
            Ok(answer) => {
                if let Some(number) = answer.number {
                    self.hub.state().numbers.insert(action.to_string(), number);
                }
                self.taken(self.take_approvals(vec![answer.approval], false).await)
            }
            Err(error) => {
                tracing::debug!(%action, error = chain(&error), "nothing was said about a request");
                if is_final(&error) || error.is_offline() {
                    // Without a connection the next list brings it up again.
                    return true;
                }
                let mut state = self.state();
                state.to_say.push_back((endpoint.clone(), action.clone(), what));
                false
            }
        }
    }

    fn taken(&self, taken: Result<(), ConsoleError>) -> bool {
        if let Err(error) = &taken {
            tracing::error!(error = chain(error), "an approval request could not be stored");
        }
        taken.is_ok()
    }

    /// Sends every answer about which the control plane has not spoken. False when something is to be tried again.
    async fn send_answers(&self) -> bool {
        let due = match self.with_cache(|cache| cache.read(approvals::due)).await {
            Ok(due) => due,
            Err(error) => return self.taken(Err(error)),
        };
        let mut worked = true;
        for kept in due {
            worked &= self.send_answer(&kept.view.action).await;
        }
        worked
    }

    /// Sends one answer as it was stored. False when it is to be tried again.
    pub(crate) async fn send_answer(&self, action: &ActionId) -> bool {
        let _turn = self.answering.lock().await;
        let name = action.to_string();
        let found = self
            .with_cache(move |cache| cache.read(|cache| approvals::one(cache, &name)))
            .await;
        let (kept, answer) = match found {
            Ok(Some(kept)) if kept.is_due() => match kept.answer.clone() {
                Some(answer) => (kept, answer),
                None => return true,
            },
            Ok(_) => return true,
            Err(error) => return self.taken(Err(error)),
        };
        match self.api.decide(&kept.view.endpoint, &answer).await {
            Ok(submitted) => {
                self.owe(kept.view.endpoint.as_str(), &submitted.checkpoint);
                self.taken(self.settle(action, None).await)
            }
            Err(ApiError::Refused { body, status })
                if is_final(&ApiError::Refused {
                    body: body.clone(),
                    status,
                }) =>
            {
                // Whether it can be answered again is for the request as it stands now to say.
                self.look_again(&kept.view.endpoint, action).await;
                self.taken(self.settle(action, Some(body.detail)).await)
            }
            Err(error) => {
                tracing::debug!(%action, error = chain(&error), "an answer was not sent yet");
                error.is_offline()
            }
        }
    }

    /// Asks how a request stands, and takes the answer in.
    pub(crate) async fn look_again(&self, endpoint: &EndpointId, action: &ActionId) {
        let about = AboutApproval {
            action: action.clone(),
            what: ApprovalWord::Look,
        };
        if let Ok(answer) = self.api.about_approval(endpoint, &about).await {
            self.taken(self.take_approvals(vec![answer.approval], false).await);
        }
    }

    /// The control plane has spoken about an answer.
    async fn settle(&self, action: &ActionId, refusal: Option<String>) -> Result<(), ConsoleError> {
        let (device, action) = (Arc::clone(&self.device), action.clone());
        let due = self
            .with_cache(move |cache| {
                cache.write(|tx| {
                    let Some(mut kept) = approvals::one(tx, action.as_str())? else {
                        return Ok(Vec::new());
                    };
                    let input = match &refusal {
                        None => Input::Settled(action),
                        Some(_) => Input::Rejected(action),
                    };
                    kept.refusal = refusal;
                    intake::advance(tx, &device, kept, input)
                })
            })
            .await?;
        self.follow(due);
        Ok(())
    }
}

fn name(what: ApprovalWord) -> &'static str {
    match what {
        ApprovalWord::Delivered => "delivered",
        ApprovalWord::Acknowledged => "acknowledged",
        ApprovalWord::Nudge => "nudge",
        ApprovalWord::Look => "look",
    }
}
