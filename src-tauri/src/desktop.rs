//! The program's one object: which console is open, how far the start has come, what runs embedded.

use crate::embedded::Embedded;
use crate::sign_in::{Attempt, Progress};
use crate::startup::{Startup, Step};
use crate::{marks, notify, prompts, tray};
use caisey_console::view::{Connection, ConsoleEvent, Overview};
use caisey_console::{CancelFlag, Console, ConsoleError, KeyStore};
use serde::Serialize;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tauri::{AppHandle, Emitter, Manager as _};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

/// The channel of all events to the page.
const CHANNEL: &str = "console";
/// What can wait for the window waits no longer than this: a page that shows nothing must not keep the rest from working.
const SHOWN_WITHIN: Duration = Duration::from_secs(3);
/// How long everything embedded may take to stop.
const STOP_WITHIN: Duration = Duration::from_secs(6);

/// Events that the shell adds to the console's own.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum ShellEvent {
    /// The start came further.
    Startup {
        /// How far.
        startup: Startup,
    },
    /// An export came further.
    Export {
        /// Of this session.
        session: String,
        /// Entries done.
        done: u64,
        /// Entries in all.
        total: u64,
    },
    /// A sign-in in the browser came further.
    SignIn {
        /// Where it stands.
        progress: Progress,
    },
    /// A person wants to see this approval request.
    ShowRequest {
        /// Which.
        action: String,
    },
    /// A renewed check came further.
    Verify {
        /// How far.
        progress: caisey_console::view::VerifyProgress,
    },
}

/// See the module's text.
pub(crate) struct Desktop {
    pub(crate) app: AppHandle,
    pub(crate) home: PathBuf,
    console: tokio::sync::RwLock<Option<Console>>,
    startup: Mutex<Startup>,
    pub(crate) embedded: tokio::sync::Mutex<Option<Embedded>>,
    /// Address of the control plane that was signed in to, for the settings page.
    pub(crate) address: Mutex<Option<String>>,
    /// Where secrets are kept, once the console is open.
    pub(crate) keys: Mutex<Option<Arc<dyn KeyStore>>>,
    /// Whether a passphrase protects the keys instead of the operating system's key store.
    pub(crate) passphrase: AtomicBool,
    /// Why the sign-in of last time is not back yet, while that is tried.
    pub(crate) resuming: Mutex<Option<Connection>>,
    /// A person does not want to wait for the next try.
    pub(crate) retry: tokio::sync::Notify,
    /// The sign-in that is under way.
    pub(crate) attempt: Mutex<Option<Attempt>>,
    pub(crate) exports: Mutex<HashMap<String, CancelFlag>>,
    pub(crate) exported: Mutex<HashSet<PathBuf>>,
    /// Notifications of requests that are on the screen, by action.
    pub(crate) prompts: Mutex<HashMap<String, u32>>,
    /// Whether a client's contact is signed in: they are asked also while no window is open.
    is_contact: AtomicBool,
    waiting: AtomicU32,
    /// How the connection is, in words.
    status: Mutex<&'static str>,
    /// Whether the person was told that their sign-in has ended.
    told_of_sign_in: AtomicBool,
    /// Whether somebody was told that the program goes on without a window.
    explained: AtomicBool,
    /// The PKCS#12 file that a person chose to sign documents with.
    pub(crate) certificate: Mutex<Option<PathBuf>>,
    shown: watch::Sender<bool>,
    stopping: AtomicBool,
}

impl Desktop {
    pub(crate) fn new(app: AppHandle, home: PathBuf) -> Self {
        Self {
            app,
            home,
            console: tokio::sync::RwLock::new(None),
            startup: Mutex::new(Startup::Opening),
            embedded: tokio::sync::Mutex::new(None),
            address: Mutex::new(None),
            keys: Mutex::new(None),
            passphrase: AtomicBool::new(false),
            resuming: Mutex::new(None),
            retry: tokio::sync::Notify::new(),
            attempt: Mutex::new(None),
            exports: Mutex::new(HashMap::new()),
            exported: Mutex::new(HashSet::new()),
            prompts: Mutex::new(HashMap::new()),
            is_contact: AtomicBool::new(false),
            waiting: AtomicU32::new(0),
            status: Mutex::new("Opening"),
            told_of_sign_in: AtomicBool::new(false),
            explained: AtomicBool::new(false),
            certificate: Mutex::new(None),
            shown: watch::Sender::new(false),
            stopping: AtomicBool::new(false),
        }
    }

