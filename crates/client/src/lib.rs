//! Reaching the control plane: addresses, requests, live connections, sign-in.
//!
//! [`connection`] decides *when* to connect and is pure. Everything else does I/O: [`api`] asks over HTTPS, [`socket`] streams over
//! WebSocket, `oidc` and `account` (a feature) sign a person in. This crate moves entries and never looks inside them, and it holds no state on disk.

#[cfg(feature = "oidc")]
pub mod account;
pub mod address;
pub mod api;
pub mod awake;
pub mod connection;
pub mod error;
mod exchange;
#[cfg(feature = "oidc")]
mod loopback;
#[cfg(feature = "oidc")]
pub mod oidc;
pub mod socket;
pub mod stamp;
mod tls;
pub mod token;

pub use address::ControlUrl;
pub use api::Api;
pub use error::ApiError;
