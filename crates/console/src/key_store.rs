//! The operating system's key store: Secret Service on Linux, Keychain on macOS, Credential Manager on Windows (crate keyring).
//!
//! Promises: a machine without one gets [`KeyStoreError::Missing`], never a file in its stead. Leaves out: choosing what to do then;
//! the person may choose [`crate::passphrase::PassphraseKeyStore`].

use crate::ports::{KeyStore, KeyStoreError};
use keyring::v1::{Entry, Error};

/// Under which service name the secrets are found in the key store.
pub const SERVICE: &str = "Caisey Console";

/// Secrets in the operating system's key store.
#[derive(Debug, Clone)]
pub struct OsKeyStore {
    service: String,
}

impl Default for OsKeyStore {
    fn default() -> Self {
        Self {
            service: SERVICE.to_owned(),
        }
    }
}

impl OsKeyStore {
    /// Keeps secrets apart from those of other installations under another service name.
    pub fn with_service(service: &str) -> Self {
        Self {
            service: service.to_owned(),
        }
    }

    fn entry(&self, name: &str) -> Result<Entry, KeyStoreError> {
        Entry::new(&self.service, name).map_err(classify)
    }
}

/// A thread of its own for each call: the Linux adapter blocks on D-Bus and must not run inside an async executor's thread.
fn apart<T: Send>(call: impl FnOnce() -> Result<T, KeyStoreError> + Send) -> Result<T, KeyStoreError> {
    std::thread::scope(|scope| {
        scope
            .spawn(call)
            .join()
            .unwrap_or_else(|_| Err(KeyStoreError::Other("the key store's adapter panicked".into())))
    })
}

fn classify(error: Error) -> KeyStoreError {
    match error {
        Error::NoDefaultStore | Error::NotSupportedByStore(_) => KeyStoreError::Missing(Some(Box::new(error))),
        Error::NoStorageAccess(_) => KeyStoreError::Locked(Some(Box::new(error))),
        Error::PlatformFailure(cause) => {
            let text = cause.to_string().to_lowercase();
            // The Secret Service adapter reports an absent bus or service only in words.
            let absent = [
                "serviceunknown",
                "no such file",
                "not provided by any",
                "connection refused",
                "not found",
                "dbus address",
            ];
            if absent.iter().any(|word| text.contains(word)) {
                KeyStoreError::Missing(Some(cause))
            } else if text.contains("locked") || text.contains("prompt") {
                KeyStoreError::Locked(Some(cause))
            } else {
                KeyStoreError::Other(cause)
            }
        }
        other => KeyStoreError::Other(Box::new(other)),
    }
}

impl KeyStore for OsKeyStore {
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, KeyStoreError> {
        apart(|| match self.entry(name)?.get_secret() {
            Ok(secret) => Ok(Some(secret)),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(classify(error)),
        })
    }

    fn set(&self, name: &str, secret: &[u8]) -> Result<(), KeyStoreError> {
        apart(|| self.entry(name)?.set_secret(secret).map_err(classify))
    }

    fn delete(&self, name: &str) -> Result<(), KeyStoreError> {
        apart(|| match self.entry(name)?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(classify(error)),
        })
    }
}
