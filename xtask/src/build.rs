//! How the workspace is built. One set of packages and features for every task, so that nothing is compiled twice.

use crate::setup;
use crate::step::Step;
use crate::wasm;
use anyhow::Result;

/// Every package, and the desktop with its pages inside instead of a development server.
pub(crate) const EVERYTHING: &[&str] = &["--workspace", "--features", "custom-protocol"];

/// The pages, into ui/dist, and the script of the page of shared records, into ui/share/dist.
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

/// What readers' browsers check shared records with. Without it everything works, and the pages of shared records say that it is missing.
pub(crate) fn share_check() -> Result<()> {
    if let Err(why) = wasm::share_check()? {
        println!("\n== the browser's check of shared records: not built: {why}");
    }
    Ok(())
}

/// Pages, then programs: they carry the pages.
pub(crate) fn all() -> Result<()> {
    pages().must_succeed()?;
    share_check()?;
    programs().must_succeed()
}
