//! The contact's desk: a real notification service, the real console in its window, eyes (pictures of the screen) and hands (keys).
//!
//! Runs on the desktop that `cargo xtask` has set up: an X server, a session bus, a key store. Everything ends with it.

use crate::desk::leave_signed_in;
use crate::exported::run;
use anyhow::{Context, Result, ensure};
use caisey_stories::programs::{Program, built};
use caisey_stories::stage::Kept;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How the notifications look: large enough to be read in a picture.
const DUNST: &str = "[global]\nwidth = 560\nheight = 400\norigin = top-right\noffset = 24x24\nfont = DejaVu Sans 12\nframe_width = 2\n\
                     frame_color = \"#0b5d51\"\nseparator_height = 2\npadding = 16\nhorizontal_padding = 18\nline_height = 3\n\
                     markup = full\nformat = \"<b>%s</b>\\n%b\"\nword_wrap = yes\nignore_newline = no\nshow_indicators = yes\n\
                     mouse_left_click = do_action\n[urgency_critical]\nbackground = \"#14201c\"\nforeground = \"#ffffff\"\n\
                     frame_color = \"#63c6b0\"\ntimeout = 0\n[urgency_normal]\nbackground = \"#14201c\"\nforeground = \"#ffffff\"\n";

/// How long anything on the screen may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// See the module's text.
pub(crate) struct Office {
    _dunst: Program,
    window: Program,
    out: PathBuf,
}

impl Office {
    /// Opens the console as its person left it: signed in at this control plane.
    pub(crate) async fn open(folder: &Path, out: &Path, url: &str, kept: Kept) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let config = folder.join("dunstrc");
        std::fs::write(&config, DUNST).context("writing the notification service's configuration")?;
        let dunst = Program::start(
            Path::new("dunst"),
            &["-conf", &config.to_string_lossy()],
            &folder.join("dunst.log"),
        )?;
        let home = folder.join("home");
        leave_signed_in(url, kept, &home).await?;
        let console = built("caisey-console")?.to_string_lossy().into_owned();
        let at_home = format!("CAISEY_HOME={}", home.display());
        let window = Program::start(Path::new("env"), &[&at_home, &console], &folder.join("window.log"))?;
        Ok(Self {
            _dunst: dunst,
            window,
            out: out.to_owned(),
        })
    }

    /// Waits until a notification is on the screen.
    pub(crate) async fn sees_notification(&mut self) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        loop {
            if shown().is_ok_and(|shown| shown > 0) {
                // It is counted before it is drawn.
                tokio::time::sleep(Duration::from_millis(700)).await;
                return Ok(());
            }
            self.window.must_be_alive()?;
            ensure!(Instant::now() < end, "no notification within {PATIENCE:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until no notification is on the screen.
    pub(crate) async fn sees_none(&mut self) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        while shown()? > 0 {
            self.window.must_be_alive()?;
            ensure!(Instant::now() < end, "a notification stayed for {PATIENCE:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Presses the notification itself, which opens the request.
    pub(crate) fn press_notification(&self) -> Result<()> {
        run(Path::new("dunstctl"), &["action", "0"]).map(drop)
    }

    /// Goes to the first field of the answer and types there, when there is something to type.
    pub(crate) fn types(&self, number: Option<&str>) -> Result<()> {
        let named = ["search", "--onlyvisible", "--name", "^Caisey Console$"];
        let found = hand(&named)?;
        let window = found.lines().last().context("the console's window is not on the screen")?;
        hand(&["windowfocus", "--sync", window])?;
        // Nobody manages windows here, so the page gets the keys only once it was pressed; the answer's fields follow what was pressed.
        hand(&["mousemove", "--window", window, "700", "300", "click", "1"])?;
        hand(&["key", "Tab"])?;
        if let Some(number) = number {
            hand(&["type", "--delay", "60", number])?;
        }
        Ok(())
    }

    /// Presses the enter key.
    pub(crate) fn confirms(&self) -> Result<()> {
        hand(&["key", "Return"]).map(drop)
    }

    /// Everything on the screen, as a picture.
    pub(crate) fn picture(&self, name: &str) -> Result<()> {
        let path = self.out.join(name).to_string_lossy().into_owned();
        run(Path::new("import"), &["-window", "root", &path]).map(drop)
    }
}

/// How many notifications are on the screen.
fn shown() -> Result<u32> {
    let said = run(Path::new("dunstctl"), &["count", "displayed"])?;
    said.trim()
        .parse()
        .with_context(|| format!("the notification service counts {said:?}"))
}

fn hand(arguments: &[&str]) -> Result<String> {
    run(Path::new("xdotool"), arguments)
}
