//! Signing a person in to a control plane somewhere else: with its own accounts, or at its identity provider in the system browser.
//!
//! Promises: one sign-in at a time, which the person can stop; the page hears where it stands; what failed is said with what it means
//! and what to do. In tests `CAISEY_BROWSER` names the program that stands in for the system browser. Leaves out: the protocol
//! (`caisey_client::oidc`) and what happens after (`crate::opening`).

use crate::desktop::{Desktop, ShellEvent, locked};
use crate::opening::refused;
use crate::tokens::{account, view};
use caisey_client::account::AccountTokens;
use caisey_client::oidc::{OidcTokens, Provider, SignInError, Step};
use caisey_client::{Api, ControlUrl};
use caisey_console::kept_tokens::KeptRefresh;
use caisey_console::remembered::Remembered;
use caisey_console::{ConsoleError, ErrorView, TokenSource};
use caisey_protocol::sign_in::SignInWays;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tauri_plugin_opener::OpenerExt;

/// How to sign in to a control plane.
#[derive(Deserialize)]
pub(crate) struct How {
    address: String,
    email: Option<String>,
    password: Option<String>,
    /// The issuer of the provider to go to.
    provider: Option<String>,
}

/// How a person can sign in at an address.
#[derive(Serialize)]
pub(crate) struct Ways {
    /// The address as it will be used.
    address: String,
    /// Whether there are accounts with passwords.
    local: bool,
    /// Providers to go to in the browser.
    providers: Vec<Door>,
}

/// One provider as the page shows it.
#[derive(Serialize)]
pub(crate) struct Door {
    issuer: String,
    name: String,
    /// Where the browser will go: the only part of an address that a person can judge.
    host: String,
}

/// Where a sign-in in the browser stands.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "at", rename_all = "snake_case")]
pub(crate) enum Progress {
    /// The browser was sent to this address.
    Browser {
        /// For copying, when no browser came up.
        address: String,
        /// Answers that came and did not belong to this sign-in.
        strays: u32,
    },
    /// The browser came back.
    Finishing,
}

/// A sign-in that is under way.
pub(crate) struct Attempt {
    stop: Arc<tokio::sync::Notify>,
    address: Option<String>,
}

impl Desktop {
    /// Asks a control plane how people sign in there.
    pub(crate) async fn sign_in_ways(&self, address: &str) -> Result<Ways, ErrorView> {
        let (url, ways) = ask(address).await?;
        let doors = ways.providers.into_iter().map(|provider| Door {
            host: host(&provider.issuer),
            name: caisey_console::visible::marked_line(&provider.name),
            issuer: provider.issuer,
        });
        Ok(Ways {
            address: url.as_str().to_owned(),
            local: ways.local,
            providers: doors.collect(),
        })
    }

    /// Signs in and shows the console.
    pub(crate) async fn sign_in_remote(self: &Arc<Self>, how: How) -> Result<(), ErrorView> {
        let stop = Arc::new(tokio::sync::Notify::new());
        *locked(&self.attempt) = Some(Attempt {
            stop: Arc::clone(&stop),
            address: None,
        });
        let signed = tokio::select! {
            signed = self.try_sign_in(how) => signed,
            () = stop.notified() => Err(ConsoleError::Cancelled.view()),
        };
        let ours = locked(&self.attempt)
            .as_ref()
            .is_some_and(|attempt| Arc::ptr_eq(&attempt.stop, &stop));
        if ours {
            *locked(&self.attempt) = None;
        }
        signed
    }

    async fn try_sign_in(self: &Arc<Self>, how: How) -> Result<(), ErrorView> {
        let (url, ways) = ask(&how.address).await?;
        let address = url.as_str().to_owned();
        let (tokens, provider): (Arc<dyn TokenSource>, _) = match (how.provider, how.email, how.password) {
            (Some(issuer), ..) => {
                let found = ways.providers.iter().find(|provider| provider.issuer == issuer);
                let published = found.ok_or_else(|| {
                    refused(
                        "conflict",
                        "This control plane no longer offers that way to sign in. Look again.".to_owned(),
                    )
                })?;
                let provider = Provider::published(published, &url);
                let tokens = self.through_browser(&address, provider.clone()).await?;
                (Arc::new(tokens), Some(provider))
            }
            (None, Some(email), Some(password)) => {
                let store = Arc::new(KeptRefresh::new(self.keys()?, &address, None));
                let tokens = AccountTokens::sign_in(url, &email, &password, store).await;
                let tokens = tokens.map_err(|fault| account(&fault))?;
                (Arc::new(tokens), None)
            }
            _ => return Err(refused("invalid", "An e-mail address and a password are needed.".to_owned())),
        };
        self.stay_signed_in(Remembered::ControlPlane { address, provider }, tokens)
            .await
    }

    async fn through_browser(self: &Arc<Self>, address: &str, provider: Provider) -> Result<OidcTokens, ErrorView> {
        let strays = AtomicU32::new(0);
        let store = Arc::new(KeptRefresh::new(self.keys()?, address, Some(&provider)));
        let tell = |step: Step| match step {
            Step::Browse(place) => {
                if let Some(attempt) = locked(&self.attempt).as_mut() {
                    attempt.address = Some(place.clone());
                }
                self.tell_browser(place.clone(), 0);
                // Without a browser on this machine the address can still be copied to one.
                if let Err(error) = self.browse(&place) {
                    tracing::warn!(error, "the system browser did not open");
                }
                Ok(())
            }
            Step::Stray => {
                let count = strays.fetch_add(1, Ordering::Relaxed) + 1;
                let place = locked(&self.attempt).as_ref().and_then(|attempt| attempt.address.clone());
                self.tell_browser(place.unwrap_or_default(), count);
                Ok(())
            }
            Step::Returned => {
                self.tell(ShellEvent::SignIn {
                    progress: Progress::Finishing,
                });
                Ok(())
            }
        };
        let host = host(&provider.issuer);
        OidcTokens::sign_in(provider, store, tell)
            .await
            .map_err(|error| not_signed_in(&error, &host))
    }

