//! What can go wrong with a request, told apart by what it means to the caller: nothing was sent, nobody knows, or it was refused.

use crate::token::TokenError;
use caisey_protocol::error::{ErrorBody, ErrorCode};
use std::error::Error as StdError;

/// A request did not get the answer it wanted.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The control plane could not be reached: nothing was sent and nothing has happened.
    #[error("the control plane cannot be reached: {0}")]
    Unreachable(String),
    /// The request was sent and no answer came: it may have been carried out. Repeating it with the same identifier is safe.
    #[error("the control plane did not answer; the request may have been carried out: {0}")]
    NoAnswer(String),
    /// The control plane would not.
    #[error("{}", .body.detail)]
    Refused {
        /// HTTP status.
        status: u16,
        /// Why, with its code.
        body: ErrorBody,
    },
    /// There is no token to ask with.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The answer is longer than any honest one.
    #[error("the answer is longer than {limit_bytes} bytes and was not read")]
    TooLarge {
        /// Most bytes that this request's answer may have.
        limit_bytes: usize,
    },
    /// Something answered that does not speak our language: a proxy, a captive portal, another version.
    #[error("the answer (HTTP {status}) is not one of a Caisey control plane: {detail}")]
    Unintelligible {
        /// HTTP status.
        status: u16,
        /// What could not be understood. Never quotes the body.
        detail: String,
    },
    /// This program cannot set up requests at all (no root certificates, for instance).
    #[error("cannot prepare a protected connection: {0}")]
    Setup(String),
}

impl ApiError {
    /// The control plane's stable word for the refusal, when it is one.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused { body, .. } => Some(body.code),
            _ => None,
        }
    }

    /// Whether the network is to blame: what is cached is all there is for now, and trying later makes sense.
    pub fn is_offline(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::NoAnswer(_) | Self::Token(TokenError::Unreachable(_)) => true,
            // What proxies say for a control plane that is down.
            Self::Unintelligible { status, .. } => matches!(status, 502..=504),
            _ => false,
        }
    }

    /// Whether a person has to sign in again before anything will work.
    pub fn needs_sign_in(&self) -> bool {
        matches!(self, Self::Token(TokenError::SignInNeeded(_))) || self.code() == Some(ErrorCode::Unauthenticated)
    }

    pub(crate) fn from_transport(error: &reqwest::Error) -> Self {
        let text = chain(error);
        if error.is_connect() || error.is_builder() {
            Self::Unreachable(text)
        } else {
            Self::NoAnswer(text)
        }
    }
}

/// An error and its causes in one line, without the address (it may hold identifiers).
pub(crate) fn chain(error: &dyn StdError) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(current) = next {
        let text = current.to_string();
        let repeated = parts.last().is_some_and(|last| last.contains(&text));
        if !repeated {
            parts.push(text);
        }
        next = current.source();
    }
    parts.join(": ")
}
