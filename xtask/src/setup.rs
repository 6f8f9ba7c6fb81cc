//! What a machine needs before it can build and test this repository, and how it gets it.
//!
//! Debian and Ubuntu packages are installed with apt-get when we are root or may become root without a password; otherwise, and
//! on other systems, the exact command is printed and we stop. Nothing that is present is touched.

use crate::place;
use crate::step::Step;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// For linking the desktop, and for its vendored OpenSSL and SQLCipher.
const BUILD: &[&str] = &[
    "build-essential",
    "pkg-config",
    "perl",
    "libwebkit2gtk-4.1-dev",
    "libxdo-dev",
    "libssl-dev",
    "libayatana-appindicator3-dev",
    "librsvg2-dev",
    "libdbus-1-dev",
];

/// For a desktop without a screen.
const DESKTOP: &[&str] = &[
    "xvfb",
    "dbus",
    "dbus-x11",
    "gnome-keyring",
    "xdotool",
    "imagemagick",
    "fonts-dejavu",
    "fonts-noto-cjk",
];

/// For the grammars within the Worker's module: a C compiler that knows wasm32.
const WORKER: &[&str] = &["clang"];

/// Other people's tools that the tests hold our work against.
const TESTS: &[&str] = &[
    "webkit2gtk-driver",
    "dunst",
    "poppler-utils",
    "qpdf",
    "chromium",
    "default-jdk-headless",
    "libjaxb-java",
    "openssl",
    "python3",
    "python3-venv",
    "procps",
    "iproute2",
    "nftables",
];

/// Vite's oldest supported Node.js.
const NODE: (u32, u32) = (20, 19);

/// What `cargo xtask run` needs.
pub(crate) fn for_run(has_display: bool) -> Result<()> {
    let mut packages = BUILD.to_vec();
    if !has_display {
        packages.extend(DESKTOP);
    }
    system_packages(&packages)?;
    node_packages(&[PAGES])
}

/// What `cargo xtask test` and the journeys need.
pub(crate) fn everything() -> Result<()> {
    system_packages(&[BUILD, DESKTOP, WORKER, TESTS].concat())?;
    node_packages(&[PAGES, IDENTITY, WORKERD])?;
    for tool in ["cargo-nextest", "cargo-deny"] {
        cargo_tool(tool)?;
    }
    Ok(())
}

/// Whether there is a screen to open a window on.
pub(crate) fn has_display() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

fn system_packages(packages: &[&str]) -> Result<()> {
    if cfg!(target_os = "linux") {
        if place::on_path("dpkg-query") && place::on_path("apt-get") {
            return debian_packages(packages);
        }
        bail!(
            "this Linux has no apt-get. Install the counterparts of these Debian packages, then repeat the command:\n  {}",
            packages.join(" ")
        );
    }
    if cfg!(target_os = "macos") {
        let tools = Command::new("xcode-select")
            .arg("-p")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if !tools.is_ok_and(|status| status.success()) || !place::on_path("node") {
            bail!("the build tools are missing. Run, then repeat the command:\n  xcode-select --install\n  brew install node");
        }
    }
    if cfg!(windows) && !place::on_path("node") {
        bail!(
            "the build tools are missing. Run, then repeat the command:\n  winget install Microsoft.EdgeWebView2Runtime \
             Microsoft.VisualStudio.2022.BuildTools OpenJS.NodeJS.LTS StrawberryPerl.StrawberryPerl"
        );
    }
    Ok(())
}

fn debian_packages(packages: &[&str]) -> Result<()> {
    let mut missing = missing_packages(packages)?;
    if !is_node_recent() && !place::on_path(npm_program()) {
        missing.extend(["nodejs".to_owned(), "npm".to_owned()]);
    }
    // Ubuntu has no chromium package; there a Chromium or Chrome of any origin does.
    missing.retain(|name| {
        name != "chromium"
            || !["chromium", "chromium-browser", "google-chrome"]
                .iter()
                .any(|it| place::on_path(it))
    });
    if missing.is_empty() {
        return Ok(());
    }
    let Some(mut root) = as_root() else {
        bail!(
            "packages are missing and may only be installed by root. Run, then repeat the command:\n  sudo apt-get update && sudo \
             apt-get install --no-install-recommends {}",
            missing.join(" ")
        );
    };
    root.extend(["apt-get", "-o", "DPkg::Lock::Timeout=300"].map(str::to_owned));
    let apt = |name: &str, arguments: &[&str]| {
        let (program, first) = root
            .split_first()
            .map_or(("apt-get", root.as_slice()), |(program, rest)| (program.as_str(), rest));
        Step::new(name, program)
            .arguments(first)
            .arguments(arguments)
            .variable("DEBIAN_FRONTEND", "noninteractive")
    };
    // Old lists may still be good enough: a failing update alone is no reason to stop.
    apt("package lists", &["update", "-q"]).run()?;
    let mut install = vec!["install", "-q", "-y", "--no-install-recommends"];
    install.extend(missing.iter().map(String::as_str));
    apt("system packages", &install).must_succeed()
}

