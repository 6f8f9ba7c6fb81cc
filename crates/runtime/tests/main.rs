//! The runtime against real shells, a scripted control plane on a real socket, and `kill -9`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]
#![cfg(unix)]

mod commands;
mod consent;
mod control;
mod crash;
mod delivery;
mod exhaustion;
mod floors;
mod program;
mod refusals;
