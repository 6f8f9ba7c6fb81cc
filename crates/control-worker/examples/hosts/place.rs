//! One host as a program, an issuer for its people, and a machine that is enrolled there.

use crate::issuer::{Issuer, SigningKey};
use crate::person::{Caller, now};
use crate::workerd::Workerd;
use caisey_ledger::id::SessionId;
use caisey_protocol::http::{Submit, Submitted};
use caisey_testkit::person::Person;
use caisey_testkit::runtime::Runtime;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// Which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Native,
    Workerd,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Workerd => "workerd",
        }
    }
}

enum Program {
    Native(Child),
    Workerd(Workerd),
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Self::Native(child) = self {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A host that runs.
pub struct Host {
    program: Program,
    pub base_url: String,
    issuer: Issuer,
    key: SigningKey,
    _dir: TempDir,
}

impl Host {
    pub async fn start(kind: Kind) -> Self {
        let key = SigningKey::ed25519("bench");
        let issuer = Issuer::start(&[&key]).await;
        // Not in memory: what is measured is durable. Below the program, which is where cargo builds.
        let tmp = std::env::current_exe().unwrap().ancestors().nth(3).unwrap().join("tmp");
        std::fs::create_dir_all(&tmp).unwrap();
        let dir = tempfile::tempdir_in(tmp).unwrap();
        let trusted = json!([{ "issuer": issuer.url }]);
        let (program, base_url) = match kind {
            Kind::Native => native(dir.path(), &json!({ "issuers": trusted })),
            Kind::Workerd => {
                let told = json!({ "authority": "caisey.local", "issuers": trusted });
                let environment = [
                    ("CAISEY", told.to_string()),
                    ("CHECKPOINT_KEY", "NbqCNR+rbtfEVgGdnxGEfDcNPtAIxdz+k6QMp2XTUeg=".to_owned()),
                ];
                let workerd = Workerd::start("worker/config.capnp", dir.path(), &environment);
                let base_url = format!("http://127.0.0.1:{}", workerd.port);
                (Program::Workerd(workerd), base_url)
            }
        };
        Self {
            program,
            base_url,
            issuer,
            key,
            _dir: dir,
        }
    }

    /// A token of this person, good for five minutes.
    pub fn token(&self, subject: &str, role: &str) -> String {
        let mut claims = self.issuer.claims("bench", role);
        claims["sub"] = json!(subject);
        self.key.sign(&claims)
    }

    pub fn caller(&self, subject: &str, role: &str) -> Caller {
        Caller {
            base_url: self.base_url.clone(),
            token: self.token(subject, role),
            http: reqwest::Client::new(),
        }
    }

    pub fn resident_bytes(&self) -> u64 {
        let id = match &self.program {
            Program::Native(child) => child.id(),
            Program::Workerd(workerd) => workerd.id(),
        };
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() * 1_024
    }
}

fn native(dir: &Path, issuers: &Value) -> (Program, String) {
    let file = dir.join("issuers.json");
    std::fs::write(&file, issuers.to_string()).unwrap();
    let here = std::env::current_exe().unwrap();
    let program = here.parent().and_then(Path::parent).unwrap().join("caisey-control");
    let mut child = Command::new(&program)
        .args(["serve", "--listen", "127.0.0.1:0", "--issuer-config"])
        .arg(&file)
        .arg("--data")
        .arg(dir.join("data"))
        .env("CAISEY_LOG", "warn")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}; build it first", program.display()));
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let base_url = line.trim().strip_prefix("listening on ").expect("an address").to_owned();
    (Program::Native(child), base_url)
}

/// A host with an owner, a technician and a machine with an open session.
pub struct Place {
    pub host: Host,
    pub owner: Person,
    pub technician: Person,
    pub runtime: Runtime,
    pub session: SessionId,
}

impl Place {
    pub async fn make(kind: Kind) -> Self {
        let host = Host::start(kind).await;
        let owner_caller = host.caller("olga", "org:owner");
        let owner = owner_caller.person().await;
        let installer = owner_caller.installer(1).await;
        let runtime = owner_caller.enrol(&installer.token, 2).await;
        let technician = person(&host.caller("tess", "org:technician"), 5).await;
        let mut place = Self {
            host,
            owner,
            technician,
            runtime,
            session: SessionId::from_bits([1; 16]),
        };
        let statement = place.technician.open(&place.runtime.log, now(), &place.session);
        let caller = place.host.caller("tess", "org:technician");
        let path = place.path("statements");
        let _: Submitted = caller.post(&path, &Submit { version: 1, statement }).await;
        place
    }

    pub fn path(&self, what: &str) -> String {
        format!("/v1/endpoints/{}/{what}", self.runtime.endpoint)
    }
}

/// The caller with a device of this seed's key.
async fn person(caller: &Caller, seed: u64) -> Person {
    use caisey_protocol::http::{DEVICE_CONTEXT, DeviceView, Me, RegisterDevice};
    let url = format!("{}/v1/me", caller.base_url);
    let me: Me = caller
        .http
        .get(url)
        .bearer_auth(&caller.token)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let mut person = Person::new(seed, &me.organisation, me.role);
    person.member = me.member.clone();
    let request = RegisterDevice {
        key: person.public_key(),
        label: "bench".into(),
        proof: person.sign_lines(&[DEVICE_CONTEXT, me.member.as_str()]),
    };
    let device: DeviceView = caller.post("/v1/devices", &request).await;
    person.device = device.device;
    person
}
