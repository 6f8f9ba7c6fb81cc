//! Live synchronisation: the directory's socket says what has grown, pages bring it, the witness takes it in; logs that somebody looks at
//! stream over a socket of their own.
//!
//! Promises: one intake per log at a time; after every (re)connection each log's head is compared with what the cache holds; nothing is
//! lost by a lost connection, because everything is asked for by sequence number. Reconnects as `caisey_client::connection` says.

use super::witness::{Page, Taken, check_page, take_in};
use crate::cache::{Cache, log, session};
use crate::error::ConsoleError;
use crate::facade::hub::Hub;
use crate::ports::Ports;
use crate::view::{Connection, Notice, SyncProgress};
use caisey_client::connection::{Connection as Machine, Input, Output};
use caisey_client::error::ApiError;
use caisey_client::socket::{Receiver, watch_directory, watch_log};
use caisey_client::{Api, token::BearerToken};
use caisey_ledger::id::{EndpointId, Seq};
use caisey_protocol::error::ErrorCode;
use caisey_protocol::http::{EndpointView, SessionView};
use caisey_protocol::watch::{DirectoryEvent, LogEvent};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Records asked for at once.
const PAGE: u32 = 1_000;

/// Logs that are synchronised at the same time.
const AT_ONCE: usize = 3;

/// Everything synchronisation needs; shared by its tasks.
pub(crate) struct Engine {
    pub(crate) api: Api,
    pub(crate) cache: Arc<Cache>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) ports: Ports,
    /// The pinned key that signs checkpoints.
    pub(crate) key: [u8; 32],
    /// What every log's origin begins with: `<authority>/<organisation>/`.
    pub(crate) origin: String,
    state: Mutex<State>,
    wake: Notify,
    watches_due: Notify,
}

#[derive(Default)]
struct State {
    wanted: BTreeSet<String>,
    locks: HashMap<String, Arc<tokio::sync::Mutex<()>>>,
    owed: HashMap<String, BTreeMap<u64, String>>,
}

impl Engine {
    pub(crate) fn new(api: Api, cache: Arc<Cache>, hub: Arc<Hub>, ports: Ports, key: [u8; 32], origin: String) -> Arc<Self> {
        Arc::new(Self {
            api,
            cache,
            hub,
            ports,
            key,
            origin,
            state: Mutex::default(),
            wake: Notify::new(),
            watches_due: Notify::new(),
        })
    }

    /// Starts all tasks; dropping the set ends them.
    pub(crate) fn start(self: &Arc<Self>) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        tasks.spawn(Arc::clone(self).keep_directory());
        tasks.spawn(Arc::clone(self).keep_logs());
        tasks.spawn(Arc::clone(self).keep_watches());
        tasks
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// This endpoint's log may have grown.
    pub(crate) fn want(&self, endpoint: &str) {
        self.state().wanted.insert(endpoint.to_owned());
        self.wake.notify_one();
    }

    /// Somebody looks at something else now.
    pub(crate) fn looks_changed(&self) {
        self.watches_due.notify_one();
    }

    /// The control plane gave a checkpoint of a size that the log may not have reached here; it must turn out to be true.
    pub(crate) fn owe(&self, endpoint: &str, note: &str) {
        if let Ok(checkpoint) = caisey_ledger::checkpoint::Checkpoint::read(note) {
            let mut state = self.state();
            let owed = state.owed.entry(endpoint.to_owned()).or_default();
            if owed.len() < 256 {
                owed.insert(checkpoint.size, note.to_owned());
            }
        }
        self.want(endpoint);
    }

    fn now_ms(&self) -> u64 {
        self.ports.clock.now_ms()
    }

