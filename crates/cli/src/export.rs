//! `caisey export`: a session as a PDF to read and as a record to check.

use crate::home;
use anyhow::{Context, Result};
use caisey_console::Clock;
use caisey_console::ports::SystemClock;
use caisey_pdf::{Enclosure, Imprint, Limits};
use clap::Args;
use std::io::{IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Args)]
#[command(group = clap::ArgGroup::new("form").required(true).multiple(true))]
pub(crate) struct Export {
    /// The session's identifier.
    session: String,
    /// Where the printed transcript goes.
    #[arg(long, value_name = "FILE", group = "form")]
    pdf: Option<PathBuf>,
    /// Where the record goes that `caisey verify` checks.
    #[arg(long, value_name = "FILE", group = "form")]
    json: Option<PathBuf>,
}

impl Export {
    pub(crate) async fn run(self, home: Option<PathBuf>) -> Result<ExitCode> {
        let console = home::open(home).await?;
        if let Some(path) = &self.json {
            write(
                path,
                &console
                    .export_session_json(&self.session, Default::default(), |_, _| {})
                    .await?,
            )?;
        }
        if let Some(path) = &self.pdf {
            let detail = console.session_detail(&self.session).await?;
            let me = console.overview().await?.me;
            let imprint = Imprint {
                organisation: me.map(|me| me.organisation_name).unwrap_or_default(),
                printed_at_ms: SystemClock.now_ms(),
                program: concat!("caisey ", env!("CARGO_PKG_VERSION")).to_owned(),
            };
            let shows_progress = std::io::stderr().is_terminal();
            let bytes = caisey_pdf::transcript(&detail, &imprint, Limits::default(), Enclosure::default(), |progress| {
                if shows_progress {
                    eprint!("\r{} of {} entries, {} pages ", progress.done, progress.total, progress.pages);
                }
                ControlFlow::Continue(())
            })?;
            if shows_progress {
                eprintln!();
            }
            write(path, &bytes)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The file appears whole or not at all.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let beside = PathBuf::from(beside);
    let mut file = std::fs::File::create(&beside).with_context(|| format!("making {}", beside.display()))?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .with_context(|| format!("writing {}", beside.display()))?;
    std::fs::rename(&beside, path).with_context(|| format!("putting {} in its place", path.display()))?;
    eprintln!("{}: {} bytes", path.display(), bytes.len());
    Ok(())
}
