//! Approval requests: answering what one is asked, and looking after what one asked.
//!
//! Reading works offline. An answer is signed, stored, and then sent until the control plane has spoken about it.

use super::{Console, Inner};
use crate::cache::approvals::{self, Kept};
use crate::cache::{log, page, schema, session};
use crate::consent::words::{self, Viewer};
use crate::consent::{answer, check, floor, intake};
use crate::error::ConsoleError;
use crate::state_change::action_changes;
use crate::sync::engine::blocking;
use crate::view::{
    ApprovalDetail, ApprovalRow, InboxView, MeView, StateDifference, TextView, TimelineItem, Verdict, Verification,
};
use crate::visible::{marked_line, segments_if_needed};
use caisey_ledger::event::Decision;
use caisey_ledger::id::{MemberId, TimeMs};
use caisey_policy::approval::inbox::Input;
use caisey_protocol::consent::{AboutApproval, ApprovalWord, Prompt};
use caisey_protocol::role::{Permission, Role};
use rusqlite::Connection;
use std::sync::Arc;

impl Console {
    /// All approval requests that concern the signed-in person.
    ///
    /// # Errors
    /// Disk.
    pub async fn inbox(&self) -> Result<InboxView, ConsoleError> {
        let inner = Arc::clone(&self.inner);
        blocking(move || inner.inbox()).await
    }

    /// One request in full. When it waits for this person, the control plane hears that they have it open.
    ///
    /// # Errors
    /// Unknown request, disk.
    pub async fn approval(&self, action: &str) -> Result<ApprovalDetail, ConsoleError> {
        let (inner, name) = (Arc::clone(&self.inner), action.to_owned());
        let (detail, kept) = blocking(move || inner.detail(&name)).await?;
        let is_open = !kept.view.state.is_terminal() && kept.fault.is_none();
        if let Ok(engine) = self.inner.engine()
            && kept.prompt.is_some()
            && is_open
            && !kept.view.acknowledged.contains(&engine.device.member)
        {
            engine.say_about(kept.view.endpoint, kept.view.action, ApprovalWord::Acknowledged);
        }
        Ok(detail)
    }

    /// Signs and stores this person's answer, and sends it. When the control plane cannot be reached now, it is sent later; the row says
    /// whether it was, and why it does not count if it does not.
    ///
    /// # Errors
    /// Unknown request, one that is not for this person, has ended, was answered, or does not hold; a missing number; not signed in; disk.
    pub async fn decide(&self, action: &str, verdict: Verdict) -> Result<ApprovalRow, ConsoleError> {
        let (engine, device) = (self.inner.engine()?, self.inner.device()?);
        let now = TimeMs::new(self.inner.ports.clock.now_ms()).unwrap_or_default();
        let seed = self.inner.ports.entropy.fresh32();
        let (name, origin) = (action.to_owned(), engine.origin.clone());
        let (due, id) = engine
            .with_cache(move |cache| {
                cache.write(|tx| {
                    let mut kept = answerable(tx, &name)?;
                    kept.answer = Some(answer::signed(&device, &origin, &kept.view, &verdict, now, seed)?);
                    kept.refusal = None;
                    let (id, decision) = (kept.view.action.clone(), decision(&verdict));
                    let due = intake::advance(tx, &device, kept, Input::Decided(id.clone(), decision))?;
                    Ok((due, id))
                })
            })
            .await?;
        engine.follow(due);
        engine.send_answer(&id).await;
        self.row(action).await
    }

    /// Asks for an answer once more.
    ///
    /// # Errors
    /// Not this person's request, too soon, not signed in, control plane unreachable or refusing.
    pub async fn nudge(&self, action: &str) -> Result<ApprovalRow, ConsoleError> {
        let engine = self.inner.engine()?;
        let kept = self.kept(action).await?;
        let about = AboutApproval {
            action: kept.view.action,
            what: ApprovalWord::Nudge,
        };
        let answer = engine.api.about_approval(&kept.view.endpoint, &about).await?;
        engine.take_approvals(vec![answer.approval], false).await?;
        self.row(action).await
    }

    /// Takes a request back: the action does not run.
    ///
    /// # Errors
    /// Unknown action, control plane unreachable or refusing.
    pub async fn withdraw(&self, action: &str) -> Result<(), ConsoleError> {
        self.cancel(action).await
    }

    /// What an action changed, when its state was read before and after.
    ///
    /// # Errors
    /// Disk.
    pub async fn state_difference(&self, action: &str) -> Result<Option<StateDifference>, ConsoleError> {
        let action = action.to_owned();
        self.inner
            .read(move |cache| Ok(difference(&page::of_action(cache, &action)?)))
            .await
    }

