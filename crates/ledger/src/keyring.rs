//! Public keys that check many signatures one by one: what it costs is prepared once per key.
//!
//! Promises: the answer is the one of strict verification (RFC 8032 §5.1.7 without the cofactor, proper encodings only, no point of small
//! order), whether a key was prepared or not: the equation is the same, `R = sB − kA`, compared as encoded bytes; only the multiples of
//! B and A are read from tables. Nothing is gained by batching here: a batch can only promise the equation with the cofactor, and an
//! entry that a strict stranger's verifier refuses must not get into a log. Leaves out: whose key it is. See docs/decisions/0013.

use crate::hash::decode_base64;
use crate::multiples::Multiples;
use crate::signature::Key;
use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity as _;
use sha2::{Digest, Sha512};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

/// Windows of the tables, in bits: 660 KB once for the base point, 220 KB for every prepared key.
const BASE_BITS: usize = 8;
const KEY_BITS: usize = 6;

/// A key is prepared when it is asked for this often: making its table costs about as much as six verifications.
const PREPARED_FROM: u32 = 8;

static BASE: LazyLock<Multiples> = LazyLock::new(|| Multiples::of(&ED25519_BASEPOINT_POINT, BASE_BITS));

/// A usable Ed25519 public key, with or without its table.
pub struct PreparedKey {
    key: Key,
    /// Of the point's negation.
    table: Option<Multiples>,
}

impl PreparedKey {
    /// Reads 32 bytes in standard base64; none when they are not a usable Ed25519 public key.
    pub(crate) fn from_base64(text: &str) -> Option<Self> {
        let key = Key::from_bytes(decode_base64(text)?)?;
        Some(Self { key, table: None })
    }

    /// Whether it is this one, as text.
    pub(crate) fn is(&self, text: &str) -> bool {
        decode_base64(text) == Some(self.key.bytes)
    }

    fn prepared(&self) -> Self {
        Self {
            key: self.key.clone(),
            table: Some(Multiples::of(&-self.key.point, KEY_BITS)),
        }
    }

    /// Strict verification of one signature over the concatenated parts.
    pub(crate) fn verify(&self, parts: &[&[u8]], signature: &[u8; 64]) -> bool {
        match &self.table {
            None => self.key.verify(parts, signature),
            Some(table) => self.verify_with(table, parts, signature).is_some(),
        }
    }

    fn verify_with(&self, table: &Multiples, parts: &[&[u8]], signature: &[u8; 64]) -> Option<()> {
        let (r_bytes, s_bytes) = signature.split_first_chunk::<32>()?;
        let s = Option::<Scalar>::from(Scalar::from_canonical_bytes(s_bytes.try_into().ok()?))?;
        let mut hash = Sha512::new().chain_update(r_bytes).chain_update(self.key.bytes);
        parts.iter().for_each(|part| hash.update(part));
        let k = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
        let r = table.add_to(BASE.add_to(EdwardsPoint::identity(), &s), &k);
        // Equal bytes: what was sent is the proper encoding of this very point.
        (r.compress().as_bytes() == r_bytes && !r.is_small_order()).then_some(())
    }
}

/// The keys in use, as many as fit; those used longest ago make room. Whoever shares one between threads locks it.
pub struct Keyring {
    most: usize,
    known: HashMap<String, Known>,
    asked: u64,
}

struct Known {
    key: Arc<PreparedKey>,
    uses: u32,
    last: u64,
}

