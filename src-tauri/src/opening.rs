//! From the program's start to a usable console: key store, cache, then whatever was chosen last time.

use crate::desktop::{Desktop, locked};
use crate::embedded;
use crate::places;
use crate::startup::Startup;
use caisey_client::awake;
use caisey_client::oidc::Provider;
use caisey_console::kept_tokens;
use caisey_console::passphrase::PassphraseKeyStore;
use caisey_console::ports::{SystemClock, SystemEntropy};
use caisey_console::remembered::{self, Remembered};
use caisey_console::view::Connection;
use caisey_console::{Access, Clock, Console, ConsoleConfig, ConsoleError, ErrorView, KeyStore, Ports, SignIn, TokenSource};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Pause after the first failure to resume a sign-in; it doubles from there.
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// How long another program may take to let go of the cache: longer than one takes to stop what it embeds.
const LET_GO_WITHIN: Duration = Duration::from_secs(10);
/// Longest pause.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

impl Desktop {
    /// Opens everything, telling the page how far it is.
    pub(crate) async fn open(self: &Arc<Self>) {
        if PassphraseKeyStore::exists(&self.home) {
            self.set_startup(Startup::KeyStoreMissing {
                failure: passphrase_wanted(),
                cache_exists: true,
            });
            return;
        }
        self.open_with(Ports::system()).await;
    }

    /// Opens the cache with these keys and goes on as last time.
    pub(crate) async fn open_with(self: &Arc<Self>, ports: Ports) {
        self.set_startup(Startup::Opening);
        let keys = Arc::clone(&ports.keys);
        let config = ConsoleConfig {
            data_dir: places::cache(&self.home),
            device_label: places::computer_name(),
            access: Access::ReadWrite,
        };
        match open_patiently(config, ports).await {
            Ok(console) => {
                self.use_console(console).await;
                *locked(&self.keys) = Some(keys);
                self.go_on().await;
            }
            Err(
                error @ (ConsoleError::KeyStoreMissing(_) | ConsoleError::KeyStoreLocked(_) | ConsoleError::KeyStoreFailed(_)),
            ) => self.set_startup(Startup::KeyStoreMissing {
                failure: error.view(),
                cache_exists: false,
            }),
            Err(error) => self.set_startup(Startup::Failed { failure: error.view() }),
        }
    }

    /// Does what was chosen last time, or lets the person choose.
    async fn go_on(self: &Arc<Self>) {
        let autostart = std::env::var("CAISEY_AUTOSTART").is_ok_and(|way| way == "embedded");
        match remembered::load(&self.home) {
            _ if autostart => self.start_embedded_telling().await,
            Some(Remembered::Embedded) if !self.has_cache().await => self.start_embedded_telling().await,
            Some(chosen) => {
                // What is cached can be read at once; the control plane comes behind it.
                if let Remembered::ControlPlane { address, .. } = &chosen {
                    *locked(&self.address) = Some(address.clone());
                }
                *locked(&self.resuming) = Some(Connection::Connecting {});
                self.ready().await;
                self.until_shown().await;
                self.keep_resuming(&chosen).await;
            }
            None => self.set_startup(Startup::Choose),
        }
    }

    /// Whether somebody's cache is open.
    async fn has_cache(&self) -> bool {
        self.overview().await.is_ok_and(|overview| overview.me.is_some())
    }

    /// Once more from where the start failed.
    pub(crate) async fn start_again(self: &Arc<Self>) {
        match self.console().await {
            // With the cache open and nothing chosen for good, only starting on this computer can have failed.
            Ok(_) if remembered::load(&self.home).is_none() => self.start_embedded_telling().await,
            Ok(_) => self.go_on().await,
            Err(_) => self.open().await,
        }
    }

    async fn start_embedded_telling(self: &Arc<Self>) {
        // The page has heard of a failure already.
        let _ = self.start_embedded().await;
    }

    async fn embed(self: &Arc<Self>) -> Result<(), ErrorView> {
        embedded::start(self)
            .await
            .map_err(|error| match error.downcast_ref::<ConsoleError>() {
                Some(known) => known.view(),
                None => refused("embedded_failed", format!("{}.", sentence(&format!("{error:#}")))),
            })
    }

    /// Starts the control plane in this program and makes this computer its first endpoint.
    pub(crate) async fn start_embedded(self: &Arc<Self>) -> Result<(), ErrorView> {
        if let Err(failure) = self.embed().await {
            self.set_startup(Startup::Failed {
                failure: failure.clone(),
            });
            return Err(failure);
        }
        if let Err(error) = remembered::store(&self.home, &Remembered::Embedded) {
            tracing::warn!(%error, "the choice was not remembered");
        }
        *locked(&self.address) = None;
        self.ready().await;
        Ok(())
    }

    /// Goes on with the tokens of a sign-in, and does so again at the next start.
    pub(crate) async fn stay_signed_in(
        self: &Arc<Self>,
        chosen: Remembered,
        tokens: Arc<dyn TokenSource>,
    ) -> Result<(), ErrorView> {
        if let Remembered::ControlPlane { address, .. } = &chosen {
            self.use_remote(address, tokens).await?;
        }
        if let Err(error) = remembered::store(&self.home, &chosen) {
            tracing::warn!(%error, "the choice was not remembered");
        }
        self.ready().await;
        Ok(())
    }

