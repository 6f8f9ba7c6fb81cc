//! Requests on their way into the cache, and what is to be done about them.
//!
//! Promises: everything is stored in the caller's transaction, marks included, before any of what is returned is done; a request that
//! does not hold never reaches the inbox; an end is an end. Leaves out doing it ([`crate::sync`]).

use crate::cache::approvals::{self, Kept};
use crate::cache::session;
use crate::consent::check::{self, PromptFault};
use crate::consent::floor;
use crate::consent::words::{self, Viewer};
use crate::error::ConsoleError;
use crate::facade::Device;
use crate::view::{ConsoleEvent, Notice, OutcomeNotice};
use crate::visible::marked_line;
use caisey_ledger::consent::Approver;
use caisey_ledger::id::{ActionId, EndpointId};
use caisey_policy::approval::State;
use caisey_policy::approval::inbox::{Effect, Inbox, Input, Shown};
use caisey_protocol::consent::{ApprovalState, ApprovalView};
use caisey_protocol::role::{Permission, Role};
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What is to be done once the transaction has committed, in order.
#[derive(Debug)]
pub(crate) enum Due {
    /// Tell the control plane that the request is stored here.
    SayDelivered(EndpointId, ActionId),
    /// Ask for the number of this person's own request.
    AskNumber(EndpointId, ActionId),
    /// Send what was answered and is not settled.
    SendAnswers,
    /// Tell the shell.
    Tell(ConsoleEvent),
    /// Tell the person.
    Notice(Notice),
}

/// Whether this person may be asked: never about what they asked for, and a contact only for their own client.
pub(crate) fn asks(device: &Device, view: &ApprovalView) -> bool {
    view.requester != device.member
        && match view.approver {
            Approver::Contact => device.role == Role::Contact && device.client.as_ref() == Some(&view.client),
            Approver::Member => device.role != Role::Contact && device.role.may(Permission::Decide),
            Approver::Owner => device.role == Role::Owner,
        }
}

/// Whether this person may review what ran under break-glass: never their own.
pub(crate) fn reviews(device: &Device, view: &ApprovalView) -> bool {
    view.requester != device.member && device.role.may(Permission::Decide)
}

/// Takes in what the control plane shows: everything (`is_snapshot`), or what is new or changed.
pub(crate) fn take(
    tx: &Connection,
    device: &Device,
    origin: &str,
    views: Vec<ApprovalView>,
    is_snapshot: bool,
) -> Result<Vec<Due>, ConsoleError> {
    let mut intake = Intake::begin(tx, device, is_snapshot)?;
    for view in views {
        // A control plane shows a contact one client only; whatever else it shows is not looked at.
        if device.role != Role::Contact || device.client.as_ref() == Some(&view.client) {
            intake.add(view, origin)?;
        }
    }
    if is_snapshot {
        intake.end_unlisted();
    }
    let listed = std::mem::take(&mut intake.listed);
    let inputs = if is_snapshot {
        vec![Input::Snapshot(listed)]
    } else {
        listed.into_iter().map(Input::Changed).collect()
    };
    intake.handle(inputs);
    intake.look_after_own()?;
    intake.finish()
}

/// What this person was asked before this program was started, and has not answered: their notifications went with the program that raised
/// them, and requests are not asked twice. `due` is what the list that has just been taken in brought.
pub(crate) fn still_waiting(tx: &Connection, due: &[Due]) -> Result<Option<OutcomeNotice>, ConsoleError> {
    let asked_now = |action: &str| {
        due.iter()
            .any(|due| matches!(due, Due::Tell(ConsoleEvent::Prompt(prompt)) if prompt.action == action))
    };
    let waits = |kept: &Kept| {
        let is_unanswered = kept
            .prompt
            .as_ref()
            .is_some_and(|prompt| prompt.answer.is_none() && !prompt.shown.answered);
        is_unanswered && kept.fault.is_none() && !kept.view.state.is_terminal() && !asked_now(kept.view.action.as_str())
    };
    let mut waiting: Vec<Kept> = approvals::unfinished(tx)?.into_iter().filter(waits).collect();
    waiting.sort_by_key(|kept| kept.view.asked_at_ms);
    Ok(waiting
        .first()
        .map(|oldest| words::still_waiting(&oldest.view, waiting.len())))
}

