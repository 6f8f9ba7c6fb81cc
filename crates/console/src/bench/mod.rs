//! Measurements of this crate, for `cargo xtask bench`: each is one function that does its work in a folder of its own and returns JSON.
//!
//! Figures are given as ratios of two things measured in one run, on one machine, with the same rows, wherever that is possible.

mod dry_run;
pub mod sample;
mod search;
mod session;
mod synchronise;

pub use dry_run::dry_run;
pub use search::search;
pub use session::session;
pub use synchronise::synchronise;

/// Why a measurement did not happen.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The samples could not be made.
    #[error(transparent)]
    Sample(#[from] sample::SampleError),
    /// The cache failed.
    #[error(transparent)]
    Cache(#[from] crate::error::ConsoleError),
    /// A folder or file could not be made.
    #[error("the folder for the measurement could not be used")]
    Folder(#[from] std::io::Error),
    /// What was measured did not do its work.
    #[error("the measured work went wrong: {0}")]
    Wrong(String),
}

impl From<rusqlite::Error> for BenchError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Cache(error.into())
    }
}

/// Output as endpoints print it: a few lines of a listing, different for every number, with words that many share and words that few do.
pub(crate) fn listing(number: u64) -> String {
    const NAMES: [&str; 12] = [
        "payroll",
        "invoices",
        "backup",
        "system32",
        "spooler",
        "winlogon",
        "sshd",
        "cron",
        "postfix",
        "nginx",
        "report-final",
        "schedule",
    ];
    const STATES: [&str; 5] = ["running", "stopped", "failed", "start pending", "disabled"];
    let mut mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut text = String::new();
    for line in 0..3 {
        mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9).wrapping_add(line);
        let name = NAMES.get((mixed >> 7) as usize % NAMES.len()).copied().unwrap_or_default();
        let state = STATES.get((mixed >> 17) as usize % STATES.len()).copied().unwrap_or_default();
        text.push_str(&format!(
            "{:5}  {name}-{:04x}.service  {state}  /var/lib/{name}/{number}\n",
            mixed % 99_999,
            mixed >> 48
        ));
    }
    text
}
