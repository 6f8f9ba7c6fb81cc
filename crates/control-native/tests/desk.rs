//! A control plane with a few people and machines, and what they need to talk to it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use caisey_control_native::{Config, ControlPlane, Running};
use caisey_ledger::id::{ClientId, EndpointId, InstallerId, OrganisationId, TimeMs};
use caisey_protocol::http::{
    CreateClient, CreateInstaller, DEVICE_CONTEXT, DeviceView, ENROL_CONTEXT, EnrolAnswer, EnrolRequest, InstallerSecret, Me,
    RegisterDevice,
};
use caisey_protocol::role::Role;
use caisey_protocol::runtime::{FromRuntime, ToRuntime};
use caisey_testkit::person::{Person, sign_lines};
use caisey_testkit::runtime::Runtime;
use futures_util::{SinkExt as _, StreamExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Nothing in these tests should take as long.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub fn now() -> TimeMs {
    let ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    TimeMs::new(u64::try_from(ms).unwrap()).unwrap()
}

/// An answer, whatever it was.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub text: String,
}

impl Reply {
    pub fn ok<T: DeserializeOwned>(&self) -> T {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.text);
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The error's code, as on the wire.
    pub fn code(&self) -> String {
        let body: Value =
            serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {} {:?}", self.status, self.text));
        body["code"].as_str().unwrap_or("none").to_owned()
    }
}

pub struct Desk {
    pub running: Running,
    pub http: reqwest::Client,
    pub dir: TempDir,
}

impl Desk {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::embedded(dir.path().join("data"));
        change(&mut config);
        let running = ControlPlane::start(config).await.unwrap();
        Self {
            running,
            http: reqwest::Client::new(),
            dir,
        }
    }

    pub async fn call(&self, method: &str, path: &str, token: Option<&str>, body: Option<&impl Serialize>) -> Reply {
        let url = format!("{}{path}", self.running.base_url);
        let mut request = self.http.request(method.parse().unwrap(), url).timeout(PATIENCE);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        Reply {
            status: answer.status().as_u16(),
            text: answer.text().await.unwrap(),
        }
    }

    pub async fn get(&self, path: &str, token: &str) -> Reply {
        self.call("GET", path, Some(token), None::<&()>).await
    }

    pub async fn post(&self, path: &str, token: &str, body: &impl Serialize) -> Reply {
        self.call("POST", path, Some(token), Some(body)).await
    }

    pub fn owner(&self) -> String {
        self.running.bootstrap_owner("Olga Owner").unwrap().access_token
    }

    /// A token of a new person of the local organisation.
    pub fn member(&self, email: &str, role: Role, client: Option<&ClientId>) -> String {
        let issuer = self.running.local_issuer().unwrap();
        issuer.accounts().add(email, "Robin Řehoř", role, client).unwrap();
        issuer.tokens_for(email).unwrap().access_token
    }

    /// The token's person, with a registered device.
    pub async fn person(&self, token: &str, seed: u64) -> Person {
        let me: Me = self.get("/v1/me", token).await.ok();
        let mut person = Person::new(seed, &me.organisation, me.role);
        person.member = me.member.clone();
        person.client = me.client.clone();
        let proof = person.sign_lines(&[DEVICE_CONTEXT, me.member.as_str()]);
        let request = RegisterDevice {
            key: person.public_key(),
            label: "bench".into(),
            proof,
        };
        let device: DeviceView = self.post("/v1/devices", token, &request).await.ok();
        person.device = device.device;
        person
    }

    pub async fn client(&self, token: &str, seed: u8) -> ClientId {
        let client = ClientId::from_bits([seed; 16]);
        let request = CreateClient {
            client: client.clone(),
            name: format!("Client {seed}"),
        };
        let _: Value = self.post("/v1/clients", token, &request).await.ok();
        client
    }

    pub async fn installer(&self, token: &str, client: &ClientId, seed: u8, max_uses: u32) -> InstallerSecret {
        let request = CreateInstaller {
            installer: InstallerId::from_bits([seed; 16]),
            client: client.clone(),
            label: "tests".into(),
            expires_at_ms: TimeMs::new(now().get() + 3_600_000).unwrap(),
            max_uses,
        };
        self.post("/v1/installers", token, &request).await.ok()
    }

    pub async fn enrol(&self, installer_token: &str, seed: u64) -> Runtime {
        let mut runtime = Runtime::new(seed, &EndpointId::from_bits([0; 16]), "");
        let reply = self
            .call("POST", "/v1/enrol", None, Some(&enrolment(&runtime, installer_token)))
            .await;
        let answer: EnrolAnswer = reply.ok();
        runtime.endpoint = answer.endpoint;
        runtime.log = answer.log;
        runtime
    }

    /// A machine of a new client.
    pub async fn machine(&self, owner: &str, seed: u8) -> (ClientId, Runtime) {
        let client = self.client(owner, seed).await;
        let secret = self.installer(owner, &client, seed, 10).await;
        let runtime = self.enrol(&secret.token, u64::from(seed)).await;
        (client, runtime)
    }

    pub fn organisation(&self) -> OrganisationId {
        self.running.local_issuer().unwrap().organisation()
    }

    /// Opens a WebSocket.
    pub async fn socket(&self, path: &str, token: Option<&str>) -> Result<Socket, u16> {
        let url = format!("ws://{}{path}", self.running.addr);
        let mut request = url.into_client_request().unwrap();
        if let Some(token) = token {
            request
                .headers_mut()
                .insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        match tokio_tungstenite::connect_async(request).await {
            Ok((stream, _)) => Ok(Socket(stream)),
            Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(other) => panic!("{other}"),
        }
    }

    /// A runtime's connection, before its hello.
    pub async fn runtime_socket(&self, runtime: &Runtime) -> Socket {
        let path = format!(
            "/v1/runtime/connect?organisation={}&endpoint={}",
            self.organisation(),
            runtime.endpoint
        );
        self.socket(&path, None).await.unwrap()
    }

    /// A runtime, connected and welcomed.
    pub async fn connect(&self, runtime: &mut Runtime) -> Socket {
        let mut socket = self.runtime_socket(runtime).await;
        loop {
            let message: ToRuntime = socket.next().await;
            let welcomed = matches!(message, ToRuntime::Welcome { .. });
            for answer in runtime.receive(now(), message) {
                socket.send(&answer).await;
            }
            if welcomed {
                return socket;
            }
        }
    }
}

