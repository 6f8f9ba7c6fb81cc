//! The Endpoint object: one endpoint's log, sessions and actions, its runtime's connection and the consoles watching.
//!
//! Promises: what is acknowledged, answered or sent is in the log and covered by a checkpoint; an action reaches the runtime only after
//! its proposal and its authorisation are durable, and is never sent once it was refused; the same statement twice is one entry. Leaves
//! out: who may read (the host asks the Organisation object). Follows docs/formats/entry.md, docs/formats/consent.md and the headers of
//! `caisey_protocol::{http, runtime, watch, consent}`.

mod act;
mod action;
mod answer;
mod approval;
mod ask;
mod authorise;
mod by_link;
mod cosign;
mod deadline;
mod describe;
mod emergency;
mod erase;
mod floor;
mod handshake;
mod identity;
mod key;
mod link;
mod live;
mod mail;
mod number;
mod outgoing;
mod review;
mod rules;
mod runtime;
mod said;
mod session;
mod settle;
mod show;
mod submission;
mod submit;
mod succession;
mod tables;
mod watch;

use crate::journal;
use crate::letter::{LinkToken, Sent, Shown, Typed};
use crate::port::{Caller, ConnId, Effect, Moment, RequestId, Signer};
use crate::refusal::error;
use crate::row::{Row, int};
use crate::rules::Rules;
use crate::store::{Store, StoreError};
use crate::turn::Turn;
pub use act::MAX_TIMEOUT_MS;
use caisey_ledger::admission::Offered;
use caisey_ledger::entry::SignedStatement;
use caisey_ledger::event::{DisconnectReason, Event};
use caisey_ledger::id::{ActionId, ClientId, EndpointId, MemberId, OrganisationId, Seq, TimeMs};
use caisey_protocol::consent::{AboutApproval, Prompt};
use caisey_protocol::error::{ErrorBody, ErrorCode};
use caisey_protocol::http::{Cosign, CosignedPage, EntriesPage, ProofAnswer};
use caisey_protocol::runtime::FromRuntime;
use caisey_protocol::watch::LogEvent;
pub(crate) use describe::NOTHING_NAMED;
use identity::Enrolment;
use live::Live;
use outgoing::Outgoing;
pub use review::{ReviewBasis, review_basis};
use std::sync::Arc;
pub use submission::MAX_LINE_BYTES;
pub use succession::{CLOSED, Decision, Predecessor, SUCCEEDED, Successor};
pub(crate) use tables::SCHEMA;

/// What the endpoint is, fixed when it enrolled.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Identity {
    /// Organisation.
    pub organisation: OrganisationId,
    /// Endpoint.
    pub endpoint: EndpointId,
    /// Client.
    pub client: ClientId,
    /// The client's name when it enrolled.
    pub client_name: String,
    /// Origin of its log.
    pub log: String,
    /// Its public key, standard base64.
    pub key: String,
    /// The machine's own name, checked.
    pub hostname: String,
    /// `linux`, `windows` or `macos`.
    pub os: String,
    /// Processor architecture.
    pub arch: String,
    /// Public name of the installer token used.
    pub installer: String,
}

