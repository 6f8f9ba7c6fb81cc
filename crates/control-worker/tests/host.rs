//! This host under the names that the native host's tests use: a control plane in a process of its own, and an issuer in place of accounts.

use crate::issuer::{Issuer, SigningKey};
use crate::workerd::Workerd;
use caisey_control::claims::organisation_id;
use caisey_control::issuer::IssuerConfig;
use caisey_control_worker::routes::{ALL, Needs};
use caisey_ledger::id::{ClientId, OrganisationId};
use caisey_protocol::role::{Permission, Role};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

pub mod config {
    pub use caisey_control::issuer::IssuerConfig;
}

/// Of whoever operates the deployment.
pub const OPERATOR_SECRET: &str = "the operator of a test, who may move it";
/// The organisation's name within the issuer's tokens.
const ORGANISATION: &str = "local";

pub struct Config {
    pub data: PathBuf,
    pub issuers: Vec<IssuerConfig>,
    pub limits: Limits,
    pub public_url: Option<String>,
    /// The mail provider, as in the deployment's variables.
    pub mail: Option<Value>,
    /// What workerd serves, below this package.
    pub serves: &'static str,
}

/// The native host's; this platform has its own.
#[derive(Default)]
pub struct Limits {
    pub idle_ms: u64,
    pub share_readings_per_minute: u32,
}

impl Config {
    pub fn embedded(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            issuers: Vec::new(),
            limits: Limits::default(),
            public_url: None,
            mail: None,
            serves: "worker/config.capnp",
        }
    }
}

pub struct ControlPlane;

pub struct Running {
    pub base_url: String,
    pub addr: SocketAddr,
    pub workerd: Workerd,
    local: Arc<Local>,
}

impl ControlPlane {
    pub async fn start(config: Config) -> Result<Running, Infallible> {
        let _ = (config.limits.idle_ms, config.limits.share_readings_per_minute);
        let local = Local::of(&config.data).await;
        let mut issuers = config.issuers;
        issuers.push(IssuerConfig::clerk(&local.issuer.url));
        let mut told = json!({ "authority": "caisey.local", "issuers": issuers, "public_url": config.public_url });
        if let Some(mail) = config.mail {
            told["mail"] = mail;
        }
        let environment = [
            ("MAIL_TOKEN", "secret of the mail provider".to_owned()),
            ("OPERATOR_SECRET", OPERATOR_SECRET.to_owned()),
            ("CAISEY", told.to_string()),
            ("CHECKPOINT_KEY", "NbqCNR+rbtfEVgGdnxGEfDcNPtAIxdz+k6QMp2XTUeg=".to_owned()),
        ];
        let workerd = Workerd::start(config.serves, &config.data, &environment);
        let addr = SocketAddr::from(([127, 0, 0, 1], workerd.port));
        Ok(Running {
            base_url: format!("http://{addr}"),
            addr,
            workerd,
            local,
        })
    }
}

/// What a test expects where the native host answers with a token.
pub struct Token {
    pub access_token: String,
}

impl Running {
    pub fn bootstrap_owner(&self, name: &str) -> Result<Token, Infallible> {
        Ok(self.local.token("owner", name, Role::Owner, None))
    }

    pub fn local_issuer(&self) -> Result<&Arc<Local>, Infallible> {
        Ok(&self.local)
    }

    pub fn routes() -> Vec<RouteFacts> {
        let fact = |line: &caisey_control_worker::routes::Line| RouteFacts {
            method: line.method,
            path: line.path,
            bearer: matches!(line.needs, Needs::AnyMember | Needs::Permission(_)),
            permission: match line.needs {
                Needs::Permission(permission) => Some(permission),
                _ => None,
            },
        };
        ALL.iter().map(fact).collect()
    }

    pub async fn shutdown(self) {
        self.workerd.kill_now();
    }
}

#[derive(Debug, Clone, Copy)]
pub struct RouteFacts {
    pub method: &'static str,
    pub path: &'static str,
    pub bearer: bool,
    pub permission: Option<Permission>,
}

/// Their name, role and client.
type Person = (String, Role, Option<ClientId>);

/// People whom an issuer vouches for.
pub struct Local {
    issuer: Issuer,
    key: SigningKey,
    people: Mutex<BTreeMap<String, Person>>,
}

/// Issuers by data folder: a control plane that is started again trusts the same one.
static KNOWN: Mutex<BTreeMap<PathBuf, Arc<Local>>> = Mutex::new(BTreeMap::new());

impl Local {
    async fn of(data: &Path) -> Arc<Self> {
        if let Some(known) = KNOWN.lock().unwrap().get(data) {
            return Arc::clone(known);
        }
        let key = SigningKey::ed25519("local");
        let local = Arc::new(Self {
            issuer: Issuer::start(&[&key]).await,
            key,
            people: Mutex::default(),
        });
        KNOWN.lock().unwrap().insert(data.to_owned(), Arc::clone(&local));
        local
    }

    pub fn organisation(&self) -> OrganisationId {
        organisation_id(&self.issuer.url, ORGANISATION)
    }

    pub fn accounts(&self) -> &Self {
        self
    }

    pub fn add(&self, email: &str, name: &str, role: Role, client: Option<&ClientId>) -> Result<(), Infallible> {
        let person = (name.to_owned(), role, client.cloned());
        self.people.lock().unwrap().insert(email.to_owned(), person);
        Ok(())
    }

    pub fn tokens_for(&self, email: &str) -> Result<Token, Infallible> {
        let (name, role, client) = self.people.lock().unwrap()[email].clone();
        Ok(self.token(email, &name, role, client.as_ref()))
    }

    fn token(&self, subject: &str, name: &str, role: Role, client: Option<&ClientId>) -> Token {
        let role = serde_json::to_value(role).unwrap();
        let mut claims = self.issuer.claims(ORGANISATION, &format!("org:{}", role.as_str().unwrap()));
        claims["sub"] = json!(subject);
        claims["name"] = json!(name);
        claims["client_id"] = client.map_or(Value::Null, |client| json!(client));
        Token {
            access_token: self.key.sign(&claims),
        }
    }
}
