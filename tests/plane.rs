//! A control plane and an endpoint outside the window, in the test's own process.

use caisey_client::Api;
use caisey_client::ControlUrl;
use caisey_client::token::{BearerToken, FixedToken};
use caisey_control_native::{Config, ControlPlane, Running};
use caisey_ledger::id::{ClientId, InstallerId, TimeMs};
use caisey_protocol::http::{CreateClient, CreateInstaller};
use caisey_protocol::role::Role;
use caisey_protocol::sign_in::TokenRequest;
use caisey_runtime::{Limits, Runtime, StateDir};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// See the module's text.
pub(crate) struct Plane {
    running: Running,
    runtime: Runtime,
    _folder: tempfile::TempDir,
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
        let api = Api::new(url.clone(), Arc::new(FixedToken(BearerToken::new(owner)))).unwrap();
        let client = ClientId::from_bits([1; 16]);
        let retail = CreateClient {
            client: client.clone(),
            name: "Northgate Retail".to_owned(),
        };
        api.create_client(&retail).await.unwrap();
        let installer = api
            .create_installer(&CreateInstaller {
                installer: InstallerId::from_bits([2; 16]),
                client,
                label: "Till".to_owned(),
                expires_at_ms: in_an_hour(),
                max_uses: 1,
            })
            .await
            .unwrap();
        let state = StateDir::open(folder.path().join("runtime")).unwrap();
        caisey_runtime::enrol(&state, &url, &installer.token).await.unwrap();
        let runtime = Runtime::start(&state, Limits::default()).await.unwrap();
        let code = running
            .local_issuer()
            .unwrap()
            .accounts()
            .add(EMAIL, "Ana Ruiz", Role::Technician, None)
            .unwrap();
        let first_use = TokenRequest::OneTimeCode {
            code,
            password: PASSWORD.to_owned(),
        };
        Api::anonymous(url).unwrap().local_token(&first_use).await.unwrap();
        Self {
            running,
            runtime,
            _folder: folder,
            address,
        }
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