/// Everything that can happen to an Endpoint object.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The organisation accepted its enrolment. First input of all; repeating it changes nothing.
    Enrolled(Box<Identity>),
    /// What the Organisation object says that decides here. An older revision than the known one changes nothing.
    Rules(Arc<Rules>),
    /// A runtime connected and wants to prove that it is this endpoint.
    RuntimeOpened(ConnId),
    /// A frame from it.
    RuntimeMessage(ConnId, Box<FromRuntime>),
    /// What a `Statements` frame carries, examined beforehand.
    RuntimeSaid(ConnId, Vec<Offered>),
    /// It is gone.
    RuntimeClosed(ConnId, DisconnectReason),
    /// A console wants this log's records from here on.
    WatchOpened(ConnId, Seq),
    /// The watcher took what it was sent and can take more.
    WatchDrained(ConnId),
    /// It is gone.
    WatchClosed(ConnId),
    /// A person's device signed something that belongs in this log.
    Submit(RequestId, Caller, Box<SignedStatement>),
    /// A person's console cosigned a checkpoint of this log.
    Cosign(RequestId, Caller, Box<Cosign>),
    /// The same, examined beforehand by a host that has processors to spare. What is wrong with it is told as for `Submit`.
    SubmitExamined(RequestId, Arc<Caller>, Offered),
    /// A person says something about an approval request, without a signature.
    AboutApproval(RequestId, Caller, AboutApproval),
    /// Somebody typed an answer into the page behind a link.
    AnswerByLink(RequestId, Box<Typed>),
    /// What became of an attempt to send an e-mail: about which request, to whom, the attempt's number.
    MailSent(ActionId, MemberId, u32, Sent),
    /// Can a call to the runtime be answered right now?
    AskSendable(RequestId),
    /// Destroy texts of an entry.
    Erase(RequestId, Caller, Seq, Vec<String>, String),
    /// This log continues another one. Second input of a new object's life; repeating it changes nothing.
    ContinuesFrom(Box<Predecessor>),
    /// Another log continues this one, which ends. Repeating it changes nothing.
    SucceededBy(Box<Successor>),
    /// The host's clock was set, or stood still: it says the second where the first was expected.
    ClockJumped(TimeMs, TimeMs),
    /// Take the endpoint out of service.
    Remove(RequestId, Caller),
    /// An earlier batch could not be stored, so nothing of it was said or done (its cause, such as `disk_full`, and since when). The
    /// host repeats this as the first input after loading until it is stored: it becomes a `recorder.gap` entry.
    RecordingFailed(&'static str, TimeMs),
    /// The deadline that `poll_deadline` named has come.
    Wake,
}

/// The object itself. Created by `load`, from its store alone. Cloning it keeps a state to go back to: small, whatever the log's size.
#[derive(Clone)]
pub struct EndpointObject {
    alive: Vec<ConnId>,
    live: Option<Box<Live>>,
    /// Refusals, as long as nothing has enrolled.
    stray: Outgoing,
}

impl EndpointObject {
    /// Reads the object's state; makes the schema when there is none. Connections that the store believes alive and that are not
    /// in `alive` are recorded as lost with the next input (`ControlRestarted`).
    ///
    /// # Errors
    /// The store's; `Corrupt` when the stored entries do not lead to the root of the last checkpoint.
    pub fn load(store: &dyn Store, alive: &[ConnId]) -> Result<Self, StoreError> {
        tables::SCHEMA.apply(store)?;
        let enrolment = Enrolment::load(store)?;
        let live = enrolment
            .map(|enrolment| Live::load(store, enrolment, alive).map(Box::new))
            .transpose()?;
        Ok(Self {
            alive: alive.to_vec(),
            live,
            stray: Outgoing::default(),
        })
    }

    /// Takes one input: writes to the store, queues effects. Hostile or impossible inputs become refusals, not errors.
    ///
    /// # Errors
    /// Only the store's; the batch is then lost and the object must be discarded.
    pub fn handle(&mut self, store: &dyn Store, moment: Moment, input: Input) -> Result<(), StoreError> {
        let mut turn = Turn::new(store, moment);
        let Some(live) = self.live.as_mut() else {
            return self.before_enrolment(&mut turn, input);
        };
        if live.link.lost_on_load {
            live.disconnect(&mut turn, DisconnectReason::ControlRestarted)?;
        }
        if let Input::ClockJumped(expected, found) = input {
            live.shift_deadlines(expected, found);
        }
        live.on_time(&mut turn)?;
        let taken = match input {
            Input::Enrolled(_) | Input::Wake => Ok(()),
            Input::Rules(rules) => live.take_rules(&mut turn, &rules),
            Input::AboutApproval(request, caller, about) => live.about_approval(&mut turn, request, &caller, &about),
            Input::AnswerByLink(request, typed) => live.answer_by_link(&mut turn, request, &typed),
            Input::MailSent(action, member, attempt, sent) => live.mail_sent(&mut turn, &action, &member, attempt, &sent),
            Input::RuntimeOpened(conn) => live.runtime_opened(&mut turn, conn),
            Input::RuntimeMessage(conn, message) => live.runtime_message(&mut turn, conn, *message),
            Input::RuntimeSaid(conn, statements) => live.runtime_said(&mut turn, conn, statements),
            Input::RuntimeClosed(conn, reason) => live.runtime_closed(&mut turn, conn, reason),
            Input::WatchOpened(conn, from) => {
                live.watchers.open(conn, from);
                Ok(())
            }
            Input::WatchDrained(conn) => {
                live.watchers.drained(conn);
                Ok(())
            }
            Input::WatchClosed(conn) => {
                live.watchers.close(conn);
                Ok(())
            }
            Input::Cosign(request, caller, offered) => live.cosign(&turn, request, &caller, &offered),
            Input::Submit(request, caller, said) => live.submit(&mut turn, request, Arc::new(caller), Offered::Unexamined(said)),
            Input::SubmitExamined(request, caller, said) => live.submit(&mut turn, request, caller, said),
            Input::AskSendable(request) => {
                live.ask_sendable(&mut turn, request);
                Ok(())
            }
            Input::Erase(request, caller, seq, names, basis) => live.erase(&mut turn, request, &caller, seq, names, &basis),
            Input::ContinuesFrom(before) => live.continues(&mut turn, &before),
            Input::SucceededBy(after) => live.succeeded_by(&mut turn, *after),
            Input::ClockJumped(expected, found) => live.clock_jumped(&mut turn, expected, found),
            Input::Remove(request, caller) => live.remove(&mut turn, request, &caller),
            Input::RecordingFailed(cause, since) => {
                let event = Event::RecorderGap {
                    cause: cause.to_owned(),
                    from_ms: since.get().min(turn.now.get()),
                    to_ms: since.get().max(turn.now.get()),
                };
                let detail =
                    "The control plane could not store what happened in this time. Nothing of it was answered, sent or run.";
                live.say(&mut turn, &event, &[("detail", detail)]).map(drop)
            }
        };
        live.note_growth(&turn);
        taken
    }

