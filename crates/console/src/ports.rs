//! What the console's backend needs from whoever hosts it: secrets, the time and randomness.
//!
//! Promises: nothing in this crate reads a clock or draws randomness except through these ports. Leaves out: notifications, windows
//! and files to save to, which the shell does by itself.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Why the key store did not answer.
#[derive(Debug, thiserror::Error)]
pub enum KeyStoreError {
    /// The machine has no key store, or no service that answers for it.
    #[error("this machine has no key store that answers")]
    Missing(#[source] Option<Box<dyn std::error::Error + Send + Sync>>),
    /// It is there and will not give anything out before a person unlocks it.
    #[error("the key store is locked")]
    Locked(#[source] Option<Box<dyn std::error::Error + Send + Sync>>),
    /// Anything else.
    #[error("the key store failed")]
    Other(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A place for small secrets, kept by the operating system or, if the person chose so, by [`crate::passphrase::PassphraseKeyStore`].
/// Calls may block while a person is asked to unlock it.
pub trait KeyStore: Send + Sync {
    /// The secret of this name, if there is one.
    ///
    /// # Errors
    /// See [`KeyStoreError`].
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, KeyStoreError>;

    /// Stores a secret durably, replacing what had this name.
    ///
    /// # Errors
    /// See [`KeyStoreError`].
    fn set(&self, name: &str, secret: &[u8]) -> Result<(), KeyStoreError>;

    /// Forgets a secret; one that is not there is forgotten already.
    ///
    /// # Errors
    /// See [`KeyStoreError`].
    fn delete(&self, name: &str) -> Result<(), KeyStoreError>;
}

/// The time.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    fn now_ms(&self) -> u64;
}

/// Randomness fit for keys.
pub trait Entropy: Send + Sync {
    /// 32 bytes that nobody has seen.
    fn fresh32(&self) -> [u8; 32];
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> u64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

/// The operating system's random number generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fresh32(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        // Without randomness no key may be made and nothing may be signed; there is nothing sensible to go on with.
        if getrandom::fill(&mut bytes).is_err() {
            std::process::abort();
        }
        bytes
    }
}

/// All ports together.
#[derive(Clone)]
pub struct Ports {
    /// Secrets.
    pub keys: Arc<dyn KeyStore>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

impl Ports {
    /// The operating system's key store, clock and randomness.
    pub fn system() -> Self {
        Self::with_keys(Arc::new(crate::key_store::OsKeyStore::default()))
    }

    /// The machine's clock and randomness with another key store.
    pub fn with_keys(keys: Arc<dyn KeyStore>) -> Self {
        Self {
            keys,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
        }
    }
}
