//! Signing a person in with an OpenID Connect provider: authorization-code flow with PKCE in the system browser (RFC 8252, RFC 7636,
//! OpenID Connect Core 1.0), and renewing the token afterwards.
//!
//! Promises: state, nonce, issuer, audience, expiry and signature of the identity token are checked before anybody counts as signed in;
//! nothing is sent unprotected except to loopback, and the browser is only ever sent to such an address; tokens and codes never show in
//! logs or errors. Dropping the future of a sign-in ends it and closes its listener. Leaves out: storing the refresh token, which the
//! caller does through [`RefreshStore`], and opening the browser, which is the caller's too.

use crate::address::ControlUrl;
use crate::error::{ApiError, chain};
use crate::exchange::{http_client, read_capped};
use crate::loopback::{Loopback, Returned};
pub use crate::token::RefreshStore;
use crate::token::{BearerToken, TokenError, TokenFuture, TokenSource};
use caisey_protocol::sign_in::{BearerKind, SignInProvider};
use chrono::{DateTime, Utc};
use openidconnect::core::{
    CoreAuthPrompt, CoreAuthenticationFlow, CoreClient, CoreIdTokenClaims, CoreIdTokenVerifier, CoreProviderMetadata,
    CoreTokenResponse,
};
use openidconnect::{
    AuthorizationCode, ClientId, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IssuerUrl,
    Nonce, OAuth2TokenResponse, PkceCodeChallenge, RedirectUrl, RefreshToken, RequestTokenError, Scope, TokenResponse,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// A person has this long to sign in, in the browser.
pub const SIGN_IN_LIMIT: Duration = Duration::from_secs(600);
/// A token is renewed when less than this is left of it.
const SPARE: Duration = Duration::from_secs(30);
/// Clocks of the issuer and of this machine may differ by this much.
const CLOCK_LEEWAY_S: i64 = 60;
/// Life of a token whose issuer does not say.
const UNSTATED_LIFE: Duration = Duration::from_secs(60);
const MAX_ANSWER_BYTES: usize = 512 * 1024;

/// Where and as what to sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provider {
    /// The issuer's identifier, exactly as it calls itself.
    pub issuer: String,
    /// The client that an administrator registered there: public, with loopback redirects.
    pub client_id: String,
    /// Scopes besides `openid`.
    pub scopes: Vec<String>,
    /// Which of the issuer's tokens goes to the control plane.
    pub bearer: BearerKind,
    /// The one place that the token is to be good for (RFC 8707); absent leaves that to the issuer.
    #[serde(default)]
    pub resource: Option<String>,
}

impl Provider {
    /// As a control plane at this address published it. A token that is bound is bound to the address that the person chose, whatever the
    /// control plane says of itself.
    pub fn published(provider: &SignInProvider, control: &ControlUrl) -> Self {
        Self {
            issuer: provider.issuer.clone(),
            client_id: provider.client_id.clone(),
            scopes: provider.scopes.clone(),
            bearer: provider.bearer,
            resource: provider.resource_bound.then(|| control.as_str().to_owned()),
        }
    }
}

/// What happens while a person signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The issuer was found and waits for the person at this address: open it in the system browser.
    Browse(String),
    /// Something came to the listener that does not belong to this sign-in, and was turned away.
    Stray,
    /// The browser came back; the code is being exchanged.
    Returned,
}

/// Reads the clock of this machine; another one in tests.
pub type ClockS = fn() -> i64;

/// Seconds since the Unix epoch.
pub fn system_clock_s() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The issuer's address is not one that can be trusted.
    #[error("the issuer's address cannot be used: {0}")]
    Address(String),
    /// The issuer cannot be reached.
    #[error("the sign-in service cannot be reached: {0}")]
    Unreachable(String),
    /// The issuer answered with something that does not hold.
    #[error("the sign-in service's answer does not hold: {0}")]
    Untrusted(String),
    /// The clocks of issuer and machine differ so much that no token can be judged.
    #[error("the clocks differ: this computer's is {} {} the sign-in service's", span(.ahead_s.unsigned_abs()), if *.ahead_s > 0 { "ahead of" } else { "behind" })]
    Clock {
        /// By so many seconds this machine is ahead; negative when it is behind.
        ahead_s: i64,
    },
    /// The person, or the issuer, said no.
    #[error("you were not signed in: {0}")]
    Refused(String),
    /// The browser could not be opened, or this machine gave no place for it to come back to.
    #[error("the browser cannot be used: {0}")]
    Browser(String),
    /// Nothing came back from the browser.
    #[error("nobody signed in within {} minutes", SIGN_IN_LIMIT.as_secs() / 60)]
    Late,
    /// The refresh token could not be kept.
    #[error("the sign-in could not be kept: {0}")]
    Store(String),
}

