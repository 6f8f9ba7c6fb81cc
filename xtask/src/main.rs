//! `cargo xtask …`: the commands of this repository.
//!
//! `run` opens the console, `test` runs everything, `journey` plays a story on the real programs. Each first sees to it that the
//! machine has what it needs ([`setup`]). Depends on nothing that needs a system library, because it is built before those are
//! installed.
#![allow(clippy::print_stdout)] // a program that talks to whoever typed its name

mod architecture;
mod bench;
mod bindings;
mod build;
mod desktop;
mod interop;
mod journey;
mod place;
mod printing;
mod robot;
mod run;
mod runtime;
mod setup;
mod step;
mod tally;
mod test;
mod unused;
mod wasm;
mod workers;

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Commands of the Caisey Console repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install what is missing, build, and open the console. Without a display: on a virtual one, with a screenshot.
    Run,
    /// Everything that has to hold: format, lints, documentation, licences, unit, process and real-window tests.
    Test,
    /// Install what building and testing need, and stop.
    Setup,
    /// Play a story on the real programs and leave its record.
    Journey {
        #[command(subcommand)]
        story: Story,
    },
    /// Measure what is promised about speed and size; prints JSON. Takes a quiet machine some minutes.
    Bench {
        /// Only these: window, notification, appends, idle_endpoints, hosts, printing, share_page, dry_run, synchronise, session, search.
        only: Vec<String>,
    },
    /// Build the endpoint's runtime as one static program.
    Runtime {
        /// Also enrol it at a real control plane and run a command with it.
        #[arg(long)]
        check: bool,
    },
    /// Build the control plane for Workers: its WebAssembly module beside its JavaScript.
    Workers,
    /// kill -9 of control plane, runtime and console at random, and the record held against what each had acknowledged.
    Chaos {
        /// How many kills.
        #[arg(long, default_value_t = 200)]
        rounds: u32,
        /// For the order and times of the kills.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Which control plane: `native`, or `worker` on workerd.
        #[arg(long, default_value = "native", value_parser = ["native", "worker"])]
        host: String,
    },
    /// A real browser that submits every form of the page behind links in mail: no approval, no denial.
    Robot {
        /// How often it opens a page and submits all that is there.
        #[arg(long, default_value_t = 10_000)]
        rounds: u32,
    },
    /// Write the TypeScript types of the view models to ui/src/generated.
    Bindings,
    /// Ask the advisory database about every dependency. Needs the network, so it is no part of `test`.
    Advisories,
}

#[derive(Subcommand)]
enum Story {
    /// A suspected breach after hours: what was looked at, and the proof of what was not.
    Breach {
        /// Directory for session.json, transcript.pdf, console.png and journey.log.
        #[arg(long)]
        out: PathBuf,
        /// Which control plane: `native` or `worker`.
        #[arg(long, default_value = "native")]
        host: String,
    },
    /// A firewall rule at two in the morning: who asked, who allowed it, what changed.
    Firewall {
        /// Directory for session.json, transcript.pdf, notification.png, approval-window.png and journey.log.
        #[arg(long)]
        out: PathBuf,
        /// As where nothing may have a network of its own: the rule is a line in a file.
        #[arg(long)]
        confined: bool,
        /// Which control plane: `native` or `worker`.
        #[arg(long, default_value = "native")]
        host: String,
    },
    /// Both, and their records handed over: attested by a second person, scrubbed, shared, packed, signed, asked about payroll, tabulated.
    Handover {
        /// Directory for `breach` and `firewall`: what each leaves, and evidence-pack.zip, handover.pdf, the certificate, the audit, and pictures
        /// of the review and of the shared page.
        #[arg(long)]
        out: PathBuf,
        /// Which control plane: `native` or `worker`.
        #[arg(long, default_value = "native")]
        host: String,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Run => run::run(),
        Task::Runtime { check } => runtime::run(check),
        Task::Test => return test::run(),
        Task::Setup => setup::everything(),
        Task::Workers => workers::run(),
        Task::Journey {
            story: Story::Breach { out, host },
        } => journey::breach(&out, &host),
        Task::Journey {
            story: Story::Firewall { out, confined, host },
        } => journey::firewall(&out, confined, &host),
        Task::Journey {
            story: Story::Handover { out, host },
        } => journey::handover(&out, &host),
        Task::Bench { only } => bench::run(&only),
        Task::Chaos { rounds, seed, host } => journey::chaos(rounds, seed, &host),
        Task::Robot { rounds } => robot::run(rounds),
        Task::Bindings => bindings::write(),
        Task::Advisories => test::advisories(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
