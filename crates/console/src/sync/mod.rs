//! Keeping the cache up to date, and checking everything before it counts.

pub mod again;
mod approvals;
pub mod compare;
mod cosign;
mod directory;
pub(crate) mod engine;
mod logs;
mod watches;
pub mod witness;
