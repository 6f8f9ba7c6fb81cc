//! The rules on text of their own making and on the labelled corpus.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]
mod corpus;
mod forms;
mod rules;
mod score;
mod weighed;
mod workers;
