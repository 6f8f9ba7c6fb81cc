//! The wires between the control plane and a console.
//!
//! `GET /v1/watch` pushes the organisation's directory; `GET /v1/endpoints/{id}/watch?from=SEQ` pushes one log's records as they
//! become durable. Both are WebSockets of JSON text frames. A console may send nothing but close; everything it wants, it asks by HTTP.

use crate::consent::ApprovalView;
use crate::http::{CosignedCheckpoint, EndpointView, SessionView};
use caisey_ledger::entry::Record;
use caisey_ledger::id::{ActionId, EndpointId, Seq};
use serde::{Deserialize, Serialize};

/// Frames of `GET /v1/watch`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum DirectoryEvent {
    /// The directory as this person may see it, in as many frames as it needs (each adds to those before): the first ones, and again
    /// whenever increments would not do. `Approvals` follows the last.
    Snapshot {
        /// Endpoints, with their log's size.
        endpoints: Vec<EndpointView>,
        /// Open sessions and the most recent closed ones.
        sessions: Vec<SessionView>,
    },
    /// One endpoint is new or changed (its log grew, it connected or left, …).
    Endpoint(EndpointView),
    /// One session is new or changed.
    Session(SessionView),
    /// All approval requests that this person may see, open ones and those that ended lately: after every snapshot. Whatever a console
    /// holds as open and does not find here has ended.
    Approvals {
        /// Open ones first.
        approvals: Vec<ApprovalView>,
    },
    /// One approval request is new or changed.
    Approval(Box<ApprovalView>),
    /// Last frame before the control plane closes.
    Error(crate::error::ErrorBody),
}

/// Frames of `GET /v1/endpoints/{id}/watch`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum LogEvent {
    /// Records that follow the last ones sent, with the checkpoint that covers at least them.
    Records {
        /// Sequence number of the first.
        from: Seq,
        /// Dense.
        records: Vec<Record>,
        /// A C2SP signed note.
        checkpoint: String,
    },
    /// An earlier text was erased: its disclosure is to be destroyed.
    Erased {
        /// The entry.
        seq: Seq,
        /// Which of its texts.
        names: Vec<String>,
    },
    /// Somebody cosigned a checkpoint of this log.
    Cosigned(CosignedCheckpoint),
    /// The endpoint's runtime took the action and is about to start it.
    Accepted {
        /// Which endpoint.
        endpoint: EndpointId,
        /// Which action.
        action: ActionId,
    },
    /// Last frame before the control plane closes.
    Error(crate::error::ErrorBody),
}
