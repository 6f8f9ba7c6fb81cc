//! Identity tokens: JWS compact serialisation, checked against the published keys of a configured issuer.
//!
//! Promises: only RS256, ES256 and EdDSA, each only with keys of its own type; signature, `iss`, `exp`, `nbf`, `iat` (60 s of leeway) and, where
//! configured, `aud` and `azp` hold; keys come over https, or from this computer. The arithmetic of signatures is the platform's (WebCrypto).
//! Who the person is, the claims say as on every host (`caisey_control::claims`). Follows RFC 7515, RFC 7517, RFC 7519, RFC 8725, OpenID Connect
//! Discovery 1.0 §4.

use super::conversation::{Need, Outside};
use crate::config::is_trustworthy;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use caisey_control::claims::{Claims, Identity, LEEWAY_S, Refused};
use caisey_control::issuer::IssuerConfig;
use serde::Deserialize;
use serde_json::{Map, Value, json};

const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// Keys tried for one token at most.
const MOST_KEYS: usize = 8;

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// Extensions that must be understood: there are none.
    crit: Option<Value>,
}

/// A token taken apart, nothing of it believed.
struct Unproved<'a> {
    header: Header,
    algorithm: Algorithm,
    claims: Value,
    signed: &'a str,
    signature: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Rs256,
    Es256,
    EdDsa,
}

impl Algorithm {
    fn named(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            "EdDSA" => Some(Self::EdDsa),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The members of a key of this algorithm's type, and nothing else of it.
    fn key(self, jwk: &Value) -> Option<Value> {
        let member = |name: &str| jwk.get(name).and_then(Value::as_str);
        let (kind, curve, parts): (_, _, &[&str]) = match self {
            Self::Rs256 => ("RSA", None, &["n", "e"]),
            Self::Es256 => ("EC", Some("P-256"), &["x", "y"]),
            Self::EdDsa => ("OKP", Some("Ed25519"), &["x"]),
        };
        let own = member("kty") == Some(kind)
            && (curve.is_none() || member("crv") == curve)
            && member("alg").is_none_or(|alg| alg == self.name())
            && member("use").is_none_or(|purpose| purpose == "sig");
        if !own {
            return None;
        }
        let mut key = Map::from_iter([("kty".to_owned(), json!(kind))]);
        key.extend(curve.map(|curve| ("crv".to_owned(), json!(curve))));
        for part in parts {
            key.insert((*part).to_owned(), json!(member(part)?));
        }
        Some(Value::Object(key))
    }
}

/// Who sent this `Authorization` header.
pub(super) async fn identify(
    outside: &Outside,
    issuers: &[IssuerConfig],
    authorization: Option<&str>,
    now_s: u64,
) -> Result<Identity, Refused> {
    let token = authorization.and_then(bearer).ok_or(Refused::Missing)?;
    if token.len() > MAX_TOKEN_BYTES {
        return Err(Refused::Invalid("it is too long"));
    }
    let unproved = take_apart(token)?;
    let named = unproved.claims.get("iss").and_then(Value::as_str);
    let issuer = issuers
        .iter()
        .find(|issuer| named == Some(issuer.issuer.as_str()))
        .ok_or(Refused::Invalid("its issuer is not one that this control plane trusts"))?;
    let mut keys = published(outside, issuer, &unproved, false).await?;
    if keys.is_empty() {
        // The issuer may have a new one.
        keys = published(outside, issuer, &unproved, true).await?;
    }
    if keys.is_empty() {
        return Err(Refused::Invalid("no key of its issuer fits"));
    }
    for key in keys {
        let verify = Need::Verify {
            algorithm: unproved.algorithm.name(),
            key,
            signed: unproved.signed.as_bytes().to_vec(),
            signature: unproved.signature.clone(),
        };
        if outside.bring(verify).await.is_good() {
            check_registered(&unproved.claims, issuer, now_s)?;
            let claims: Claims = serde_json::from_value(unproved.claims).map_err(|_| Refused::Invalid("it is malformed"))?;
            return claims.identity(issuer, now_s);
        }
    }
    Err(Refused::Invalid("its signature does not hold"))
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn take_apart(token: &str) -> Result<Unproved<'_>, Refused> {
    let malformed = || Refused::Invalid("it is not a signed token that we understand");
    let (signed, signature) = token.rsplit_once('.').ok_or_else(malformed)?;
    let (header, claims) = signed.split_once('.').ok_or_else(malformed)?;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed());
    let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| malformed())?;
    let algorithm = Algorithm::named(&header.alg).ok_or(Refused::Invalid("its signature algorithm is not allowed"))?;
    if header.crit.is_some() {
        return Err(malformed());
    }
    let claims: Value = serde_json::from_slice(&decode(claims)?).map_err(|_| Refused::Invalid("it is malformed"))?;
    Ok(Unproved {
        header,
        algorithm,
        claims,
        signed,
        signature: decode(signature)?,
    })
}

