//! A scripted control plane: real HTTP and WebSockets, real signatures, and whatever history the test wants it to show.

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use caisey_console::bench::sample::{AUTHORITY, SampleLog};
use caisey_console::{BearerToken, Console, FixedToken, SignIn};
use caisey_ledger::consent::{CHAIN_START, SignedContactStatement, Trust, digest_of};
use caisey_ledger::entry::{Actor, Record};
use caisey_ledger::id::{ClientId, DeviceId, MemberId, Seq, SessionId};
use caisey_ledger::witness::{check_line, witness_name};
use caisey_protocol::consent::*;
use caisey_protocol::error::{ErrorBody, ErrorCode};
use caisey_protocol::http::*;
use caisey_protocol::role::Role;
use caisey_protocol::watch::{DirectoryEvent, LogEvent};
use ed25519_dalek::VerifyingKey;
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What it shows, to be changed by tests as they like.
pub struct Script {
    pub logs: Vec<SampleLog>,
    /// Shown in place of the real checkpoint.
    pub note: Option<String>,
    /// Key that `me` names, if not the logs' own.
    pub checkpoint_key: Option<[u8; 32]>,
    /// Most records in a page.
    pub page: usize,
    /// Answers to every request with a token: this refusal.
    pub refuse: Option<ErrorBody>,
    /// Pages from here on are asked for and never answered.
    pub stall_from: Option<u64>,
    /// Whether an endpoint is sendable is asked and never answered; how often it was.
    pub stall_sendable: Option<u32>,
    /// `from` of every page asked for.
    pub pages_asked: Vec<u64>,
    devices: HashMap<String, DeviceId>,
    /// Shown as cosigned by others, whatever it is.
    pub cosigned: Vec<CosignedCheckpoint>,
    /// What consoles cosigned: size and line.
    pub taken: Vec<(u64, String)>,
    /// Whose role the token carries, and of a contact the client.
    pub role: (Role, Option<ClientId>),
    /// Shown to everybody who watches.
    pub approvals: Vec<ApprovalView>,
    /// What consoles said about them.
    pub about: Vec<AboutApproval>,
    /// Answers that came in.
    pub answers: Vec<Submit>,
    /// Answers are turned down with this.
    pub refuse_answers: Option<ErrorBody>,
    /// The client's chain, and consoles that wait to be introduced.
    pub chain: (Vec<SignedContactStatement>, Vec<ContactKeyView>),
    /// All versions.
    pub policies: Vec<PolicyView>,
    /// Of every endpoint.
    pub traits: EndpointTraits,
}

impl Script {
    pub fn log(&mut self) -> &mut SampleLog {
        &mut self.logs[0]
    }

    fn of(&mut self, endpoint: &str) -> Option<&mut SampleLog> {
        self.logs.iter_mut().find(|log| log.endpoint.as_str() == endpoint)
    }

    fn note(&self, log: &SampleLog) -> String {
        self.note
            .clone()
            .unwrap_or_else(|| log.checkpoint(log.records.len() as u64).unwrap())
    }
}

#[derive(Clone)]
pub struct Plane {
    pub script: Arc<Mutex<Script>>,
    changed: watch::Sender<u64>,
    pub base_url: String,
    server: Arc<Mutex<Option<JoinHandle<()>>>>,
    port: u16,
}

