//! Filters inside the search index: an entry's log, kind and technician, each as one three-character token.
//!
//! The trigram tokenizer makes exactly one token of exactly three characters, so "in this log" is answered by the same intersection of
//! sorted lists as "contains these letters". The characters are from plane 15 (private use); a text that happens to hold them can only
//! add candidates, which are all checked against the stored row.

/// What a token stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    /// The log.
    Log = 0,
    /// The kind of entry.
    Kind = 1,
    /// The technician whose session it belongs to.
    Member = 2,
}

/// The token of a number; numbers up to 2^24 are told apart.
pub fn token(tag: Tag, number: i64) -> String {
    let number = u32::try_from(number & 0xff_ffff).unwrap_or(0);
    let points = [0xf_0000 + tag as u32, 0xf_1000 + (number >> 12), 0xf_2000 + (number & 0xfff)];
    points.into_iter().filter_map(char::from_u32).collect()
}