    fn tell_browser(&self, address: String, strays: u32) {
        let progress = Progress::Browser { address, strays };
        self.tell(ShellEvent::SignIn { progress });
    }

    /// Stops the sign-in that is under way, if any.
    pub(crate) fn cancel_sign_in(&self) {
        if let Some(attempt) = locked(&self.attempt).as_ref() {
            attempt.stop.notify_one();
        }
    }

    /// Sends the browser to the sign-in's address once more.
    pub(crate) fn browse_again(&self) -> Result<(), ErrorView> {
        let place = locked(&self.attempt).as_ref().and_then(|attempt| attempt.address.clone());
        let place = place.ok_or_else(|| refused("not_found", "No sign-in is waiting for a browser.".to_owned()))?;
        self.browse(&place).map_err(|error| {
            refused(
                "browser_failed",
                format!("The system browser did not open ({error}). Copy the address and open it yourself."),
            )
        })
    }

    /// Only addresses that `caisey_client::oidc` found trustworthy get here.
    fn browse(&self, address: &str) -> Result<(), String> {
        if let Some(program) = std::env::var_os("CAISEY_BROWSER") {
            let started = std::process::Command::new(program).arg(address).spawn();
            return started.map(drop).map_err(|error| error.to_string());
        }
        let opener = self.app.opener();
        opener.open_url(address, None::<&str>).map_err(|error| error.to_string())
    }
}

async fn ask(address: &str) -> Result<(ControlUrl, SignInWays), ErrorView> {
    let url: ControlUrl = address
        .parse()
        .map_err(|error| refused("invalid", format!("{}.", crate::opening::sentence(&format!("{error}")))))?;
    let api = Api::anonymous(url.clone()).map_err(|error| view(&error))?;
    let ways = api.sign_in_ways().await.map_err(|error| match &error {
        caisey_client::ApiError::Unintelligible { .. } | caisey_client::ApiError::TooLarge { .. } => refused(
            "untrusted_answer",
            format!("Something answers at {url}, but it is not a Caisey control plane. Check the address."),
        ),
        other => view(other),
    })?;
    if !ways.local && ways.providers.is_empty() {
        let words = format!("{url} offers no way to sign in from a console. Whoever runs it has to configure one.");
        return Err(refused("forbidden", words));
    }
    Ok((url, ways))
}

fn host(address: &str) -> String {
    let after = address.split_once("://").map_or(address, |(_, rest)| rest);
    caisey_console::visible::marked_line(after.split(['/', '?', '#']).next().unwrap_or(after))
}

/// What happened, what it means, what to do.
fn not_signed_in(error: &SignInError, host: &str) -> ErrorView {
    let (code, words) = match error {
        SignInError::Unreachable(why) => (
            "provider_unreachable",
            format!("The sign-in service at {host} cannot be reached ({why}). Check the network and try again."),
        ),
        SignInError::Address(why) | SignInError::Untrusted(why) => (
            "provider_untrusted",
            format!("What the sign-in service at {host} sent does not hold: {why}. You were not signed in. Ask whoever runs it."),
        ),
        SignInError::Clock { .. } => (
            "clock_differs",
            format!(
                "{}. Nothing that it signs can be judged like that. Set this computer’s clock and sign in again.",
                crate::opening::sentence(&error.to_string())
            ),
        ),
        SignInError::Refused(why) => (
            "sign_in_refused",
            format!("{host} did not sign you in: {}.", caisey_console::visible::marked_line(why)),
        ),
        SignInError::Browser(why) => ("browser_failed", format!("{}.", crate::opening::sentence(why))),
        SignInError::Late => (
            "sign_in_late",
            format!(
                "{}. The browser may have been closed. Start again when you are ready.",
                crate::opening::sentence(&error.to_string())
            ),
        ),
        SignInError::Store(why) => (
            "key_store_failed",
            format!("The sign-in could not be kept in the key store: {why}."),
        ),
    };
    refused(code, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_host_of_an_address_is_shown() {
        assert_eq!(host("https://id.example.com/realm/x?y"), "id.example.com");
        assert_eq!(host("http://127.0.0.1:4000"), "127.0.0.1:4000");
        assert_eq!(host("id\u{202e}moc"), caisey_console::visible::marked_line("id\u{202e}moc"));
    }

    #[test]
    fn every_failure_says_what_to_do_or_who_said_no() {
        let all = [
            SignInError::Unreachable("refused".to_owned()),
            SignInError::Untrusted("its nonce".to_owned()),
            SignInError::Clock { ahead_s: -7_200 },
            SignInError::Refused("access_denied".to_owned()),
            SignInError::Late,
        ];
        let mut codes: Vec<String> = Vec::new();
        for error in &all {
            let view = not_signed_in(error, "id.example.com");
            assert!(
                view.message.ends_with('.')
                    && view
                        .message
                        .chars()
                        .next()
                        .is_some_and(|first| !first.is_lowercase() || first == 'i')
            );
            codes.push(view.code);
        }
        codes.sort();
        codes.dedup();
        assert_eq!(codes.len(), all.len());
    }
}
