//! `cargo xtask journey …`: builds the real programs and plays a story on them.

use crate::step::Step;
use crate::{build, place, setup};
use anyhow::{Result, bail};
use std::path::Path;

/// A suspected breach after hours.
pub(crate) fn breach(out: &Path) -> Result<()> {
    setup::everything()?;
    build::all()?;
    let program = place::program("caisey-journey");
    if !program.is_file() {
        bail!("the journey's program is not built: {}", program.display());
    }
    Step::new("journey breach", program)
        .arguments(&["breach", "--out"])
        .arguments(&[out])
        .must_succeed()
}
