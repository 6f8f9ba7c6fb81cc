//! Requests and answers of the HTTP interface, one struct per body. Routes, all below `/v1`, all but the first four with a bearer
//! token of the organisation:
//!
//! | method and path | body → answer | permission |
//! |---|---|---|
//! | GET /healthz | → `Health` | none |
//! | GET /v1/openapi.json | → OpenAPI 3.1 | none |
//! | POST /v1/enrol | `EnrolRequest` → `EnrolAnswer` | installer token |
//! | GET /v1/sign-in | → `SignInWays` | none |
//! | GET /v1/me | → `Me` | any member |
//! | POST /v1/devices | `RegisterDevice` → `DeviceView` | any member |
//! | GET /v1/clients · POST /v1/clients | → `[ClientView]` · `CreateClient` → `ClientView` | ReadDirectory · Administer |
//! | POST /v1/clients/{id}/rename | `RenameClient` → `ClientView` | Administer |
//! | GET /v1/installers · POST /v1/installers | → `[InstallerView]` · `CreateInstaller` → `InstallerSecret` | Administer |
//! | POST /v1/installers/{id}/rotate · DELETE /v1/installers/{id} | → `InstallerSecret` · → 204 | Administer |
//! | GET /v1/endpoints · GET/DELETE /v1/endpoints/{id} | → `[EndpointView]` · `EndpointView` · 204 | ReadDirectory · Administer |
//! | GET /v1/endpoints/{id}/sendable | → `Sendable`, asked over the live connection | ReadDirectory |
//! | GET /v1/endpoints/{id}/entries?from=&limit= | → `EntriesPage` | ReadRecords |
//! | GET /v1/endpoints/{id}/checkpoint | → signed note, text/plain | ReadRecords |
//! | GET /v1/endpoints/{id}/proof/consistency?from=&to= | → `ProofAnswer` | ReadRecords |
//! | GET /v1/endpoints/{id}/proof/inclusion?seq=&size= | → `ProofAnswer` | ReadRecords |
//! | GET /v1/endpoints/{id}/cosignatures?from= | → `CosignedPage`, the smallest of at least that size | ReadRecords |
//! | POST /v1/endpoints/{id}/cosignatures | `Cosign` → `CosignedPage`, the newest | ReadRecords |
//! | GET /v1/sessions?endpoint=&client=&member=&from_ms=&to_ms= | → `[SessionView]` | ReadRecords |
//! | POST /v1/endpoints/{id}/statements | `Submit` → `Submitted` | Operate |
//! | POST /v1/endpoints/{id}/erase | `EraseText` → `Submitted` | Administer |
//! | approvals, policies, contacts | [`crate::consent`] | |
//! | share links | [`crate::share`] | |
//! | GET /v1/admin-log | → `EntriesPage`, the organisation's own log | Administer |
//!
//! `POST …/statements` is how a console opens and closes sessions, proposes actions, asks for cancellation, chats and notes: it
//! sends what its device signed. The answer comes when the entry is durable. A repeated statement (same session or action
//! identifier and kind, same bytes) is answered with the first one's sequence number; one with other bytes is a `Conflict`.

use crate::role::Role;
use caisey_ledger::consent::SignedContactStatement;
use caisey_ledger::entry::{Record, SignedStatement};
use caisey_ledger::id::{ClientId, DeviceId, EndpointId, InstallerId, MemberId, OrganisationId, Seq, SessionId, TimeMs};
use serde::{Deserialize, Serialize};

/// Answer of `GET /healthz`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Health {
    /// [`crate::PROTOCOL_VERSION`].
    pub protocol: u32,
    /// The program's version.
    pub version: String,
    /// The control plane's time.
    #[schema(value_type = u64)]
    pub time_ms: TimeMs,
    /// What goes before the first slash of every log's origin.
    pub authority: String,
    /// The key that signs checkpoints: Ed25519, 32 bytes, standard base64.
    pub checkpoint_key: String,
}

/// A runtime asks to become an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EnrolRequest {
    /// [`crate::PROTOCOL_VERSION`].
    pub version: u32,
    /// The secret that an administrator handed out.
    pub installer_token: String,
    /// Ed25519 public key that the endpoint made for itself, 32 bytes, standard base64. Repeating the request with the same key is
    /// answered with the same endpoint.
    pub key: String,
    /// Signature by that key over `caisey.enrol/v1\n`, SHA-256 of the installer token in lower-case hexadecimal, `\n`; standard base64.
    pub proof: String,
    /// The machine's own name. Hostile until checked.
    pub hostname: String,
    /// `linux`, `windows` or `macos`.
    pub os: String,
    /// Processor architecture as Rust names it.
    pub arch: String,
    /// The runtime's program version.
    pub runtime_version: String,
}

