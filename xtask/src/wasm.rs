//! Whether the pure rooms compile for `wasm32-unknown-unknown`, where they run on Workers and in a reader's browser; and the check that such
//! browsers run on shared records, built there and laid beside the page's script, from where the control plane takes it.
//!
//! A toolchain that can is looked for in this order: the default one with the target installed; a toolchain called `wasm`; the target from
//! rustup; and on Debian, where rustup can fetch nothing, one made of the distribution's own compiler (`rustc-web`), without root and
//! without touching the default toolchain. Where none of these works the check says so and counts for
//! nothing, and the control plane is built without the browser's check: its pages say so.

use crate::place;
use crate::step::Step;
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const TARGET: &str = "wasm32-unknown-unknown";

/// What has to compile there: the rooms that docs/ARCHITECTURE.md calls pure.
const ROOMS: &[&str] = &[
    "caisey-ledger",
    "caisey-protocol",
    "caisey-control",
    "caisey-command",
    "caisey-transcript",
    "caisey-scrub",
    "caisey-policy",
    "caisey-share",
];

/// What a reader's browser runs, and where the control plane's build looks for it.
const SHARE_CHECK: &str = "caisey-share-check";
const SHARE_CHECK_FILE: &str = "ui/share/dist/check.wasm";

/// The name under which rustup knows our own toolchain.
const OWN: &str = "wasm";

/// The check, or why there is none on this machine. It builds where `cargo check` would do, because the Worker's module and the browser's
/// check have built most of it already and a check would read all of it a second time.
pub(crate) fn step() -> Result<Step, String> {
    let rooms: Vec<String> = ROOMS.iter().map(|room| format!("--package={room}")).collect();
    Ok(with_grammars(cargo("pure rooms for wasm32", "build")?)?
        .arguments(&[
            "--profile=wasm",
            "--no-default-features",
            "--features=caisey-command/grammars",
        ])
        .arguments(&rooms))
}

/// A build for the target that includes the grammars with which commands are read. They are C, so it needs a C compiler for the target, and
/// what stands for a C library there: the parser's crate carries it (`src/wasm-stdlib`), and headers of it are in `tree-sitter-language`.
pub(crate) fn with_grammars(step: Step) -> Result<Step, String> {
    let compiler = Command::new("clang").arg("--print-targets").stderr(Stdio::null()).output();
    if !compiler.is_ok_and(|answer| String::from_utf8_lossy(&answer.stdout).contains("wasm32")) {
        return Err("there is no clang that compiles C for wasm32".to_owned());
    }
    let found = headers().and_then(|headers| Ok((headers, empty_sources()?)));
    let (headers, sources) = found.map_err(|error| format!("{error:#}"))?;
    // What the build script of `tree-sitter-language` would say, but for the sources: it names some that refuse to be compiled, because
    // the parser's crate has brought its own since 0.27, and a grammar that was published before still asks for them.
    let told = |name: &str, folder: &Path| format!("target.{TARGET}.tree-sitter-language.{name}='{}'", folder.display());
    Ok(step
        .arguments(&["--config", &told("wasm-headers", &headers)])
        .arguments(&["--config", &told("wasm-src", &sources)])
        // One grammar does not ask for the headers.
        .variable(
            format!("CFLAGS_{}", TARGET.replace('-', "_")),
            format!("-I{}", headers.display()),
        ))
}

/// Where the headers are.
fn headers() -> Result<PathBuf> {
    let answer = Command::new(place::cargo())
        .args(["metadata", "--locked", "--format-version=1", "--all-features"])
        .current_dir(place::root())
        .stderr(Stdio::inherit())
        .output()
        .context("asking cargo where its packages are")?;
    let told: serde_json::Value = serde_json::from_slice(&answer.stdout).context("reading what cargo says of its packages")?;
    let packages = told.get("packages").and_then(|packages| packages.as_array());
    let text = |package: &serde_json::Value, name: &str| package.get(name).and_then(|text| text.as_str()).map(str::to_owned);
    let manifest = packages
        .into_iter()
        .flatten()
        .find(|package| text(package, "name").as_deref() == Some("tree-sitter-language"))
        .and_then(|package| text(package, "manifest_path"))
        .context("no package tree-sitter-language is used")?;
    Ok(Path::new(&manifest).with_file_name("wasm").join("include"))
}

