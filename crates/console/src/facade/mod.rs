//! The desktop program without the desktop: one object that a window, a command line or a journey drives.
//!
//! A [`Console`] is cheap to clone; all clones are the same console. It works from the encrypted cache and keeps that cache
//! synchronised while somebody is signed in. Methods that read answer from the cache, connected or not; methods that change something
//! answer once the control plane has the entry durably. State flows back as [`ConsoleEvent`]s: subscribe first, then ask for the
//! overview once. All methods need a tokio runtime. Leaves out: windows, notifications, sign-in pages.

use crate::error::ConsoleError;
use crate::ports::Ports;
use crate::view::{ConsoleEvent, MeView, Overview};
use caisey_client::token::TokenSource;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::broadcast;

mod admin;
mod read;
mod work;

pub use read::CancelFlag;

/// Whether this console may change its cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Access {
    /// Reads, synchronises and works on endpoints. Only one console per cache; a second gets [`ConsoleError::CacheInUse`].
    #[default]
    ReadWrite,
    /// Reads, searches and exports what is cached, beside a console that writes. Never connects.
    ReadOnly,
}

/// How a console is set up.
#[derive(Debug, Clone)]
pub struct ConsoleConfig {
    /// Folder for the caches; made if it is not there.
    pub data_dir: PathBuf,
    /// What the person calls this machine; goes into the registration of its signing key.
    pub device_label: String,
    /// May it write?
    pub access: Access,
}

/// Where and as whom to sign in.
#[derive(Clone)]
pub struct SignIn {
    /// The control plane's base address, such as `https://control.example.com`.
    pub base_url: String,
    /// Tokens.
    pub tokens: Arc<dyn TokenSource>,
    /// Whether the control plane runs inside this program.
    pub embedded: bool,
}

/// The console's backend. See the module's text.
#[derive(Clone)]
pub struct Console {
    inner: Arc<Inner>,
}

struct Inner {
    _config: ConsoleConfig,
    _ports: Ports,
    events: broadcast::Sender<ConsoleEvent>,
}

fn unfinished<T>() -> Result<T, ConsoleError> {
    Err(ConsoleError::Internal("this part is being written".to_owned()))
}

impl Console {
    /// Opens the cache of whoever was signed in last, so that everything can be read before, or without, signing in.
    /// A damaged cache is set aside under a new name, a fresh one made, and a notice put into the overview.
    ///
    /// # Errors
    /// Key store missing, locked or failed; cache in use by another console, or newer than this program; disk.
    pub async fn open(config: ConsoleConfig, ports: Ports) -> Result<Self, ConsoleError> {
        let (events, _) = broadcast::channel(256);
        Ok(Self {
            inner: Arc::new(Inner {
                _config: config,
                _ports: ports,
                events,
            }),
        })
    }

    /// Signs in, opens this person's cache, makes and registers the device's signing key if there is none, and starts to synchronise.
    /// Signing in as somebody else closes the other cache first.
    ///
    /// # Errors
    /// The control plane's refusal, unreachable control plane, key store, disk.
    pub async fn sign_in(&self, _sign_in: SignIn) -> Result<MeView, ConsoleError> {
        unfinished()
    }

    /// Stops synchronising and forgets the tokens. The cache stays open for reading.
    ///
    /// # Errors
    /// Disk.
    pub async fn sign_out(&self) -> Result<(), ConsoleError> {
        unfinished()
    }

    /// Ends all background work and closes the cache. The console is of no use afterwards.
    pub async fn shut_down(&self) {}

    /// State as it changes. A receiver that lags misses events: it then asks for [`Console::overview`] and the session it shows.
    pub fn subscribe(&self) -> broadcast::Receiver<ConsoleEvent> {
        self.inner.events.subscribe()
    }

    /// Everything the main window needs at once.
    ///
    /// # Errors
    /// Disk.
    pub async fn overview(&self) -> Result<Overview, ConsoleError> {
        unfinished()
    }

    /// Tells which endpoint is the machine that the console runs on.
    pub fn set_this_computer(&self, _endpoint: Option<String>) {}

    /// Takes a notice off the overview, by its code and endpoint. A fork stays until the log is whole again: it cannot be dismissed.
    pub fn dismiss_notice(&self, _code: &str, _endpoint: Option<&str>) {}
}
