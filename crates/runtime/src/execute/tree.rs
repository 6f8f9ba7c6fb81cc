//! All processes of a command, found and killed.
//!
//! On Linux a process belongs to a command when it descends from its first process, shares a session or group with one that does, or
//! carries the action's identifier in its environment, which survives double forks and `setsid`. All are stopped first, so that none can
//! fork away while the search goes on, and the search is repeated until it finds nobody alive. A process that has cleared its
//! environment, left every session and outlived its parents is still found when it was adopted by this runtime (which asks the kernel
//! for that) during this action's life and no other action runs.
//!
//! On macOS the process group is killed, on Windows the job object.

use super::child::Child;
use caisey_ledger::id::ActionId;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Whose tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Root {
    pub(crate) pid: u32,
    /// When the first process started, in the operating system's own unit: tells it from a later process with the same number.
    pub(crate) started: Option<u64>,
    pub(crate) action: ActionId,
    /// Whether no other action runs, so that orphans of unknown descent can only be this one's.
    pub(crate) alone: bool,
}

impl Root {
    pub(crate) fn of(child: &Child, action: &ActionId) -> Self {
        Self {
            pid: child.pid(),
            started: platform::start_time(child.pid()),
            action: action.clone(),
            alone: false,
        }
    }
}

/// Whether this process adopts orphans; a desktop that embeds a runtime has children of its own and does not.
static ADOPTING: AtomicBool = AtomicBool::new(false);

const ROUNDS: u32 = 40;
const PAUSE: Duration = Duration::from_millis(25);

/// Kills the tree of a command whose first process is ours. Returns when nobody is found alive, or after a second of trying.
pub(crate) async fn kill(root: &Root, child: &mut Child) {
    #[cfg(windows)]
    child.kill_job();
    kill_found(root).await;
    // Reaped here, so that its number stays taken until nobody looks for it any more.
    let _ = tokio::time::timeout(Duration::from_secs(5), child.wait()).await;
}

/// Kills what is left of a command that an earlier runtime started. Returns how many processes were found. Where the operating system
/// offers no way to recognise them for certain, none are touched: a number may have been given to somebody else's process by now.
pub(crate) async fn kill_leftovers(root: &Root) -> usize {
    if cfg!(target_os = "linux") {
        kill_found(root).await
    } else {
        0
    }
}

async fn kill_found(root: &Root) -> usize {
    let mut found = 0;
    for _ in 0..ROUNDS {
        let root = root.clone();
        let killed = tokio::task::spawn_blocking(move || platform::kill_once(&root))
            .await
            .unwrap_or(0);
        if killed == 0 {
            return found;
        }
        found = found.max(killed);
        tokio::time::sleep(PAUSE).await;
    }
    tracing::warn!(pid = root.pid, "processes of a killed command are still there");
    found
}

/// Asks the kernel to hand orphans of commands to this process. Only for a process that does nothing else.
pub fn adopt_orphans() {
    ADOPTING.store(platform::adopt_orphans(), Ordering::Relaxed);
}

/// Collects adopted orphans that have ended; `ours` are first processes, which somebody else waits for.
pub(crate) fn reap_orphans(ours: &[u32]) {
    if ADOPTING.load(Ordering::Relaxed) {
        platform::reap_orphans(ours);
    }
}