impl Plane {
    pub async fn start(logs: Vec<SampleLog>) -> Self {
        let script = Script {
            logs,
            note: None,
            checkpoint_key: None,
            page: 500,
            refuse: None,
            stall_from: None,
            stall_sendable: None,
            pages_asked: Vec::new(),
            devices: HashMap::new(),
            cosigned: Vec::new(),
            taken: Vec::new(),
            role: (Role::Technician, None),
            approvals: Vec::new(),
            about: Vec::new(),
            answers: Vec::new(),
            refuse_answers: None,
            chain: Default::default(),
            policies: Vec::new(),
            traits: EndpointTraits::default(),
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let plane = Self {
            script: Arc::new(Mutex::new(script)),
            changed: watch::channel(0).0,
            base_url: format!("http://127.0.0.1:{port}"),
            server: Arc::default(),
            port,
        };
        plane.serve(listener);
        plane
    }

    fn serve(&self, listener: tokio::net::TcpListener) {
        let router = Router::new()
            .route("/v1/me", get(me))
            .route("/v1/devices", post(register))
            .route("/v1/keys", get(key_evidence))
            .route(
                "/v1/reviews",
                get(|| async { Json(Vec::<caisey_protocol::handover::ReviewView>::new()) }),
            )
            .route("/v1/watch", get(watch_directory))
            .route("/v1/clients", get(|| async { Json(Vec::<ClientView>::new()) }))
            .route("/v1/endpoints", get(endpoints))
            .route("/v1/endpoints/{id}", get(endpoint))
            .route("/v1/endpoints/{id}/sendable", get(sendable))
            .route("/v1/endpoints/{id}/entries", get(entries))
            .route("/v1/endpoints/{id}/checkpoint", get(checkpoint))
            .route("/v1/endpoints/{id}/statements", post(statements))
            .route("/v1/endpoints/{id}/cosignatures", get(cosigned).post(cosign))
            .route("/v1/endpoints/{id}/watch", get(watch_log))
            .route("/v1/endpoints/{id}/approvals", post(about))
            .route("/v1/endpoints/{id}/decisions", post(decisions))
            .route("/v1/policies", get(policies))
            .route("/v1/endpoints/{id}/traits", get(traits))
            .route("/v1/contacts", get(contacts).post(contact_says))
            .with_state(self.clone());
        *self.server.lock().unwrap() = Some(tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }));
    }

    /// Pulls the plug: no new connections, and those that stand break.
    pub async fn stop(&self) {
        if let Some(server) = self.server.lock().unwrap().take() {
            server.abort();
        }
        self.changed.send_modify(|version| *version = u64::MAX);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    pub async fn resume(&self) {
        self.changed.send_modify(|version| *version = 0);
        let listener = loop {
            match tokio::net::TcpListener::bind(("127.0.0.1", self.port)).await {
                Ok(listener) => break listener,
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        };
        self.serve(listener);
    }

    /// Changes the script and tells everybody who watches.
    pub fn change<T>(&self, change: impl FnOnce(&mut Script) -> T) -> T {
        let result = change(&mut self.script.lock().unwrap());
        self.changed
            .send_modify(|version| *version = if *version == u64::MAX { u64::MAX } else { *version + 1 });
        result
    }

    pub async fn sign_in(&self, console: &Console) {
        console.sign_in(self.sign_in_request()).await.unwrap();
    }

    pub fn sign_in_request(&self) -> SignIn {
        let tokens = Arc::new(FixedToken(BearerToken::new("token")));
        SignIn {
            base_url: self.base_url.clone(),
            tokens,
            embedded: false,
        }
    }

    fn alive(&self) -> Result<(), Refusal> {
        match &self.script.lock().unwrap().refuse {
            Some(body) => Err(Refusal(body.clone())),
            None => Ok(()),
        }
    }
}

pub struct Refusal(ErrorBody);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = if self.0.code == ErrorCode::Unauthenticated {
            StatusCode::UNAUTHORIZED
        } else {
            StatusCode::CONFLICT
        };
        (status, Json(self.0)).into_response()
    }
}

pub fn refusal(code: ErrorCode, detail: &str) -> ErrorBody {
    ErrorBody {
        code,
        detail: detail.to_owned(),
        retry_after_ms: None,
    }
}

fn missing() -> Refusal {
    Refusal(refusal(ErrorCode::NotFound, "There is no such endpoint."))
}

async fn me(State(plane): State<Plane>) -> Result<Json<Me>, Refusal> {
    plane.alive()?;
    let mut script = plane.script.lock().unwrap();
    let key = script.checkpoint_key.unwrap_or_else(|| script.logs[0].control_key());
    let (role, client) = script.role.clone();
    let log = script.log();
    Ok(Json(Me {
        member: log.member.clone(),
        name: "Ada Example".to_owned(),
        email: None,
        role,
        organisation: log.organisation.clone(),
        organisation_name: "Example MSP".to_owned(),
        client,
        authority: AUTHORITY.to_owned(),
        checkpoint_key: base64::engine::general_purpose::STANDARD.encode(key),
    }))
}

async fn register(State(plane): State<Plane>, Json(request): Json<RegisterDevice>) -> Result<Json<DeviceView>, Refusal> {
    plane.alive()?;
    let mut script = plane.script.lock().unwrap();
    let member = script.log().member.clone();
    let bytes: [u8; 32] = base64::engine::general_purpose::STANDARD
        .decode(&request.key)
        .unwrap()
        .try_into()
        .unwrap();
    let proof: [u8; 64] = base64::engine::general_purpose::STANDARD
        .decode(&request.proof)
        .unwrap()
        .try_into()
        .unwrap();
    let key = VerifyingKey::from_bytes(&bytes).unwrap();
    key.verify_strict(format!("{DEVICE_CONTEXT}\n{member}\n").as_bytes(), &proof.into())
        .unwrap();
    let number = script.devices.len() as u8;
    let device = script
        .devices
        .entry(request.key.clone())
        .or_insert_with(|| DeviceId::from_bits([number + 100; 16]))
        .clone();
    Ok(Json(DeviceView {
        device,
        member,
        key: request.key,
        label: request.label,
    }))
}

