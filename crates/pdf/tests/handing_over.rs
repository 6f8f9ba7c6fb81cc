//! From a pack to its document and back: printed from the pack, with the pack attached, signed with the key that the key store keeps.

use crate::readers::Opened;
use crate::{made, sample, story};
use caisey_console::ports::SystemEntropy;
use caisey_console::{Entropy, KeyStore, KeyStoreError};
use caisey_pdf::{
    Anchor, Attachment, Enclosure, KeptError, Limits, PackFault, Seal, Trust, examine, kept_signer, read_pack, transcript,
};
use std::collections::HashMap;
use std::ops::ControlFlow;
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
fn a_pack_is_printed_and_found_again_in_its_document() {
    let pack = made::pack(&story::story());
    let (detail, dossier) = read_pack(&pack, None).unwrap();
    assert!(dossier.attested.is_some());
    let removed: u64 = dossier
        .redactions
        .as_ref()
        .unwrap()
        .classes
        .iter()
        .map(|(_, count)| count)
        .sum();
    assert!(removed > 0);
    let keys = Kept::default();
    let signer = kept_signer(&keys, &SystemEntropy, "Northwind IT Services", 1_767_225_600_000).unwrap();
    let enclosure = Enclosure {
        dossier,
        attachments: vec![Attachment {
            name: "evidence.zip".to_owned(),
            media_type: "application/zip".to_owned(),
            description: "The record".to_owned(),
            bytes: pack.clone(),
        }],
        seal: Some(Seal {
            signer: &signer,
            reason: "Hand-over".to_owned(),
            stamp: None,
        }),
    };
    let bytes = transcript(&detail, &sample::imprint(), Limits::default(), enclosure, |_| {
        ControlFlow::Continue(())
    })
    .unwrap();
    let opened = Opened::new(&bytes);
    opened.is_sound();
    let text = opened.text();
    for wanted in ["Attested by", "What was removed", "‹user-path 1›", "Who allowed what"] {
        assert!(text.contains(wanted), "{wanted}");
    }
    // What is hidden in the pack is not on the pages.
    assert!(!text.contains("John Doe"));
    let trust = Trust {
        document_roots: vec![signer.root()],
        time_roots: Vec::new(),
    };
    let examined = examine(&bytes, &trust).unwrap();
    assert_eq!(examined.signature.unwrap().anchor, Anchor::Trusted);
    assert_eq!(examined.attachments[0].bytes, pack);
    assert!(
        caisey_transcript::verify::verify(&examined.attachments[0].bytes, None)
            .findings
            .hold()
    );
}

#[test]
fn a_pack_that_does_not_hold_is_not_printed() {
    let mut pack = made::pack(&story::story());
    let middle = pack.len() / 2;
    pack[middle] ^= 1;
    assert!(matches!(
        read_pack(&pack, None),
        Err(PackFault::Fails(_) | PackFault::Unreadable)
    ));
    assert!(read_pack(b"", None).is_err());
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
