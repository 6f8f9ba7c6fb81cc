//! SHA-256 (FIPS 180-4) values and the few input shapes that this crate hashes.
//!
//! Promises: nothing here allocates. Short inputs, of which a log has millions, are padded on the stack and compressed
//! directly; `short_inputs_hash_like_the_standard_ones` compares that with the ordinary implementation at every length.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::fmt;

/// A SHA-256 value. On the wire: standard base64 with padding (RFC 4648 §4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// SHA-256 of all of it.
    pub fn of(data: &[u8]) -> Self {
        Self(Sha256::digest(data).into())
    }

    /// Reads the wire form; none unless it is exactly 32 bytes in strict base64.
    pub fn from_base64(text: &str) -> Option<Self> {
        decode_base64(text).map(Self)
    }

    /// The wire form.
    pub fn to_base64(self) -> String {
        STANDARD.encode(self.0)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_base64())
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut buffer = [0; 44];
        let text = encode_base64(&self.0, &mut buffer);
        serializer.serialize_str(text)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_base64(deserializer).map(Self)
    }
}

/// Reads strict standard base64 of exactly `N` bytes.
pub(crate) fn decode_base64<const N: usize>(text: &str) -> Option<[u8; N]> {
    // The decoder wants room for its estimate, which may exceed the exact length by up to two bytes.
    let mut buffer = [0; 72];
    let length = STANDARD.decode_slice(text, &mut buffer).ok()?;
    buffer.get(..length)?.try_into().ok()
}

/// Writes standard base64 into the buffer, which must be long enough; empty otherwise.
pub(crate) fn encode_base64<'a>(bytes: &[u8], buffer: &'a mut [u8]) -> &'a str {
    let length = STANDARD.encode_slice(bytes, buffer).unwrap_or(0);
    buffer
        .get(..length)
        .and_then(|written| std::str::from_utf8(written).ok())
        .unwrap_or_default()
}

/// For serde: strict standard base64 of exactly `N` bytes, without allocating.
pub(crate) fn deserialize_base64<'de, D: Deserializer<'de>, const N: usize>(deserializer: D) -> Result<[u8; N], D::Error> {
    struct Visitor<const N: usize>;
    impl<const N: usize> serde::de::Visitor<'_> for Visitor<N> {
        type Value = [u8; N];
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{N} bytes in standard base64")
        }
        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<[u8; N], E> {
            decode_base64(text).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Other("other text"), &self))
        }
    }
    deserializer.deserialize_str(Visitor::<N>)
}

/// First state of SHA-256 (FIPS 180-4 §5.3.3).
const INITIAL: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

fn to_hash(state: [u32; 8]) -> Hash {
    let mut out = [0; 32];
    for (bytes, word) in out.chunks_exact_mut(4).zip(state) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    Hash(out)
}

/// SHA-256 of `tag ‖ left ‖ right`: a node of either tree. Two blocks, laid out by hand.
#[inline]
pub(crate) fn tagged_pair(tag: u8, left: &Hash, right: &Hash) -> Hash {
    let mut first = [0; 64];
    first[0] = tag;
    first[1..33].copy_from_slice(&left.0);
    first[33..64].copy_from_slice(&right.0[..31]);
    let mut second = [0; 64];
    second[0] = right.0[31];
    second[1] = 0x80;
    // 65 bytes are 0x208 bits.
    second[62] = 0x02;
    second[63] = 0x08;
    let mut state = INITIAL;
    sha2::compress256(&mut state, &[first.into(), second.into()]);
    to_hash(state)
}

/// SHA-256 of `tag ‖ seed`. One block.
#[inline]
pub(crate) fn tagged_seed(tag: u8, seed: &[u8; 16]) -> Hash {
    let mut block = [0; 64];
    block[0] = tag;
    block[1..17].copy_from_slice(seed);
    block[17] = 0x80;
    // 17 bytes are 0x88 bits.
    block[63] = 0x88;
    let mut state = INITIAL;
    sha2::compress256(&mut state, &[block.into()]);
    to_hash(state)
}

/// SHA-256 of `tag ‖ a ‖ b`.
#[inline]
pub(crate) fn tagged(tag: u8, a: &[u8], b: &[u8]) -> Hash {
    let length = 1 + a.len() + b.len();
    let short = if length <= 55 {
        let mut block = [0; 64];
        pad(&mut block, tag, a, b).map(|()| {
            let mut state = INITIAL;
            sha2::compress256(&mut state, &[block.into()]);
            to_hash(state)
        })
    } else if length <= 119 {
        let mut blocks = [0; 128];
        pad(&mut blocks, tag, a, b).and_then(|()| {
            let (first, second) = blocks.split_first_chunk::<64>()?;
            let mut state = INITIAL;
            sha2::compress256(&mut state, &[(*first).into(), (*second.first_chunk::<64>()?).into()]);
            Some(to_hash(state))
        })
    } else {
        None
    };
    short.unwrap_or_else(|| {
        Hash(
            Sha256::new()
                .chain_update([tag])
                .chain_update(a)
                .chain_update(b)
                .finalize()
                .into(),
        )
    })
}

/// Lays out the whole padded message (FIPS 180-4 §5.1.1).
#[inline]
fn pad(blocks: &mut [u8], tag: u8, a: &[u8], b: &[u8]) -> Option<()> {
    let bits = (1 + a.len() + b.len()) as u64 * 8;
    let (first, rest) = blocks.split_first_mut()?;
    *first = tag;
    let (place, rest) = rest.split_at_mut_checked(a.len())?;
    place.copy_from_slice(a);
    let (place, rest) = rest.split_at_mut_checked(b.len())?;
    place.copy_from_slice(b);
    *rest.first_mut()? = 0x80;
    *rest.last_chunk_mut::<8>()? = bits.to_be_bytes();
    Some(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn short_inputs_hash_like_the_standard_ones() {
        let data: Vec<u8> = (0..=255).collect();
        for length in 0..200 {
            let b = data.get(..length).unwrap();
            for a in [&data[..0], &data[3..19], &data[9..41]] {
                let whole = [&[7_u8], a, b].concat();
                assert_eq!(tagged(7, a, b), Hash::of(&whole), "{length}");
            }
        }
    }

    #[test]
    fn nodes_and_seeds_hash_like_the_standard_ones() {
        let [a, b] = [b"a", b"b"].map(|data| Hash::of(data));
        assert_eq!(tagged_pair(1, &a, &b), Hash::of(&[&[1], a.0.as_slice(), &b.0].concat()));
        let seed = [7; 16];
        assert_eq!(tagged_seed(0x20, &seed), Hash::of(&[&[0x20], seed.as_slice()].concat()));
    }

    #[test]
    fn base64_is_strict() {
        let good = Hash([1; 32]).to_base64();
        assert_eq!(Hash::from_base64(&good), Some(Hash([1; 32])));
        for wrong in [
            "",
            "AQ==",
            good.trim_end_matches('='),
            &good.replace("E=", "F="),
            &format!("{good}\n"),
            &"A".repeat(500),
        ] {
            assert_eq!(Hash::from_base64(wrong), None, "{wrong}");
        }
    }
}
