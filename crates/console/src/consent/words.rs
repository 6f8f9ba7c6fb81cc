//! Approval requests in sentences, safe to draw: for lists, notifications and the tray.

use crate::cache::approvals::Kept;
use crate::consent::check;
use crate::view::{ApprovalRow, MailRow, OutcomeNotice, PromptNotice};
use crate::visible::marked_line;
use caisey_command::{ActionClass, Reading};
use caisey_ledger::consent::{Approver, Assurance};
use caisey_ledger::event::Decision;
use caisey_ledger::id::MemberId;
use caisey_protocol::consent::{ApprovalState, ApprovalView, Prompt};
use caisey_protocol::mail::MailView;
use std::collections::HashMap;

/// Longer words than this are cut in notifications.
const LONGEST: usize = 160;
/// Longer commands than this are not shown in notifications, and not approved from there.
const LONGEST_COMMAND: usize = 200;
/// What the control plane says when a command names nothing.
const NOTHING_NAMED: &str = "nothing that the command names";

/// Who looks at requests.
pub(crate) struct Viewer<'a> {
    pub(crate) member: &'a MemberId,
    /// Whether their role lets them review what ran under break-glass.
    pub(crate) reviews: bool,
    pub(crate) people: &'a HashMap<String, String>,
    /// Numbers of this person's own requests, by action.
    pub(crate) numbers: &'a HashMap<String, String>,
}

/// One request as lists show it.
pub(crate) fn row(kept: &Kept, viewer: &Viewer<'_>) -> ApprovalRow {
    let view = &kept.view;
    let prompt = view.prompt.as_deref();
    let inbox = kept.prompt.as_ref();
    let names = |members: &[MemberId]| members.iter().map(|member| viewer.name(member, view)).collect();
    ApprovalRow {
        action: view.action.to_string(),
        session: view.session.to_string(),
        endpoint: view.endpoint.to_string(),
        hostname: marked_line(&view.hostname),
        client: view.client.to_string(),
        client_name: marked_line(&view.client_name),
        requester_name: marked_line(&view.requester_name),
        state: word(&view.state),
        class: class(view, prompt).word().to_owned(),
        sentence: sentence(view, &object(view)),
        object: object(view),
        asked_at_ms: view.asked_at_ms.get(),
        expires_at_ms: view.expires_at_ms.get(),
        needed: view.needed.max(1),
        approver: word(&view.approver),
        delivered: names(&view.delivered),
        seen: names(&view.acknowledged),
        approved_by: names(&view.approved_by),
        denied_by: view.denied_by.as_ref().map(|member| viewer.name(member, view)),
        nudges: view.nudges,
        for_me: inbox.is_some(),
        mine: view.requester == *viewer.member,
        needs_number: view.assurance == Assurance::Number,
        answer: inbox
            .and_then(|prompt| prompt.answer)
            .or_else(|| view.approved_by.contains(viewer.member).then_some(Decision::Approved))
            .map(|answer| word(&answer)),
        answer_sent: inbox.is_some_and(|prompt| prompt.settled) || view.approved_by.contains(viewer.member),
        refusal: kept.refusal.as_deref().map(marked_line),
        fault: kept.fault.clone(),
        number: viewer.numbers.get(view.action.as_str()).cloned(),
        by_mail: view.approver == Approver::Contact && view.assurance == Assurance::Link,
        mails: view.mails.iter().map(mail).collect(),
        emergency: view.emergency,
        review_due: view.review_due,
        review_for_me: view.review_due && viewer.reviews && view.requester != *viewer.member,
    }
}

fn mail(view: &MailView) -> MailRow {
    MailRow {
        name: marked_line(&view.name),
        address: marked_line(&view.address),
        state: word(&view.state),
        attempts: view.attempts,
        at_ms: view.at_ms.get(),
        detail: marked_line(view.detail.trim()),
    }
}

impl Viewer<'_> {
    /// A name for people; logs introduce keys and names only when somebody has signed in them.
    fn name(&self, member: &MemberId, view: &ApprovalView) -> String {
        match self.people.get(member.as_str()) {
            Some(name) => marked_line(name),
            None if member == self.member => "you".to_owned(),
            None if view.approver == Approver::Contact => format!("a contact of {}", marked_line(&view.client_name)),
            None if view.approver == Approver::Owner => "an owner".to_owned(),
            None => "a member".to_owned(),
        }
    }
}

