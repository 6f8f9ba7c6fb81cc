//! Start-up marks for measurements: one line each on standard error when `CAISEY_TRACE_START=1`, otherwise nothing.
//!
//! A line reads `caisey-start MARK MS UNIX_MS`: milliseconds since the program's first line ran, and since 1970-01-01T00:00:00Z.

use std::io::Write as _;
use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

static BEGAN: OnceLock<Instant> = OnceLock::new();

/// The program began.
pub(crate) fn begin() {
    BEGAN.get_or_init(Instant::now);
}

/// The program came as far as `mark`.
pub(crate) fn reached(mark: &str) {
    if std::env::var_os("CAISEY_TRACE_START").is_none() {
        return;
    }
    let since = BEGAN.get_or_init(Instant::now).elapsed().as_secs_f64() * 1_000.0;
    let unix = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64() * 1_000.0);
    let _ = writeln!(std::io::stderr(), "caisey-start {mark} {since:.1} {unix:.3}");
}