    /// Tries until the control plane is there, or says that a person has to sign in again. The one in this program needs nobody.
    async fn keep_resuming(self: &Arc<Self>, chosen: &Remembered) {
        let since_ms = SystemClock.now_ms();
        let mut wait = FIRST_WAIT;
        while !self.is_stopping() && remembered::load(&self.home).as_ref() == Some(chosen) {
            let resumed = match chosen {
                Remembered::Embedded => self.embed().await,
                Remembered::ControlPlane { address, provider } => self.resume_remote(address, provider.as_ref()).await,
            };
            let Err(failure) = resumed else { break };
            tracing::warn!(code = failure.code, "not signed in again");
            if *chosen != Remembered::Embedded && failure.code != "offline" {
                self.needs_person();
                break;
            }
            *locked(&self.resuming) = Some(Connection::Offline {
                since_ms,
                why: failure.message,
                retry_at_ms: SystemClock.now_ms() + u64::try_from(wait.as_millis()).unwrap_or(0),
            });
            self.tell_overview().await;
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.retry.notified() => {}
                () = awake::woke() => {}
            }
            wait = (wait * 2).min(LONGEST_WAIT);
        }
        *locked(&self.resuming) = None;
        self.tell_overview().await;
    }

    async fn resume_remote(self: &Arc<Self>, address: &str, provider: Option<&Provider>) -> Result<(), ErrorView> {
        let resumed = kept_tokens::resume(address, provider, self.keys()?);
        let tokens = resumed.map_err(|fault| crate::tokens::kept(&fault))?;
        self.use_remote(address, tokens).await
    }

    async fn use_remote(self: &Arc<Self>, address: &str, tokens: Arc<dyn TokenSource>) -> Result<(), ErrorView> {
        let sign_in = SignIn {
            base_url: address.to_owned(),
            tokens,
            embedded: false,
        };
        let console = self.console().await.map_err(|error| error.view())?;
        console.sign_in(sign_in).await.map_err(|error| error.view())?;
        *locked(&self.address) = Some(address.to_owned());
        Ok(())
    }

    pub(crate) async fn ready(self: &Arc<Self>) {
        let open = self.session_to_open().await;
        // Before it is shown there is something to show.
        self.tell_overview().await;
        self.set_startup(Startup::Ready { open });
    }

    /// `CAISEY_OPEN=session:ID` or `session:latest`, for screenshots; `review:` opens its review instead.
    async fn session_to_open(&self) -> Option<String> {
        let wanted = std::env::var("CAISEY_OPEN").ok()?;
        let (page, session) = wanted.split_once(':')?;
        let prefix = match page {
            "session" => "",
            "review" => "review:",
            _ => return None,
        };
        let session = match session {
            "latest" => {
                let overview = self.overview().await.ok()?;
                overview.sessions.first()?.session.clone()
            }
            named => named.to_owned(),
        };
        Some(format!("{prefix}{session}"))
    }

    /// Opens with a passphrase instead of the operating system's key store.
    pub(crate) async fn unlock_with_passphrase(self: &Arc<Self>, passphrase: String) -> Result<(), ErrorView> {
        let home = self.home.clone();
        let opened = tokio::task::spawn_blocking(move || PassphraseKeyStore::open(&home, &passphrase, &SystemEntropy)).await;
        let keys: Arc<dyn KeyStore> = match opened {
            Ok(Ok(keys)) => Arc::new(keys),
            Ok(Err(error)) => return Err(refused("passphrase_refused", format!("{}.", sentence(&error.to_string())))),
            Err(error) => return Err(refused("internal", error.to_string())),
        };
        self.passphrase.store(true, Ordering::Relaxed);
        self.open_with(Ports::with_keys(keys)).await;
        Ok(())
    }

    /// Forgets who was signed in; the cache stays.
    pub(crate) async fn sign_out(self: &Arc<Self>) -> Result<(), ErrorView> {
        let console = self.console().await.map_err(|error| error.view())?;
        // One that is still starting signs in before it can be taken.
        let embedded = self.embedded.lock().await.take();
        console.sign_out().await.map_err(|error| error.view())?;
        locked(&self.address).take();
        if let (Some(Remembered::ControlPlane { address, provider }), Ok(keys)) = (remembered::load(&self.home), self.keys()) {
            kept_tokens::forget(&address, provider.as_ref(), keys).await;
        }
        if let Some(embedded) = embedded {
            embedded.stop().await;
        }
        if let Err(error) = remembered::forget(&self.home) {
            tracing::warn!(%error, "the choice was not forgotten");
        }
        self.set_startup(Startup::Choose);
        Ok(())
    }

    pub(crate) fn keys(&self) -> Result<Arc<dyn KeyStore>, ErrorView> {
        locked(&self.keys).clone().ok_or_else(|| ConsoleError::SignedOut.view())
    }
}

/// A program that was closed a moment ago still hands over its last words: it gets a few seconds to let go of the cache.
async fn open_patiently(config: ConsoleConfig, ports: Ports) -> Result<Console, ConsoleError> {
    let until = tokio::time::Instant::now() + LET_GO_WITHIN;
    loop {
        match Console::open(config.clone(), ports.clone()).await {
            Err(ConsoleError::CacheInUse) if tokio::time::Instant::now() < until => {
                tokio::time::sleep(Duration::from_millis(150)).await;
            }
            opened => return opened,
        }
    }
}

/// A failure of the shell itself in the form that the page knows.
pub(crate) fn refused(code: &str, message: String) -> ErrorView {
    ErrorView {
        code: code.to_owned(),
        message,
        retry_after_ms: None,
    }
}

fn passphrase_wanted() -> ErrorView {
    refused(
        "key_store_missing",
        "The keys of this machine’s cache are protected by a passphrase, because it had no key store when they were made."
            .to_owned(),
    )
}

/// Error texts begin small, because they are usually part of a chain; on a screen they stand alone.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}
