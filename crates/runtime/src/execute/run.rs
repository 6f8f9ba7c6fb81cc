//! One action from its start to its end, with everything it says about itself.
//!
//! `state.captured` (before) → `command.started` → `command.output`… → `command.finished` → `state.captured` (after). If the beginning
//! cannot be recorded, or the disk fails on the way, the command's tree is killed: recording has no off switch.

use super::child::Child;
use super::probe::probe;
use super::pump::{Sink, pump};
use super::{shell, tree};
use crate::enrol::hex;
use crate::limits::Limits;
use crate::machine::Account;
use crate::outbox::{Mark, NotStored, Outbox, Weight};
use crate::proposal::Proposal;
use crate::voice::Voice;
use caisey_ledger::consent::ConsentFault;
use caisey_ledger::event::{Event, Phase, RunOutcome, Stream};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};
use tokio::io::AsyncRead;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Why a command is to be killed from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Nobody asked.
    Go,
    /// A person did.
    Cancel,
    /// The runtime is stopping.
    Shutdown,
}

/// What a run needs.
pub(crate) struct Run {
    pub(crate) proposal: Proposal,
    pub(crate) outbox: Outbox,
    pub(crate) voice: Voice,
    pub(crate) limits: Limits,
    pub(crate) account: Account,
    pub(crate) stop: watch::Receiver<Stop>,
    /// Is told the first process's number while it is ours to reap.
    pub(crate) pid: watch::Sender<Option<u32>>,
    /// How many actions run, this one included.
    pub(crate) running: watch::Receiver<usize>,
}

/// How a command ended.
struct End {
    outcome: RunOutcome,
    status: Option<ExitStatus>,
    detail: Option<String>,
}

type Reading = JoinHandle<(u64, bool)>;

impl Run {
    /// Carries the action out. Returns when its end is recorded.
    pub(crate) async fn carry_out(mut self) {
        let cwd = match self.directory() {
            Ok(cwd) => cwd,
            Err(why) => return self.not_started(why).await,
        };
        let found = self.capture(Phase::Before, &cwd).await;
        if let Some(expected) = &self.proposal.before
            && found.map(|state| hex(&Sha256::digest(state.as_bytes()))).as_ref() != Some(expected)
        {
            return self.state_changed().await;
        }
        if *self.stop.borrow() != Stop::Go {
            return self.not_started("It was cancelled before it started.".to_owned()).await;
        }
        let command = match shell::command(self.proposal.interpreter, &self.proposal.command, &cwd, &self.proposal.about) {
            Ok(command) => command,
            Err(why) => return self.not_started(why).await,
        };
        let began = Instant::now();
        match Child::start(command) {
            Ok(child) => self.attend(child, &cwd, began).await,
            Err(error) => {
                self.not_started(format!("The interpreter could not be started: {error}."))
                    .await
            }
        }
        if *self.stop.borrow() != Stop::Shutdown {
            self.capture(Phase::After, &cwd).await;
        }
    }

    /// Records the running command and waits for its end.
    async fn attend(&mut self, mut child: Child, cwd: &Path, began: Instant) {
        self.pid.send_replace(Some(child.pid()));
        let mut root = tree::Root::of(&child, &self.proposal.about.action);
        let (failed_tx, mut failed) = mpsc::channel(4);
        let (stop_reading, reading_stopped) = watch::channel(false);
        let sink = Sink {
            outbox: self.outbox.clone(),
            voice: self.voice.clone(),
            about: self.proposal.about.clone(),
            limits: self.limits,
            failed: failed_tx,
        };
        let mut end = match self.say_started(&child, &root, cwd).await {
            Ok(()) => None,
            Err(why) => Some(unrecorded(&why)),
        };
        let (out, err) = child.take_output();
        let stdout = read(out, Stream::Stdout, &sink, &reading_stopped);
        let stderr = read(err, Stream::Stderr, &sink, &reading_stopped);
        let mut duration = began.elapsed();
        if end.is_none() {
            let (ended, at) = self.wait(&mut child, &mut failed, began).await;
            end = Some(ended);
            duration = at;
        }
        let mut end = end.unwrap_or_else(|| unrecorded("unknown"));
        if end.status.is_none() {
            root.alone = *self.running.borrow() <= 1;
            tree::kill(&root, &mut child).await;
        }
        self.pid.send_replace(None);
        let (stdout_bytes, stderr_bytes) = self.drain(stdout, stderr, stop_reading, &mut end).await;
        self.say_finished(&end, duration, stdout_bytes, stderr_bytes).await;
    }

