//! Proofs of possession: an Ed25519 signature (RFC 8032, strict verification) by a key over a context line and what follows it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};

/// Whether the key, in standard base64, is one that may be used: a point of the curve in its proper encoding, not of small order.
pub(crate) fn is_key(key: &str) -> bool {
    parse_key(key).is_some()
}

fn parse_key(key: &str) -> Option<VerifyingKey> {
    let bytes: [u8; 32] = STANDARD.decode(key).ok()?.try_into().ok()?;
    let parsed = VerifyingKey::from_bytes(&bytes).ok().filter(|key| !key.is_weak())?;
    (parsed.to_bytes() == bytes && STANDARD.encode(bytes) == key).then_some(parsed)
}

/// Whether the signature, in standard base64, is by this key over the lines, each followed by a line feed.
pub(crate) fn holds(key: &str, lines: &[&str], signature: &str) -> bool {
    let Some(key) = parse_key(key) else { return false };
    let Some(signature) = STANDARD
        .decode(signature)
        .ok()
        .and_then(|bytes| Signature::from_slice(&bytes).ok())
    else {
        return false;
    };
    let message: String = lines.iter().flat_map(|line| [*line, "\n"]).collect();
    key.verify_strict(message.as_bytes(), &signature).is_ok()
}

/// 32 bytes in standard base64.
pub(crate) fn base64(bytes: &[u8; 32]) -> String {
    STANDARD.encode(bytes)
}
