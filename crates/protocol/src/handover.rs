//! Reviews of snapshots, and the proofs that say whose key signed (docs/formats/snapshot.md).
//!
//! | method and path | body → answer | permission |
//! |---|---|---|
//! | GET /v1/keys?device= | → `KeyEvidence` of a console's registration | any member, not contacts |
//! | POST /v1/reviews | `SubmitReview` → `ReviewView` | ReadRecords, not contacts |
//! | GET /v1/reviews?of= (digest of a snapshot, a session, or `period:FROM:TO`) | → `[ReviewView]` | ReadRecords, not contacts |

use caisey_ledger::entry::Record;
use caisey_ledger::id::{MemberId, TimeMs};
use serde::{Deserialize, Serialize};

/// That the organisation's own log introduced a console's key: the entry, and what proves its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct KeyEvidence {
    /// The `device.registered` entry with its texts.
    #[schema(value_type = Object)]
    pub record: Record,
    /// The newest checkpoint of that log: a C2SP signed note.
    pub checkpoint: String,
    /// Set proof for this one entry (docs/formats/pack.md), each 32 bytes, standard base64.
    pub proof: Vec<String>,
}

/// A reviewer's verdict on a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SubmitReview {
    /// The snapshot's canonical bytes.
    pub snapshot: String,
    /// The signed attestation or refusal.
    pub envelope: String,
}

/// A verdict that was accepted: its author took no part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReviewView {
    /// SHA-256 of the snapshot, lower-case hexadecimal.
    pub snapshot: String,
    /// Its canonical bytes.
    pub snapshot_text: String,
    /// Who reviewed.
    #[schema(value_type = String)]
    pub member: MemberId,
    /// The signed attestation or refusal.
    pub envelope: String,
    /// When the control plane took it.
    #[schema(value_type = u64)]
    pub at_ms: TimeMs,
    /// Whose key signed it.
    pub key: KeyEvidence,
}