/// What a runtime signs, before the token's digest, when it enrols.
pub const ENROL_CONTEXT: &str = "caisey.enrol/v1";

/// The endpoint exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EnrolAnswer {
    /// Its identifier.
    #[schema(value_type = String)]
    pub endpoint: EndpointId,
    /// Its log's origin.
    pub log: String,
    /// The key that signs checkpoints: Ed25519, 32 bytes, standard base64.
    pub checkpoint_key: String,
    /// The client that it belongs to.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub client: Option<ClientId>,
    /// The client's chain of contacts' statements (docs/formats/consent.md). The endpoint pins what it comes to.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    pub contacts: Vec<SignedContactStatement>,
}

/// Who the token says the caller is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Me {
    /// The person.
    #[schema(value_type = String)]
    pub member: MemberId,
    /// Name to show.
    pub name: String,
    /// E-mail address, when the issuer gives one.
    #[serde(default)]
    pub email: Option<String>,
    /// Role.
    pub role: Role,
    /// Organisation.
    #[schema(value_type = String)]
    pub organisation: OrganisationId,
    /// Its name.
    pub organisation_name: String,
    /// Present exactly for contacts: the one client they may see.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub client: Option<ClientId>,
    /// What goes before the first slash of every log's origin.
    pub authority: String,
    /// The key that signs checkpoints.
    pub checkpoint_key: String,
}

/// A console makes its key known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RegisterDevice {
    /// Ed25519 public key, 32 bytes, standard base64. Repeating it gives the same device.
    pub key: String,
    /// What the person calls this machine.
    pub label: String,
    /// Signature by that key over `caisey.device/v1\n`, member identifier, `\n`; standard base64.
    pub proof: String,
}

/// What a console signs, before the member's identifier, when it makes its key known.
pub const DEVICE_CONTEXT: &str = "caisey.device/v1";

/// A registered device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DeviceView {
    /// Identifier to use in statements.
    #[schema(value_type = String)]
    pub device: DeviceId,
    /// Whose.
    #[schema(value_type = String)]
    pub member: MemberId,
    /// Public key.
    pub key: String,
    /// Label.
    pub label: String,
}

/// A client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ClientView {
    /// Identifier.
    #[schema(value_type = String)]
    pub client: ClientId,
    /// Name.
    pub name: String,
}

/// Makes a client. Repeating the identifier with the same name changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CreateClient {
    /// Chosen by the caller.
    #[schema(value_type = String)]
    pub client: ClientId,
    /// 1 to 200 characters.
    pub name: String,
}

/// Gives a client another name. The old one stays in the organisation's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RenameClient {
    /// 1 to 200 characters.
    pub name: String,
}

/// Makes an installer token for one client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CreateInstaller {
    /// Chosen by the caller.
    #[schema(value_type = String)]
    pub installer: InstallerId,
    /// Endpoints enrolled with it belong to this client.
    #[schema(value_type = String)]
    pub client: ClientId,
    /// What it is for.
    pub label: String,
    /// It stops working at this time.
    #[schema(value_type = u64)]
    pub expires_at_ms: TimeMs,
    /// How many endpoints may enrol with it.
    pub max_uses: u32,
}

/// The only time that the secret is shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct InstallerSecret {
    /// Identifier.
    #[schema(value_type = String)]
    pub installer: InstallerId,
    /// `<organisation>.<installer>.<secret>`: a host finds the organisation's object by the first part; the rest is checked there.
    pub token: String,
}

/// An installer token without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct InstallerView {
    /// Identifier.
    #[schema(value_type = String)]
    pub installer: InstallerId,
    /// Client.
    #[schema(value_type = String)]
    pub client: ClientId,
    /// What it is for.
    pub label: String,
    /// End.
    #[schema(value_type = u64)]
    pub expires_at_ms: TimeMs,
    /// Limit.
    pub max_uses: u32,
    /// So far.
    pub uses: u32,
    /// Whether it was revoked.
    pub revoked: bool,
    /// When an endpoint last enrolled with it.
    #[serde(default)]
    #[schema(value_type = Option<u64>)]
    pub last_used_at_ms: Option<TimeMs>,
}

/// Where an endpoint stands. Whether a call can be answered right now is another question: see [`Sendable`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndpointState {
    /// Enrolled, never connected.
    Pending,
    /// Connected.
    Ready,
    /// Not connected.
    Offline,
    /// Being taken out of service.
    Removing,
}

