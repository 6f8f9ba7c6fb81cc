//! Other people's Python implementations of what our formats claim to be, in an environment of their own below `target/`.
//!
//! `tests/interop/requirements.txt` pins the packages; each `tests/interop/check_*.py` is one check.

use crate::place;
use crate::step::Step;
use anyhow::{Context, Result};
use std::path::PathBuf;

const FOLDER: &str = "tests/interop";

/// Makes the environment when it is missing or its list changed.
pub(crate) fn prepare() -> Result<Option<PathBuf>> {
    let folder = place::root().join(FOLDER);
    let list = folder.join("requirements.txt");
    if !list.is_file() {
        return Ok(None);
    }
    let home = place::target().join("interop");
    let python = home.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python3" });
    let wanted = std::fs::read(&list).context("reading tests/interop/requirements.txt")?;
    let mark = home.join("installed.txt");
    if python.is_file() && std::fs::read(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(Some(python));
    }
    Step::new("Python environment", "python3")
        .arguments(&["-m", "venv", "--clear"])
        .arguments(&[&home])
        .must_succeed()?;
    Step::new("Python packages", &python)
        .arguments(&["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
        .arguments(&[&list])
        .must_succeed()?;
    std::fs::write(&mark, wanted).context("marking the Python environment complete")?;
    Ok(Some(python))
}

/// One step per check.
pub(crate) fn steps() -> Result<Vec<Step>> {
    let Some(python) = prepare()? else { return Ok(Vec::new()) };
    let mut scripts: Vec<PathBuf> = std::fs::read_dir(place::root().join(FOLDER))
        .context("listing tests/interop")?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("check_"))
        })
        .filter(|path| path.extension().is_some_and(|ending| ending == "py"))
        .collect();
    scripts.sort();
    Ok(scripts
        .into_iter()
        .map(|script| {
            let name = format!("interop {}", script.file_stem().unwrap_or_default().to_string_lossy());
            Step::new(name, &python).arguments(&[&script])
        })
        .collect())
}
