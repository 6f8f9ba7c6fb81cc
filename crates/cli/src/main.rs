//! `caisey`: the console's record for people and scripts without a screen. Reads what a console on this machine has in its cache,
//! beside that console, connected or not; checks exported records of anybody; and shares packs as whoever is signed in at that console.
//!
//! Promises: nothing recorded is interpreted by the terminal; answers go to standard output, everything else to standard error;
//! the exit code is 0 only when what was asked holds. Leaves out: working on endpoints, which needs a person at the console.
#![allow(clippy::print_stdout)] // its answers

mod compare;
mod explain;
mod export;
mod handover;
mod home;
mod search;
mod sessions;
mod share;
mod verify;
mod when;

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Reads, searches, exports and verifies the record of remote work.
#[derive(Parser)]
#[command(name = "caisey", version)]
struct Arguments {
    /// The console's data folder; the desktop program's own by default.
    #[arg(long, env = "CAISEY_HOME", global = true)]
    home: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Checks an exported record without any network: prints what holds and what does not, and fails if anything does not.
    Verify(verify::Verify),
    /// Lists sessions in the cache, newest first.
    Sessions(sessions::Sessions),
    /// Shows one session in full.
    Show(sessions::Show),
    /// Finds commands, outputs, notes and everything else recorded.
    Search(search::Search),
    /// Prints the newest checkpoint of an endpoint's log that this machine has verified, with everybody's cosignatures.
    Checkpoint(compare::Checkpoint),
    /// Holds somebody else's checkpoint against the log on this machine.
    Compare(compare::Compare),
    /// Says what a command would do and what it names, without running it.
    Explain(explain::Explain),
    /// Writes a session to a file: a transcript to read, a record to check.
    Export(export::Export),
    /// Packs a session or a period with everything that proves it, for somebody who trusts neither us nor the operator.
    Pack(handover::Pack),
    /// Answers "did anyone access this?" in three parts, signed: no gaps, what names it, what cannot be bounded.
    Certify(handover::Certify),
    /// Lists every action with its authorisation and a verdict, exceptions first, for auditors.
    Audit(handover::Audit),
    /// Links to evidence packs that anybody can read and check: made, listed, refreshed, revoked. As whoever is signed in at the console here.
    #[command(subcommand)]
    Share(share::Share),
}

/// Which sessions or entries are meant.
#[derive(Args)]
struct Filter {
    /// Only this client, by identifier.
    #[arg(long)]
    client: Option<String>,
    /// Only this endpoint, by identifier.
    #[arg(long)]
    endpoint: Option<String>,
    /// Only this technician, by identifier.
    #[arg(long)]
    member: Option<String>,
    /// At most this many.
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// As JSON, for scripts.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let home = arguments.home;
    let done = match arguments.command {
        Command::Verify(verify) => verify.run(),
        Command::Sessions(sessions) => sessions.run(home).await,
        Command::Show(show) => show.run(home).await,
        Command::Search(search) => search.run(home).await,
        Command::Checkpoint(checkpoint) => checkpoint.run(home).await,
        Command::Compare(compare) => compare.run(home).await,
        Command::Explain(explain) => explain.run(),
        Command::Export(export) => export.run(home).await,
        Command::Pack(pack) => pack.run(home).await,
        Command::Certify(certify) => certify.run(home).await,
        Command::Audit(audit) => audit.run(home).await,
        Command::Share(share) => share.run(home).await,
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("caisey: {error:#}");
            ExitCode::from(2)
        }
    }
}
