//! The desktop program without the desktop: one object that a window, a command line or a journey drives.
//!
//! A [`Console`] is cheap to clone; all clones are the same console. It works from the encrypted cache and keeps that cache
//! synchronised while somebody is signed in. Methods that read answer from the cache, connected or not; methods that change something
//! answer once the control plane has the entry durably. State flows back as [`ConsoleEvent`]s: subscribe first, then ask for the
//! overview once. All methods need a tokio runtime. Leaves out: windows, notifications, sign-in pages.

use crate::cache::Cache;
use crate::error::ConsoleError;
use crate::ports::{KeyStore, Ports};
use crate::profile::Profile;
use crate::sync::engine::{Engine, blocking};
use crate::view::{ConsoleEvent, Notice, Overview};
use hub::Hub;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::broadcast;
use tokio::task::JoinSet;
use zeroize::Zeroizing;

mod admin;
mod consent;
mod emergency;
mod emit;
mod floors;
mod handover;
pub(crate) mod hub;
mod mail;
mod overview;
pub(crate) mod policies;
mod read;
mod sign_in;
mod speakers;
mod work;

pub use handover::{AuditFiles, HandOver, Leaving, Question};
pub use read::CancelFlag;
pub use sign_in::SignIn;
pub(crate) use sign_in::{Device, base64_of};

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

/// The console's backend. See the module's text.
#[derive(Clone)]
pub struct Console {
    inner: Arc<Inner>,
}

struct Inner {
    config: ConsoleConfig,
    ports: Ports,
    hub: Arc<Hub>,
    state: Mutex<State>,
    /// Snapshots that are open.
    desk: Mutex<handover::Desk>,
    /// The audit table that is on the screen.
    table: Mutex<Option<handover::ShownTable>>,
    /// Signing in, signing out and shutting down happen one at a time.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    profile: Option<Profile>,
    cache: Option<Arc<Cache>>,
    signed_in: Option<SignedIn>,
    emitters: JoinSet<()>,
}

/// What there is only while somebody is signed in.
struct SignedIn {
    engine: Arc<Engine>,
    device: Arc<Device>,
    /// Dropping ends them.
    tasks: JoinSet<()>,
}

impl Console {
    /// Opens the cache of whoever was signed in last, so that everything can be read before, or without, signing in.
    /// A damaged cache is set aside under a new name, a fresh one made, and a notice put into the overview.
    ///
    /// # Errors
    /// Key store missing, locked or failed; cache in use by another console, or newer than this program; disk. For reading only, also
    /// [`ConsoleError::SignedOut`] when there is no cache yet.
    pub async fn open(config: ConsoleConfig, ports: Ports) -> Result<Self, ConsoleError> {
        let inner = Inner {
            config,
            ports,
            hub: Arc::new(Hub::new()),
            state: Mutex::default(),
            desk: Mutex::default(),
            table: Mutex::default(),
            turn: tokio::sync::Mutex::new(()),
        };
        let console = Self { inner: Arc::new(inner) };
        let folder = console.inner.config.data_dir.clone();
        match blocking(move || Profile::last(&folder)).await? {
            Some(profile) => console.open_cache(profile).await?,
            None if console.inner.config.access == Access::ReadOnly => return Err(ConsoleError::SignedOut),
            // Better to learn now than after signing in that keys have nowhere to go.
            None => {
                let keys = Arc::clone(&console.inner.ports.keys);
                blocking(move || keys.get("probe").map(drop).map_err(ConsoleError::from)).await?;
            }
        }
        let emitters = emit::start(&console.inner);
        console.inner.state().emitters = emitters;
        Ok(console)
    }

    /// Ends all background work and closes the cache. The console is of no use afterwards.
    pub async fn shut_down(&self) {
        let _turn = self.inner.turn.lock().await;
        let (signed_in, cache, mut emitters) = {
            let mut state = self.inner.state();
            (
                state.signed_in.take(),
                state.cache.take(),
                std::mem::take(&mut state.emitters),
            )
        };
        if let Some(mut signed_in) = signed_in {
            signed_in.tasks.shutdown().await;
        }
        emitters.shutdown().await;
        if let Some(cache) = cache {
            closed(cache).await;
        }
    }

    /// State as it changes. A receiver that lags misses events: it then asks for [`Console::overview`] and the session it shows.
    pub fn subscribe(&self) -> broadcast::Receiver<ConsoleEvent> {
        self.inner.hub.events.subscribe()
    }

