//! The wire between a runtime and the control plane: `GET /v1/runtime/connect?organisation=ORG&endpoint=EP`, upgraded to a WebSocket of
//! JSON text frames. Both identifiers are in the log's origin, `<authority>/<organisation>/<endpoint>`.
//!
//! ```text
//! control → challenge                 a nonce
//! runtime → hello                     who, versions, signature over the nonce, its own next counter, running actions
//! control → welcome                   the next counter it lacks; the runtime resends from there
//! runtime → statements                signed, counters dense; resent until acknowledged
//! control → acked                     durable up to here (exclusive); the runtime may forget what is below
//! control → ping, runtime → pong      can a call be answered right now?
//! control → contacts                  what the client's contacts say (docs/formats/consent.md): after the welcome, and as it grows
//! control → run, cancel               runtime → accepted | statements with action.refused
//! control → grown                     what the log gained; the runtime rebuilds the tree and finds its statements in it
//! runtime → cosigned | show           its signature over the checkpoint, or where its own tree ends
//! ```

use caisey_ledger::consent::{Consent, SignedContactStatement};
use caisey_ledger::entry::{Record, SignedStatement};
use caisey_ledger::hash::Hash;
use caisey_ledger::id::{ActionId, Counter, EndpointId, TimeMs};
use serde::{Deserialize, Serialize};

/// What a runtime signs to prove its key: this line, the log's origin, and the nonce, each followed by `\n`.
pub const CONNECT_CONTEXT: &str = "caisey.connect/v1";

/// Statements in one `Contacts` frame, so that it fits into [`crate::MAX_MESSAGE_BYTES`] whatever they say.
pub const MAX_CONTACT_STATEMENTS: usize = 64;

/// Control plane to runtime.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToRuntime {
    /// First frame of a connection.
    Challenge {
        /// [`crate::PROTOCOL_VERSION`] of the control plane.
        version: u32,
        /// 32 random bytes, standard base64.
        nonce: String,
    },
    /// The key is proved; from here on statements are taken.
    Welcome {
        /// First counter that the control plane does not have.
        next_counter: Counter,
        /// The control plane's time.
        time_ms: TimeMs,
        /// Actions that the control plane believes are running; the runtime answers for each that it does not know.
        running: Vec<ActionId>,
    },
    /// Every statement below this counter is durable and in the log.
    Acked {
        /// Exclusive.
        next_counter: Counter,
        /// The checkpoint that covers them: a C2SP signed note.
        checkpoint: String,
    },
    /// What the log gained, for a runtime that said what it has seen ([`Seen`]): enough to rebuild the tree, because the runtime knows its
    /// own statements. Comes about once a second while the log grows, at the end of a session, after a hello, and when asked by `Show`.
    Grown {
        /// Entries before the first of `leaves`.
        from: u64,
        /// Counter of the first statement of the endpoint that is among `leaves` as [`Leaf::Ours`], or would be the next.
        first_counter: Counter,
        /// Dense, at most [`MAX_LEAVES`]. When they end before the checkpoint's size, the runtime asks for more.
        leaves: Vec<Leaf>,
        /// The newest checkpoint: a C2SP signed note.
        checkpoint: String,
    },
    /// Can you answer?
    Ping {
        /// To be returned.
        nonce: u64,
    },
    /// Run this. It is already in the log.
    Run {
        /// The `action.proposed` statement as its author signed it, texts disclosed in full: interpreter, limits, command, `cwd` and
        /// `probe` are read from nowhere else.
        proposal: Box<SignedStatement>,
        /// On what it may run. The runtime checks it by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        consent: Option<Box<Consent>>,
    },
    /// A run of the client's chain of statements. The runtime takes what continues the chain that it knows, and nothing else.
    Contacts {
        /// In order; their numbers are dense. At most [`MAX_CONTACT_STATEMENTS`].
        statements: Vec<SignedContactStatement>,
    },
    /// Kill this action's process tree.
    Cancel {
        /// Which.
        action: ActionId,
    },
    /// The log was closed and goes on as another one, because the control plane was restored from a backup. Followed only with what the
    /// runtime can check by itself: the checkpoint signs exactly these records; the first enrols this endpoint's own key; the second names
    /// this log as its predecessor.
    Succeeded {
        /// The endpoint under its new name.
        endpoint: EndpointId,
        /// Origin of the new log.
        log: String,
        /// Its first entries.
        records: Vec<Record>,
        /// A C2SP signed note.
        checkpoint: String,
    },
    /// The endpoint was removed: stop for good.
    Removed {},
    /// Last frame before the control plane closes.
    Error(crate::error::ErrorBody),
}

/// Leaves in one [`ToRuntime::Grown`] at most.
pub const MAX_LEAVES: usize = 4_096;

/// One entry of the log, for somebody who knows what they said themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Leaf {
    /// The endpoint's next statement, placed at this time: with its place it is the whole leaf.
    Ours(TimeMs),
    /// Anybody else's entry: the leaf's hash in the tree.
    Other(Hash),
}

/// How much of its log a runtime has checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Seen {
    /// Entries in its own tree.
    pub size: u64,
    /// The first of its statements that is not in that tree. Earlier ones may come as hashes: it no longer has them.
    pub counter: Counter,
}

/// Runtime to control plane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromRuntime {
    /// Answers the challenge.
    Hello {
        /// [`crate::PROTOCOL_VERSION`] of the runtime.
        version: u32,
        /// Who.
        endpoint: EndpointId,
        /// Ed25519 signature over [`CONNECT_CONTEXT`], origin and nonce; standard base64.
        signature: String,
        /// The runtime's program version.
        runtime_version: String,
        /// The counter its next new statement will carry.
        next_counter: Counter,
        /// Actions whose process is alive.
        running: Vec<ActionId>,
        /// Whether commands run with an administrator's rights; none from a runtime that does not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        elevated: Option<bool>,
        /// What it has checked of the log; none when it does not check.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen: Option<Seen>,
    },
    /// New or repeated statements, counters ascending and dense within the message.
    Statements {
        /// At least one.
        statements: Vec<SignedStatement>,
    },
    /// The `Run` was stored and will be acted on.
    Accepted {
        /// Which.
        action: ActionId,
    },
    /// Yes.
    Pong {
        /// From the ping.
        nonce: u64,
    },
    /// Its tree ends there; show what follows.
    Show(Seen),
    /// It has rebuilt the tree of this checkpoint, found all of its statements in it, and the checkpoint extends all that it had seen.
    Cosigned {
        /// The checkpoint's size.
        size: u64,
        /// Signature line for the note (docs/formats/log.md, "Cosignature").
        cosignature: String,
    },
    /// Closing on purpose.
    Goodbye {},
}
