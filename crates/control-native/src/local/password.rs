//! Passwords of the local issuer's people, as `caisey_control::passphrase` keeps them, with salts from the operating system.

use super::accounts::AccountsError;
use crate::clock;
use caisey_control::passphrase;
pub(crate) use caisey_control::passphrase::verify;

/// A PHC string of the password with a fresh salt.
pub(crate) fn hash(password: &str) -> Result<String, AccountsError> {
    let salt = clock::random::<16>()?;
    passphrase::hash(password, salt).map_err(|error| AccountsError::Password(error.to_string()))
}
