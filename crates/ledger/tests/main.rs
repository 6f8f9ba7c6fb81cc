//! Whole logs, standards' vectors, other people's implementations, and hostile input.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    missing_docs,
    reason = "tests stop at the first surprise"
)]

mod attacks;
mod consenting;
mod disclosing;
mod floors;
mod golden;
mod hostile;
mod standards;
mod story;
mod tampering;
mod verifying;
