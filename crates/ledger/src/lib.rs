//! The record: entries, text commitments, the Merkle tree over them, checkpoints, proofs, and their verification.
//!
//! Pure: no clock, no randomness, no I/O, no threads; also for wasm32. Everything that arrives is hostile until checked, and no
//! input makes this crate panic. Every byte format has a page with vectors in docs/formats; the standards behind it are RFC 6962,
//! RFC 8785, RFC 8032 and C2SP's signed-note, tlog-checkpoint, tlog-cosignature and tlog-proof.
//!
//! Where to begin: [`statement::Draft`] makes and signs, [`admission`] examines what is offered to a log, [`tree::Frontier`] and [`checkpoint::Checkpoint`] log,
//! [`verify::LogVerifier`] verifies, [`redaction`] hides and opens.
pub mod admission;
pub mod canonical;
pub mod checkpoint;
pub mod consent;
pub mod disclosure;
mod draft;
pub mod entry;
pub mod event;
pub mod fault;
pub mod hash;
pub mod id;
pub mod keyring;
pub mod kind;
pub mod lossless;
mod multiples;
mod precheck;
pub mod proof;
pub mod redaction;
#[cfg(any(test, feature = "sample"))]
pub mod sample;
pub mod set_proof;
mod signature;
pub mod statement;
pub mod text;
pub mod tree;
pub mod verify;
pub mod witness;