    /// Waits until the first process ends, or has to be ended.
    async fn wait(&mut self, child: &mut Child, failed: &mut mpsc::Receiver<String>, began: Instant) -> (End, Duration) {
        let killed = |outcome, detail: &str| End {
            outcome,
            status: None,
            detail: Some(detail.to_owned()),
        };
        let end = tokio::select! {
            status = child.wait() => match status {
                Ok(status) => exited(status),
                Err(error) => killed(RunOutcome::Cancelled, &format!("The process was lost and its tree was killed: {error}.")),
            },
            () = tokio::time::sleep(self.proposal.timeout) => End { outcome: RunOutcome::TimedOut, status: None, detail: None },
            stop = stopped(&mut self.stop) => match stop {
                Stop::Shutdown => killed(RunOutcome::Cancelled, "The runtime was told to stop and killed the command."),
                _ => End { outcome: RunOutcome::Cancelled, status: None, detail: None },
            },
            Some(why) = failed.recv() => unrecorded(&why),
        };
        (end, began.elapsed())
    }

    /// Waits for the rest of the output. Processes that the command left behind may hold it open; they get a little time, and the
    /// record says so.
    async fn drain(
        &self,
        stdout: Option<Reading>,
        stderr: Option<Reading>,
        stop: watch::Sender<bool>,
        end: &mut End,
    ) -> (u64, u64) {
        let both = async { (finish(stdout).await, finish(stderr).await) };
        tokio::pin!(both);
        let ((stdout, out_whole), (stderr, err_whole)) = match timeout(self.limits.linger, &mut both).await {
            Ok(done) => done,
            Err(_) => {
                stop.send_replace(true);
                both.await
            }
        };
        if !(out_whole && err_whole) {
            end.detail.get_or_insert_with(|| {
                "The command ended, but processes that it left behind still held its output open; what they print from here on is not recorded."
                    .to_owned()
            });
        }
        (stdout, stderr)
    }