/// Keys of the issuer that may have made the signature: the named one, or every fitting one when the token names none.
async fn published(outside: &Outside, issuer: &IssuerConfig, token: &Unproved<'_>, fresh: bool) -> Result<Vec<String>, Refused> {
    #[derive(Deserialize)]
    struct Discovery {
        issuer: String,
        jwks_uri: String,
    }
    #[derive(Deserialize)]
    struct Keys {
        // Keys of kinds that we do not know must not hide the others.
        keys: Vec<Value>,
    }
    let address = format!("{}/.well-known/openid-configuration", issuer.issuer.trim_end_matches('/'));
    let discovery: Discovery = document(outside, address, false).await?;
    if discovery.issuer != issuer.issuer {
        return Err(Refused::KeysUnavailable);
    }
    let keys: Keys = document(outside, discovery.jwks_uri, fresh).await?;
    let fits = |key: &Value| {
        let named = token.header.kid.as_deref();
        if named.is_some() && key.get("kid").and_then(Value::as_str) != named {
            return None;
        }
        token.algorithm.key(key).map(|key| key.to_string())
    };
    Ok(keys.keys.iter().filter_map(fits).take(MOST_KEYS).collect())
}

async fn document<T: for<'a> Deserialize<'a>>(outside: &Outside, url: String, fresh: bool) -> Result<T, Refused> {
    if !is_trustworthy(&url) {
        return Err(Refused::KeysUnavailable);
    }
    let answer = outside.bring(Need::Fetch { url, fresh }).await;
    let found = answer.is_good().then(|| serde_json::from_slice(&answer.body).ok()).flatten();
    found.ok_or(Refused::KeysUnavailable)
}

/// The registered claims (RFC 7519 §4.1) of a token whose signature holds.
fn check_registered(claims: &Value, issuer: &IssuerConfig, now_s: u64) -> Result<(), Refused> {
    let lacks = Refused::Invalid("it lacks a claim that is required");
    let seconds = |name: &str| match claims.get(name) {
        None => Ok(None),
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // whole seconds are enough
        Some(value) => match value.as_f64().filter(|number| *number >= 0.0) {
            Some(number) => Ok(Some(number as u64)),
            None => Err(Refused::Invalid("it is malformed")),
        },
    };
    let Some(end) = seconds("exp")? else { return Err(lacks) };
    if end + LEEWAY_S < now_s {
        return Err(Refused::Invalid("it has expired"));
    }
    match seconds("nbf")? {
        None if issuer.require_nbf => return Err(lacks),
        Some(begin) if begin > now_s + LEEWAY_S => return Err(Refused::Invalid("it is not valid yet")),
        _ => {}
    }
    if claims.get("sub").is_none() {
        return Err(lacks);
    }
    if issuer.audience.is_empty() {
        return Ok(());
    }
    let ours = |value: &Value| {
        value
            .as_str()
            .is_some_and(|value| issuer.audience.iter().any(|ours| ours == value))
    };
    match claims.get("aud") {
        None => Err(lacks),
        Some(Value::Array(list)) if list.iter().any(ours) => Ok(()),
        Some(one) if ours(one) => Ok(()),
        Some(_) => Err(Refused::Invalid("it is meant for somebody else")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn a_key_serves_its_own_algorithm_only() {
        let rsa = json!({ "kty": "RSA", "n": "AA", "e": "AQAB", "d": "secret", "kid": "k" });
        assert_eq!(
            Algorithm::Rs256.key(&rsa),
            Some(json!({ "kty": "RSA", "n": "AA", "e": "AQAB" }))
        );
        assert_eq!(Algorithm::EdDsa.key(&rsa), None);
        let other = json!({ "kty": "EC", "crv": "P-384", "x": "AA", "y": "AA" });
        assert_eq!(Algorithm::Es256.key(&other), None);
        for member in [json!({ "use": "enc" }), json!({ "alg": "PS256" })] {
            let mut key = rsa.clone();
            if let (Some(key), Some(member)) = (key.as_object_mut(), member.as_object()) {
                key.extend(member.clone());
            }
            assert_eq!(Algorithm::Rs256.key(&key), None, "{key}");
        }
    }

    #[test]
    fn registered_claims_are_held_against_the_clock_and_the_configuration() {
        let issuer = IssuerConfig {
            audience: vec!["caisey".to_owned()],
            ..IssuerConfig::clerk("https://i.example")
        };
        let good = json!({ "exp": 1_000, "nbf": 900, "sub": "x", "aud": ["other", "caisey"] });
        assert!(check_registered(&good, &issuer, 1_000).is_ok());
        let with = |name: &str, value: Value| {
            let mut claims = good.clone();
            claims[name] = value;
            check_registered(&claims, &issuer, 1_000).is_err()
        };
        assert!(with("exp", json!(900)) && with("exp", Value::Null) && with("exp", json!("soon")));
        assert!(with("nbf", json!(1_100)) && with("aud", json!("other")) && with("aud", json!(7)));
        for name in ["exp", "nbf", "sub", "aud"] {
            let mut claims = good.clone();
            claims.as_object_mut().map(|claims| claims.remove(name));
            assert!(check_registered(&claims, &issuer, 1_000).is_err(), "{name}");
        }
    }
}
