//! What a host gives an object besides its store, and what it gets back.
//!
//! An object is a synchronous state machine. A host collects waiting inputs, opens one transaction, calls `handle` for each and
//! `seal` once, commits, and only then carries out the effects that `seal` returned: nothing is said before it is durable, and one
//! fsync and one checkpoint serve the whole batch. If anything in the batch fails to be stored, the host discards the object,
//! answers every request in the batch with `NotRecorded`, closes its runtime's connection, and loads the object again on demand.

use crate::letter::{Letter, Shown};
use caisey_ledger::id::{ClientId, DeviceId, EndpointId, MemberId, OrganisationId, TimeMs};
use caisey_protocol::consent::{ApprovalAnswer, ApprovalView};
use caisey_protocol::error::ErrorBody;
use caisey_protocol::http::{CosignedPage, EndpointView, Sendable, SessionView, Submitted};
use caisey_protocol::role::Role;
use caisey_protocol::runtime::ToRuntime;
use caisey_protocol::watch::LogEvent;
use serde::{Deserialize, Serialize};

/// A live connection, numbered by the host; never reused within a host's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnId(pub u64);

/// A request that waits for an answer, numbered by the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u64);

/// Time and fresh randomness for one input. The same moment with the same state gives the same result.
#[derive(Clone, Copy)]
pub struct Moment {
    /// The host's clock.
    pub now_ms: TimeMs,
    /// 32 bytes nobody has seen.
    pub entropy: [u8; 32],
}

/// Signs checkpoints: Ed25519 (RFC 8032) with the control plane's key.
pub trait Signer {
    /// Public key, 32 bytes.
    fn public_key(&self) -> [u8; 32];
    /// Signature over the message.
    fn sign(&self, message: &[u8]) -> [u8; 64];
}

/// Who asks, as proved by an identity token or, for devices, looked up with it. Serialisable for hosts whose objects are apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// Organisation of the token. An object refuses every other.
    pub organisation: OrganisationId,
    /// The person.
    pub member: MemberId,
    /// Their name, as the issuer gives it.
    pub name: String,
    /// Role of the token.
    pub role: Role,
    /// Present exactly for contacts.
    pub client: Option<ClientId>,
    /// The registered device whose key signed what is submitted, with its public key (standard base64).
    pub device: Option<(DeviceId, String)>,
}

/// What an Endpoint object wants done once its writes are durable.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Send to the runtime.
    ToRuntime {
        /// On this connection.
        conn: ConnId,
        /// This.
        message: ToRuntime,
    },
    /// Close a runtime's connection after what was sent before.
    CloseRuntime {
        /// Which.
        conn: ConnId,
    },
    /// Send to a watching console.
    ToWatcher {
        /// On this connection.
        conn: ConnId,
        /// This.
        event: LogEvent,
    },
    /// Answer a request.
    Answer {
        /// Which.
        request: RequestId,
        /// With what.
        answer: Result<Answer, ErrorBody>,
    },
    /// Tell the Organisation object, which keeps the directory.
    Directory(DirectoryChange),
    /// Send an e-mail once, and say what became of it (`Input::MailSent`).
    Mail(Box<Letter>),
}

/// Answers to the requests that an Endpoint object takes.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// To a submitted statement or an erasure.
    Submitted(Submitted),
    /// To a console's cosignature: what others cosigned.
    Cosigned(CosignedPage),
    /// To the question whether the runtime can be reached.
    Sendable(Sendable),
    /// To what somebody said about an approval request.
    Approval(Box<ApprovalAnswer>),
    /// To what somebody typed into the page behind a link.
    ByLink(Box<Shown>),
}

/// What the directory has to know of an endpoint. Each change replaces the last one of its endpoint, session or action: safe to repeat.
#[derive(Debug, Clone, PartialEq)]
pub enum DirectoryChange {
    /// State or log size.
    Endpoint(EndpointView),
    /// Opened, changed or closed.
    Session(SessionView),
    /// Somebody was asked, or something about a request changed.
    Approval(Box<ApprovalView>),
}

/// Which database an object lives in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ObjectName {
    /// An organisation's object.
    Organisation(OrganisationId),
    /// An endpoint's object. The organisation is part of its name: two organisations never share a database.
    Endpoint(OrganisationId, EndpointId),
}
