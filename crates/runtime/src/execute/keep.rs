//! What is kept of an output stream, in bounded memory whatever is printed: its beginning, its end, and of everything between the
//! exact number of bytes and their SHA-256. Pure.
//!
//! Bytes come out in order: texts of the head, then an omission if there was one, then texts of the tail. What could not be stored
//! although it belonged to the head is given back with [`Keeper::lose`] and counts as omitted; from there on only the tail is kept.

use caisey_ledger::lossless::{self, LosslessDecoder, MAX_RAW_CHUNK_BYTES};
use caisey_ledger::text::MAX_TEXT_BYTES;
use sha2::{Digest, Sha256};
use std::collections::VecDeque;

/// Most bytes that [`Keeper::push`] takes at once.
pub(crate) const MAX_PUSH_BYTES: usize = 64 * 1024;

/// Bytes that were printed and not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Omission {
    pub(crate) bytes: u64,
    pub(crate) sha256: [u8; 32],
}

/// One piece of the record of a stream, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(String),
    Omitted(Omission),
}

/// See the module's text.
pub(crate) struct Keeper {
    head_left: u64,
    decoder: LosslessDecoder,
    text: String,
    tail: VecDeque<u8>,
    tail_limit: usize,
    omitted: u64,
    hash: Sha256,
    total: u64,
}

impl Keeper {
    /// `tail_limit` is raised to [`MAX_PUSH_BYTES`], so that one push never evicts what it brought itself.
    pub(crate) fn new(head_bytes: u64, tail_limit: usize) -> Self {
        let tail_limit = tail_limit.max(MAX_PUSH_BYTES);
        Self {
            head_left: head_bytes,
            decoder: LosslessDecoder::new(),
            text: String::new(),
            tail: VecDeque::new(),
            tail_limit,
            omitted: 0,
            hash: Sha256::new(),
            total: 0,
        }
    }

    /// Everything that was printed so far, in bytes.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// Whether text waits to be flushed.
    pub(crate) fn has_text(&self) -> bool {
        !self.text.is_empty()
    }

    /// Takes what was printed; returns texts that are full.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        self.total += bytes.len() as u64;
        let head = usize::try_from(self.head_left).unwrap_or(usize::MAX).min(bytes.len());
        let (head, rest) = bytes.split_at_checked(head).unwrap_or((bytes, &[]));
        let mut full = Vec::new();
        if !head.is_empty() {
            self.head_left -= head.len() as u64;
            for chunk in head.chunks(MAX_RAW_CHUNK_BYTES) {
                let more = self.decoder.push(chunk);
                self.append(&more, &mut full);
            }
            if self.head_left == 0 {
                self.end_head(&mut full);
            }
        }
        self.push_tail(rest);
        full
    }

    /// The text gathered so far, when there is any: called when it has waited long enough.
    pub(crate) fn flush(&mut self) -> Option<String> {
        (!self.text.is_empty()).then(|| std::mem::take(&mut self.text))
    }

    /// This text, and everything of the head that is still to come out, could not be stored.
    pub(crate) fn lose(&mut self, texts: impl IntoIterator<Item = String>) {
        let mut rest = Vec::new();
        let was_head = self.head_left > 0;
        self.head_left = 0;
        if was_head {
            self.end_head(&mut rest);
        }
        rest.extend(self.flush());
        // What the tail already holds came after all of these, so the order of the hash is the order of printing.
        for text in texts.into_iter().chain(rest) {
            self.omit(&lossless::to_bytes(&text));
        }
    }

    /// The stream has ended: everything that is left, in order.
    pub(crate) fn finish(mut self) -> Vec<Piece> {
        let mut texts = Vec::new();
        if self.head_left > 0 {
            self.end_head(&mut texts);
        }
        texts.extend(self.flush());
        let mut pieces: Vec<Piece> = texts.into_iter().map(Piece::Text).collect();
        if self.omitted > 0 {
            pieces.push(Piece::Omitted(Omission {
                bytes: self.omitted,
                sha256: self.hash.finalize().into(),
            }));
        }
        let (mut decoder, mut text, mut full) = (LosslessDecoder::new(), String::new(), Vec::new());
        let tail = self.tail.make_contiguous();
        for chunk in tail.chunks(MAX_RAW_CHUNK_BYTES) {
            append(&mut text, &decoder.push(chunk), &mut full);
        }
        append(&mut text, &std::mem::take(&mut decoder).finish(), &mut full);
        full.extend((!text.is_empty()).then_some(text));
        pieces.extend(full.into_iter().map(Piece::Text));
        pieces
    }

    fn append(&mut self, more: &str, full: &mut Vec<String>) {
        append(&mut self.text, more, full);
    }

    /// A character that the head's end cuts in two is recorded as single bytes: nothing may wait across an omission.
    fn end_head(&mut self, full: &mut Vec<String>) {
        let rest = std::mem::take(&mut self.decoder).finish();
        self.append(&rest, full);
        full.extend(self.flush());
    }

    fn push_tail(&mut self, bytes: &[u8]) {
        let evict = (self.tail.len() + bytes.len())
            .saturating_sub(self.tail_limit)
            .min(self.tail.len());
        let (front, back) = self.tail.as_slices();
        let from_front = evict.min(front.len());
        self.hash.update(front.get(..from_front).unwrap_or_default());
        self.hash.update(back.get(..evict - from_front).unwrap_or_default());
        self.omitted += evict as u64;
        self.tail.drain(..evict);
        self.tail.extend(bytes);
    }

    fn omit(&mut self, bytes: &[u8]) {
        self.omitted += bytes.len() as u64;
        self.hash.update(bytes);
    }
}

