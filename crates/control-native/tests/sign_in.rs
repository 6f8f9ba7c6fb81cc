//! The local issuer: passwords, refresh, codes, throttles, and that its tokens are checked like anybody's.

use crate::desk::Desk;
use caisey_protocol::http::Me;
use caisey_protocol::role::Role;
use caisey_protocol::sign_in::{TokenAnswer, TokenRequest};
use serde_json::Value;

async fn token(desk: &Desk, request: &TokenRequest) -> crate::desk::Reply {
    desk.call("POST", "/local/token", None, Some(request)).await
}

fn password(username: &str, password: &str) -> TokenRequest {
    TokenRequest::Password {
        username: username.into(),
        password: password.into(),
    }
}

fn refresh(token: &str) -> TokenRequest {
    TokenRequest::RefreshToken {
        refresh_token: token.into(),
    }
}

const GOOD: &str = "correct horse battery staple";

#[tokio::test(flavor = "multi_thread")]
async fn a_code_sets_the_password_once_and_the_password_signs_in() {
    let desk = Desk::start().await;
    let accounts = desk.running.local_issuer().unwrap().accounts();
    let code = accounts.add("Robin@Example.com", "Robin", Role::Technician, None).unwrap();
    let with_code = |password: &str| TokenRequest::OneTimeCode {
        code: code.clone(),
        password: password.into(),
    };
    assert_eq!(token(&desk, &with_code("short")).await.code(), "bad_request");
    let answer: TokenAnswer = token(&desk, &with_code(GOOD)).await.ok();
    let me: Me = desk.get("/v1/me", &answer.access_token).await.ok();
    assert_eq!((me.role, me.email.as_deref()), (Role::Technician, Some("robin@example.com")));
    assert_eq!(
        token(&desk, &with_code(GOOD)).await.code(),
        "unauthenticated",
        "a code works once"
    );

    // As a form, as OAuth clients send it.
    let form = [
        ("grant_type", "password"),
        ("username", "robin@example.com"),
        ("password", GOOD),
    ];
    let sent = desk
        .http
        .post(format!("{}/local/token", desk.running.base_url))
        .form(&form)
        .send()
        .await
        .unwrap();
    assert_eq!(sent.headers()["cache-control"], "no-store");
    let answer: TokenAnswer = sent.json().await.unwrap();
    assert_eq!(desk.get("/v1/me", &answer.access_token).await.ok::<Me>().member, me.member);

    accounts.disable("robin@example.com").unwrap();
    assert_eq!(
        token(&desk, &password("robin@example.com", GOOD)).await.code(),
        "unauthenticated"
    );
    assert_eq!(token(&desk, &refresh(&answer.refresh_token)).await.code(), "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_works_once_and_its_second_use_ends_the_sign_in() {
    let desk = Desk::start().await;
    let first = desk.running.bootstrap_owner("Olga").unwrap();
    let second: TokenAnswer = token(&desk, &refresh(&first.refresh_token)).await.ok();
    let third: TokenAnswer = token(&desk, &refresh(&second.refresh_token)).await.ok();
    let _: Me = desk.get("/v1/me", &third.access_token).await.ok();
    assert_eq!(token(&desk, &refresh(&first.refresh_token)).await.code(), "unauthenticated");
    assert_eq!(
        token(&desk, &refresh(&third.refresh_token)).await.code(),
        "unauthenticated",
        "a copy was used: all of it ends"
    );
    let other = desk.running.bootstrap_owner("Olga").unwrap();
    let _: TokenAnswer = token(&desk, &refresh(&other.refresh_token)).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_locks_the_account_and_strangers_look_like_members() {
    let desk = Desk::start_with(|config| config.limits.sign_ins_per_minute = 1_000).await;
    let code = desk
        .running
        .local_issuer()
        .unwrap()
        .accounts()
        .add("a@example.com", "Ann", Role::Owner, None)
        .unwrap();
    let _: TokenAnswer = token(
        &desk,
        &TokenRequest::OneTimeCode {
            code,
            password: GOOD.into(),
        },
    )
    .await
    .ok();
    let stranger = token(&desk, &password("nobody@example.com", "wrong password")).await;
    for _ in 0..5 {
        let wrong = token(&desk, &password("a@example.com", "wrong password")).await;
        assert_eq!((wrong.status, &wrong.text), (stranger.status, &stranger.text));
    }
    let locked = token(&desk, &password("a@example.com", GOOD)).await;
    assert_eq!((locked.status, locked.code().as_str()), (429, "too_many_requests"));
    assert!(
        serde_json::from_str::<Value>(&locked.text).unwrap()["retry_after_ms"]
            .as_u64()
            .unwrap()
            > 0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_cannot_try_for_ever() {
    let desk = Desk::start_with(|config| config.limits.sign_ins_per_minute = 3).await;
    for _ in 0..3 {
        assert_eq!(token(&desk, &password("nobody@example.com", "x")).await.status, 401);
    }
    assert_eq!(token(&desk, &password("nobody@example.com", "x")).await.status, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_published_keys_check_its_tokens_and_bad_requests_are_not_repeated() {
    let desk = Desk::start().await;
    let discovery: Value = desk
        .call("GET", "/.well-known/openid-configuration", None, None::<&()>)
        .await
        .ok();
    let jwks: jsonwebtoken::jwk::JwkSet = reqwest::get(discovery["jwks_uri"].as_str().unwrap())
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let access = desk.owner();
    let key = jsonwebtoken::DecodingKey::from_jwk(&jwks.keys[0]).unwrap();
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::EdDSA);
    validation.set_audience(&["caisey"]);
    validation.set_issuer(&[discovery["issuer"].as_str().unwrap()]);
    jsonwebtoken::decode::<Value>(&access, &key, &validation).unwrap();

    let body = "grant_type=password&username=a&password=hunter2hunter2&grant_type=password";
    let url = format!("{}/local/token", desk.running.base_url);
    let form = "application/x-www-form-urlencoded";
    let wrong = desk
        .http
        .post(&url)
        .header("content-type", form)
        .body("grant_type=other&password=hunter2hunter2")
        .send()
        .await
        .unwrap();
    assert_eq!(wrong.status(), 400);
    assert!(!wrong.text().await.unwrap().contains("hunter2"));
    let twice = desk
        .http
        .post(&url)
        .header("content-type", form)
        .body(body)
        .send()
        .await
        .unwrap();
    assert!(twice.status().is_client_error());
}
