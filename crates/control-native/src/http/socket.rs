//! One WebSocket connection's loop, the same for runtimes and consoles.
//!
//! Promises: buffers start small and frames are bounded; a peer that says nothing, not even a pong, for 75 s is given up; a peer
//! that takes no frame for a while (20 s, by configuration) is told that it is too slow, once it reads again, and given up; the last frame
//! before a close for a reason says the reason.

use crate::clock;
use crate::hub::{Frame, Inbox};
use crate::object::too_slow;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use caisey_protocol::MAX_MESSAGE_BYTES;
use caisey_protocol::error::{ErrorBody, ErrorCode};
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout};

const PING_EVERY: Duration = Duration::from_secs(30);
const SILENCE: Duration = Duration::from_secs(75);
/// Bytes read at once: an idle connection keeps a buffer of this size.
const READ_BUFFER: usize = 4 * 1024;

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    /// The peer closed it in the proper way.
    Closed,
    /// It broke, or was given up.
    Lost,
    /// The control plane is stopping.
    Stopped,
}

/// Frames above this are cut off unread. Those between it and [`MAX_MESSAGE_BYTES`] are read to their end, so that whoever sent one
/// hears why it was refused: a connection that is closed while its peer still sends may take the reason with it.
const HARD_LIMIT: usize = 2 * MAX_MESSAGE_BYTES;

/// What differs between the wires.
pub(super) trait Wire {
    /// The error as the last frame of this wire.
    fn error(&self, error: ErrorBody) -> Option<String>;
    /// A text frame came.
    async fn heard(&mut self, text: Utf8Bytes) -> Result<(), ErrorBody>;
    /// Everything queued has been sent; perhaps some was dropped before. What is returned is sent next, in one piece.
    async fn drained(&mut self, lagged: bool) -> Result<Vec<String>, ErrorBody>;
}

/// Sets the limits of an upgrade.
pub(super) fn limited(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(4 * MAX_MESSAGE_BYTES)
        .max_message_size(HARD_LIMIT)
        .max_frame_size(HARD_LIMIT)
}

/// When a connection ends by itself.
pub(super) struct Until {
    /// Without a first frame by then.
    pub(super) first_frame: Option<Instant>,
    /// At this time, milliseconds since the Unix epoch: the token's end.
    pub(super) token_ms: Option<u64>,
    /// How long a frame may take.
    pub(super) send_within: Duration,
}

/// Runs the connection until it ends.
pub(super) async fn run<W: Wire>(socket: &mut WebSocket, inbox: &mut Inbox, wire: &mut W, mut until: Until) -> Over {
    let (mut heard, mut pinged) = (Instant::now(), Instant::now());
    loop {
        let wake = next_wake(heard, pinged, &until);
        let step = tokio::select! {
            frame = inbox.frames.recv() => outward(socket, inbox, wire, frame, until.send_within).await,
            message = socket.recv() => {
                let step = inward(wire, message).await;
                heard = Instant::now();
                until.first_frame = None;
                step
            }
            () = sleep_until(wake) => overdue(socket, heard, &mut pinged, &until).await,
        };
        match step {
            Ok(()) => {}
            Err(End::Over(over)) => return over,
            Err(End::Because(error)) => {
                say_goodbye(socket, wire.error(error), until.send_within).await;
                return Over::Lost;
            }
        }
    }
}

/// Sends frames before the loop; says whether the peer took them.
pub(super) async fn first(socket: &mut WebSocket, frames: Vec<String>, within: Duration) -> bool {
    for text in frames {
        if send(socket, Message::Text(text.into()), within).await.is_err() {
            return false;
        }
    }
    true
}

/// Ends a connection that never got into the loop.
pub(super) async fn refuse(socket: &mut WebSocket, last: Option<String>, within: Duration) {
    say_goodbye(socket, last, within).await;
}

enum End {
    Over(Over),
    Because(ErrorBody),
}

impl From<ErrorBody> for End {
    fn from(error: ErrorBody) -> Self {
        Self::Because(error)
    }
}

