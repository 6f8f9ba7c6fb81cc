//! An enrolled endpoint's state in memory, and what every handler does with it: place an entry, change a session or an action.
//!
//! Everything here can be read back from the store, except who is connected and who waits for what.

use super::action::{self, Action, ActionState};
use super::approval::{self, Asked};
use super::cosign;
use super::identity::Enrolment;
use super::key::Keys;
use super::link::Link;
use super::mail::{self, Mail};
use super::outgoing::Outgoing;
use super::rules::InForce;
use super::session::{self, Session};
use super::show::Shown;
use super::watch::Watchers;
use crate::journal::Journal;
use crate::port::{ConnId, DirectoryChange, Effect, Signer};
use crate::row::{Row, damaged};
use crate::store::{Store, StoreError};
use crate::turn::Turn;
use caisey_ledger::admission::Proved;
use caisey_ledger::entry::Actor;
use caisey_ledger::event::{Event, SessionEnd};
use caisey_ledger::id::{ActionId, Counter, MemberId, Seq, SessionId, TimeMs};
use caisey_ledger::statement::{Draft, StatementFault};
use caisey_ledger::witness::witness_name;
use caisey_protocol::http::{EndpointState, EndpointView, SessionView};
use caisey_protocol::runtime::ToRuntime;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Sessions whose directory rows are repeated after loading: the host may have stopped between our commit and the directory's.
const REPEATED_SESSIONS: u64 = 8;
/// The same for approval requests that are over; open ones are always repeated.
const REPEATED_APPROVALS: u64 = 8;

#[derive(Clone)]
pub(super) struct Live {
    pub(super) enrolment: Enrolment,
    pub(super) journal: Journal,
    pub(super) next_counter: Counter,
    pub(super) keys: Keys,
    pub(super) link: Link,
    /// Open ones.
    pub(super) sessions: BTreeMap<SessionId, Session>,
    /// Unfinished ones.
    pub(super) actions: BTreeMap<ActionId, Action>,
    /// Open approval requests.
    pub(super) asked: BTreeMap<ActionId, Asked>,
    /// Mails that wait or are on their way.
    pub(super) mails: BTreeMap<(ActionId, MemberId), Mail>,
    pub(super) rules: Arc<InForce>,
    pub(super) watchers: Watchers,
    pub(super) shown: Shown,
    pub(super) out: Outgoing,
}

impl Live {
    pub(super) fn load(store: &dyn Store, enrolment: Enrolment, alive: &[ConnId]) -> Result<Self, StoreError> {
        let journal = Journal::load(store, &enrolment.identity.log)?;
        let last_counter = "SELECT counter FROM entries WHERE counter IS NOT NULL ORDER BY counter DESC LIMIT 1";
        let next_counter = match Row::first(store.exec(last_counter, &[])?) {
            Some(mut row) => Counter::new(row.number()? + 1).ok_or_else(|| damaged("a counter is out of range"))?,
            None => Counter::default(),
        };
        let open = session::open_ones(store, journal.last_time())?;
        let mut out = Outgoing::default();
        out.endpoint_changed = true;
        out.sessions_changed.extend(session::newest(store, REPEATED_SESSIONS)?);
        out.approvals_changed.extend(approval::to_repeat(store, REPEATED_APPROVALS)?);
        let link = Link::load(store, alive)?;
        let rules = InForce::load(store, &enrolment.identity.organisation, &enrolment.identity.client)?;
        let mut shown = Shown::default();
        if link.conn.is_some() {
            let name = witness_name(&enrolment.identity.log, enrolment.identity.endpoint.as_str());
            shown.resume(cosign::newest_of(store, &name.unwrap_or_default())?);
        }
        Ok(Self {
            link,
            shown,
            sessions: open.into_iter().map(|session| (session.session.clone(), session)).collect(),
            actions: action::unfinished(store)?
                .into_iter()
                .map(|action| (action.action.clone(), action))
                .collect(),
            asked: approval::open_ones(store)?
                .into_iter()
                .map(|asked| (asked.action.clone(), asked))
                .collect(),
            mails: mail::due_ones(store)?
                .into_iter()
                .map(|mail| ((mail.action.clone(), mail.member.clone()), mail))
                .collect(),
            rules,
            keys: Keys::default(),
            watchers: Watchers::default(),
            enrolment,
            journal,
            next_counter,
            out,
        })
    }

