//! `GET /v1/runtime/connect`: a runtime's connection. Who it is, it proves within the connection, to its Endpoint object.

use super::App;
use super::directory::id;
use super::enrol::unsupported;
use super::json::brief;
use super::refusal::Refusal;
use super::socket::{Over, Until, Wire, limited, run};
use crate::hub::Standing;
use crate::object::Objects;
use axum::extract::rejection::QueryRejection;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::response::Response;
use caisey_control::endpoint::Input;
use caisey_control::port::{ConnId, ObjectName};
use caisey_ledger::event::DisconnectReason;
use caisey_ledger::id::{EndpointId, OrganisationId};
use caisey_protocol::PROTOCOL_VERSION;
use caisey_protocol::error::{ErrorBody, ErrorCode};
use caisey_protocol::runtime::{FromRuntime, ToRuntime};
use serde::Deserialize;
use std::time::Duration;
use tokio::time::Instant;

/// A connection that has not said hello by then is closed.
const HELLO_WITHIN: Duration = Duration::from_secs(10);

/// Which endpoint the runtime says it is.
#[derive(Deserialize)]
pub(crate) struct RuntimeQuery {
    organisation: String,
    endpoint: String,
}

pub(crate) async fn connect(
    State(app): State<App>,
    query: Result<Query<RuntimeQuery>, QueryRejection>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refusal> {
    let Query(query) =
        query.map_err(|_| Refusal::bad_request("The address must end in ?organisation=…&endpoint=…, as in the log's origin."))?;
    let organisation: OrganisationId = id(&query.organisation)?;
    let endpoint: EndpointId = id(&query.endpoint)?;
    if !app.objects.exists(&organisation, &endpoint) {
        return Err(Refusal::not_found(
            "There is no such endpoint here. If this machine was enrolled elsewhere, enrol it again.",
        ));
    }
    let upgrade = limited(upgrade.map_err(|_| not_a_websocket())?);
    let objects = app.objects.clone();
    let name = ObjectName::Endpoint(organisation, endpoint);
    Ok(upgrade.on_upgrade(move |socket| Box::pin(serve(socket, objects, name))))
}

/// The answer to a plain request where a WebSocket is wanted.
pub(crate) fn not_a_websocket() -> Refusal {
    Refusal::bad_request("This address speaks WebSocket (RFC 6455) only.")
}

async fn serve(mut socket: WebSocket, objects: Objects, name: ObjectName) {
    let mut inbox = objects.hub().attach(&name);
    let conn = inbox.conn;
    objects.tell_now(&name, Input::RuntimeOpened(conn));
    let mut wire = RuntimeWire {
        objects: &objects,
        name: &name,
        conn,
        standing: inbox.standing(),
        said_goodbye: false,
    };
    let until = Until {
        first_frame: Some(Instant::now() + HELLO_WITHIN),
        token_ms: None,
        send_within: objects.send_within(),
    };
    let over = run(&mut socket, &mut inbox, &mut wire, until).await;
    let reason = match over {
        Over::Stopped => DisconnectReason::ControlRestarted,
        _ if wire.said_goodbye => DisconnectReason::Closed,
        Over::Closed => DisconnectReason::Closed,
        Over::Lost => DisconnectReason::Lost,
    };
    objects.hub().leave(conn);
    objects.tell_now(&name, Input::RuntimeClosed(conn, reason));
}

struct RuntimeWire<'a> {
    objects: &'a Objects,
    name: &'a ObjectName,
    conn: ConnId,
    standing: Standing,
    said_goodbye: bool,
}

impl Wire for RuntimeWire<'_> {
    fn error(&self, error: ErrorBody) -> Option<String> {
        serde_json::to_string(&ToRuntime::Error(error)).ok()
    }

    async fn heard(&mut self, text: Utf8Bytes) -> Result<(), ErrorBody> {
        let size = text.len();
        let message = parse(&text)?;
        drop(text);
        self.said_goodbye |= matches!(message, FromRuntime::Goodbye {});
        let input = match message {
            // Strangers get no work out of us before the object has sent them away.
            FromRuntime::Statements { statements } if self.standing.is_welcome() => {
                Input::RuntimeSaid(self.conn, self.objects.examine(statements, size).await?)
            }
            other => Input::RuntimeMessage(self.conn, Box::new(other)),
        };
        self.objects.tell(self.name, size, input).await
    }

    async fn drained(&mut self, _lagged: bool) -> Result<Vec<String>, ErrorBody> {
        Ok(Vec::new())
    }
}

fn parse(text: &str) -> Result<FromRuntime, ErrorBody> {
    /// What every version's hello has.
    #[derive(Deserialize)]
    struct AnyHello {
        version: u32,
    }
    match serde_json::from_str(text) {
        Ok(FromRuntime::Hello { version, .. }) if version != PROTOCOL_VERSION => Err(unsupported(version)),
        Ok(message) => Ok(message),
        Err(error) => match serde_json::from_str::<AnyHello>(text) {
            Ok(hello) if hello.version != PROTOCOL_VERSION => Err(unsupported(hello.version)),
            _ => Err(ErrorBody {
                code: ErrorCode::BadRequest,
                detail: format!("A frame cannot be understood: {}. Nothing of it was taken.", brief(&error)),
                retry_after_ms: None,
            }),
        },
    }
}