/// The organisation's own log, which holds this one registration.
async fn key_evidence(
    State(plane): State<Plane>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Json<caisey_protocol::handover::KeyEvidence>, Refusal> {
    plane.alive()?;
    let mut script = plane.script.lock().unwrap();
    let wanted = script.devices.iter().find(|(_, device)| device.as_str() == query["device"]);
    let (key, device) = wanted
        .map(|(key, device)| (key.clone(), device.clone()))
        .ok_or_else(missing)?;
    let log = script.log();
    let origin = log.origin().rsplit_once('/').unwrap().0.to_owned();
    let facts = json!({"member": log.member, "device": device, "key": key, "role": "technician"});
    let statement = caisey_ledger::entry::Statement {
        v: 1,
        log: origin.clone(),
        at_ms: Default::default(),
        actor: Actor::Control {},
        kind: "device.registered".to_owned(),
        facts: facts.as_object().unwrap().clone(),
        session: None,
        action: None,
        counter: None,
        texts: Default::default(),
    };
    let signed = caisey_ledger::entry::SignedStatement {
        statement,
        signature: None,
        disclosures: Default::default(),
    };
    let record = signed.into_record(Seq::default(), Default::default()).unwrap();
    let mut frontier = caisey_ledger::tree::Frontier::new();
    frontier.append(caisey_ledger::tree::leaf_hash(record.leaf.as_bytes()));
    let checkpoint = log.sign_as(&origin, &frontier).unwrap();
    Ok(Json(caisey_protocol::handover::KeyEvidence {
        record,
        checkpoint,
        proof: Vec::new(),
    }))
}

pub fn view(log: &SampleLog) -> EndpointView {
    EndpointView {
        endpoint: log.endpoint.clone(),
        log: log.origin(),
        client: log.client.clone(),
        client_name: "Example & Partners".to_owned(),
        hostname: log.hostname.clone(),
        os: "linux".to_owned(),
        arch: "x86_64".to_owned(),
        state: EndpointState::Ready,
        log_size: log.records.len() as u64,
        enrolled_at_ms: Default::default(),
        changed_at_ms: Default::default(),
    }
}

async fn endpoints(State(plane): State<Plane>) -> Result<Json<Vec<EndpointView>>, Refusal> {
    plane.alive()?;
    Ok(Json(plane.script.lock().unwrap().logs.iter().map(view).collect()))
}

async fn endpoint(State(plane): State<Plane>, Path(id): Path<String>) -> Result<Json<EndpointView>, Refusal> {
    plane.alive()?;
    plane
        .script
        .lock()
        .unwrap()
        .of(&id)
        .map(|log| Json(view(log)))
        .ok_or_else(missing)
}

async fn sendable(State(plane): State<Plane>, Path(_): Path<String>) -> Result<Json<Sendable>, Refusal> {
    plane.alive()?;
    let stalls = plane.script.lock().unwrap().stall_sendable.as_mut().map(|asked| *asked += 1);
    if stalls.is_some() {
        std::future::pending::<()>().await;
    }
    Ok(Json(Sendable {
        sendable: true,
        round_trip_ms: Some(3),
        asked_at_ms: Default::default(),
        why_not: None,
    }))
}

async fn entries(
    State(plane): State<Plane>,
    Path(id): Path<String>,
    Query(query): Query<HashMap<String, u64>>,
) -> Result<Json<EntriesPage>, Refusal> {
    plane.alive()?;
    let from = query["from"];
    let stalls = {
        let mut script = plane.script.lock().unwrap();
        script.pages_asked.push(from);
        script.stall_from.is_some_and(|stalled| from >= stalled)
    };
    if stalls {
        std::future::pending::<()>().await;
    }
    let mut script = plane.script.lock().unwrap();
    let limit = script.page;
    let log = script.of(&id).ok_or_else(missing)?.clone();
    let records: Vec<Record> = log.records.iter().skip(from as usize).take(limit).cloned().collect();
    Ok(Json(EntriesPage {
        from: Seq::new(from).unwrap(),
        records,
        size: log.records.len() as u64,
        checkpoint: script.note(&log),
    }))
}

async fn checkpoint(State(plane): State<Plane>, Path(id): Path<String>) -> Result<String, Refusal> {
    plane.alive()?;
    let mut script = plane.script.lock().unwrap();
    let log = script.of(&id).ok_or_else(missing)?.clone();
    Ok(script.note(&log))
}

async fn cosigned(State(plane): State<Plane>, Path(_): Path<String>) -> Result<Json<CosignedPage>, Refusal> {
    plane.alive()?;
    let checkpoints = plane.script.lock().unwrap().cosigned.clone();
    Ok(Json(CosignedPage { checkpoints }))
}

/// Takes a cosignature as the real control plane does: it must hold.
async fn cosign(
    State(plane): State<Plane>,
    Path(id): Path<String>,
    Json(offered): Json<Cosign>,
) -> Result<Json<CosignedPage>, Refusal> {
    plane.alive()?;
    let mut script = plane.script.lock().unwrap();
    let device = script.devices[&offered.key].clone();
    let log = script.of(&id).ok_or_else(missing)?.clone();
    let name = witness_name(&log.origin(), device.as_str()).unwrap();
    if offered.size > log.records.len() as u64 {
        return Err(missing());
    }
    let note = log.checkpoint(offered.size).unwrap();
    let key: [u8; 32] = base64::engine::general_purpose::STANDARD
        .decode(&offered.key)
        .unwrap()
        .try_into()
        .unwrap();
    if check_line(&note, &offered.cosignature, &name, &key).is_err() {
        return Err(Refusal(refusal(ErrorCode::BadSignature, "It does not hold.")));
    }
    script.taken.push((offered.size, offered.cosignature));
    Ok(Json(CosignedPage {
        checkpoints: script.cosigned.clone(),
    }))
}

async fn statements(
    State(plane): State<Plane>,
    Path(id): Path<String>,
    Json(submit): Json<Submit>,
) -> Result<Json<Submitted>, Refusal> {
    plane.alive()?;
    let event = submit.statement.verify().unwrap();
    let submitted = plane.change(|script| {
        let key = submit.statement.signature.clone().unwrap().key;
        let log = script.of(&id).ok_or_else(missing)?;
        let Actor::Member { id: member, device } = submit.statement.statement.actor.clone() else {
            panic!("not by a member")
        };
        let bytes: [u8; 32] = base64::engine::general_purpose::STANDARD
            .decode(&key)
            .unwrap()
            .try_into()
            .unwrap();
        introduce_once(log, &member, &device, &bytes);
        assert!(event.is_some());
        log.place(submit.statement).unwrap();
        let size = log.records.len() as u64;
        Ok(Submitted {
            seq: Seq::new(size - 1).unwrap(),
            checkpoint: log.checkpoint(size).unwrap(),
        })
    })?;
    Ok(Json(submitted))
}

fn introduce_once(log: &mut SampleLog, member: &MemberId, device: &DeviceId, key: &[u8; 32]) {
    let known = log
        .records
        .iter()
        .any(|record| record.leaf.contains("key.introduced") && record.leaf.contains(device.as_str()));
    if !known {
        log.introduce_public(member, device, key).unwrap();
    }
}

async fn about(
    State(plane): State<Plane>,
    Path(_): Path<String>,
    Json(about): Json<AboutApproval>,
) -> Result<Json<ApprovalAnswer>, Refusal> {
    plane.alive()?;
    let mut script = plane.script.lock().unwrap();
    let me = script.log().member.clone();
    script.about.push(about.clone());
    let found = script.approvals.iter_mut().find(|view| view.action == about.action);
    let view = found.ok_or_else(missing)?;
    if about.what == ApprovalWord::Delivered && !view.delivered.contains(&me) {
        view.delivered.push(me.clone());
    }
    Ok(Json(ApprovalAnswer {
        number: (view.requester == me).then(|| "471100".to_owned()),
        approval: view.clone(),
    }))
}

async fn decisions(
    State(plane): State<Plane>,
    Path(_): Path<String>,
    Json(submit): Json<Submit>,
) -> Result<Json<Submitted>, Refusal> {
    plane.alive()?;
    submit.statement.verify().unwrap();
    let mut script = plane.script.lock().unwrap();
    script.answers.push(submit);
    if let Some(body) = &script.refuse_answers {
        return Err(Refusal(body.clone()));
    }
    let log = script.log();
    let size = log.records.len() as u64;
    Ok(Json(Submitted {
        seq: Seq::new(size - 1).unwrap(),
        checkpoint: log.checkpoint(size).unwrap(),
    }))
}

fn chain_view(script: &mut Script) -> ContactChain {
    let client = script.log().client.clone();
    let organisation = script.log().organisation.clone();
    let (statements, waiting) = script.chain.clone();
    let trust = Trust::replay(&organisation, &client, &statements);
    let keys = trust.iter().flat_map(Trust::keys).map(|key| ContactKeyView {
        member: key.member.clone(),
        device: key.device.clone(),
        key: key.key.clone(),
        label: None,
    });
    ContactChain {
        keys: keys.collect(),
        head: statements
            .last()
            .map_or(CHAIN_START.to_owned(), |last| digest_of(&last.statement).unwrap()),
        client,
        statements,
        waiting,
    }
}

async fn policies(State(plane): State<Plane>) -> Result<Json<Vec<PolicyView>>, Refusal> {
    plane.alive()?;
    Ok(Json(plane.script.lock().unwrap().policies.clone()))
}

async fn traits(State(plane): State<Plane>) -> Result<Json<EndpointTraits>, Refusal> {
    plane.alive()?;
    Ok(Json(plane.script.lock().unwrap().traits.clone()))
}

async fn contacts(State(plane): State<Plane>) -> Result<Json<ContactChain>, Refusal> {
    plane.alive()?;
    Ok(Json(chain_view(&mut plane.script.lock().unwrap())))
}

async fn contact_says(State(plane): State<Plane>, Json(says): Json<ContactSays>) -> Result<Json<ContactChain>, Refusal> {
    plane.alive()?;
    let mut script = plane.script.lock().unwrap();
    script.chain.0.push(says.statement);
    Ok(Json(chain_view(&mut script)))
}

async fn watch_directory(State(plane): State<Plane>, upgrade: WebSocketUpgrade) -> Result<Response, Refusal> {
    plane.alive()?;
    Ok(upgrade.on_upgrade(move |mut socket| async move {
        let mut changes = plane.changed.subscribe();
        let endpoints: Vec<EndpointView> = plane.script.lock().unwrap().logs.iter().map(view).collect();
        send(
            &mut socket,
            &DirectoryEvent::Snapshot {
                endpoints,
                sessions: Vec::new(),
            },
        )
        .await;
        let approvals = plane.script.lock().unwrap().approvals.clone();
        send(&mut socket, &DirectoryEvent::Approvals { approvals }).await;
        while changes.changed().await.is_ok() && *changes.borrow() != u64::MAX {
            let endpoints: Vec<EndpointView> = plane.script.lock().unwrap().logs.iter().map(view).collect();
            for endpoint in endpoints {
                send(&mut socket, &DirectoryEvent::Endpoint(endpoint)).await;
            }
            let approvals = plane.script.lock().unwrap().approvals.clone();
            for approval in approvals {
                send(&mut socket, &DirectoryEvent::Approval(Box::new(approval))).await;
            }
        }
    }))
}

async fn watch_log(
    State(plane): State<Plane>,
    Path(id): Path<String>,
    Query(query): Query<HashMap<String, u64>>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Refusal> {
    plane.alive()?;
    let mut from = query["from"];
    Ok(upgrade.on_upgrade(move |mut socket| async move {
        let mut changes = plane.changed.subscribe();
        loop {
            let event = {
                let mut script = plane.script.lock().unwrap();
                let log = script.of(&id).unwrap().clone();
                let records: Vec<Record> = log.records.iter().skip(from as usize).cloned().collect();
                let begin = Seq::new(from).unwrap();
                from += records.len() as u64;
                (!records.is_empty()).then(|| LogEvent::Records {
                    from: begin,
                    records,
                    checkpoint: script.note(&log),
                })
            };
            if let Some(event) = event {
                send(&mut socket, &event).await;
            }
            if changes.changed().await.is_err() || *changes.borrow() == u64::MAX {
                return;
            }
        }
    }))
}

async fn send(socket: &mut WebSocket, frame: &impl serde::Serialize) {
    let _ = socket.send(Message::Text(json!(frame).to_string().into())).await;
}

/// Waits until `holds` gives something, for ten seconds.
pub async fn until<T>(what: &str, mut holds: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..500 {
        if let Some(found) = holds().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("waited in vain until {what}");
}

/// A log with one session of two commands.
pub fn small_log(number: u64) -> (SampleLog, SessionId) {
    let mut log = SampleLog::new(number, 1_760_000_000_000).unwrap();
    let session = log.open_session("printer does not print").unwrap();
    log.command(
        &session,
        "systemctl status cups",
        &["cups.service - CUPS Scheduler\n", "Active: failed\n"],
    )
    .unwrap();
    log.command(
        &session,
        "cat /srv/payroll/readme.txt",
        &["do not touch 100% of \"this\"\n東京タワーの件\n"],
    )
    .unwrap();
    (log, session)
}
