//! A live connection: JSON text frames over a WebSocket, typed both ways.
//!
//! Promises: no message longer than the wire allows is sent or taken; both directions are bounded, so that a slow reader slows the
//! writer instead of filling memory; a peer that has been silent for [`DEAD_AFTER`] although it was pinged is given up as lost, and so is
//! one whose connection this machine slept through; the last thing a reader sees is why the connection ended. Leaves out reconnecting: see [`crate::connection`].

use crate::address::ControlUrl;
use crate::awake;
use crate::error::{ApiError, chain};
use crate::exchange::{position_of, refusal};
use crate::tls;
use crate::token::BearerToken;
use caisey_protocol::MAX_MESSAGE_BYTES;
use caisey_protocol::runtime::{FromRuntime, ToRuntime};
use caisey_protocol::watch::{DirectoryEvent, LogEvent};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{self, Instant};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message, Utf8Bytes};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config};
use url::Url;

/// How often we ping.
pub const PING_EVERY: Duration = Duration::from_secs(25);
/// Without any traffic for this long, the peer is dead: three pings went unanswered.
pub const DEAD_AFTER: Duration = Duration::from_secs(75);
/// Connecting, with name resolution and handshakes, may take this long.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(20);
/// Handing one message to the network may take this long.
pub const WRITE_LIMIT: Duration = Duration::from_secs(60);
/// Messages that wait in each direction.
pub const QUEUE: usize = 16;

/// Why a connection ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// The peer closed it.
    #[error("the other side closed the connection")]
    Closed,
    /// The transport broke.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// This machine slept: whether the connection outlived that would show after [`DEAD_AFTER`] only.
    #[error("this computer was asleep")]
    Slept,
    /// Nothing was heard for [`DEAD_AFTER`].
    #[error("nothing was heard for 75 seconds; the connection is taken for dead")]
    Silent,
    /// A message was not what the protocol allows.
    #[error("the other side sent what the protocol does not allow: {0}")]
    Malformed(String),
    /// A message was longer than [`MAX_MESSAGE_BYTES`].
    #[error("the other side sent a message longer than {MAX_MESSAGE_BYTES} bytes")]
    TooLong,
}

/// A message could not be handed over.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// It is longer than [`MAX_MESSAGE_BYTES`]; nothing was sent.
    #[error("the message is longer than {MAX_MESSAGE_BYTES} bytes")]
    TooLong,
    /// It cannot be written as JSON.
    #[error("the message cannot be written as JSON")]
    NotJson(#[from] serde_json::Error),
    /// The connection has ended; the receiving side knows why.
    #[error("the connection has ended")]
    Ended,
}

type Wire = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Sends frames of type `Out`. Cheap to clone; when all are gone the connection is closed.
pub struct Sender<Out> {
    queue: mpsc::Sender<Utf8Bytes>,
    kind: std::marker::PhantomData<fn(Out)>,
}

impl<Out> Clone for Sender<Out> {
    fn clone(&self) -> Self {
        Self {
            queue: self.queue.clone(),
            kind: self.kind,
        }
    }
}

impl<Out: Serialize> Sender<Out> {
    /// Queues a frame; waits while the queue is full.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn send(&self, frame: &Out) -> Result<(), SendError> {
        let text = serde_json::to_string(frame)?;
        if text.len() > MAX_MESSAGE_BYTES {
            return Err(SendError::TooLong);
        }
        self.queue.send(text.into()).await.map_err(|_| SendError::Ended)
    }
}

/// Receives frames of type `In`.
pub struct Receiver<In> {
    queue: mpsc::Receiver<Result<In, Lost>>,
}

impl<In> Receiver<In> {
    /// The next frame.
    ///
    /// # Errors
    /// Why the connection ended. Nothing comes after that.
    pub async fn recv(&mut self) -> Result<In, Lost> {
        self.queue.recv().await.unwrap_or(Err(Lost::Closed))
    }
}

/// Both directions of a runtime's connection, before anything was said.
pub type RuntimeSocket = (Sender<FromRuntime>, Receiver<ToRuntime>);

/// `GET /v1/runtime/connect`: identity is proved inside, by the challenge.
///
/// # Errors
/// [`ApiError`]: unreachable, refused, or not a control plane.
pub async fn connect_runtime(address: &ControlUrl, organisation: &str, endpoint: &str) -> Result<RuntimeSocket, ApiError> {
    let mut url = address.socket_route("/v1/runtime/connect");
    url.query_pairs_mut()
        .append_pair("organisation", organisation)
        .append_pair("endpoint", endpoint);
    open(address, url, None).await
}

/// `GET /v1/watch`: the organisation's directory as it changes.
///
/// # Errors
/// [`ApiError`].
pub async fn watch_directory(address: &ControlUrl, token: &BearerToken) -> Result<Receiver<DirectoryEvent>, ApiError> {
    let (_, receiver) = open::<(), _>(address, address.socket_route("/v1/watch"), Some(token)).await?;
    Ok(receiver)
}

