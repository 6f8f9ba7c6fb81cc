//! What the machine says about itself: its name, the account that commands run as, its clocks.

use caisey_ledger::id::{MAX_SAFE_INTEGER, TimeMs};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since the Unix epoch by the machine's clock, which may be wrong and may jump.
pub(crate) fn now_ms() -> TimeMs {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis());
    TimeMs::new(u64::try_from(since).unwrap_or(MAX_SAFE_INTEGER).min(MAX_SAFE_INTEGER)).unwrap_or_default()
}

/// The machine's own name.
#[cfg(unix)]
pub(crate) fn hostname() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// The machine's own name.
#[cfg(windows)]
pub(crate) fn hostname() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_else(|_| "unnamed".to_owned())
}

/// The account that commands run as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) name: String,
    /// Whether it has an administrator's rights; none when the system does not say.
    pub(crate) elevated: Option<bool>,
    /// Where commands start when the proposal names no directory.
    pub(crate) home: PathBuf,
}

/// Looks the account up in /etc/passwd itself: the C library's lookup loads plug-ins, which a static program cannot.
#[cfg(unix)]
pub(crate) fn account() -> Account {
    let uid = rustix::process::geteuid().as_raw();
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let line = passwd
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields.get(2).and_then(|field| field.parse::<u32>().ok()) == Some(uid));
    let name = line
        .as_ref()
        .and_then(|fields| fields.first())
        .map_or_else(|| format!("uid {uid}"), |name| (*name).to_owned());
    let listed = line.as_ref().and_then(|fields| fields.get(5)).map(PathBuf::from);
    let home = std::env::var_os("HOME")
        .map(PathBuf::from)
        .or(listed)
        .filter(|home| home.is_absolute() && home.is_dir());
    Account {
        name,
        elevated: Some(uid == 0),
        home: home.unwrap_or_else(|| PathBuf::from("/")),
    }
}

/// Elevation is read from the token's integrity label as `whoami /groups` prints it: high (S-1-16-12288) or system (S-1-16-16384).
#[cfg(windows)]
pub(crate) fn account() -> Account {
    let part = |name: &str| std::env::var(name).unwrap_or_default();
    let groups = std::process::Command::new("whoami.exe")
        .args(["/groups", "/fo", "csv", "/nh"])
        .output();
    let groups = groups
        .ok()
        .filter(|done| done.status.success())
        .map(|done| String::from_utf8_lossy(&done.stdout).into_owned());
    let home = std::env::var_os("USERPROFILE")
        .map(PathBuf::from)
        .filter(|home| home.is_dir());
    Account {
        name: format!("{}\\{}", part("USERDOMAIN"), part("USERNAME")),
        elevated: groups.map(|groups| groups.contains("S-1-16-12288") || groups.contains("S-1-16-16384")),
        home: home.unwrap_or_else(|| PathBuf::from("C:\\")),
    }
}
