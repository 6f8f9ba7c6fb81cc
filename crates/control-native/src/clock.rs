//! The host's clock and source of randomness, in one place: everything below gets both as arguments.

use caisey_ledger::id::TimeMs;
use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since the Unix epoch by the system's clock; 0 when that clock is before the epoch.
pub(crate) fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(0))
}

/// A jump of the clock by more than this is told to whoever keeps a record, in milliseconds: five minutes.
const JUMP_MS: u64 = 300_000;

/// Compares the system's clock with one that never jumps. Both times are passed in.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    last: Option<(u64, u64)>,
    /// Jumps so far.
    pub(crate) number: u64,
    /// The last one: what the clock should have said, and what it said.
    pub(crate) jump: (u64, u64),
}

impl Watch {
    /// To be called often; a drift between two calls that is shorter than five minutes is none.
    pub(crate) fn look(&mut self, wall_ms: u64, steady_ms: u64) {
        let last = self.last.replace((wall_ms, steady_ms));
        let Some((wall, steady)) = last else { return };
        let expected = wall.saturating_add(steady_ms.saturating_sub(steady));
        if wall_ms.abs_diff(expected) > JUMP_MS {
            self.number += 1;
            self.jump = (expected, wall_ms);
        }
    }
}

/// Milliseconds of a clock that never jumps, since some moment of this process.
pub(crate) fn steady_ms() -> u64 {
    static BEGAN: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    let began = BEGAN.get_or_init(std::time::Instant::now);
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// The same as the ledger's type.
pub(crate) fn now() -> TimeMs {
    TimeMs::new(now_ms()).unwrap_or_default()
}

/// That many rows of 32 fresh bytes.
///
/// # Errors
/// When the operating system has none to give.
pub(crate) fn random_rows(count: usize) -> std::io::Result<Vec<[u8; 32]>> {
    let mut rows = vec![[0; 32]; count];
    getrandom::fill(rows.as_flattened_mut()).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(rows)
}

/// Fresh bytes from the operating system.
///
/// # Errors
/// When the operating system has none to give.
pub(crate) fn random<const N: usize>() -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::Watch;

    const DAY: u64 = 86_400_000;

    #[test]
    fn a_day_either_way_is_seen_once_and_drift_and_rest_are_not() {
        let mut watch = Watch::default();
        watch.look(DAY * 20_000, 5);
        // Rest, and a slow clock that is corrected bit by bit.
        watch.look(DAY * 20_001, DAY + 5);
        for step in 1..100 {
            watch.look(DAY * 20_001 + step * 60_000, DAY + 5 + step * 61_000);
        }
        assert_eq!(watch.number, 0);
        let wall = DAY * 20_001 + 99 * 60_000;
        let steady = DAY + 5 + 99 * 61_000;
        watch.look(wall + DAY + 10, steady + 10);
        assert_eq!((watch.number, watch.jump), (1, (wall + 10, wall + DAY + 10)));
        watch.look(wall + DAY + 20, steady + 20);
        assert_eq!(watch.number, 1);
        watch.look(wall + 30, steady + 30);
        assert_eq!((watch.number, watch.jump), (2, (wall + DAY + 30, wall + 30)));
    }
}
