//! `caisey-stories`: plays attacks on the real programs. Started by `cargo xtask`.
#![allow(clippy::print_stdout)] // its reports go to whoever started it

use anyhow::Result;
use caisey_stories::stage::Stage;
use caisey_stories::{attacks, chaos, first_command, moving, peer, restore, workers};
use clap::Parser;
use std::path::PathBuf;

#[derive(Parser)]
enum Story {
    /// kill -9 of everything, over and over.
    Chaos {
        /// How often.
        #[arg(long, default_value_t = 200)]
        rounds: u32,
        /// For the order and times of kills.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// An empty folder, kept for inspection; a temporary one otherwise.
        #[arg(long)]
        folder: Option<PathBuf>,
        /// Which control plane.
        #[arg(long, value_enum, default_value = "native")]
        host: Kind,
    },
    /// A session and a rewind on workerd: enrol, sign in, session, command, output, watch, checkpoint, proofs, cosignatures; then the database is
    /// set back, and everybody finds out.
    Workers {
        /// An empty folder, kept for inspection; a temporary one otherwise.
        #[arg(long)]
        folder: Option<PathBuf>,
    },
    /// An organisation moves from the native host to workerd and back, and everything that was recorded holds.
    Moving {
        /// An empty folder, kept for inspection; a temporary one otherwise.
        #[arg(long)]
        folder: Option<PathBuf>,
    },
    /// A runtime of one's own enrols, finds the control plane by name, and runs one command.
    FirstCommand {
        /// The program.
        #[arg(long)]
        runtime: PathBuf,
    },
    /// A database set back to an older copy under running programs, and the way out.
    Restore {
        /// An empty folder, kept for inspection; a temporary one otherwise.
        #[arg(long)]
        folder: Option<PathBuf>,
    },
    /// One byte of the database altered, and logs signed with another key.
    Attacks {
        /// An empty folder, kept for inspection; a temporary one otherwise.
        #[arg(long)]
        folder: Option<PathBuf>,
    },
    /// A console without a window. Chaos starts and kills it.
    #[command(hide = true)]
    Peer {
        /// Its folder.
        #[arg(long)]
        home: PathBuf,
        /// The control plane.
        #[arg(long)]
        url: String,
        /// Where people sign in, when not there.
        #[arg(long)]
        issuer: Option<String>,
    },
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Kind {
    Native,
    Worker,
}

#[tokio::main]
async fn main() -> Result<()> {
    match Story::parse() {
        Story::Chaos {
            rounds,
            seed,
            folder,
            host,
        } => {
            let temporary = tempfile::tempdir()?;
            let folder = folder.unwrap_or_else(|| temporary.path().to_owned());
            let stage = match host {
                Kind::Native => Stage::set(&folder).await?,
                Kind::Worker => Stage::set_on_workers(&folder).await?,
            };
            let report = chaos::play(stage, &std::env::current_exe()?, rounds, seed).await?;
            println!("{}", serde_json::to_string_pretty(&report)?);
            Ok(())
        }
        Story::FirstCommand { runtime } => {
            let folder = tempfile::tempdir()?;
            println!("{}", first_command::play(folder.path(), &runtime).await?);
            Ok(())
        }
        Story::Restore { folder } => {
            let temporary = tempfile::tempdir()?;
            let folder = folder.unwrap_or_else(|| temporary.path().to_owned());
            println!("{}", serde_json::to_string_pretty(&restore::play(&folder).await?)?);
            Ok(())
        }
        Story::Attacks { folder } => {
            let temporary = tempfile::tempdir()?;
            let folder = folder.unwrap_or_else(|| temporary.path().to_owned());
            println!("{}", serde_json::to_string_pretty(&attacks::play(&folder).await?)?);
            Ok(())
        }
        Story::Workers { folder } => {
            let temporary = tempfile::tempdir()?;
            let folder = folder.unwrap_or_else(|| temporary.path().to_owned());
            println!("{}", serde_json::to_string_pretty(&workers::play(&folder).await?)?);
            Ok(())
        }
        Story::Moving { folder } => {
            let temporary = tempfile::tempdir()?;
            let folder = folder.unwrap_or_else(|| temporary.path().to_owned());
            println!("{}", serde_json::to_string_pretty(&moving::play(&folder).await?)?);
            Ok(())
        }
        Story::Peer { home, url, issuer } => peer::work(&home, &url, issuer.as_deref()).await,
    }
}
