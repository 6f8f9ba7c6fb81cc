//! Checkpoints and cosignatures: C2SP `tlog-checkpoint`, `signed-note` and `tlog-cosignature` (Ed25519), in docs/formats/log.md.
//!
//! The envelope is read and written by the `signed_note` crate; keys and signatures are ours, strict as those of
//! statements.

use crate::hash::{Hash, decode_base64};
use crate::id::MAX_SAFE_INTEGER;
use crate::signature::Key;
use crate::statement::{MAX_ORIGIN_BYTES, check_origin};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use signed_note::{Note, Verifier, VerifierList, key_id};

/// A note longer than this is refused unread.
pub const MAX_NOTE_BYTES: usize = 65_536;

/// Signature type of a log's own Ed25519 signature (C2SP signed-note).
const ED25519: u8 = 0x01;
/// Signature type of a timestamped Ed25519 cosignature (C2SP tlog-cosignature).
const COSIGNATURE: u8 = 0x04;

/// A tree head: what a checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// The log.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// Root of their tree.
    pub root: Hash,
}

/// A note that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not a signed note at all.
    #[error("the checkpoint is not a signed note")]
    Note,
    /// A signed note whose text is not a tree head.
    #[error("the checkpoint's text is malformed: {0}")]
    Body(&'static str),
    /// Another log's.
    #[error("the checkpoint is of the log {found}, expected was {expected}")]
    Origin {
        /// Wanted.
        expected: String,
        /// Found.
        found: String,
    },
    /// A name that keys cannot have.
    #[error("`{0}` cannot be the name of a key")]
    Name(String),
    /// Not an Ed25519 public key.
    #[error("the key is not a usable Ed25519 public key")]
    Key,
    /// Signed by nobody who is known, or not at all.
    #[error(
        "the checkpoint carries no signature of the key that it should: it may be forged, or the key is an old or unrelated one"
    )]
    NotSigned,
    /// The key's name is there, its signature does not hold.
    #[error("a signature on the checkpoint does not hold: it was altered, or another key signed it")]
    BadSignature,
}

impl Checkpoint {
    /// The text that is signed: origin, size, root, each on its line.
    pub fn body(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root)
    }

    /// Reads the text of a checkpoint. Extension lines, which C2SP permits, are signed but mean nothing here.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn parse_body(body: &str) -> Result<Self, CheckpointError> {
        let text = body
            .strip_suffix('\n')
            .ok_or(CheckpointError::Body("no line feed at the end"))?;
        let mut lines = text.split('\n');
        let mut next = || {
            lines
                .next()
                .filter(|line| !line.is_empty())
                .ok_or(CheckpointError::Body("a line is missing or empty"))
        };
        let (origin, size_text, root) = (next()?, next()?, next()?);
        check_origin(origin).map_err(|_| CheckpointError::Name(shortened(origin)))?;
        let size: u64 = size_text
            .parse()
            .map_err(|_| CheckpointError::Body("the size is not a number"))?;
        if size > MAX_SAFE_INTEGER || size.to_string() != size_text {
            return Err(CheckpointError::Body("the size is too large or not in its shortest form"));
        }
        let root = Hash::from_base64(root).ok_or(CheckpointError::Body("the root is not 32 bytes in base64"))?;
        if lines.any(str::is_empty) {
            return Err(CheckpointError::Body("an empty extension line"));
        }
        Ok(Self {
            origin: origin.to_owned(),
            size,
            root,
        })
    }

    /// Makes the signed note; the key's name is the origin. `sign` is Ed25519 (RFC 8032) with the secret of `public_key`.
    ///
    /// # Errors
    /// When the origin cannot be a key's name.
    pub fn sign(&self, public_key: &[u8; 32], sign: impl FnOnce(&[u8]) -> [u8; 64]) -> Result<String, CheckpointError> {
        let body = self.body();
        Self::parse_body(&body)?;
        let signature = sign(body.as_bytes());
        note_with(&body, &self.origin, ED25519, public_key, &signature)
    }

    /// Reads a signed note and checks the log's signature.
    ///
    /// # Errors
    /// When it is malformed, of another log, or not signed by this key.
    pub fn open(note: &str, origin: &str, public_key: &[u8; 32]) -> Result<Self, CheckpointError> {
        let checkpoint = Self::read(note)?;
        if checkpoint.origin != origin {
            return Err(CheckpointError::Origin {
                expected: origin.to_owned(),
                found: checkpoint.origin,
            });
        }
        let verified = verified(note, NoteKey::new(origin, ED25519, *public_key)?)?;
        if verified.is_empty() {
            Err(CheckpointError::NotSigned)
        } else {
            Ok(checkpoint)
        }
    }

    /// Reads a note without checking any signature: to find out which log it claims to be of.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn read(note: &str) -> Result<Self, CheckpointError> {
        let note = parse(note)?;
        Self::parse_body(std::str::from_utf8(note.text()).map_err(|_| CheckpointError::Note)?)
    }
}

/// A witness's statement: I have seen this checkpoint, and it extends all earlier ones that I saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosignature {
    /// When, seconds since the Unix epoch, by the witness's clock.
    pub time_s: u64,
}

fn cosigned_bytes(time_s: u64, body: &[u8]) -> Vec<u8> {
    [b"cosignature/v1\ntime ", time_s.to_string().as_bytes(), b"\n", body].concat()
}

