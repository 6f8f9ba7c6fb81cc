//! What surrounds a hand-over: files that are no packs, and the key that the key store keeps.

use crate::ports::MemoryKeyStore;
use caisey_console::Entropy;
use caisey_console::ports::SystemEntropy;
use caisey_pdf::{KeptError, kept_signer, read_pack};

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
    let keys = MemoryKeyStore::default();
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
