//! A full disk: a clear refusal, nothing lost, and an entry about it once there is room again.
//!
//! The real program runs on a small tmpfs in a mount namespace of its own, which needs root or unprivileged user namespaces.

use crate::desk::now;
use caisey_ledger::id::{ClientId, EndpointId, InstallerId, SessionId, TimeMs};
use caisey_ledger::verify::LogVerifier;
use caisey_protocol::http::{
    CreateClient, CreateInstaller, DEVICE_CONTEXT, DeviceView, EnrolAnswer, EntriesPage, InstallerSecret, Me, RegisterDevice,
    Submit, Submitted,
};
use caisey_protocol::sign_in::{TokenAnswer, TokenRequest};
use caisey_testkit::person::Person;
use caisey_testkit::runtime::Runtime;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

const SIZE: &str = "size=6m";
/// Freed when the disk is to have room again.
const BALLAST_MIB: u32 = 3;

struct Server {
    child: Child,
    base_url: String,
    token: String,
    http: reqwest::Client,
    dir: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    async fn start() -> Self {
        // Nothing else in this process does it: the control plane is another one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = tempfile::tempdir().unwrap();
        let script = format!(
            "mount -t tmpfs -o {SIZE} tmpfs \"$0\" && dd if=/dev/zero of=\"$0/ballast\" bs=1M count={BALLAST_MIB} status=none \
             && \"$1\" member add --data \"$0/data\" o@example.com --name Olga --role owner \
             && exec \"$1\" serve --data \"$0/data\" --listen 127.0.0.1:0 --local-issuer"
        );
        let mut command = Command::new("unshare");
        command.arg("--mount");
        if !is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        let mut child = command
            .args(["sh", "-c", &script])
            .arg(dir.path())
            .arg(env!("CARGO_BIN_EXE_caisey-control"))
            .env("CAISEY_LOG", "error")
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare (Debian package util-linux) starts");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut after = |what: &str| -> String {
            let line = lines.next().and_then(Result::ok).unwrap_or_default();
            line.rsplit_once(what).map(|(_, rest)| rest.trim().to_owned()).unwrap_or_else(|| {
                panic!("no small disk: run as root, or allow unprivileged user namespaces (kernel.unprivileged_userns_clone); said {line:?}")
            })
        };
        let code = after("good for 24 hours:");
        let base_url = after("listening on");
        let mut server = Self {
            base_url,
            child,
            token: String::new(),
            http: reqwest::Client::new(),
            dir,
        };
        let request = TokenRequest::OneTimeCode {
            code,
            password: "correct horse battery".into(),
        };
        let answer: TokenAnswer = server.post("/local/token", &request).await.unwrap();
        server.token = answer.access_token;
        server
    }

    /// A path as the program sees it.
    fn inside(&self, path: &str) -> PathBuf {
        PathBuf::from(format!(
            "/proc/{}/root{}",
            self.child.id(),
            self.dir.path().join(path).display()
        ))
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, (u16, Value)> {
        let request = self
            .http
            .post(format!("{}{path}", self.base_url))
            .bearer_auth(&self.token)
            .json(body);
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        if status == 200 {
            Ok(serde_json::from_str(&text).unwrap())
        } else {
            Err((status, serde_json::from_str(&text).unwrap()))
        }
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> T {
        let answer = self
            .http
            .get(format!("{}{path}", self.base_url))
            .bearer_auth(&self.token)
            .send()
            .await
            .unwrap();
        answer.error_for_status().unwrap().json().await.unwrap()
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_loses_nothing_and_leaves_an_entry() {
    let server = Server::start().await;
    let me: Me = server.get("/v1/me").await;
    let mut person = Person::new(1, &me.organisation, me.role);
    person.member = me.member.clone();
    let proof = person.sign_lines(&[DEVICE_CONTEXT, me.member.as_str()]);
    let device: DeviceView = server
        .post(
            "/v1/devices",
            &RegisterDevice {
                key: person.public_key(),
                label: "x".into(),
                proof,
            },
        )
        .await
        .unwrap();
    person.device = device.device;
    let client = ClientId::from_bits([1; 16]);
    let _: Value = server
        .post(
            "/v1/clients",
            &CreateClient {
                client: client.clone(),
                name: "Retail".into(),
            },
        )
        .await
        .unwrap();
    let expires_at_ms = TimeMs::new(now().get() + 600_000).unwrap();
    let installer = CreateInstaller {
        installer: InstallerId::from_bits([1; 16]),
        client,
        label: "x".into(),
        expires_at_ms,
        max_uses: 1,
    };
    let secret: InstallerSecret = server.post("/v1/installers", &installer).await.unwrap();
    let mut runtime = Runtime::new(1, &EndpointId::from_bits([0; 16]), "");
    let answer: EnrolAnswer = server
        .post("/v1/enrol", &crate::desk::enrolment(&runtime, &secret.token))
        .await
        .unwrap();
    runtime.endpoint = answer.endpoint;
    runtime.log = answer.log;

    let path = format!("/v1/endpoints/{}/statements", runtime.endpoint);
    let session = SessionId::from_bits([1; 16]);
    let opened = person.open(&runtime.log, now(), &session);
    let _: Submitted = server
        .post(
            &path,
            &Submit {
                version: 1,
                statement: opened,
            },
        )
        .await
        .unwrap();
    let mut acknowledged = 0;
    let refusal = loop {
        let statement = person.chat(
            &runtime.log,
            now(),
            &session,
            &format!("{acknowledged} {}", "x".repeat(8_000)),
        );
        match server.post::<Submitted>(&path, &Submit { version: 1, statement }).await {
            Ok(submitted) => acknowledged = submitted.seq.get() + 1,
            Err(refusal) => break refusal,
        }
        assert!(acknowledged < 2_000, "the disk never filled");
    };
    assert_eq!(
        (refusal.0, refusal.1["code"].as_str()),
        (507, Some("not_recorded")),
        "{}",
        refusal.1
    );
    assert!(
        refusal.1["detail"].as_str().unwrap().contains("disk is full"),
        "{}",
        refusal.1
    );
    assert!(acknowledged > 50, "{acknowledged}");

    std::fs::remove_file(server.inside("ballast")).unwrap();
    let statement = person.chat(&runtime.log, now(), &session, "there is room again");
    // The first attempt may still meet an object that is being given up.
    let mut attempts = 0;
    let last = loop {
        match server
            .post::<Submitted>(
                &path,
                &Submit {
                    version: 1,
                    statement: statement.clone(),
                },
            )
            .await
        {
            Ok(submitted) => break submitted,
            Err((status, body)) => assert_eq!(status, 507, "{body}"),
        }
        attempts += 1;
        assert!(attempts < 100, "it never recovered");
    };

    let mut verifier = LogVerifier::new(&runtime.log);
    let mut kinds = Vec::new();
    while verifier.size() <= last.seq.get() {
        let page: EntriesPage = server
            .get(&format!(
                "/v1/endpoints/{}/entries?from={}",
                runtime.endpoint,
                verifier.size()
            ))
            .await;
        assert!(verifier.accept_batch(&page.records).fault.is_none());
        for record in &page.records {
            let entry: Value = serde_json::from_str(&record.leaf).unwrap();
            kinds.push((
                entry["statement"]["kind"].as_str().unwrap().to_owned(),
                entry["statement"]["facts"]["cause"].clone(),
            ));
        }
    }
    let gap = kinds
        .iter()
        .position(|(kind, _)| kind == "recorder.gap")
        .expect("the failure is an entry");
    assert_eq!(kinds[gap].1, "disk_full");
    assert_eq!(
        gap as u64, acknowledged,
        "everything acknowledged is there, and the gap is where it was"
    );
}
