//! The control plane's two objects as synchronous state machines over a store port. Pure: no clock, no randomness, no I/O.
//!
//! Promises: the same inputs with the same moments give the same store and the same effects, on every host. An [`endpoint`] object keeps one
//! endpoint's log and everything about its work; an [`organisation`] object keeps who and what there is. Each lives in one SQLite
//! database, spoken to through the [`store`] port; what a host gives and takes is in [`port`]. Leaves out: transports, sign-in,
//! scheduling and files, which are the hosts'. Follows docs/ARCHITECTURE.md.

pub mod audience;
pub mod claims;
pub mod directory;
pub mod endpoint;
pub mod issuer;
mod journal;
pub mod letter;
pub mod moving;
pub mod organisation;
pub mod passphrase;
pub mod port;
mod proof;
mod refusal;
mod row;
pub mod rules;
mod schema;
pub mod store;
mod turn;
