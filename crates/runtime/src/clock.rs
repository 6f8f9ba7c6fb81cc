//! Watches the machine's clock against one that never jumps. Pure: both times are passed in.

/// A difference of more than this between two looks is a jump, in milliseconds: a minute.
const JUMP_MS: u64 = 60_000;

/// What the clock should have said, and what it said, in milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Jump {
    pub(crate) expected: u64,
    pub(crate) found: u64,
}

/// Two readings, taken at the same moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClockWatch {
    wall_ms: u64,
    steady_ms: u64,
}

impl ClockWatch {
    /// Begins with these readings.
    pub(crate) fn new(wall_ms: u64, steady_ms: u64) -> Self {
        Self { wall_ms, steady_ms }
    }

    /// Compares the next two.
    pub(crate) fn look(&mut self, wall_ms: u64, steady_ms: u64) -> Option<Jump> {
        let expected = self.wall_ms.saturating_add(steady_ms.saturating_sub(self.steady_ms));
        *self = Self::new(wall_ms, steady_ms);
        (wall_ms.abs_diff(expected) >= JUMP_MS).then_some(Jump {
            expected,
            found: wall_ms,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400_000;

    #[test]
    fn a_day_forward_and_a_day_back_are_each_noted_once() {
        let mut watch = ClockWatch::new(20_000 * DAY, 0);
        assert_eq!(watch.look(20_000 * DAY + 10_000, 10_000), None);
        let forward = Jump {
            expected: 20_000 * DAY + 20_000,
            found: 20_001 * DAY + 20_000,
        };
        assert_eq!(watch.look(forward.found, 20_000), Some(forward));
        assert_eq!(watch.look(forward.found + 10_000, 30_000), None);
        let back = Jump {
            expected: forward.found + 20_000,
            found: 20_000 * DAY,
        };
        assert_eq!(watch.look(back.found, 40_000), Some(back));
        assert_eq!(watch.look(back.found + 10_000, 50_000), None);
        // A clock that says it is before 1970, and one at its end.
        assert!(watch.look(0, 60_000).is_some());
        assert!(watch.look(u64::MAX, 70_000).is_some());
        assert_eq!(watch.look(u64::MAX, 80_000), None);
    }

    #[test]
    fn a_clock_that_runs_slow_does_not_jump() {
        let mut watch = ClockWatch::new(20_000 * DAY, 0);
        for step in 1..1_000 {
            assert_eq!(watch.look(20_000 * DAY + step * 9_000, step * 10_000), None);
        }
    }
}
