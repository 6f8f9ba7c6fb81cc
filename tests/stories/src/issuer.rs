//! An OpenID Connect issuer for a story's people: discovery, one Ed25519 key, tokens for whoever asks, and refresh tokens as a desktop keeps
//! them. For stories on this computer only.

use crate::stage::{fresh, now_ms};
use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use caisey_client::oidc::Provider;
use caisey_ledger::id::ClientId;
use caisey_protocol::sign_in::BearerKind;
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// As what consoles are registered there.
const CONSOLE: &str = "caisey-console";
/// How long a token lives, in seconds.
const LIFE_S: u64 = 300;
/// Longest request that is read.
const MAX_REQUEST: usize = 16_384;

/// Somebody who can sign in.
#[derive(Debug, Clone)]
pub struct Person {
    /// Their address, which is also who they are to the issuer.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Their role.
    pub role: String,
    /// Whose contact they are.
    pub client: Option<ClientId>,
}

/// An issuer in this process, for as long as it lasts.
pub struct TestIssuer {
    url: String,
    people: Arc<Mutex<Vec<Person>>>,
}

impl TestIssuer {
    /// Starts it on a free port. Nobody can sign in yet.
    ///
    /// # Errors
    /// The operating system's.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let half = fresh()?;
        let mut seed = [0; 32];
        seed.iter_mut()
            .zip(half.iter().chain(&fresh()?))
            .for_each(|(to, from)| *to = *from);
        let people = Arc::new(Mutex::new(Vec::new()));
        let desk = Arc::new(Desk {
            key: SigningKey::from_bytes(&seed),
            url: url.clone(),
            people: Arc::clone(&people),
        });
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let desk = Arc::clone(&desk);
                tokio::spawn(async move {
                    // Whoever hangs up asks again.
                    let _ = desk.serve(stream).await;
                });
            }
        });
        Ok(Self { url, people })
    }

    /// From here on they can sign in.
    pub fn admit(&self, person: Person) {
        self.people.lock().unwrap_or_else(PoisonError::into_inner).push(person);
    }

    /// Its address, which is its name.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What a control plane is told of it.
    pub fn config(&self) -> Value {
        json!({
            "issuer": self.url,
            "console": { "name": "The story's sign-in", "client_id": CONSOLE, "bearer": "access" },
        })
    }

    /// What a console keeps of it.
    pub fn provider(&self) -> Provider {
        Provider {
            issuer: self.url.clone(),
            client_id: CONSOLE.to_owned(),
            scopes: vec!["offline_access".to_owned()],
            bearer: BearerKind::Access,
            resource: None,
        }
    }

    /// Where tokens of this person are had, from any process.
    ///
    /// # Errors
    /// When nobody of this address was admitted.
    pub fn tokens_at(&self, email: &str) -> Result<String> {
        Ok(tokens_at(&self.url, self.place(email)?))
    }

    /// A refresh token of this person.
    ///
    /// # Errors
    /// When nobody of this address was admitted.
    pub fn refresh_token(&self, email: &str) -> Result<String> {
        Ok(refresh_token(self.place(email)?))
    }

    fn place(&self, email: &str) -> Result<usize> {
        let people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        let place = people.iter().position(|person| person.email == email);
        place.with_context(|| format!("{email} was not admitted"))
    }
}

/// Where tokens are had of the person who was admitted so many others after the first.
pub fn tokens_at(issuer: &str, place: usize) -> String {
    format!("{issuer}/token/{place}")
}

fn refresh_token(place: usize) -> String {
    format!("refresh-{place}-")
}

/// A fresh token from [`TestIssuer::tokens_at`].
///
/// # Errors
/// When the issuer is not there.
pub async fn issued(at: &str) -> Result<String> {
    let (address, path) = at
        .trim_start_matches("http://")
        .split_once('/')
        .context("an address without a path")?;
    let mut stream = TcpStream::connect(address).await?;
    stream
        .write_all(format!("GET /{path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").as_bytes())
        .await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (_, token) = answer.split_once("\r\n\r\n").context("the issuer gave no answer")?;
    Ok(token.to_owned())
}

