//! `caisey checkpoint` and `caisey compare`: two people find out, without asking the control plane, whether it showed both the same log.

use crate::home;
use anyhow::{Context, Result, bail};
use caisey_console::Compared;
use caisey_console::visible::marked_line;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// A C2SP note is at most 64 KiB.
const MAX_NOTE_BYTES: u64 = 65_536;

#[derive(Args)]
pub(crate) struct Checkpoint {
    /// The endpoint, by identifier.
    endpoint: String,
}

impl Checkpoint {
    pub(crate) async fn run(self, home: Option<PathBuf>) -> Result<ExitCode> {
        let console = home::open(home).await?;
        match console.newest_checkpoint(&self.endpoint).await? {
            Some(note) => {
                print!("{note}");
                Ok(ExitCode::SUCCESS)
            }
            None => bail!("nothing of this log was verified here yet"),
        }
    }
}

#[derive(Args)]
pub(crate) struct Compare {
    /// A file with a signed checkpoint, as `caisey checkpoint` prints it on another person's machine.
    file: PathBuf,
}

impl Compare {
    /// 0 when both saw the same log, 1 when not, 2 when it cannot be said.
    pub(crate) async fn run(self, home: Option<PathBuf>) -> Result<ExitCode> {
        let shown = self.file.display();
        let size = std::fs::metadata(&self.file)
            .with_context(|| format!("reading {shown}"))?
            .len();
        anyhow::ensure!(size <= MAX_NOTE_BYTES, "{shown} is too long for a checkpoint");
        let note = std::fs::read_to_string(&self.file).with_context(|| format!("reading {shown}"))?;
        let console = home::open(home).await?;
        match console.compare_checkpoint(&note).await? {
            Compared::Same { size, .. } => {
                println!("The same log: both hold the same {size} entries.");
                Ok(ExitCode::SUCCESS)
            }
            Compared::Ahead { size } => {
                bail!("it signs {size} entries, more than this console has; synchronise and compare again")
            }
            Compared::Differs { size } => {
                println!(
                    "DIFFERENT logs: the control plane signed another history of {size} entries than the one on this machine. Keep {shown} and \
                     your own checkpoint (caisey checkpoint): together they prove it."
                );
                Ok(ExitCode::FAILURE)
            }
            Compared::Unusable(why) => bail!(
                "{shown} is not a checkpoint of this log by the control plane that this console knows: {}",
                marked_line(&why)
            ),
        }
    }
}
