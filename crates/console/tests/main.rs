//! The console's backend against a scripted control plane: honest, silent, forgetful and lying.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub
)]

mod cache;
mod case;
mod closing;
mod consent;
mod cosigning;
mod handover;
mod keys;
mod pages;
mod plane;
mod policies;
mod ports;
mod search;
mod synchronise;
mod tampering;
mod work;
