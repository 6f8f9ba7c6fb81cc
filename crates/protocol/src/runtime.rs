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
//! control → run, cancel               runtime → accepted | statements with action.refused
//! ```

use caisey_ledger::entry::SignedStatement;
use caisey_ledger::id::{ActionId, Counter, EndpointId, TimeMs};
use serde::{Deserialize, Serialize};

/// What a runtime signs to prove its key: this line, the log's origin, and the nonce, each followed by `\n`.
pub const CONNECT_CONTEXT: &str = "caisey.connect/v1";

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
    },
    /// Kill this action's process tree.
    Cancel {
        /// Which.
        action: ActionId,
    },
    /// The endpoint was removed: stop for good.
    Removed {},
    /// Last frame before the control plane closes.
    Error(crate::error::ErrorBody),
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
    /// Closing on purpose.
    Goodbye {},
}
