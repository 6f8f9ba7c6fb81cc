//! `caisey-journey`: a story played from beginning to end on the real programs, leaving what its people would leave. Started by
//! `cargo xtask journey`, which gives it a key store of its own and takes the picture of the window afterwards.
#![allow(clippy::print_stdout)] // it tells its story to whoever started it

mod breach;
mod handover;
mod machine;
mod scene;
mod teller;

use anyhow::Result;
use clap::Parser;
use std::path::PathBuf;

#[derive(Parser)]
enum Story {
    /// A suspected breach after hours: what was looked at, and the proof of what was not.
    Breach {
        /// Takes session.json, transcript.pdf and journey.log.
        #[arg(long)]
        out: PathBuf,
        /// An empty folder for the programs' own data. The console's is in `console` below it.
        #[arg(long)]
        stage: PathBuf,
    },
    /// The same, and then its record handed over: attested by a second person, scrubbed, signed, packed, asked, tabulated.
    Handover {
        /// Takes what the first leaves, and what is handed over.
        #[arg(long)]
        out: PathBuf,
        /// As for the first. The reviewer's console is in `reviewer` below it.
        #[arg(long)]
        stage: PathBuf,
    },
}

#[tokio::main]
async fn main() -> Result<()> {
    match Story::parse() {
        Story::Breach { out, stage } => breach::play(&out, &stage).await.map(drop),
        Story::Handover { out, stage } => handover::play(&out, &stage).await,
    }
}