    /// Everything the main window needs at once.
    ///
    /// # Errors
    /// Disk.
    pub async fn overview(&self) -> Result<Overview, ConsoleError> {
        let inner = Arc::clone(&self.inner);
        blocking(move || inner.overview()).await
    }

    /// Tries to connect at once instead of at the announced time. Does nothing while connected or signed out.
    pub fn retry_now(&self) {
        self.inner.hub.retry_now.notify_waiters();
    }

    /// Tells which endpoint is the machine that the console runs on.
    pub fn set_this_computer(&self, endpoint: Option<String>) {
        self.inner.hub.state().this_computer = endpoint;
        self.inner.hub.overview_due.notify_one();
    }

    /// Takes a notice off the overview, by its code and endpoint. What is wrong with a log stays: it cannot be dismissed.
    pub fn dismiss_notice(&self, code: &str, endpoint: Option<&str>) {
        self.inner.hub.drop_notice(code, endpoint);
    }

    async fn open_cache(&self, profile: Profile) -> Result<(), ConsoleError> {
        let inner = Arc::clone(&self.inner);
        blocking(move || inner.open_cache(profile)).await
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn cache(&self) -> Result<Arc<Cache>, ConsoleError> {
        self.state().cache.clone().ok_or(ConsoleError::SignedOut)
    }

    fn engine(&self) -> Result<Arc<Engine>, ConsoleError> {
        self.state()
            .signed_in
            .as_ref()
            .map(|signed_in| Arc::clone(&signed_in.engine))
            .ok_or_else(not_signed_in)
    }

    fn device(&self) -> Result<Arc<Device>, ConsoleError> {
        self.state()
            .signed_in
            .as_ref()
            .map(|signed_in| Arc::clone(&signed_in.device))
            .ok_or_else(not_signed_in)
    }

    fn open_cache(&self, profile: Profile) -> Result<(), ConsoleError> {
        let writes = self.config.access == Access::ReadWrite;
        let key = key_named(&self.ports, &profile.cache_key_name(), writes)?;
        let now_ms = self.ports.clock.now_ms();
        let opened = Cache::open(&self.config.data_dir, &profile.cache_name(), &key, self.config.access, now_ms)?;
        if let Some((path, why)) = opened.set_aside {
            tracing::warn!(why, "a cache was set aside");
            self.hub.notice(set_aside_notice(&path));
        }
        // What was open belongs to another cache.
        *self.desk.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = handover::Desk::default();
        let mut state = self.state();
        state.cache = Some(Arc::new(opened.cache));
        state.profile = Some(profile);
        Ok(())
    }

    /// Runs reading work on the cache, off the async threads.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&rusqlite::Connection) -> Result<T, ConsoleError> + Send + 'static,
    ) -> Result<T, ConsoleError> {
        let cache = self.cache()?;
        blocking(move || cache.read(work)).await
    }
}

/// Closes a cache off the async threads.
async fn closed(cache: Arc<Cache>) {
    // A panic while closing leaves nothing to do: dropping does the rest.
    let _ = blocking(move || {
        cache.close();
        Ok(())
    })
    .await;
}

fn not_signed_in() -> ConsoleError {
    ConsoleError::Offline {
        why: "nobody is signed in".to_owned(),
    }
}

/// A 32-byte secret from the key store, made if it is not there and may be.
fn key_named(ports: &Ports, name: &str, may_make: bool) -> Result<Zeroizing<[u8; 32]>, ConsoleError> {
    let stored = ports.keys.get(name)?.map(Zeroizing::new);
    if let Some(key) = stored.as_ref().and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok()) {
        return Ok(Zeroizing::new(key));
    }
    if !may_make {
        return Err(ConsoleError::SignedOut);
    }
    let key = Zeroizing::new(ports.entropy.fresh32());
    KeyStore::set(ports.keys.as_ref(), name, key.as_slice())?;
    Ok(key)
}

fn set_aside_notice(path: &std::path::Path) -> Notice {
    Notice {
        code: "cache_damaged".to_owned(),
        severity: "warning".to_owned(),
        message: "The encrypted cache could not be opened: the file is damaged, or its key is not in the key store any more. It was set \
                  aside untouched and a new cache was begun, which fills again from the control plane. No record was lost; only what this \
                  console remembered as a witness begins anew."
            .to_owned(),
        endpoint: None,
        evidence: vec![path.display().to_string()],
    }
}
