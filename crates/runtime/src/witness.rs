//! The endpoint watches the log that it writes to: every acknowledgement comes with a checkpoint, and none may contradict or fall
//! behind the last one. What does is kept, with the one it contradicts, and the endpoint stops trusting this control plane.
//!
//! Leaves out consistency proofs between the two (consoles check those); the endpoint compares signature, size and, at equal size, root.

use caisey_ledger::checkpoint::Checkpoint;

/// A checkpoint that cannot be accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Contradiction {
    /// Not signed by the key that was pinned at enrolment, or of another log.
    #[error("the control plane acknowledged with a checkpoint that does not hold: {0}")]
    DoesNotHold(String),
    /// The log became shorter.
    #[error("the control plane's log went back from {last} to {offered} entries: entries that it had acknowledged are gone")]
    WentBack {
        /// Size of the last accepted one.
        last: u64,
        /// Size of the one that was offered.
        offered: u64,
    },
    /// Two different logs of the same size.
    #[error("the control plane signed two different logs of {size} entries")]
    Fork {
        /// The size.
        size: u64,
    },
}

/// The last accepted checkpoint, and the key it must be signed with.
#[derive(Debug, Clone)]
pub(crate) struct Witness {
    origin: String,
    key: [u8; 32],
    last: Option<Checkpoint>,
}

impl Witness {
    /// `stored` is the last accepted note; one that does not hold any more counts as none.
    pub(crate) fn new(origin: &str, key: [u8; 32], stored: Option<&str>) -> Self {
        let last = stored.and_then(|note| Checkpoint::open(note, origin, &key).ok());
        Self {
            origin: origin.to_owned(),
            key,
            last,
        }
    }

    /// Accepts a checkpoint that does not contradict the last one.
    pub(crate) fn accept(&mut self, note: &str) -> Result<(), Contradiction> {
        let offered =
            Checkpoint::open(note, &self.origin, &self.key).map_err(|error| Contradiction::DoesNotHold(error.to_string()))?;
        if let Some(last) = &self.last {
            if offered.size < last.size {
                return Err(Contradiction::WentBack {
                    last: last.size,
                    offered: offered.size,
                });
            }
            if offered.size == last.size && offered.root != last.root {
                return Err(Contradiction::Fork { size: last.size });
            }
        }
        self.last = Some(offered);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use caisey_ledger::hash::Hash;
    use ed25519_dalek::{Signer, SigningKey};

    fn note(key: &SigningKey, size: u64, root: u8) -> String {
        let checkpoint = Checkpoint {
            origin: "a/b/c".to_owned(),
            size,
            root: Hash([root; 32]),
        };
        checkpoint
            .sign(key.verifying_key().as_bytes(), |body| key.sign(body).to_bytes())
            .unwrap()
    }

    #[test]
    fn neither_back_nor_aside_nor_forged() {
        let (key, other) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
        let pinned = *key.verifying_key().as_bytes();
        let mut witness = Witness::new("a/b/c", pinned, None);
        witness.accept(&note(&key, 5, 1)).unwrap();
        witness.accept(&note(&key, 5, 1)).unwrap();
        assert_eq!(witness.accept(&note(&key, 5, 2)), Err(Contradiction::Fork { size: 5 }));
        assert_eq!(
            witness.accept(&note(&key, 4, 1)),
            Err(Contradiction::WentBack { last: 5, offered: 4 })
        );
        assert!(matches!(
            witness.accept(&note(&other, 9, 1)),
            Err(Contradiction::DoesNotHold(_))
        ));
        witness.accept(&note(&key, 9, 3)).unwrap();
        // After a restart the stored note still counts.
        let mut again = Witness::new("a/b/c", pinned, Some(&note(&key, 9, 3)));
        assert!(again.accept(&note(&key, 8, 1)).is_err());
    }
}
