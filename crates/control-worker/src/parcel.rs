//! Parcels: what JavaScript and this module hand each other, as a run of items, each with its length in front (32 bits, little-endian).
//!
//! Descriptions are JSON; frames and bodies are items of their own, so that no text is escaped twice. Never stored and never sent anywhere:
//! both ends are built together.

use serde::Serialize;

/// A parcel being packed.
#[derive(Default)]
pub(crate) struct Parcel(Vec<u8>);

impl Parcel {
    pub(crate) fn put(&mut self, item: &[u8]) {
        let length = u32::try_from(item.len()).unwrap_or(u32::MAX);
        self.0.extend_from_slice(&length.to_le_bytes());
        self.0.extend_from_slice(item);
    }

    /// A description. What cannot be written as JSON is an empty item, which no reader takes for anything.
    pub(crate) fn describe(&mut self, value: &impl Serialize) {
        self.put(&serde_json::to_vec(value).unwrap_or_default());
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// The items of a parcel, from first to last. A cut-off item ends it.
pub(crate) struct Items<'a>(&'a [u8]);

impl<'a> Items<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk::<4>()?;
        let (item, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
        self.0 = rest;
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{Items, Parcel};

    #[test]
    fn items_come_back_and_a_cut_parcel_ends() {
        let mut parcel = Parcel::default();
        parcel.put(b"one");
        parcel.put(b"");
        parcel.describe(&serde_json::json!({ "three": 3 }));
        let bytes = parcel.into_bytes();
        assert_eq!(Items::of(&bytes).collect::<Vec<_>>(), [&b"one"[..], b"", br#"{"three":3}"#]);
        for cut in 0..bytes.len() {
            assert!(Items::of(bytes.get(..cut).unwrap()).count() < 3, "{cut}");
        }
    }
}
