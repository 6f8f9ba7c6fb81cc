//! Where the program keeps things: the application's data folder, or `CAISEY_HOME`.

use std::path::{Path, PathBuf};
use tauri::{AppHandle, Manager};

/// The data folder; made by whoever writes first.
///
/// # Errors
/// When the operating system names none.
pub(crate) fn home(app: &AppHandle) -> tauri::Result<PathBuf> {
    match std::env::var_os("CAISEY_HOME") {
        Some(home) => Ok(PathBuf::from(home)),
        None => app.path().app_local_data_dir(),
    }
}

/// The console's encrypted caches.
pub(crate) fn cache(home: &Path) -> PathBuf {
    home.join("cache")
}

/// The embedded control plane's data.
pub(crate) fn control(home: &Path) -> PathBuf {
    home.join("control")
}

/// This computer's runtime.
pub(crate) fn runtime(home: &Path) -> PathBuf {
    home.join("runtime")
}

/// What this computer is called, for labels.
pub(crate) fn computer_name() -> String {
    let named = std::env::var("HOSTNAME").or_else(|_| std::env::var("COMPUTERNAME")).ok();
    let read = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    named
        .or_else(read)
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "this computer".to_owned())
}
