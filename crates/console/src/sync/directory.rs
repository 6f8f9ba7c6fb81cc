//! The directory's socket: which endpoints and sessions there are, and which logs have grown.
//!
//! Promises: after every (re)connection each log's head is compared with what the cache holds; a log under a foreign name is kept out and
//! shown. Reconnects as `caisey_client::connection` says.

use super::engine::Engine;
use super::witness::chain;
use crate::cache::{log, session};
use crate::error::ConsoleError;
use crate::view::{Connection, Notice};
use caisey_client::awake;
use caisey_client::connection::{Connection as Machine, Input, Output};
use caisey_client::error::ApiError;
use caisey_client::socket::{Receiver, watch_directory};
use caisey_protocol::error::ErrorCode;
use caisey_protocol::http::{EndpointView, SessionView};
use caisey_protocol::watch::DirectoryEvent;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

impl Engine {
    pub(super) async fn keep_directory(self: Arc<Self>) {
        let start = Instant::now();
        let now = || u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut machine = Machine::default();
        let mut output = machine.handle(now(), self.random(), Input::Start);
        let mut offline_since = None;
        let mut why = String::new();
        loop {
            match output {
                Some(Output::Connect) => {
                    if offline_since.is_none() {
                        self.hub.set_connection(Connection::Connecting {});
                    }
                    let input = match self
                        .open(|address, token| async move { watch_directory(&address, &token).await })
                        .await
                    {
                        Ok(receiver) => {
                            machine.handle(now(), self.random(), Input::Opened);
                            offline_since = None;
                            self.hub.drop_notice("sign_in_needed", None);
                            self.hub.set_connection(Connection::Online {});
                            self.looks_changed();
                            let engine = Arc::clone(&self);
                            tokio::spawn(async move { engine.speak_first().await });
                            why = self.follow_directory(receiver).await;
                            Input::Closed
                        }
                        Err(error) => {
                            why = chain(&error);
                            self.failed(&error)
                        }
                    };
                    output = machine.handle(now(), self.random(), input);
                }
                Some(Output::WaitUntil(until)) => {
                    let wait = until.saturating_sub(now());
                    let since_ms = *offline_since.get_or_insert_with(|| self.now_ms());
                    let retry_at_ms = self.now_ms().saturating_add(wait);
                    self.hub.set_connection(Connection::Offline {
                        since_ms,
                        why: why.clone(),
                        retry_at_ms,
                    });
                    tokio::select! {
                        () = tokio::time::sleep(Duration::from_millis(wait)) => {
                            output = machine.handle(now(), self.random(), Input::Deadline);
                        }
                        () = awake::woke() => {
                            output = machine.handle(now(), self.random(), Input::Woke);
                        }
                        // A person who asks may have mended either, network or sign-in.
                        () = self.hub.retry_now.notified() => {
                            output = machine.handle(now(), self.random(), Input::CredentialsChanged);
                        }
                    }
                }
                _ => {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    output = machine.handle(now(), self.random(), Input::Deadline);
                }
            }
        }
    }

    fn failed(&self, error: &ApiError) -> Input {
        if error.needs_sign_in() {
            self.hub.notice(Notice {
                code: "sign_in_needed".to_owned(),
                severity: "warning".to_owned(),
                message: "The control plane no longer accepts this sign-in. Everything synchronised can still be read. Sign in again to \
                          go on working."
                    .to_owned(),
                endpoint: None,
                evidence: Vec::new(),
            });
            return Input::Refused;
        }
        match error {
            ApiError::Refused { body, .. } if body.retry_after_ms.is_some() => {
                Input::AskedToWait(body.retry_after_ms.unwrap_or(1_000))
            }
            ApiError::Refused { body, .. } if matches!(body.code, ErrorCode::Forbidden | ErrorCode::UnsupportedVersion) => {
                Input::Refused
            }
            _ => Input::Failed,
        }
    }

    /// Until the connection ends; returns why it did.
    async fn follow_directory(self: &Arc<Self>, mut receiver: Receiver<DirectoryEvent>) -> String {
        loop {
            let result = match receiver.recv().await {
                Ok(DirectoryEvent::Snapshot { endpoints, sessions }) => self.take_directory(endpoints, sessions, true).await,
                Ok(DirectoryEvent::Endpoint(endpoint)) => self.take_directory(vec![endpoint], Vec::new(), false).await,
                Ok(DirectoryEvent::Session(session)) => self.take_directory(Vec::new(), vec![session], false).await,
                Ok(DirectoryEvent::Approvals { approvals }) => self.take_approvals(approvals, true).await,
                Ok(DirectoryEvent::Approval(approval)) => self.take_approvals(vec![*approval], false).await,
                Ok(DirectoryEvent::Error(body)) => return body.detail,
                Err(lost) => return lost.to_string(),
            };
            if let Err(error) = result {
                tracing::error!(error = chain(&error), "the directory could not be stored");
            }
        }
    }

    async fn take_directory(
        self: &Arc<Self>,
        endpoints: Vec<EndpointView>,
        sessions: Vec<SessionView>,
        is_snapshot: bool,
    ) -> Result<(), ConsoleError> {
        let (mut sound, mut strange) = (Vec::new(), Vec::new());
        for endpoint in endpoints {
            let expected = format!("{}{}", self.origin, endpoint.endpoint);
            if endpoint.log == expected {
                sound.push(endpoint)
            } else {
                strange.push(endpoint)
            }
        }
        for endpoint in strange {
            self.hub.notice(wrong_log(&endpoint));
        }
        let wanted = self
            .with_cache(move |cache| {
                cache.write(|tx| {
                    let mut wanted = Vec::new();
                    for endpoint in &sound {
                        log::put_directory(tx, endpoint)?;
                        let cached = log::of_endpoint(tx, endpoint.endpoint.as_str())?.map_or(0, |row| row.cached_size);
                        if is_snapshot || endpoint.log_size != cached {
                            wanted.push(endpoint.endpoint.to_string());
                        }
                    }
                    for session in &sessions {
                        session::put_directory(tx, session)?;
                    }
                    Ok(wanted)
                })
            })
            .await?;
        for endpoint in wanted {
            self.want(&endpoint);
        }
        self.hub.changed();
        Ok(())
    }
}

fn wrong_log(endpoint: &EndpointView) -> Notice {
    Notice {
        code: "wrong_log".to_owned(),
        severity: "danger".to_owned(),
        message: format!(
            "The control plane names {} as the log of {}, which is not this organisation's log of that endpoint. Nothing of it was taken in. \
             Ask whoever runs the control plane.",
            crate::visible::marked_line(&endpoint.log),
            crate::visible::marked_line(&endpoint.hostname)
        ),
        endpoint: Some(endpoint.endpoint.to_string()),
        evidence: Vec::new(),
    }
}