/// An endpoint in the directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EndpointView {
    /// Identifier.
    #[schema(value_type = String)]
    pub endpoint: EndpointId,
    /// Its log's origin.
    pub log: String,
    /// Client.
    #[schema(value_type = String)]
    pub client: ClientId,
    /// The client's name.
    pub client_name: String,
    /// The machine's own name.
    pub hostname: String,
    /// `linux`, `windows` or `macos`.
    pub os: String,
    /// Processor architecture.
    pub arch: String,
    /// State.
    pub state: EndpointState,
    /// Entries in its log.
    pub log_size: u64,
    /// When it enrolled.
    #[schema(value_type = u64)]
    pub enrolled_at_ms: TimeMs,
    /// When the state last changed.
    #[schema(value_type = u64)]
    pub changed_at_ms: TimeMs,
}

/// Whether a call to the runtime can be answered right now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Sendable {
    /// It answered.
    pub sendable: bool,
    /// How long the answer took, in milliseconds.
    #[serde(default)]
    pub round_trip_ms: Option<u64>,
    /// When it was asked.
    #[schema(value_type = u64)]
    pub asked_at_ms: TimeMs,
    /// For people, when it is not: `not connected`, `did not answer within 2 s`.
    #[serde(default)]
    pub why_not: Option<String>,
}

/// A session in the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SessionView {
    /// Identifier.
    #[schema(value_type = String)]
    pub session: SessionId,
    /// Endpoint.
    #[schema(value_type = String)]
    pub endpoint: EndpointId,
    /// Client.
    #[schema(value_type = String)]
    pub client: ClientId,
    /// Technician.
    #[schema(value_type = String)]
    pub member: MemberId,
    /// Their name.
    pub member_name: String,
    /// When it was opened.
    #[schema(value_type = u64)]
    pub opened_at_ms: TimeMs,
    /// When it ended.
    #[serde(default)]
    #[schema(value_type = Option<u64>)]
    pub closed_at_ms: Option<TimeMs>,
    /// Its first entry.
    #[schema(value_type = u64)]
    pub first_seq: Seq,
    /// Its last entry, once closed.
    #[serde(default)]
    #[schema(value_type = Option<u64>)]
    pub last_seq: Option<Seq>,
    /// Actions so far.
    pub actions: u64,
}

/// A run of a log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EntriesPage {
    /// Sequence number of the first record.
    #[schema(value_type = u64)]
    pub from: Seq,
    /// Dense.
    #[schema(value_type = Vec<Object>)]
    pub records: Vec<Record>,
    /// Size of the whole log when this was read; the checkpoint's size is the same.
    pub size: u64,
    /// A C2SP signed note over the log at `size`.
    pub checkpoint: String,
}

/// A Merkle proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProofAnswer {
    /// RFC 6962 order, each 32 bytes, standard base64.
    pub hashes: Vec<String>,
    /// The checkpoint that it leads to.
    pub checkpoint: String,
}

/// A console has verified the log up to a checkpoint and cosigns it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Cosign {
    /// [`crate::PROTOCOL_VERSION`].
    pub version: u32,
    /// The checkpoint's size.
    pub size: u64,
    /// The device's public key, standard base64.
    pub key: String,
    /// Signature line for the note (docs/formats/log.md, "Cosignature").
    pub cosignature: String,
}

/// Checkpoints that somebody besides the control plane has signed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CosignedPage {
    /// By size.
    pub checkpoints: Vec<CosignedCheckpoint>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CosignedCheckpoint {
    /// The C2SP signed note with all cosignatures.
    pub note: String,
    /// Who cosigned, in the order of the lines.
    pub witnesses: Vec<WitnessView>,
}

/// Who stands behind a cosignature, by the control plane's word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WitnessView {
    /// Name in the signature line.
    pub name: String,
    /// Public key, standard base64.
    pub key: String,
    /// For people: the person whose console it is, or the machine's name.
    pub who: String,
}

/// What a console's device signed, to be placed in the endpoint's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Submit {
    /// [`crate::PROTOCOL_VERSION`].
    pub version: u32,
    /// One statement, all its texts disclosed.
    #[schema(value_type = Object)]
    pub statement: SignedStatement,
}

/// It is in the log, and durable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Submitted {
    /// Where.
    #[schema(value_type = u64)]
    pub seq: Seq,
    /// A C2SP signed note that covers it.
    pub checkpoint: String,
}

/// Destroys texts of one entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EraseText {
    /// The entry.
    #[schema(value_type = u64)]
    pub seq: Seq,
    /// Which of its texts.
    pub names: Vec<String>,
    /// On what basis.
    pub basis: String,
}
