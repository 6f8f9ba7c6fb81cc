//! `cargo xtask robot`: a real browser fetches and submits every form of the page behind links in mail, as often as asked for.

use crate::build::EVERYTHING;
use crate::step::Step;
use crate::{interop, setup};
use anyhow::Result;

/// Plays that many rounds and fails at the first approval or denial.
pub(crate) fn run(rounds: u32) -> Result<()> {
    setup::everything()?;
    interop::prepare()?;
    let nextest = Step::cargo("robot", &["nextest", "run", "--locked", "--no-capture"])
        .arguments(EVERYTHING)
        .arguments(&["-E", "package(caisey-control-native) and test(robot::)"])
        .variable("CAISEY_ROBOT_ROUNDS", rounds.to_string());
    setup::with_node(nextest).must_succeed()
}
