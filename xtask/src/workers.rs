//! What runs on Workers: the WebAssembly module beside its JavaScript, and workerd to run both.
//!
//! `cargo xtask workers` leaves `crates/control-worker/worker/` complete: for `workerd serve`, for `wrangler deploy`, and for the tests.

use crate::step::Step;
use crate::{build, place, setup, wasm};
use anyhow::{Context, Result, anyhow};

/// Folder of the Worker.
const FOLDER: &str = "crates/control-worker/worker";

/// Builds everything, or says why this machine cannot.
pub(crate) fn run() -> Result<()> {
    setup::everything()?;
    build::pages().must_succeed()?;
    build::share_check()?;
    prepare()?.map_err(|why| anyhow!("the Worker cannot be built here: {why}"))
}

/// Everything that a deployment does but sending it, to each environment: the configuration is read, modules are gathered. Needs no account.
pub(crate) fn dry_deployments() -> [Step; 2] {
    // An empty name is the configuration's top.
    ["", "staging"].map(dry_deployment)
}

fn dry_deployment(environment: &str) -> Step {
    let wrangler = place::root().join("tests/workerd/node_modules/wrangler/bin/wrangler.js");
    let name = format!("a deployment to Workers, without doing it {environment}");
    setup::with_node(
        Step::new(name.trim_end(), "node")
            .arguments(&[wrangler.as_os_str()])
            .arguments(&["deploy", "--dry-run", "--env", environment])
            .within(FOLDER)
            .variable("WRANGLER_SEND_METRICS", "false")
            .variable("CI", "true"),
    )
}

/// The same for the tests: the inner error is why it cannot be done on this machine.
pub(crate) fn prepare() -> Result<Result<(), String>> {
    let build = match wasm::cargo("the Worker's module", "build").and_then(wasm::with_grammars) {
        Ok(build) => build,
        Err(why) => return Ok(Err(why)),
    };
    build
        .arguments(&[
            "--profile",
            "wasm",
            "--package",
            "caisey-control-worker",
            "--lib",
            "--example",
            "contract",
        ])
        .must_succeed()?;
    let built = wasm::built("wasm");
    let pairs = [
        ("caisey_control_worker.wasm", format!("{FOLDER}/control.wasm")),
        (
            "examples/contract.wasm",
            "crates/control-worker/tests/contract/contract.wasm".to_owned(),
        ),
    ];
    for (from, to) in pairs {
        std::fs::copy(built.join(from), place::root().join(&to)).with_context(|| format!("copying {from} to {to}"))?;
    }
    assets()?;
    Ok(Ok(()))
}

/// Lays out what the Worker serves as it is: the share page's files, as far as they were built, and the interface's document.
fn assets() -> Result<()> {
    // Beside the Worker's folder, all of whose scripts are parts of it.
    let folder = place::root().join(FOLDER).with_file_name("assets");
    if folder.is_dir() {
        std::fs::remove_dir_all(&folder).context("clearing the Worker's assets")?;
    }
    std::fs::create_dir_all(folder.join("share")).context("making the folder of the Worker's assets")?;
    for name in ["page.js", "check.js", "check.wasm"] {
        let from = place::root().join("ui/share/dist").join(name);
        if from.is_file() {
            std::fs::copy(&from, folder.join("share").join(name)).with_context(|| format!("copying {name}"))?;
        }
    }
    std::fs::copy(place::root().join("docs/openapi.json"), folder.join("openapi.json"))
        .context("copying the interface's document")?;
    Ok(())
}