impl From<SignInError> for TokenError {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Unreachable(_) | SignInError::Store(_) => Self::Unreachable(error.to_string()),
            _ => Self::SignInNeeded(error.to_string()),
        }
    }
}

type Client = CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

struct Current {
    token: BearerToken,
    until: Instant,
}

/// Tokens of a person who signed in with a provider.
pub struct OidcTokens {
    provider: Provider,
    http: reqwest::Client,
    store: Arc<dyn RefreshStore>,
    clock_s: ClockS,
    current: Mutex<Option<Current>>,
}

impl OidcTokens {
    /// Signs a person in. `tell` hears how far it is, and shows the person the address to go to; the call returns when they are done, or
    /// after [`SIGN_IN_LIMIT`].
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn sign_in(
        provider: Provider,
        store: Arc<dyn RefreshStore>,
        tell: impl Fn(Step) -> Result<(), String> + Send + Sync,
    ) -> Result<Self, SignInError> {
        Self::resume(provider, store)?.through_browser(tell).await
    }

    /// Judges times by another clock.
    #[must_use]
    pub fn with_clock(mut self, clock_s: ClockS) -> Self {
        self.clock_s = clock_s;
        self
    }

    /// What [`OidcTokens::sign_in`] does, with tokens that were set up before.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn through_browser(self, tell: impl Fn(Step) -> Result<(), String> + Send + Sync) -> Result<Self, SignInError> {
        let tokens = self;
        let loopback = Loopback::open()
            .await
            .map_err(|error| SignInError::Browser(error.to_string()))?;
        let redirect = RedirectUrl::new(loopback.redirect_uri()).map_err(|error| SignInError::Browser(error.to_string()))?;
        let client = tokens.client().await?.set_redirect_uri(redirect);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let scopes = tokens.provider.scopes.iter().cloned().map(Scope::new);
        let mut request = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .add_scopes(scopes)
            .set_pkce_challenge(challenge);
        if let Some(resource) = &tokens.provider.resource {
            request = request.add_extra_param("resource", resource.clone());
        }
        if tokens.provider.scopes.iter().any(|scope| scope == "offline_access") {
            // Without it a provider may leave the refresh token out (OpenID Connect Core 1.0 §11).
            request = request.add_prompt(CoreAuthPrompt::Consent);
        }
        let (address, state, nonce) = request.url();
        // The browser opens whatever it is given, programs for other schemes included.
        trusted(address.as_str()).map_err(|error| SignInError::Untrusted(format!("its sign-in page: {error}")))?;
        tell(Step::Browse(address.to_string())).map_err(SignInError::Browser)?;
        let stray = || drop(tell(Step::Stray));
        let code = match timeout(SIGN_IN_LIMIT, loopback.wait(state.secret(), &tokens.provider.issuer, stray)).await {
            Ok(Ok(Returned::Code(code))) => code,
            Ok(Ok(Returned::Refused(why))) => return Err(SignInError::Refused(why)),
            Ok(Err(error)) => return Err(SignInError::Browser(error.to_string())),
            Err(_) => return Err(SignInError::Late),
        };
        drop(loopback);
        let _ = tell(Step::Returned);
        let http = |request: HttpRequest| send(tokens.http.clone(), request);
        let request = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| SignInError::Untrusted(error.to_string()))?;
        let mut request = request.set_pkce_verifier(verifier);
        if let Some(resource) = &tokens.provider.resource {
            request = request.add_extra_param("resource", resource.clone());
        }
        let answer = request.request_async(&http).await.map_err(|error| refused(&error))?;
        let identity = answer
            .id_token()
            .ok_or_else(|| SignInError::Untrusted("it holds no identity token".to_owned()))?;
        let claims = identity
            .claims(&timeless(&client), &nonce)
            .map_err(|error| SignInError::Untrusted(chain(&error)))?;
        tokens.judge_times(claims)?;
        let fresh = tokens.keep(&answer).await?;
        *tokens.current.lock().await = Some(fresh);
        Ok(tokens)
    }

    /// Goes on with the refresh token of an earlier sign-in; whether it still works shows at the first request.
    ///
    /// # Errors
    /// When the issuer's address cannot be used.
    pub fn resume(provider: Provider, store: Arc<dyn RefreshStore>) -> Result<Self, SignInError> {
        let address: ControlUrl = provider
            .issuer
            .parse()
            .map_err(|error: crate::address::AddressError| SignInError::Address(error.to_string()))?;
        let http = http_client(&address).map_err(|error| SignInError::Address(error.to_string()))?;
        Ok(Self {
            provider,
            http,
            store,
            clock_s: system_clock_s,
            current: Mutex::new(None),
        })
    }

    async fn client(&self) -> Result<Client, SignInError> {
        let issuer = IssuerUrl::new(self.provider.issuer.clone()).map_err(|error| SignInError::Address(error.to_string()))?;
        let http = |request: HttpRequest| send(self.http.clone(), request);
        let metadata = CoreProviderMetadata::discover_async(issuer, &http)
            .await
            .map_err(|error| match error {
                openidconnect::DiscoveryError::Request(error) => SignInError::Unreachable(error.to_string()),
                other => SignInError::Untrusted(chain(&other)),
            })?;
        Ok(CoreClient::from_provider_metadata(
            metadata,
            ClientId::new(self.provider.client_id.clone()),
            None,
        ))
    }

    /// A token that was made this moment tells what time it is at the issuer.
    fn judge_times(&self, claims: &CoreIdTokenClaims) -> Result<(), SignInError> {
        let (now, issued, until) = (
            (self.clock_s)(),
            claims.issue_time().timestamp(),
            claims.expiration().timestamp(),
        );
        let ahead_s = now - issued;
        if now < until + CLOCK_LEEWAY_S && ahead_s > -CLOCK_LEEWAY_S {
            return Ok(());
        }
        if ahead_s.abs() <= CLOCK_LEEWAY_S {
            return Err(SignInError::Untrusted("its identity token has expired already".to_owned()));
        }
        Err(SignInError::Clock { ahead_s })
    }

    /// Ends the sign-in at the issuer too (RFC 7009), where it offers that. What was kept is forgotten by the caller.
    pub async fn revoke(&self) {
        if let Err(error) = self.try_revoke().await {
            tracing::info!(error, "the sign-in was not revoked at its issuer; it runs out by itself");
        }
    }

    async fn try_revoke(&self) -> Result<(), String> {
        #[derive(Deserialize)]
        struct Revocation {
            revocation_endpoint: Option<String>,
        }
        let Some(kept) = self.kept().await.map_err(|error| error.to_string())? else {
            return Ok(());
        };
        let place = format!(
            "{}/.well-known/openid-configuration",
            self.provider.issuer.trim_end_matches('/')
        );
        let answer = self
            .http
            .get(place)
            .send()
            .await
            .map_err(|error| chain(&error.without_url()))?;
        let document = read_capped(answer, MAX_ANSWER_BYTES)
            .await
            .map_err(|error| error.to_string())?;
        let found: Revocation = serde_json::from_slice(&document).map_err(|_| "its document cannot be read".to_owned())?;
        let Some(endpoint) = found.revocation_endpoint else {
            return Ok(());
        };
        trusted(&endpoint)?;
        let form = [
            ("token", kept.as_str()),
            ("token_type_hint", "refresh_token"),
            ("client_id", self.provider.client_id.as_str()),
        ];
        let answer = self.http.post(endpoint).form(&form).send().await;
        let answer = answer.map_err(|error| chain(&error.without_url()))?;
        answer
            .error_for_status()
            .map(drop)
            .map_err(|error| chain(&error.without_url()))
    }

    /// Key stores are asked over a bus and may block.
    async fn kept(&self) -> Result<Option<String>, SignInError> {
        let store = Arc::clone(&self.store);
        let found = tokio::task::spawn_blocking(move || store.get()).await;
        found
            .unwrap_or_else(|error| Err(error.to_string()))
            .map_err(SignInError::Store)
    }

    async fn renew(&self) -> Result<Current, SignInError> {
        let kept = self.kept().await?;
        let kept = RefreshToken::new(kept.ok_or_else(|| SignInError::Refused("nobody is signed in".to_owned()))?);
        let client = self.client().await?;
        let http = |request: HttpRequest| send(self.http.clone(), request);
        let mut request = client
            .exchange_refresh_token(&kept)
            .map_err(|error| SignInError::Untrusted(error.to_string()))?;
        if let Some(resource) = &self.provider.resource {
            request = request.add_extra_param("resource", resource.clone());
        }
        let answer = request.request_async(&http).await.map_err(|error| refused(&error))?;
        if let Some(identity) = answer.id_token() {
            // A renewed identity token need not repeat the nonce (OpenID Connect Core 1.0 §12.2); everything else must hold.
            let no_nonce = |_: Option<&Nonce>| Ok(());
            identity
                .claims(&client.id_token_verifier(), no_nonce)
                .map_err(|error| SignInError::Untrusted(chain(&error)))?;
        }
        self.keep(&answer).await
    }

    /// Stores the next refresh token, then hands out the token that came with it.
    async fn keep(&self, answer: &CoreTokenResponse) -> Result<Current, SignInError> {
        if let Some(refresh) = answer.refresh_token() {
            let (store, refresh) = (Arc::clone(&self.store), refresh.clone());
            let set = tokio::task::spawn_blocking(move || store.set(refresh.secret())).await;
            set.unwrap_or_else(|error| Err(error.to_string()))
                .map_err(SignInError::Store)?;
        }
        let token = match self.provider.bearer {
            BearerKind::Access => BearerToken::new(answer.access_token().secret().clone()),
            BearerKind::Identity => {
                let identity = answer
                    .id_token()
                    .ok_or_else(|| SignInError::Untrusted("it holds no identity token".to_owned()))?;
                BearerToken::new(identity.to_string())
            }
        };
        Ok(Current {
            token,
            until: Instant::now() + answer.expires_in().unwrap_or(UNSTATED_LIFE).saturating_sub(SPARE),
        })
    }
}

