//! Tells the story: every line with its time, to the screen and into journey.log.

use anyhow::{Context, Result};
use caisey_console::Clock;
use caisey_console::ports::SystemClock;
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// The story's log.
pub(crate) struct Teller(File);

impl Teller {
    /// Begins journey.log anew.
    pub(crate) fn begin(out: &Path) -> Result<Self> {
        let path = out.join("journey.log");
        Ok(Self(
            File::create(&path).with_context(|| format!("making {}", path.display()))?,
        ))
    }

    /// One thing that happened.
    pub(crate) fn tell(&mut self, line: &str) -> Result<()> {
        let line = format!("{}  {line}", caisey_pdf::moment::clock(SystemClock.now_ms()));
        println!("{line}");
        writeln!(self.0, "{line}").context("writing journey.log")
    }

    /// What a program printed, indented.
    pub(crate) fn quote(&mut self, text: &str) -> Result<()> {
        for line in text.lines() {
            println!("    {line}");
            writeln!(self.0, "    {line}").context("writing journey.log")?;
        }
        Ok(())
    }
}