/// Adds a witness's cosignature to a note. The note's own signature must have been checked, and that it extends the last one seen.
///
/// # Errors
/// When the note is malformed or the name cannot be a key's.
pub fn cosign(
    note: &str,
    name: &str,
    public_key: &[u8; 32],
    time_s: u64,
    sign: impl FnOnce(&[u8]) -> [u8; 64],
) -> Result<String, CheckpointError> {
    Checkpoint::read(note)?;
    let parsed = parse(note)?;
    let signature = sign(&cosigned_bytes(time_s, parsed.text()));
    let body = std::str::from_utf8(parsed.text()).map_err(|_| CheckpointError::Note)?;
    let lines = note.get(body.len() + 1..).ok_or(CheckpointError::Note)?;
    let stamped = [time_s.to_be_bytes().as_slice(), &signature].concat();
    let line = note_with(body, name, COSIGNATURE, public_key, &stamped)?;
    let line = line.get(body.len() + 1..).ok_or(CheckpointError::Note)?;
    Ok(format!("{body}\n{lines}{line}"))
}

/// Checks a witness's cosignature on a note; none when the note carries none of this witness.
///
/// # Errors
/// When the note is malformed, or the witness's signature does not hold.
pub fn cosignature(note: &str, name: &str, public_key: &[u8; 32]) -> Result<Option<Cosignature>, CheckpointError> {
    Checkpoint::read(note)?;
    let verified = verified(note, NoteKey::new(name, COSIGNATURE, *public_key)?)?;
    let time = verified
        .first()
        .and_then(|signature| signature.signature().first_chunk::<8>());
    Ok(time.map(|time| Cosignature {
        time_s: u64::from_be_bytes(*time),
    }))
}

/// A log's key as C2SP writes it: `<origin>+<id>+<key>`.
///
/// # Errors
/// When the name cannot be a key's.
pub fn vkey(origin: &str, public_key: &[u8; 32]) -> Result<String, CheckpointError> {
    NoteKey::new(origin, ED25519, *public_key).map(|key| key.to_string())
}

/// A witness's key as C2SP writes it.
///
/// # Errors
/// When the name cannot be a key's.
pub fn cosigner_vkey(name: &str, public_key: &[u8; 32]) -> Result<String, CheckpointError> {
    NoteKey::new(name, COSIGNATURE, *public_key).map(|key| key.to_string())
}

/// Reads what [`vkey`] writes: name and public key.
///
/// # Errors
/// When it is malformed, its id does not fit, or it is of another type.
pub fn parse_vkey(vkey: &str) -> Result<(String, [u8; 32]), CheckpointError> {
    let malformed = || CheckpointError::Key;
    let (name, rest) = vkey.split_once('+').ok_or_else(malformed)?;
    let (_, key) = rest.split_once('+').ok_or_else(malformed)?;
    let typed: [u8; 33] = decode_base64(key).ok_or_else(malformed)?;
    let [kind, key @ ..] = typed;
    let parsed = NoteKey::new(name, ED25519, key)?;
    if kind == ED25519 && parsed.to_string() == vkey {
        Ok((parsed.name, key))
    } else {
        Err(malformed())
    }
}

/// A name, type and key that verify one line of a note.
struct NoteKey {
    name: String,
    typed: Vec<u8>,
    kind: u8,
    key: Key,
}

impl NoteKey {
    fn new(name: &str, kind: u8, key: [u8; 32]) -> Result<Self, CheckpointError> {
        if name.len() > MAX_ORIGIN_BYTES || !signed_note::is_key_name_valid(name) || name.chars().any(char::is_control) {
            return Err(CheckpointError::Name(shortened(name)));
        }
        let typed = [&[kind], key.as_slice()].concat();
        let key = Key::from_bytes(key).ok_or(CheckpointError::Key)?;
        Ok(Self {
            name: name.to_owned(),
            typed,
            kind,
            key,
        })
    }
}

impl std::fmt::Display for NoteKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}+{:08x}+{}", self.name, self.key_id(), STANDARD.encode(&self.typed))
    }
}

impl Verifier for NoteKey {
    fn name(&self) -> &str {
        &self.name
    }

    fn key_id(&self) -> u32 {
        key_id(&self.name, &self.typed)
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        if self.kind == ED25519 {
            return signature
                .try_into()
                .is_ok_and(|signature| self.key.verify(&[message], signature));
        }
        let Some((time, signature)) = signature.split_first_chunk::<8>() else {
            return false;
        };
        let message = cosigned_bytes(u64::from_be_bytes(*time), message);
        signature
            .try_into()
            .is_ok_and(|signature| self.key.verify(&[&message], signature))
    }
}

fn parse(note: &str) -> Result<Note, CheckpointError> {
    if note.len() > MAX_NOTE_BYTES {
        return Err(CheckpointError::Note);
    }
    Note::from_bytes(note.as_bytes()).map_err(|_| CheckpointError::Note)
}

/// Signatures of this key on the note; a wrong one under its name is an error.
fn verified(note: &str, key: NoteKey) -> Result<Vec<signed_note::Signature>, CheckpointError> {
    match parse(note)?.verify(&VerifierList::new(vec![Box::new(key)])) {
        Ok((verified, _)) => Ok(verified),
        Err(signed_note::NoteError::UnverifiedNote) => Ok(Vec::new()),
        Err(_) => Err(CheckpointError::BadSignature),
    }
}

fn note_with(body: &str, name: &str, kind: u8, public_key: &[u8; 32], signature: &[u8]) -> Result<String, CheckpointError> {
    let key = NoteKey::new(name, kind, *public_key)?;
    let line =
        signed_note::Signature::new(key.name.clone(), key.key_id(), signature.to_vec()).map_err(|_| CheckpointError::Note)?;
    let note = Note::new(body.as_bytes(), &[line]).map_err(|_| CheckpointError::Note)?;
    String::from_utf8(note.to_bytes()).map_err(|_| CheckpointError::Note)
}

/// Enough of a hostile name to recognise it.
fn shortened(name: &str) -> String {
    name.chars().take(80).collect()
}
