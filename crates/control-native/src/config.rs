//! What an operator can set.

use crate::mail::MailConfig;
use caisey_protocol::sign_in::{BearerKind, SignInProvider};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

/// How to start a control plane.
#[derive(Debug, Clone)]
pub struct Config {
    /// Directory of all databases and keys; made when absent. One process at a time.
    pub data: PathBuf,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What goes before the first slash of every log's origin. Fixed for the life of the data directory.
    pub authority: String,
    /// Identity providers whose tokens are accepted.
    pub issuers: Vec<IssuerConfig>,
    /// Whether to run the local issuer.
    pub local_issuer: bool,
    /// How this control plane is reached from outside, for the local issuer's discovery document.
    pub public_url: Option<String>,
    /// How mail is sent; absent: not at all, which is said wherever mail would have gone.
    pub mail: Option<MailConfig>,
    /// Limits.
    pub limits: Limits,
}

impl Config {
    /// For a control plane embedded in another program: a free loopback port and the local issuer.
    pub fn embedded(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            authority: "caisey.local".to_owned(),
            issuers: Vec::new(),
            local_issuer: true,
            public_url: None,
            mail: None,
            limits: Limits::default(),
        }
    }
}

/// Bounds on what one control plane spends.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Threads that run objects; each is mostly waiting for the disk.
    pub object_threads: usize,
    /// A peer that does not take a frame for this long is given up, in milliseconds.
    pub send_within_ms: u64,
    /// An object without input for this long is put away, in milliseconds.
    pub idle_ms: u64,
    /// Refused enrolments per minute and address before that address has to wait.
    pub failed_enrolments_per_minute: u32,
    /// Sign-in attempts per minute and address.
    pub sign_ins_per_minute: u32,
    /// Answers through links from e-mail per minute and address.
    pub link_answers_per_minute: u32,
    /// An issuer's keys are fetched again for an unknown key at most this often, in milliseconds.
    pub key_fetch_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            send_within_ms: 20_000,
            object_threads: 8,
            idle_ms: 3_000,
            failed_enrolments_per_minute: 20,
            sign_ins_per_minute: 30,
            link_answers_per_minute: 30,
            key_fetch_ms: 10_000,
        }
    }
}

/// One accepted OpenID Connect issuer. Every field but the issuer has a default that fits Clerk.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// Exactly as in the `iss` claim; discovery is below it (OpenID Connect Discovery 1.0 §4).
    pub issuer: String,
    /// Accepted values of `aud`; empty means that `aud` is not looked at (Clerk's session tokens have none).
    #[serde(default)]
    pub audience: Vec<String>,
    /// Accepted values of `azp`; empty means that it is not looked at.
    #[serde(default)]
    pub authorized_parties: Vec<String>,
    /// Organisations that may use this control plane, as the issuer names them; empty means all of the issuer's.
    #[serde(default)]
    pub organisations: Vec<String>,
    /// Where in the token things are.
    #[serde(default)]
    pub claims: ClaimNames,
    /// The issuer's role names and ours.
    #[serde(default = "default_roles")]
    pub roles: BTreeMap<String, caisey_protocol::role::Role>,
    /// Whether a token without `nbf` is refused.
    #[serde(default = "yes")]
    pub require_nbf: bool,
    /// How consoles sign people in with this issuer; absent means that they cannot, and tokens come from elsewhere.
    #[serde(default)]
    pub console: Option<ConsoleClient>,
}

/// The client that is registered with an issuer for consoles.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsoleClient {
    /// What people call the provider, such as `Northstar single sign-on`.
    pub name: String,
    /// The client's identifier: public, with PKCE, redirected to `http://127.0.0.1` on any port (RFC 8252).
    pub client_id: String,
    /// Scopes besides `openid`; `offline_access` for a sign-in that outlives its first token.
    #[serde(default = "offline_access")]
    pub scopes: Vec<String>,
    /// Which of the issuer's tokens has the organisation in it.
    #[serde(default)]
    pub bearer: BearerKind,
    /// Whether consoles ask for a token for this control plane alone (RFC 8707). Its address is then the token's audience.
    #[serde(default)]
    pub resource_bound: bool,
}

fn offline_access() -> Vec<String> {
    vec!["offline_access".to_owned()]
}

impl IssuerConfig {
    /// What consoles are told, when they can sign in here.
    pub(crate) fn sign_in(&self) -> Option<SignInProvider> {
        self.console.as_ref().map(|console| SignInProvider {
            name: console.name.clone(),
            issuer: self.issuer.clone(),
            client_id: console.client_id.clone(),
            scopes: console.scopes.clone(),
            bearer: console.bearer,
            resource_bound: console.resource_bound,
        })
    }
}

impl IssuerConfig {
    /// An issuer with Clerk's claims and role names.
    pub fn clerk(issuer: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            audience: Vec::new(),
            authorized_parties: Vec::new(),
            organisations: Vec::new(),
            claims: ClaimNames::default(),
            roles: default_roles(),
            require_nbf: true,
            console: None,
        }
    }
}

fn yes() -> bool {
    true
}

/// Our roles by Clerk's names for them.
pub fn default_roles() -> BTreeMap<String, caisey_protocol::role::Role> {
    use caisey_protocol::role::Role;
    [
        ("org:owner", Role::Owner),
        ("org:admin", Role::Admin),
        ("org:technician", Role::Technician),
        ("org:dispatcher", Role::Dispatcher),
        ("org:auditor", Role::Auditor),
        ("org:contact", Role::Contact),
    ]
    .into_iter()
    .map(|(name, role)| (name.to_owned(), role))
    .collect()
}

/// Where claims are, as JSON pointers (RFC 6901), tried in order.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClaimNames {
    /// The organisation.
    pub organisation: Vec<String>,
    /// Its name, for screens.
    pub organisation_name: Vec<String>,
    /// The role. A value without a colon gets `org:` in front, as in Clerk's second token version.
    pub role: Vec<String>,
    /// For contacts: the identifier (`cli_…`) of their client.
    pub client: Vec<String>,
    /// The person's name.
    pub name: Vec<String>,
    /// Their e-mail address.
    pub email: Vec<String>,
}

impl Default for ClaimNames {
    fn default() -> Self {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            organisation: list(&["/o/id", "/org_id"]),
            organisation_name: list(&["/org_name", "/o/slg", "/org_slug"]),
            role: list(&["/o/rol", "/org_role"]),
            client: list(&["/client_id", "/metadata/client_id", "/public_metadata/client_id"]),
            name: list(&["/name", "/email"]),
            email: list(&["/email"]),
        }
    }
}

/// Contents of the file that `--issuer-config` names.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerFile {
    /// All accepted issuers.
    pub issuers: Vec<IssuerConfig>,
}