/// Sources with nothing in them.
fn empty_sources() -> Result<PathBuf> {
    let folder = place::target().join("wasm-sources");
    std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    for name in ["stdio.c", "stdlib.c", "string.c"] {
        let file = folder.join(name);
        // A file that stays keeps its time, so that grammars are not compiled again for it.
        if !file.is_file() {
            std::fs::write(&file, "").with_context(|| format!("writing {}", file.display()))?;
        }
    }
    Ok(folder)
}

/// Builds the browser's check and lays it where the control plane's build looks for it; or says why that cannot be done on this machine.
pub(crate) fn share_check() -> Result<Result<(), String>> {
    let step = match cargo("the browser's check of shared records", "build") {
        Ok(step) => step.arguments(&["--profile=wasm", "--package", SHARE_CHECK]),
        Err(why) => return Ok(Err(why)),
    };
    step.must_succeed()?;
    let built = built("wasm").join(format!("{}.wasm", SHARE_CHECK.replace('-', "_")));
    let file = place::root().join(SHARE_CHECK_FILE);
    let fresh = std::fs::read(&built).with_context(|| format!("reading {}", built.display()))?;
    // An unchanged file keeps its time, so that the control plane is not compiled again for it.
    if std::fs::read(&file).ok().as_ref() != Some(&fresh) {
        std::fs::write(&file, fresh).with_context(|| format!("writing {}", file.display()))?;
    }
    Ok(Ok(()))
}

/// Cargo for the target, with a toolchain that has it. Through rustup's proxy, which knows toolchains by name; the cargo that runs us is one
/// toolchain's own.
pub(crate) fn cargo(name: &str, command: &str) -> Result<Step, String> {
    let toolchain = match find() {
        Some(toolchain) => toolchain,
        None => obtain().map_err(|error| format!("{error:#}"))?,
    };
    let mut arguments = toolchain.map_or(Vec::new(), |name| vec![format!("+{name}")]);
    arguments.extend([command, "--locked", "--target", TARGET].map(str::to_owned));
    Ok(Step::new(name, "cargo")
        .arguments(&arguments)
        .without("RUSTUP_TOOLCHAIN")
        .without("RUSTC")
        .without("CARGO"))
}

/// Where a build for the target with this profile leaves its modules.
pub(crate) fn built(profile: &str) -> PathBuf {
    place::target().join(TARGET).join(profile)
}

/// A toolchain that has the target: `Some(None)` for the default one.
fn find() -> Option<Option<String>> {
    if has_target(None) {
        return Some(None);
    }
    has_target(Some(OWN)).then(|| Some(OWN.to_owned()))
}

fn has_target(toolchain: Option<&str>) -> bool {
    let mut command = Command::new("rustc");
    command.args(toolchain.map(|name| format!("+{name}")));
    let answer = command
        .args(["--print", "target-libdir", "--target", TARGET])
        .env_remove("RUSTUP_TOOLCHAIN")
        .stderr(Stdio::null())
        .output();
    answer.is_ok_and(|answer| answer.status.success() && Path::new(String::from_utf8_lossy(&answer.stdout).trim()).is_dir())
}

fn obtain() -> Result<Option<String>> {
    ensure!(place::on_path("rustup"), "there is no rustup to install {TARGET} with");
    let added = Command::new("rustup")
        .args(["target", "add", TARGET])
        .env_remove("RUSTUP_TOOLCHAIN")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if added.is_ok_and(|status| status.success()) && has_target(None) {
        return Ok(None);
    }
    ensure!(
        cfg!(all(target_os = "linux", target_arch = "x86_64")) && place::on_path("apt-get") && place::on_path("dpkg-deb"),
        "rustup cannot fetch {TARGET}, and only Debian on x86_64 has another way"
    );
    debian_toolchain()?;
    ensure!(
        has_target(Some(OWN)),
        "the toolchain made of Debian's rustc-web lacks {TARGET}"
    );
    Ok(Some(OWN.to_owned()))
}