    fn before_enrolment(&mut self, turn: &mut Turn<'_>, input: Input) -> Result<(), StoreError> {
        let nothing_here = || error(ErrorCode::NotFound, "There is no such endpoint.");
        match input {
            Input::Enrolled(identity) => self.enrol(turn, *identity)?,
            Input::RuntimeOpened(conn) | Input::RuntimeMessage(conn, _) | Input::RuntimeSaid(conn, _) => {
                let ErrorBody { code, detail, .. } = nothing_here();
                self.stray.turn_away(conn, code, detail);
            }
            Input::WatchOpened(conn, _) => self.stray.send_watcher(conn, LogEvent::Error(nothing_here())),
            Input::Submit(request, ..)
            | Input::Cosign(request, ..)
            | Input::SubmitExamined(request, ..)
            | Input::AskSendable(request)
            | Input::AboutApproval(request, ..)
            | Input::AnswerByLink(request, _)
            | Input::Erase(request, ..)
            | Input::Remove(request, _) => {
                self.stray.answer(request, Err(nothing_here()));
            }
            Input::RuntimeClosed(..)
            | Input::Rules(_)
            | Input::WatchDrained(_)
            | Input::WatchClosed(_)
            | Input::ContinuesFrom(_)
            | Input::SucceededBy(_)
            | Input::ClockJumped(..)
            | Input::MailSent(..)
            | Input::RecordingFailed(..)
            | Input::Wake => {}
        }
        Ok(())
    }

    /// Makes the log, with the enrolment as its first entry.
    fn enrol(&mut self, turn: &mut Turn<'_>, identity: Identity) -> Result<(), StoreError> {
        let event = Event::EndpointEnrolled {
            key: identity.key.clone(),
            client: identity.client.clone(),
            os: identity.os.clone(),
            arch: identity.arch.clone(),
            installer: identity.installer.clone(),
        };
        let hostname = identity.hostname.clone();
        let enrolment = Enrolment {
            identity,
            enrolled_at: turn.now,
            removed: false,
        };
        enrolment.insert(turn.store)?;
        let mut live = Live::load(turn.store, enrolment, &self.alive)?;
        live.say(turn, &event, &[("hostname", &hostname)])?;
        self.live = Some(Box::new(live));
        Ok(())
    }

    /// Ends a batch: signs one checkpoint over everything appended since the last, stores it, and returns all effects queued, in order.
    ///
    /// # Errors
    /// Only the store's.
    pub fn seal(&mut self, store: &dyn Store, signer: &dyn Signer) -> Result<Vec<Effect>, StoreError> {
        let mut effects = self.stray.drain("");
        if let Some(live) = self.live.as_mut() {
            effects.extend(live.seal(store, signer)?);
        }
        Ok(effects)
    }

    /// When the object wants `Wake`, and why. An object with a deadline is not idle.
    pub fn poll_deadline(&self) -> Option<(TimeMs, &'static str)> {
        self.live.as_ref().and_then(|live| live.poll_deadline())
    }

