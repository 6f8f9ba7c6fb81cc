//! This host's surface is the native host's: every route of the published document is answered here, but for those that the table's own test
//! lists with a reason; and tokens are checked as there.

use crate::desk::Desk;
use crate::issuer::{Issuer, SigningKey};
use caisey_control::issuer::IssuerConfig;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_all_three_kinds_are_taken_and_bad_ones_are_not() {
    let keys = [SigningKey::rsa("r"), SigningKey::p256("p"), SigningKey::ed25519("e")];
    let issuer = Issuer::start(&[&keys[0], &keys[1], &keys[2]]).await;
    let desk = Desk::start_with(|config| config.issuers.push(IssuerConfig::clerk(&issuer.url))).await;
    let claims = issuer.claims("org_1", "org:admin");
    for key in &keys {
        let me: Value = desk.get("/v1/me", &key.sign(&claims)).await.ok();
        assert_eq!((&me["role"], &me["name"]), (&json!("admin"), &json!("Robin Řehoř")));
    }
    let second = claims.as_object().unwrap().clone();
    let mut second = Value::Object(second);
    for name in ["org_id", "org_role", "org_slug"] {
        second.as_object_mut().unwrap().remove(name);
    }
    second["o"] = json!({ "id": "org_1", "rol": "technician", "slg": "acme" });
    let me: Value = desk.get("/v1/me", &keys[0].sign(&second)).await.ok();
    assert_eq!(
        (&me["role"], &me["organisation_name"]),
        (&json!("technician"), &json!("acme"))
    );

    let refused = |what: &str, claims: Value, key: &SigningKey| (what.to_owned(), key.sign(&claims));
    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        claims
    };
    let now = claims["iat"].as_u64().unwrap();
    let stranger = SigningKey::rsa("r");
    let unknown = SigningKey::ed25519("unknown");
    let mut cut = keys[1].sign(&claims);
    cut.truncate(cut.len() - 4);
    for (what, token) in [
        refused("expired", with("exp", json!(now - 61)), &keys[0]),
        refused("not yet", with("nbf", json!(now + 120)), &keys[0]),
        refused("from the future", with("iat", json!(now + 120)), &keys[0]),
        refused("another issuer", with("iss", json!("https://other.example")), &keys[0]),
        refused("another's key under a known name", claims.clone(), &stranger),
        refused("an unknown key", claims.clone(), &unknown),
        ("cut short".to_owned(), cut),
        ("nothing".to_owned(), "a.b.c".to_owned()),
    ] {
        let reply = desk.get("/v1/me", &token).await;
        assert_eq!((reply.status, reply.code().as_str()), (401, "unauthenticated"), "{what}");
    }
    let pending = desk.get("/v1/me", &keys[2].sign(&with("sts", json!("pending")))).await;
    assert_eq!(pending.code(), "forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_new_at_the_issuer_is_fetched() {
    let (old, new) = (SigningKey::ed25519("old"), SigningKey::ed25519("new"));
    let issuer = Issuer::start(&[&old]).await;
    let desk = Desk::start_with(|config| config.issuers.push(IssuerConfig::clerk(&issuer.url))).await;
    let claims = issuer.claims("org_1", "org:admin");
    let _: Value = desk.get("/v1/me", &old.sign(&claims)).await.ok();
    issuer.publish(&[&old, &new]);
    // The platform does not let us ask an issuer again at once.
    let mut status = 0;
    for _ in 0..60 {
        status = desk.get("/v1/me", &new.sign(&claims)).await.status;
        if status == 200 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    assert_eq!(status, 200);
    assert!(issuer.fetches() <= 4, "{}", issuer.fetches());
}

/// Whose absence the table's own test gives a reason for.
fn of_local_accounts(path: &str) -> bool {
    path.starts_with("/local/") || path == "/.well-known/openid-configuration"
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_of_the_published_document_is_answered() {
    let desk = Desk::start().await;
    let document: Value = desk.call("GET", "/v1/openapi.json", None, None::<&()>).await.ok();
    let published: Value = serde_json::from_str(include_str!("../../../docs/openapi.json")).unwrap();
    assert_eq!(document, published, "`cargo xtask workers` lays it out");
    let mut answered = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let address = path
                .replace("{id}", "ep_00000000000000000000000001")
                .replace("{file}", "page.js")
                .replace(['{', '}'], "");
            let reply = desk.call(&method.to_uppercase(), &address, None, None::<&()>).await;
            if of_local_accounts(path) {
                assert!(
                    reply.status == 404 && reply.text.contains("no local issuer"),
                    "{method} {path}: {}",
                    reply.text
                );
                continue;
            }
            assert!(
                reply.status != 405 && reply.status < 500,
                "{method} {path}: {} {}",
                reply.status,
                reply.text
            );
            assert!(!reply.text.contains("no such address"), "{method} {path}: {}", reply.text);
            answered += 1;
        }
    }
    assert!(answered > 50, "{answered}");
    let elsewhere = desk.call("GET", "/v1/elsewhere", None, None::<&()>).await;
    assert_eq!((elsewhere.status, elsewhere.code().as_str()), (404, "not_found"));
    let wrong_method = desk.call("PATCH", "/v1/me", None, None::<&()>).await;
    assert_eq!((wrong_method.status, wrong_method.code().as_str()), (405, "bad_request"));
}
