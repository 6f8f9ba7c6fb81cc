//! Cosignatures as they travel and are kept: one line beside the note that it belongs to, under the witness's name.
//!
//! A witness signs [`crate::checkpoint::cosign`] only what extends everything that it signed before. Names: an endpoint's runtime and a
//! person's console witness logs of their own organisation as `<authority>/<organisation>/witness/<identifier>`, external witnesses
//! (C2SP tlog-witness) under the name that their operator gave them. Leaves out: whose key a name stands for. Follows C2SP signed-note
//! and tlog-cosignature; docs/formats/log.md.

use crate::checkpoint::{Checkpoint, CheckpointError, MAX_NOTE_BYTES, cosign, cosignature};

/// A signature line is never longer: a name, a key id, 72 bytes in base64.
pub const MAX_LINE_BYTES: usize = 1_024;

/// The name under which a runtime (`ep_…`) or a console (`dev_…`) cosigns the log of this origin; none when the origin is not one.
pub fn witness_name(origin: &str, id: &str) -> Option<String> {
    let mut parts = origin.split('/');
    let (authority, organisation) = (parts.next()?, parts.next()?);
    let plain = |part: &str| !part.is_empty();
    (plain(authority) && plain(organisation) && plain(id)).then(|| format!("{authority}/{organisation}/witness/{id}"))
}

/// The identifier in a [`witness_name`] that fits the log of this origin.
pub fn witness_id<'a>(origin: &str, name: &'a str) -> Option<&'a str> {
    let (prefix, id) = name.rsplit_once('/')?;
    (witness_name(origin, id)? == format!("{prefix}/{id}")).then_some(id)
}

/// A witness's signature over a note, as one line with its line feed. The note's own signature must have been checked, and that it
/// extends the last one that was cosigned.
///
/// # Errors
/// When the note is malformed or the name cannot be a key's.
pub fn cosignature_line(
    note: &str,
    name: &str,
    public_key: &[u8; 32],
    time_s: u64,
    sign: impl FnOnce(&[u8]) -> [u8; 64],
) -> Result<String, CheckpointError> {
    let cosigned = cosign(note, name, public_key, time_s, sign)?;
    cosigned.strip_prefix(note).map(str::to_owned).ok_or(CheckpointError::Note)
}

/// Checks a line that somebody offers for a note; gives its time, seconds since the Unix epoch.
///
/// # Errors
/// When it is not one line, not of this witness, or does not hold.
pub fn check_line(note: &str, line: &str, name: &str, public_key: &[u8; 32]) -> Result<u64, CheckpointError> {
    let found = cosignature(&with_line(note, line)?, name, public_key)?;
    found.map(|found| found.time_s).ok_or(CheckpointError::NotSigned)
}

/// The note with one more line. Whether the line holds is another question.
///
/// # Errors
/// When the line is not exactly one signature line, or the note would become too long.
pub fn with_line(note: &str, line: &str) -> Result<String, CheckpointError> {
    let one = line
        .strip_suffix('\n')
        .filter(|rest| !rest.contains('\n') && rest.starts_with("— "));
    if one.is_none() || line.len() > MAX_LINE_BYTES || note.len().saturating_add(line.len()) > MAX_NOTE_BYTES {
        return Err(CheckpointError::Note);
    }
    let longer = format!("{note}{line}");
    Checkpoint::read(&longer)?;
    Ok(longer)
}

/// Splits a note into the text with the log's own signature, and the lines of all others, each with the name that it claims.
///
/// # Errors
/// When it is malformed or the log's own line is missing.
pub fn split(note: &str) -> Result<(String, Vec<(String, String)>), CheckpointError> {
    let checkpoint = Checkpoint::read(note)?;
    let at = note.find("\n\n").ok_or(CheckpointError::Note)? + 2;
    let (text, lines) = (note.get(..at), note.get(at..));
    let (text, lines) = text.zip(lines).ok_or(CheckpointError::Note)?;
    let mut own = None;
    let mut others = Vec::new();
    for line in lines.split_inclusive('\n') {
        let name = line.strip_prefix("— ").and_then(|rest| rest.split(' ').next());
        let name = name.ok_or(CheckpointError::Note)?;
        if name == checkpoint.origin && own.is_none() {
            own = Some(line);
        } else {
            others.push((name.to_owned(), line.to_owned()));
        }
    }
    let own = own.ok_or(CheckpointError::NotSigned)?;
    Ok((format!("{text}{own}"), others))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::hash::Hash;
    use ed25519_dalek::{Signer as _, SigningKey};

    const LOG: &str = "caisey.example/org_1/ep_1";

    fn note(size: u64) -> String {
        let key = SigningKey::from_bytes(&[1; 32]);
        let checkpoint = Checkpoint {
            origin: LOG.to_owned(),
            size,
            root: Hash([7; 32]),
        };
        checkpoint
            .sign(key.verifying_key().as_bytes(), |body| key.sign(body).to_bytes())
            .unwrap()
    }

    fn line(note: &str, name: &str, key: u8) -> String {
        let key = SigningKey::from_bytes(&[key; 32]);
        cosignature_line(note, name, key.verifying_key().as_bytes(), 1_780_000_000, |body| {
            key.sign(body).to_bytes()
        })
        .unwrap()
    }

    #[test]
    fn a_line_holds_for_its_note_its_name_and_its_key_only() {
        let name = witness_name(LOG, "dev_1").unwrap();
        assert_eq!(name, "caisey.example/org_1/witness/dev_1");
        assert_eq!(witness_id(LOG, &name), Some("dev_1"));
        assert_eq!(witness_id("caisey.example/org_2/ep_1", &name), None);
        let key = SigningKey::from_bytes(&[2; 32]).verifying_key().to_bytes();
        let other = SigningKey::from_bytes(&[3; 32]).verifying_key().to_bytes();
        let line = line(&note(5), &name, 2);
        assert_eq!(check_line(&note(5), &line, &name, &key), Ok(1_780_000_000));
        assert!(check_line(&note(6), &line, &name, &key).is_err());
        assert!(check_line(&note(5), &line, &name, &other).is_err());
        assert!(check_line(&note(5), &line, "caisey.example/org_1/witness/dev_2", &key).is_err());
        for wrong in ["", "\n", "— a b", "x\n", &format!("{line}{line}"), &line.repeat(40)] {
            assert!(check_line(&note(5), wrong, &name, &key).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_note_is_taken_apart_into_what_it_was_made_of() {
        let (plain, a, b) = (note(5), line(&note(5), "a.example/w", 2), line(&note(5), "b.example/w", 3));
        let whole = with_line(&with_line(&plain, &a).unwrap(), &b).unwrap();
        let (text, lines) = split(&whole).unwrap();
        assert_eq!(text, plain);
        assert_eq!(lines, [("a.example/w".to_owned(), a), ("b.example/w".to_owned(), b)]);
        assert_eq!(split(&plain).unwrap(), (plain, Vec::new()));
    }
}