/// What answers.
struct Desk {
    key: SigningKey,
    url: String,
    people: Arc<Mutex<Vec<Person>>>,
}

impl Desk {
    async fn serve(&self, mut stream: TcpStream) -> Result<()> {
        let Some(request) = read(&mut stream).await? else {
            return Ok(());
        };
        let (status, body) = match self.answer(&request)? {
            Some(body) => ("200 OK", body),
            None => ("400 Bad Request", json!({ "error": "invalid_grant" }).to_string()),
        };
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await?;
        Ok(stream.shutdown().await?)
    }

    fn answer(&self, request: &str) -> Result<Option<String>> {
        let path = request.split(' ').nth(1).unwrap_or_default();
        let people = self.people.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if path == "/.well-known/openid-configuration" {
            let url = &self.url;
            return Ok(Some(
                json!({
                    "issuer": url, "jwks_uri": format!("{url}/keys"),
                    "authorization_endpoint": format!("{url}/sign-in"), "token_endpoint": format!("{url}/token"),
                    "response_types_supported": ["code"], "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": ["EdDSA"],
                })
                .to_string(),
            ));
        }
        if path == "/keys" {
            let x = URL_SAFE_NO_PAD.encode(self.key.verifying_key().as_bytes());
            let key = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "story", "x": x });
            return Ok(Some(json!({ "keys": [key] }).to_string()));
        }
        if let Some(place) = path.strip_prefix("/token/") {
            let person = place.parse::<usize>().ok().and_then(|place| people.get(place));
            return person.map(|person| self.token(person)).transpose();
        }
        // RFC 6749 §6. No word of ours needs to be encoded in a form.
        let renewing = path == "/token" && request.contains("grant_type=refresh_token");
        let known = |place: &usize| request.contains(&format!("refresh_token={}", refresh_token(*place)));
        let Some(place) = (0..people.len()).find(known).filter(|_| renewing) else {
            return Ok(None);
        };
        let person = people.get(place).context("a person who was there")?;
        Ok(Some(
            json!({
                "access_token": self.token(person)?, "token_type": "Bearer", "expires_in": LIFE_S,
                "refresh_token": refresh_token(place),
            })
            .to_string(),
        ))
    }

    fn token(&self, person: &Person) -> Result<String> {
        let now = now_ms() / 1_000;
        let header = json!({ "alg": "EdDSA", "typ": "JWT", "kid": "story" });
        let claims = json!({
            "iss": self.url, "sub": person.email, "iat": now, "nbf": now, "exp": now + LIFE_S,
            "name": person.name, "email": person.email,
            "org_id": "msp", "org_slug": "msp", "org_role": format!("org:{}", person.role),
            "client_id": person.client,
        });
        let part = |value: &Value| Ok::<_, serde_json::Error>(URL_SAFE_NO_PAD.encode(serde_json::to_vec(value)?));
        let signed = format!("{}.{}", part(&header)?, part(&claims)?);
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes()).to_bytes());
        Ok(format!("{signed}.{signature}"))
    }
}

/// A request with its body; none from somebody who hung up or says too much.
async fn read(stream: &mut TcpStream) -> Result<Option<String>> {
    let mut request = String::new();
    loop {
        if let Some((head, body)) = request.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.trim().parse::<usize>())
            });
            if body.len() >= length.transpose()?.unwrap_or(0) {
                return Ok(Some(request));
            }
        }
        let mut piece = [0; 1_024];
        let read = stream.read(&mut piece).await?;
        if read == 0 || request.len() > MAX_REQUEST {
            return Ok(None);
        }
        request.push_str(&String::from_utf8_lossy(piece.get(..read).unwrap_or_default()));
    }
}
