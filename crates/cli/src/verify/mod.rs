//! `caisey verify FILE`: whether an evidence pack or an exported record holds, without network, cache or trust in whoever made it.

mod checks;
mod cosigners;
mod document;
mod record;
mod signers;

use anyhow::{Context, Result};
use caisey_console::visible::marked_line;
use caisey_ledger::hash::Hash;
use caisey_transcript::finding::{Finding, Weight};
use caisey_transcript::policy::Policy;
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A record larger than this is refused unread.
const MAX_FILE_BYTES: u64 = 2 << 30;

#[derive(Args)]
pub(crate) struct Verify {
    /// The evidence pack, a signed PDF that carries one, or the exported record (session.json).
    file: PathBuf,
    /// The control plane's key as you got it from somewhere else than the file: base64 of 32 bytes. Without it, the file's own is used
    /// and only says that one key signed everything.
    #[arg(long, conflicts_with = "policy")]
    key: Option<String>,
    /// Whose keys you accept, as a file (docs/formats/pack.md, "Policy").
    #[arg(long, value_name = "KEYS")]
    policy: Option<PathBuf>,
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
        let policy = self.policy()?;
        let findings = match kind_of(&bytes) {
            Kind::Document => document::check(&bytes, policy.as_ref()),
            Kind::Pack => caisey_transcript::verify::verify(&bytes, policy.as_ref()).findings.0,
            Kind::Export => {
                let record = record::Record::parse(&bytes).with_context(|| format!("{shown} is not an exported record"))?;
                let key = policy
                    .as_ref()
                    .and_then(|policy| policy.control(&record.log))
                    .map(|key| Hash(*key).to_base64());
                anyhow::ensure!(
                    policy.is_none() || key.is_some(),
                    "the policy accepts no key for the log {}",
                    record.log
                );
                checks::all(&record, key.as_deref())
            }
        };
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

impl Verify {
    fn policy(&self) -> Result<Option<Policy>> {
        match (&self.policy, &self.key) {
            (Some(path), _) => Ok(Some(read_policy(path)?)),
            (None, Some(key)) => {
                let key = Hash::from_base64(key).context("--key is not 32 bytes in base64")?;
                Ok(Some(Policy::of_control("", key.0)))
            }
            (None, None) => Ok(None),
        }
    }
}

/// Reads a policy.
pub(crate) fn read_policy(path: &Path) -> Result<Policy> {
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    Policy::parse(&text).with_context(|| format!("{} is not a policy", path.display()))
}

/// What a file is, by how it begins.
enum Kind {
    Document,
    Pack,
    Export,
}

fn kind_of(bytes: &[u8]) -> Kind {
    if bytes.starts_with(b"%PDF-") {
        Kind::Document
    } else if bytes.starts_with(b"PK") {
        Kind::Pack
    } else {
        Kind::Export
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
