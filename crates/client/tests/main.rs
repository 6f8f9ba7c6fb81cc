//! The client against real sockets: requests, live connections, sign-in.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod requests;
mod sign_in;
mod streams;