    pub(super) async fn kept(&self, action: &str) -> Result<Kept, ConsoleError> {
        let name = action.to_owned();
        self.inner.read(move |cache| known(cache, &name)).await
    }

    pub(super) async fn row(&self, action: &str) -> Result<ApprovalRow, ConsoleError> {
        let (inner, name) = (Arc::clone(&self.inner), action.to_owned());
        blocking(move || inner.with_viewer(|cache, viewer| listed(cache, &known(cache, &name)?, viewer))).await
    }
}

impl Inner {
    pub(super) fn inbox(&self) -> Result<InboxView, ConsoleError> {
        if self.state().cache.is_none() {
            return Ok(InboxView::default());
        }
        self.with_viewer(|cache, viewer| {
            let rows = approvals::list(cache)?
                .iter()
                .map(|kept| listed(cache, kept, viewer))
                .collect::<Result<Vec<ApprovalRow>, _>>()?;
            let concerns = |row: &ApprovalRow| row.for_me || row.mine || row.fault.is_some() || row.emergency || row.review_due;
            let rows: Vec<ApprovalRow> = rows.into_iter().filter(concerns).collect();
            let count = |which: &dyn Fn(&ApprovalRow) -> bool| {
                u32::try_from(rows.iter().filter(|row| which(row)).count()).unwrap_or(u32::MAX)
            };
            Ok(InboxView {
                waiting: count(&|row| row.for_me && row.answer.is_none() && is_open(row)),
                to_review: count(&|row| row.review_for_me),
                unreviewed: count(&|row| row.review_due),
                rows,
            })
        })
    }

    fn detail(&self, action: &str) -> Result<(ApprovalDetail, Kept), ConsoleError> {
        self.with_viewer(|cache, viewer| {
            let kept = known(cache, action)?;
            let entries = page::of_action(cache, action)?;
            Ok((detail(cache, &kept, entries, viewer)?, kept))
        })
    }

