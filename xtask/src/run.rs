//! `cargo xtask run`: opens the console. Without a display it says so, opens it on a virtual one, and saves what it shows.

use crate::desktop::{Desktop, Session};
use crate::{build, place, setup};
use anyhow::{Context, Result, bail, ensure};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// A window that shows nothing after this long is broken.
const PATIENCE: Duration = Duration::from_secs(120);

/// More pixels than the window's own clock changes from one second to the next.
const CLOCK_PIXELS: u64 = 2_000;

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
    let mut session = Session::start(command).context("opening the console on the virtual desktop")?;
    let began = Instant::now();
    let earlier = picture.with_extension("earlier.png");
    let mut has_earlier = false;
    loop {
        if let Some(status) = session.front().try_wait()? {
            bail!("the console ended with {status} before its window was usable; what it printed above says why");
        }
        ensure!(
            began.elapsed() < PATIENCE,
            "the console's window was not usable within {} s",
            PATIENCE.as_secs()
        );
        std::thread::sleep(Duration::from_secs(1));
        let Some(window) = window(&desktop)? else { continue };
        take(&desktop, &window, picture)?;
        // Drawn, and no longer changing but for its clock: a page that loads is neither.
        if has_earlier && is_drawn(&desktop, picture)? && changed_pixels(&desktop, &earlier, picture)? < CLOCK_PIXELS {
            std::fs::remove_file(&earlier).context("removing the picture before the last")?;
            return Ok(());
        }
        std::fs::copy(picture, &earlier).context("keeping the picture before the last")?;
        has_earlier = true;
    }
}

/// The console's window, once it is on the screen.
fn window(desktop: &Desktop) -> Result<Option<String>> {
    let found = desktop.look("xdotool", &["search", "--onlyvisible", "--name", "^Caisey Console$"])?;
    // The frame that the toolkit makes around it comes first, if there is one.
    Ok(String::from_utf8_lossy(&found.stdout).lines().last().map(str::to_owned))
}

fn take(desktop: &Desktop, window: &str, picture: &Path) -> Result<()> {
    if let Some(folder) = picture.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    let taken = desktop.look("import", &["-window", window, "-strip", &picture.to_string_lossy()])?;
    ensure!(
        taken.status.success(),
        "the picture could not be taken: {}",
        String::from_utf8_lossy(&taken.stderr).trim()
    );
    Ok(())
}

/// How many pixels differ; all of them when the sizes do.
fn changed_pixels(desktop: &Desktop, one: &Path, other: &Path) -> Result<u64> {
    let (one, other) = (one.to_string_lossy(), other.to_string_lossy());
    let compared = desktop.look("compare", &["-metric", "AE", "-fuzz", "3%", &one, &other, "null:"])?;
    let count: Option<f64> = String::from_utf8_lossy(&compared.stderr).trim().parse().ok();
    // A count of pixels, far below where a float loses whole numbers.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Ok(count.map_or(u64::MAX, |count| count as u64))
}

fn is_drawn(desktop: &Desktop, picture: &Path) -> Result<bool> {
    let counted = desktop.look("identify", &["-format", "%k", &picture.to_string_lossy()])?;
    let colours: u32 = String::from_utf8_lossy(&counted.stdout).trim().parse().unwrap_or(0);
    // An empty window has its background, a frame and perhaps a spinner; text alone has hundreds of shades.
    Ok(colours > 100)
}
