//! What a caller can tell from a failed request, against servers that behave, misbehave or are not there.

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Redirect;
use axum::routing::get;
use caisey_client::token::{BearerToken, FixedToken, TokenError, TokenFuture, TokenSource};
use caisey_client::{Api, ApiError, ControlUrl};
use caisey_protocol::error::ErrorCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

pub(crate) async fn serve(router: Router) -> ControlUrl {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address.parse().unwrap()
}

fn api(address: ControlUrl) -> Api {
    Api::new(address, Arc::new(FixedToken(BearerToken::new("first")))).unwrap()
}

fn refusal(code: &str) -> String {
    format!(r#"{{"code":"{code}","detail":"Because."}}"#)
}

#[tokio::test]
async fn nobody_there_is_not_a_refusal() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let error = api(format!("http://{closed}").parse().unwrap()).me().await.unwrap_err();
    assert!(matches!(error, ApiError::Unreachable(_)) && error.is_offline(), "{error:?}");
}

#[tokio::test]
async fn a_connection_cut_after_the_request_may_have_done_it() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        use tokio::io::AsyncReadExt;
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 64]).await;
    });
    let error = api(address.parse().unwrap()).me().await.unwrap_err();
    assert!(matches!(error, ApiError::NoAnswer(_)) && error.is_offline(), "{error:?}");
}

#[tokio::test]
async fn refusals_carry_their_code_and_words() {
    let router = Router::new().route("/v1/me", get(|| async { (StatusCode::FORBIDDEN, refusal("forbidden")) }));
    let error = api(serve(router).await).me().await.unwrap_err();
    assert_eq!(
        (error.code(), error.to_string().as_str(), error.is_offline()),
        (Some(ErrorCode::Forbidden), "Because.", false)
    );
}

#[tokio::test]
async fn what_is_no_control_plane_is_named_as_such_and_not_quoted() {
    let router = Router::new()
        .route("/v1/me", get(|| async { "<html>secret portal</html>" }))
        .route("/v1/clients", get(|| async { (StatusCode::BAD_GATEWAY, "upstream") }))
        .route("/v1/endpoints", get(|| async { Redirect::temporary("/v1/clients") }));
    let api = api(serve(router).await);
    let error = api.me().await.unwrap_err();
    assert!(
        matches!(error, ApiError::Unintelligible { status: 200, .. }) && !error.to_string().contains("secret"),
        "{error}"
    );
    assert!(api.clients().await.unwrap_err().is_offline());
    // A bearer token follows no redirect.
    assert!(matches!(
        api.endpoints().await.unwrap_err(),
        ApiError::Unintelligible { status: 307, .. }
    ));
}

#[tokio::test]
async fn an_endless_answer_is_not_read_to_the_end() {
    let router = Router::new().route("/v1/me", get(|| async { "x".repeat(17 << 20) }));
    assert!(matches!(api(serve(router).await).me().await, Err(ApiError::TooLarge { .. })));
}

/// Hands out a second token when the first was refused, and nothing after that.
struct Renewing(AtomicU32);

impl TokenSource for Renewing {
    fn bearer<'a>(&'a self, refused: Option<&'a BearerToken>) -> TokenFuture<'a> {
        Box::pin(async move {
            match refused.map(BearerToken::reveal) {
                None => Ok(BearerToken::new("first")),
                Some("first") => {
                    self.0.fetch_add(1, Ordering::SeqCst);
                    Ok(BearerToken::new("second"))
                }
                Some(_) => Err(TokenError::SignInNeeded("twice".to_owned())),
            }
        })
    }
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let checked = |headers: HeaderMap| async move {
        if headers["authorization"] == "Bearer second" {
            (StatusCode::OK, "[]".to_owned())
        } else {
            (StatusCode::UNAUTHORIZED, refusal("unauthenticated"))
        }
    };
    let never = || async { (StatusCode::UNAUTHORIZED, refusal("unauthenticated")) };
    let address = serve(Router::new().route("/v1/clients", get(checked)).route("/v1/me", get(never))).await;
    let tokens = Arc::new(Renewing(AtomicU32::new(0)));
    let api = Api::new(address, Arc::<Renewing>::clone(&tokens)).unwrap();
    assert!(api.clients().await.unwrap().is_empty());
    assert_eq!(tokens.0.load(Ordering::SeqCst), 1);
    assert!(api.me().await.unwrap_err().needs_sign_in());
    assert_eq!(tokens.0.load(Ordering::SeqCst), 2);
}
