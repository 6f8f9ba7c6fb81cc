//! `cargo xtask run`: opens the console. Without a display it says so, opens it on a virtual one, and saves what it shows.

use crate::desktop::Desktop;
use crate::{build, place, setup};
use anyhow::{Context, Result, bail, ensure};
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// A window that shows nothing after this long is broken.
const PATIENCE: Duration = Duration::from_secs(120);

/// Builds and opens the console.
pub(crate) fn run() -> Result<()> {
    let has_display = setup::has_display();
    if !has_display {
        println!("There is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set): the console opens on a virtual one.");
    }
    setup::for_run(has_display)?;
    build::all()?;
    let console = place::program("caisey-console");
    if has_display {
        let status = Command::new(&console)
            .status()
            .with_context(|| format!("starting {}", console.display()))?;
        ensure!(status.success(), "the console ended with {status}");
        return Ok(());
    }
    let home = place::target().join("virtual-home");
    let picture = place::target().join("console.png");
    photograph(&[("CAISEY_HOME", home.as_os_str().to_owned())], &home, &picture)?;
    println!("\nThe console works. What it showed: {}", picture.display());
    println!(
        "Its data stays in {}. To use it yourself, run this command where there is a display.",
        home.display()
    );
    Ok(())
}

/// Opens the console on a virtual desktop with this environment, waits until its window is drawn, and saves a picture of it.
/// `folder` keeps the key store. Nothing is left running.
pub(crate) fn photograph(environment: &[(&str, std::ffi::OsString)], folder: &Path, picture: &Path) -> Result<()> {
    let desktop = Desktop::start(folder)?;
    let mut command = desktop.command(&place::program("caisey-console"));
    command.envs(environment.iter().map(|(name, value)| (*name, value.clone())));
    let mut session = Session(command.spawn().context("starting the console on the virtual desktop")?);
    let began = Instant::now();
    let mut before = Vec::new();
    loop {
        if let Some(status) = session.0.try_wait()? {
            bail!("the console ended with {status} before its window was usable; what it printed above says why");
        }
        ensure!(
            began.elapsed() < PATIENCE,
            "the console's window was not usable within {} s",
            PATIENCE.as_secs()
        );
        std::thread::sleep(Duration::from_secs(1));
        if !is_window_open(&desktop)? {
            continue;
        }
        let now = screen(&desktop, picture)?;
        // Drawn, and no longer changing: a page that loads is neither.
        if is_drawn(&desktop, picture)? && now == before {
            return Ok(());
        }
        before = now;
    }
}

/// The console and everything its session started; ended together.
struct Session(Child);

impl Drop for Session {
    fn drop(&mut self) {
        // dbus-run-session ends its children when it is asked to end, not when it is killed.
        #[cfg(unix)]
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        #[cfg(not(unix))]
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn is_window_open(desktop: &Desktop) -> Result<bool> {
    let found = desktop.look("xdotool", &["search", "--onlyvisible", "--name", "Caisey"])?;
    Ok(!found.stdout.trim_ascii().is_empty())
}

fn screen(desktop: &Desktop, picture: &Path) -> Result<Vec<u8>> {
    let path = picture.to_string_lossy().into_owned();
    if let Some(folder) = picture.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    let taken = desktop.look("import", &["-window", "root", "-strip", &path])?;
    ensure!(
        taken.status.success(),
        "the picture could not be taken: {}",
        String::from_utf8_lossy(&taken.stderr).trim()
    );
    // The pixels alone: the file also carries the time at which it was written.
    Ok(desktop.look("identify", &["-format", "%#", &path])?.stdout)
}

fn is_drawn(desktop: &Desktop, picture: &Path) -> Result<bool> {
    let counted = desktop.look("identify", &["-format", "%k", &picture.to_string_lossy()])?;
    let colours: u32 = String::from_utf8_lossy(&counted.stdout).trim().parse().unwrap_or(0);
    // An empty window has its background, a frame and perhaps a spinner; text alone has hundreds of shades.
    Ok(colours > 100)
}