/// `GET /v1/endpoints/{id}/watch?from=`: one log's records as they become durable.
///
/// # Errors
/// [`ApiError`].
pub async fn watch_log(
    address: &ControlUrl,
    token: &BearerToken,
    endpoint: &caisey_ledger::id::EndpointId,
    from: caisey_ledger::id::Seq,
) -> Result<Receiver<LogEvent>, ApiError> {
    let mut url = address.socket_route(&format!("/v1/endpoints/{endpoint}/watch"));
    url.query_pairs_mut().append_pair("from", &from.to_string());
    let (_, receiver) = open::<(), _>(address, url, Some(token)).await?;
    Ok(receiver)
}

async fn open<Out, In>(
    address: &ControlUrl,
    url: Url,
    token: Option<&BearerToken>,
) -> Result<(Sender<Out>, Receiver<In>), ApiError>
where
    Out: Serialize,
    In: DeserializeOwned + Send + 'static,
{
    let mut request = url
        .as_str()
        .into_client_request()
        .map_err(|error| ApiError::Setup(error.to_string()))?;
    if let Some(token) = token {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", token.reveal()))
            .map_err(|_| ApiError::Setup("the token holds characters that no token has".to_owned()))?;
        value.set_sensitive(true);
        request.headers_mut().insert(header::AUTHORIZATION, value);
    }
    let limits = WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE_BYTES))
        .max_frame_size(Some(MAX_MESSAGE_BYTES));
    let connector = Connector::Rustls(Arc::new(tls::client_config(address)?));
    let attempt = connect_async_tls_with_config(request, Some(limits), true, Some(connector));
    let (wire, _) = match time::timeout(CONNECT_LIMIT, Box::pin(attempt)).await {
        Ok(Ok(opened)) => opened,
        Ok(Err(tungstenite::Error::Http(response))) => {
            let body = response.body().as_deref().unwrap_or_default();
            return Err(refusal(response.status().as_u16(), body));
        }
        Ok(Err(error)) => return Err(ApiError::Unreachable(chain(&error))),
        Err(_) => return Err(ApiError::Unreachable("connecting took longer than 20 seconds".to_owned())),
    };
    Ok(drive(wire))
}

/// Starts the two tasks that move frames. Each ends when the other's side of the connection is over.
fn drive<Out, In: DeserializeOwned + Send + 'static>(wire: Wire) -> (Sender<Out>, Receiver<In>) {
    let (sink, stream) = wire.split();
    let (out_tx, out_rx) = mpsc::channel(QUEUE);
    let (in_tx, in_rx) = mpsc::channel(QUEUE);
    let (ended_tx, ended_rx) = mpsc::channel(1);
    tokio::spawn(write_frames(sink, out_rx, ended_rx));
    tokio::spawn(async move {
        // A reader that went away is the end, too: nobody would see what comes.
        tokio::select! {
            lost = read_frames(stream, &in_tx) => { let _ = in_tx.send(Err(lost)).await; }
            () = in_tx.closed() => {}
            // Looked for also while a slow reader is waited for.
            () = awake::woke() => { let _ = in_tx.send(Err(Lost::Slept)).await; }
        }
        drop(ended_tx);
    });
    (
        Sender {
            queue: out_tx,
            kind: std::marker::PhantomData,
        },
        Receiver { queue: in_rx },
    )
}

/// A watcher sends nothing, so a queue that is closed only stops being read; the connection ends with the reader.
async fn write_frames(mut sink: SplitSink<Wire, Message>, mut queue: mpsc::Receiver<Utf8Bytes>, mut ended: mpsc::Receiver<()>) {
    let mut ping = time::interval_at(Instant::now() + PING_EVERY, PING_EVERY);
    let mut queue_open = true;
    loop {
        let message = tokio::select! {
            _ = ended.recv() => break,
            frame = queue.recv(), if queue_open => match frame {
                Some(text) => Message::Text(text),
                None => { queue_open = false; continue; }
            },
            _ = ping.tick() => Message::Ping(tungstenite::Bytes::new()),
        };
        match time::timeout(WRITE_LIMIT, sink.send(message)).await {
            Ok(Ok(())) => {}
            // The reader finds the same connection broken, or silent, and says so.
            _ => return,
        }
    }
    // What was queued before the end is still said: a goodbye, for instance.
    let rest = async {
        while let Ok(text) = queue.try_recv() {
            sink.send(Message::Text(text)).await?;
        }
        sink.close().await
    };
    let _ = time::timeout(Duration::from_secs(2), rest).await;
}

async fn read_frames<In: DeserializeOwned>(mut stream: SplitStream<Wire>, queue: &mpsc::Sender<Result<In, Lost>>) -> Lost {
    loop {
        let message = match time::timeout(DEAD_AFTER, stream.next()).await {
            Err(_) => return Lost::Silent,
            Ok(None) => return Lost::Closed,
            Ok(Some(Ok(message))) => message,
            Ok(Some(Err(tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed))) => return Lost::Closed,
            Ok(Some(Err(tungstenite::Error::Capacity(_)))) => return Lost::TooLong,
            Ok(Some(Err(error))) => return Lost::Broken(chain(&error)),
        };
        match message {
            Message::Text(text) => match serde_json::from_str(&text) {
                Ok(frame) => {
                    if queue.send(Ok(frame)).await.is_err() {
                        return Lost::Closed;
                    }
                }
                Err(error) => return Lost::Malformed(position_of(&error)),
            },
            Message::Binary(_) => return Lost::Malformed("a binary message".to_owned()),
            Message::Close(_) => return Lost::Closed,
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
    }
}
