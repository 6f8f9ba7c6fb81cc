//! One input's circumstances: the store, the time, and identifiers and secrets grown from the input's entropy.

use crate::port::Moment;
use crate::store::Store;
use caisey_ledger::id::TimeMs;
use caisey_ledger::text::TextSeed;
use sha2::{Digest, Sha256};

/// What one `handle` has at hand.
pub(crate) struct Turn<'a> {
    pub(crate) store: &'a dyn Store,
    pub(crate) now: TimeMs,
    entropy: [u8; 32],
    drawn: u64,
}

impl<'a> Turn<'a> {
    pub(crate) fn new(store: &'a dyn Store, moment: Moment) -> Self {
        Self {
            store,
            now: moment.now_ms,
            entropy: moment.entropy,
            drawn: 0,
        }
    }

    /// 32 fresh bytes: SHA-256 of a label, the input's entropy and the number of the draw.
    pub(crate) fn draw(&mut self) -> [u8; 32] {
        let bytes = Sha256::new_with_prefix(b"caisey.draw/v1\n")
            .chain_update(self.entropy)
            .chain_update(self.drawn.to_be_bytes());
        self.drawn += 1;
        bytes.finalize().into()
    }

    /// Bits of a fresh identifier.
    pub(crate) fn bits(&mut self) -> [u8; 16] {
        let drawn = self.draw();
        let mut bits = [0; 16];
        for (bit, byte) in bits.iter_mut().zip(drawn) {
            *bit = byte;
        }
        bits
    }

    /// A seed for one text.
    pub(crate) fn seed(&mut self) -> TextSeed {
        TextSeed::from_bytes(self.draw())
    }
}

/// `time` and that many milliseconds, or the end of time.
pub(crate) fn later(time: TimeMs, by_ms: u64) -> TimeMs {
    time.checked_add(by_ms)
        .or_else(|| TimeMs::new(caisey_ledger::id::MAX_SAFE_INTEGER))
        .unwrap_or(time)
}
