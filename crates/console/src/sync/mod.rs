//! Keeping the cache up to date, and checking everything before it counts.

pub mod again;
pub(crate) mod engine;
pub mod witness;
