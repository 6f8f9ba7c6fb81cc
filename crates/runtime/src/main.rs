//! `caisey-runtime`: enrol, run, status, service.

#[cfg(windows)]
mod windows;

use anyhow::{Context, Result, bail};
use caisey_client::ControlUrl;
use caisey_runtime::service::{self, Platform};
use caisey_runtime::{Enrolment, Limits, Runtime, StateDir, StateError, Status, adopt_orphans, enrol, waiting};
use clap::{Parser, Subcommand};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Caisey's endpoint runtime.
#[derive(Parser)]
#[command(name = "caisey-runtime", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make this machine an endpoint.
    Enrol {
        /// Address of the control plane.
        #[arg(long)]
        control: ControlUrl,
        /// The installer token that an administrator handed out. Better given in the environment, where other users cannot see it.
        #[arg(long, env = "CAISEY_TOKEN", hide_env_values = true)]
        token: String,
        #[command(flatten)]
        state: State,
    },
    /// Run until told to stop (SIGTERM, SIGINT, or the service manager).
    Run {
        #[command(flatten)]
        state: State,
        /// Log in plain text to standard error instead of JSON.
        #[arg(long)]
        foreground: bool,
        /// Also stop when standard input closes: whoever started this process, and kept the other end, has ended.
        #[arg(long)]
        until_stdin_closes: bool,
        /// Started by the Windows service manager.
        #[arg(long, hide = true)]
        service: bool,
    },
    /// Show where this machine is enrolled and what waits to be delivered.
    Status {
        #[command(flatten)]
        state: State,
    },
    /// Install, remove or print the service definition.
    Service {
        #[command(subcommand)]
        what: Service,
    },
}

#[derive(Subcommand)]
enum Service {
    /// Install and start the service on this machine. Needs administrator rights.
    Install {
        #[command(flatten)]
        state: State,
    },
    /// Stop and remove the service. The state directory stays.
    Uninstall,
    /// Print a platform's service definition.
    Print {
        /// For which platform; this one unless said otherwise.
        #[arg(long, value_enum)]
        platform: Option<Platform>,
        #[command(flatten)]
        state: State,
    },
}

#[derive(clap::Args)]
struct State {
    /// Directory that holds this endpoint's key and outbox.
    #[arg(long = "state", env = "CAISEY_STATE", default_value_os_t = service::default_state_dir())]
    dir: PathBuf,
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    match cli.command {
        Action::Enrol { control, token, state } => {
            log_to_stderr(true);
            let state = StateDir::open(state.dir)?;
            let enrolment = block_on(async { Ok(enrol(&state, &control, &token).await?) })?;
            say(&format!(
                "enrolled as {} at {}\nlog: {}",
                enrolment.endpoint, enrolment.control, enrolment.log
            ))
        }
        Action::Run {
            state,
            foreground,
            until_stdin_closes,
            service,
        } => {
            if service {
                return as_service(state.dir);
            }
            log_to_stderr(foreground);
            let state = StateDir::open(state.dir)?;
            adopt_orphans();
            block_on(run(&state, async {
                tokio::select! {
                    done = told_to_stop() => done,
                    () = stdin_closed(), if until_stdin_closes => Ok(()),
                }
            }))
        }
        Action::Status { state } => status(&state.dir),
        Action::Service {
            what: Service::Print { platform, state },
        } => {
            let platform = platform.unwrap_or_else(Platform::here);
            say(service::definition(platform, &program()?, &state.dir).trim_end())
        }
        Action::Service {
            what: Service::Install { state },
        } => {
            // A service that has nothing to run would be started over and over.
            if Enrolment::load(&StateDir::open(&state.dir)?)?.is_none() {
                bail!(
                    "{} holds no enrolment. Enrol this machine first (caisey-runtime enrol), then install the service",
                    state.dir.display()
                );
            }
            say(&service::install(&program()?, &state.dir)?)
        }
        Action::Service {
            what: Service::Uninstall,
        } => say(&service::uninstall()?),
    }
}

/// Until `stop` resolves, or this endpoint is removed from service.
async fn run(state: &StateDir, stop: impl Future<Output = Result<()>>) -> Result<()> {
    let mut stop = std::pin::pin!(stop);
    // Once for every log: after a restore of the control plane this one may be told to go over to a new one.
    while run_once(state, stop.as_mut()).await? {}
    tracing::info!("stopped");
    Ok(())
}

