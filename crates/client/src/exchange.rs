//! One HTTP request and its answer: headers, time limits, size caps, and the sorting of failures. Follows no redirect (a bearer
//! token must not travel to an address that nobody chose) and repeats a request only once, after a token was renewed.

use crate::address::ControlUrl;
use crate::error::ApiError;
use crate::tls;
use crate::token::{BearerToken, TokenSource};
use caisey_protocol::error::{ErrorBody, ErrorCode};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Method, RequestBuilder, Response, redirect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;

const CONNECT_LIMIT: Duration = Duration::from_secs(10);
const WHOLE_LIMIT: Duration = Duration::from_secs(60);
const STALL_LIMIT: Duration = Duration::from_secs(30);
const MAX_ERROR_BYTES: usize = 64 * 1024;

/// Largest answer read unless a route says otherwise. A directory of 20,000 endpoints fits.
pub(crate) const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

#[derive(Clone)]
pub(crate) struct Exchange {
    pub(crate) address: ControlUrl,
    client: Client,
    tokens: Option<Arc<dyn TokenSource>>,
}

/// What is asked. Query pairs and body are optional.
pub(crate) struct Ask<'a, B: Serialize + Sync> {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) body: Option<&'a B>,
    /// A body that is sent as it is, instead.
    pub(crate) bytes: Option<&'a [u8]>,
}

impl<'a> Ask<'a, ()> {
    pub(crate) fn put_bytes(path: impl Into<String>, bytes: &'a [u8]) -> Self {
        Self {
            bytes: Some(bytes),
            ..Self::with_method(Method::PUT, path)
        }
    }

    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            query: Vec::new(),
            body: None,
            bytes: None,
        }
    }

    pub(crate) fn with_method(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            query: Vec::new(),
            body: None,
            bytes: None,
        }
    }

    pub(crate) fn query(mut self, name: &'static str, value: Option<impl ToString>) -> Self {
        if let Some(value) = value {
            self.query.push((name, value.to_string()));
        }
        self
    }
}

impl<'a, B: Serialize + Sync> Ask<'a, B> {
    pub(crate) fn post(path: impl Into<String>, body: &'a B) -> Self {
        Self {
            method: Method::POST,
            path: path.into(),
            query: Vec::new(),
            body: Some(body),
            bytes: None,
        }
    }

    pub(crate) fn put(path: impl Into<String>, body: &'a B) -> Self {
        Self {
            method: Method::PUT,
            ..Self::post(path, body)
        }
    }
}

impl Exchange {
    pub(crate) fn new(address: ControlUrl, tokens: Option<Arc<dyn TokenSource>>) -> Result<Self, ApiError> {
        let client = http_client(&address)?;
        Ok(Self { address, client, tokens })
    }

    pub(crate) async fn bearer(&self, refused: Option<&BearerToken>) -> Result<Option<BearerToken>, ApiError> {
        match &self.tokens {
            Some(source) => Ok(Some(source.bearer(refused).await?)),
            None => Ok(None),
        }
    }

    /// Asks for JSON.
    pub(crate) async fn json<B: Serialize + Sync, T: DeserializeOwned>(&self, ask: &Ask<'_, B>) -> Result<T, ApiError> {
        let (status, bytes) = self.bytes(ask).await?;
        serde_json::from_slice(&bytes).map_err(|error| ApiError::Unintelligible {
            status,
            detail: position_of(&error),
        })
    }

    /// Asks for text.
    pub(crate) async fn text<B: Serialize + Sync>(&self, ask: &Ask<'_, B>) -> Result<String, ApiError> {
        let (status, bytes) = self.bytes(ask).await?;
        String::from_utf8(bytes).map_err(|_| ApiError::Unintelligible {
            status,
            detail: "not UTF-8".to_owned(),
        })
    }

    /// Asks for nothing but success.
    pub(crate) async fn done<B: Serialize + Sync>(&self, ask: &Ask<'_, B>) -> Result<(), ApiError> {
        self.bytes(ask).await.map(|_| ())
    }

    async fn bytes<B: Serialize + Sync>(&self, ask: &Ask<'_, B>) -> Result<(u16, Vec<u8>), ApiError> {
        let token = self.bearer(None).await?;
        match self.once(ask, token.as_ref()).await {
            Err(error) if error.code() == Some(ErrorCode::Unauthenticated) && token.is_some() => {
                let renewed = self.bearer(token.as_ref()).await?;
                self.once(ask, renewed.as_ref()).await
            }
            other => other,
        }
    }

    async fn once<B: Serialize + Sync>(&self, ask: &Ask<'_, B>, token: Option<&BearerToken>) -> Result<(u16, Vec<u8>), ApiError> {
        let mut request: RequestBuilder = self.client.request(ask.method.clone(), self.address.route(&ask.path));
        if !ask.query.is_empty() {
            request = request.query(&ask.query);
        }
        if let Some(body) = ask.body {
            request = request.json(body);
        }
        if let Some(bytes) = ask.bytes {
            request = request.header(CONTENT_TYPE, "application/octet-stream").body(bytes.to_vec());
        }
        if let Some(token) = token {
            request = request.bearer_auth(token.reveal());
        }
        let response = request
            .send()
            .await
            .map_err(|error| ApiError::from_transport(&error.without_url()))?;
        let status = response.status();
        if status.is_success() {
            return Ok((status.as_u16(), read_capped(response, MAX_ANSWER_BYTES).await?));
        }
        let bytes = read_capped(response, MAX_ERROR_BYTES).await?;
        Err(refusal(status.as_u16(), &bytes))
    }
}

/// A client for this address and no other kind: no redirects, no proxy on loopback, bounded in time.
pub(crate) fn http_client(address: &ControlUrl) -> Result<Client, ApiError> {
    let mut builder = Client::builder()
        .tls_backend_preconfigured(tls::client_config(address)?)
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT_LIMIT)
        .read_timeout(STALL_LIMIT)
        .timeout(WHOLE_LIMIT)
        .user_agent(concat!("caisey/", env!("CARGO_PKG_VERSION")));
    if address.is_loopback() {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| ApiError::Setup(crate::error::chain(&error)))
}

/// Sorts an unsuccessful answer.
pub(crate) fn refusal(status: u16, bytes: &[u8]) -> ApiError {
    match serde_json::from_slice::<ErrorBody>(bytes) {
        Ok(body) => ApiError::Refused { status, body },
        Err(error) => ApiError::Unintelligible {
            status,
            detail: position_of(&error),
        },
    }
}

pub(crate) async fn read_capped(mut response: Response, limit_bytes: usize) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| ApiError::NoAnswer(crate::error::chain(&error.without_url())))?
    {
        if bytes.len() + chunk.len() > limit_bytes {
            return Err(ApiError::TooLarge { limit_bytes });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Where JSON stopped making sense. The parser's own message may quote what it read, and that may be a command's output.
pub(crate) fn position_of(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Io => "unreadable",
        serde_json::error::Category::Syntax => "not JSON",
        serde_json::error::Category::Data => "JSON of another shape",
        serde_json::error::Category::Eof => "cut short",
    };
    format!("{what} at line {} column {}", error.line(), error.column())
}