/// Takes one more input for a request that is stored.
pub(crate) fn advance(tx: &Connection, device: &Device, kept: Kept, input: Input) -> Result<Vec<Due>, ConsoleError> {
    let mut intake = Intake::begin(tx, device, false)?;
    intake.rows.insert(kept.view.action.clone(), kept);
    intake.handle(vec![input]);
    intake.finish()
}

struct Intake<'a> {
    tx: &'a Connection,
    device: &'a Device,
    rows: BTreeMap<ActionId, Kept>,
    /// What goes into the inbox.
    listed: Vec<Shown>,
    /// Everything that the control plane named.
    named: BTreeSet<ActionId>,
    due: Vec<Due>,
}

impl<'a> Intake<'a> {
    fn begin(tx: &'a Connection, device: &'a Device, is_snapshot: bool) -> Result<Self, ConsoleError> {
        let known = if is_snapshot { approvals::unfinished(tx)? } else { Vec::new() };
        Ok(Self {
            tx,
            device,
            rows: known.into_iter().map(|kept| (kept.view.action.clone(), kept)).collect(),
            listed: Vec::new(),
            named: BTreeSet::new(),
            due: Vec::new(),
        })
    }

    fn add(&mut self, view: ApprovalView, origin: &str) -> Result<(), ConsoleError> {
        let action = view.action.clone();
        let before = match self.rows.remove(&action) {
            Some(before) => Some(before),
            None => approvals::one(self.tx, action.as_str())?,
        };
        let is_asked = asks(self.device, &view);
        let had_fault = before.as_ref().is_some_and(|before| before.fault.is_some());
        let was_open = before.as_ref().is_some_and(|before| !before.view.state.is_terminal());
        let was_unreviewed = before.as_ref().is_some_and(|before| before.view.review_due);
        let mut kept = merged(before, view);
        // In a long list what is to be approved follows in a frame of its own; until then nobody is asked.
        let is_whole = kept.view.prompt.is_some() || kept.view.state.is_terminal();
        if kept.fault.is_none() && is_asked && is_whole && !kept.view.state.is_terminal() {
            kept.fault = check::request(&kept.view, origin).err().map(|fault| fault.sentence());
        }
        if kept.fault.is_some() {
            // Nothing that does not hold is ever asked, nor asked any longer.
            if kept.prompt.take().is_some() {
                self.due.push(Due::Tell(ConsoleEvent::PromptGone {
                    action: action.to_string(),
                }));
            }
            if !had_fault {
                self.due.push(Due::Notice(unsound(&kept)));
            }
        } else if is_asked && is_whole {
            self.listed.push(shown(&kept.view, self.device));
        }
        // Who has just signed in on a new machine is not told of everything that ever ended.
        kept.told |= !was_open && kept.view.state.is_terminal();
        self.tell_review(&kept.view, was_unreviewed);
        self.named.insert(action.clone());
        self.rows.insert(action, kept);
        Ok(())
    }

    /// An emergency is loud, and so is its review.
    fn tell_review(&mut self, view: &ApprovalView, was_unreviewed: bool) {
        let notice = match (was_unreviewed, view.review_due) {
            (false, true) if reviews(self.device, view) => words::emergency(view),
            (true, false) if view.requester == self.device.member => words::reviewed(view),
            _ => return,
        };
        self.due.push(Due::Tell(ConsoleEvent::Outcome(Box::new(notice))));
    }

    /// A request of this person that is not listed any more has ended too long ago to be told about; what waits for a review is always listed.
    fn end_unlisted(&mut self) {
        for (action, kept) in &mut self.rows {
            if self.named.contains(action) {
                continue;
            }
            kept.view.review_due = false;
            if !kept.view.state.is_terminal() {
                kept.view.state = ApprovalState::Expired;
            }
        }
    }

