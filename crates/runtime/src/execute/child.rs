//! A started command: on Unix in a session of its own (no controlling terminal, so nothing can prompt behind the record's back), on
//! Windows in a job object.

use std::io;
use std::process::ExitStatus;
use tokio::process::{ChildStderr, ChildStdout, Command};

/// The command's first process.
pub(crate) struct Child {
    #[cfg(unix)]
    inner: tokio::process::Child,
    #[cfg(windows)]
    inner: Box<dyn process_wrap::tokio::ChildWrapper>,
    pid: u32,
}

impl Child {
    #[cfg(unix)]
    pub(crate) fn start(mut command: Command) -> io::Result<Self> {
        own_session(&mut command);
        let inner = command.spawn()?;
        let pid = inner.id().unwrap_or_default();
        Ok(Self { inner, pid })
    }

    #[cfg(windows)]
    pub(crate) fn start(command: Command) -> io::Result<Self> {
        let mut wrapped = process_wrap::tokio::CommandWrap::from(command);
        wrapped.wrap(process_wrap::tokio::JobObject);
        let inner = wrapped.spawn()?;
        let pid = inner.id().unwrap_or_default();
        Ok(Self { inner, pid })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    #[cfg(unix)]
    pub(crate) fn take_output(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.inner.stdout.take(), self.inner.stderr.take())
    }

    #[cfg(windows)]
    pub(crate) fn take_output(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.inner.stdout().take(), self.inner.stderr().take())
    }

    /// Waits for the first process alone: what it leaves behind is allowed to live on. May be dropped and called again.
    #[cfg(unix)]
    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.inner.wait().await
    }

    /// Waits for the first process alone: what it leaves behind is allowed to live on. May be dropped and called again.
    #[cfg(windows)]
    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.inner.inner_mut().wait().await
    }

    /// Kills the job with everything in it.
    #[cfg(windows)]
    pub(crate) fn kill_job(&mut self) {
        if let Err(error) = self.inner.start_kill() {
            tracing::warn!(%error, "the job could not be terminated");
        }
    }
}

/// `setsid` between fork and exec.
#[cfg(unix)]
#[allow(unsafe_code)]
fn own_session(command: &mut Command) {
    // SAFETY: the closure runs in the forked child and makes one async-signal-safe system call; it allocates nothing and takes no lock.
    unsafe {
        command.pre_exec(|| rustix::process::setsid().map(|_| ()).map_err(io::Error::from));
    }
}
