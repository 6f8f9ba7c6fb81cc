//! An issuer's public keys: discovered, fetched, kept, and fetched again when a token names one that is new.
//!
//! Follows OpenID Connect Discovery 1.0 §4 and RFC 7517. Keys that an unreachable issuer had yesterday are still believed for a day.

use super::Refused;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use url::Url;

const FRESH: Duration = Duration::from_secs(60 * 60);
const BELIEVED: Duration = Duration::from_secs(24 * 60 * 60);
const MAX_DOCUMENT_BYTES: usize = 256 * 1024;

/// Where keys come from.
pub(super) enum KeySource {
    /// They are here.
    Given(JwkSet),
    /// Below the issuer's address.
    Discovered { issuer: String, http: reqwest::Client },
}

/// An issuer's keys.
pub(super) struct Keys {
    source: KeySource,
    between: Duration,
    fetched: Mutex<Fetched>,
}

#[derive(Default)]
struct Fetched {
    set: Option<(JwkSet, Instant)>,
    tried: Option<Instant>,
}

/// The one client for issuers: no redirects, short patience.
pub(super) fn http_client() -> Result<reqwest::Client, reqwest::Error> {
    crate::plane::install_crypto();
    reqwest::Client::builder()
        .timeout(Duration::from_secs(10))
        .redirect(reqwest::redirect::Policy::none())
        .build()
}

impl Keys {
    pub(super) fn new(source: KeySource, between: Duration) -> Self {
        Self {
            source,
            between,
            fetched: Mutex::default(),
        }
    }

    /// Keys that may have made this signature: the named one, or every fitting one when the token names none.
    pub(super) async fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Result<Vec<DecodingKey>, Refused> {
        match &self.source {
            KeySource::Given(set) => Ok(fitting(set, kid, algorithm)),
            KeySource::Discovered { issuer, http } => self.find_discovered(issuer, http, kid, algorithm).await,
        }
    }

    async fn find_discovered(
        &self,
        issuer: &str,
        http: &reqwest::Client,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Vec<DecodingKey>, Refused> {
        // Held while fetching: a crowd with new tokens makes one request.
        let mut fetched = self.fetched.lock().await;
        if let Some((set, at)) = &fetched.set
            && at.elapsed() < FRESH
        {
            let found = fitting(set, kid, algorithm);
            if !found.is_empty() {
                return Ok(found);
            }
        }
        if fetched.tried.is_none_or(|tried| tried.elapsed() >= self.between) {
            fetched.tried = Some(Instant::now());
            match fetch(issuer, http).await {
                Ok(set) => fetched.set = Some((set, Instant::now())),
                Err(error) => tracing::warn!(issuer, error = format!("{error:#}"), "an issuer's keys could not be fetched"),
            }
        }
        match &fetched.set {
            Some((set, at)) if at.elapsed() < BELIEVED => Ok(fitting(set, kid, algorithm)),
            _ => Err(Refused::KeysUnavailable),
        }
    }
}

fn fitting(set: &JwkSet, kid: Option<&str>, algorithm: Algorithm) -> Vec<DecodingKey> {
    set.keys
        .iter()
        .filter(|key| kid.is_none() || key.common.key_id.as_deref() == kid)
        .filter(|key| fits(key, algorithm))
        .filter_map(|key| DecodingKey::from_jwk(key).ok())
        .take(8)
        .collect()
}

/// A key is used for the one algorithm that its type, and its own word, allow (RFC 8725 §3.1).
fn fits(key: &Jwk, algorithm: Algorithm) -> bool {
    if key
        .common
        .public_key_use
        .as_ref()
        .is_some_and(|used| *used != PublicKeyUse::Signature)
    {
        return false;
    }
    let (by_type, named) = match (&key.algorithm, algorithm) {
        (AlgorithmParameters::RSA(_), Algorithm::RS256) => (true, KeyAlgorithm::RS256),
        (AlgorithmParameters::EllipticCurve(curve), Algorithm::ES256) => {
            (curve.curve == EllipticCurve::P256, KeyAlgorithm::ES256)
        }
        (AlgorithmParameters::OctetKeyPair(pair), Algorithm::EdDSA) => {
            (pair.curve == EllipticCurve::Ed25519, KeyAlgorithm::EdDSA)
        }
        _ => return false,
    };
    by_type && key.common.key_algorithm.is_none_or(|own| own == named)
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("{0} is neither https nor on this computer")]
    Insecure(String),
    #[error("the discovery document names another issuer")]
    OtherIssuer,
    #[error("{0} answered {1}")]
    Status(String, u16),
    #[error("{0} sent more than {MAX_DOCUMENT_BYTES} bytes")]
    TooLong(String),
    #[error("the request failed")]
    Http(#[from] reqwest::Error),
    #[error("the answer is not the JSON that was expected")]
    Json(#[from] serde_json::Error),
}

async fn fetch(issuer: &str, http: &reqwest::Client) -> Result<JwkSet, FetchError> {
    let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let discovery: Discovery = get(http, &address).await?;
    if discovery.issuer != issuer {
        return Err(FetchError::OtherIssuer);
    }
    // Keys of kinds that we do not know must not hide the others.
    #[derive(Deserialize)]
    struct Loose {
        keys: Vec<serde_json::Value>,
    }
    let loose: Loose = get(http, &discovery.jwks_uri).await?;
    Ok(JwkSet {
        keys: loose
            .keys
            .into_iter()
            .filter_map(|key| serde_json::from_value(key).ok())
            .collect(),
    })
}

async fn get<T: DeserializeOwned>(http: &reqwest::Client, address: &str) -> Result<T, FetchError> {
    let url = Url::parse(address)
        .ok()
        .filter(is_trustworthy)
        .ok_or_else(|| FetchError::Insecure(address.to_owned()))?;
    let mut answer = http.get(url).send().await?;
    if !answer.status().is_success() {
        return Err(FetchError::Status(address.to_owned(), answer.status().as_u16()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_DOCUMENT_BYTES {
            return Err(FetchError::TooLong(address.to_owned()));
        }
    }
    Ok(serde_json::from_slice(&body)?)
}

/// Keys fetched in the clear could be anybody's, except from this computer itself.
fn is_trustworthy(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && loopback)
}
