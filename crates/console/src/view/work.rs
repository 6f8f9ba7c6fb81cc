//! What a person does: commands, installer tokens, renewed checks.

use super::Verification;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A command to propose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NewCommand {
    /// Exact text.
    pub command: String,
    /// `sh`, `bash`, `pwsh`, `powershell`, `cmd`; absent means the endpoint's usual one.
    pub interpreter: Option<String>,
    /// Why.
    pub reason: String,
    /// Where to run it.
    pub cwd: Option<String>,
    /// A read-only command run before and after, to record the state that this changes.
    pub probe: Option<String>,
    /// Killed after this long; absent means ten minutes.
    #[ts(type = "number | null")]
    pub timeout_ms: Option<u64>,
}

/// An installer token to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NewInstaller {
    /// Endpoints enrolled with it belong to this client.
    pub client: String,
    /// What it is for.
    pub label: String,
    /// It stops working after this many milliseconds from now; absent means one day.
    #[ts(type = "number | null")]
    pub valid_for_ms: Option<u64>,
    /// How many endpoints may enrol with it; absent means one.
    pub max_uses: Option<u32>,
}

/// The only time that an installer token's secret is shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct InstallerSecretView {
    /// Identifier.
    pub installer: String,
    /// The secret, to be given to `caisey-runtime enrol`.
    pub token: String,
    /// What to run on a Linux or macOS machine that is to be enrolled.
    pub unix_command: String,
    /// The same in an elevated PowerShell.
    pub windows_command: String,
}

/// An installer token without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct InstallerRow {
    /// Identifier.
    pub installer: String,
    /// Client.
    pub client: String,
    /// What it is for.
    pub label: String,
    /// It stops working at this time.
    #[ts(type = "number")]
    pub expires_at_ms: u64,
    /// Limit.
    pub max_uses: u32,
    /// So far.
    pub uses: u32,
    /// Whether it was revoked.
    pub revoked: bool,
    /// When an endpoint last enrolled with it.
    #[ts(type = "number | null")]
    pub last_used_at_ms: Option<u64>,
}

/// How far a renewed check of a cached log is, and, at its end, what it found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct VerifyProgress {
    /// Endpoint whose log is checked.
    pub endpoint: String,
    /// Entries checked.
    #[ts(type = "number")]
    pub done: u64,
    /// Entries to check.
    #[ts(type = "number")]
    pub total: u64,
    /// Whether it is over.
    pub finished: bool,
    /// The outcome so far: broken as soon as one entry is.
    pub verification: Verification,
    /// What does not hold, in words, with the entry's number first; at most 100.
    pub faults: Vec<String>,
}
