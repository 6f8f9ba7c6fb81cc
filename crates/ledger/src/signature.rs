//! Ed25519 signatures (RFC 8032 §5.1) over statements, singly and in batches.
//!
//! A key of small order, a point that is not in its proper encoding, and a scalar that is not reduced are refused. A single signature
//! is checked by the strict equation. A batch is one multiscalar equation in which the signatures of one key
//! share one term, which is what makes a log of one endpoint cheap to verify; its coefficients are derived from all its inputs, so
//! it needs no randomness. The batch uses the cofactored equation that RFC 8032 permits; the two differ only for signatures which
//! a key's own holder has deformed on purpose. Whoever admits statements into a log checks them singly ([`crate::keyring`]), so none
//! such get in.

use crate::hash::decode_base64;
use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{IsIdentity, VartimeMultiscalarMul};
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha512};
use std::iter::once;

/// A public key that may verify: checked and ready for use.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) bytes: [u8; 32],
    single: VerifyingKey,
    pub(crate) point: EdwardsPoint,
}

impl Key {
    /// Reads 32 bytes in standard base64; none when they are not a usable Ed25519 public key.
    pub(crate) fn from_base64(text: &str) -> Option<Self> {
        Self::from_bytes(decode_base64(text)?)
    }

    pub(crate) fn from_bytes(bytes: [u8; 32]) -> Option<Self> {
        let single = VerifyingKey::from_bytes(&bytes).ok().filter(|key| !key.is_weak())?;
        let point = decompress(&bytes).filter(|point| !point.is_small_order())?;
        Some(Self { bytes, single, point })
    }

    /// Strict verification of one signature over the concatenated parts.
    pub(crate) fn verify(&self, parts: &[&[u8]], signature: &[u8; 64]) -> bool {
        self.single
            .verify_strict(&parts.concat(), &Signature::from_bytes(signature))
            .is_ok()
    }
}

/// A point in its one proper encoding.
fn decompress(bytes: &[u8; 32]) -> Option<EdwardsPoint> {
    let [first, middle @ .., last] = bytes;
    let not_reduced = last & 0x7F == 0x7F && middle.iter().all(|byte| *byte == 0xFF) && *first >= 0xED;
    if not_reduced {
        return None;
    }
    CompressedEdwardsY(*bytes)
        .decompress()
        .filter(|point| !point.is_small_order())
}

/// One signature to be verified together with others.
pub(crate) struct Claim<'a> {
    /// Which of the batch's keys.
    pub(crate) key: usize,
    /// What is signed, in two parts.
    pub(crate) message: [&'a [u8]; 2],
    /// The signature.
    pub(crate) signature: [u8; 64],
}

