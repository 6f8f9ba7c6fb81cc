//! A key store for machines that have none, chosen by a person and opened with their passphrase.
//!
//! Secrets live in a small SQLCipher database whose key is derived from the passphrase with Argon2id (RFC 9106, second recommended
//! option: 64 MiB, 3 passes, 4 lanes) and a random salt beside it. Promises: without the passphrase the file gives nothing away, and a
//! wrong passphrase is told apart from a damaged salt file. Leaves out: remembering the passphrase; it is asked for at every start.

use crate::ports::{Entropy, KeyStore, KeyStoreError};
use argon2::{Algorithm, Argon2, Params, Version};
use rusqlite::{Connection, OptionalExtension, params};
use std::path::Path;
use std::sync::Mutex;
use zeroize::Zeroizing;

/// Name of the file with the secrets.
pub const VAULT_FILE: &str = "passphrase-vault.db";
const SALT_FILE: &str = "passphrase-vault.salt";

/// The shortest passphrase that is accepted, in characters.
pub const SHORTEST_PASSPHRASE: usize = 12;

/// Why the vault did not open.
#[derive(Debug, thiserror::Error)]
pub enum PassphraseError {
    /// Too short to protect anything.
    #[error("the passphrase is too short; choose at least {SHORTEST_PASSPHRASE} characters, for example five random words")]
    TooShort,
    /// The vault exists and this does not open it.
    #[error("the passphrase does not open the vault; nothing was changed, try again")]
    Wrong,
    /// The disk did not do it.
    #[error("the passphrase vault cannot be read or written; check the disk and the folder's permissions")]
    Io(#[source] std::io::Error),
    /// The database did not do it.
    #[error("the passphrase vault failed; check the disk and the folder's permissions")]
    Store(#[source] rusqlite::Error),
    /// The key could not be derived, for example for want of memory.
    #[error("the key could not be derived from the passphrase ({0}); 64 MiB of memory are needed")]
    Derive(String),
}

/// Secrets behind a passphrase. The person must have chosen this; see the module's text.
pub struct PassphraseKeyStore {
    vault: Mutex<Connection>,
}

impl PassphraseKeyStore {
    /// Whether a vault was made in this folder before.
    pub fn exists(folder: &Path) -> bool {
        folder.join(VAULT_FILE).exists()
    }

    /// Opens the vault in `folder`, or makes one.
    ///
    /// # Errors
    /// See [`PassphraseError`].
    pub fn open(folder: &Path, passphrase: &str, entropy: &dyn Entropy) -> Result<Self, PassphraseError> {
        let new = !Self::exists(folder);
        if new && passphrase.chars().count() < SHORTEST_PASSPHRASE {
            return Err(PassphraseError::TooShort);
        }
        std::fs::create_dir_all(folder).map_err(PassphraseError::Io)?;
        let key = derive(passphrase, &salt(folder, new, entropy)?)?;
        let vault = Connection::open(folder.join(VAULT_FILE)).map_err(PassphraseError::Store)?;
        vault
            .execute_batch("PRAGMA cipher_log_level = NONE")
            .map_err(PassphraseError::Store)?;
        vault
            .execute_batch(&Zeroizing::new(format!("PRAGMA key = \"x'{}'\"", hex::encode(*key))))
            .map_err(PassphraseError::Store)?;
        match vault.execute_batch(
            "CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, secret BLOB NOT NULL) STRICT, WITHOUT ROWID;",
        ) {
            Ok(()) => Ok(Self {
                vault: Mutex::new(vault),
            }),
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) => Err(PassphraseError::Wrong),
            Err(error) => Err(PassphraseError::Store(error)),
        }
    }

    fn with<T>(&self, call: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, KeyStoreError> {
        let vault = self
            .vault
            .lock()
            .map_err(|_| KeyStoreError::Other("the vault is unusable after a crash of another call".into()))?;
        call(&vault).map_err(|error| KeyStoreError::Other(Box::new(error)))
    }
}

fn salt(folder: &Path, new: bool, entropy: &dyn Entropy) -> Result<Vec<u8>, PassphraseError> {
    let path = folder.join(SALT_FILE);
    if new {
        let salt = entropy.fresh32();
        std::fs::write(&path, salt).map_err(PassphraseError::Io)?;
        return Ok(salt.to_vec());
    }
    std::fs::read(path).map_err(PassphraseError::Io)
}

fn derive(passphrase: &str, salt: &[u8]) -> Result<Zeroizing<[u8; 32]>, PassphraseError> {
    let params = Params::new(64 * 1024, 3, 4, Some(32)).map_err(|error| PassphraseError::Derive(error.to_string()))?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, key.as_mut())
        .map_err(|error| PassphraseError::Derive(error.to_string()))?;
    Ok(key)
}

impl KeyStore for PassphraseKeyStore {
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, KeyStoreError> {
        self.with(|vault| {
            vault
                .query_row("SELECT secret FROM secrets WHERE name = ?1", [name], |row| row.get(0))
                .optional()
        })
    }

    fn set(&self, name: &str, secret: &[u8]) -> Result<(), KeyStoreError> {
        self.with(|vault| {
            vault
                .execute("INSERT OR REPLACE INTO secrets VALUES (?1, ?2)", params![name, secret])
                .map(drop)
        })
    }

    fn delete(&self, name: &str) -> Result<(), KeyStoreError> {
        self.with(|vault| vault.execute("DELETE FROM secrets WHERE name = ?1", [name]).map(drop))
    }
}
