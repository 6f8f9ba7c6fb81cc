//! The consoles' streams: `GET /v1/watch` for the directory, `GET /v1/endpoints/{id}/watch` for one log.

use super::App;
use super::access::Signed;
use super::consent::all_approvals;
use super::directory::{all_endpoints, some_sessions};
use super::records::{bad_query, readable, seq};
use super::refusal::Refusal;
use super::runtime_socket::not_a_websocket;
use super::socket::{Until, Wire, limited, run};
use axum::extract::rejection::QueryRejection;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, Query, State};
use axum::response::Response;
use caisey_control::audience::Viewer;
use caisey_control::directory;
use caisey_control::endpoint::Input;
use caisey_control::organisation::SessionFilter;
use caisey_control::port::{ConnId, ObjectName};
use caisey_ledger::id::Seq;
use caisey_protocol::error::{ErrorBody, ErrorCode};
use caisey_protocol::watch::{DirectoryEvent, LogEvent};
use serde::Deserialize;

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

pub(crate) async fn directory(State(app): State<App>, signed: Signed, upgrade: Upgrade) -> Result<Response, Refusal> {
    let upgrade = limited(upgrade.map_err(|_| not_a_websocket())?);
    Ok(upgrade.on_upgrade(move |socket| Box::pin(serve_directory(socket, app, signed))))
}

async fn serve_directory(mut socket: WebSocket, app: App, signed: Signed) {
    let organisation = signed.0.caller.organisation.clone();
    // Listening starts before the snapshot is taken: nothing falls between.
    let hub = std::sync::Arc::clone(app.objects.hub());
    let mut inbox = hub.watch(&organisation, viewer(&signed));
    let conn = inbox.conn;
    let until = Until {
        first_frame: None,
        token_ms: Some(signed.0.expires_at_ms),
        send_within: app.objects.send_within(),
    };
    let mut wire = DirectoryWire { app, signed };
    match wire.snapshot().await {
        Ok(first) => {
            if super::socket::first(&mut socket, first, until.send_within).await {
                run(&mut socket, &mut inbox, &mut wire, until).await;
            }
        }
        Err(error) => super::socket::refuse(&mut socket, wire.error(error), until.send_within).await,
    }
    hub.unwatch(&organisation, conn);
}

struct DirectoryWire {
    app: App,
    signed: Signed,
}

impl DirectoryWire {
    /// Everything that this person may see: the directory, then what is to be decided.
    async fn snapshot(&self) -> Result<Vec<String>, ErrorBody> {
        let endpoints = all_endpoints(&self.app, &self.signed).await.map_err(Refusal::into_body)?;
        let sessions = some_sessions(&self.app, &self.signed, SessionFilter::default())
            .await
            .map_err(Refusal::into_body)?;
        let approvals = all_approvals(&self.app, &self.signed).await.map_err(Refusal::into_body)?;
        let frames = [
            directory::snapshots(endpoints, sessions).map_err(|_| not_written())?,
            directory::requests(approvals).map_err(|_| not_written())?,
        ];
        frames
            .iter()
            .flatten()
            .map(|frame| serde_json::to_string(frame).map_err(|_| not_written()))
            .collect()
    }
}

fn viewer(signed: &Signed) -> Viewer {
    let caller = &signed.0.caller;
    Viewer {
        member: caller.member.clone(),
        role: caller.role,
        client: caller.client.clone(),
    }
}

fn not_written() -> ErrorBody {
    crate::object::internal("the directory could not be written as JSON")
}

impl Wire for DirectoryWire {
    fn error(&self, error: ErrorBody) -> Option<String> {
        serde_json::to_string(&DirectoryEvent::Error(error)).ok()
    }

    async fn heard(&mut self, _text: Utf8Bytes) -> Result<(), ErrorBody> {
        Err(listen_only())
    }

    async fn drained(&mut self, lagged: bool) -> Result<Vec<String>, ErrorBody> {
        if lagged { self.snapshot().await } else { Ok(Vec::new()) }
    }
}

/// From where on.
#[derive(Deserialize)]
pub(crate) struct WatchQuery {
    #[serde(default)]
    from: u64,
}

pub(crate) async fn log(
    State(app): State<App>,
    signed: Signed,
    Path(endpoint): Path<String>,
    query: Result<Query<WatchQuery>, QueryRejection>,
    upgrade: Upgrade,
) -> Result<Response, Refusal> {
    let Query(query) = query.map_err(bad_query)?;
    let from = seq(query.from)?;
    let (_, name) = readable(&app, &signed, &endpoint).await?;
    let upgrade = limited(upgrade.map_err(|_| not_a_websocket())?);
    let token_ms = signed.0.expires_at_ms;
    Ok(upgrade.on_upgrade(move |socket| Box::pin(serve_log(socket, app, name, from, token_ms))))
}

async fn serve_log(mut socket: WebSocket, app: App, name: ObjectName, from: Seq, token_ms: u64) {
    let mut inbox = app.objects.hub().attach(&name);
    let conn = inbox.conn;
    app.objects.tell_now(&name, Input::WatchOpened(conn, from));
    let mut wire = LogWire {
        app: &app,
        name: &name,
        conn,
    };
    run(
        &mut socket,
        &mut inbox,
        &mut wire,
        Until {
            first_frame: None,
            token_ms: Some(token_ms),
            send_within: app.objects.send_within(),
        },
    )
    .await;
    app.objects.hub().leave(conn);
    app.objects.tell_now(&name, Input::WatchClosed(conn));
}

struct LogWire<'a> {
    app: &'a App,
    name: &'a ObjectName,
    conn: ConnId,
}

impl Wire for LogWire<'_> {
    fn error(&self, error: ErrorBody) -> Option<String> {
        serde_json::to_string(&LogEvent::Error(error)).ok()
    }

    async fn heard(&mut self, _text: Utf8Bytes) -> Result<(), ErrorBody> {
        Err(listen_only())
    }

    async fn drained(&mut self, _lagged: bool) -> Result<Vec<String>, ErrorBody> {
        self.app.objects.tell_now(self.name, Input::WatchDrained(self.conn));
        Ok(Vec::new())
    }
}

fn listen_only() -> ErrorBody {
    ErrorBody {
        code: ErrorCode::BadRequest,
        detail: "A watching console sends nothing on this connection; it asks by HTTP.".to_owned(),
        retry_after_ms: None,
    }
}
