//! For tests only: seeded randomness, stores that fail on purpose, the contract of every store, and scripted peers with real keys.
//!
//! Promises: nothing here reads a clock or draws randomness by itself, so a failing test fails again with the same seed. Panics are this
//! crate's way to report: it runs in tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

pub mod consent;
pub mod contract;
pub mod dice;
pub mod faulty;
pub mod person;
pub mod plane;
pub mod runtime;