/// Whether all of them hold. False may mean a single bad one: check them singly to find it.
pub(crate) fn verify_batch(keys: &[Key], claims: &[Claim<'_>]) -> bool {
    batch_sum(keys, claims).is_some_and(|sum| sum.mul_by_cofactor().is_identity())
}

/// Σ zᵢ·(sᵢB − Rᵢ − kᵢAᵢ), with the terms of each key gathered.
fn batch_sum(keys: &[Key], claims: &[Claim<'_>]) -> Option<EdwardsPoint> {
    let mut transcript = Sha512::new_with_prefix(b"caisey.batch/v1\n");
    let mut parsed = Vec::with_capacity(claims.len());
    for claim in claims {
        let (r_bytes, s_bytes) = claim.signature.split_first_chunk::<32>()?;
        let s_bytes: [u8; 32] = s_bytes.try_into().ok()?;
        let s = Option::<Scalar>::from(Scalar::from_canonical_bytes(s_bytes))?;
        let [prefix, rest] = claim.message;
        let hash = Sha512::new()
            .chain_update(r_bytes)
            .chain_update(keys.get(claim.key)?.bytes)
            .chain_update(prefix);
        let hash: [u8; 64] = hash.chain_update(rest).finalize().into();
        transcript.update(hash);
        transcript.update(s_bytes);
        parsed.push((claim.key, decompress(r_bytes)?, s, Scalar::from_bytes_mod_order_wide(&hash)));
    }
    let root: [u8; 64] = transcript.finalize().into();
    let mut base = Scalar::ZERO;
    let mut per_key = vec![Scalar::ZERO; keys.len()];
    let mut coefficients = Vec::with_capacity(parsed.len());
    let mut fresh = [0; 64];
    for (number, (key, _, s, k)) in parsed.iter().enumerate() {
        if number % 4 == 0 {
            fresh = Sha512::new()
                .chain_update(root)
                .chain_update((number as u64).to_be_bytes())
                .finalize()
                .into();
        }
        let mut low = [0; 32];
        low.get_mut(..16)?
            .copy_from_slice(fresh.get(number % 4 * 16..number % 4 * 16 + 16)?);
        let z = Scalar::from_bytes_mod_order(low);
        base += z * s;
        *per_key.get_mut(*key)? -= z * k;
        coefficients.push(z);
    }
    // The points are negated, not the coefficients: a negated 128-bit scalar would be as long as any.
    let scalars = once(base).chain(per_key).chain(coefficients);
    let points = once(ED25519_BASEPOINT_POINT)
        .chain(keys.iter().map(|key| key.point))
        .chain(parsed.iter().map(|(_, r, ..)| -r));
    Some(EdwardsPoint::vartime_multiscalar_mul(scalars, points))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer, SigningKey};
    use proptest::prelude::*;

    #[test]
    fn weak_and_misencoded_points_are_refused() {
        let mut identity = [0; 32];
        identity[0] = 1;
        assert!(Key::from_bytes(identity).is_none());
        let mut not_reduced = [0xFF; 32];
        not_reduced[0] = 0xEE;
        not_reduced[31] = 0x7F;
        assert!(Key::from_bytes(not_reduced).is_none());
    }

    fn hex<const N: usize>(text: &str) -> [u8; N] {
        let bytes: Vec<u8> = (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
            .collect();
        bytes.try_into().unwrap()
    }

    /// RFC 8032 §7.1, tests 1 to 3.
    #[test]
    fn rfc_8032_vectors() {
        let vectors = [
            (
                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
                vec![],
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
            ),
            (
                "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
                vec![0x72],
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
            ),
            (
                "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
                vec![0xaf, 0x82],
                "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
            ),
        ];
        let keys: Vec<Key> = vectors.iter().map(|(key, ..)| Key::from_bytes(hex(key)).unwrap()).collect();
        let mut claims: Vec<Claim<'_>> = (0..)
            .zip(&vectors)
            .map(|(key, (_, message, signature))| Claim {
                key,
                message: [message, b""],
                signature: hex(signature),
            })
            .collect();
        assert!(verify_batch(&keys, &claims));
        for claim in &claims {
            assert!(keys[claim.key].verify(&claim.message, &claim.signature));
        }
        claims.swap(0, 1);
        claims[0].key = 0;
        claims[1].key = 1;
        assert!(!verify_batch(&keys, &claims));
        assert!(!keys[0].verify(&claims[0].message, &claims[0].signature));
    }

    /// Adding the group order to the scalar gives the same equation and must not give a second signature (RFC 8032 §5.1.7).
    #[test]
    fn a_scalar_that_is_not_reduced_is_refused() {
        let signer = SigningKey::from_bytes(&[1; 32]);
        let key = Key::from_bytes(signer.verifying_key().to_bytes()).unwrap();
        let mut signature = signer.sign(b"x").to_bytes();
        let order: [u8; 32] = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
        let mut carry = 0;
        for (byte, add) in signature[32..].iter_mut().zip(order) {
            let sum = u16::from(*byte) + u16::from(add) + carry;
            *byte = sum as u8;
            carry = sum >> 8;
        }
        assert!(!key.verify(&[b"x"], &signature));
        assert!(!verify_batch(
            std::slice::from_ref(&key),
            &[Claim {
                key: 0,
                message: [b"x", b""],
                signature
            }]
        ));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_batch_holds_exactly_when_every_signature_does(
            count in 1_usize..40, keys in 1_u8..4, bad in proptest::option::of((0_usize..40, 0_usize..64, 1_u8..=255)),
        ) {
            let signers: Vec<SigningKey> = (1..=keys).map(|key| SigningKey::from_bytes(&[key; 32])).collect();
            let known: Vec<Key> = signers.iter().map(|key| Key::from_bytes(key.verifying_key().to_bytes()).unwrap()).collect();
            let messages: Vec<Vec<u8>> = (0..count).map(|n| format!("message {n}").into_bytes()).collect();
            let mut claims: Vec<Claim<'_>> = messages.iter().enumerate().map(|(n, message)| {
                let key = n % signers.len();
                Claim { key, message: [b"a ", message], signature: signers[key].sign(&[b"a ", message.as_slice()].concat()).to_bytes() }
            }).collect();
            prop_assert!(verify_batch(&known, &claims));
            if let Some((which, byte, change)) = bad {
                let which = which % claims.len();
                claims[which].signature[byte] ^= change;
                prop_assert!(!verify_batch(&known, &claims));
                for (n, claim) in claims.iter().enumerate() {
                    prop_assert_eq!(known[claim.key].verify(&claim.message, &claim.signature), n != which);
                }
            }
        }
    }
}