impl Keyring {
    /// Keeps this many keys, at 220 KB each.
    pub fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            known: HashMap::new(),
            asked: 0,
        }
    }

    /// The key that these 44 characters of standard base64 stand for; none when they are not a usable Ed25519 public key.
    pub fn find(&mut self, key: &str) -> Option<Arc<PreparedKey>> {
        self.asked += 1;
        if let Some(known) = self.known.get_mut(key) {
            known.last = self.asked;
            known.uses = known.uses.saturating_add(1);
            if known.uses == PREPARED_FROM {
                known.key = Arc::new(known.key.prepared());
            }
            return Some(Arc::clone(&known.key));
        }
        let fresh = Arc::new(PreparedKey::from_base64(key)?);
        if self.known.len() >= self.most {
            let oldest = self.known.iter().min_by_key(|(_, known)| known.last);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                self.known.remove(&oldest);
            }
        }
        let known = Known {
            key: Arc::clone(&fresh),
            uses: 1,
            last: self.asked,
        };
        self.known.insert(key.to_owned(), known);
        Some(fresh)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::hash::encode_base64;
    use curve25519_dalek::constants::EIGHT_TORSION;
    use ed25519_dalek::{Signer, SigningKey};
    use proptest::prelude::*;

    fn both(public: [u8; 32]) -> [PreparedKey; 2] {
        let text = encode_base64(&public, &mut [0; 44]).to_owned();
        let plain = PreparedKey::from_base64(&text).unwrap();
        let prepared = plain.prepared();
        [plain, prepared]
    }

    fn check(keys: &[PreparedKey; 2], message: &[u8], signature: &[u8; 64], expected: bool) {
        for key in keys {
            assert_eq!(
                key.verify(&[b"", message], signature),
                expected,
                "prepared: {}",
                key.table.is_some()
            );
        }
    }

    /// A signature by the holder of the secret scalar, with `deform` added to R: it satisfies the equation with the cofactor.
    fn deformed(secret: &[u8; 32], message: &[u8], deform: EdwardsPoint, in_key: EdwardsPoint) -> ([u8; 32], [u8; 64]) {
        let a = SigningKey::from_bytes(secret).to_scalar();
        let public = (EdwardsPoint::mul_base(&a) + in_key).compress().to_bytes();
        let nonce = Scalar::from(1_234_567_u64);
        let r = (EdwardsPoint::mul_base(&nonce) + deform).compress().to_bytes();
        let hash = Sha512::new().chain_update(r).chain_update(public).chain_update(message);
        let k = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
        let s = nonce + k * a;
        (public, [r, s.to_bytes()].concat().try_into().unwrap())
    }

    #[test]
    fn a_deformed_signature_is_refused_with_and_without_a_table() {
        let identity = EdwardsPoint::identity();
        let (public, good) = deformed(&[1; 32], b"x", identity, identity);
        check(&both(public), b"x", &good, true);
        for torsion in &EIGHT_TORSION[1..] {
            let (public, bad) = deformed(&[1; 32], b"x", *torsion, identity);
            check(&both(public), b"x", &bad, false);
        }
    }

    /// A key with a part outside the large subgroup is not weak by itself; what it signs holds or not, the same either way.
    #[test]
    fn a_key_of_mixed_order_gets_the_same_answer_either_way() {
        for torsion in &EIGHT_TORSION[1..] {
            for number in 0..12_u8 {
                let (public, signature) = deformed(&[2; 32], &[number], *torsion, *torsion);
                let [plain, prepared] = both(public);
                let holds = plain.verify(&[&[number]], &signature);
                assert_eq!(prepared.verify(&[&[number]], &signature), holds);
            }
        }
    }

    #[test]
    fn the_ring_prepares_what_is_used_and_forgets_what_is_not() {
        let text = |number: u8| {
            let key = SigningKey::from_bytes(&[number; 32]).verifying_key();
            encode_base64(key.as_bytes(), &mut [0; 44]).to_owned()
        };
        let mut ring = Keyring::new(2);
        for _ in 1..PREPARED_FROM {
            assert!(ring.find(&text(1)).unwrap().table.is_none());
        }
        assert!(ring.find(&text(1)).unwrap().table.is_some());
        ring.find(&text(2)).unwrap();
        ring.find(&text(1)).unwrap();
        ring.find(&text(3)).unwrap();
        assert!(ring.known.contains_key(&text(1)) && !ring.known.contains_key(&text(2)) && ring.known.len() == 2);
        for unusable in ["", "AAAA", "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="] {
            assert!(ring.find(unusable).is_none(), "{unusable}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn prepared_and_plain_agree(secret in any::<[u8; 32]>(), message in proptest::collection::vec(any::<u8>(), 0..200),
                                    at in 0_usize..64, change in any::<u8>()) {
            let signer = SigningKey::from_bytes(&secret);
            let keys = both(signer.verifying_key().to_bytes());
            let mut signature = signer.sign(&message).to_bytes();
            check(&keys, &message, &signature, true);
            signature[at] ^= change;
            check(&keys, &message, &signature, change == 0);
        }
    }
}