    /// The console, once its cache is open.
    pub(crate) async fn console(&self) -> Result<Console, ConsoleError> {
        self.console.read().await.clone().ok_or(ConsoleError::SignedOut)
    }

    /// Takes the opened console and passes its events on to the page from here on.
    pub(crate) async fn use_console(self: &Arc<Self>, console: Console) {
        let mut events = console.subscribe();
        *self.console.write().await = Some(console.clone());
        let desktop = Arc::clone(self);
        tauri::async_runtime::spawn(async move {
            loop {
                match events.recv().await {
                    Ok(event) => desktop.pass_on(event),
                    // The page can only be late as a whole: the present state makes up for what was missed.
                    Err(RecvError::Lagged(_)) => {
                        if let Ok(overview) = console.overview().await {
                            desktop.pass_on(ConsoleEvent::Overview(Box::new(overview)));
                        }
                        if let Ok(inbox) = console.inbox().await {
                            desktop.pass_on(ConsoleEvent::Inbox(Box::new(inbox)));
                        }
                    }
                    Err(RecvError::Closed) => return,
                }
            }
        });
    }

    fn pass_on(self: &Arc<Self>, event: ConsoleEvent) {
        let event = match event {
            ConsoleEvent::Overview(overview) => {
                let overview = self.with_resumption(*overview);
                let is_contact = overview.me.as_ref().is_some_and(|me| me.role == "contact");
                self.is_contact.store(is_contact, Ordering::Relaxed);
                *locked(&self.status) = status_line(&overview.connection);
                self.tell_tray();
                // Whoever is signed out is not asked any more, and would not know it behind a closed window.
                let ended = overview.notices.iter().any(|notice| notice.code == "sign_in_needed");
                if !self.told_of_sign_in.swap(ended, Ordering::Relaxed) && ended {
                    self.needs_person();
                }
                ConsoleEvent::Overview(Box::new(overview))
            }
            ConsoleEvent::Inbox(inbox) => {
                if self.waiting.swap(inbox.waiting, Ordering::Relaxed) != inbox.waiting {
                    self.tell_tray();
                }
                ConsoleEvent::Inbox(inbox)
            }
            ConsoleEvent::Prompt(prompt) => {
                prompts::raise(self, (*prompt).clone());
                ConsoleEvent::Prompt(prompt)
            }
            ConsoleEvent::PromptGone { action } => {
                prompts::retract(self, &action);
                ConsoleEvent::PromptGone { action }
            }
            ConsoleEvent::Outcome(outcome) => {
                prompts::tell_outcome(self, (*outcome).clone());
                ConsoleEvent::Outcome(outcome)
            }
            ConsoleEvent::Session { session, items, row } => {
                notify::ended(&self.app, &row, &items);
                ConsoleEvent::Session { session, items, row }
            }
        };
        self.emit(event);
    }

    fn tell_tray(&self) {
        let status = *locked(&self.status);
        tray::tell(&self.app, status, self.waiting.load(Ordering::Relaxed));
    }

    /// The session started the program, and its window is hidden: somebody has to show that it is there.
    pub(crate) async fn started_by_session(&self) {
        if tray::is_there(&self.app) {
            self.went_into_tray().await;
        } else {
            tray::show_window(&self.app);
        }
    }

    /// It cannot go on without its person: a window that is hidden shows itself.
    pub(crate) fn needs_person(&self) {
        let window = self.app.get_webview_window("main");
        if window.is_some_and(|window| window.is_visible().is_ok_and(|visible| !visible)) {
            tray::show_window(&self.app);
        }
    }

