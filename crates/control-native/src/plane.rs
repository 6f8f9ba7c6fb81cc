//! Starts and stops a whole control plane within this process.

use crate::auth::Verifier;
use crate::config::Config;
use crate::data_dir::{DataDir, DataDirError};
use crate::http::{self, App};
use crate::hub::Hub;
use crate::local::{AccountsError, LocalIssuer};
use crate::mail::{MailConfigError, Mailer};
use crate::object::Objects;
use axum::serve::ListenerExt as _;
use caisey_control::port::{Answer, Caller};
use caisey_ledger::disclosure::Disclosure;
use caisey_ledger::entry::SignedStatement;
use caisey_ledger::id::EndpointId;
use caisey_protocol::error::ErrorBody;
use caisey_protocol::http::Submitted;
use caisey_protocol::role::Permission;
use caisey_protocol::sign_in::TokenAnswer;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How long requests in progress may take to end when stopping.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// Why a control plane did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory.
    #[error(transparent)]
    Data(#[from] DataDirError),
    /// The local issuer's accounts.
    #[error(transparent)]
    Accounts(#[from] AccountsError),
    /// The address.
    #[error("cannot listen on {address}; choose another address with --listen")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The operating system.
    #[error("the operating system refused: {0}")]
    System(#[from] std::io::Error),
    /// The HTTP client for identity providers.
    #[error("no HTTP client for identity providers could be made: {0}")]
    Client(#[from] reqwest::Error),
    /// Our own key set.
    #[error("the local issuer's keys cannot be read: {0}")]
    Keys(#[from] serde_json::Error),
    /// The mail settings.
    #[error(transparent)]
    Mail(#[from] MailConfigError),
    /// The authority's name.
    #[error("the authority must be 1 to 253 letters, digits, dots and hyphens; {0:?} is not")]
    Authority(String),
}

/// Starts control planes.
pub struct ControlPlane;

/// A control plane at work. Dropping it stops it without waiting; [`Running::shutdown`] does it properly.
pub struct Running {
    /// Where it can be reached, such as `http://127.0.0.1:40123`.
    pub base_url: String,
    /// The address it listens on, with the real port.
    pub addr: SocketAddr,
    app: App,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
}

/// What a route needs.
#[derive(Debug, Clone, Copy)]
pub struct RouteFacts {
    /// HTTP method.
    pub method: &'static str,
    /// Path, with `{id}` where an identifier goes.
    pub path: &'static str,
    /// Whether it needs a bearer token.
    pub bearer: bool,
    /// The permission that the token's role has to carry.
    pub permission: Option<Permission>,
}

/// Makes ring the process's TLS provider; harmless when there is one already.
pub(crate) fn install_crypto() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

impl ControlPlane {
    /// Opens the data directory, listens, and serves until told to stop. Must be called within a tokio runtime of several threads.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(config: Config) -> Result<Running, StartError> {
        install_crypto();
        check_authority(&config.authority)?;
        let data = DataDir::open(&config.data)?;
        let signer = data.key("checkpoint")?;
        let local = match config.local_issuer {
            true => Some(Arc::new(LocalIssuer::open(data.root(), data.key("local-issuer")?)?)),
            false => None,
        };
        let mut verifier = Verifier::new(config.issuers.clone(), Duration::from_millis(config.limits.key_fetch_ms))?;
        if let Some(local) = &local {
            verifier = verifier.with_local(local.config(), &local.jwks())?;
        }
        let listener = TcpListener::bind(config.listen).await.map_err(|source| StartError::Listen {
            address: config.listen,
            source,
        })?;
        let addr = listener.local_addr()?;
        let base_url = format!("http://{addr}");
        if !addr.ip().is_loopback() {
            tracing::warn!(%addr, "listening beyond this computer without TLS; put a reverse proxy with TLS in front");
        }
        let hub = Arc::new(Hub::new(crate::clock::now_ms()));
        let objects = Objects::start(data, config.authority.clone(), signer, hub, config.limits.clone())?;
        let public_url = config.public_url.clone().unwrap_or_else(|| base_url.clone());
        if let Some(mail) = &config.mail {
            if config.public_url.is_none() {
                tracing::warn!("links in mail lead to this computer only; say with --public-url how it is reached from outside");
            }
            objects.send_mail_with(Mailer::new(mail.clone(), &public_url, &config.authority)?);
        }
        let app = Arc::new(http::Shared::new(&config, objects.clone(), verifier, local, public_url));
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(serve(listener, Arc::clone(&app), stopped));
        tokio::spawn(objects.wake_all());
        tracing::info!(%addr, "control plane started");
        Ok(Running {
            base_url,
            addr,
            app,
            stop: Some(stop),
            server: Some(server),
        })
    }
}

async fn serve(listener: TcpListener, app: App, stopped: oneshot::Receiver<()>) {
    let listener = listener.tap_io(|stream| {
        // Answers and frames are small and waited for.
        let _ = stream.set_nodelay(true);
    });
    let service = http::router(app).into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, service).with_graceful_shutdown(async move {
        let _ = stopped.await;
    });
    if let Err(error) = served.await {
        tracing::error!(%error, "serving ended");
    }
}

impl Running {
    /// Tokens for the owner; their account is made at the first call. Only for whoever runs this process.
    ///
    /// # Errors
    /// Without a local issuer, or when its file fails.
    pub fn bootstrap_owner(&self, name: &str) -> Result<TokenAnswer, AccountsError> {
        self.local_issuer()?.owner_tokens(name)
    }

    /// The local issuer, to add people.
    ///
    /// # Errors
    /// When it was not asked for.
    pub fn local_issuer(&self) -> Result<&Arc<LocalIssuer>, AccountsError> {
        self.app
            .local
            .as_ref()
            .ok_or(AccountsError::Unacceptable("this control plane has no local issuer"))
    }

    /// How many runtimes and consoles are connected.
    pub fn connections(&self) -> usize {
        self.app.objects.hub().count()
    }

    /// All routes and what they need, for tests of isolation.
    pub fn routes() -> Vec<RouteFacts> {
        use http::routes::Needs;
        http::routes::all()
            .into_iter()
            .map(|route| RouteFacts {
                method: route.method,
                path: route.path,
                bearer: matches!(route.needs, Needs::AnyMember | Needs::Permission(_)),
                permission: match route.needs {
                    Needs::Permission(permission) => Some(permission),
                    _ => None,
                },
            })
            .collect()
    }

    /// Places a statement as `POST /v1/endpoints/{id}/statements` does, without HTTP and without looking the device up: for programs
    /// that embed the control plane and vouch for the caller, and for measurements.
    ///
    /// # Errors
    /// The endpoint's refusal.
    pub async fn submit(
        &self,
        endpoint: &EndpointId,
        caller: Caller,
        statement: SignedStatement,
    ) -> Result<Submitted, ErrorBody> {
        let texts = statement.disclosures.values().filter_map(Disclosure::full_text);
        let size_bytes = texts.map(str::len).sum();
        match self.app.objects.submit(endpoint, caller, statement, size_bytes).await? {
            Answer::Submitted(submitted) => Ok(submitted),
            _ => Err(crate::object::internal("the endpoint's object gave an unexpected answer")),
        }
    }

    /// Lets requests in progress end, closes connections and databases.
    pub async fn shutdown(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        self.app.objects.hub().stop();
        if let Some(server) = self.server.take() {
            let abort = server.abort_handle();
            if tokio::time::timeout(STOP_WITHIN, server).await.is_err() {
                tracing::warn!("some requests did not end in time and were cut off");
                abort.abort();
            }
        }
        // Connections that were just being made when the first word went out.
        self.app.objects.hub().stop();
        self.app.objects.stop(STOP_WITHIN).await;
        tracing::info!("control plane stopped");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.abort();
            self.app.objects.abandon();
        }
    }
}

/// The authority becomes part of every log's origin, which is a line of a signed note.
fn check_authority(authority: &str) -> Result<(), StartError> {
    let fits = (1..=253).contains(&authority.len())
        && authority
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || matches!(character, '.' | '-'));
    if fits {
        Ok(())
    } else {
        Err(StartError::Authority(authority.to_owned()))
    }
}
