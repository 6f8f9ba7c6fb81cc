//! A self-made OpenID Connect issuer on loopback: discovery, keys of all three kinds, and tokens as Clerk and others write them.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use p256::pkcs8::EncodePrivateKey as _;
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use rsa::pkcs8::EncodePublicKey as _;
use rsa::traits::PublicKeyParts as _;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

pub struct SigningKey {
    pub kid: String,
    pub algorithm: Algorithm,
    key: EncodingKey,
    jwk: Value,
    /// Only of RSA keys, for programs that want them so.
    pub public_pem: String,
    /// The same of the secret half.
    pub private_pem: String,
}

impl SigningKey {
    pub fn rsa(kid: &str) -> Self {
        let key = rsa::RsaPrivateKey::new(&mut rand_core::OsRng, 2048).unwrap();
        let (n, e) = (
            URL_SAFE_NO_PAD.encode(key.n().to_bytes_be()),
            URL_SAFE_NO_PAD.encode(key.e().to_bytes_be()),
        );
        let der = key.to_pkcs1_der().unwrap();
        Self {
            kid: kid.into(),
            algorithm: Algorithm::RS256,
            key: EncodingKey::from_rsa_der(der.as_bytes()),
            public_pem: key.to_public_key().to_public_key_pem(Default::default()).unwrap(),
            private_pem: key.to_pkcs8_pem(Default::default()).unwrap().to_string(),
            jwk: json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": n, "e": e }),
        }
    }

    pub fn p256(kid: &str) -> Self {
        let key = p256::ecdsa::SigningKey::random(&mut rand_core::OsRng);
        let point = key.verifying_key().to_encoded_point(false);
        let (x, y) = (
            URL_SAFE_NO_PAD.encode(point.x().unwrap()),
            URL_SAFE_NO_PAD.encode(point.y().unwrap()),
        );
        let der = p256::SecretKey::from(key.clone()).to_pkcs8_der().unwrap();
        Self {
            kid: kid.into(),
            algorithm: Algorithm::ES256,
            key: EncodingKey::from_ec_der(der.as_bytes()),
            public_pem: String::new(),
            private_pem: String::new(),
            jwk: json!({ "kty": "EC", "crv": "P-256", "kid": kid, "x": x, "y": y }),
        }
    }

    pub fn ed25519(kid: &str) -> Self {
        use rand_core::RngCore as _;
        let mut seed = [0; 32];
        rand_core::OsRng.fill_bytes(&mut seed);
        let public = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key();
        // PKCS #8 around a bare seed (RFC 8410 §7).
        let mut der = vec![
            0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
        ];
        der.extend_from_slice(&seed);
        Self {
            kid: kid.into(),
            algorithm: Algorithm::EdDSA,
            key: EncodingKey::from_ed_der(&der),
            public_pem: String::new(),
            private_pem: String::new(),
            jwk: json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": URL_SAFE_NO_PAD.encode(public.as_bytes()) }),
        }
    }

    pub fn sign(&self, claims: &Value) -> String {
        let header = Header {
            kid: Some(self.kid.clone()),
            ..Header::new(self.algorithm)
        };
        jsonwebtoken::encode(&header, claims, &self.key).unwrap()
    }
}

#[derive(Clone)]
pub struct Issuer {
    pub url: String,
    published: Arc<Mutex<Vec<Value>>>,
    fetches: Arc<AtomicU32>,
}

impl Issuer {
    pub async fn start(keys: &[&SigningKey]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            published: Arc::default(),
            fetches: Arc::default(),
        };
        issuer.publish(keys);
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(jwks))
            .with_state(issuer.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        issuer
    }

    pub fn publish(&self, keys: &[&SigningKey]) {
        let mut published: Vec<_> = keys.iter().map(|key| key.jwk.clone()).collect();
        // A kind of key that nobody here knows must not hide the others.
        published.push(json!({ "kty": "FUTURE", "kid": "future" }));
        *self.published.lock().unwrap() = published;
    }

    pub fn fetches(&self) -> u32 {
        self.fetches.load(Ordering::SeqCst)
    }

    /// Claims that hold, as Clerk's first token version writes them.
    pub fn claims(&self, organisation: &str, role: &str) -> Value {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        json!({
            "iss": self.url, "sub": "user_1", "iat": now, "nbf": now, "exp": now + 300, "azp": "https://console.example",
            "name": "Robin Řehoř", "org_id": organisation, "org_role": role, "org_slug": "acme",
        })
    }
}

async fn discovery(State(issuer): State<Issuer>) -> Json<Value> {
    Json(json!({ "issuer": issuer.url, "jwks_uri": format!("{}/keys", issuer.url) }))
}

async fn jwks(State(issuer): State<Issuer>) -> Json<Value> {
    issuer.fetches.fetch_add(1, Ordering::SeqCst);
    Json(json!({ "keys": *issuer.published.lock().unwrap() }))
}
