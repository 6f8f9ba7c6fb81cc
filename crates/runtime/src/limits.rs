//! How much of everything a runtime keeps, runs and waits for. One value of [`Limits`] is given at start and never changes.

use std::time::Duration;

/// Bounds of a runtime. The defaults suit an office computer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Actions that may run at the same time; more are refused as `busy`.
    pub running: usize,
    /// Bytes kept from the beginning of each output stream of a command.
    pub head_bytes: u64,
    /// Bytes kept from the end of each output stream of a command, beyond the head. Held in memory while the command runs.
    pub tail_bytes: usize,
    /// Bytes of statements that may wait on disk for the control plane. Beyond it outputs are counted and hashed, not kept, and new
    /// actions are refused.
    pub outbox_bytes: u64,
    /// What a command printed is recorded at the latest after this time.
    pub flush_after: Duration,
    /// A probe may run this long.
    pub probe_time: Duration,
    /// After a command ended, processes that it left behind may keep its output open this long before recording stops.
    pub linger: Duration,
    /// No command may ask for a longer time limit.
    pub longest_command: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            running: 16,
            head_bytes: 8 << 20,
            tail_bytes: 1 << 20,
            outbox_bytes: 256 << 20,
            flush_after: Duration::from_millis(250),
            probe_time: Duration::from_secs(30),
            linger: Duration::from_secs(2),
            longest_command: Duration::from_secs(24 * 60 * 60),
        }
    }
}
