//! As a Windows service: the service manager starts this program with `run --service`, is told how far it is, and may tell it to stop.
//!
//! Follows "Service Programs" of the Windows documentation. A service has no standard error, so the log goes into a file beside the state.

use crate::{block_on, log_to, run};
use anyhow::{Context, Result};
use caisey_runtime::service::WINDOWS_SERVICE;
use caisey_runtime::{StateDir, adopt_orphans};
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;
use tokio::sync::watch;
use windows_service::service::{ServiceControl, ServiceControlAccept, ServiceExitCode, ServiceState, ServiceStatus, ServiceType};
use windows_service::service_control_handler::{self, ServiceControlHandlerResult, ServiceStatusHandle};
use windows_service::{define_windows_service, service_dispatcher};

/// How long the service manager waits for a start or a stop before it takes the service for hung.
const PENDING: Duration = Duration::from_secs(30);
/// A log that is longer than this is begun anew with the next start.
const LONGEST_LOG_BYTES: u64 = 16 << 20;

/// The service manager calls back without an argument of ours.
static STATE: OnceLock<PathBuf> = OnceLock::new();

define_windows_service!(service_entry, serve);

/// Hands this process to the service manager; returns when the service has stopped.
///
/// # Errors
/// When somebody else than the service manager started this process.
pub(crate) fn dispatch(state: PathBuf) -> Result<()> {
    let _ = STATE.set(state);
    service_dispatcher::start(WINDOWS_SERVICE, service_entry)
        .context("this process was not started by the service manager; run it without --service")
}

fn serve(_arguments: Vec<OsString>) {
    if let Err(error) = try_serve() {
        tracing::error!(error = format!("{error:#}"), "the service ended");
    }
}

fn try_serve() -> Result<()> {
    let (stop, mut stopped) = watch::channel(false);
    let handle = service_control_handler::register(WINDOWS_SERVICE, move |control| match control {
        ServiceControl::Stop | ServiceControl::Shutdown => {
            stop.send_replace(true);
            ServiceControlHandlerResult::NoError
        }
        ServiceControl::Interrogate => ServiceControlHandlerResult::NoError,
        _ => ServiceControlHandlerResult::NotImplemented,
    })
    .context("registering with the service manager")?;
    tell(&handle, ServiceState::StartPending, ServiceExitCode::NO_ERROR)?;
    let mut work = || -> Result<()> {
        let state = StateDir::open(STATE.get().context("no state directory")?)?;
        log_to(Mutex::new(log_file(state.path())?));
        adopt_orphans();
        tell(&handle, ServiceState::Running, ServiceExitCode::NO_ERROR)?;
        block_on(run(&state, async {
            // A handler that is gone cannot tell us to stop; then the service manager kills us.
            let _ = stopped.wait_for(|stopped| *stopped).await;
            tell(&handle, ServiceState::StopPending, ServiceExitCode::NO_ERROR)
        }))
    };
    let done = work();
    // A failure code makes the service manager start the service again.
    let code = match &done {
        Ok(()) => ServiceExitCode::NO_ERROR,
        Err(_) => ServiceExitCode::ServiceSpecific(1),
    };
    tell(&handle, ServiceState::Stopped, code)?;
    done
}

fn tell(handle: &ServiceStatusHandle, current_state: ServiceState, exit_code: ServiceExitCode) -> Result<()> {
    let is_pending = matches!(current_state, ServiceState::StartPending | ServiceState::StopPending);
    handle
        .set_service_status(ServiceStatus {
            service_type: ServiceType::OWN_PROCESS,
            current_state,
            controls_accepted: if current_state == ServiceState::Running {
                ServiceControlAccept::STOP | ServiceControlAccept::SHUTDOWN
            } else {
                ServiceControlAccept::empty()
            },
            exit_code,
            checkpoint: u32::from(is_pending),
            wait_hint: if is_pending { PENDING } else { Duration::ZERO },
            process_id: None,
        })
        .context("telling the service manager how far the service is")
}

fn log_file(state: &Path) -> Result<File> {
    let path = state.join("runtime.log");
    let is_long = std::fs::metadata(&path).is_ok_and(|facts| facts.len() > LONGEST_LOG_BYTES);
    let mut options = File::options();
    options.create(true);
    if is_long {
        options.write(true).truncate(true);
    } else {
        options.append(true);
    }
    options.open(&path).with_context(|| format!("opening {}", path.display()))
}
