//! Passwords: argon2id with OWASP's parameters (19 MiB, two passes, one lane; Password Storage Cheat Sheet), as PHC strings.

use super::accounts::AccountsError;
use crate::clock;
use argon2::password_hash::{PasswordHash, SaltString};
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};

fn hasher() -> Result<Argon2<'static>, AccountsError> {
    let params = Params::new(19_456, 2, 1, None).map_err(|error| AccountsError::Password(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// A PHC string of the password with a fresh salt.
pub(crate) fn hash(password: &str) -> Result<String, AccountsError> {
    let broken = |error: argon2::password_hash::Error| AccountsError::Password(error.to_string());
    let salt = SaltString::encode_b64(&clock::random::<16>()?).map_err(broken)?;
    Ok(hasher()?
        .hash_password(password.as_bytes(), &salt)
        .map_err(broken)?
        .to_string())
}

/// Whether the password is the stored one. Without a stored one it takes the same time and is not.
pub(crate) fn verify(password: &str, stored: Option<&str>) -> bool {
    // The hash of nobody's password, with the same parameters.
    const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let Ok(hasher) = hasher() else { return false };
    let Ok(parsed) = PasswordHash::new(stored.unwrap_or(NOBODY)) else {
        return false;
    };
    let matches = hasher.verify_password(password.as_bytes(), &parsed).is_ok();
    matches && stored.is_some()
}
