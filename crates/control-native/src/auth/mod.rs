//! Who is asking: OpenID Connect tokens of the configured issuers, checked here and nowhere else.
//!
//! Promises: only RS256, ES256 and EdDSA; signature, `iss`, `exp`, `nbf`, `iat` (60 s of leeway) and, where configured, `aud` and
//! `azp` hold; organisation, member and role come from the token alone. Identifiers are the first 16 bytes of
//! SHA-256(issuer ‖ 0x00 ‖ organisation or subject): two issuers can never name each other's organisations. Follows OpenID Connect
//! Core 1.0 §3.1.3.7, RFC 7519, RFC 8725, and Clerk's session token claims, versions 1 and 2.

mod keys;

pub use caisey_control::claims::{Identity, Refused, member_id, organisation_id};

use crate::clock;
use crate::config::IssuerConfig;
use caisey_control::claims::{Claims, LEEWAY_S};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use keys::{KeySource, Keys};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// A verified token is believed this long without checking its signature again.
const BELIEVED_MS: u64 = 60_000;
const BELIEVED_MAX: usize = 4_096;

struct Issuer {
    config: IssuerConfig,
    keys: Keys,
}

/// SHA-256 of a token.
type TokenDigest = [u8; 32];
/// Until when, in milliseconds since the Unix epoch, and who.
type Believed = (u64, Arc<Identity>);

/// Checks tokens.
pub struct Verifier {
    issuers: Vec<Issuer>,
    believed: Mutex<HashMap<TokenDigest, Believed>>,
}

impl Verifier {
    /// Accepts tokens of these issuers; keys are fetched when first needed, and for keys not seen before at most once in `between`.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn new(issuers: Vec<IssuerConfig>, between: Duration) -> Result<Self, reqwest::Error> {
        let http = keys::http_client()?;
        let issuers = issuers
            .into_iter()
            .map(|config| Issuer {
                keys: Keys::new(
                    KeySource::Discovered {
                        issuer: config.issuer.clone(),
                        http: http.clone(),
                    },
                    between,
                ),
                config,
            })
            .collect();
        Ok(Self {
            issuers,
            believed: Mutex::default(),
        })
    }

    /// Also accepts tokens of an issuer in this process, whose key set is at hand.
    ///
    /// # Errors
    /// When the key set cannot be read.
    pub fn with_local(mut self, config: IssuerConfig, jwks: &serde_json::Value) -> Result<Self, serde_json::Error> {
        let set = serde_json::from_value(jwks.clone())?;
        self.issuers.push(Issuer {
            config,
            keys: Keys::new(KeySource::Given(set), Duration::ZERO),
        });
        Ok(self)
    }

    /// Checks a token from an `Authorization` header.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn identify(&self, authorization: Option<&str>) -> Result<Arc<Identity>, Refused> {
        let token = authorization.and_then(bearer).ok_or(Refused::Missing)?;
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Refused::Invalid("it is too long"));
        }
        let digest: TokenDigest = Sha256::digest(token.as_bytes()).into();
        let now_ms = clock::now_ms();
        if let Some((until_ms, identity)) = crate::object::locked(&self.believed).get(&digest)
            && now_ms < *until_ms
            && now_ms < identity.expires_at_ms
        {
            return Ok(Arc::clone(identity));
        }
        let identity = Arc::new(self.verify(token, now_ms).await?);
        let mut believed = crate::object::locked(&self.believed);
        if believed.len() >= BELIEVED_MAX {
            believed.retain(|_, (until_ms, _)| now_ms < *until_ms);
            if believed.len() >= BELIEVED_MAX {
                believed.clear();
            }
        }
        believed.insert(digest, (now_ms + BELIEVED_MS, Arc::clone(&identity)));
        Ok(identity)
    }

    async fn verify(&self, token: &str, now_ms: u64) -> Result<Identity, Refused> {
        let header =
            jsonwebtoken::decode_header(token).map_err(|_| Refused::Invalid("it is not a signed token that we understand"))?;
        if !matches!(header.alg, Algorithm::RS256 | Algorithm::ES256 | Algorithm::EdDSA) {
            return Err(Refused::Invalid("its signature algorithm is not allowed"));
        }
        // Only to find the issuer; believed after the signature holds.
        let unproved: Claims =
            jsonwebtoken::dangerous::insecure_decode_claims(token).map_err(|_| Refused::Invalid("it is malformed"))?;
        let issuer = self
            .issuers
            .iter()
            .find(|issuer| unproved.issuer() == Some(issuer.config.issuer.as_str()))
            .ok_or(Refused::Invalid("its issuer is not one that this control plane trusts"))?;
        let keys = issuer.keys.find(header.kid.as_deref(), header.alg).await?;
        let validation = validation(&issuer.config, header.alg);
        let mut last = Refused::Invalid("no key of its issuer fits");
        for key in keys {
            match decode(token, &key, &validation) {
                Ok(claims) => return claims.identity(&issuer.config, now_ms / 1_000),
                Err(refused) => last = refused,
            }
        }
        Err(last)
    }
}

fn validation(config: &IssuerConfig, algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.leeway = LEEWAY_S;
    validation.validate_nbf = true;
    validation.set_issuer(&[&config.issuer]);
    let mut required = vec!["exp", "iss", "sub"];
    if config.require_nbf {
        required.push("nbf");
    }
    if config.audience.is_empty() {
        validation.validate_aud = false;
    } else {
        validation.set_audience(&config.audience);
        required.push("aud");
    }
    validation.set_required_spec_claims(&required);
    validation
}

fn decode(token: &str, key: &DecodingKey, validation: &Validation) -> Result<Claims, Refused> {
    use jsonwebtoken::errors::ErrorKind;
    match jsonwebtoken::decode::<Claims>(token, key, validation) {
        Ok(data) => Ok(data.claims),
        Err(error) => Err(Refused::Invalid(match error.kind() {
            ErrorKind::ExpiredSignature => "it has expired",
            ErrorKind::ImmatureSignature => "it is not valid yet",
            ErrorKind::InvalidAudience => "it is meant for somebody else",
            ErrorKind::InvalidIssuer => "its issuer is not one that this control plane trusts",
            ErrorKind::MissingRequiredClaim(_) => "it lacks a claim that is required",
            ErrorKind::InvalidSignature => "its signature does not hold",
            _ => "it is malformed",
        })),
    }
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
