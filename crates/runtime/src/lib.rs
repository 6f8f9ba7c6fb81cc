//! The endpoint's runtime: enrols a machine, keeps an outward connection, runs commands exactly as proposed, and records everything
//! about them in signed statements that survive crashes, lost networks and a full disk.
//!
//! The binary `caisey-runtime` is a thin shell around this library; the desktop embeds the same for "this computer". Invariants: a
//! statement is durable before it is sent and kept until it is acknowledged; an action runs at most once, ever; recording has no off
//! switch. Follows docs/formats/entry.md and `caisey_protocol::runtime`.

mod actions;
mod clock;
mod consent;
mod daemon;
mod enrol;
mod execute;
mod identity;
mod limits;
mod link;
mod look;
mod machine;
mod outbox;
mod proposal;
pub mod service;
mod state;
mod succession;
mod voice;
mod witness;

pub use consent::ContactsError;
pub use daemon::{Runtime, StartError, Status};
pub use enrol::{EnrolError, enrol};
pub use execute::tree::adopt_orphans;
pub use identity::{EndpointKey, Enrolment, IdentityError};
pub use limits::Limits;
pub use outbox::{StoreError, Waiting, waiting};
pub use proposal::Refusal;
pub use state::{InstanceLock, StateDir, StateError};
pub use voice::{Voice, VoiceError};
