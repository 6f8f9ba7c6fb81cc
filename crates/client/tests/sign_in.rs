//! Signing in with an issuer of this test's own, whose every check and every lie is under control.

use crate::requests::serve;
use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use caisey_client::ControlUrl;
use caisey_client::oidc::{OidcTokens, Provider, RefreshStore, SignInError, Step, system_clock_s};
use caisey_client::token::{TokenError, TokenSource};
use caisey_protocol::sign_in::{BearerKind, SignInProvider};
use ed25519_dalek::{Signer, SigningKey};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

/// What the issuer does wrong.
#[derive(Clone, Copy, PartialEq)]
enum Lie {
    None,
    Nonce,
    Audience,
    Key,
    Expired,
    NoIdentity,
    Refuses,
    /// Sends the browser to a program of this machine instead of a page.
    Elsewhere,
}

struct Issuer {
    address: OnceLock<String>,
    lie: Lie,
    /// By code: challenge and nonce.
    codes: Mutex<HashMap<String, (String, String)>>,
    refreshed: Mutex<u32>,
}

#[derive(Default)]
struct Kept(Mutex<Option<String>>);

impl RefreshStore for Kept {
    fn get(&self) -> Result<Option<String>, String> {
        Ok(self.0.lock().unwrap().clone())
    }
    fn set(&self, refresh_token: &str) -> Result<(), String> {
        *self.0.lock().unwrap() = Some(refresh_token.to_owned());
        Ok(())
    }
}

type Shared = State<Arc<Issuer>>;

async fn issuer(lie: Lie) -> (Arc<Issuer>, Provider) {
    let issuer = Arc::new(Issuer {
        address: OnceLock::new(),
        lie,
        codes: Mutex::default(),
        refreshed: Mutex::default(),
    });
    let router = Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/keys", get(keys))
        .route("/authorize", get(authorize))
        .route("/token", post(token))
        .with_state(Arc::clone(&issuer));
    let address = serve(router).await;
    issuer.address.set(address.as_str().to_owned()).unwrap();
    let provider = Provider {
        issuer: address.as_str().to_owned(),
        client_id: "console".to_owned(),
        scopes: vec!["offline_access".to_owned()],
        bearer: BearerKind::Access,
        resource: None,
    };
    (issuer, provider)
}

fn key(lie: Lie) -> SigningKey {
    SigningKey::from_bytes(&[if lie == Lie::Key { 9 } else { 1 }; 32])
}

async fn discovery(State(issuer): Shared) -> Json<serde_json::Value> {
    let at = issuer.address.get().unwrap();
    Json(serde_json::json!({
        "issuer": at,
        "authorization_endpoint": if issuer.lie == Lie::Elsewhere { "ms-settings:network".to_owned() } else { format!("{at}/authorize") }, "token_endpoint": format!("{at}/token"),
        "jwks_uri": format!("{at}/keys"), "response_types_supported": ["code"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA"],
    }))
}

async fn keys() -> Json<serde_json::Value> {
    let x = URL_SAFE_NO_PAD.encode(key(Lie::None).verifying_key().as_bytes());
    Json(serde_json::json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "k", "x": x }] }))
}

async fn authorize(State(issuer): Shared, Query(asked): Query<HashMap<String, String>>) -> Redirect {
    assert_eq!(
        (asked["response_type"].as_str(), asked["code_challenge_method"].as_str()),
        ("code", "S256")
    );
    assert!(asked["scope"].contains("openid") && asked["redirect_uri"].starts_with("http://127.0.0.1:"));
    let (back, state) = (&asked["redirect_uri"], &asked["state"]);
    if issuer.lie == Lie::Refuses {
        return Redirect::to(&format!("{back}?error=access_denied&state={state}"));
    }
    let mut codes = issuer.codes.lock().unwrap();
    let code = format!("code{}", codes.len());
    codes.insert(code.clone(), (asked["code_challenge"].clone(), asked["nonce"].clone()));
    Redirect::to(&format!("{back}?code={code}&state={state}"))
}

async fn token(State(issuer): Shared, Form(form): Form<HashMap<String, String>>) -> Response {
    let nonce = match form["grant_type"].as_str() {
        "authorization_code" => {
            let (challenge, nonce) = issuer.codes.lock().unwrap().remove(&form["code"]).unwrap();
            assert_eq!(challenge, URL_SAFE_NO_PAD.encode(Sha256::digest(&form["code_verifier"])));
            Some(nonce)
        }
        // A refresh token works once.
        _ if form["refresh_token"] == format!("refresh-{}", issuer.refreshed.lock().unwrap()) => None,
        _ => return (StatusCode::BAD_REQUEST, Json(serde_json::json!({ "error": "invalid_grant" }))).into_response(),
    };
    let mut refreshed = issuer.refreshed.lock().unwrap();
    *refreshed += 1;
    let mut answer = serde_json::json!({
        "access_token": format!("access-{refreshed}"), "token_type": "Bearer", "expires_in": 300, "refresh_token": format!("refresh-{refreshed}"),
    });
    if issuer.lie != Lie::NoIdentity {
        answer["id_token"] = identity(&issuer, nonce).into();
    }
    Json(answer).into_response()
}

