//! A proof for one entry as a file: C2SP `tlog-proof` (docs/formats/proof.md).
//!
//! It holds the entry's place, its audit path and the checkpoint with its cosignatures; the entry itself travels beside it.

use crate::checkpoint::{Checkpoint, CheckpointError, MAX_NOTE_BYTES};
use crate::entry::Record;
use crate::hash::Hash;
use crate::id::MAX_SAFE_INTEGER;
use crate::statement::StatementFault;
use crate::tree::{ProofFault, check_inclusion, leaf_hash};
use crate::verify::precheck;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// First line of the file.
const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// No path in a tree of at most 2^53 leaves is longer; C2SP permits 63.
const MAX_HASHES: usize = 63;

/// That an entry is in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryProof {
    /// The entry's sequence number.
    pub index: u64,
    /// Audit path, leaf to root.
    pub hashes: Vec<Hash>,
    /// The signed note.
    pub checkpoint: String,
    /// Whatever its maker added. Nothing signs it.
    pub extra: Option<Vec<u8>>,
}

/// A proof file that proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum EntryProofError {
    /// Not the format.
    #[error("the proof file is malformed: {0}")]
    Malformed(&'static str),
    /// Its checkpoint fails.
    #[error("the proof's checkpoint does not hold")]
    Checkpoint(#[from] CheckpointError),
    /// The entry is wrong in itself, or signed by another key than it names.
    #[error("the entry is broken")]
    Entry(#[from] StatementFault),
    /// The entry is proved to be where it says it is not.
    #[error("the entry says it is number {seq} of {log}, the proof is for another place")]
    Place {
        /// Its own sequence number.
        seq: u64,
        /// Its own log.
        log: String,
    },
    /// Its path fails.
    #[error("the entry is not at its place in the log")]
    Inclusion(#[from] ProofFault),
}

impl EntryProof {
    /// Writes the file.
    pub fn to_text(&self) -> String {
        let mut out = format!("{HEADER}\n");
        if let Some(extra) = &self.extra {
            out.push_str(&format!("extra {}\n", STANDARD.encode(extra)));
        }
        out.push_str(&format!("index {}\n", self.index));
        self.hashes.iter().for_each(|hash| out.push_str(&format!("{hash}\n")));
        out.push('\n');
        out.push_str(&self.checkpoint);
        out
    }

    /// Reads the file.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn parse(text: &str) -> Result<Self, EntryProofError> {
        use EntryProofError::Malformed;
        if text.len() > 2 * MAX_NOTE_BYTES {
            return Err(Malformed("it is too long"));
        }
        let (head, checkpoint) = text
            .split_once("\n\n")
            .ok_or(Malformed("no blank line before the checkpoint"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(Malformed("the first line is another"));
        }
        let extra = match lines.next_if(|line| line.starts_with("extra ")) {
            Some(line) => Some(
                STANDARD
                    .decode(line.split_at(6).1)
                    .map_err(|_| Malformed("the extra line is not base64"))?,
            ),
            None => None,
        };
        let number = lines
            .next()
            .and_then(|line| line.strip_prefix("index "))
            .ok_or(Malformed("no index line"))?;
        let index: u64 = number.parse().map_err(|_| Malformed("the index is not a number"))?;
        if index > MAX_SAFE_INTEGER || index.to_string() != number {
            return Err(Malformed("the index is too large or not in its shortest form"));
        }
        let hashes: Vec<Hash> = lines
            .map(Hash::from_base64)
            .collect::<Option<_>>()
            .ok_or(Malformed("a hash is not 32 bytes in base64"))?;
        if hashes.len() > MAX_HASHES {
            return Err(Malformed("too many hashes"));
        }
        Ok(Self {
            index,
            hashes,
            checkpoint: checkpoint.to_owned(),
            extra,
        })
    }

    /// Checks the record by itself, and that it is in the log at the place that the proof and the entry say. Cosignatures are checked
    /// with [`crate::checkpoint::cosignature`] on the note. Whether the signer's key was the author's, only the log tells.
    ///
    /// # Errors
    /// When entry, checkpoint or path fail.
    pub fn verify(&self, record: &Record, origin: &str, public_key: &[u8; 32]) -> Result<Checkpoint, EntryProofError> {
        let checkpoint = Checkpoint::open(&self.checkpoint, origin, public_key)?;
        check_inclusion(
            leaf_hash(record.leaf.as_bytes()),
            self.index,
            checkpoint.size,
            &self.hashes,
            checkpoint.root,
        )?;
        for checked in precheck(std::slice::from_ref(record)) {
            let checked = checked?;
            let (seq, log) = (checked.entry().seq.get(), &checked.entry().statement.log);
            if seq != self.index || log != origin {
                return Err(EntryProofError::Place { seq, log: log.clone() });
            }
        }
        Ok(checkpoint)
    }
}