    /// Whether the object waits for something that only its memory knows of: a hello, a pong, a runtime's word on what became of an action.
    /// A host that puts objects away without asking keeps this one for as long.
    pub fn is_waiting(&self) -> bool {
        self.live.as_ref().is_some_and(|live| live.is_waiting())
    }

    /// Whether the object holds nothing that its store does not: it may be put away, also while its runtime stays connected.
    pub fn is_idle(&self) -> bool {
        self.stray.is_empty() && self.live.as_ref().is_none_or(|live| live.is_idle())
    }
}

/// Reads a run of the log; needs no object in memory. `limit` records at most, and at most 512 KiB of them, at least one if there is one.
/// None when there is no log.
///
/// # Errors
/// The store's.
pub fn read_page(store: &dyn Store, from: Seq, limit: u32) -> Result<Option<EntriesPage>, StoreError> {
    tables::SCHEMA.apply(store)?;
    journal::read_page(store, from, limit)
}

/// What somebody who is asked has to see; needs no object in memory. None when nobody is asked about the action, or no more.
///
/// # Errors
/// The store's.
pub fn prompt(store: &dyn Store, action: &ActionId) -> Result<Option<Prompt>, StoreError> {
    tables::SCHEMA.apply(store)?;
    match approval::find(store, action)? {
        Some(asked) => asked.prompt(store),
        None => Ok(None),
    }
}

/// Revision of the rules that the endpoint's object decides by; 0 for none. Needs no object in memory.
///
/// # Errors
/// The store's.
pub fn known_rules(store: &dyn Store) -> Result<u64, StoreError> {
    tables::SCHEMA.apply(store)?;
    rules::known(store)
}

/// What a link from an e-mail leads to; needs no object in memory and changes nothing.
///
/// # Errors
/// The store's.
pub fn behind_link(store: &dyn Store, token: &LinkToken, now: TimeMs) -> Result<Shown, StoreError> {
    tables::SCHEMA.apply(store)?;
    by_link::look(store, token, now)
}

/// Cosigned checkpoints of at least this size, the smallest first, few at a time.
///
/// # Errors
/// The store's.
pub fn read_cosigned(store: &dyn Store, from_size: u64) -> Result<CosignedPage, StoreError> {
    tables::SCHEMA.apply(store)?;
    cosign::from(store, from_size.min(caisey_ledger::id::MAX_SAFE_INTEGER))
}

/// Whether this log was closed for a successor.
///
/// # Errors
/// The store's.
pub fn is_succeeded(store: &dyn Store) -> Result<bool, StoreError> {
    tables::SCHEMA.apply(store)?;
    succession::is_closed(store)
}

/// Consistency proof between two sizes of the log. None unless there is a checkpoint of `to_size` and `from_size` is not above it.
///
/// # Errors
/// The store's.
pub fn prove_consistency(store: &dyn Store, from_size: u64, to_size: u64) -> Result<Option<ProofAnswer>, StoreError> {
    tables::SCHEMA.apply(store)?;
    let Some(checkpoint) = checkpoint_at(store, to_size)? else {
        return Ok(None);
    };
    Ok(journal::prove_consistency(store, from_size, to_size)?.map(|hashes| proof_answer(&hashes, checkpoint)))
}

/// Inclusion proof of one entry in the log of a size. None unless there is a checkpoint of that size and the entry is within it.
///
/// # Errors
/// The store's.
pub fn prove_inclusion(store: &dyn Store, seq: Seq, size: u64) -> Result<Option<ProofAnswer>, StoreError> {
    tables::SCHEMA.apply(store)?;
    let Some(checkpoint) = checkpoint_at(store, size)? else {
        return Ok(None);
    };
    Ok(journal::prove_inclusion(store, seq.get(), size)?.map(|hashes| proof_answer(&hashes, checkpoint)))
}

fn checkpoint_at(store: &dyn Store, size: u64) -> Result<Option<String>, StoreError> {
    if size > caisey_ledger::id::MAX_SAFE_INTEGER {
        return Ok(None);
    }
    Row::first(store.exec("SELECT note FROM checkpoints WHERE size = ?1", &[int(size)])?)
        .map(|mut row| row.text())
        .transpose()
}

fn proof_answer(hashes: &[caisey_ledger::hash::Hash], checkpoint: String) -> ProofAnswer {
    ProofAnswer {
        hashes: hashes.iter().map(|hash| hash.to_base64()).collect(),
        checkpoint,
    }
}
