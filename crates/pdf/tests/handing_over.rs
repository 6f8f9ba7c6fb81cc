//! What surrounds a hand-over: files that are no packs, and the key that the key store keeps.

use caisey_console::ports::SystemEntropy;
use caisey_console::{Entropy, KeyStore, KeyStoreError};
use caisey_pdf::{KeptError, kept_signer, read_pack};
use std::collections::HashMap;
use std::sync::Mutex;

#[derive(Default)]
struct Kept(Mutex<HashMap<String, Vec<u8>>>);

impl KeyStore for Kept {
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

#[test]
fn what_is_no_pack_is_not_printed() {
    assert!(read_pack(b"", None).is_err());
    assert!(read_pack(b"PK\x03\x04 and nothing else", None).is_err());
}

#[test]
fn an_organisation_keeps_its_authority() {
    struct Fixed;
    impl Entropy for Fixed {
        fn fresh32(&self) -> [u8; 32] {
            [3; 32]
        }
    }
    let keys = Kept::default();
    let first = kept_signer(&keys, &SystemEntropy, "Northwind", 1_767_225_600_000).unwrap();
    let again = kept_signer(&keys, &Fixed, "Northwind", 1_900_000_000_000).unwrap();
    assert_eq!(first.root(), again.root());
    let other = kept_signer(&keys, &SystemEntropy, "Southwind", 1_767_225_600_000).unwrap();
    assert_ne!(first.root(), other.root());
    for secret in keys.0.lock().unwrap().values_mut() {
        secret.truncate(50);
    }
    assert!(matches!(kept_signer(&keys, &Fixed, "Northwind", 0), Err(KeptError::Damaged)));
}