/// Runs until it is to stop; true when it is to begin again with another log.
async fn run_once(state: &StateDir, stop: impl Future<Output = Result<()>>) -> Result<bool> {
    let runtime = Runtime::start(state, Limits::default()).await?;
    tracing::info!(endpoint = %runtime.enrolment().endpoint, control = runtime.enrolment().control, "started");
    let mut status = runtime.status();
    tokio::select! {
        done = stop => done?,
        _ = status.wait_for(|status| matches!(status, Status::Removed | Status::Succeeded)) => {}
    }
    let last = status.borrow().clone();
    if last == Status::Removed {
        tracing::warn!("removed from service; stopping for good");
    }
    runtime.stop().await;
    Ok(last == Status::Succeeded)
}

#[cfg(windows)]
fn as_service(state: PathBuf) -> Result<()> {
    windows::dispatch(state)
}

#[cfg(not(windows))]
fn as_service(_state: PathBuf) -> Result<()> {
    bail!("only Windows starts services this way; leave out --service")
}

async fn stdin_closed() {
    // An error on standard input means as much as its end.
    let _ = tokio::io::copy(&mut tokio::io::stdin(), &mut tokio::io::sink()).await;
}

#[cfg(unix)]
async fn told_to_stop() -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

#[cfg(windows)]
async fn told_to_stop() -> Result<()> {
    use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};
    let (mut c, mut brk, mut close, mut shutdown) = (ctrl_c()?, ctrl_break()?, ctrl_close()?, ctrl_shutdown()?);
    tokio::select! {
        _ = c.recv() => {}
        _ = brk.recv() => {}
        _ = close.recv() => {}
        _ = shutdown.recv() => {}
    }
    Ok(())
}

fn status(dir: &Path) -> Result<()> {
    if !dir.exists() {
        bail!(
            "{} does not exist: this machine is not enrolled, or --state names another directory",
            dir.display()
        );
    }
    let state = StateDir::open(dir)?;
    let Some(enrolment) = Enrolment::load(&state)? else {
        bail!("{} holds no enrolment", dir.display())
    };
    let running = match state.lock() {
        Ok(_) => false,
        Err(StateError::InUse { .. }) => true,
        Err(error) => return Err(error.into()),
    };
    let mut lines = vec![
        format!("endpoint   {}", enrolment.endpoint),
        format!("control    {}", enrolment.control),
        format!("log        {}", enrolment.log),
        format!("runtime    {}", if running { "running" } else { "not running" }),
    ];
    if let Some(waiting) = waiting(&dir.join("outbox.db")).context("reading the outbox")? {
        if running {
            lines.push(format!("connection {}", waiting.connection.as_deref().unwrap_or("unknown")));
        }
        lines.extend(waiting.trouble.map(|trouble| format!("trouble    {trouble}")));
        lines.push(format!(
            "waiting    {} statements, {} bytes",
            waiting.statements, waiting.bytes
        ));
        lines.push(format!("actions    {} under way", waiting.running));
    }
    say(&lines.join("\n"))
}

fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("starting")?;
    let done = runtime.block_on(work);
    // Readers of output that a command's leftovers hold open would block a plain drop.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    done
}

fn program() -> Result<PathBuf> {
    std::env::current_exe().context("finding this program's own path")
}

fn say(text: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{text}").context("writing to standard output")
}

fn log_to_stderr(plain: bool) {
    if plain {
        let log = tracing_subscriber::fmt()
            .with_env_filter(wanted())
            .with_writer(std::io::stderr);
        log.init();
    } else {
        log_to(std::io::stderr);
    }
}

/// JSON, one event a line.
fn log_to(writer: impl for<'a> tracing_subscriber::fmt::MakeWriter<'a> + Send + Sync + 'static) {
    let log = tracing_subscriber::fmt().with_env_filter(wanted()).with_writer(writer);
    log.json().init();
}

fn wanted() -> tracing_subscriber::EnvFilter {
    tracing_subscriber::EnvFilter::try_from_env("CAISEY_LOG").unwrap_or_else(|_| "info".into())
}
