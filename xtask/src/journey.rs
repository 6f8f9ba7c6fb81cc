//! `cargo xtask journey …`: builds the real programs, plays a story on them, and takes the picture of what the window shows afterwards.

use crate::desktop::Desktop;
use crate::step::Step;
use crate::{build, place, run, setup, workers};
use anyhow::{Context, Result, ensure};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What the first story leaves.
const BREACH: [&str; 4] = ["session.json", "transcript.pdf", "console.png", "journey.log"];
/// What the second story leaves.
const FIREWALL: [&str; 5] = [
    "session.json",
    "transcript.pdf",
    "notification.png",
    "approval-window.png",
    "journey.log",
];

/// A suspected breach after hours: installs and builds what it needs, then plays.
pub(crate) fn breach(out: &Path, host: &str) -> Result<()> {
    everything_for(host)?;
    play_breach(out, host)?;
    println!("\nLeft in {}: {}", out.display(), BREACH.join(", "));
    Ok(())
}

/// A firewall rule at two in the morning: installs and builds what it needs, then plays; `confined` as in a container without rights.
pub(crate) fn firewall(out: &Path, confined: bool, host: &str) -> Result<()> {
    everything_for(host)?;
    if confined {
        play_confined(out, host)?;
    } else {
        play_firewall(out, host)?;
    }
    println!("\nLeft in {}: {}", out.display(), FIREWALL.join(", "));
    Ok(())
}

/// What stories on this host need: `native` or `worker`.
fn everything_for(host: &str) -> Result<()> {
    setup::everything()?;
    if host == "worker" {
        workers::run()?;
    }
    build::all()
}

/// What handing a record over leaves beside that.
const HANDED_OVER: [&str; 10] = [
    "evidence-pack.zip",
    "handover.pdf",
    "payroll.certificate.json",
    "audit.csv",
    "audit.json",
    "audit.pdf",
    "review.png",
    "share.png",
    "share-phone.png",
    "share-visits.txt",
];

/// Both stories, and their records handed over.
pub(crate) fn handover(out: &Path, host: &str) -> Result<()> {
    everything_for(host)?;
    play_handover(out, host)?;
    println!(
        "\nLeft in {}, in `breach` and `firewall`: what these stories leave, and {}",
        out.display(),
        HANDED_OVER.join(", ")
    );
    Ok(())
}

/// Plays both stories to their end on programs that are built already.
pub(crate) fn play_handover(out: &Path, host: &str) -> Result<()> {
    let (out, stage) = play("handover", host, out)?;
    for (story, leaves) in [("breach", BREACH.as_slice()), ("firewall", FIREWALL.as_slice())] {
        let (near, own) = (out.join(story), stage.join(story));
        let of = |whose: &str, open: &str, picture: &str| photograph(&stage, &own.join(whose), open, &near.join(picture));
        of("console", "session:latest", "console.png")?;
        of("reviewer", "review:latest", "review.png")?;
        left(&near, leaves.iter().chain(&HANDED_OVER))?;
    }
    Ok(())
}

/// Plays on programs that are built already.
fn play_breach(out: &Path, host: &str) -> Result<()> {
    let (out, stage) = play("breach", host, out)?;
    photograph(&stage, &stage.join("console"), "session:latest", &out.join("console.png"))?;
    left(&out, BREACH.iter())
}

/// The same for the second story. Its windows are open while it is played.
fn play_firewall(out: &Path, host: &str) -> Result<()> {
    let (out, _) = play("firewall", host, out)?;
    left(&out, FIREWALL.iter())
}

/// The second story where nothing may have a network or a name of its own: it says so, and plays with a rule in a file.
pub(crate) fn play_confined(out: &Path, host: &str) -> Result<()> {
    let without = ["setpriv", "--bounding-set", "-sys_admin,-net_admin", "--"].map(OsString::from);
    let (out, _) = play_behind(&without, "firewall", "firewall-confined", host, out)?;
    left(&out, FIREWALL.iter())?;
    let told = std::fs::read_to_string(out.join("journey.log")).context("reading what was told")?;
    ensure!(
        told.contains("cannot have a network of its own here"),
        "a story that was to be confined was not: {told}"
    );
    Ok(())
}