impl TokenSource for OidcTokens {
    fn bearer<'a>(&'a self, refused: Option<&'a BearerToken>) -> TokenFuture<'a> {
        Box::pin(async move {
            // Held while renewing: a refresh token works once, so that two must not try at the same time.
            let mut current = self.current.lock().await;
            let good = current
                .as_ref()
                .filter(|current| Instant::now() < current.until && refused != Some(&current.token));
            if let Some(good) = good {
                return Ok(good.token.clone());
            }
            let fresh = self.renew().await?;
            let token = fresh.token.clone();
            *current = Some(fresh);
            Ok(token)
        })
    }
}

/// Everything of an identity token but its times, which [`OidcTokens::judge_times`] looks at.
fn timeless(client: &Client) -> CoreIdTokenVerifier<'_> {
    client.id_token_verifier().set_time_fn(|| DateTime::<Utc>::MIN_UTC)
}

/// Whether an address that an issuer names may be used: https, or this machine's own loopback.
fn trusted(address: &str) -> Result<(), String> {
    let mut url = url::Url::parse(address).map_err(|error| error.to_string())?;
    url.set_query(None);
    url.as_str()
        .parse::<ControlUrl>()
        .map(drop)
        .map_err(|error| error.to_string())
}

/// A span of time as people say it.
fn span(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} seconds"),
        120..7_200 => format!("{} minutes", seconds / 60),
        7_200..172_800 => format!("{} hours", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// One request of the library's, on our terms: protected addresses only, no redirects, bounded answers.
async fn send(client: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    trusted(&request.uri().to_string()).map_err(ApiError::Setup)?;
    let request = reqwest::Request::try_from(request).map_err(|error| ApiError::Setup(chain(&error)))?;
    let response = client
        .execute(request)
        .await
        .map_err(|error| ApiError::from_transport(&error.without_url()))?;
    let (status, headers) = (response.status(), response.headers().clone());
    let mut answer = HttpResponse::new(read_capped(response, MAX_ANSWER_BYTES).await?);
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    Ok(answer)
}

/// Sorts a token request's failure; quotes the issuer's error code and description only.
fn refused<T: openidconnect::ErrorResponse + std::fmt::Display + 'static>(error: &RequestTokenError<ApiError, T>) -> SignInError {
    match error {
        RequestTokenError::ServerResponse(answer) => SignInError::Refused(answer.to_string()),
        RequestTokenError::Request(error) => SignInError::Unreachable(error.to_string()),
        RequestTokenError::Parse(..) => SignInError::Untrusted("it cannot be read".to_owned()),
        RequestTokenError::Other(_) => SignInError::Untrusted("it is not what the protocol allows".to_owned()),
    }
}
