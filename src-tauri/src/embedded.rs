//! The control plane inside this program, and this computer as its first endpoint.
//!
//! Promises: it listens on the loopback only; its owner needs no password, because whoever runs this process owns its data; this
//! computer is enrolled once and keeps its log for good. The runtime is a process of its own when `caisey-runtime` lies beside this
//! program, so that a crash here leaves it time to record how running commands ended; otherwise it runs in here.

use crate::desktop::Desktop;
use crate::places;
use crate::startup::Step;
use crate::tokens::OwnerTokens;
use anyhow::Context;
use caisey_client::ControlUrl;
use caisey_console::view::NewInstaller;
use caisey_console::{Console, SignIn};
use caisey_control_native::{Config, ControlPlane, Running};
use caisey_runtime::{Enrolment, Limits, Runtime, StateDir, StateError};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

/// The client that this organisation's own machines belong to.
const OWN_CLIENT: &str = "Own computers";
/// How long the first connection of the runtime is waited for before the window is shown without it.
const CONNECT_WITHIN: Duration = Duration::from_secs(8);
/// How long a runtime may take to end its commands and say goodbye.
const STOP_WITHIN: Duration = Duration::from_secs(8);

/// What runs embedded.
pub(crate) struct Embedded {
    plane: Arc<Running>,
    runtime: OwnRuntime,
}

enum OwnRuntime {
    /// A process of its own.
    Process(Child),
    /// Within this program.
    Within(Runtime),
    /// Another process has it already: one that is still ending after a crash, or a service.
    Elsewhere,
}

impl Embedded {
    /// Stops the runtime first, so that its last words are recorded, then the control plane.
    pub(crate) async fn stop(self) {
        match self.runtime {
            OwnRuntime::Process(child) => stop_process(child).await,
            OwnRuntime::Within(runtime) => drop(timeout(STOP_WITHIN, runtime.stop()).await),
            OwnRuntime::Elsewhere => {}
        }
        match Arc::try_unwrap(self.plane) {
            Ok(plane) => plane.shutdown().await,
            // A token is being asked for this moment; dropping the last handle stops it without waiting.
            Err(still_used) => drop(still_used),
        }
    }
}

/// Starts everything, telling the page step by step unless it shows the cache already.
///
/// # Errors
/// Disk, port, or a control plane that refuses its own owner.
pub(crate) async fn start(desktop: &Arc<Desktop>) -> anyhow::Result<()> {
    let mut place = desktop.embedded.lock().await;
    if place.is_some() {
        return Ok(());
    }
    desktop.starting(Step::ControlPlane);
    let plane = Arc::new(start_plane(&desktop.home).await?);

    desktop.starting(Step::Owner);
    let console = desktop.console().await?;
    let sign_in = SignIn {
        base_url: plane.base_url.clone(),
        tokens: Arc::new(OwnerTokens::new(&plane, owner_name())),
        embedded: true,
    };
    console.sign_in(sign_in).await?;

    let state = StateDir::open(places::runtime(&desktop.home))?;
    let (enrolment, new) = match Enrolment::load(&state)? {
        Some(known) => (retarget(&state, known, &plane.base_url)?, false),
        None => {
            desktop.starting(Step::Enrol);
            (enrol(&console, &state, &plane.base_url).await?, true)
        }
    };
    let endpoint = enrolment.endpoint.to_string();
    console.set_this_computer(Some(endpoint.clone()));
    desktop.starting(Step::Runtime);
    let runtime = start_runtime(&state).await?;
    *place = Some(Embedded { plane, runtime });
    drop(place);
    if new {
        wait_sendable(&console, &endpoint).await;
    }
    Ok(())
}

/// On the port of last time, so that a runtime left over from a crash finds it again; on another one when that is taken.
async fn start_plane(home: &Path) -> anyhow::Result<Running> {
    let file = home.join("embedded-port");
    let last = std::fs::read_to_string(&file)
        .ok()
        .and_then(|text| text.trim().parse::<u16>().ok());
    let at = |port| Config {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        ..Config::embedded(places::control(home))
    };
    let started = match last {
        Some(port) => match ControlPlane::start(at(port)).await {
            Err(caisey_control_native::StartError::Listen { .. }) => ControlPlane::start(at(0)).await,
            started => started,
        },
        None => ControlPlane::start(at(0)).await,
    };
    let plane = started.context("the control plane did not start")?;
    if last != Some(plane.addr.port()) {
        std::fs::write(&file, plane.addr.port().to_string()).context("the port could not be noted")?;
    }
    Ok(plane)
}

/// The embedded control plane is the same one wherever it listens; only this program moves it.
fn retarget(state: &StateDir, known: Enrolment, base_url: &str) -> anyhow::Result<Enrolment> {
    if known.control == base_url {
        return Ok(known);
    }
    let moved = Enrolment {
        control: base_url.to_owned(),
        ..known
    };
    moved.store(state).context("this computer's enrolment could not be changed")?;
    Ok(moved)
}

async fn enrol(console: &Console, state: &StateDir, base_url: &str) -> anyhow::Result<Enrolment> {
    let clients = console.clients().await?;
    let client = match clients.into_iter().find(|client| client.name == OWN_CLIENT) {
        Some(client) => client.client,
        None => console.create_client(OWN_CLIENT).await?,
    };
    let installer = console
        .create_installer(NewInstaller {
            client,
            label: "This computer".to_owned(),
            valid_for_ms: Some(10 * 60 * 1_000),
            max_uses: Some(1),
        })
        .await?;
    let control: ControlUrl = base_url.parse()?;
    caisey_runtime::enrol(state, &control, &installer.token)
        .await
        .context("this computer was not enrolled")
}

async fn start_runtime(state: &StateDir) -> anyhow::Result<OwnRuntime> {
    match state.lock() {
        Ok(free) => drop(free),
        Err(StateError::InUse { .. }) => return Ok(OwnRuntime::Elsewhere),
        Err(error) => return Err(error.into()),
    }
    if let Some(program) = program_beside() {
        let mut command = Command::new(program);
        command
            .args(["run", "--foreground", "--until-stdin-closes", "--state"])
            .arg(state.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null());
        hide_window(&mut command);
        return Ok(OwnRuntime::Process(command.spawn().context("caisey-runtime did not start")?));
    }
    let runtime = Runtime::start(state, Limits::default()).await?;
    Ok(OwnRuntime::Within(runtime))
}

fn program_beside() -> Option<PathBuf> {
    let name = format!("caisey-runtime{}", std::env::consts::EXE_SUFFIX);
    let beside = std::env::current_exe().ok()?.parent()?.join(name);
    beside.is_file().then_some(beside)
}

#[cfg(windows)]
fn hide_window(command: &mut Command) {
    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    command.creation_flags(CREATE_NO_WINDOW);
}

#[cfg(not(windows))]
fn hide_window(_: &mut Command) {}

/// Closing its standard input asks it to stop, on every platform; the operating system closes it for a console that crashed.
async fn stop_process(mut child: Child) {
    drop(child.stdin.take());
    if timeout(STOP_WITHIN, child.wait()).await.is_err() {
        tracing::warn!("this computer's runtime did not end in time");
        let _ = child.kill().await;
    }
}

async fn wait_sendable(console: &Console, endpoint: &str) {
    let until = Instant::now() + CONNECT_WITHIN;
    while Instant::now() < until {
        if console.ask_sendable(endpoint).await.is_ok_and(|answer| answer.sendable) {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// What the operating system calls the person.
fn owner_name() -> String {
    ["USER", "USERNAME", "LOGNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()))
        .unwrap_or_else(|| "Owner".to_owned())
}