/// Plays a story; returns where it left its files and its programs' data.
fn play(story: &str, host: &str, out: &Path) -> Result<(PathBuf, PathBuf)> {
    play_behind(&[], story, &format!("{story}-{host}"), host, out)
}

/// The same behind a command that takes rights away.
fn play_behind(without: &[OsString], story: &str, name: &str, host: &str, out: &Path) -> Result<(PathBuf, PathBuf)> {
    ensure!(
        cfg!(target_os = "linux"),
        "journeys need the virtual desktop, which exists on Linux only"
    );
    let out = std::path::absolute(out)?;
    std::fs::create_dir_all(&out).with_context(|| format!("making {}", out.display()))?;
    let stage = fresh_stage(&format!("journey-{name}-stage"))?;
    let desktop = Desktop::start(&stage.join("desktop"))?;
    let step = Step::new(format!("journey {name}"), place::program("caisey-journey"))
        .arguments(&[story, "--host", host, "--out"])
        .arguments(&[&out])
        .arguments(&["--stage"])
        .arguments(&[&stage]);
    // The reader's browser is driven by a script.
    setup::with_node(step)
        .wrapped(&[desktop.wrapper().as_slice(), without].concat(), desktop.environment())
        .must_succeed()?;
    Ok((out, stage))
}

/// A picture of somebody's window as the story left it.
fn photograph(stage: &Path, home: &Path, open: &str, picture: &Path) -> Result<()> {
    let environment = [("CAISEY_HOME", home.as_os_str().to_owned()), ("CAISEY_OPEN", open.into())];
    run::photograph(&environment, &stage.join("desktop"), picture)
}

/// Everything promised is there, and not empty.
fn left<'a>(out: &Path, names: impl Iterator<Item = &'a &'static str>) -> Result<()> {
    for name in names {
        let size = std::fs::metadata(out.join(name))
            .with_context(|| format!("the story left no {name}"))?
            .len();
        ensure!(size > 0, "the story left an empty {name}");
    }
    Ok(())
}

/// Kills everything, over and over, on one of the hosts: `native` or `worker`.
pub(crate) fn chaos(rounds: u32, seed: u64, host: &str) -> Result<()> {
    everything_for(host)?;
    play_chaos(rounds, seed, host)
}

/// A session on workerd and a rewind, on programs that are built already.
pub(crate) fn play_workers() -> Result<()> {
    Step::new("a session on workerd, and a rewind", place::program("caisey-stories"))
        .arguments(&["workers"])
        .must_succeed()
}

/// An organisation moves between the hosts, on programs that are built already.
pub(crate) fn play_moving() -> Result<()> {
    Step::new("an organisation moves to workerd and back", place::program("caisey-stories"))
        .arguments(&["moving"])
        .must_succeed()
}

/// The same on programs that are built already.
pub(crate) fn play_chaos(rounds: u32, seed: u64, host: &str) -> Result<()> {
    Step::new(format!("chaos ({host} host)"), place::program("caisey-stories"))
        .arguments(&["chaos", "--host", host])
        .arguments(&["--rounds", &rounds.to_string(), "--seed", &seed.to_string()])
        .must_succeed()
}

/// An operator's attacks on the real programs, on programs that are built already: `attacks`, or `restore` with the way out.
pub(crate) fn play_attack(which: &'static str) -> Result<()> {
    Step::new(which, place::program("caisey-stories"))
        .arguments(&[which])
        .must_succeed()
}

/// An empty folder for the programs' data; kept until the next time, for looking into.
fn fresh_stage(name: &str) -> Result<PathBuf> {
    let stage = place::target().join(name);
    if stage.is_dir() {
        std::fs::remove_dir_all(&stage).with_context(|| format!("clearing {}", stage.display()))?;
    }
    std::fs::create_dir_all(&stage).with_context(|| format!("making {}", stage.display()))?;
    Ok(stage)
}
