//! What crosses the crate's surface: the labelled corpus, hostile texts, probes in real shells.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod corpus;
mod hostile;
mod timing_tmp;
