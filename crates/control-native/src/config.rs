//! What an operator can set.

use crate::mail::MailConfig;
pub use caisey_control::issuer::{ClaimNames, ConsoleClient, IssuerConfig, default_roles};
use serde::{Deserialize, Serialize};
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
    /// Readings of shared records per minute and address.
    pub share_readings_per_minute: u32,
    /// Passphrases of shared records per minute and address.
    pub share_passphrases_per_minute: u32,
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
            share_readings_per_minute: 120,
            share_passphrases_per_minute: 10,
            link_answers_per_minute: 30,
            key_fetch_ms: 10_000,
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
