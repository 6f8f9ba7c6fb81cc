//! What crosses the crate's surface: the labelled corpus, hostile texts, probes in real shells.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs
)]

mod corpus;
mod hostile;
mod lists;
mod quoting;