fn identity(issuer: &Issuer, nonce: Option<String>) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let mut claims = serde_json::json!({
        "iss": issuer.address.get().unwrap(), "sub": "person", "iat": now,
        "aud": if issuer.lie == Lie::Audience { "another" } else { "console" },
        "exp": if issuer.lie == Lie::Expired { now - 1_000 } else { now + 300 },
    });
    if let Some(nonce) = nonce {
        claims["nonce"] = if issuer.lie == Lie::Nonce {
            "other".into()
        } else {
            nonce.into()
        };
    }
    let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!(
        "{}.{}",
        part(serde_json::json!({ "alg": "EdDSA", "kid": "k", "typ": "JWT" })),
        part(claims)
    );
    let signature = key(issuer.lie).sign(signed.as_bytes()).to_bytes();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// A browser: follows redirects, after knocking at the listener with what it should ignore.
fn browse(step: Step) -> Result<(), String> {
    let Step::Browse(address) = step else { return Ok(()) };
    tokio::spawn(async move {
        let asked = url::Url::parse(&address).unwrap();
        let back = asked
            .query_pairs()
            .find(|(name, _)| name == "redirect_uri")
            .unwrap()
            .1
            .into_owned();
        let browser = reqwest::Client::builder().no_proxy().build().unwrap();
        for knock in [
            "?code=stolen&state=guessed",
            "?code=stolen",
            "/elsewhere?code=x",
            "?error=access_denied&state=guessed",
        ] {
            let answer = browser.get(format!("{back}{knock}")).send().await.unwrap();
            assert!(answer.status().is_client_error(), "{knock}");
        }
        let rebound = browser
            .get(format!("{back}?code=x"))
            .header("host", "evil.example")
            .send()
            .await
            .unwrap();
        assert_eq!(rebound.status().as_u16(), 421);
        let page = browser.get(&address).send().await.unwrap();
        assert!(page.status().is_success() && page.headers()["cache-control"] == "no-store");
    });
    Ok(())
}

async fn sign_in(lie: Lie) -> Result<(OidcTokens, Arc<Kept>, Provider), SignInError> {
    let (_, provider) = issuer(lie).await;
    let kept = Arc::new(Kept::default());
    let store: Arc<dyn RefreshStore> = Arc::<Kept>::clone(&kept);
    let tokens = OidcTokens::sign_in(provider.clone(), store, browse).await?;
    Ok((tokens, kept, provider))
}

#[tokio::test]
async fn a_person_signs_in_and_stays_signed_in() {
    let (tokens, kept, provider) = sign_in(Lie::None).await.unwrap();
    let first = tokens.bearer(None).await.unwrap();
    assert_eq!(
        (first.reveal(), kept.get().unwrap().unwrap().as_str()),
        ("access-1", "refresh-1")
    );
    // The control plane turns it down: renewed, and the next refresh token kept.
    assert_eq!(tokens.bearer(Some(&first)).await.unwrap().reveal(), "access-2");
    assert_eq!(kept.get().unwrap().unwrap(), "refresh-2");
    // After a restart.
    let store: Arc<dyn RefreshStore> = Arc::<Kept>::clone(&kept);
    let resumed = OidcTokens::resume(provider, store).unwrap();
    assert_eq!(resumed.bearer(None).await.unwrap().reveal(), "access-3");
    // A refresh token that was used elsewhere ends the sign-in.
    kept.set("refresh-1").unwrap();
    let stale = resumed.bearer(None).await.unwrap();
    assert!(matches!(resumed.bearer(Some(&stale)).await, Err(TokenError::SignInNeeded(_))));
}

#[tokio::test]
async fn an_issuer_that_lies_signs_nobody_in() {
    for lie in [Lie::Nonce, Lie::Audience, Lie::Key, Lie::Expired, Lie::NoIdentity] {
        let Err(error) = sign_in(lie).await else { panic!("signed in") };
        assert!(matches!(error, SignInError::Untrusted(_)), "{error:?}");
    }
    assert!(matches!(sign_in(Lie::Refuses).await, Err(SignInError::Refused(_))));
    let Err(SignInError::Untrusted(why)) = sign_in(Lie::Elsewhere).await else {
        panic!("signed in")
    };
    assert!(why.contains("sign-in page"), "{why}");
}

