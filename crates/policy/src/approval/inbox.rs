//! What the console of somebody who is asked keeps of requests, and when it shows them.
//!
//! Promises: stored before shown, and a mark is stored before the notification appears, so that a restart shows none twice; an answer is stored
//! before it is sent and sent until the control plane has spoken about it; after any loss of connection the control plane's whole list and this
//! one are compared and nobody has to resend anything. Every change is to be stored before its effects are carried out.

use super::State;
use caisey_ledger::event::Decision;
use caisey_ledger::id::{ActionId, TimeMs};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A request as the control plane shows it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Shown {
    /// The action.
    pub action: ActionId,
    /// Digest of what is to be approved.
    pub digest: String,
    /// Where it stands.
    pub state: State,
    /// It lapses then.
    pub expires_at: TimeMs,
    /// How often the requester asked again.
    pub nudges: u32,
    /// Whether this person's yes is counted already.
    pub answered: bool,
}

/// A request as the console keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Prompt {
    /// As last shown by the control plane.
    pub shown: Shown,
    /// Nudges for which a notification was raised; none before the first one.
    pub notified: Option<u32>,
    /// What its person decided here.
    pub answer: Option<Decision>,
    /// The control plane has spoken about that answer, one way or the other.
    pub settled: bool,
}

/// All prompts of one console.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Inbox {
    prompts: BTreeMap<ActionId, Prompt>,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Connected: everything that waits for this person, and what became of what they were asked lately.
    Snapshot(Vec<Shown>),
    /// One request is new or changed.
    Changed(Shown),
    /// Its person decided.
    Decided(ActionId, Decision),
    /// The control plane took the answer, or there is nothing left to answer.
    Settled(ActionId),
    /// The control plane did not count the answer and the request still stands: its person may answer again.
    Rejected(ActionId),
    /// The console started again.
    Started,
}

/// What to do then, in order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Effect {
    /// Tell the control plane that the request is stored here.
    SayDelivered(ActionId),
    /// Raise the notification.
    Notify(ActionId),
    /// Take it down: there is nothing left to decide.
    Retract(ActionId),
    /// Send the decision, signed as it was stored.
    SendAnswer(ActionId),
}

impl Inbox {
    /// The inbox of these prompts, as they were stored.
    pub fn of(prompts: impl IntoIterator<Item = Prompt>) -> Self {
        let keyed = prompts.into_iter().map(|prompt| (prompt.shown.action.clone(), prompt));
        Self {
            prompts: keyed.collect(),
        }
    }

    /// All prompts, by action.
    pub fn prompts(&self) -> impl Iterator<Item = &Prompt> {
        self.prompts.values()
    }

    /// One.
    pub fn prompt(&self, action: &ActionId) -> Option<&Prompt> {
        self.prompts.get(action)
    }

    /// Takes one input. The inbox is to be stored before the effects are carried out.
    #[must_use]
    pub fn handle(&mut self, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        match input {
            Input::Snapshot(all) => {
                // A request that the control plane no longer lists has ended too long ago to be told about.
                let listed: Vec<_> = all.iter().map(|shown| shown.action.clone()).collect();
                for prompt in self
                    .prompts
                    .values_mut()
                    .filter(|prompt| !listed.contains(&prompt.shown.action))
                {
                    if !prompt.shown.state.is_terminal() {
                        prompt.shown.state = State::Expired;
                        effects.push(Effect::Retract(prompt.shown.action.clone()));
                    }
                    // If an answer was never sent, nobody will ask for it any more.
                    prompt.settled = true;
                }
                for shown in all {
                    self.take(shown, &mut effects);
                }
            }
            Input::Changed(shown) => self.take(shown, &mut effects),
            Input::Decided(action, decision) => {
                if let Some(prompt) = self.prompts.get_mut(&action)
                    && prompt.answer.is_none()
                    && !prompt.shown.state.is_terminal()
                {
                    prompt.answer = Some(decision);
                    effects.push(Effect::Retract(action.clone()));
                    effects.push(Effect::SendAnswer(action));
                }
            }
            Input::Settled(action) => {
                if let Some(prompt) = self.prompts.get_mut(&action) {
                    prompt.settled = true;
                }
            }
            Input::Rejected(action) => {
                if let Some(prompt) = self.prompts.get_mut(&action) {
                    // Whoever ended it meanwhile did so for good.
                    prompt.settled = prompt.shown.state.is_terminal();
                    prompt.answer = prompt.answer.filter(|_| prompt.settled);
                }
            }
            Input::Started => effects.extend(self.unsent()),
        }
        effects
    }

    fn unsent(&self) -> impl Iterator<Item = Effect> {
        self.prompts
            .values()
            .filter(|prompt| prompt.answer.is_some() && !prompt.settled)
            .map(|prompt| Effect::SendAnswer(prompt.shown.action.clone()))
    }

    fn take(&mut self, shown: Shown, effects: &mut Vec<Effect>) {
        let action = shown.action.clone();
        let prompt = self.prompts.entry(action.clone()).or_insert_with(|| Prompt {
            shown: shown.clone(),
            notified: None,
            answer: None,
            settled: false,
        });
        // Messages overtake each other; an end is an end, and nudges only grow.
        if !prompt.shown.state.is_terminal() {
            let nudges = prompt.shown.nudges.max(shown.nudges);
            let answered = prompt.shown.answered || shown.answered;
            let state = prompt.shown.state.max(shown.state);
            prompt.shown = Shown {
                nudges,
                answered,
                state,
                ..shown
            };
        }
        if prompt.shown.state.is_terminal() || prompt.shown.answered {
            prompt.settled |= prompt.shown.answered || prompt.answer.is_none();
            if prompt.notified.is_some() {
                effects.push(Effect::Retract(action.clone()));
            }
            // An answer that was given here is told to the control plane also when it comes too late: its author hears so, and it is on record.
            if !prompt.settled {
                effects.push(Effect::SendAnswer(action));
            }
            return;
        }
        effects.push(Effect::SayDelivered(action.clone()));
        if prompt.answer.is_some() {
            if !prompt.settled {
                effects.push(Effect::SendAnswer(action));
            }
            return;
        }
        if prompt.notified.is_none_or(|notified| notified < prompt.shown.nudges) {
            prompt.notified = Some(prompt.shown.nudges);
            effects.push(Effect::Notify(action));
        }
    }
}
