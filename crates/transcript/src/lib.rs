//! What leaves the house: snapshots of the record, who attested them, what was hidden, packs that a stranger can check, answers to
//! "did anyone", and tables for auditors; and how entries read to people.
//!
//! Pure: no clock, no randomness, no I/O; time, identifiers and signatures come in as arguments. Also for wasm32, where the share page
//! checks a pack in the reader's browser. Everything read is hostile until checked, and no input makes this crate panic. Byte formats:
//! docs/formats/snapshot.md and docs/formats/pack.md.

pub mod attestation;
pub mod audit;
pub mod certificate;
pub mod container;
pub mod counted;
pub mod dsse;
pub mod excerpt;
pub mod finding;
pub mod headline;
pub mod keys;
pub mod moment;
pub mod pack;
pub mod pattern;
pub mod policy;
pub mod redaction;
pub mod release;
pub mod restored;
pub mod rows;
pub mod scrub;
pub mod snapshot;
pub mod verify;
pub mod visible;