fn append(text: &mut String, more: &str, full: &mut Vec<String>) {
    if text.len() + more.len() > MAX_TEXT_BYTES {
        full.push(std::mem::take(text));
    }
    text.push_str(more);
}

/// The omission that these bytes amount to.
pub(crate) fn omission_of(texts: &[String]) -> Omission {
    let mut hash = Sha256::new();
    let mut bytes = 0;
    for text in texts {
        let raw = lossless::to_bytes(text);
        bytes += raw.len() as u64;
        hash.update(&raw);
    }
    Omission {
        bytes,
        sha256: hash.finalize().into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
    use super::*;

    /// What a reader of the record can say: the kept bytes in order, with how many are missing at which place.
    fn replay(pieces: &[Piece]) -> (Vec<u8>, Option<(usize, Omission)>) {
        let (mut bytes, mut gap) = (Vec::new(), None);
        for piece in pieces {
            match piece {
                Piece::Text(text) => {
                    assert!(text.len() <= MAX_TEXT_BYTES);
                    bytes.extend(lossless::to_bytes(text));
                }
                Piece::Omitted(omission) => gap = Some((bytes.len(), omission.clone())),
            }
        }
        (bytes, gap)
    }

    fn printed(count: usize) -> Vec<u8> {
        (0..count).map(|n| ((n * 7919) >> 3) as u8).collect()
    }

    fn check(total: usize, head: usize, tail: usize, step: usize) {
        let all = printed(total);
        let mut keeper = Keeper::new(head as u64, tail);
        let mut pieces = Vec::new();
        for (number, chunk) in all.chunks(step).enumerate() {
            pieces.extend(keeper.push(chunk).into_iter().map(Piece::Text));
            if number % 3 == 0 {
                pieces.extend(keeper.flush().map(Piece::Text));
            }
        }
        assert_eq!(keeper.total(), total as u64);
        pieces.extend(keeper.finish());
        let (kept, gap) = replay(&pieces);
        let tail = tail.max(MAX_PUSH_BYTES);
        if total <= head + tail {
            assert_eq!((kept, gap), (all, None));
        } else {
            let (at, omission) = gap.unwrap();
            let missing = &all[head..total - tail];
            assert_eq!((at, omission.bytes as usize), (head, missing.len()));
            assert_eq!(omission.sha256, <[u8; 32]>::from(Sha256::digest(missing)));
            assert_eq!(kept, [&all[..head], &all[total - tail..]].concat());
        }
    }

    #[test]
    fn head_tail_and_the_exact_gap_between() {
        for total in [0, 1, 999, 1_000, 1_001, 66_000, 66_536, 66_537, 400_000] {
            for step in [1_000, 4_093, 65_536] {
                check(total, 1_000, 0, step);
                check(total, 100_000, 70_000, step);
                check(total, 0, 0, step);
            }
        }
    }

    #[test]
    fn what_could_not_be_stored_counts_as_omitted_in_order() {
        let all = printed(300_000);
        let mut keeper = Keeper::new(200_000, 0);
        let mut kept = Vec::new();
        for (number, chunk) in all.chunks(10_000).enumerate() {
            let texts = keeper.push(chunk);
            if number < 10 {
                kept.extend(texts.into_iter().map(Piece::Text));
            } else if !texts.is_empty() {
                keeper.lose(texts);
            }
        }
        kept.extend(keeper.finish());
        let (bytes, gap) = replay(&kept);
        let (at, omission) = gap.unwrap();
        let missing = &all[at..at + omission.bytes as usize];
        assert_eq!(omission.sha256, <[u8; 32]>::from(Sha256::digest(missing)));
        assert_eq!(bytes, [&all[..at], &all[at + missing.len()..]].concat());
    }
}
