//! How the workspace is built. One set of packages and features for every task, so that nothing is compiled twice.

use crate::step::Step;
use anyhow::Result;

/// Every package, and the desktop with its pages inside instead of a development server.
pub(crate) const EVERYTHING: &[&str] = &["--workspace", "--features", "custom-protocol"];

/// Whether this tree has pages yet.
pub(crate) fn has_pages() -> bool {
    crate::place::root().join("ui/package.json").is_file()
}

/// The pages, into ui/dist.
pub(crate) fn pages() -> Step {
    script("pages", "build")
}

/// A script of ui/package.json.
pub(crate) fn script(name: &str, script: &str) -> Step {
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    Step::new(name, npm)
        .arguments(&["run", "--silent", script])
        .within("ui")
        .variable("CI", "true")
}

/// All programs.
pub(crate) fn programs() -> Step {
    Step::cargo("programs", &["build", "--locked", "--bins"]).arguments(EVERYTHING)
}

/// Pages, then programs: the desktop carries the pages.
pub(crate) fn all() -> Result<()> {
    if has_pages() {
        pages().must_succeed()?;
    }
    programs().must_succeed()
}
