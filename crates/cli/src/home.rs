//! Where the desktop program keeps its cache on this machine, opening it for reading, and going on as whoever signed in there.

use anyhow::{Context, Result, bail};
use caisey_console::kept_tokens;
use caisey_console::passphrase::PassphraseKeyStore;
use caisey_console::ports::SystemEntropy;
use caisey_console::remembered::{self, Remembered};
use caisey_console::visible::marked_line;
use caisey_console::{Access, Console, ConsoleConfig, ConsoleError, Ports, SignIn};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The desktop program's identifier, which names its folder.
const IDENTIFIER: &str = "com.caisey.console";

/// Opens the cache for reading, beside a console that may be running.
pub(crate) async fn open(home: Option<PathBuf>) -> Result<Console> {
    let home = place(home)?;
    let ports = ports(&home)?;
    Ok(opened(&home, ports, Access::ReadOnly).await?)
}

/// Opens the cache and goes on as the person who is signed in at the console on this machine. The console's window has to be closed: the
/// sign-in's refresh token works once, and two programs would use up each other's.
pub(crate) async fn signed_in(home: Option<PathBuf>) -> Result<Console> {
    let home = place(home)?;
    let ports = ports(&home)?;
    let (address, provider) = match remembered::load(&home) {
        Some(Remembered::ControlPlane { address, provider }) => (address, provider),
        Some(Remembered::Embedded) => bail!(
            "the console on this machine has its control plane inside, which runs only while its window is open: share from there"
        ),
        None => bail!("nobody is signed in at the console on this machine; start it and sign in"),
    };
    let console = opened(&home, ports.clone(), Access::ReadWrite).await?;
    let before = console.overview().await?.me.map(|me| me.member);
    let tokens = kept_tokens::resume(&address, provider.as_ref(), ports.keys)?;
    let sign_in = SignIn {
        base_url: address,
        tokens,
        embedded: false,
    };
    let me = console.sign_in(sign_in).await?;
    // Somebody else's name may not get onto what leaves just because they used this machine, too.
    if before.is_some_and(|before| before != me.member) {
        bail!(
            "{} is signed in, and the cache here is somebody else’s; start the console once",
            marked_line(&me.name)
        );
    }
    Ok(console)
}

fn place(home: Option<PathBuf>) -> Result<PathBuf> {
    match home {
        Some(home) => Ok(home),
        None => default_home().context("this machine names no folder for program data; say where with --home"),
    }
}

fn ports(home: &Path) -> Result<Ports> {
    let cache = home.join("cache");
    anyhow::ensure!(
        cache.is_dir(),
        "{} holds no console's cache. Start the console once and sign in, or say where its data is with --home.",
        home.display()
    );
    if PassphraseKeyStore::exists(home) {
        let passphrase = std::env::var("CAISEY_PASSPHRASE")
            .context("the cache is protected by a passphrase; set it in the environment variable CAISEY_PASSPHRASE")?;
        Ok(Ports::with_keys(Arc::new(PassphraseKeyStore::open(
            home,
            &passphrase,
            &SystemEntropy,
        )?)))
    } else {
        Ok(Ports::system())
    }
}

async fn opened(home: &Path, ports: Ports, access: Access) -> Result<Console, ConsoleError> {
    let config = ConsoleConfig {
        data_dir: home.join("cache"),
        device_label: "caisey".to_owned(),
        access,
    };
    Console::open(config, ports).await
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
