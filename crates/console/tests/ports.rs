//! Ports for tests: keys in memory, or none at all.

use caisey_console::{Access, Console, ConsoleConfig, KeyStore, KeyStoreError, Ports};
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

#[derive(Default)]
pub struct MemoryKeyStore(pub Mutex<HashMap<String, Vec<u8>>>);

impl KeyStore for MemoryKeyStore {
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, KeyStoreError> {
        Ok(self.0.lock().unwrap().get(name).cloned())
    }

    fn set(&self, name: &str, secret: &[u8]) -> Result<(), KeyStoreError> {
        self.0.lock().unwrap().insert(name.to_owned(), secret.to_vec());
        Ok(())
    }

    fn delete(&self, name: &str) -> Result<(), KeyStoreError> {
        self.0.lock().unwrap().remove(name);
        Ok(())
    }
}

/// A key store that never gives anything.
pub struct Failing(pub fn() -> KeyStoreError);

impl KeyStore for Failing {
    fn get(&self, _: &str) -> Result<Option<Vec<u8>>, KeyStoreError> {
        Err((self.0)())
    }

    fn set(&self, _: &str, _: &[u8]) -> Result<(), KeyStoreError> {
        Err((self.0)())
    }

    fn delete(&self, _: &str) -> Result<(), KeyStoreError> {
        Err((self.0)())
    }
}

pub fn config(folder: &Path, access: Access) -> ConsoleConfig {
    ConsoleConfig {
        data_dir: folder.to_owned(),
        device_label: "test".to_owned(),
        access,
    }
}

/// A console in this folder with these keys.
pub async fn open(folder: &Path, keys: &Arc<MemoryKeyStore>) -> Console {
    Console::open(config(folder, Access::ReadWrite), Ports::with_keys(keys.clone()))
        .await
        .unwrap()
}
