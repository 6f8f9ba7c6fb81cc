//! Signing a person in with an OpenID Connect provider: authorization-code flow with PKCE in the system browser (RFC 8252, RFC 7636,
//! OpenID Connect Core 1.0), and renewing the token afterwards.
//!
//! Promises: state, nonce, issuer, audience, expiry and signature of the identity token are checked before anybody counts as signed in;
//! nothing is sent unprotected except to loopback; tokens and codes never show in logs or errors. Leaves out: storing the refresh token,
//! which the caller does through [`RefreshStore`], and opening the browser, which is the caller's too.

use crate::address::ControlUrl;
use crate::error::{ApiError, chain};
use crate::exchange::{http_client, read_capped};
use crate::loopback::{Loopback, Returned};
use crate::token::{BearerToken, TokenError, TokenFuture, TokenSource};
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata, CoreTokenResponse};
use openidconnect::{
    AuthorizationCode, ClientId, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IssuerUrl,
    Nonce, OAuth2TokenResponse, PkceCodeChallenge, RedirectUrl, RefreshToken, RequestTokenError, Scope, TokenResponse,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// A person has this long to sign in, in the browser.
pub const SIGN_IN_LIMIT: Duration = Duration::from_secs(600);
/// A token is renewed when less than this is left of it.
const SPARE: Duration = Duration::from_secs(30);
/// Life of a token whose issuer does not say.
const UNSTATED_LIFE: Duration = Duration::from_secs(60);
const MAX_ANSWER_BYTES: usize = 512 * 1024;

/// Which of the issuer's tokens the control plane wants to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bearer {
    /// The access token, when it is a JWT with the organisation in it (Clerk, most providers by configuration).
    Access,
    /// The identity token.
    Identity,
}

/// Where and as what to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// The issuer's identifier, exactly as it calls itself.
    pub issuer: String,
    /// The client that an administrator registered there: public, with loopback redirects.
    pub client_id: String,
    /// Scopes besides `openid`.
    pub scopes: Vec<String>,
    /// What goes to the control plane.
    pub bearer: Bearer,
}

/// Keeps the refresh token, in the operating system's key store.
pub trait RefreshStore: Send + Sync + 'static {
    /// The one that was kept last, if any.
    ///
    /// # Errors
    /// In words, when the store fails.
    fn get(&self) -> Result<Option<String>, String>;
    /// Keeps this one instead. Called before the access token that came with it is used.
    ///
    /// # Errors
    /// In words, when the store fails.
    fn set(&self, refresh_token: &str) -> Result<(), String>;
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
    /// The person, or the issuer, said no.
    #[error("you were not signed in: {0}")]
    Refused(String),
    /// The browser could not be opened, or nothing came back from it.
    #[error("the browser did not come back: {0}")]
    Browser(String),
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
    current: Mutex<Option<Current>>,
}

impl OidcTokens {
    /// Signs a person in. `open_browser` shows them the address; the call returns when they are done, or after [`SIGN_IN_LIMIT`].
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn sign_in(
        provider: Provider,
        store: Arc<dyn RefreshStore>,
        open_browser: impl FnOnce(&str) -> Result<(), String> + Send,
    ) -> Result<Self, SignInError> {
        let tokens = Self::resume(provider, store)?;
        let loopback = Loopback::open()
            .await
            .map_err(|error| SignInError::Browser(error.to_string()))?;
        let redirect = RedirectUrl::new(loopback.redirect_uri()).map_err(|error| SignInError::Browser(error.to_string()))?;
        let client = tokens.client().await?.set_redirect_uri(redirect);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let scopes = tokens.provider.scopes.iter().cloned().map(Scope::new);
        let (address, state, nonce) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .add_scopes(scopes)
            .set_pkce_challenge(challenge)
            .url();
        open_browser(address.as_str()).map_err(SignInError::Browser)?;
        let returned = timeout(SIGN_IN_LIMIT, loopback.wait(state.secret(), &tokens.provider.issuer)).await;
        let code = match returned {
            Ok(Ok(Returned::Code(code))) => code,
            Ok(Ok(Returned::Refused(why))) => return Err(SignInError::Refused(why)),
            Ok(Err(error)) => return Err(SignInError::Browser(error.to_string())),
            Err(_) => return Err(SignInError::Browser("nobody signed in within ten minutes".to_owned())),
        };
        let http = |request: HttpRequest| send(tokens.http.clone(), request);
        let request = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| SignInError::Untrusted(error.to_string()))?;
        let answer = request
            .set_pkce_verifier(verifier)
            .request_async(&http)
            .await
            .map_err(|error| refused(&error))?;
        let identity = answer
            .id_token()
            .ok_or_else(|| SignInError::Untrusted("it holds no identity token".to_owned()))?;
        identity
            .claims(&client.id_token_verifier(), &nonce)
            .map_err(|error| SignInError::Untrusted(chain(&error)))?;
        let fresh = tokens.keep(&answer)?;
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

    async fn renew(&self) -> Result<Current, SignInError> {
        let kept = self.store.get().map_err(SignInError::Store)?;
        let kept = RefreshToken::new(kept.ok_or_else(|| SignInError::Refused("nobody is signed in".to_owned()))?);
        let client = self.client().await?;
        let http = |request: HttpRequest| send(self.http.clone(), request);
        let request = client
            .exchange_refresh_token(&kept)
            .map_err(|error| SignInError::Untrusted(error.to_string()))?;
        let answer = request.request_async(&http).await.map_err(|error| refused(&error))?;
        if let Some(identity) = answer.id_token() {
            // A renewed identity token need not repeat the nonce (OpenID Connect Core 1.0 §12.2); everything else must hold.
            let no_nonce = |_: Option<&Nonce>| Ok(());
            identity
                .claims(&client.id_token_verifier(), no_nonce)
                .map_err(|error| SignInError::Untrusted(chain(&error)))?;
        }
        self.keep(&answer)
    }

    /// Stores the next refresh token, then hands out the token that came with it.
    fn keep(&self, answer: &CoreTokenResponse) -> Result<Current, SignInError> {
        if let Some(refresh) = answer.refresh_token() {
            self.store.set(refresh.secret()).map_err(SignInError::Store)?;
        }
        let token = match self.provider.bearer {
            Bearer::Access => BearerToken::new(answer.access_token().secret().clone()),
            Bearer::Identity => {
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

/// One request of the library's, on our terms: protected addresses only, no redirects, bounded answers.
async fn send(client: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let address = request.uri().to_string();
    let checked = url::Url::parse(&address).map(|mut url| {
        url.set_query(None);
        url.to_string()
    });
    checked
        .unwrap_or(address)
        .parse::<ControlUrl>()
        .map_err(|error| ApiError::Setup(error.to_string()))?;
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