pub fn enrolment(runtime: &Runtime, installer_token: &str) -> EnrolRequest {
    let digest: String = Sha256::digest(installer_token.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    EnrolRequest {
        version: caisey_protocol::PROTOCOL_VERSION,
        installer_token: installer_token.to_owned(),
        key: STANDARD.encode(runtime.key.verifying_key().as_bytes()),
        proof: sign_lines(&runtime.key, &[ENROL_CONTEXT, &digest]),
        hostname: "srv-files-01".into(),
        os: "linux".into(),
        arch: "x86_64".into(),
        runtime_version: "0.1.0".into(),
    }
}

pub struct Socket(pub WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub async fn send(&mut self, message: &impl Serialize) {
        self.0
            .send(Message::text(serde_json::to_string(message).unwrap()))
            .await
            .unwrap();
    }

    /// The next frame's text; None when the peer has closed.
    pub async fn text(&mut self) -> Option<String> {
        loop {
            match tokio::time::timeout(PATIENCE, self.0.next()).await.expect("a frame in time") {
                Some(Ok(Message::Text(text))) => return Some(text.to_string()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => return None,
            }
        }
    }

    pub async fn next<T: DeserializeOwned>(&mut self) -> T {
        let text = self.text().await.expect("a frame, not a close");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// The code of the error that the peer closes with: its last frame.
    pub async fn error(&mut self) -> String {
        let mut last: Option<Value> = None;
        while let Some(text) = self.text().await {
            last = Some(serde_json::from_str(&text).unwrap());
        }
        let last = last.expect("a frame, not a bare close");
        assert_eq!(last["type"], "error", "{last}");
        last["code"].as_str().unwrap().to_owned()
    }
}

/// Lets a scripted runtime take one frame and answer it.
pub async fn turn(runtime: &mut Runtime, socket: &mut Socket) -> ToRuntime {
    let message: ToRuntime = socket.next().await;
    for answer in runtime.receive(now(), message.clone()) {
        socket.send(&answer).await;
    }
    while let Some(statements) = runtime.send(16) {
        let FromRuntime::Statements { .. } = &statements else {
            panic!("statements")
        };
        socket.send(&statements).await;
    }
    message
}