fn missing_packages(packages: &[&str]) -> Result<Vec<String>> {
    // dpkg-query fails when any name is unknown to it, and still answers for the others.
    let answer = Command::new("dpkg-query")
        .args(["--show", "--showformat=${Package} ${db:Status-Status}\n"])
        .args(packages)
        .output()
        .context("asking dpkg-query which packages are installed")?;
    let text = String::from_utf8_lossy(&answer.stdout).into_owned();
    let is_installed = |name: &str| text.lines().any(|line| line.split_once(' ') == Some((name, "installed")));
    Ok(packages
        .iter()
        .filter(|name| !is_installed(name))
        .map(|name| (*name).to_owned())
        .collect())
}

/// The words to put before a command so that root runs it; none when we cannot become root without a password.
fn as_root() -> Option<Vec<String>> {
    let is_root = Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|answer| answer.stdout.trim_ascii() == b"0");
    if is_root {
        return Some(Vec::new());
    }
    let sudo = Command::new("sudo")
        .args(["-n", "true"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    sudo.is_ok_and(|status| status.success()).then(|| {
        vec![
            "sudo".to_owned(),
            "-n".to_owned(),
            "--preserve-env=DEBIAN_FRONTEND".to_owned(),
        ]
    })
}

/// Whether the Node.js on the search path will do.
fn is_node_recent() -> bool {
    node_version(Path::new("node")) >= NODE
}

fn node_version(node: &Path) -> (u32, u32) {
    let Ok(answer) = Command::new(node).arg("--version").output() else {
        return (0, 0);
    };
    let text = String::from_utf8_lossy(&answer.stdout).into_owned();
    let mut numbers = text
        .trim()
        .trim_start_matches('v')
        .split('.')
        .map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// Where a newer Node.js goes when the distribution's is too old.
fn own_node() -> PathBuf {
    place::target().join("tools/node_modules/node/bin")
}

/// A step that runs npm in `ui/`, with a Node.js that is new enough.
pub(crate) fn npm(name: &str, arguments: &[&str]) -> Step {
    with_node(Step::new(name, npm_program()).arguments(arguments).within("ui"))
}

/// A step that finds a Node.js that is new enough.
pub(crate) fn with_node(step: Step) -> Step {
    if is_node_recent() || !own_node().is_dir() {
        return step;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(own_node()).chain(std::env::split_paths(&path));
    // Only a folder with a separator in its name cannot be joined, and then npm uses what it finds.
    step.variable("PATH", std::env::join_paths(folders).unwrap_or(path))
}

fn npm_program() -> &'static str {
    if cfg!(windows) { "npm.cmd" } else { "npm" }
}

/// What the pages are made with.
const PAGES: Packages = ("front-end packages", "ui", &[]);
/// Other people's identity providers; nothing of theirs has to be compiled.
const IDENTITY: Packages = ("identity providers", "tests/identity", &["--ignore-scripts"]);

/// The runtime of Workers, as one program.
const WORKERD: Packages = ("workerd", "tests/workerd", &["--ignore-scripts"]);

/// What running on Workers needs.
pub(crate) fn workerd() -> Result<()> {
    node_packages(&[WORKERD])
}

/// Name, folder, and what else npm is told.
type Packages = (&'static str, &'static str, &'static [&'static str]);

fn node_packages(packages: &[Packages]) -> Result<()> {
    if !is_node_recent() && node_version(&own_node().join("node")) < NODE {
        newer_node()?;
    }
    let changed = |file: &str| {
        std::fs::metadata(place::root().join(file))
            .and_then(|facts| facts.modified())
            .ok()
    };
    // npm writes this file last, so it says when the folder was complete.
    let complete = |folder: &str| {
        changed(&format!("{folder}/node_modules/.package-lock.json")) > changed(&format!("{folder}/package-lock.json"))
    };
    for (name, folder, more) in packages {
        if !complete(folder) {
            let arguments = [&["ci", "--no-audit", "--no-fund"], *more].concat();
            npm(name, &arguments).within(folder).must_succeed()?;
        }
    }
    Ok(())
}

/// Debian 12 and Ubuntu 24.04 have an npm that can bring a newer Node.js, into `target/`, for this repository alone.
fn newer_node() -> Result<()> {
    if place::on_path(npm_program()) {
        let tools = place::target().join("tools");
        std::fs::create_dir_all(&tools).with_context(|| format!("making {}", tools.display()))?;
        Step::new("a newer Node.js, for this repository alone", npm_program())
            .arguments(&["install", "--no-audit", "--no-fund", "--prefix"])
            .arguments(&[&tools])
            .arguments(&["node@22"])
            .must_succeed()?;
    }
    if node_version(&own_node().join("node")) < NODE {
        bail!(
            "Node.js {}.{} or newer is needed for the pages and this machine has none that new. Install it from https://nodejs.org \
             (or your distribution's newer packages), then repeat the command.",
            NODE.0,
            NODE.1
        );
    }
    Ok(())
}

fn cargo_tool(name: &str) -> Result<()> {
    let cargo_bin = std::env::var_os("CARGO_HOME").map_or_else(
        || std::env::home_dir().unwrap_or_default().join(".cargo/bin"),
        |home| PathBuf::from(home).join("bin"),
    );
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    // cargo finds its subcommands in its own folder even when that is not on the search path.
    if place::on_path(name) || cargo_bin.join(file).is_file() {
        return Ok(());
    }
    // Unoptimised: it is built more often than its few seconds of work would pay for.
    Step::cargo(format!("{name}, once per machine"), &["install", "--locked", "--debug", name])
        .variable("CARGO_PROFILE_DEV_DEBUG", "0")
        .must_succeed()
}
