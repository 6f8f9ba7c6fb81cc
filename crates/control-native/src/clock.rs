//! The host's clock and source of randomness, in one place: everything below gets both as arguments.

use caisey_ledger::id::TimeMs;
use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since the Unix epoch by the system's clock; 0 when that clock is before the epoch.
pub(crate) fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(0))
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