    fn handle(&mut self, inputs: Vec<Input>) {
        let mut inbox = Inbox::of(self.rows.values().filter_map(|kept| kept.prompt.clone()));
        let effects: Vec<Effect> = inputs.into_iter().flat_map(|input| inbox.handle(input)).collect();
        for (action, kept) in &mut self.rows {
            kept.prompt = inbox.prompt(action).cloned();
        }
        for effect in effects {
            let due = self.done(effect);
            self.due.extend(due);
        }
    }

    fn done(&self, effect: Effect) -> Option<Due> {
        match effect {
            Effect::SayDelivered(action) => {
                let view = &self.rows.get(&action)?.view;
                let is_known = view.delivered.contains(&self.device.member);
                (!is_known).then(|| Due::SayDelivered(view.endpoint.clone(), action))
            }
            Effect::Notify(action) => {
                let view = &self.rows.get(&action)?.view;
                let mut notice = words::notice(view);
                // What the machine would refuse is not approved with one press, before anybody has read why.
                notice.can_approve &= floor::remark(self.tx, view).is_ok_and(|remark| remark.is_none());
                Some(Due::Tell(ConsoleEvent::Prompt(Box::new(notice))))
            }
            Effect::Retract(action) => Some(Due::Tell(ConsoleEvent::PromptGone {
                action: action.to_string(),
            })),
            Effect::SendAnswer(_) => Some(Due::SendAnswers),
        }
    }

    /// The number to be read out, and news of the end.
    fn look_after_own(&mut self) -> Result<(), ConsoleError> {
        let people = session::people(self.tx)?;
        let viewer = Viewer {
            member: &self.device.member,
            reviews: self.device.role.may(Permission::Decide),
            people: &people,
            numbers: &HashMap::new(),
        };
        for kept in self
            .rows
            .values_mut()
            .filter(|kept| kept.view.requester == self.device.member)
        {
            if !kept.view.state.is_terminal() {
                let (endpoint, action) = (kept.view.endpoint.clone(), kept.view.action.clone());
                self.due.push(Due::AskNumber(endpoint, action));
            } else if !kept.told {
                kept.told = true;
                let outcome = words::outcome(&kept.view, &viewer);
                self.due.push(Due::Tell(ConsoleEvent::Outcome(Box::new(outcome))));
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Vec<Due>, ConsoleError> {
        for kept in self.rows.values() {
            approvals::put(self.tx, kept)?;
        }
        Ok(self.due)
    }
}

/// What is known from before, with what is shown now. Messages overtake each other; an end is an end.
fn merged(before: Option<Kept>, mut view: ApprovalView) -> Kept {
    let Some(mut kept) = before else { return Kept::new(view) };
    if kept.view.digest != view.digest {
        kept.fault = Some(PromptFault::Changed.sentence());
    }
    if kept.view.state.is_terminal() {
        view.state = kept.view.state;
    } else {
        view.state = view.state.max(kept.view.state);
    }
    // It comes along only while it can be approved; what was asked stays readable.
    view.prompt = view.prompt.or(kept.view.prompt.take());
    kept.view = view;
    kept
}

fn shown(view: &ApprovalView, device: &Device) -> Shown {
    Shown {
        action: view.action.clone(),
        digest: view.digest.clone(),
        state: state(view.state),
        expires_at: view.expires_at_ms,
        nudges: view.nudges,
        answered: view.approved_by.contains(&device.member),
    }
}

fn state(shown: ApprovalState) -> State {
    match shown {
        ApprovalState::Pending => State::Pending,
        ApprovalState::Delivered => State::Delivered,
        ApprovalState::Acknowledged => State::Acknowledged,
        ApprovalState::Approved => State::Approved,
        ApprovalState::Denied => State::Denied,
        ApprovalState::Expired => State::Expired,
        ApprovalState::Withdrawn => State::Withdrawn,
    }
}

fn unsound(kept: &Kept) -> Notice {
    Notice {
        code: "request_unsound".to_owned(),
        severity: "danger".to_owned(),
        message: format!(
            "A request for {} was not shown to you. {}",
            marked_line(&kept.view.hostname),
            kept.fault.as_deref().unwrap_or_default()
        ),
        endpoint: Some(kept.view.endpoint.to_string()),
        evidence: vec![kept.view.digest.clone()],
    }
}
