//! The desktop program without the desktop: encrypted cache, synchronisation, witness, search, view models, ports for the shell.
//!
//! Start at [`facade::Console`]. Names no user interface toolkit; src-tauri, `caisey` and the journeys all drive the same object.

pub mod bench;
pub mod cache;
pub mod consent;
pub mod error;
pub mod export;
pub mod facade;
pub mod gather;
pub mod kept_tokens;
pub mod key_store;
pub mod passphrase;
pub mod ports;
mod processors;
pub mod profile;
pub mod remembered;
pub mod state_change;
pub mod sync;
pub mod timeline;
pub mod view;

pub use caisey_transcript::{headline, visible};

pub use caisey_client::token::{BearerToken, FixedToken, TokenSource};
pub use error::{ConsoleError, ErrorView};
pub use facade::{Access, CancelFlag, Console, ConsoleConfig, SignIn};
pub use ports::{Clock, Entropy, KeyStore, KeyStoreError, Ports};
pub use sync::compare::Compared;
