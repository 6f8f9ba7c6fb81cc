//! The local issuer's access tokens: JWS compact serialisation with EdDSA over Ed25519 (RFC 7515, RFC 8037).

use crate::data_dir::Key;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use caisey_control::port::Signer as _;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// Claims, named as Clerk's first token version names them.
#[derive(Serialize)]
pub(super) struct AccessClaims<'a> {
    pub(super) iss: &'a str,
    pub(super) sub: &'a str,
    pub(super) aud: &'a str,
    pub(super) iat: u64,
    pub(super) nbf: u64,
    pub(super) exp: u64,
    pub(super) jti: String,
    pub(super) name: &'a str,
    pub(super) email: &'a str,
    pub(super) org_id: &'a str,
    pub(super) org_name: &'a str,
    pub(super) org_role: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_id: Option<&'a str>,
}

/// Signs claims.
pub(super) fn sign(key: &Key, claims: &AccessClaims<'_>) -> Result<String, serde_json::Error> {
    let header = serde_json::json!({ "alg": "EdDSA", "typ": "JWT", "kid": kid(key) });
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header)?),
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(claims)?)
    );
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()));
    Ok(format!("{signed}.{signature}"))
}

/// The key set to publish.
pub(super) fn jwks(key: &Key) -> serde_json::Value {
    serde_json::json!({ "keys": [{
        "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": kid(key),
        "x": URL_SAFE_NO_PAD.encode(key.public_key()),
    }] })
}

/// The key's thumbprint (RFC 7638 §3, RFC 8037 §2).
fn kid(key: &Key) -> String {
    let x = URL_SAFE_NO_PAD.encode(key.public_key());
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(Sha256::digest(members.as_bytes()))
}