    fn random(&self) -> u64 {
        self.ports
            .entropy
            .fresh32()
            .iter()
            .take(8)
            .fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// Runs blocking work on the cache.
    pub(crate) async fn with_cache<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Cache) -> Result<T, ConsoleError> + Send + 'static,
    ) -> Result<T, ConsoleError> {
        let cache = Arc::clone(&self.cache);
        blocking(move || work(&cache)).await
    }

    // The directory.

    async fn keep_directory(self: Arc<Self>) {
        let start = Instant::now();
        let now = || u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut machine = Machine::default();
        let mut output = machine.handle(now(), self.random(), Input::Start);
        let mut offline_since = None;
        let mut why = String::new();
        loop {
            match output {
                Some(Output::Connect) => {
                    if offline_since.is_none() {
                        self.hub.set_connection(Connection::Connecting {});
                    }
                    let input = match self
                        .open(|address, token| async move { watch_directory(&address, &token).await })
                        .await
                    {
                        Ok(receiver) => {
                            machine.handle(now(), self.random(), Input::Opened);
                            offline_since = None;
                            self.hub.drop_notice("sign_in_needed", None);
                            self.hub.set_connection(Connection::Online {});
                            self.looks_changed();
                            why = self.follow_directory(receiver).await;
                            Input::Closed
                        }
                        Err(error) => {
                            why = super::witness::chain(&error);
                            self.failed(&error)
                        }
                    };
                    output = machine.handle(now(), self.random(), input);
                }
                Some(Output::WaitUntil(until)) => {
                    let wait = until.saturating_sub(now());
                    let since_ms = *offline_since.get_or_insert_with(|| self.now_ms());
                    let retry_at_ms = self.now_ms().saturating_add(wait);
                    self.hub.set_connection(Connection::Offline {
                        since_ms,
                        why: why.clone(),
                        retry_at_ms,
                    });
                    tokio::select! {
                        () = tokio::time::sleep(Duration::from_millis(wait)) => {
                            output = machine.handle(now(), self.random(), Input::Deadline);
                        }
                        // A person who asks may have mended either, network or sign-in.
                        () = self.hub.retry_now.notified() => {
                            output = machine.handle(now(), self.random(), Input::CredentialsChanged);
                        }
                    }
                }
                _ => {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    output = machine.handle(now(), self.random(), Input::Deadline);
                }
            }
        }
    }

    fn failed(&self, error: &ApiError) -> Input {
        if error.needs_sign_in() {
            self.hub.notice(Notice {
                code: "sign_in_needed".to_owned(),
                severity: "warning".to_owned(),
                message: "The control plane no longer accepts this sign-in. Everything synchronised can still be read. Sign in again to \
                          go on working."
                    .to_owned(),
                endpoint: None,
                evidence: Vec::new(),
            });
            return Input::Refused;
        }
        match error {
            ApiError::Refused { body, .. } if body.retry_after_ms.is_some() => {
                Input::AskedToWait(body.retry_after_ms.unwrap_or(1_000))
            }
            ApiError::Refused { body, .. } if matches!(body.code, ErrorCode::Forbidden | ErrorCode::UnsupportedVersion) => {
                Input::Refused
            }
            _ => Input::Failed,
        }
    }

    /// Opens a socket with a current token, renewing it once.
    async fn open<T, F>(&self, connect: impl Fn(caisey_client::ControlUrl, BearerToken) -> F) -> Result<T, ApiError>
    where
        F: Future<Output = Result<T, ApiError>>,
    {
        let token = |token: Option<BearerToken>| token.unwrap_or_else(|| BearerToken::new(""));
        let first = token(self.api.bearer(None).await?);
        match connect(self.api.address().clone(), first.clone()).await {
            Err(error) if error.code() == Some(ErrorCode::Unauthenticated) => {
                let renewed = token(self.api.bearer(Some(&first)).await?);
                connect(self.api.address().clone(), renewed).await
            }
            other => other,
        }
    }

    /// Until the connection ends; returns why it did.
    async fn follow_directory(self: &Arc<Self>, mut receiver: Receiver<DirectoryEvent>) -> String {
        loop {
            let result = match receiver.recv().await {
                Ok(DirectoryEvent::Snapshot { endpoints, sessions }) => self.take_directory(endpoints, sessions, true).await,
                Ok(DirectoryEvent::Endpoint(endpoint)) => self.take_directory(vec![endpoint], Vec::new(), false).await,
                Ok(DirectoryEvent::Session(session)) => self.take_directory(Vec::new(), vec![session], false).await,
                Ok(DirectoryEvent::Error(body)) => return body.detail,
                Err(lost) => return lost.to_string(),
            };
            if let Err(error) = result {
                tracing::error!(error = super::witness::chain(&error), "the directory could not be stored");
            }
        }
    }

    async fn take_directory(
        self: &Arc<Self>,
        endpoints: Vec<EndpointView>,
        sessions: Vec<SessionView>,
        is_snapshot: bool,
    ) -> Result<(), ConsoleError> {
        let (mut sound, mut strange) = (Vec::new(), Vec::new());
        for endpoint in endpoints {
            let expected = format!("{}{}", self.origin, endpoint.endpoint);
            if endpoint.log == expected {
                sound.push(endpoint)
            } else {
                strange.push(endpoint)
            }
        }
        for endpoint in strange {
            self.hub.notice(wrong_log(&endpoint));
        }
        let wanted = self
            .with_cache(move |cache| {
                cache.write(|tx| {
                    let mut wanted = Vec::new();
                    for endpoint in &sound {
                        log::put_directory(tx, endpoint)?;
                        let cached = log::of_endpoint(tx, endpoint.endpoint.as_str())?.map_or(0, |row| row.cached_size);
                        if is_snapshot || endpoint.log_size != cached {
                            wanted.push(endpoint.endpoint.to_string());
                        }
                    }
                    for session in &sessions {
                        session::put_directory(tx, session)?;
                    }
                    Ok(wanted)
                })
            })
            .await?;
        for endpoint in wanted {
            self.want(&endpoint);
        }
        self.hub.changed();
        Ok(())
    }

    // Logs.

    async fn keep_logs(self: Arc<Self>) {
        let mut running: JoinSet<()> = JoinSet::new();
        loop {
            while running.len() < AT_ONCE {
                let Some(endpoint) = self.state().wanted.pop_first() else {
                    break;
                };
                let engine = Arc::clone(&self);
                running.spawn(async move {
                    if let Err(error) = engine.synchronise(&endpoint).await {
                        engine.log_failure(&endpoint, &error);
                    }
                });
            }
            tokio::select! {
                () = self.wake.notified(), if running.len() < AT_ONCE => {}
                Some(_) = running.join_next(), if !running.is_empty() => {}
            }
            if running.is_empty() && self.state().wanted.is_empty() && self.hub.state().sync.take().is_some() {
                self.hub.overview_due.notify_one();
            }
        }
    }

    fn log_failure(&self, endpoint: &str, error: &ConsoleError) {
        match error {
            ConsoleError::Offline { why } => tracing::info!(endpoint, why, "synchronisation interrupted"),
            other => tracing::warn!(endpoint, error = super::witness::chain(other), "synchronisation failed"),
        }
    }

    fn lock_of(&self, endpoint: &str) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(self.state().locks.entry(endpoint.to_owned()).or_default())
    }

    /// Brings one log up to date.
    pub(crate) async fn synchronise(self: &Arc<Self>, endpoint: &str) -> Result<(), ConsoleError> {
        let id: EndpointId = endpoint
            .parse()
            .map_err(|_| ConsoleError::Invalid(format!("{endpoint} is not an endpoint")))?;
        let lock = self.lock_of(endpoint);
        let _held = lock.lock().await;
        let mut at = match self.row(endpoint).await? {
            Some(row) if row.broken_from.is_none() => {
                self.round_grows(row.log_size.saturating_sub(row.cached_size));
                // The last entry that we hold comes again: another one in its place is a fork, and is best found before what follows it.
                row.cached_size.saturating_sub(1)
            }
            _ => return Ok(()),
        };
        let mut next = self.fetch(&id, at);
        loop {
            let (page, size) = match next.await {
                Ok(found) => found,
                Err(error) => return self.head_only(&id, at, error).await,
            };
            let end = page.from.saturating_add(page.records.len() as u64);
            // The next page travels while this one is checked and stored.
            let more = end < size && !page.records.is_empty();
            next = self.fetch(&id, end);
            let ahead = more.then(|| Ahead::spawn(next));
            let taken = self.take(endpoint, page).await?;
            self.round_moves(taken.stored);
            at = taken.size;
            match ahead {
                Some(ahead) if taken.broken.is_none() && taken.size == end => next = Box::pin(ahead.page()),
                Some(_) => return Ok(()),
                None => return Ok(()),
            }
        }
    }

    async fn row(&self, endpoint: &str) -> Result<Option<log::LogRow>, ConsoleError> {
        let endpoint = endpoint.to_owned();
        self.with_cache(move |cache| cache.read(|cache| log::of_endpoint(cache, &endpoint)))
            .await
    }

    fn fetch(self: &Arc<Self>, endpoint: &EndpointId, from: u64) -> Fetch {
        let (engine, endpoint) = (Arc::clone(self), endpoint.clone());
        Box::pin(async move {
            let from = Seq::new(from).ok_or_else(|| ApiError::NoAnswer("the log is longer than logs can be".to_owned()))?;
            let page = engine.api.entries(&endpoint, from, Some(PAGE)).await?;
            let size = page.size;
            Ok((
                Page {
                    from: page.from.get(),
                    records: page.records,
                    checkpoint: page.checkpoint,
                    is_current: true,
                },
                size,
            ))
        })
    }

    /// A control plane that cannot give what follows may have less than we hold: its checkpoint tells.
    async fn head_only(self: &Arc<Self>, id: &EndpointId, at: u64, error: ApiError) -> Result<(), ConsoleError> {
        if at == 0 || !matches!(&error, ApiError::Refused { .. }) {
            return Err(error.into());
        }
        let Ok(note) = self.api.checkpoint(id).await else {
            return Err(error.into());
        };
        self.take(
            id.as_str(),
            Page {
                from: at,
                records: Vec::new(),
                checkpoint: note,
                is_current: true,
            },
        )
        .await?;
        Ok(())
    }

    /// Checks a page and takes it into the cache. The caller holds the log's lock.
    async fn take(self: &Arc<Self>, endpoint: &str, page: Page) -> Result<Taken, ConsoleError> {
        let owed = self.state().owed.get(endpoint).cloned().unwrap_or_default();
        let (key, now_ms, name) = (self.key, self.now_ms(), endpoint.to_owned());
        let taken = self
            .with_cache(move |cache| {
                let row = cache.read(|cache| log::of_endpoint(cache, &name))?;
                let row = row.ok_or_else(|| ConsoleError::NotFound {
                    what: "endpoint",
                    id: name.clone(),
                })?;
                take_in(cache, row.log, check_page(page), &key, &owed, now_ms)
            })
            .await?;
        if let Some(owed) = self.state().owed.get_mut(endpoint) {
            owed.retain(|size, _| *size > taken.size);
        }
        if taken.broken.is_some() {
            self.hub.overview_due.notify_one();
        }
        self.hub.sessions_changed(taken.sessions.iter().cloned());
        Ok(taken)
    }

    fn round_grows(&self, by: u64) {
        if by > 0 {
            let mut state = self.hub.state();
            let sync = state.sync.get_or_insert(SyncProgress { done: 0, total: 0 });
            sync.total += by;
        }
    }

    fn round_moves(&self, by: u64) {
        let mut state = self.hub.state();
        if let Some(sync) = &mut state.sync {
            sync.done += by;
            sync.total = sync.total.max(sync.done);
        }
    }

    // Logs that somebody looks at.

    async fn keep_watches(self: Arc<Self>) {
        let mut running: HashMap<String, tokio::task::AbortHandle> = HashMap::new();
        let mut tasks: JoinSet<()> = JoinSet::new();
        loop {
            let sessions: Vec<String> = self.hub.state().looks.keys().cloned().collect();
            let endpoints = self
                .with_cache(move |cache| {
                    cache.read(|cache| {
                        let endpoint = |session: &String| session::row(cache, session).map(|row| row.endpoint).ok();
                        Ok(sessions.iter().filter_map(endpoint).collect::<BTreeSet<String>>())
                    })
                })
                .await
                .unwrap_or_default();
            running.retain(|endpoint, task| {
                let stay = endpoints.contains(endpoint) && !task.is_finished();
                if !stay {
                    task.abort();
                }
                stay
            });
            for endpoint in endpoints {
                let engine = Arc::clone(&self);
                running
                    .entry(endpoint.clone())
                    .or_insert_with(|| tasks.spawn(async move { engine.watch(&endpoint).await }));
            }
            tokio::select! {
                () = self.watches_due.notified() => {}
                Some(_) = tasks.join_next(), if !tasks.is_empty() => tokio::time::sleep(Duration::from_millis(500)).await,
            }
        }
    }

    /// Follows one log until its connection ends. The directory's socket tells what is missed meanwhile.
    async fn watch(self: &Arc<Self>, endpoint: &str) {
        if let Err(error) = self.synchronise(endpoint).await {
            self.log_failure(endpoint, &error);
            return;
        }
        let (Ok(id), Ok(Some(row))) = (endpoint.parse::<EndpointId>(), self.row(endpoint).await) else {
            return;
        };
        let Some(from) = Seq::new(row.cached_size).filter(|_| row.broken_from.is_none()) else {
            return;
        };
        let opened = self
            .open(|address, token| {
                let id = id.clone();
                async move { watch_log(&address, &token, &id, from).await }
            })
            .await;
        let Ok(mut receiver) = opened else { return };
        while let Ok(event) = receiver.recv().await {
            match event {
                LogEvent::Records {
                    from,
                    records,
                    checkpoint,
                } => {
                    let page = Page {
                        from: from.get(),
                        records,
                        checkpoint,
                        is_current: false,
                    };
                    let lock = self.lock_of(endpoint);
                    let held = lock.lock().await;
                    let taken = self.take(endpoint, page).await;
                    drop(held);
                    match taken {
                        Ok(taken) if taken.broken.is_some() => return,
                        Ok(taken) if taken.gap || taken.verified_size < taken.size => self.want(endpoint),
                        Ok(_) => {}
                        Err(error) => {
                            self.log_failure(endpoint, &error);
                            return;
                        }
                    }
                }
                // The log's own entry about the erasure destroys the text here.
                LogEvent::Erased { .. } | LogEvent::Accepted { .. } => self.want(endpoint),
                LogEvent::Error(_) => return,
            }
        }
    }
}