async fn outward<W: Wire>(
    socket: &mut WebSocket,
    inbox: &mut Inbox,
    wire: &mut W,
    frame: Option<Frame>,
    within: Duration,
) -> Result<(), End> {
    match frame {
        Some(Frame::Text(text)) => {
            send(socket, Message::Text(text.into()), within).await?;
            while inbox.frames.is_empty() {
                let more = wire.drained(inbox.take_lagged()).await?;
                if more.is_empty() {
                    break;
                }
                for text in more {
                    send(socket, Message::Text(text.into()), within).await?;
                }
            }
            Ok(())
        }
        Some(Frame::Fail(error)) => Err(End::Because(error)),
        Some(Frame::Close) => {
            close(socket, close_code::NORMAL).await;
            Err(End::Over(Over::Closed))
        }
        Some(Frame::Stop) => {
            close(socket, close_code::RESTART).await;
            Err(End::Over(Over::Stopped))
        }
        None => match inbox.doomed() {
            Some(error) => Err(End::Because(error)),
            None => {
                close(socket, close_code::RESTART).await;
                Err(End::Over(Over::Stopped))
            }
        },
    }
}

async fn inward<W: Wire>(wire: &mut W, message: Option<Result<Message, axum::Error>>) -> Result<(), End> {
    match message {
        Some(Ok(Message::Text(text))) if text.len() > MAX_MESSAGE_BYTES => Err(End::Because(too_long())),
        Some(Ok(Message::Text(text))) => Ok(wire.heard(text).await?),
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
        Some(Ok(Message::Binary(_))) => Err(End::Because(ErrorBody {
            code: ErrorCode::BadRequest,
            detail: "Frames of this wire are JSON texts; a binary one came.".to_owned(),
            retry_after_ms: None,
        })),
        Some(Ok(Message::Close(_))) => Err(End::Over(Over::Closed)),
        // The library has a text for it and, through axum, no type.
        Some(Err(error)) if error.to_string().contains("too long") => Err(End::Because(too_long())),
        Some(Err(_)) | None => Err(End::Over(Over::Lost)),
    }
}

fn too_long() -> ErrorBody {
    ErrorBody {
        code: ErrorCode::TooLarge,
        detail: format!("A frame may not be longer than {MAX_MESSAGE_BYTES} bytes; nothing of it was taken."),
        retry_after_ms: None,
    }
}

fn next_wake(heard: Instant, pinged: Instant, until: &Until) -> Instant {
    let mut wake = (heard.max(pinged) + PING_EVERY).min(heard + SILENCE);
    if let Some(first) = until.first_frame {
        wake = wake.min(first);
    }
    if let Some(end) = until.token_ms {
        wake = wake.min(Instant::now() + Duration::from_millis(end.saturating_sub(clock::now_ms())));
    }
    wake
}

async fn overdue(socket: &mut WebSocket, heard: Instant, pinged: &mut Instant, until: &Until) -> Result<(), End> {
    let now = Instant::now();
    if until.first_frame.is_some_and(|first| first <= now) {
        return Err(End::Because(ErrorBody {
            code: ErrorCode::Unauthenticated,
            detail: "No hello came in time.".to_owned(),
            retry_after_ms: None,
        }));
    }
    if until.token_ms.is_some_and(|end| end <= clock::now_ms()) {
        return Err(End::Because(ErrorBody {
            code: ErrorCode::Unauthenticated,
            detail: "The identity token that opened this connection has expired. Connect again with a fresh one.".to_owned(),
            retry_after_ms: None,
        }));
    }
    if now.duration_since(heard) >= SILENCE {
        return Err(End::Over(Over::Lost));
    }
    if now.duration_since(heard.max(*pinged)) >= PING_EVERY {
        *pinged = now;
        send(socket, Message::Ping(axum::body::Bytes::new()), until.send_within).await?;
    }
    Ok(())
}

async fn send(socket: &mut WebSocket, message: Message, within: Duration) -> Result<(), End> {
    match timeout(within, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Over(Over::Lost)),
        // The frame stays in the connection's own buffer: should the peer read again soon, it hears why it was given up.
        Err(_) => Err(End::Because(too_slow())),
    }
}

async fn say_goodbye(socket: &mut WebSocket, last: Option<String>, within: Duration) {
    if let Some(text) = last {
        let _ = send(socket, Message::Text(text.into()), within).await;
    }
    close(socket, close_code::NORMAL).await;
}

async fn close(socket: &mut WebSocket, code: u16) {
    let frame = CloseFrame {
        code,
        reason: Utf8Bytes::from_static(""),
    };
    let _ = timeout(Duration::from_secs(2), socket.send(Message::Close(Some(frame)))).await;
}
