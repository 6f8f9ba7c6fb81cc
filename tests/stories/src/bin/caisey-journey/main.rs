//! `caisey-journey`: a story played from beginning to end on the real programs, leaving what its people would leave. Started by
//! `cargo xtask journey`, which gives it a key store of its own and takes the picture of the window afterwards.
#![allow(clippy::print_stdout)] // it tells its story to whoever started it

mod breach;
mod desk;
mod exported;
mod firewall;
mod handover;
mod leaving;
mod link;
mod machine;
mod notification;
mod office;
mod place;
mod scene;
mod teller;

use anyhow::Result;
use caisey_stories::stage::On;
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
        /// Which control plane.
        #[arg(long, value_enum, default_value = "native")]
        host: Host,
    },
    /// A firewall rule at two in the morning: who asked, who allowed it, what changed.
    Firewall {
        /// Takes session.json, transcript.pdf, notification.png, approval-window.png and journey.log.
        #[arg(long)]
        out: PathBuf,
        /// An empty folder for the programs' own data.
        #[arg(long)]
        stage: PathBuf,
        /// Which control plane.
        #[arg(long, value_enum, default_value = "native")]
        host: Host,
    },
    /// No story but a measurement, printed as JSON: how soon a contact's desktop is asked to show a request.
    #[command(hide = true)]
    Notification {
        /// An empty folder for the programs' own data.
        #[arg(long)]
        stage: PathBuf,
        /// How often.
        #[arg(long, default_value_t = 100)]
        rounds: u32,
    },
    /// A file server as far as the story needs one: tells everybody who connects that it is there.
    #[command(hide = true)]
    Share {
        /// Where it listens.
        #[arg(long)]
        listen: String,
        /// A file of rules; while it has a line that begins with `enabled`, nobody is let in.
        #[arg(long)]
        rules: Option<PathBuf>,
    },
    /// Passes connections on, so that a program in another network finds its control plane on its own loopback.
    #[command(hide = true)]
    Relay {
        /// Where it listens.
        #[arg(long)]
        listen: String,
        /// Where it connects to.
        #[arg(long)]
        to: String,
    },
    /// Both, and then their records handed over: attested by a second person, scrubbed, shared, packed, signed, asked, tabulated.
    Handover {
        /// Takes `breach` and `firewall`: what each leaves, and what is handed over.
        #[arg(long)]
        out: PathBuf,
        /// As for the others, in `breach` and `firewall` below it. The reviewers' consoles are in `reviewer` below these.
        #[arg(long)]
        stage: PathBuf,
        /// Which control plane.
        #[arg(long, value_enum, default_value = "native")]
        host: Host,
    },
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Host {
    Native,
    Worker,
}

impl From<Host> for On {
    fn from(host: Host) -> Self {
        match host {
            Host::Native => Self::Native,
            Host::Worker => Self::Workers,
        }
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    match Story::parse() {
        Story::Breach { out, stage, host } => breach::play(&out, &stage, host.into()).await.map(drop),
        Story::Firewall { out, stage, host } => firewall::play(&out, &stage, host.into()).await.map(drop),
        Story::Handover { out, stage, host } => handover::play(&out, &stage, host.into()).await,
        Story::Notification { stage, rounds } => notification::measure(&stage, rounds).await,
        Story::Share { listen, rules } => place::share(&listen, rules.as_deref()).await,
        Story::Relay { listen, to } => place::relay(&listen, &to).await,
    }
}