type Fetched = Result<(Page, u64), ApiError>;
type Fetch = std::pin::Pin<Box<dyn Future<Output = Fetched> + Send>>;

/// A page on its way; dropping this gives it up.
struct Ahead(JoinSet<Fetched>);

impl Ahead {
    fn spawn(fetch: Fetch) -> Self {
        let mut task = JoinSet::new();
        task.spawn(fetch);
        Self(task)
    }

    async fn page(mut self) -> Fetched {
        let stopped = |why: String| Err(ApiError::NoAnswer(why));
        match self.0.join_next().await {
            Some(Ok(fetched)) => fetched,
            Some(Err(error)) => stopped(error.to_string()),
            None => stopped("the page was not asked for".to_owned()),
        }
    }
}

/// Runs blocking work on a thread for it.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ConsoleError> + Send + 'static,
) -> Result<T, ConsoleError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(ConsoleError::Internal(error.to_string())))
}

fn wrong_log(endpoint: &EndpointView) -> Notice {
    Notice {
        code: "wrong_log".to_owned(),
        severity: "danger".to_owned(),
        message: format!(
            "The control plane names {} as the log of {}, which is not this organisation's log of that endpoint. Nothing of it was taken in. \
             Ask whoever runs the control plane.",
            crate::visible::marked_line(&endpoint.log),
            crate::visible::marked_line(&endpoint.hostname)
        ),
        endpoint: Some(endpoint.endpoint.to_string()),
        evidence: Vec::new(),
    }
}

impl From<ApiError> for ConsoleError {
    fn from(error: ApiError) -> Self {
        if error.is_offline() {
            return Self::Offline {
                why: super::witness::chain(&error),
            };
        }
        if error.needs_sign_in() {
            return Self::Refused(caisey_protocol::error::ErrorBody {
                code: ErrorCode::Unauthenticated,
                detail: "The control plane no longer accepts this sign-in, so nothing was done. Sign in again.".to_owned(),
                retry_after_ms: None,
            });
        }
        match error {
            ApiError::Refused { body, .. } => Self::Refused(body),
            other => Self::Untrusted(super::witness::chain(&other)),
        }
    }
}