/// Where our toolchain lives: outside `target/`, because it belongs to the machine and takes two minutes.
fn home() -> PathBuf {
    std::env::var_os("XDG_CACHE_HOME")
        .map_or_else(|| std::env::home_dir().unwrap_or_default().join(".cache"), PathBuf::from)
        .join("caisey-rust-wasm")
}

/// Unpacks Debian's `rustc-web` (the compiler that builds browsers) beside everything else, lends it rustup's cargo and wasm linker, and
/// builds the standard library for the target once.
fn debian_toolchain() -> Result<()> {
    let home = home();
    if home.is_dir() {
        std::fs::remove_dir_all(&home).with_context(|| format!("clearing {}", home.display()))?;
    }
    std::fs::create_dir_all(home.join("std/src")).with_context(|| format!("making {}", home.display()))?;
    std::fs::write(home.join("std/Cargo.toml"), STD_MANIFEST).context("writing the standard library's manifest")?;
    std::fs::write(home.join("std/src/lib.rs"), "").context("writing the standard library's crate")?;
    Step::new("a toolchain for wasm32, once per machine", "bash")
        .arguments(&["-euc", DEBIAN_TOOLCHAIN, "toolchain"])
        .arguments(&[home.as_os_str(), OWN.as_ref(), TARGET.as_ref()])
        .without("RUSTUP_TOOLCHAIN")
        .without("RUSTC")
        .without("CARGO")
        .must_succeed()
}

const STD_MANIFEST: &str = "[package]\nname = \"stdbuild\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n[profile.release]\n\
                            panic = \"abort\"\n";

/// Arguments: folder, toolchain's name, target.
const DEBIAN_TOOLCHAIN: &str = r#"
home=$1 name=$2 target=$3 host=x86_64-unknown-linux-gnu
candidate() { apt-cache policy "$1" | awk '/Candidate:/ {print $2}'; }
depends() { apt-cache depends "$1" | awk -v wanted="$2" '$1 == "Depends:" && index($2, wanted) == 1 {print $2; exit}'; }
version=$(candidate rustc-web)
[ -n "$version" ] && [ "$version" != "(none)" ] || { echo "this distribution has no rustc-web"; exit 1; }
std=$(depends "libstd-rust-web-dev=$version" libstd-rust-web-)
llvm=$(depends "$std=$version" libllvm)
mkdir -p "$home/packages" "$home/root"
cd "$home/packages"
apt-get download -q "rustc-web=$version" "rust-web-src=$version" "libstd-rust-web-dev=$version" "$std=$version" "$llvm"
for package in *.deb; do dpkg-deb -x "$package" "$home/root"; done
usr=$home/root/usr
default=$(rustc --print sysroot)
# rustup looks for libraries in lib/, Debian keeps them one folder deeper.
for library in "$usr"/lib/x86_64-linux-gnu/lib*.so*; do
  ln -sf "x86_64-linux-gnu/$(basename "$library")" "$usr/lib/"
done
mkdir -p "$usr/lib/rustlib/$host/bin" "$usr/lib/rustlib/$target/lib"
ln -sf "$default/bin/cargo" "$usr/bin/cargo"
ln -sf "$default/lib/rustlib/$host/bin/rust-lld" "$usr/lib/rustlib/$host/bin/rust-lld"
rustup toolchain link "$name" "$usr"
cd "$home/std"
RUSTC_BOOTSTRAP=1 cargo "+$name" build --quiet --release -Z build-std=std,panic_abort --target "$target"
cp target/"$target"/release/deps/*.rlib "$usr/lib/rustlib/$target/lib/"
rm -rf "$usr/lib/rustlib/$target"/lib/libstdbuild-*.rlib "$home/packages" target
"#;
