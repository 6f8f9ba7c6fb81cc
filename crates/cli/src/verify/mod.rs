//! `caisey verify FILE`: whether an exported record holds, without network, cache or trust in whoever made it.

mod checks;
mod record;

use anyhow::{Context, Result};
use caisey_console::visible::marked_line;
use checks::{Finding, Weight};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// A record larger than this is refused unread.
const MAX_FILE_BYTES: u64 = 2 << 30;

#[derive(Args)]
pub(crate) struct Verify {
    /// The exported record, session.json.
    file: PathBuf,
    /// The control plane's key as you got it from somewhere else than the file: base64 of 32 bytes. Without it, the file's own is used
    /// and only says that one key signed everything.
    #[arg(long)]
    key: Option<String>,
    /// As JSON, for scripts.
    #[arg(long)]
    json: bool,
}

impl Verify {
    /// 0 when everything holds, 1 when something does not.
    pub(crate) fn run(self) -> Result<ExitCode> {
        let shown = self.file.display();
        let size = std::fs::metadata(&self.file)
            .with_context(|| format!("reading {shown}"))?
            .len();
        anyhow::ensure!(
            size <= MAX_FILE_BYTES,
            "{shown} has {size} bytes, more than a record can have"
        );
        let bytes = std::fs::read(&self.file).with_context(|| format!("reading {shown}"))?;
        let record = record::Record::parse(&bytes).with_context(|| format!("{shown} is not an exported record"))?;
        let findings = checks::all(&record, self.key.as_deref());
        if self.json {
            println!("{}", serde_json::to_string_pretty(&findings)?);
        } else {
            findings.iter().for_each(print);
        }
        let holds = findings.iter().all(|finding| finding.weight != Weight::Fails);
        eprintln!(
            "{}",
            if holds {
                "The record holds."
            } else {
                "The record does NOT hold."
            }
        );
        Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn print(finding: &Finding) {
    let word = match finding.weight {
        Weight::Holds => "holds",
        Weight::Note => "note ",
        Weight::Fails => "FAILS",
    };
    println!("{word}  {}", marked_line(&finding.words));
}
