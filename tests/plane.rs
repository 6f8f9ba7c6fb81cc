//! A control plane and an endpoint outside the window, in the test's own process.

use crate::driver::{ENTER, Window};
use crate::ports::MemoryKeyStore;
use caisey_client::Api;
use caisey_client::ControlUrl;
use caisey_client::token::{BearerToken, FixedToken};
use caisey_console::{Access, Console, ConsoleConfig, Ports, SignIn};
use caisey_control_native::{Config, ControlPlane, Running};
use caisey_ledger::id::{ClientId, InstallerId, TimeMs};
use caisey_protocol::http::{CreateClient, CreateInstaller};
use caisey_protocol::role::Role;
use caisey_protocol::sign_in::TokenRequest;
use caisey_runtime::{Limits, Runtime, StateDir};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// See the module's text.
pub(crate) struct Plane {
    running: Running,
    runtime: Runtime,
    folder: tempfile::TempDir,
    client: ClientId,
    owner: String,
    /// Where it listens.
    pub(crate) address: String,
}

/// The technician's account.
pub(crate) const EMAIL: &str = "ana@example.com";
/// Their password.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

impl Plane {
    /// Starts both, and makes an account for a technician.
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let running = ControlPlane::start(Config::embedded(folder.path().join("control")))
            .await
            .unwrap();
        let address = running.base_url.clone();
        let url: ControlUrl = address.parse().unwrap();
        let owner = running.bootstrap_owner("Priya Raman").unwrap().access_token;
        let api = Api::new(url.clone(), Arc::new(FixedToken(BearerToken::new(owner.clone())))).unwrap();
        let client = ClientId::from_bits([1; 16]);
        let retail = CreateClient {
            client: client.clone(),
            name: "Northgate Retail".to_owned(),
        };
        api.create_client(&retail).await.unwrap();
        let installer = api
            .create_installer(&CreateInstaller {
                installer: InstallerId::from_bits([2; 16]),
                client: client.clone(),
                label: "Till".to_owned(),
                expires_at_ms: in_an_hour(),
                max_uses: 1,
            })
            .await
            .unwrap();
        let state = StateDir::open(folder.path().join("runtime")).unwrap();
        caisey_runtime::enrol(&state, &url, &installer.token).await.unwrap();
        let runtime = Runtime::start(&state, Limits::default()).await.unwrap();
        let plane = Self {
            running,
            runtime,
            folder,
            client,
            owner,
            address,
        };
        plane.add(EMAIL, "Ana Ruiz", Role::Technician).await;
        plane
    }

    /// Makes an account for somebody, with the password that all have here.
    async fn add(&self, email: &str, name: &str, role: Role) {
        let client = (role == Role::Contact).then_some(&self.client);
        let issuer = self.running.local_issuer().unwrap();
        let first_use = TokenRequest::OneTimeCode {
            code: issuer.accounts().add(email, name, role, client).unwrap(),
            password: PASSWORD.to_owned(),
        };
        let api = Api::anonymous(self.address.parse().unwrap()).unwrap();
        api.local_token(&first_use).await.unwrap();
    }

    /// A contact of the endpoint's client, who signs in with this address and [`PASSWORD`].
    pub(crate) async fn contact(&self, email: &str, name: &str) {
        self.add(email, name, Role::Contact).await;
    }

    /// An owner, who signs in with this address and [`PASSWORD`].
    pub(crate) async fn second_owner(&self, email: &str, name: &str) {
        self.add(email, name, Role::Owner).await;
    }

    /// Signs somebody in through the window.
    pub(crate) async fn sign_in(&self, window: &Window, email: &str) {
        window.press("Sign in to a control plane").await;
        window.clears_fields().await;
        window.type_into("input[type=url]", &format!("{}{ENTER}", self.address)).await;
        window.type_into("input[type=email]", email).await;
        window.type_into("input[type=password]", &format!("{PASSWORD}{ENTER}")).await;
    }

    /// Waits until a contact's console has introduced its key: from then on the endpoint asks.
    pub(crate) async fn contact_speaks(&self) {
        let api = self.api();
        while api.contacts(&self.client).await.unwrap().keys.is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The technician's console without a window, signed in.
    pub(crate) async fn technician(&self) -> Console {
        self.at_desk(EMAIL, "technician").await
    }

    /// The console of whoever has this address, without a window, signed in.
    pub(crate) async fn at_desk(&self, email: &str, whose: &str) -> Console {
        let token = self.running.local_issuer().unwrap().tokens_for(email).unwrap().access_token;
        self.console(whose, token).await
    }

    /// The owner's.
    pub(crate) async fn owner(&self) -> Console {
        self.console("owner", self.owner.clone()).await
    }

    /// The control plane, as the owner sees it.
    pub(crate) fn api(&self) -> Api {
        let token = BearerToken::new(self.owner.clone());
        Api::new(self.address.parse().unwrap(), Arc::new(FixedToken(token))).unwrap()
    }

    /// The endpoint's client.
    pub(crate) fn client(&self) -> &str {
        self.client.as_str()
    }

    async fn console(&self, whose: &str, token: String) -> Console {
        let config = ConsoleConfig {
            data_dir: self.folder.path().join(whose),
            device_label: format!("{whose}-desk"),
            access: Access::ReadWrite,
        };
        std::fs::create_dir_all(&config.data_dir).unwrap();
        let console = Console::open(config, Ports::with_keys(Arc::new(MemoryKeyStore::default())))
            .await
            .unwrap();
        let sign_in = SignIn {
            base_url: self.address.clone(),
            tokens: Arc::new(FixedToken(BearerToken::new(token))),
            embedded: false,
        };
        console.sign_in(sign_in).await.unwrap();
        // Whose endpoints and clients there are is learnt after signing in.
        console.wait_synchronised(None, Duration::from_secs(60)).await.unwrap();
        console
    }

    /// A folder that ends with the plane.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Stops both, as a power cut in the server room would.
    pub(crate) async fn stop(self) {
        self.runtime.stop().await;
        self.running.shutdown().await;
    }
}

fn in_an_hour() -> TimeMs {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    TimeMs::new(u64::try_from(now.as_millis()).unwrap() + 3_600_000).unwrap()
}
