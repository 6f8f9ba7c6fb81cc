//! Passphrases and passwords as they are kept: argon2id with OWASP's parameters (19 MiB, two passes, one lane; Password Storage Cheat
//! Sheet), as PHC strings, the same on every host.
//!
//! Promises: a stored one can be checked by any host that is given it; checking against none takes as long as against one. Leaves out: the
//! salt, which the host draws, and how often somebody may try.

use argon2::password_hash::{PasswordHash, SaltString};
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};

/// It could not be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotKept(String);

fn hasher() -> Result<Argon2<'static>, NotKept> {
    let params = Params::new(19_456, 2, 1, None).map_err(|error| NotKept(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// A PHC string of the passphrase. The salt is 16 bytes nobody has seen.
///
/// # Errors
/// When there is no room for the work, or the passphrase is longer than 4 GB.
pub fn hash(passphrase: &str, salt: [u8; 16]) -> Result<String, NotKept> {
    let broken = |error: argon2::password_hash::Error| NotKept(error.to_string());
    let salt = SaltString::encode_b64(&salt).map_err(broken)?;
    let kept = hasher()?.hash_password(passphrase.as_bytes(), &salt).map_err(broken)?;
    Ok(kept.to_string())
}

/// What a form with a field `passphrase` sends; none when it is empty.
pub fn of_form(body: &[u8]) -> Option<String> {
    let given = form_urlencoded::parse(body).find(|(name, _)| name == "passphrase");
    given.map(|(_, value)| value.into_owned()).filter(|given| !given.is_empty())
}

/// Whether the passphrase is the stored one. Without a stored one it takes the same time and is not.
pub fn verify(passphrase: &str, stored: Option<&str>) -> bool {
    // The hash of nobody's passphrase, with the same parameters.
    const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let Ok(hasher) = hasher() else { return false };
    let Ok(parsed) = PasswordHash::new(stored.unwrap_or(NOBODY)) else {
        return false;
    };
    let matches = hasher.verify_password(passphrase.as_bytes(), &parsed).is_ok();
    matches && stored.is_some()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{hash, of_form, verify};

    #[test]
    fn only_the_passphrase_that_was_kept_fits() {
        let kept = hash("four small words here", [7; 16]).unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(verify("four small words here", Some(&kept)));
        assert!(!verify("four small words there", Some(&kept)));
        assert!(!verify("four small words here", None) && !verify("", Some("$argon2id$nonsense")));
        assert_eq!(of_form(b"a=b&passphrase=four+words").as_deref(), Some("four words"));
        assert!(of_form(b"passphrase=").is_none() && of_form(b"word=x").is_none());
        assert_ne!(kept, hash("four small words here", [8; 16]).unwrap());
    }
}
