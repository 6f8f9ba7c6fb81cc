//! Dependencies that nobody names. A manifest that lists one gets it reported here, so that what is compiled is what is used.
//!
//! A dependency counts as used when its crate name stands as a word in any Rust file of the package. One that is listed for
//! its features alone is declared in the manifest: `package.metadata.xtask.features-only = ["name"]`.

use crate::place;
use anyhow::{Context, Result};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A room that is only laid out has its dependencies listed before its code.
const EMPTY_ROOM_BYTES: usize = 2_000;

/// `package: dependency` for each that is never named.
pub(crate) fn find() -> Result<Vec<String>> {
    let mut found = Vec::new();
    for package in packages()? {
        let Some(manifest) = package.get("manifest_path").and_then(Value::as_str) else {
            continue;
        };
        let sources = sources_of(&package, Path::new(manifest))?;
        if sources.iter().map(String::len).sum::<usize>() < EMPTY_ROOM_BYTES {
            continue;
        }
        let allowed = package
            .pointer("/metadata/xtask/features-only")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        for dependency in package.get("dependencies").and_then(Value::as_array).into_iter().flatten() {
            let listed = dependency
                .get("rename")
                .and_then(Value::as_str)
                .or_else(|| dependency.get("name").and_then(Value::as_str));
            let Some(listed) = listed else { continue };
            let word = listed.replace('-', "_");
            if !allowed.iter().any(|name| name == listed) && !sources.iter().any(|text| names(text, &word)) {
                found.push(format!(
                    "{}: {listed}",
                    package.get("name").and_then(Value::as_str).unwrap_or("?")
                ));
            }
        }
    }
    Ok(found)
}

/// The workspace's own packages, as `cargo metadata` describes them.
pub(crate) fn packages() -> Result<Vec<Value>> {
    let answer = Command::new(place::cargo())
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .current_dir(place::root())
        .output()
        .context("asking cargo for the workspace's packages")?;
    anyhow::ensure!(
        answer.status.success(),
        "cargo metadata failed: {}",
        String::from_utf8_lossy(&answer.stderr).trim()
    );
    let metadata: Value = serde_json::from_slice(&answer.stdout).context("reading cargo's answer")?;
    Ok(metadata
        .get("packages")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default())
}

fn sources_of(package: &Value, manifest: &Path) -> Result<Vec<String>> {
    let folder = manifest.parent().unwrap_or(Path::new("."));
    let folders: Vec<PathBuf> = if folder == place::root() {
        // The root package shares its folder with the whole repository.
        ["src-tauri", "tests", "benches", "examples"]
            .iter()
            .map(|name| folder.join(name))
            .collect()
    } else {
        vec![folder.to_owned()]
    };
    let texts: Vec<String> = rust_files(&folders)?.into_iter().map(|(_, text)| text).collect();
    anyhow::ensure!(!texts.is_empty(), "no Rust files found for {:?}", package.get("name"));
    Ok(texts)
}

/// The Rust files in these folders and below, with their text.
pub(crate) fn rust_files(folders: &[PathBuf]) -> Result<Vec<(PathBuf, String)>> {
    let mut open = folders.to_vec();
    let mut found = Vec::new();
    while let Some(next) = open.pop() {
        if !next.is_dir() {
            continue;
        }
        for entry in std::fs::read_dir(&next).with_context(|| format!("listing {}", next.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
                found.push((path, text));
            }
        }
    }
    Ok(found)
}

/// Whether `word` stands alone in the text, outside comments that fill a line.
pub(crate) fn names(text: &str, word: &str) -> bool {
    let part = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.lines().filter(|line| !line.trim_start().starts_with("//")).any(|line| {
        line.match_indices(word).any(|(start, _)| {
            let before = line.get(..start).and_then(|text| text.chars().next_back());
            let after = line.get(start + word.len()..).and_then(|text| text.chars().next());
            !before.is_some_and(part) && !after.is_some_and(part)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_name_counts_only_as_a_word_of_code() {
        assert!(names("use serde::Serialize;", "serde"));
        assert!(names("let x = url::Url::parse(y);", "url"));
        assert!(!names("use serde_json::Value;", "serde"));
        assert!(!names("// serde would do", "serde"));
        assert!(!names("curl::get()", "url"));
    }
}
