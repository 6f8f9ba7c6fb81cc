//! What can be wrong with a log, each with what was found.

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::hash::Hash;
use crate::id::{DeviceId, SessionId};
use crate::statement::StatementFault;
use crate::tree::ProofFault;

/// A record or checkpoint that breaks the log. The log up to there still holds.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The record is wrong in itself: altered, forged, or never well-formed.
    #[error("entry {seq} is broken")]
    Record {
        /// Where it stands, counted from what was accepted before it.
        seq: u64,
        /// Why.
        #[source]
        cause: StatementFault,
    },
    /// The entry belongs elsewhere.
    #[error("entry {seq} is of another log, {found}, not of {expected}")]
    WrongLog {
        /// Where it stands.
        seq: u64,
        /// Ours.
        expected: String,
        /// Its own.
        found: String,
    },
    /// A gap in the sequence.
    #[error("entry {expected} is missing: entry {found} follows where it should be")]
    Dropped {
        /// Next in order.
        expected: u64,
        /// What came.
        found: u64,
    },
    /// The missing entry comes later in the same batch.
    #[error("the entries are out of order: entry {found} stands where entry {expected} should be, which comes later")]
    Reordered {
        /// Next in order.
        expected: u64,
        /// What came.
        found: u64,
    },
    /// An entry with a number that was already accepted.
    #[error("entry {found} appears again where entry {expected} should be")]
    Duplicate {
        /// Next in order.
        expected: u64,
        /// What came.
        found: u64,
    },
    /// The first entry of an endpoint's log must be its enrolment, and no other may be.
    #[error("entry {seq} is {kind}: an endpoint's log begins with its enrolment, and has only one")]
    Enrolment {
        /// Where.
        seq: u64,
        /// What stands there.
        kind: String,
    },
    /// The log has not introduced the key that signed.
    #[error("entry {seq} is signed by a key that this log does not know for its author")]
    UnknownKey {
        /// Where.
        seq: u64,
        /// The key, standard base64.
        key: String,
    },
    /// A key was introduced that clashes with a known one, or is none.
    #[error("entry {seq} introduces a key for {device} that cannot be used, or in place of another key or person")]
    KeyConflict {
        /// Where.
        seq: u64,
        /// For which device.
        device: DeviceId,
    },
    /// The endpoint's own count has a hole: a statement of it was dropped.
    #[error("entry {seq} has the endpoint's counter {found}, expected was {expected}: statements of the endpoint are missing")]
    CounterGap {
        /// Where.
        seq: u64,
        /// Next in order.
        expected: u64,
        /// What came.
        found: u64,
    },
    /// The endpoint's own count goes back: one of its statements was logged twice or late.
    #[error("entry {seq} has the endpoint's counter {found}, expected was {expected}: a statement of the endpoint appears again")]
    CounterRepeated {
        /// Where.
        seq: u64,
        /// Next in order.
        expected: u64,
        /// What came.
        found: u64,
    },
    /// A session was opened twice, or used when it was not open.
    #[error("entry {seq} does not fit the session {session}: {problem}")]
    Session {
        /// Where.
        seq: u64,
        /// Which session.
        session: SessionId,
        /// How.
        problem: &'static str,
    },
    /// The checkpoint itself is no good.
    #[error("the checkpoint does not hold")]
    Checkpoint(#[from] CheckpointError),
    /// The entries are not those that the checkpoint signs.
    #[error(
        "the entries do not lead to the signed checkpoint: at {size} entries it says {signed}, they give {computed}; an entry was altered"
    )]
    Altered {
        /// At this size.
        size: u64,
        /// Signed.
        signed: Hash,
        /// Computed.
        computed: Hash,
    },
    /// Two signed checkpoints that cannot both be true: the log was rewritten or shown differently to others.
    #[error("the log has forked: a checkpoint of {} entries with root {} and one of {} with root {} are both signed and contradict each other",
        .ours.size, .ours.root, .theirs.size, .theirs.root)]
    Fork {
        /// The one that we verified and kept.
        ours: Box<Checkpoint>,
        /// The other.
        theirs: Box<Checkpoint>,
        /// What the contradiction rests on, when it is a proof that failed.
        #[source]
        cause: Option<ProofFault>,
    },
}

impl Fault {
    /// A stable word for it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Record { cause, .. } => match cause {
                StatementFault::BadSignature | StatementFault::BadKey => "bad_signature",
                StatementFault::Disclosure { .. } | StatementFault::UnknownText { .. } => "commitment_mismatch",
                _ => "malformed",
            },
            Self::WrongLog { .. } => "wrong_log",
            Self::Dropped { .. } => "dropped",
            Self::Reordered { .. } => "reordered",
            Self::Duplicate { .. } => "duplicate",
            Self::Enrolment { .. } => "enrolment",
            Self::UnknownKey { .. } => "unknown_key",
            Self::KeyConflict { .. } => "key_conflict",
            Self::CounterGap { .. } => "counter_gap",
            Self::CounterRepeated { .. } => "counter_repeated",
            Self::Session { .. } => "session",
            Self::Checkpoint(_) => "bad_checkpoint",
            Self::Altered { .. } => "altered",
            Self::Fork { .. } => "fork",
        }
    }

    /// The entry concerned, when it is one.
    pub fn seq(&self) -> Option<u64> {
        match self {
            Self::Record { seq, .. }
            | Self::WrongLog { seq, .. }
            | Self::Enrolment { seq, .. }
            | Self::UnknownKey { seq, .. }
            | Self::KeyConflict { seq, .. }
            | Self::CounterGap { seq, .. }
            | Self::CounterRepeated { seq, .. }
            | Self::Session { seq, .. } => Some(*seq),
            Self::Dropped { expected, .. } | Self::Reordered { expected, .. } | Self::Duplicate { expected, .. } => {
                Some(*expected)
            }
            Self::Checkpoint(_) | Self::Altered { .. } | Self::Fork { .. } => None,
        }
    }
}
