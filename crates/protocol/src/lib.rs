//! The one contract between runtime, control plane and console: data only, no behaviour beyond parsing.
//!
//! HTTPS carries requests as JSON ([`http`]); WebSockets carry streams as JSON text frames ([`runtime`], [`watch`]). Everything is
//! versioned from the first message ([`PROTOCOL_VERSION`]). Entries themselves are defined by `caisey-ledger`; this crate moves them
//! and never looks inside. Every message that must not be lost has an idempotency key (an action's or session's own identifier,
//! an endpoint's dense counter) and is acknowledged only once it is durable.

pub mod consent;
pub mod error;
pub mod handover;
pub mod http;
pub mod mail;
pub mod role;
pub mod runtime;
pub mod schema;
pub mod share;
pub mod sign_in;
pub mod watch;

/// Version of both wires. A peer that speaks another one is answered with [`error::ErrorCode::UnsupportedVersion`].
pub const PROTOCOL_VERSION: u32 = 1;

/// A WebSocket message may not be longer than this, in bytes of UTF-8, either way.
pub const MAX_MESSAGE_BYTES: usize = 1 << 20;

/// An HTTP request body may not be longer than this, in bytes.
pub const MAX_BODY_BYTES: usize = 1 << 20;

/// A command's text may not be longer than this, in bytes of UTF-8.
pub const MAX_COMMAND_BYTES: usize = 32_768;
