//! The host as strangers, runtimes and consoles meet it: over real HTTP and WebSocket, on real files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub
)]

mod administration;
mod approvals;
mod by_mail;
mod containment;
mod data_dir;
mod desk;
mod directory;
mod document;
mod erasure;
mod full_disk;
mod idle;
mod isolation;
mod issuer;
mod lapsing;
mod lying;
mod mail;
mod moving;
mod oidc;
mod packed;
mod providers;
mod record;
mod robot;
mod share_page;
mod sharing;
mod sign_in;
mod slow;
mod story;
mod throttled;

/// A longer frame is not read to its end.
pub const CUT_BYTES: usize = 2 << 20;
