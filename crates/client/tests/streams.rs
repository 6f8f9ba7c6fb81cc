//! Live connections: typed frames, and every way in which they end.

use crate::requests::serve;
use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use caisey_client::socket::{Lost, SendError, connect_runtime, watch_directory};
use caisey_client::token::BearerToken;
use caisey_client::{ApiError, ControlUrl};
use caisey_ledger::id::ActionId;
use caisey_protocol::error::ErrorCode;
use caisey_protocol::runtime::{FromRuntime, ToRuntime};
use caisey_protocol::watch::DirectoryEvent;
use std::future::Future;

async fn runtime_route<F: Future<Output = ()> + Send + 'static>(talk: fn(WebSocket) -> F) -> ControlUrl {
    let upgrade = move |upgrade: WebSocketUpgrade| async move { upgrade.on_upgrade(talk) };
    serve(Router::new().route("/v1/runtime/connect", get(upgrade))).await
}

async fn ends_with<F: Future<Output = ()> + Send + 'static>(talk: fn(WebSocket) -> F) -> Lost {
    let address = runtime_route(talk).await;
    let (_sender, mut receiver) = connect_runtime(&address, "org_x", "ep_x").await.unwrap();
    receiver.recv().await.unwrap_err()
}

#[tokio::test]
async fn frames_go_both_ways_and_the_last_word_is_still_said() {
    let (heard_tx, mut heard) = tokio::sync::mpsc::channel::<String>(9);
    let talk = move |mut socket: WebSocket| async move {
        socket.send(Message::text(r#"{"type":"ping","nonce":7}"#)).await.unwrap();
        while let Some(Ok(message)) = socket.recv().await {
            if let Message::Text(text) = message {
                heard_tx.send(text.to_string()).await.unwrap();
            }
        }
    };
    let upgrade = move |upgrade: WebSocketUpgrade| {
        let talk = talk.clone();
        async move { upgrade.on_upgrade(talk) }
    };
    let address = serve(Router::new().route("/v1/runtime/connect", get(upgrade))).await;
    let (sender, mut receiver) = connect_runtime(&address, "org_x", "ep_x").await.unwrap();
    assert_eq!(receiver.recv().await.unwrap(), ToRuntime::Ping { nonce: 7 });
    sender.send(&FromRuntime::Pong { nonce: 7 }).await.unwrap();
    sender.send(&FromRuntime::Goodbye {}).await.unwrap();
    drop((sender, receiver));
    assert_eq!(heard.recv().await.unwrap(), r#"{"type":"pong","nonce":7}"#);
    assert_eq!(heard.recv().await.unwrap(), r#"{"type":"goodbye"}"#);
}

#[tokio::test]
async fn every_end_has_its_reason() {
    async fn close(mut socket: WebSocket) {
        let _ = socket.send(Message::Close(None)).await;
    }
    async fn garbage(mut socket: WebSocket) {
        let _ = socket.send(Message::text(r#"{"type":"launch"}"#)).await;
        let _ = socket.recv().await;
    }
    async fn binary(mut socket: WebSocket) {
        let _ = socket.send(Message::binary(vec![1])).await;
        let _ = socket.recv().await;
    }
    async fn huge(mut socket: WebSocket) {
        let _ = socket
            .send(Message::text("x".repeat(caisey_protocol::MAX_MESSAGE_BYTES + 1)))
            .await;
        let _ = socket.recv().await;
    }
    async fn gone(socket: WebSocket) {
        drop(socket);
    }
    assert_eq!(ends_with(close).await, Lost::Closed);
    assert!(matches!(ends_with(garbage).await, Lost::Malformed(_)));
    assert!(matches!(ends_with(binary).await, Lost::Malformed(_)));
    assert_eq!(ends_with(huge).await, Lost::TooLong);
    assert!(matches!(ends_with(gone).await, Lost::Broken(_)));
}

#[tokio::test]
async fn a_message_that_is_too_long_is_not_sent() {
    async fn listen(mut socket: WebSocket) {
        while socket.recv().await.is_some() {}
    }
    let address = runtime_route(listen).await;
    let (sender, _receiver) = connect_runtime(&address, "org_x", "ep_x").await.unwrap();
    let running = vec![ActionId::from_bits([1; 16]); 40_000];
    let hello = FromRuntime::Hello {
        version: 1,
        endpoint: caisey_ledger::id::EndpointId::from_bits([1; 16]),
        signature: String::new(),
        runtime_version: String::new(),
        next_counter: Default::default(),
        running,
        elevated: None,
        seen: None,
    };
    assert!(matches!(sender.send(&hello).await, Err(SendError::TooLong)));
    sender.send(&FromRuntime::Goodbye {}).await.unwrap();
}

#[tokio::test]
async fn refused_and_unreachable_are_told_apart_and_the_token_is_shown() {
    let upgrade = |headers: HeaderMap, upgrade: WebSocketUpgrade| async move {
        if headers.get("authorization").is_some_and(|value| value == "Bearer good") {
            Ok(upgrade.on_upgrade(|mut socket: WebSocket| async move {
                let _ = socket
                    .send(Message::text(r#"{"type":"snapshot","endpoints":[],"sessions":[]}"#))
                    .await;
            }))
        } else {
            Err((StatusCode::UNAUTHORIZED, r#"{"code":"unauthenticated","detail":"Sign in."}"#))
        }
    };
    let address = serve(Router::new().route("/v1/watch", get(upgrade))).await;
    let Err(error) = watch_directory(&address, &BearerToken::new("bad")).await else {
        panic!()
    };
    assert_eq!(error.code(), Some(ErrorCode::Unauthenticated), "{error:?}");
    let mut events = watch_directory(&address, &BearerToken::new("good")).await.unwrap();
    assert!(matches!(events.recv().await.unwrap(), DirectoryEvent::Snapshot { .. }));
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let nowhere: ControlUrl = format!("http://{closed}").parse().unwrap();
    let Err(error) = watch_directory(&nowhere, &BearerToken::new("good")).await else {
        panic!()
    };
    assert!(matches!(error, ApiError::Unreachable(_)), "{error:?}");
}