    /// The window is away and the program goes on. Where nobody shows its icon, its person has to hear how to come back to it.
    pub(crate) async fn went_into_tray(&self) {
        if !tray::is_shown().await && !self.explained.swap(true, Ordering::Relaxed) {
            notify::goes_on();
        }
    }

    /// While the sign-in of last time is being resumed, nobody is signed out: the control plane is just not there.
    pub(crate) fn with_resumption(&self, mut overview: Overview) -> Overview {
        if let (Connection::SignedOut {}, Some(resuming)) = (&overview.connection, locked(&self.resuming).as_ref()) {
            overview.connection = resuming.clone();
        }
        overview
    }

    /// Everything the main window needs at once.
    pub(crate) async fn overview(&self) -> Result<Overview, ConsoleError> {
        let overview = self.console().await?.overview().await?;
        Ok(self.with_resumption(overview))
    }

    /// Tells the page the present state, when something outside the console changed it.
    pub(crate) async fn tell_overview(self: &Arc<Self>) {
        if let Ok(console) = self.console().await
            && let Ok(overview) = console.overview().await
        {
            self.pass_on(ConsoleEvent::Overview(Box::new(overview)));
        }
    }

    /// Whether closing the window leaves the program in the tray: only where there is one, and for whom it is there to ask.
    pub(crate) fn stays_in_tray(&self) -> bool {
        self.is_contact.load(Ordering::Relaxed) && !self.is_stopping() && tray::is_there(&self.app)
    }

    /// The page is on screen and takes input.
    pub(crate) fn shown(&self) {
        self.shown.send_replace(true);
    }

    /// Waits until the page is on screen, so that what only has to happen soon takes nothing away from what a person waits for.
    pub(crate) async fn until_shown(&self) {
        let mut shown = self.shown.subscribe();
        let _ = tokio::time::timeout(SHOWN_WITHIN, shown.wait_for(|shown| *shown)).await;
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    pub(crate) fn tell(&self, event: ShellEvent) {
        self.emit(event);
    }

    fn emit<E: Serialize + Clone>(&self, event: E) {
        if let Err(error) = self.app.emit(CHANNEL, event) {
            tracing::debug!(%error, "an event did not reach the page");
        }
    }

    pub(crate) fn startup(&self) -> Startup {
        locked(&self.startup).clone()
    }

    pub(crate) fn set_startup(&self, startup: Startup) {
        *locked(&self.startup) = startup.clone();
        match startup {
            Startup::Ready { .. } => marks::reached("ready"),
            Startup::Choose | Startup::KeyStoreMissing { .. } | Startup::Failed { .. } => self.needs_person(),
            Startup::Opening | Startup::Starting { .. } => {}
        }
        self.tell(ShellEvent::Startup { startup });
    }

    /// A step of setting up this computer, for a page that waits for it.
    pub(crate) fn starting(&self, step: Step) {
        if !matches!(self.startup(), Startup::Ready { .. }) {
            self.set_startup(Startup::Starting { step });
        }
    }

    /// True for the first caller: that one has to stop everything.
    pub(crate) fn begin_stopping(&self) -> bool {
        !self.stopping.swap(true, Ordering::SeqCst)
    }

    /// Stops this computer's runtime and the embedded control plane, then closes the console. Last, because whoever starts the program
    /// again waits for the console's cache, and is to find the control plane's data free as well.
    pub(crate) async fn stop(&self) {
        let embedded = async {
            if let Some(embedded) = self.embedded.lock().await.take() {
                embedded.stop().await;
            }
        };
        if tokio::time::timeout(STOP_WITHIN, embedded).await.is_err() {
            tracing::warn!("what runs embedded did not stop in time");
        }
        if let Some(console) = self.console.write().await.take() {
            console.shut_down().await;
        }
    }
}

fn status_line(connection: &Connection) -> &'static str {
    match connection {
        Connection::Online {} => "Online",
        Connection::Connecting {} => "Connecting",
        Connection::Offline { .. } => "Offline: the cache can be read",
        Connection::SignedOut {} => "Signed out",
    }
}

/// What is behind these locks stays usable even if a holder panicked: plain values, replaced whole.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
