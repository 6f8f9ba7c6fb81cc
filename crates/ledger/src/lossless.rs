//! Bytes as text and back, without loss (docs/formats/text.md, "Bytes as text").
//!
//! Valid UTF-8 stays as it is. Every byte that is not part of valid UTF-8 becomes the character U+10FF00 + byte; so does each of
//! the four bytes of a genuine character from U+10FF00 to U+10FFFF, so that [`to_bytes`] always gives the exact bytes back.

/// First of the 256 characters that stand for single bytes.
const BASE: u32 = 0x10_FF00;

/// Feed a [`LosslessDecoder`] at most this many bytes at a time and each result fits into one text of
/// [`crate::text::MAX_TEXT_BYTES`], whatever the bytes are: a byte becomes at most four.
pub const MAX_RAW_CHUNK_BYTES: usize = crate::text::MAX_TEXT_BYTES / 4 - 4;

fn push_byte(out: &mut String, byte: u8) {
    out.extend(char::from_u32(BASE + u32::from(byte)));
}

fn push_valid(out: &mut String, valid: &str) {
    // All reserved characters begin with these bytes; nearly no text has them.
    if !valid.as_bytes().contains(&0xF4) {
        out.push_str(valid);
        return;
    }
    for c in valid.chars() {
        if u32::from(c) >= BASE {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                push_byte(out, byte);
            }
        } else {
            out.push(c);
        }
    }
}

/// Decodes what it can and returns how many bytes at the end are the beginning of a character that may still come.
fn decode_into(out: &mut String, mut bytes: &[u8]) -> usize {
    loop {
        let error = match std::str::from_utf8(bytes) {
            Ok(valid) => {
                push_valid(out, valid);
                return 0;
            }
            Err(error) => error,
        };
        let (valid, rest) = bytes.split_at_checked(error.valid_up_to()).unwrap_or((bytes, &[]));
        push_valid(out, std::str::from_utf8(valid).unwrap_or_default());
        let Some(bad) = error.error_len() else { return rest.len() };
        let (bad, rest) = rest.split_at_checked(bad).unwrap_or((rest, &[]));
        bad.iter().for_each(|byte| push_byte(out, *byte));
        bytes = rest;
    }
}

/// Text for these bytes.
pub fn from_bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    let pending = decode_into(&mut out, bytes);
    for byte in bytes.iter().skip(bytes.len() - pending) {
        push_byte(&mut out, *byte);
    }
    out
}

/// The bytes that this text stands for.
pub fn to_bytes(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for c in text.chars() {
        match u32::from(c).checked_sub(BASE) {
            Some(byte) => out.push(byte as u8),
            None => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out
}

/// Decodes a stream piece by piece: a character that a piece's end cuts in two comes out whole with the next piece. Holds at
/// most three bytes between calls. The results of all calls joined equal [`from_bytes`] of all input joined.
#[derive(Debug, Clone, Default)]
pub struct LosslessDecoder {
    pending: Vec<u8>,
}

impl LosslessDecoder {
    /// At the beginning of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next piece and returns the text of all complete characters so far.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        let mut out = String::with_capacity(bytes.len() + 4);
        let joined;
        let input = if self.pending.is_empty() {
            bytes
        } else {
            joined = [self.pending.as_slice(), bytes].concat();
            &joined
        };
        let left = decode_into(&mut out, input);
        self.pending = input.iter().skip(input.len() - left).copied().collect();
        out
    }

    /// How many bytes wait for the rest of their character.
    pub fn pending_bytes(&self) -> usize {
        self.pending.len()
    }

    /// Ends the stream: whatever waits was not a character after all.
    pub fn finish(self) -> String {
        let mut out = String::new();
        self.pending.iter().for_each(|byte| push_byte(&mut out, *byte));
        out
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bytes_come_back_exactly() {
        assert_eq!(from_bytes(b"ok \xff\xc3"), "ok \u{10ffff}\u{10ffc3}");
        assert_eq!(
            from_bytes("\u{10ff41}".as_bytes()),
            "\u{10fff4}\u{10ff8f}\u{10ffbd}\u{10ff81}"
        );
        assert_eq!(from_bytes("né😀".as_bytes()), "né😀");
    }

    fn hostile() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            any::<u8>().prop_map(|byte| vec![byte]),
            any::<char>().prop_map(|c| c.to_string().into_bytes()),
            (0x10_FF00_u32..=0x10_FFFF).prop_map(|c| char::from_u32(c).unwrap().to_string().into_bytes()),
            Just(vec![0xED, 0xA0, 0x80]),
            Just(vec![0xF4, 0x90]),
        ];
        proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn any_bytes_survive_in_any_pieces(bytes in hostile(), cuts in proptest::collection::vec(0_usize..200, 0..8)) {
            let whole = from_bytes(&bytes);
            prop_assert_eq!(&to_bytes(&whole), &bytes);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).chain([0, bytes.len()]).collect();
            cuts.sort_unstable();
            let mut decoder = LosslessDecoder::new();
            let mut joined = String::new();
            for cut in cuts.windows(2) {
                joined.push_str(&decoder.push(&bytes[cut[0]..cut[1]]));
                prop_assert!(decoder.pending_bytes() <= 3);
            }
            joined.push_str(&decoder.finish());
            prop_assert_eq!(joined, whole);
        }

        #[test]
        fn a_raw_chunk_always_fits_into_a_text(byte in any::<u8>()) {
            let mut decoder = LosslessDecoder::new();
            decoder.push(&[0xF0, 0x9F, 0x98]);
            prop_assert!(decoder.push(&vec![byte; MAX_RAW_CHUNK_BYTES]).len() <= crate::text::MAX_TEXT_BYTES);
        }
    }
}
