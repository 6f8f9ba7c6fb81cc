//! The control plane on Cloudflare Workers: the pure objects of `caisey-control` in SQLite-backed Durable Objects, one WebAssembly instance
//! each, and the front that requests pass before they reach one.
//!
//! Promises: what leaves an object is durable first (the platform holds it back until the commit); an object's mistake costs one caller an
//! error and nobody else anything; every route checks identity, role and organisation before it names an object. Time and randomness come in
//! with every call; sockets, alarms, keys of issuers and other objects are the JavaScript's in `worker/`, which decides nothing. Leaves out:
//! accounts of its own (people sign in at an identity provider) and everything about what goes into a log. Follows docs/ARCHITECTURE.md and
//! docs/decisions/0062-the-control-plane-on-workers.md.

#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code))] // the boundary that uses all of it is there only

#[cfg(target_arch = "wasm32")]
pub mod abi;
mod answer;
mod config;
mod endpoint;
mod front;
mod letter;
mod mail;
mod moving;
mod organisation;
mod parcel;
mod place;
mod sql;

pub use front::routes;
