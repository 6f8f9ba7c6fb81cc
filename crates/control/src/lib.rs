//! The control plane's two objects as synchronous state machines over a store port. Pure: no clock, no randomness, no I/O.
pub mod endpoint;
pub mod organisation;
pub mod port;
pub mod store;
