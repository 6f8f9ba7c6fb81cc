//! Policies decide, requests come to their ends, and no order of messages, losses or restarts lets anything run that was not approved.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    missing_docs,
    reason = "tests stop at the first surprise"
)]

mod asking;
mod deciding;
mod floors;
mod forms;
mod model;