fn word<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// The worse of what the control plane and this console found the command to be. An unknown word is the worst.
pub(crate) fn class(view: &ApprovalView, prompt: Option<&Prompt>) -> ActionClass {
    let told = told_class(&view.class);
    let own = prompt.and_then(reading).map(|reading| reading.class);
    own.map_or(told, |own| own.max(told))
}

fn told_class(word: &str) -> ActionClass {
    ActionClass::ALL
        .into_iter()
        .find(|class| class.word() == word)
        .unwrap_or(ActionClass::Opaque)
}

/// This console's own reading of the command.
pub(crate) fn reading(prompt: &Prompt) -> Option<Reading> {
    check::text(prompt, "command").map(|command| caisey_command::read(prompt.request.interpreter, command))
}

/// What this console noticed by itself.
pub(crate) fn remarks(view: &ApprovalView, prompt: &Prompt) -> Vec<String> {
    let Some(reading) = reading(prompt) else { return Vec::new() };
    let told = told_class(&view.class);
    let mut remarks = Vec::new();
    if reading.class > told {
        remarks.push(format!(
            "Your provider's control plane called this “{}”. This console reads the command itself and finds: {}",
            told.word().replace('_', " "),
            reading.class.sentence()
        ));
    }
    remarks.extend(reading.opaque_parts.iter().take(4).map(|part| marked_line(&part.sentence)));
    remarks
}

/// Who wants to do what, where; of an emergency, who did. The object is safe to draw and may be empty.
pub(crate) fn sentence(view: &ApprovalView, object: &str) -> String {
    let (who, where_) = (cut(&marked_line(&view.requester_name)), cut(&marked_line(&view.hostname)));
    let what = what(view, object);
    if view.emergency {
        format!("Technician {who} declared an emergency {what} on {where_} without waiting for permission.")
    } else {
        format!("Technician {who} requests permission {what} on {where_}.")
    }
}

/// Who wants to do what, where.
pub fn asks(view: &ApprovalView) -> String {
    sentence(view, &object(view))
}

fn what(view: &ApprovalView, object: &str) -> String {
    let object = cut(object);
    match (class(view, view.prompt.as_deref()), object.as_str()) {
        (ActionClass::Opaque, _) => "to run a command that cannot be bounded from its text".to_owned(),
        (_, "") => "to run a command".to_owned(),
        (ActionClass::ReadOnly, object) => format!("to read {object}"),
        (ActionClass::Changing, object) => format!("to modify {object}"),
        (ActionClass::Destructive, object) => format!("to delete or overwrite {object}"),
    }
}

fn object(view: &ApprovalView) -> String {
    view.prompt.as_deref().map(|prompt| named(&prompt.object)).unwrap_or_default()
}

/// What a command names, safe to draw; empty when it names nothing.
pub(crate) fn named(object: &str) -> String {
    let named = marked_line(object).trim().to_owned();
    if named == NOTHING_NAMED { String::new() } else { named }
}

/// A state on one line: what a probe printed has many.
fn on_one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    marked_line(&words.join(" "))
}

/// For a notification: who, what, where, current state, proposed action, and the command itself when it fits.
pub fn notice(view: &ApprovalView) -> PromptNotice {
    let mut text = asks(view);
    if let Some(prompt) = view.prompt.as_deref() {
        for (name, words) in [
            ("Current state", &prompt.current_state),
            ("Proposed action", &prompt.proposed_action),
        ] {
            let words = on_one_line(words);
            let words = words.trim().trim_end_matches('.');
            if !words.is_empty() {
                let words = cut(words);
                let end = if words.ends_with('…') { "" } else { "." };
                text.push_str(&format!(" {name}: {words}{end}"));
            }
        }
    }
    // What is not seen whole is not approved with one press.
    let (command, directory) = (shown(view, "command"), shown(view, "cwd"));
    for (name, words) in [("Command", &command), ("In", &directory)] {
        if let Some(words) = words {
            text.push_str(&format!("\n{name}: {words}"));
        }
    }
    let elsewhere = view.prompt.as_deref().is_some_and(|prompt| prompt.request.cwd.is_some());
    let seen = command.is_some() && (directory.is_some() || !elsewhere);
    let title = if view.nudges > 0 {
        "Still waiting for your permission"
    } else {
        "Your permission is asked"
    };
    PromptNotice {
        action: view.action.to_string(),
        text,
        title: format!("{title}: {}", cut(&marked_line(&view.client_name))),
        can_approve: seen && view.assurance != Assurance::Number && suits_one_press(view),
        expires_at_ms: view.expires_at_ms.get(),
    }
}