    fn with_viewer<T>(&self, work: impl FnOnce(&Connection, &Viewer<'_>) -> Result<T, ConsoleError>) -> Result<T, ConsoleError> {
        let numbers = self.hub.state().numbers.clone();
        self.cache()?.read(|cache| {
            let me: Option<MeView> = schema::get(cache, "me")?.and_then(|json| serde_json::from_str(&json).ok());
            let me = me.ok_or(ConsoleError::SignedOut)?;
            let member = me.member.parse::<MemberId>().map_err(|_| ConsoleError::SignedOut)?;
            let role = serde_json::from_value::<Role>(me.role.into()).ok();
            let viewer = Viewer {
                member: &member,
                reviews: role.is_some_and(|role| role.may(Permission::Decide)),
                people: &session::people(cache)?,
                numbers: &numbers,
            };
            work(cache, &viewer)
        })
    }
}

/// A row of a list. Whoever reviews an emergency was not asked: what it named is in the record.
fn listed(cache: &Connection, kept: &Kept, viewer: &Viewer<'_>) -> Result<ApprovalRow, ConsoleError> {
    let mut row = words::row(kept, viewer);
    if kept.view.emergency && kept.view.prompt.is_none() {
        let entries = page::of_action(cache, kept.view.action.as_str())?;
        name_object(&mut row, kept, &entries);
    }
    Ok(row)
}

fn name_object(row: &mut ApprovalRow, kept: &Kept, entries: &[TimelineItem]) {
    let requested = entries.iter().find(|item| item.kind == "approval.requested");
    let texts = requested.map(|item| item.texts.as_slice()).unwrap_or_default();
    let object = texts
        .iter()
        .find(|text| text.name == "object")
        .and_then(|text| text.text.as_deref());
    row.object = words::named(object.unwrap_or_default());
    row.sentence = words::sentence(&kept.view, &row.object);
}

fn is_open(row: &ApprovalRow) -> bool {
    matches!(row.state.as_str(), "pending" | "delivered" | "acknowledged")
}

fn known(cache: &Connection, action: &str) -> Result<Kept, ConsoleError> {
    approvals::one(cache, action)?.ok_or_else(|| ConsoleError::NotFound {
        what: "request",
        id: marked_line(action),
    })
}

/// A request that this person can answer now.
fn answerable(cache: &Connection, action: &str) -> Result<Kept, ConsoleError> {
    let kept = known(cache, action)?;
    let refused = |why: &str| Err(ConsoleError::Invalid(why.to_owned()));
    if let Some(fault) = &kept.fault {
        return Err(ConsoleError::Untrusted(fault.clone()));
    }
    let Some(prompt) = &kept.prompt else {
        return refused("This request is not for you to decide. Leave it to those whom it names.");
    };
    if kept.view.state.is_terminal() {
        return refused(
            "This request has come to its end already, so nothing was signed. If it is still needed, the technician has to ask again.",
        );
    }
    if prompt.answer.is_some() || prompt.shown.answered {
        return refused("You have answered this request already; there is nothing more to do.");
    }
    Ok(kept)
}

fn decision(verdict: &Verdict) -> Decision {
    if verdict.approve {
        Decision::Approved
    } else {
        Decision::Denied
    }
}

fn detail(
    cache: &Connection,
    kept: &Kept,
    entries: Vec<TimelineItem>,
    viewer: &Viewer<'_>,
) -> Result<ApprovalDetail, ConsoleError> {
    let view = &kept.view;
    let prompt = view.prompt.as_deref();
    // After the end the record's own texts count, so that what was erased there is gone here too.
    let recorded = entries.iter().find(|item| item.kind == "action.proposed");
    let text = |name: &str| {
        let asked = prompt
            .and_then(|prompt| check::text(prompt, name))
            .map(|text| text_view(name, text));
        asked.or_else(|| recorded?.texts.iter().find(|text| text.name == name).cloned())
    };
    let requested = entries.iter().find(|item| item.kind == "approval.requested");
    let said = |pick: fn(&Prompt) -> &String, name: &str| match prompt {
        Some(prompt) => Some(text_view(name, pick(prompt))),
        None => requested?.texts.iter().find(|text| text.name == name).cloned(),
    };
    let proposed = said(|prompt| &prompt.proposed_action, "proposed_action").and_then(|text| text.text);
    let class = words::class(view, prompt);
    let mut remarks = prompt.map(|prompt| words::remarks(view, prompt)).unwrap_or_default();
    remarks.extend(floor::remark(cache, view)?);
    let mut row = words::row(kept, viewer);
    if prompt.is_none() {
        name_object(&mut row, kept, &entries);
    }
    Ok(ApprovalDetail {
        row,
        command: text("command"),
        reason: text("reason"),
        cwd: text("cwd"),
        probe: text("probe"),
        interpreter: match (prompt, recorded) {
            (Some(prompt), _) => interpreter(prompt),
            (None, Some(item)) => told_interpreter(item),
            (None, None) => String::new(),
        },
        current_state: said(|prompt| &prompt.current_state, "current_state"),
        proposed_action: proposed.as_deref().map(marked_line).unwrap_or_default(),
        class_sentence: match class {
            caisey_command::ActionClass::Opaque => {
                "This command cannot be bounded from its text: what it will do cannot be told beforehand.".to_owned()
            }
            other => other.sentence().to_owned(),
        },
        remarks,
        policy: format!("{}, version {}", marked_line(&view.policy), view.policy_version),
        digest: marked_line(&view.digest),
        recorded: is_recorded(cache, kept, recorded)?,
        difference: difference(&entries),
        entries,
    })
}

fn interpreter(prompt: &Prompt) -> String {
    serde_json::to_value(prompt.request.interpreter)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn told_interpreter(item: &TimelineItem) -> String {
    let told = item.facts.get("interpreter").and_then(serde_json::Value::as_str);
    told.map(marked_line).unwrap_or_default()
}

fn text_view(name: &str, text: &str) -> TextView {
    TextView {
        name: name.to_owned(),
        text: Some(text.to_owned()),
        segments: segments_if_needed(text),
    }
}

/// Whether the verified record on this machine holds exactly this proposal at the place that the control plane names.
fn is_recorded(cache: &Connection, kept: &Kept, recorded: Option<&TimelineItem>) -> Result<bool, ConsoleError> {
    let Some(item) = recorded.filter(|item| item.verification == Verification::Verified) else {
        return Ok(false);
    };
    let Some(prompt) = kept.view.prompt.as_deref() else {
        return Ok(true);
    };
    let Some(row) = log::of_endpoint(cache, &item.endpoint)? else {
        return Ok(false);
    };
    let leaf: String = cache
        .prepare_cached("SELECT leaf FROM entries WHERE log = ?1 AND seq = ?2")?
        .query_row(rusqlite::params![row.log, item.seq], |row| row.get(0))?;
    let entry = serde_json::from_str::<caisey_ledger::entry::Entry>(&leaf);
    Ok(entry.is_ok_and(|entry| entry.statement == prompt.proposal.statement && entry.signature == prompt.proposal.signature))
}

fn difference(entries: &[TimelineItem]) -> Option<StateDifference> {
    action_changes(entries).into_iter().next().map(Into::into)
}
