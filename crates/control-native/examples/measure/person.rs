//! What both measurements do before they measure: sign in, make a client and an installer token, enrol machines.

use caisey_ledger::id::{ClientId, EndpointId, InstallerId, TimeMs};
use caisey_protocol::http::{
    CreateClient, CreateInstaller, DEVICE_CONTEXT, DeviceView, ENROL_CONTEXT, EnrolAnswer, EnrolRequest, InstallerSecret, Me,
    RegisterDevice,
};
use caisey_testkit::person::{Person, sign_lines};
use caisey_testkit::runtime::Runtime;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use std::time::{SystemTime, UNIX_EPOCH};

pub fn now() -> TimeMs {
    let ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    TimeMs::new(u64::try_from(ms).unwrap()).unwrap()
}

pub struct Caller {
    pub base_url: String,
    pub token: String,
    pub http: reqwest::Client,
}

impl Caller {
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> T {
        let answer = self
            .http
            .post(format!("{}{path}", self.base_url))
            .bearer_auth(&self.token)
            .json(body)
            .send()
            .await
            .unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    pub async fn person(&self) -> Person {
        let answer = self
            .http
            .get(format!("{}/v1/me", self.base_url))
            .bearer_auth(&self.token)
            .send()
            .await
            .unwrap();
        let me: Me = answer.json().await.unwrap();
        let mut person = Person::new(1, &me.organisation, me.role);
        person.member = me.member.clone();
        let proof = person.sign_lines(&[DEVICE_CONTEXT, me.member.as_str()]);
        let device: DeviceView = self
            .post(
                "/v1/devices",
                &RegisterDevice {
                    key: person.public_key(),
                    label: "measure".into(),
                    proof,
                },
            )
            .await;
        person.device = device.device;
        person
    }

    pub async fn installer(&self, max_uses: u32) -> InstallerSecret {
        let client = ClientId::from_bits([1; 16]);
        let _: serde_json::Value = self
            .post(
                "/v1/clients",
                &CreateClient {
                    client: client.clone(),
                    name: "Measured".into(),
                },
            )
            .await;
        let request = CreateInstaller {
            installer: InstallerId::from_bits([1; 16]),
            client,
            label: "measure".into(),
            expires_at_ms: TimeMs::new(now().get() + 3_600_000).unwrap(),
            max_uses,
        };
        self.post("/v1/installers", &request).await
    }

    pub async fn enrol(&self, installer_token: &str, seed: u64) -> Runtime {
        let mut runtime = Runtime::new(seed, &EndpointId::from_bits([0; 16]), "");
        let digest: String = Sha256::digest(installer_token.as_bytes())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let request = EnrolRequest {
            version: caisey_protocol::PROTOCOL_VERSION,
            installer_token: installer_token.to_owned(),
            key: runtime.public_key(),
            proof: sign_lines(&runtime.key, &[ENROL_CONTEXT, &digest]),
            hostname: format!("machine-{seed}"),
            os: "linux".into(),
            arch: "x86_64".into(),
            runtime_version: "0.1.0".into(),
        };
        let answer: EnrolAnswer = self.post("/v1/enrol", &request).await;
        runtime.endpoint = answer.endpoint;
        runtime.log = answer.log;
        runtime
    }
}