#[tokio::test]
async fn clocks_that_differ_are_named_as_what_they_are() {
    for (clock, said) in [
        ((|| system_clock_s() + 3_700) as fn() -> i64, "61 minutes ahead of"),
        (|| system_clock_s() - 3_700, "61 minutes behind"),
    ] {
        let (_, provider) = issuer(Lie::None).await;
        let tokens = OidcTokens::resume(provider, Arc::new(Kept::default()))
            .unwrap()
            .with_clock(clock);
        let Err(error) = tokens.through_browser(browse).await else {
            panic!("signed in")
        };
        assert!(matches!(error, SignInError::Clock { .. }), "{error:?}");
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[tokio::test]
async fn answers_of_others_are_told_and_change_nothing() {
    let (_, provider) = issuer(Lie::None).await;
    let steps: Arc<Mutex<Vec<Step>>> = Arc::default();
    let told = Arc::clone(&steps);
    let tell = move |step: Step| {
        told.lock().unwrap().push(step.clone());
        browse(step)
    };
    OidcTokens::sign_in(provider, Arc::new(Kept::default()), tell).await.unwrap();
    let steps = steps.lock().unwrap();
    assert!(matches!(steps.first(), Some(Step::Browse(_))), "{steps:?}");
    // Four of the five knocks; the one at another path is what every browser does for an icon.
    assert_eq!(steps.iter().filter(|step| **step == Step::Stray).count(), 4, "{steps:?}");
    assert_eq!(steps.last(), Some(&Step::Returned));
}

#[tokio::test]
async fn an_issuer_that_is_not_there_is_unreachable() {
    let provider = Provider {
        issuer: "http://127.0.0.1:9".to_owned(),
        client_id: "console".to_owned(),
        scopes: Vec::new(),
        bearer: BearerKind::Access,
        resource: None,
    };
    let Err(error) = OidcTokens::sign_in(provider, Arc::new(Kept::default()), browse).await else {
        panic!("signed in")
    };
    assert!(matches!(error, SignInError::Unreachable(_)), "{error:?}");
}

#[tokio::test]
async fn a_sign_in_that_is_given_up_closes_its_listener() {
    let (_, provider) = issuer(Lie::None).await;
    let place: Arc<Mutex<Option<String>>> = Arc::default();
    let told = Arc::clone(&place);
    let tell = move |step: Step| {
        if let Step::Browse(address) = step {
            *told.lock().unwrap() = Some(address);
        }
        Ok(())
    };
    let waiting = tokio::spawn(OidcTokens::sign_in(provider, Arc::new(Kept::default()), tell));
    let address = loop {
        if let Some(address) = place.lock().unwrap().clone() {
            break address;
        }
        tokio::task::yield_now().await;
    };
    let asked = url::Url::parse(&address).unwrap();
    let back = asked
        .query_pairs()
        .find(|(name, _)| name == "redirect_uri")
        .unwrap()
        .1
        .into_owned();
    let browser = reqwest::Client::builder().no_proxy().build().unwrap();
    assert_eq!(browser.get(&back).send().await.unwrap().status().as_u16(), 400);
    waiting.abort();
    assert!(waiting.await.is_err_and(|error| error.is_cancelled()));
    assert!(browser.get(&back).send().await.unwrap_err().is_connect());
}

#[test]
fn a_bound_token_is_bound_to_the_address_that_the_person_chose() {
    let control: ControlUrl = "https://console.example/".parse().unwrap();
    let mut published = SignInProvider {
        name: "Example".to_owned(),
        issuer: "https://id.example".to_owned(),
        client_id: "console".to_owned(),
        scopes: Vec::new(),
        bearer: BearerKind::Access,
        resource_bound: true,
    };
    assert_eq!(
        Provider::published(&published, &control).resource.as_deref(),
        Some("https://console.example")
    );
    published.resource_bound = false;
    assert_eq!(Provider::published(&published, &control).resource, None);
}

#[tokio::test]
async fn an_unprotected_issuer_is_not_used() {
    let provider = Provider {
        issuer: "http://issuer.example".to_owned(),
        client_id: String::new(),
        scopes: Vec::new(),
        bearer: BearerKind::Identity,
        resource: None,
    };
    assert!(matches!(
        OidcTokens::resume(provider, Arc::new(Kept::default())),
        Err(SignInError::Address(_))
    ));
}