    /// Places a statement.
    pub(super) fn place(&mut self, turn: &Turn<'_>, said: &Proved) -> Result<Seq, StoreError> {
        if let Some(session) = said
            .statement
            .session
            .as_ref()
            .and_then(|session| self.sessions.get_mut(session))
        {
            session.active_at = turn.now;
        }
        self.out.endpoint_changed = true;
        self.journal.append(turn.store, turn.now, said)
    }

    /// Places a statement of the control plane's own.
    pub(super) fn say(&mut self, turn: &mut Turn<'_>, event: &Event, texts: &[(&str, &str)]) -> Result<Seq, StoreError> {
        self.say_about(turn, event, None, None, texts)
    }

    /// The same, within a session or about an action.
    pub(super) fn say_about(
        &mut self,
        turn: &mut Turn<'_>,
        event: &Event,
        session: Option<&SessionId>,
        action: Option<&ActionId>,
        texts: &[(&str, &str)],
    ) -> Result<Seq, StoreError> {
        let ours = |fault: StatementFault| StoreError::Refused(format!("the control plane's own statement is wrong: {fault}"));
        let mut draft = Draft::new(self.journal.origin(), turn.now, Actor::Control {}, event).map_err(ours)?;
        if let Some(session) = session {
            draft = draft.session(session.clone());
        }
        if let Some(action) = action {
            draft = draft.action(action.clone());
        }
        for (name, text) in texts {
            draft = draft.text(name, *text, turn.seed());
        }
        let said = draft.unsigned().and_then(Proved::own).map_err(ours)?;
        self.place(turn, &said)
    }

    /// Sends to the runtime, if one is connected.
    pub(super) fn tell_runtime(&mut self, message: ToRuntime) {
        if let Some(conn) = self.link.conn {
            self.out.send_runtime(conn, message);
        }
    }

    /// Stores an action's new state, and keeps it in memory exactly while it is unfinished.
    pub(super) fn keep(&mut self, store: &dyn Store, action: Action) -> Result<(), StoreError> {
        action.put(store)?;
        if action.state.is_unfinished() {
            self.actions.insert(action.action.clone(), action);
        } else {
            self.actions.remove(&action.action);
        }
        Ok(())
    }

    /// Records that an action will not run.
    pub(super) fn refuse(&mut self, turn: &mut Turn<'_>, mut action: Action, code: &str, detail: &str) -> Result<(), StoreError> {
        let event = Event::ActionRefused { code: code.to_owned() };
        self.say_about(
            turn,
            &event,
            Some(&action.session),
            Some(&action.action),
            &[("detail", detail)],
        )?;
        action.state = ActionState::Refused;
        action.refusal = Some(code.to_owned());
        self.keep(turn.store, action)
    }

    /// Records that nobody knows how an action ended.
    pub(super) fn give_up(&mut self, turn: &mut Turn<'_>, mut action: Action) -> Result<(), StoreError> {
        let event = Event::ActionUnknown {
            next_counter: self.next_counter.get(),
        };
        self.say_about(turn, &event, Some(&action.session), Some(&action.action), &[])?;
        action.state = ActionState::Unknown;
        self.keep(turn.store, action)
    }

    pub(super) fn unfinished_in(&self, session: &SessionId) -> Vec<Action> {
        self.actions
            .values()
            .filter(|action| action.session == *session)
            .cloned()
            .collect()
    }

    /// Ends a session by the control plane's decision. Actions of it that nobody can ask about any more become unknown first.
    pub(super) fn end_session(&mut self, turn: &mut Turn<'_>, session: &SessionId, reason: SessionEnd) -> Result<(), StoreError> {
        self.leave_unfinished(turn, session, None)?;
        let seq = self.say_about(turn, &Event::SessionClosed { reason }, Some(session), None, &[])?;
        self.close_session(turn, session, seq)
    }

    /// Takes back what waits for an answer, which never ran, and gives up the rest.
    pub(super) fn leave_unfinished(
        &mut self,
        turn: &mut Turn<'_>,
        session: &SessionId,
        by: Option<&MemberId>,
    ) -> Result<(), StoreError> {
        for action in self.unfinished_in(session) {
            match self.asked.get(&action.action).cloned() {
                Some(asked) => self.withdraw(turn, asked, by)?,
                None => self.give_up(turn, action)?,
            }
        }
        Ok(())
    }

