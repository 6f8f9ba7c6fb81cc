//! Where the desktop program keeps its cache on this machine, and opening it for reading.

use anyhow::{Context, Result};
use caisey_console::passphrase::PassphraseKeyStore;
use caisey_console::ports::SystemEntropy;
use caisey_console::{Access, Console, ConsoleConfig, Ports};
use std::path::PathBuf;
use std::sync::Arc;

/// The desktop program's identifier, which names its folder.
const IDENTIFIER: &str = "com.caisey.console";

/// Opens the cache for reading, beside a console that may be running.
pub(crate) async fn open(home: Option<PathBuf>) -> Result<Console> {
    let home = match home {
        Some(home) => home,
        None => default_home().context("this machine names no folder for program data; say where with --home")?,
    };
    let cache = home.join("cache");
    anyhow::ensure!(
        cache.is_dir(),
        "{} holds no console's cache. Start the console once and sign in, or say where its data is with --home.",
        home.display()
    );
    let ports = if PassphraseKeyStore::exists(&home) {
        let passphrase = std::env::var("CAISEY_PASSPHRASE")
            .context("the cache is protected by a passphrase; set it in the environment variable CAISEY_PASSPHRASE")?;
        Ports::with_keys(Arc::new(PassphraseKeyStore::open(&home, &passphrase, &SystemEntropy)?))
    } else {
        Ports::system()
    };
    let config = ConsoleConfig {
        data_dir: cache,
        device_label: "caisey".to_owned(),
        access: Access::ReadOnly,
    };
    Ok(Console::open(config, ports).await?)
}

fn default_home() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let data = if cfg!(windows) {
        folder("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        folder("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        folder("XDG_DATA_HOME").or_else(|| folder("HOME").map(|home| home.join(".local/share")))
    };
    Some(data?.join(IDENTIFIER))
}
