//! `caisey share`: links to evidence packs, made, looked after and ended as whoever is signed in at the console on this machine.
//!
//! Promises: the only thing on standard output of `new` is the link, so that a script can take it; a passphrase is read from standard input and
//! never an argument, which others on the machine could see. Leaves out: what may be shared, which the control plane decides and says in a
//! sentence that is passed on as it is.

use crate::home;
use anyhow::{Context, Result, bail, ensure};
use caisey_console::Clock;
use caisey_console::Console;
use caisey_console::ports::SystemClock;
use caisey_console::view::{NewShare, ShareRow};
use caisey_transcript::moment;
use clap::{Args, Subcommand};
use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const DAY_MS: u64 = 86_400_000;

#[derive(Subcommand)]
pub(crate) enum Share {
    /// Makes a link for a pack that you released (`caisey pack --scrub`), and prints it. It is shown only once.
    New(New),
    /// Lists links, newest first.
    List(List),
    /// Puts another pack of the same record in place of what a link shows; link, end and passphrase stay.
    Refresh(Refresh),
    /// Ends a link at once, for good.
    Revoke(Named),
    /// Prints who looked: when, at what, with what kind of program. Never from where.
    Visits(Visits),
}

#[derive(Args)]
pub(crate) struct New {
    /// The evidence pack.
    pack: PathBuf,
    /// What members call the link, such as "Meridian Mutual, claim 4711". Never on the page.
    #[arg(long)]
    label: String,
    /// The link ends after so many days.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=400))]
    days: u64,
    /// Readers are asked for a passphrase, which is read from standard input: its first line.
    #[arg(long)]
    passphrase: bool,
    /// Hand it out although nobody who took no part has attested it. The page says so before anything else.
    #[arg(long)]
    unreviewed: bool,
}

#[derive(Args)]
pub(crate) struct List {
    /// As JSON, for scripts.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(crate) struct Refresh {
    /// The link's public name, as `caisey share list` gives it.
    share: String,
    /// The evidence pack that takes the other one's place.
    pack: PathBuf,
    /// As for `new`.
    #[arg(long)]
    unreviewed: bool,
}

#[derive(Args)]
pub(crate) struct Named {
    /// The link's public name, as `caisey share list` gives it.
    share: String,
}

#[derive(Args)]
pub(crate) struct Visits {
    /// The link's public name, as `caisey share list` gives it.
    share: String,
    /// As JSON, for scripts.
    #[arg(long)]
    json: bool,
}

impl Share {
    pub(crate) async fn run(self, home: Option<PathBuf>) -> Result<ExitCode> {
        let console = home::signed_in(home).await?;
        let done = self.ask(&console).await;
        console.shut_down().await;
        done.map(|()| ExitCode::SUCCESS)
    }

    async fn ask(self, console: &Console) -> Result<()> {
        match self {
            Self::New(new) => new.run(console).await,
            Self::List(list) => list.run(console).await,
            Self::Refresh(refresh) => {
                let pack = read(&refresh.pack)?;
                let row = console
                    .refresh_share_with(&pack, &refresh.share, refresh.unreviewed, progress())
                    .await?;
                eprintln!("{} shows another pack now", row.share);
                Ok(())
            }
            Self::Revoke(named) => {
                console.revoke_share(&named.share).await?;
                eprintln!(
                    "{} was revoked: nobody can read it any more, and its pack is destroyed",
                    named.share
                );
                Ok(())
            }
            Self::Visits(visits) => visits.run(console).await,
        }
    }
}

impl New {
    async fn run(self, console: &Console) -> Result<()> {
        let pack = read(&self.pack)?;
        let wanted = NewShare {
            label: self.label,
            expires_at_ms: SystemClock.now_ms() + self.days * DAY_MS,
            passphrase: self.passphrase.then(passphrase).transpose()?,
            unreviewed: self.unreviewed,
        };
        let row = console.share_pack(&pack, wanted, progress()).await?;
        eprintln!("{}, until {}", row.share, moment::full(row.expires_at_ms));
        println!("{}", row.url.context("the control plane gave no link")?);
        Ok(())
    }
}

impl List {
    async fn run(self, console: &Console) -> Result<()> {
        let rows = console.shares().await?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&rows)?);
            return Ok(());
        }
        for row in &rows {
            println!("{}", line(row));
        }
        if rows.is_empty() {
            eprintln!("no links");
        }
        Ok(())
    }
}

/// Rows are safe to draw as they come.
fn line(row: &ShareRow) -> String {
    let end = match (row.open, row.revoked_at_ms) {
        (true, _) => format!("until {}", moment::full(row.expires_at_ms)),
        (false, Some(at)) => format!("ended {}", moment::full(at)),
        (false, None) => format!("ended {}", moment::full(row.expires_at_ms)),
    };
    let reviewed = if row.reviewed { "reviewed" } else { "not reviewed" };
    let views = match row.views {
        1 => "opened once".to_owned(),
        views => format!("opened {views} times"),
    };
    format!("{}  {:<9}  {end}  {reviewed}, {views}  {}", row.share, row.state, row.label)
}

impl Visits {
    async fn run(self, console: &Console) -> Result<()> {
        let rows = console.share_visits(&self.share).await?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&rows)?);
            return Ok(());
        }
        for row in &rows {
            println!("{}  {}  {}", moment::full(row.at_ms), row.what, row.agent);
        }
        if rows.is_empty() {
            eprintln!("nobody has looked yet");
        }
        Ok(())
    }
}

fn read(pack: &Path) -> Result<Vec<u8>> {
    std::fs::read(pack).with_context(|| format!("reading {}", pack.display()))
}

fn passphrase() -> Result<String> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        bail!(
            "a passphrase is read from standard input, where nobody sees it: printf '%s' '…' | caisey share new … --passphrase"
        );
    }
    let mut line = String::new();
    stdin.lock().read_line(&mut line).context("reading the passphrase")?;
    let words = line.trim_end_matches(['\r', '\n']);
    ensure!(!words.is_empty(), "standard input holds no passphrase");
    Ok(words.to_owned())
}

/// Tells a person how much of a large pack is there.
fn progress() -> impl FnMut(u64, u64) + Send {
    let shows = std::io::stderr().is_terminal();
    move |done, total| {
        if shows && done < total {
            eprint!("\r{done} of {total} bytes ");
        } else if shows {
            eprint!("\r");
        }
    }
}