#[cfg(target_os = "linux")]
mod platform {
    use super::Root;
    use crate::execute::shell::ACTION_VARIABLE;
    use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, waitpid};
    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;
    use std::sync::atomic::Ordering;

    struct Process {
        parent: u32,
        group: u32,
        session: u32,
        zombie: bool,
        started: u64,
    }

    pub(super) fn start_time(pid: u32) -> Option<u64> {
        read(pid).map(|process| process.started)
    }

    /// Fields of /proc/PID/stat (proc(5)) after the command's name, which may itself hold spaces and parentheses.
    fn read(pid: u32) -> Option<Process> {
        let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
        let stat = String::from_utf8_lossy(&stat);
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
        let number = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok());
        let small = |at: usize| number(at).and_then(|value| u32::try_from(value).ok());
        Some(Process {
            zombie: matches!(fields.first(), Some(&"Z" | &"X")),
            parent: small(1)?,
            group: small(2)?,
            session: small(3)?,
            started: number(19)?,
        })
    }

    fn all() -> BTreeMap<u32, Process> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        pids.filter_map(|pid| Some((pid, read(pid)?))).collect()
    }

    fn carries(pid: u32, marker: &[u8]) -> bool {
        fs::read(format!("/proc/{pid}/environ")).is_ok_and(|env| env.split(|byte| *byte == 0).any(|variable| variable == marker))
    }

    /// Whether a child of ours names no action at all. One that names another was started just now; one that still runs our own
    /// program is about to become a command.
    fn is_stray(pid: u32) -> bool {
        let prefix = format!("{ACTION_VARIABLE}=").into_bytes();
        let named = fs::read(format!("/proc/{pid}/environ"))
            .is_ok_and(|env| env.split(|byte| *byte == 0).any(|variable| variable.starts_with(&prefix)));
        let program = |of: &str| fs::read_link(format!("/proc/{of}/exe")).ok();
        !named && program(&pid.to_string()) != program("self")
    }

    /// The living members of the tree.
    fn members(root: &Root) -> BTreeSet<u32> {
        let (everyone, me) = (all(), getpid().as_raw_nonzero().get().unsigned_abs());
        let my_session = everyone.get(&me).map(|process| process.session);
        let marker = format!("{ACTION_VARIABLE}={}", root.action).into_bytes();
        let mut members = BTreeSet::new();
        let same_root = everyone
            .get(&root.pid)
            .is_some_and(|process| Some(process.started) == root.started);
        if same_root {
            members.insert(root.pid);
        }
        let candidates: Vec<u32> = everyone
            .iter()
            // Nothing that started before the command can belong to it.
            .filter(|(pid, process)| **pid != me && **pid != 1 && root.started.is_none_or(|started| process.started >= started))
            .map(|(pid, _)| *pid)
            .collect();
        members.extend(candidates.iter().filter(|pid| carries(**pid, &marker)));
        if root.alone && super::ADOPTING.load(Ordering::Relaxed) {
            let adopted = |pid: &&u32| everyone.get(pid).is_some_and(|process| process.parent == me) && is_stray(**pid);
            members.extend(candidates.iter().filter(adopted));
        }
        loop {
            let known: Vec<&Process> = members.iter().filter_map(|pid| everyone.get(pid)).collect();
            // Zero is what processes outside this namespace show; it means nothing.
            let sessions: BTreeSet<u32> = known
                .iter()
                .map(|process| process.session)
                .chain([root.pid])
                .filter(|id| *id != 0)
                .collect();
            let groups: BTreeSet<u32> = known
                .iter()
                .map(|process| process.group)
                .chain([root.pid])
                .filter(|id| *id != 0)
                .collect();
            let more: Vec<u32> = candidates
                .iter()
                .filter(|pid| !members.contains(pid))
                .filter(|pid| {
                    everyone.get(pid).is_some_and(|process| {
                        members.contains(&process.parent)
                            || (Some(process.session) != my_session
                                && (sessions.contains(&process.session) || groups.contains(&process.group)))
                    })
                })
                .copied()
                .collect();
            if more.is_empty() {
                break;
            }
            members.extend(more);
        }
        members.retain(|pid| everyone.get(pid).is_some_and(|process| !process.zombie));
        members
    }

    fn signal(pid: u32, signal: Signal) {
        if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
            // It may have ended in the meantime.
            let _ = kill_process(pid, signal);
        }
    }

    pub(super) fn kill_once(root: &Root) -> usize {
        let mut stopped = BTreeSet::new();
        // Stopping first keeps the tree from growing while we look; a few rounds find those that were born meanwhile.
        for _ in 0..5 {
            let fresh: Vec<u32> = members(root).into_iter().filter(|pid| !stopped.contains(pid)).collect();
            if fresh.is_empty() {
                break;
            }
            for pid in fresh {
                signal(pid, Signal::STOP);
                stopped.insert(pid);
            }
        }
        for pid in &stopped {
            signal(*pid, Signal::KILL);
        }
        stopped.len()
    }

    pub(super) fn adopt_orphans() -> bool {
        rustix::process::set_child_subreaper(Some(getpid()))
            .inspect_err(|error| tracing::debug!(%error, "the kernel does not hand over orphans"))
            .is_ok()
    }

    pub(super) fn reap_orphans(ours: &[u32]) {
        let me = getpid().as_raw_nonzero().get().unsigned_abs();
        for (pid, process) in all() {
            if process.zombie && process.parent == me && !ours.contains(&pid) {
                let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
                let _ = waitpid(pid, WaitOptions::NOHANG);
            }
        }
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
mod platform {
    use super::Root;
    use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

    pub(super) fn start_time(_pid: u32) -> Option<u64> {
        None
    }

    /// The command's session has one group unless a shell with job control made more; those are not found here.
    pub(super) fn kill_once(root: &Root) -> usize {
        let Some(group) = i32::try_from(root.pid).ok().and_then(Pid::from_raw) else {
            return 0;
        };
        if test_kill_process_group(group).is_err() {
            return 0;
        }
        usize::from(kill_process_group(group, Signal::KILL).is_ok())
    }

    pub(super) fn adopt_orphans() -> bool {
        false
    }

    pub(super) fn reap_orphans(_ours: &[u32]) {}
}

#[cfg(windows)]
mod platform {
    use super::Root;

    pub(super) fn start_time(_pid: u32) -> Option<u64> {
        None
    }

    /// The job object is killed by its handle; of a command that an earlier runtime started, no handle is left.
    pub(super) fn kill_once(_root: &Root) -> usize {
        0
    }

    pub(super) fn adopt_orphans() -> bool {
        false
    }

    pub(super) fn reap_orphans(_ours: &[u32]) {}
}
