//! Beginnings of words that were noted, as bits: what spares most places of a text a look into the words themselves. They may say too much,
//! never too little.

/// Beginnings are mixed to sixteen bits.
const MIXED: usize = 1 << 16;

/// A bit for what every beginning of up to four bytes is mixed to.
#[derive(Debug, Clone)]
pub(crate) struct Noted(Box<[u64; MIXED / 64]>);

impl Noted {
    pub(crate) fn none() -> Self {
        Self(Box::new([0; MIXED / 64]))
    }

    pub(crate) fn note(&mut self, beginning: u32) {
        let place = mixed(beginning);
        if let Some(bits) = self.0.get_mut(place / 64) {
            *bits |= 1 << (place % 64);
        }
    }

    /// 1 where a word may begin so, else 0.
    #[inline]
    pub(crate) fn bit(&self, beginning: u32) -> u64 {
        let place = mixed(beginning);
        self.0.get(place / 64 % (MIXED / 64)).copied().unwrap_or(0) >> (place % 64) & 1
    }
}

/// The highest sixteen bits of four bytes when mixed.
#[inline]
pub(crate) fn mixed(beginning: u32) -> usize {
    (beginning.wrapping_mul(0x9E37_79B1) >> 16) as usize
}
