//! The file that is checked (docs/formats/session-export.md), as far as checking it needs.

use anyhow::{Result, ensure};
use caisey_ledger::disclosure::Disclosure;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The format that this program checks.
pub(crate) const FORMAT: &str = "caisey.session-export/v1";

/// An exported session.
#[derive(Deserialize)]
pub(crate) struct Record {
    format: String,
    /// Origin of the log.
    pub(crate) log: String,
    /// The key that the file says signs checkpoints.
    pub(crate) checkpoint_key: Option<String>,
    /// Summary of the session.
    pub(crate) session: Session,
    /// First entry.
    pub(crate) first_seq: u64,
    /// Last entry.
    pub(crate) last_seq: u64,
    /// The signed note.
    pub(crate) checkpoint: Option<String>,
    /// Whose the cosignatures on it are, by the exporting console's word.
    #[serde(default)]
    pub(crate) witnesses: Vec<Witness>,
    /// Every entry from the first to the last.
    pub(crate) entries: Vec<Entry>,
    /// Earlier entries that introduce the keys which signed these: enrolment, devices.
    #[serde(default)]
    pub(crate) keys: Vec<Entry>,
    /// What the exporting console found wrong with the log.
    #[serde(default)]
    pub(crate) faults: Vec<String>,
}

/// Who cosigned, as the file says.
#[derive(Deserialize)]
pub(crate) struct Witness {
    /// Name in the signature line.
    pub(crate) name: String,
    /// Public key, base64.
    pub(crate) key: String,
    /// For people.
    pub(crate) who: String,
}

/// Whose record it is.
#[derive(Deserialize)]
pub(crate) struct Session {
    /// Identifier.
    pub(crate) session: String,
}

/// One entry with its proof.
#[derive(Deserialize)]
pub(crate) struct Entry {
    /// Where the file says that it stands.
    pub(crate) seq: u64,
    /// Whether the file says that it belongs to the session.
    #[serde(default)]
    pub(crate) in_session: bool,
    /// The Merkle leaf's bytes.
    pub(crate) leaf: String,
    /// Texts.
    #[serde(default)]
    pub(crate) disclosures: BTreeMap<String, Disclosure>,
    /// Audit path, leaf to root.
    #[serde(default)]
    pub(crate) inclusion_proof: Vec<String>,
}

impl Record {
    /// Reads the file.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self> {
        let record: Self = serde_json::from_slice(bytes)?;
        ensure!(
            record.format == FORMAT,
            "its format is {:?}; this program checks {FORMAT:?}. A newer program may know it",
            record.format
        );
        Ok(record)
    }
}
