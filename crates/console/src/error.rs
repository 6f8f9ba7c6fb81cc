//! Every way in which a request to the console's backend can fail, each with a stable word and a sentence for people.
//!
//! The sentence says what happened, what it means and what to do. The page maps the word to its own wording if it wants one.

use crate::ports::KeyStoreError;
use caisey_protocol::error::{ErrorBody, ErrorCode};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Why a request was not done.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// No key store: the cache's key and the signing key have nowhere safe to be.
    #[error(
        "This machine has no key store service, so the console has no safe place for the key of its encrypted cache. Nothing was \
         opened or written. Start a key store (on Linux a Secret Service such as GNOME Keyring or KWallet) and try again, or choose to \
         protect the keys with a passphrase that you will be asked for at every start."
    )]
    KeyStoreMissing(#[source] KeyStoreError),
    /// The key store wants a person to unlock it.
    #[error(
        "The key store is locked, so the encrypted cache cannot be opened. Unlock it (usually with your login password) and try again."
    )]
    KeyStoreLocked(#[source] KeyStoreError),
    /// The key store is there and failed.
    #[error(
        "The key store failed, so the encrypted cache cannot be opened. Nothing was lost. Check the key store's own program and try again."
    )]
    KeyStoreFailed(#[source] KeyStoreError),
    /// Another console has this cache open for writing.
    #[error(
        "Another console is already running with this person's cache on this machine. Two of them would disturb each other's \
         record of what was verified, so this one did not start. Use the one that is running, or close it first."
    )]
    CacheInUse,
    /// The cache file was written by a newer program.
    #[error(
        "The cache was written by a newer version of this program (format {found}, this program knows {known}). It was left untouched. \
         Install the newer version."
    )]
    CacheTooNew {
        /// Its compatibility number.
        found: i64,
        /// The highest that this program knows.
        known: i64,
    },
    /// The cache could not be read or written.
    #[error(
        "The encrypted cache could not be read or written ({0}). What was stored before is safe. Check that the disk has room and try again."
    )]
    Cache(#[source] rusqlite::Error),
    /// A file beside the cache could not be read or written.
    #[error(
        "The console's folder could not be read or written. Check that the disk has room and the folder's permissions, then try again."
    )]
    Folder(#[source] std::io::Error),
    /// Nobody is signed in and no cache was opened before.
    #[error("Nobody is signed in on this machine yet, so there is nothing to show. Sign in first.")]
    SignedOut,
    /// It needs the control plane, which cannot be reached.
    #[error(
        "The control plane cannot be reached ({why}), so nothing was sent. Everything already synchronised can still be read and searched. Try again when the connection is back."
    )]
    Offline {
        /// For people.
        why: String,
    },
    /// Opened for reading only.
    #[error("This console was opened for reading only, so nothing was changed. Use the console that is open for writing.")]
    ReadOnly,
    /// The control plane answered no.
    #[error("{}", with_a_way_on(.0))]
    Refused(ErrorBody),
    /// The control plane answered something that cannot be believed.
    #[error(
        "The control plane gave an answer that does not hold ({0}). It was not used. Report this to whoever runs the control plane."
    )]
    Untrusted(String),
    /// There is no such thing in the cache.
    #[error("There is no {what} {id} in this console's cache. It may not be synchronised yet, or it belongs to somebody else.")]
    NotFound {
        /// `session`, `endpoint`, `action`.
        what: &'static str,
        /// Which.
        id: String,
    },
    /// What was asked for makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// The person stopped it.
    #[error("Stopped, as asked. Nothing was changed.")]
    Cancelled,
    /// Our fault.
    #[error("The console made a mistake ({0}). Nothing was lost. Please report it.")]
    Internal(String),
}

impl ConsoleError {
    /// A stable word for it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::KeyStoreMissing(_) => "key_store_missing",
            Self::KeyStoreLocked(_) => "key_store_locked",
            Self::KeyStoreFailed(_) => "key_store_failed",
            Self::CacheInUse => "cache_in_use",
            Self::CacheTooNew { .. } => "cache_too_new",
            Self::Cache(_) => "cache_failed",
            Self::Folder(_) => "folder_failed",
            Self::SignedOut => "signed_out",
            Self::Offline { .. } => "offline",
            Self::ReadOnly => "read_only",
            Self::Refused(body) => refusal_word(body.code),
            Self::Untrusted(_) => "untrusted_answer",
            Self::NotFound { .. } => "not_found",
            Self::Invalid(_) => "invalid",
            Self::Cancelled => "cancelled",
            Self::Internal(_) => "internal",
        }
    }

    /// For the wire to the page.
    pub fn view(&self) -> ErrorView {
        let retry_after_ms = match self {
            Self::Refused(body) => body.retry_after_ms,
            _ => None,
        };
        ErrorView {
            code: self.code().to_owned(),
            message: self.to_string(),
            retry_after_ms,
        }
    }
}

/// What the control plane said; where it knows no more than that something is not there, what a person can do about that.
fn with_a_way_on(body: &ErrorBody) -> String {
    let detail = body.detail.trim();
    if body.code == ErrorCode::NotFound && !detail.trim_end_matches('.').contains(". ") {
        return format!("{detail} It may have been removed, or it belongs to somebody else: look at the list again.");
    }
    detail.to_owned()
}

fn refusal_word(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::Unauthenticated => "unauthenticated",
        ErrorCode::Forbidden => "forbidden",
        ErrorCode::NotFound => "not_found",
        ErrorCode::BadRequest => "bad_request",
        ErrorCode::TooLarge => "too_large",
        ErrorCode::UnsupportedVersion => "unsupported_version",
        ErrorCode::Conflict => "conflict",
        ErrorCode::NotSendable => "not_sendable",
        ErrorCode::NotRecorded => "not_recorded",
        ErrorCode::BadSignature => "bad_signature",
        ErrorCode::TooManyRequests => "too_many_requests",
        ErrorCode::InstallerRefused => "installer_refused",
        ErrorCode::Internal => "control_internal",
    }
}

impl From<KeyStoreError> for ConsoleError {
    fn from(error: KeyStoreError) -> Self {
        match error {
            KeyStoreError::Missing(_) => Self::KeyStoreMissing(error),
            KeyStoreError::Locked(_) => Self::KeyStoreLocked(error),
            KeyStoreError::Other(_) => Self::KeyStoreFailed(error),
        }
    }
}

impl From<rusqlite::Error> for ConsoleError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Cache(error)
    }
}

/// An error as the page gets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ErrorView {
    /// A stable word.
    pub code: String,
    /// What happened, what it means, what to do.
    pub message: String,
    /// When to try again, in milliseconds.
    #[ts(type = "number | null")]
    pub retry_after_ms: Option<u64>,
}
