//! The control plane on workerd, and an OpenID Connect issuer for its people: discovery, one Ed25519 key, and a token for whoever asks. For
//! stories on this computer only.

use crate::programs::Program;
use crate::stage::{fresh, now_ms};
use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::json;
use std::net::TcpListener as StdListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// The program and what it serves.
pub struct Workerd {
    program: PathBuf,
    config: PathBuf,
}

impl Workerd {
    /// Where `cargo xtask workers` put everything.
    ///
    /// # Errors
    /// When it did not.
    pub fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let packages = root.join("tests/workerd/node_modules/@cloudflare");
        let worker = root.join("crates/control-worker/worker");
        let program = std::fs::read_dir(&packages).ok().and_then(|packages| {
            let mut programs = packages.flatten().map(|package| package.path().join("bin/workerd"));
            programs.find(|program| program.is_file())
        });
        match program.filter(|_| worker.join("control.wasm").is_file()) {
            Some(program) => Ok(Self {
                program,
                config: worker.join("config.capnp"),
            }),
            None => bail!("workerd or what runs in it is not there: run `cargo xtask workers` first"),
        }
    }

    /// Starts it on its data, at an address.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn serve(&self, data: &str, address: &str, issuer: &TestIssuer, log: &Path) -> Result<Program> {
        std::fs::create_dir_all(data)?;
        let config = self.config.to_string_lossy();
        let (objects, http) = (
            format!("--directory-path=objects={data}"),
            format!("--socket-addr=http={address}"),
        );
        let told = json!({ "authority": "caisey.local", "issuers": [{ "issuer": issuer.url }] });
        let environment = [
            ("CAISEY", told.to_string()),
            ("CHECKPOINT_KEY", checkpoint_key()),
            ("OPERATOR_SECRET", OPERATOR_SECRET.to_owned()),
        ];
        let assets = self.config.with_file_name("../assets");
        let assets = format!("--directory-path=assets={}", assets.display());
        let arguments = ["serve", &config, &objects, &assets, &http, "--control-fd=1"];
        Program::start_in(&self.program, &arguments, &environment, log)
    }
}

/// The operator's secret of these deployments.
pub const OPERATOR_SECRET: &str = "the operator of a story, who may move it";

/// A key for stories: what it signs is evidence of nothing.
pub fn checkpoint_key() -> String {
    STANDARD.encode([0x5a; 32])
}

/// An address on this computer that nobody uses.
///
/// # Errors
/// The operating system's.
pub fn free_address() -> Result<String> {
    Ok(StdListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

/// An issuer in this process, for as long as it lasts.
pub struct TestIssuer {
    /// Its address, which is its name.
    pub url: String,
}

impl TestIssuer {
    /// Starts it on a free port.
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
        let key = Arc::new(SigningKey::from_bytes(&seed));
        let own = url.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (key, own) = (Arc::clone(&key), own.clone());
                tokio::spawn(async move {
                    // Whoever hangs up asks again.
                    let _ = serve(stream, &key, &own).await;
                });
            }
        });
        Ok(Self { url })
    }
}

/// A fresh token from an issuer.
///
/// # Errors
/// When it is not there.
pub async fn issued(issuer: &str) -> Result<String> {
    let address = issuer.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await?;
    stream
        .write_all(format!("GET /token HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").as_bytes())
        .await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (_, token) = answer.split_once("\r\n\r\n").context("the issuer gave no answer")?;
    Ok(token.to_owned())
}

async fn serve(mut stream: TcpStream, key: &SigningKey, url: &str) -> Result<()> {
    let mut request = Vec::new();
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        let mut piece = [0; 1_024];
        let read = stream.read(&mut piece).await?;
        if read == 0 || request.len() > 16_384 {
            return Ok(());
        }
        request.extend_from_slice(piece.get(..read).unwrap_or_default());
    }
    let line = String::from_utf8_lossy(&request).into_owned();
    let body = match line.split(' ').nth(1) {
        Some("/.well-known/openid-configuration") => json!({ "issuer": url, "jwks_uri": format!("{url}/keys") }).to_string(),
        Some("/keys") => {
            let x = URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes());
            json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "story", "x": x }] }).to_string()
        }
        _ => token(key, url)?,
    };
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    Ok(stream.shutdown().await?)
}

fn token(key: &SigningKey, url: &str) -> Result<String> {
    let now = now_ms() / 1_000;
    let header = json!({ "alg": "EdDSA", "typ": "JWT", "kid": "story" });
    let claims = json!({
        "iss": url, "sub": "jordan", "iat": now, "nbf": now, "exp": now + 300,
        "name": "Jordan Doe", "org_id": "msp", "org_slug": "msp", "org_role": "org:owner",
    });
    let part = |value: &serde_json::Value| Ok::<_, serde_json::Error>(URL_SAFE_NO_PAD.encode(serde_json::to_vec(value)?));
    let signed = format!("{}.{}", part(&header)?, part(&claims)?);
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()).to_bytes());
    Ok(format!("{signed}.{signature}"))
}
