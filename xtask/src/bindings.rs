//! TypeScript types of the view models. ts-rs writes them while the tests run; committed is what the pages compile against.

use crate::place;
use crate::step::Step;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where the committed ones are, below the root.
pub(crate) const COMMITTED: &str = "ui/src/generated";

/// Where a test run writes them.
pub(crate) fn fresh() -> PathBuf {
    place::target().join("bindings")
}

/// Writes the committed ones anew.
pub(crate) fn write() -> Result<()> {
    let folder = place::root().join(COMMITTED);
    std::fs::create_dir_all(&folder).context("making the folder of generated types")?;
    for old in files(&folder)?.keys() {
        std::fs::remove_file(folder.join(old)).with_context(|| format!("removing {old}"))?;
    }
    Step::cargo("TypeScript types", &["test", "--workspace", "--lib", "export_bindings"])
        .variable("TS_RS_EXPORT_DIR", folder)
        .must_succeed()
}

/// Differences between what the test run wrote and what is committed, for people; empty when there are none.
pub(crate) fn differences() -> Result<Vec<String>> {
    let written = files(&fresh())?;
    let committed = files(&place::root().join(COMMITTED))?;
    let mut found = Vec::new();
    for (name, text) in &written {
        match committed.get(name) {
            None => found.push(format!("{name}: not committed")),
            Some(old) if old != text => found.push(format!("{name}: differs from what the Rust types say")),
            Some(_) => {}
        }
    }
    found.extend(
        committed
            .keys()
            .filter(|name| !written.contains_key(*name))
            .map(|name| format!("{name}: no Rust type exports it")),
    );
    Ok(found)
}

/// The `.ts` files of a folder and the folders in it, by their path below it. An index written by hand is not ours.
fn files(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        if !next.is_dir() {
            continue;
        }
        for entry in std::fs::read_dir(&next).with_context(|| format!("listing {}", next.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "ts")
                && path.file_name().is_none_or(|name| name != "index.ts")
            {
                let name = path
                    .strip_prefix(folder)
                    .unwrap_or(&path)
                    .to_string_lossy()
                    .replace('\\', "/");
                found.insert(
                    name,
                    std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?,
                );
            }
        }
    }
    Ok(found)
}
