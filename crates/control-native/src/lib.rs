//! The native host of the control plane: axum and SQLite around the pure objects of `caisey-control`.
//!
//! Promises: an answer or frame leaves only after the commit that holds what it tells (group commit, `synchronous=FULL`); one
//! writer per object; every route checks identity, role and organisation before it touches an object; idle objects cost next to
//! nothing. Leaves out: TLS (put a reverse proxy in front when it listens beyond this computer) and every decision about what goes
//! into a log, which is the objects'. Follows docs/ARCHITECTURE.md and the route table of `caisey_protocol::http`.

pub mod auth;
mod clock;
pub mod config;
mod data_dir;
mod http;
mod hub;
pub mod local;
pub mod mail;
mod moving;
mod object;
mod plane;
pub mod store;
mod succession;
mod system;

pub use caisey_control::endpoint::Decision;
pub use config::Config;
pub use mail::{MailConfig, MailConfigError, Security};
pub use moving::{MoveError, Moved, Remote, RemoteError, export, import, read_secret};
pub use plane::{ControlPlane, RouteFacts, Running, StartError};
pub use succession::{Succession, SuccessionError, succeed};
pub use system::{healthcheck, openapi, raise_file_limit};
