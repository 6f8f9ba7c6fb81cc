//! When this machine was asleep: its connections may be dead although nothing says so, and its timers have not counted the time.

use std::time::{Duration, SystemTime};

/// How often the clock is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Looks that are further apart have sleep between them, or a clock that was set.
const ASLEEP: Duration = Duration::from_secs(10);

/// Returns once the machine has slept, within a second of its waking. A clock that is set forward, and a machine too busy to look, count as
/// sleep: whoever waits for this connects anew, which does no harm.
pub async fn woke() {
    let mut before = SystemTime::now();
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let now = SystemTime::now();
        if slept(before, now) {
            return;
        }
        before = now;
    }
}

/// Whether there was sleep between two looks. A clock that went back says nothing about that.
fn slept(before: SystemTime, now: SystemTime) -> bool {
    now.duration_since(before).is_ok_and(|apart| apart > ASLEEP)
}

#[cfg(test)]
mod tests {
    use super::{ASLEEP, LOOK_EVERY, slept};
    use std::time::{Duration, SystemTime};

    #[test]
    fn only_a_gap_counts_as_sleep() {
        let before = SystemTime::UNIX_EPOCH + Duration::from_secs(86_400);
        assert!(!slept(before, before + LOOK_EVERY));
        assert!(!slept(before, before + ASLEEP), "a busy machine looks late");
        assert!(!slept(before, SystemTime::UNIX_EPOCH), "a clock that was set back");
        assert!(slept(before, before + LOOK_EVERY + ASLEEP));
    }
}
