//! How the workspace is built. One set of packages and features for every task, so that nothing is compiled twice.

use crate::setup;
use crate::step::Step;
use anyhow::Result;

/// Every package, and the desktop with its pages inside instead of a development server.
pub(crate) const EVERYTHING: &[&str] = &["--workspace", "--features", "custom-protocol"];

/// The pages, into ui/dist.
pub(crate) fn pages() -> Step {
    script("pages", "build")
}

/// A script of ui/package.json.
pub(crate) fn script(name: &str, script: &str) -> Step {
    setup::npm(name, &["run", "--silent", script]).variable("CI", "true")
}

/// All programs.
pub(crate) fn programs() -> Step {
    Step::cargo("programs", &["build", "--locked", "--bins"]).arguments(EVERYTHING)
}

/// All programs and all tests at once. Features that only tests ask for of a package are then the same for both, and shared packages are compiled
/// once: a run of everything begins with this.
pub(crate) fn programs_and_tests() -> Step {
    Step::cargo("programs and tests", &["build", "--locked", "--bins", "--tests"]).arguments(EVERYTHING)
}

/// Pages, then programs: the desktop carries the pages.
pub(crate) fn all() -> Result<()> {
    pages().must_succeed()?;
    programs().must_succeed()
}