    async fn say_started(&self, child: &Child, root: &tree::Root, cwd: &Path) -> Result<(), String> {
        let event = Event::CommandStarted {
            pid: child.pid(),
            interpreter: self.proposal.interpreter,
            // What nobody knows to be limited is not.
            elevated: self.account.elevated.unwrap_or(true),
        };
        let cwd = cwd.to_string_lossy();
        let texts = [("cwd", cwd.as_ref()), ("user", self.account.name.as_str())];
        let mark = Mark::Running {
            action: self.proposal.about.action.clone(),
            pid: root.pid,
            started: root.started,
        };
        let draft = self
            .voice
            .draft(Some(&self.proposal.about), &event, &texts)
            .map_err(|error| error.to_string())?;
        // Essential, but waiting for a failing disk would let the command run unrecorded: this one is not waited for.
        match timeout(Duration::from_secs(5), self.outbox.say(draft, Weight::Essential, Some(mark))).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the record could not be written in time".to_owned()),
        }
    }

    async fn say_finished(&self, end: &End, duration: Duration, stdout_bytes: u64, stderr_bytes: u64) {
        let event = Event::CommandFinished {
            outcome: end.outcome,
            exit_code: end.status.and_then(|status| status.code()).map(i64::from),
            signal: end.status.and_then(signal_of),
            duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            stdout_bytes,
            stderr_bytes,
        };
        let texts: Vec<(&str, &str)> = end.detail.as_deref().map(|detail| ("detail", detail)).into_iter().collect();
        self.say(
            &event,
            &texts,
            Some(Mark::Over {
                action: self.proposal.about.action.clone(),
            }),
        )
        .await;
    }

    async fn not_started(&self, why: String) {
        let end = End {
            outcome: RunOutcome::NotStarted,
            status: None,
            detail: Some(why),
        };
        self.say_finished(&end, Duration::ZERO, 0, 0).await;
    }

    /// The action was approved for another state than this.
    async fn state_changed(&self) {
        let fault = ConsentFault::StateChanged;
        let event = Event::ActionRefused {
            code: fault.code().to_owned(),
        };
        let mark = Mark::Over {
            action: self.proposal.about.action.clone(),
        };
        self.say(&event, &[("detail", &fault.to_string())], Some(mark)).await;
    }

    /// Reads the state and records it; none when the proposal names no probe.
    async fn capture(&self, phase: Phase, cwd: &Path) -> Option<String> {
        let text = self.proposal.probe.as_ref()?;
        let found = probe(&self.proposal, text, cwd, &self.limits).await;
        let event = Event::StateCaptured {
            phase,
            exit_code: found.exit_code,
            complete: found.complete,
        };
        self.say(&event, &[("probe", text), ("state", &found.state)], None).await;
        Some(found.state)
    }

    async fn say(&self, event: &Event, texts: &[(&str, &str)], mark: Option<Mark>) {
        let stored = match self.voice.draft(Some(&self.proposal.about), event, texts) {
            Ok(draft) => self.outbox.say(draft, Weight::Essential, mark).await,
            Err(error) => Err(NotStored::Failed(error.to_string())),
        };
        if let Err(error) = stored {
            tracing::error!(action = %self.proposal.about.action, %error, "a statement of this action could not be stored");
        }
    }

    /// Where the command runs: as proposed, or the account's home.
    fn directory(&self) -> Result<PathBuf, String> {
        let Some(wanted) = &self.proposal.cwd else {
            return Ok(self.account.home.clone());
        };
        let path = PathBuf::from(wanted);
        if !path.is_absolute() {
            return Err("The working directory is not an absolute path.".to_owned());
        }
        match std::fs::metadata(&path) {
            Ok(found) if found.is_dir() => Ok(path),
            Ok(_) => Err("The working directory is not a directory.".to_owned()),
            Err(error) => Err(format!("The working directory cannot be used: {error}.")),
        }
    }
}

fn unrecorded(why: &str) -> End {
    let detail = format!("The command was killed because its record could not be kept: {why}.");
    End {
        outcome: RunOutcome::Cancelled,
        status: None,
        detail: Some(detail),
    }
}

fn exited(status: ExitStatus) -> End {
    let outcome = if signal_of(status).is_some() {
        RunOutcome::Signalled
    } else {
        RunOutcome::Exited
    };
    End {
        outcome,
        status: Some(status),
        detail: None,
    }
}

#[cfg(unix)]
fn signal_of(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal_of(_status: ExitStatus) -> Option<i32> {
    None
}

/// Resolves when somebody wants the command killed; never, when nobody can any more.
async fn stopped(stop: &mut watch::Receiver<Stop>) -> Stop {
    let seen = stop.wait_for(|stop| *stop != Stop::Go).await.map(|stop| *stop);
    match seen {
        Ok(stop) => stop,
        Err(_) => std::future::pending().await,
    }
}

fn read<R: AsyncRead + Unpin + Send + 'static>(
    reader: Option<R>,
    stream: Stream,
    sink: &Sink,
    stop: &watch::Receiver<bool>,
) -> Option<Reading> {
    reader.map(|reader| tokio::spawn(pump(reader, stream, sink.clone(), stop.clone())))
}

async fn finish(reading: Option<Reading>) -> (u64, bool) {
    match reading {
        Some(task) => task.await.unwrap_or((0, false)),
        None => (0, true),
    }
}
