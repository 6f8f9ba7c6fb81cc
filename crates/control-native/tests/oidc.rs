//! Tokens of an OpenID Connect issuer: what is accepted, what is not, and whose they are.

use crate::desk::Desk;
use crate::issuer::{Issuer, SigningKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use caisey_control_native::config::IssuerConfig;
use caisey_protocol::http::Me;
use caisey_protocol::role::Role;
use serde_json::{Value, json};

async fn desk_for(issuer: &Issuer, change: impl FnOnce(&mut IssuerConfig)) -> Desk {
    let mut config = IssuerConfig::clerk(&issuer.url);
    change(&mut config);
    Desk::start_with(|desk| {
        desk.issuers.push(config);
        desk.limits.key_fetch_ms = 0;
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_all_three_kinds_and_both_of_clerks_shapes_are_accepted() {
    let keys = [SigningKey::rsa("r"), SigningKey::p256("p"), SigningKey::ed25519("e")];
    let issuer = Issuer::start(&[&keys[0], &keys[1], &keys[2]]).await;
    let desk = desk_for(&issuer, |_| {}).await;
    let mut seen = Vec::new();
    for key in &keys {
        let first: Me = desk
            .get("/v1/me", &key.sign(&issuer.claims("org_1", "org:technician")))
            .await
            .ok();
        let mut second_shape = issuer.claims("", "");
        second_shape["o"] = json!({ "id": "org_1", "rol": "technician", "slg": "acme" });
        let second: Me = desk.get("/v1/me", &key.sign(&second_shape)).await.ok();
        assert_eq!(first, second);
        assert_eq!(
            (first.role, first.organisation_name.as_str(), first.name.as_str()),
            (Role::Technician, "acme", "Robin Řehoř")
        );
        seen.push(first);
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]));
    let other: Me = desk
        .get("/v1/me", &keys[1].sign(&issuer.claims("org_2", "org:technician")))
        .await
        .ok();
    assert_ne!(other.organisation, seen[0].organisation);
    assert_eq!(other.member, seen[0].member);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_of_not_being_a_token_is_refused() {
    let (key, stranger) = (SigningKey::p256("k"), SigningKey::p256("k"));
    let issuer = Issuer::start(&[&key]).await;
    let desk = desk_for(&issuer, |config| {
        config.authorized_parties = vec!["https://console.example".into()];
        config.organisations = vec!["org_1".into()];
    })
    .await;
    let good = issuer.claims("org_1", "org:admin");
    let now = good["iat"].as_u64().unwrap();
    let _: Me = desk.get("/v1/me", &key.sign(&good)).await.ok();
    let changed = |name: &str, value: Value| {
        let mut claims = good.clone();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value;
        }
        key.sign(&claims)
    };
    let unauthenticated = [
        ("expired", changed("exp", json!(now - 61))),
        ("no end", changed("exp", Value::Null)),
        ("not yet", changed("nbf", json!(now + 120))),
        ("no beginning", changed("nbf", Value::Null)),
        ("issued in the future", changed("iat", json!(now + 120))),
        ("no time of issue", changed("iat", Value::Null)),
        ("another issuer", changed("iss", json!("https://evil.example"))),
        ("issuer with a slash more", changed("iss", json!(format!("{}/", issuer.url)))),
        ("nobody", changed("sub", Value::Null)),
        ("another application", changed("azp", json!("https://evil.example"))),
        ("no application", changed("azp", Value::Null)),
        ("another key of the same name", stranger.sign(&good)),
        ("a key nobody has", SigningKey::p256("other").sign(&good)),
        ("no signature", unsigned(&good)),
        ("the public key as a shared secret", with_hs256(&good)),
        ("not a token", "abc".into()),
        ("too long", "a".repeat(20_000)),
    ];
    for (what, token) in unauthenticated {
        let reply = desk.get("/v1/me", &token).await;
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (401, "unauthenticated"),
            "{what}: {}",
            reply.text
        );
        assert!(!reply.text.contains(&token), "{what}");
    }
    let forbidden = [
        ("no organisation", changed("org_id", Value::Null)),
        ("another organisation", changed("org_id", json!("org_2"))),
        ("no role", changed("org_role", Value::Null)),
        ("an unknown role", changed("org_role", json!("org:member"))),
        ("a contact of nobody", changed("org_role", json!("org:contact"))),
        ("an unfinished sign-in", changed("sts", json!("pending"))),
    ];
    for (what, token) in forbidden {
        let reply = desk.get("/v1/me", &token).await;
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (403, "forbidden"),
            "{what}: {}",
            reply.text
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn within_the_leeway_clocks_may_differ() {
    let key = SigningKey::ed25519("k");
    let issuer = Issuer::start(&[&key]).await;
    let desk = desk_for(&issuer, |_| {}).await;
    let mut claims = issuer.claims("org_1", "org:auditor");
    let now = claims["iat"].as_u64().unwrap();
    claims["exp"] = json!(now - 20);
    claims["nbf"] = json!(now + 20);
    claims["iat"] = json!(now + 20);
    let _: Me = desk.get("/v1/me", &key.sign(&claims)).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audience_is_demanded_where_it_is_configured() {
    let key = SigningKey::ed25519("k");
    let issuer = Issuer::start(&[&key]).await;
    let desk = desk_for(&issuer, |config| config.audience = vec!["caisey".into()]).await;
    let mut claims = issuer.claims("org_1", "org:auditor");
    assert_eq!(desk.get("/v1/me", &key.sign(&claims)).await.status, 401);
    claims["aud"] = json!(["other"]);
    assert_eq!(desk.get("/v1/me", &key.sign(&claims)).await.status, 401);
    claims["aud"] = json!(["other", "caisey"]);
    let _: Me = desk.get("/v1/me", &key.sign(&claims)).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_is_fetched_when_a_token_names_it_and_an_unreachable_issuer_lets_nobody_in() {
    let (old, new) = (SigningKey::p256("old"), SigningKey::ed25519("new"));
    let issuer = Issuer::start(&[&old]).await;
    let desk = desk_for(&issuer, |_| {}).await;
    let claims = issuer.claims("org_1", "org:owner");
    let _: Me = desk.get("/v1/me", &old.sign(&claims)).await.ok();
    assert_eq!(desk.get("/v1/me", &new.sign(&claims)).await.status, 401);
    issuer.publish(&[&old, &new]);
    let _: Me = desk.get("/v1/me", &new.sign(&claims)).await.ok();

    let gone = "http://127.0.0.1:9";
    let desk = Desk::start_with(|config| config.issuers.push(IssuerConfig::clerk(gone))).await;
    let mut claims = claims;
    claims["iss"] = json!(gone);
    let reply = desk.get("/v1/me", &new.sign(&claims)).await;
    assert_eq!(reply.status, 503, "{}", reply.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_keys_do_not_make_the_issuer_work() {
    let key = SigningKey::ed25519("k");
    let issuer = Issuer::start(&[&key]).await;
    let desk = Desk::start_with(|config| config.issuers.push(IssuerConfig::clerk(&issuer.url))).await;
    let claims = issuer.claims("org_1", "org:owner");
    for kid in 0..20 {
        let stranger = SigningKey::ed25519(&format!("stranger-{kid}"));
        assert_eq!(desk.get("/v1/me", &stranger.sign(&claims)).await.status, 401);
    }
    let _: Me = desk.get("/v1/me", &key.sign(&claims)).await.ok();
    assert_eq!(issuer.fetches(), 1);
}

fn unsigned(claims: &Value) -> String {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
    format!("{header}.{}.", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

fn with_hs256(claims: &Value) -> String {
    let key = jsonwebtoken::EncodingKey::from_secret(b"public key");
    jsonwebtoken::encode(&jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256), claims, &key).unwrap()
}
