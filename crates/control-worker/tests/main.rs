//! The host on real workerd, as strangers, runtimes and consoles meet it. What is told to the native host is told to this one, word for
//! word: its tests are compiled in by path, and find this host under the other's name.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub
)]

extern crate self as caisey_control_native;

#[path = "../../control-native/tests/administration.rs"]
mod administration;
#[path = "../../control-native/tests/approvals.rs"]
mod approvals;
mod asleep;
#[path = "../../control-native/tests/by_mail.rs"]
mod by_mail;
mod contract;
#[path = "../../control-native/tests/desk.rs"]
mod desk;
mod faults;
mod host;
#[path = "../../control-native/tests/isolation.rs"]
mod isolation;
#[path = "../../control-native/tests/issuer.rs"]
#[allow(dead_code)]
mod issuer;
mod kill;
mod limits;
#[path = "../../control-native/tests/lying.rs"]
mod lying;
mod mail;
#[path = "../../control-native/tests/record.rs"]
mod record;
#[path = "../../control-native/tests/share_page.rs"]
mod share_page;
#[path = "../../control-native/tests/sharing.rs"]
#[allow(dead_code)]
mod sharing;
#[path = "../../control-native/tests/story.rs"]
mod story;
mod surface;
mod workerd;

pub use host::{Config, ControlPlane, RouteFacts, Running, config};

/// A longer frame does not reach an object: the platform ends the connection.
pub const CUT_BYTES: usize = 32 << 20;