    /// Stores that the entry at `seq` ended the session.
    pub(super) fn close_session(&mut self, turn: &Turn<'_>, session: &SessionId, seq: Seq) -> Result<(), StoreError> {
        let Some(mut ended) = self.sessions.remove(session) else {
            return Ok(());
        };
        ended.closed = Some((self.journal.last_time(), seq));
        self.out.sessions_changed.insert(session.clone());
        self.shown.show_now();
        ended.put(turn.store)
    }

    pub(super) fn view(&self) -> EndpointView {
        let identity = &self.enrolment.identity;
        EndpointView {
            endpoint: identity.endpoint.clone(),
            log: identity.log.clone(),
            client: identity.client.clone(),
            client_name: identity.client_name.clone(),
            hostname: identity.hostname.clone(),
            os: identity.os.clone(),
            arch: identity.arch.clone(),
            state: if self.enrolment.removed {
                EndpointState::Removing
            } else {
                self.link.state()
            },
            log_size: self.journal.size(),
            enrolled_at_ms: self.enrolment.enrolled_at,
            changed_at_ms: self.link.changed_at.max(self.enrolment.enrolled_at),
        }
    }

    fn session_view(&self, session: Session) -> SessionView {
        SessionView {
            session: session.session,
            endpoint: self.enrolment.identity.endpoint.clone(),
            client: self.enrolment.identity.client.clone(),
            member: session.member,
            member_name: session.member_name,
            opened_at_ms: session.opened_at,
            closed_at_ms: session.closed.map(|(time, _)| time),
            first_seq: session.first_seq,
            last_seq: session.closed.map(|(_, seq)| seq),
            actions: session.actions,
        }
    }

    /// One checkpoint over the batch, then everything that the batch wants said.
    pub(super) fn seal(&mut self, store: &dyn Store, signer: &dyn Signer) -> Result<Vec<Effect>, StoreError> {
        let checkpoint = self.journal.seal(store, signer)?.to_owned();
        if let (true, Some(conn)) = (std::mem::take(&mut self.out.ack_due), self.link.conn) {
            self.out.send_runtime(
                conn,
                ToRuntime::Acked {
                    next_counter: self.next_counter,
                    checkpoint: checkpoint.clone(),
                },
            );
        }
        self.show(store, &checkpoint)?;
        self.watchers.serve(store, self.journal.size(), &mut self.out)?;
        for session in std::mem::take(&mut self.out.sessions_changed) {
            let known = self.sessions.get(&session).cloned();
            if let Some(found) = known.map_or_else(|| session::find(store, &session), |known| Ok(Some(known)))? {
                let view = self.session_view(found);
                self.out.push(Effect::Directory(DirectoryChange::Session(view)));
            }
        }
        self.show_approvals(store)?;
        if std::mem::take(&mut self.out.endpoint_changed) {
            let view = self.view();
            self.out.push(Effect::Directory(DirectoryChange::Endpoint(view)));
        }
        Ok(self.out.drain(&checkpoint))
    }

    /// Shows the requests that changed, as they are now.
    fn show_approvals(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        for action in std::mem::take(&mut self.out.approvals_changed) {
            let known = self.asked.get(&action).cloned();
            if let Some(found) = known.map_or_else(|| approval::find(store, &action), |known| Ok(Some(known)))? {
                let mut view = found.view(&self.enrolment.identity, found.prompt(store)?);
                view.mails = mail::views(store, &action)?;
                self.out.push(Effect::Directory(DirectoryChange::Approval(Box::new(view))));
            }
        }
        Ok(())
    }

    /// Texts of an entry were destroyed: whoever is asked about it must not keep them either.
    pub(super) fn show_erased(&mut self, seq: Seq) {
        let about = |asked: &&Asked| asked.proposal_seq == seq || asked.requested_seq == seq;
        let shown: Vec<_> = self.asked.values().filter(about).map(|asked| asked.action.clone()).collect();
        self.out.approvals_changed.extend(shown);
    }

    pub(super) fn is_waiting(&self) -> bool {
        let link = &self.link;
        !link.handshakes.is_empty() || !link.pings.is_empty() || link.settling.is_some() || link.lost_on_load
    }

    pub(super) fn is_idle(&self) -> bool {
        !self.is_waiting()
            && self.shown.due().is_none()
            && self.watchers.is_empty()
            && self.sessions.is_empty()
            && self.actions.is_empty()
            && self.asked.is_empty()
            && self.out.is_empty()
    }

    pub(super) fn time_of_last_entry(&self) -> TimeMs {
        self.journal.last_time()
    }
}
