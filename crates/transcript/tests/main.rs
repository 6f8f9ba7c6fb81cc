//! Whole packs: made, checked, attacked.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    missing_docs,
    reason = "tests stop at the first surprise"
)]

mod answering;
mod attacks;
mod auditing;
mod hiding;
mod made;
mod naming;
mod restoring;
mod scrubbing;
#[path = "../../ledger/tests/story.rs"]
#[allow(dead_code, reason = "made for the ledger's tests")]
mod story;
mod verifying;
