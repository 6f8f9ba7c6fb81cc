//! `cargo xtask runtime`: the endpoint's daemon as one file that needs nothing of the machine it is copied to.
//!
//! Linux: linked statically, C library included, and looked into to see that it asks for no loader. Windows: with the C runtime inside.
//! macOS has no static system library; there the program needs nothing but what every Mac has. With `--check` the file enrols at a real
//! control plane, finds it by name, and runs a command. Not part of `cargo xtask test`: the optimised build costs minutes.

use crate::step::Step;
use crate::{build, place, setup};
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds it, and tries it when asked to.
pub(crate) fn run(check: bool) -> Result<()> {
    let program = program()?;
    let size = std::fs::metadata(&program)
        .with_context(|| format!("{} was not built", program.display()))?
        .len();
    println!("\n{}: {:.1} MB", program.display(), size_mb(size));
    if cfg!(target_os = "linux") {
        let bytes = std::fs::read(&program).with_context(|| format!("reading {}", program.display()))?;
        ensure!(!asks_for_a_loader(&bytes)?, "{} is not static", program.display());
        println!("static: it names no program loader and no shared library");
    }
    if check {
        setup::everything()?;
        build::programs().must_succeed()?;
        try_out(&program)?;
    }
    Ok(())
}

/// The file enrols, connects and runs a command.
fn try_out(program: &Path) -> Result<()> {
    Step::new("the static runtime at work", place::program("caisey-stories"))
        .arguments(&["first-command", "--runtime"])
        .arguments(&[program])
        .must_succeed()
}

/// For a target that is named, so that build scripts and macros of this machine are compiled as always.
fn program() -> Result<PathBuf> {
    let host = host()?;
    let flags = if cfg!(target_os = "macos") {
        ""
    } else {
        "-C target-feature=+crt-static"
    };
    let variable = format!("CARGO_TARGET_{}_RUSTFLAGS", host.to_uppercase().replace('-', "_"));
    Step::cargo(
        "runtime",
        &["build", "--locked", "--release", "--package", "caisey-runtime", "--target"],
    )
    .arguments(&[&host])
    .variable(variable, flags)
    // It is copied to every endpoint; names stay, for the traces of a crash.
    .variable("CARGO_PROFILE_RELEASE_STRIP", "debuginfo")
    .must_succeed()?;
    let file = format!("caisey-runtime{}", std::env::consts::EXE_SUFFIX);
    Ok(place::target().join(host).join("release").join(file))
}

/// What the compiler calls this machine.
fn host() -> Result<String> {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let said = Command::new(rustc)
        .arg("-vV")
        .output()
        .context("asking rustc for this machine's name")?;
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not say what this machine is")?.to_owned())
}

#[allow(clippy::cast_precision_loss)] // a size in megabytes, for people
fn size_mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// Whether a 64-bit little-endian ELF file has a program header of type `PT_INTERP`, which names the loader of shared libraries (System V
/// ABI, chapter 5).
fn asks_for_a_loader(file: &[u8]) -> Result<bool> {
    const PT_INTERP: u64 = 3;
    ensure!(
        file.starts_with(&[0x7f, b'E', b'L', b'F', 2, 1]),
        "not a 64-bit little-endian ELF file"
    );
    let number = |at: usize, bytes: usize| -> Result<u64> {
        let field = file.get(at..at + bytes).context("the ELF file is cut short")?;
        Ok(field.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    };
    let (table, size, count) = (number(0x20, 8)?, number(0x36, 2)?, number(0x38, 2)?);
    for header in 0..count {
        if number(usize::try_from(table + header * size)?, 4)? == PT_INTERP {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::asks_for_a_loader;

    /// A header with one program header of this type.
    fn elf(kind: u8) -> Vec<u8> {
        let mut file = vec![0; 0x40 + 56];
        file[..6].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, 1]);
        (file[0x20], file[0x36], file[0x38], file[0x40]) = (0x40, 56, 1, kind);
        file
    }

    #[test]
    fn a_loader_is_seen_and_its_absence_too() {
        assert!(asks_for_a_loader(&elf(3)).unwrap());
        assert!(!asks_for_a_loader(&elf(1)).unwrap());
        assert!(asks_for_a_loader(&elf(3)[..0x40]).is_err());
        assert!(asks_for_a_loader(b"#!/bin/sh").is_err());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_test_itself_is_not_static() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(asks_for_a_loader(&own).unwrap());
    }
}
