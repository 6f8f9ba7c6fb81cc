//! Tokens for the owner of the control plane in this program, and what the page is told when a sign-in cannot be kept or gone on with.

use crate::opening::{refused, sentence};
use caisey_client::ApiError;
use caisey_client::account::{AccountError, Current};
use caisey_client::token::{TokenError, TokenFuture};
use caisey_console::kept_tokens::KeptError;
use caisey_console::{BearerToken, ErrorView, TokenSource};
use caisey_control_native::Running;
use caisey_protocol::error::ErrorCode;
use std::sync::{Arc, Weak};
use tokio::sync::Mutex;

/// Tokens for the owner of the control plane in this program.
pub(crate) struct OwnerTokens {
    plane: Weak<Running>,
    name: String,
    current: Mutex<Option<Current>>,
}

impl OwnerTokens {
    pub(crate) fn new(plane: &Arc<Running>, name: String) -> Self {
        Self {
            plane: Arc::downgrade(plane),
            name,
            current: Mutex::new(None),
        }
    }
}

impl TokenSource for OwnerTokens {
    fn bearer<'a>(&'a self, refused: Option<&'a BearerToken>) -> TokenFuture<'a> {
        Box::pin(async move {
            let mut current = self.current.lock().await;
            if let Some(token) = Current::good_for(current.as_ref(), refused) {
                return Ok(token);
            }
            let stopped = || TokenError::Unreachable("the control plane in this program has stopped".to_owned());
            let plane = self.plane.upgrade().ok_or_else(stopped)?;
            let name = self.name.clone();
            let answer = tokio::task::spawn_blocking(move || plane.bootstrap_owner(&name))
                .await
                .map_err(|_| stopped())?
                .map_err(|error| TokenError::SignInNeeded(error.to_string()))?;
            let fresh = current.insert(Current::of(&answer));
            Ok(fresh.token().clone())
        })
    }
}

pub(crate) fn view(error: &ApiError) -> ErrorView {
    match error {
        ApiError::Refused { body, .. } => ErrorView {
            code: match body.code {
                ErrorCode::Unauthenticated => "unauthenticated",
                ErrorCode::TooManyRequests => "too_many_requests",
                ErrorCode::NotFound => "not_found",
                _ => "control_internal",
            }
            .to_owned(),
            message: body.detail.clone(),
            retry_after_ms: body.retry_after_ms,
        },
        other => refused("offline", format!("The control plane cannot be reached: {other}.")),
    }
}

/// The same for a sign-in that cannot be gone on with.
pub(crate) fn kept(fault: &KeptError) -> ErrorView {
    match fault {
        KeptError::Control(error) => view(error),
        KeptError::Address(_) | KeptError::Provider(_) => refused("invalid", format!("{}.", sentence(&fault.to_string()))),
    }
}

/// The same for an account that was not signed in to.
pub(crate) fn account(fault: &AccountError) -> ErrorView {
    match fault {
        AccountError::Control(error) => view(error),
        AccountError::Store(_) => refused("key_store_failed", format!("{}.", sentence(&fault.to_string()))),
    }
}