/// One of the texts asked about, safe to draw, when it is short enough for a notification.
fn shown(view: &ApprovalView, name: &str) -> Option<String> {
    let text = marked_line(check::text(view.prompt.as_deref()?, name)?);
    Some(text).filter(|text| text.chars().count() <= LONGEST_COMMAND)
}

/// Whether this console itself finds the command to be no worse than a change, and no worse than the control plane says. Everything else is
/// looked at in the window, which shows both.
fn suits_one_press(view: &ApprovalView) -> bool {
    let own = view.prompt.as_deref().and_then(reading).map(|reading| reading.class);
    own.is_some_and(|own| own <= ActionClass::Changing && own <= told_class(&view.class))
}

/// For whoever asked, when it came to its end.
pub(crate) fn outcome(view: &ApprovalView, viewer: &Viewer<'_>) -> OutcomeNotice {
    let hostname = cut(&marked_line(&view.hostname));
    let by = view
        .approved_by
        .iter()
        .map(|member| viewer.name(member, view))
        .collect::<Vec<_>>()
        .join(", ");
    let (title, text) = match view.state {
        ApprovalState::Approved if by.is_empty() => ("Approved", "Your request was approved; it runs now.".to_owned()),
        ApprovalState::Approved => ("Approved", format!("{by} approved it; it runs now.")),
        ApprovalState::Denied => (
            "Denied",
            format!(
                "Your request was denied{} and does not run. The session says why, if a reason was given.",
                view.denied_by
                    .as_ref()
                    .map(|member| format!(" by {}", viewer.name(member, view)))
                    .unwrap_or_default()
            ),
        ),
        ApprovalState::Withdrawn if view.emergency => (
            "Emergency declared",
            "The command goes ahead without permission. Everybody who could have been asked is told, and it waits for a review by somebody else."
                .to_owned(),
        ),
        ApprovalState::Withdrawn => ("Withdrawn", "The request was taken back and does not run. The session says why.".to_owned()),
        _ => (
            "Nobody answered",
            "Nobody answered in time, which is a no. Ask again if it is still needed.".to_owned(),
        ),
    };
    OutcomeNotice {
        action: view.action.to_string(),
        session: view.session.to_string(),
        title: format!("{title}: {hostname}"),
        text,
    }
}

/// For whoever is asked, when their program was started again: what they were asked before still waits.
pub(crate) fn still_waiting(oldest: &ApprovalView, count: usize) -> OutcomeNotice {
    let (title, text) = match count {
        1 => ("A request waits for your answer".to_owned(), asks(oldest)),
        count => (
            format!("{count} requests wait for your answer"),
            format!("The oldest: {}", asks(oldest)),
        ),
    };
    OutcomeNotice {
        action: oldest.action.to_string(),
        session: oldest.session.to_string(),
        title: format!("{title}: {}", cut(&marked_line(&oldest.client_name))),
        text,
    }
}

/// For whoever may review it: somebody declared an emergency.
pub(crate) fn emergency(view: &ApprovalView) -> OutcomeNotice {
    OutcomeNotice {
        action: view.action.to_string(),
        session: view.session.to_string(),
        title: format!("Emergency to be reviewed: {}", cut(&marked_line(&view.hostname))),
        text: format!("{} Read what was done, and record what you find.", asks(view)),
    }
}

/// For whoever declared it: somebody has looked.
pub(crate) fn reviewed(view: &ApprovalView) -> OutcomeNotice {
    OutcomeNotice {
        action: view.action.to_string(),
        session: view.session.to_string(),
        title: format!("Emergency reviewed: {}", cut(&marked_line(&view.hostname))),
        text: "Somebody has reviewed what you did under break-glass. The session says what they found.".to_owned(),
    }
}

fn cut(words: &str) -> String {
    if words.chars().count() <= LONGEST {
        return words.to_owned();
    }
    words.chars().take(LONGEST - 1).chain(['…']).collect()
}
