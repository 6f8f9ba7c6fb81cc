//! `caisey pack`, `certify`, `audit`: what leaves the house, made from the console's cache, with the network or without.

use crate::export::write;
use crate::{home, when};
use anyhow::{Result, bail};
use caisey_console::facade::{HandOver, Question};
use caisey_console::visible::marked_line;
use caisey_transcript::audit::Preset;
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::process::ExitCode;

/// One session, or a period on some endpoints.
#[derive(Args)]
struct Of {
    /// This session.
    #[arg(long, conflicts_with_all = ["from", "to"])]
    session: Option<String>,
    /// From this time on, in UTC: 2026-05-27 or 2026-05-27T22:14:03Z.
    #[arg(long, requires = "to")]
    from: Option<String>,
    /// Before this time.
    #[arg(long, requires = "from")]
    to: Option<String>,
    /// Only this endpoint, by identifier; may be repeated. All in the cache when none is named.
    #[arg(long)]
    endpoint: Vec<String>,
    /// Only endpoints of this client, by identifier.
    #[arg(long, conflicts_with = "endpoint")]
    client: Option<String>,
}

impl Of {
    async fn question(self, console: &caisey_console::Console) -> Result<Question> {
        let (from, to) = match (self.session, self.from, self.to) {
            (Some(session), ..) => return Ok(Question::Session(session)),
            (None, Some(from), Some(to)) => (when::parse(&from)?, when::parse(&to)?),
            _ => bail!("say of what: --session, or --from and --to"),
        };
        anyhow::ensure!(from < to, "--from is not before --to");
        let mut endpoints = self.endpoint;
        if let Some(client) = self.client {
            let rows = console.overview().await?.endpoints;
            endpoints = rows
                .into_iter()
                .filter(|row| row.client == client)
                .map(|row| row.endpoint)
                .collect();
            anyhow::ensure!(!endpoints.is_empty(), "the cache holds no endpoint of the client {client}");
        }
        Ok(Question::Period {
            endpoints,
            from_ms: from,
            to_ms: to,
        })
    }
}

#[derive(Args)]
pub(crate) struct Pack {
    #[command(flatten)]
    of: Of,
    /// Where the pack goes.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// A question to be answered by a certificate inside, such as "*payroll*"; may be repeated.
    #[arg(long, value_name = "PATTERN")]
    ask: Vec<String>,
    /// Hide personal data and secrets that the rules find. Without it, everything recorded is in the pack.
    #[arg(long)]
    scrub: bool,
}

impl Pack {
    pub(crate) async fn run(self, home: Option<PathBuf>) -> Result<ExitCode> {
        let console = home::open(home).await?;
        let question = self.of.question(&console).await?;
        let wanted = HandOver {
            ask: self.ask,
            scrub: self.scrub,
            ..HandOver::default()
        };
        let bytes = console.evidence_pack(&question, wanted).await?;
        write(&self.out, &bytes)?;
        Ok(ExitCode::SUCCESS)
    }
}

#[derive(Args)]
pub(crate) struct Certify {
    /// What may have been accessed: `*payroll*`, `C:\Users\*\Documents`, `HKLM\Software\*`.
    pattern: String,
    #[command(flatten)]
    of: Of,
    /// Where the pack goes that carries the certificate and lets anybody check it.
    #[arg(long, value_name = "FILE")]
    pack: Option<PathBuf>,
    /// As JSON, for scripts.
    #[arg(long)]
    json: bool,
}

impl Certify {
    pub(crate) async fn run(self, home: Option<PathBuf>) -> Result<ExitCode> {
        let console = home::open(home).await?;
        let question = self.of.question(&console).await?;
        let (certificate, envelope, _) = console.certify(&question, &self.pattern).await?;
        if self.json {
            println!("{envelope}");
        } else {
            for sentence in certificate.sentences() {
                println!("{}", marked_line(&sentence));
            }
            for found in &certificate.matched {
                println!("names it          {}  #{}  {}", found.log, found.seq, found.text);
            }
            for open in &certificate.unbounded {
                println!("cannot be bounded {}  #{}  {:?}", open.log, open.seq, open.why);
            }
        }
        if let Some(path) = &self.pack {
            let wanted = HandOver {
                ask: vec![self.pattern],
                ..HandOver::default()
            };
            write(path, &console.evidence_pack(&question, wanted).await?)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Whose controls the table names.
#[derive(Clone, Copy, Default, ValueEnum)]
enum Controls {
    /// Nobody's.
    #[default]
    None,
    /// Sarbanes-Oxley, IT general controls.
    Sox,
    /// HIPAA Security Rule.
    Hipaa,
}

#[derive(Args)]
pub(crate) struct Audit {
    #[command(flatten)]
    of: Of,
    /// Names the controls that auditors of this kind ask about.
    #[arg(long, value_enum, default_value_t)]
    preset: Controls,
    /// Writes the table for a spreadsheet.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Writes the table as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl Audit {
    pub(crate) async fn run(self, home: Option<PathBuf>) -> Result<ExitCode> {
        let console = home::open(home).await?;
        let question = self.of.question(&console).await?;
        let preset = match self.preset {
            Controls::None => Preset::None,
            Controls::Sox => Preset::Sox,
            Controls::Hipaa => Preset::Hipaa,
        };
        let table = console.audit(&question, preset).await?;
        if let Some(path) = &self.csv {
            write(path, table.to_csv().as_bytes())?;
        }
        if let Some(path) = &self.json {
            write(path, &serde_json::to_vec_pretty(&table)?)?;
        }
        for (verdict, count) in &table.counts {
            println!("{count:>6}  {}", verdict.sentence());
        }
        for line in table.lines.iter().filter(|line| !line.reasons.is_empty()) {
            println!(
                "{}  {}: {}",
                line.action,
                marked_line(&line.endpoint),
                marked_line(&line.reasons.join(" "))
            );
        }
        Ok(ExitCode::SUCCESS)
    }
}
