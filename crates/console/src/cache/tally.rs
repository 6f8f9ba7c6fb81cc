//! How many entries there are, by log, technician, kind and time, kept up to date with every entry, so that a search can say what it
//! looked through without counting: one number for all time, one for each day, one for each hour.

/// Times beyond this (the year 2109) are tallied and placed there; the entry itself keeps its time.
pub const LATEST_MS: u64 = (1 << 42) - 1;

/// The slot of all time.
pub const ALL_TIME: i64 = -1;

/// A length of time that has tallies of its own.
#[derive(Debug, Clone, Copy)]
pub struct Grain {
    /// Its length.
    pub length_ms: u64,
    base: i64,
}

/// Coarsest first.
pub const GRAINS: [Grain; 2] = [
    Grain {
        length_ms: 86_400_000,
        base: 0,
    },
    Grain {
        length_ms: 3_600_000,
        base: 1_000_000,
    },
];

impl Grain {
    /// The number of the slot of the `count`th such length since 1970.
    pub fn slot(&self, count: u64) -> i64 {
        self.base.saturating_add(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

/// All slots that an entry of this time counts in.
pub fn slots(time_ms: u64) -> impl Iterator<Item = i64> {
    let time_ms = time_ms.min(LATEST_MS);
    std::iter::once(ALL_TIME).chain(GRAINS.into_iter().map(move |grain| grain.slot(time_ms / grain.length_ms)))
}
