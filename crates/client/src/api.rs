//! Every HTTP route of the control plane as one typed method (caisey-protocol, `http`). A method's errors are [`ApiError`]'s.
//!
//! Nothing is repeated behind the caller's back, except once after an expired token was renewed. Requests that change something carry
//! identifiers chosen by the caller, so that repeating one after [`ApiError::NoAnswer`] is safe.

use crate::address::ControlUrl;
use crate::error::ApiError;
use crate::exchange::{Ask, Exchange};
use crate::token::{BearerToken, TokenSource};
use caisey_ledger::id::{ClientId, DeviceId, EndpointId, InstallerId, MemberId, Seq, ShareId, TimeMs};
use caisey_protocol::consent::{
    AboutApproval, ApprovalAnswer, ApprovalView, ContactChain, ContactSays, EndpointTraits, PolicyCheck, PolicyView,
    PublishPolicy,
};
use caisey_protocol::handover::{KeyEvidence, ReviewView, SubmitReview};
use caisey_protocol::http::{
    ClientView, Cosign, CosignedPage, CreateClient, CreateInstaller, DeviceView, EndpointView, EnrolAnswer, EnrolRequest,
    EntriesPage, EraseText, Health, InstallerSecret, InstallerView, Me, ProofAnswer, RegisterDevice, RenameClient, Sendable,
    SessionView, Submit, Submitted,
};
use caisey_protocol::mail::MailContacts;
use caisey_protocol::share::{CreateShare, PACK_PART_BYTES, RefreshShare, ShareLink, ShareView, ShareVisit};
use caisey_protocol::sign_in::{SignInWays, TokenAnswer, TokenRequest};
use reqwest::Method;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Which sessions are wanted; absent means any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionQuery {
    /// On this endpoint.
    pub endpoint: Option<EndpointId>,
    /// For this client.
    pub client: Option<ClientId>,
    /// By this person.
    pub member: Option<MemberId>,
    /// Opened at or after.
    pub from_ms: Option<TimeMs>,
    /// Opened before.
    pub to_ms: Option<TimeMs>,
}

/// A control plane, as one person (or nobody) sees it. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    exchange: Exchange,
}

/// Methods fail with [`ApiError`].
#[allow(clippy::missing_errors_doc)]
impl Api {
    /// For somebody who can sign in.
    pub fn new(address: ControlUrl, tokens: Arc<dyn TokenSource>) -> Result<Self, ApiError> {
        Ok(Self {
            exchange: Exchange::new(address, Some(tokens))?,
        })
    }

    /// For health checks and enrolment, which need no token.
    pub fn anonymous(address: ControlUrl) -> Result<Self, ApiError> {
        Ok(Self {
            exchange: Exchange::new(address, None)?,
        })
    }

    /// Where the control plane is.
    pub fn address(&self) -> &ControlUrl {
        &self.exchange.address
    }

    /// The current token, for a WebSocket's headers. `refused` is one that was just turned down.
    pub async fn bearer(&self, refused: Option<&BearerToken>) -> Result<Option<BearerToken>, ApiError> {
        self.exchange.bearer(refused).await
    }

    /// `GET /healthz`.
    pub async fn health(&self) -> Result<Health, ApiError> {
        self.exchange.json(&Ask::get("/healthz")).await
    }

    /// `GET /v1/openapi.json`.
    pub async fn openapi(&self) -> Result<serde_json::Value, ApiError> {
        self.exchange.json(&Ask::get("/v1/openapi.json")).await
    }

    /// `POST /v1/enrol`. Repeating it with the same key gives the same endpoint.
    pub async fn enrol(&self, request: &EnrolRequest) -> Result<EnrolAnswer, ApiError> {
        self.exchange.json(&Ask::post("/v1/enrol", request)).await
    }

    /// `POST /local/token`: sign-in with one of the control plane's own accounts, or the renewal of one.
    pub async fn local_token(&self, request: &TokenRequest) -> Result<TokenAnswer, ApiError> {
        self.exchange.json(&Ask::post("/local/token", request)).await
    }

    /// `GET /v1/sign-in`: how a person can sign in.
    pub async fn sign_in_ways(&self) -> Result<SignInWays, ApiError> {
        self.exchange.json(&Ask::get("/v1/sign-in")).await
    }

    /// `GET /v1/me`.
    pub async fn me(&self) -> Result<Me, ApiError> {
        self.exchange.json(&Ask::get("/v1/me")).await
    }

    /// `POST /v1/devices`. Repeating it with the same key gives the same device.
    pub async fn register_device(&self, request: &RegisterDevice) -> Result<DeviceView, ApiError> {
        self.exchange.json(&Ask::post("/v1/devices", request)).await
    }

    /// `GET /v1/clients`.
    pub async fn clients(&self) -> Result<Vec<ClientView>, ApiError> {
        self.exchange.json(&Ask::get("/v1/clients")).await
    }

    /// `POST /v1/clients`.
    pub async fn create_client(&self, request: &CreateClient) -> Result<ClientView, ApiError> {
        self.exchange.json(&Ask::post("/v1/clients", request)).await
    }

    /// `POST /v1/clients/{id}/rename`.
    pub async fn rename_client(&self, client: &ClientId, request: &RenameClient) -> Result<ClientView, ApiError> {
        self.exchange
            .json(&Ask::post(format!("/v1/clients/{client}/rename"), request))
            .await
    }

    /// `GET /v1/clients/{id}/mail-contacts`.
    pub async fn mail_contacts(&self, client: &ClientId) -> Result<MailContacts, ApiError> {
        self.exchange
            .json(&Ask::get(format!("/v1/clients/{client}/mail-contacts")))
            .await
    }

    /// `PUT /v1/clients/{id}/mail-contacts`: the whole list. Repeating the same is safe.
    pub async fn set_mail_contacts(&self, client: &ClientId, list: &MailContacts) -> Result<MailContacts, ApiError> {
        self.exchange
            .json(&Ask::put(format!("/v1/clients/{client}/mail-contacts"), list))
            .await
    }

    /// `GET /v1/installers`.
    pub async fn installers(&self) -> Result<Vec<InstallerView>, ApiError> {
        self.exchange.json(&Ask::get("/v1/installers")).await
    }

    /// `POST /v1/installers`. The answer is the only time that the secret is shown.
    pub async fn create_installer(&self, request: &CreateInstaller) -> Result<InstallerSecret, ApiError> {
        self.exchange.json(&Ask::post("/v1/installers", request)).await
    }

    /// `POST /v1/installers/{id}/rotate`: a new secret; the old one stops working.
    pub async fn rotate_installer(&self, installer: &InstallerId) -> Result<InstallerSecret, ApiError> {
        self.exchange
            .json(&Ask::with_method(Method::POST, format!("/v1/installers/{installer}/rotate")))
            .await
    }

    /// `DELETE /v1/installers/{id}`.
    pub async fn revoke_installer(&self, installer: &InstallerId) -> Result<(), ApiError> {
        self.exchange
            .done(&Ask::with_method(Method::DELETE, format!("/v1/installers/{installer}")))
            .await
    }

    /// `GET /v1/endpoints`.
    pub async fn endpoints(&self) -> Result<Vec<EndpointView>, ApiError> {
        self.exchange.json(&Ask::get("/v1/endpoints")).await
    }

    /// `GET /v1/endpoints/{id}`.
    pub async fn endpoint(&self, endpoint: &EndpointId) -> Result<EndpointView, ApiError> {
        self.exchange.json(&Ask::get(format!("/v1/endpoints/{endpoint}"))).await
    }

    /// `DELETE /v1/endpoints/{id}`: takes it out of service.
    pub async fn remove_endpoint(&self, endpoint: &EndpointId) -> Result<(), ApiError> {
        self.exchange
            .done(&Ask::with_method(Method::DELETE, format!("/v1/endpoints/{endpoint}")))
            .await
    }

    /// `GET /v1/endpoints/{id}/sendable`: can a call be answered right now? Asked over the live connection.
    pub async fn sendable(&self, endpoint: &EndpointId) -> Result<Sendable, ApiError> {
        self.exchange
            .json(&Ask::get(format!("/v1/endpoints/{endpoint}/sendable")))
            .await
    }

    /// `GET /v1/endpoints/{id}/entries`: `limit` records at most, fewer when they are long.
    pub async fn entries(&self, endpoint: &EndpointId, from: Seq, limit: Option<u32>) -> Result<EntriesPage, ApiError> {
        let ask = Ask::get(format!("/v1/endpoints/{endpoint}/entries"))
            .query("from", Some(from))
            .query("limit", limit);
        self.exchange.json(&ask).await
    }

    /// `GET /v1/endpoints/{id}/checkpoint`: a C2SP signed note.
    pub async fn checkpoint(&self, endpoint: &EndpointId) -> Result<String, ApiError> {
        self.exchange
            .text(&Ask::get(format!("/v1/endpoints/{endpoint}/checkpoint")))
            .await
    }

    /// `GET /v1/endpoints/{id}/proof/consistency` between two sizes of the log.
    pub async fn prove_consistency(&self, endpoint: &EndpointId, from_size: u64, to_size: u64) -> Result<ProofAnswer, ApiError> {
        let path = format!("/v1/endpoints/{endpoint}/proof/consistency");
        self.exchange
            .json(&Ask::get(path).query("from", Some(from_size)).query("to", Some(to_size)))
            .await
    }

    /// `GET /v1/endpoints/{id}/proof/inclusion` of one entry in the log of a size.
    pub async fn prove_inclusion(&self, endpoint: &EndpointId, seq: Seq, size: u64) -> Result<ProofAnswer, ApiError> {
        let path = format!("/v1/endpoints/{endpoint}/proof/inclusion");
        self.exchange
            .json(&Ask::get(path).query("seq", Some(seq)).query("size", Some(size)))
            .await
    }

    /// `GET /v1/endpoints/{id}/cosignatures`: the smallest cosigned checkpoints of at least this size.
    pub async fn cosigned(&self, endpoint: &EndpointId, from_size: u64) -> Result<CosignedPage, ApiError> {
        let ask = Ask::get(format!("/v1/endpoints/{endpoint}/cosignatures")).query("from", Some(from_size));
        self.exchange.json(&ask).await
    }

    /// `POST /v1/endpoints/{id}/cosignatures`; answered with the newest cosigned checkpoints.
    pub async fn cosign(&self, endpoint: &EndpointId, request: &Cosign) -> Result<CosignedPage, ApiError> {
        self.exchange
            .json(&Ask::post(format!("/v1/endpoints/{endpoint}/cosignatures"), request))
            .await
    }

    /// `GET /v1/sessions`, newest first, 500 at most.
    pub async fn sessions(&self, wanted: &SessionQuery) -> Result<Vec<SessionView>, ApiError> {
        let ask = Ask::get("/v1/sessions")
            .query("endpoint", wanted.endpoint.as_ref())
            .query("client", wanted.client.as_ref())
            .query("member", wanted.member.as_ref())
            .query("from_ms", wanted.from_ms)
            .query("to_ms", wanted.to_ms);
        self.exchange.json(&ask).await
    }

    /// `POST /v1/endpoints/{id}/statements`. The answer comes when the entry is durable; repeating the same statement is safe.
    pub async fn submit(&self, endpoint: &EndpointId, request: &Submit) -> Result<Submitted, ApiError> {
        self.exchange
            .json(&Ask::post(format!("/v1/endpoints/{endpoint}/statements"), request))
            .await
    }

    /// `GET /v1/approvals`: open ones first, with what is to be approved.
    pub async fn approvals(&self) -> Result<Vec<ApprovalView>, ApiError> {
        self.exchange.json(&Ask::get("/v1/approvals")).await
    }

    /// `POST /v1/endpoints/{id}/decisions`: a signed `approval.decided` or `action.reviewed`. Repeating the same statement is safe.
    pub async fn decide(&self, endpoint: &EndpointId, request: &Submit) -> Result<Submitted, ApiError> {
        self.exchange
            .json(&Ask::post(format!("/v1/endpoints/{endpoint}/decisions"), request))
            .await
    }

    /// `POST /v1/endpoints/{id}/approvals`. Repeating it is safe; of nudges, one a minute counts.
    pub async fn about_approval(&self, endpoint: &EndpointId, request: &AboutApproval) -> Result<ApprovalAnswer, ApiError> {
        self.exchange
            .json(&Ask::post(format!("/v1/endpoints/{endpoint}/approvals"), request))
            .await
    }

    /// `GET /v1/policies`: all versions of all.
    pub async fn policies(&self) -> Result<Vec<PolicyView>, ApiError> {
        self.exchange.json(&Ask::get("/v1/policies")).await
    }

    /// `POST /v1/policies`. Repeating the same is safe.
    pub async fn publish_policy(&self, request: &PublishPolicy) -> Result<PolicyView, ApiError> {
        self.exchange.json(&Ask::post("/v1/policies", request)).await
    }

    /// `POST /v1/policies/check`: changes nothing.
    pub async fn check_policy(&self, request: &PublishPolicy) -> Result<PolicyCheck, ApiError> {
        self.exchange.json(&Ask::post("/v1/policies/check", request)).await
    }

    /// `GET /v1/contacts`: what a client's contacts have said.
    pub async fn contacts(&self, client: &ClientId) -> Result<ContactChain, ApiError> {
        self.exchange
            .json(&Ask::get("/v1/contacts").query("client", Some(client)))
            .await
    }

    /// `POST /v1/contacts`. Repeating the same statement is safe.
    pub async fn contact_says(&self, request: &ContactSays) -> Result<ContactChain, ApiError> {
        self.exchange.json(&Ask::post("/v1/contacts", request)).await
    }

    /// `GET /v1/endpoints/{id}/traits`: what policies know of it.
    pub async fn endpoint_traits(&self, endpoint: &EndpointId) -> Result<EndpointTraits, ApiError> {
        self.exchange
            .json(&Ask::get(format!("/v1/endpoints/{endpoint}/traits")))
            .await
    }

    /// `PUT /v1/endpoints/{id}/traits`.
    pub async fn set_endpoint_traits(&self, endpoint: &EndpointId, traits: &EndpointTraits) -> Result<(), ApiError> {
        self.exchange
            .done(&Ask::put(format!("/v1/endpoints/{endpoint}/traits"), traits))
            .await
    }

    /// `POST /v1/endpoints/{id}/erase`.
    pub async fn erase(&self, endpoint: &EndpointId, request: &EraseText) -> Result<Submitted, ApiError> {
        self.exchange
            .json(&Ask::post(format!("/v1/endpoints/{endpoint}/erase"), request))
            .await
    }

    /// `GET /v1/keys`: that the organisation's log introduced a device's key.
    pub async fn key_evidence(&self, device: &DeviceId) -> Result<KeyEvidence, ApiError> {
        self.exchange.json(&Ask::get("/v1/keys").query("device", Some(device))).await
    }

    /// `POST /v1/reviews`. Repeating the same is safe.
    pub async fn submit_review(&self, request: &SubmitReview) -> Result<ReviewView, ApiError> {
        self.exchange.json(&Ask::post("/v1/reviews", request)).await
    }

    /// `GET /v1/reviews` of the snapshot with this digest, of the session with this identifier, or of a period: `period:FROM:TO`.
    pub async fn reviews(&self, of: &str) -> Result<Vec<ReviewView>, ApiError> {
        self.exchange.json(&Ask::get("/v1/reviews").query("of", Some(of))).await
    }

    /// `PUT /v1/packs/{sha256}/{part}` for every part of a pack; `progress` is told how many bytes are there. Repeating it is safe. Answers
    /// with the pack's digest, which [`Self::create_share`] wants.
    pub async fn put_pack(&self, pack: &[u8], mut progress: impl FnMut(usize) + Send) -> Result<String, ApiError> {
        let digest = hex_sha256(pack);
        let mut sent = 0;
        for (part, bytes) in pack.chunks(PACK_PART_BYTES).enumerate() {
            self.exchange
                .done(&Ask::put_bytes(format!("/v1/packs/{digest}/{part}"), bytes))
                .await?;
            sent += bytes.len();
            progress(sent);
        }
        Ok(digest)
    }

    /// `GET /v1/shares`, newest first.
    pub async fn shares(&self) -> Result<Vec<ShareView>, ApiError> {
        self.exchange.json(&Ask::get("/v1/shares")).await
    }

    /// `POST /v1/shares` of a pack that was put before. The answer is the only time that the link is shown.
    pub async fn create_share(&self, request: &CreateShare) -> Result<ShareLink, ApiError> {
        self.exchange.json(&Ask::post("/v1/shares", request)).await
    }

    /// `POST /v1/shares/{id}/refresh`: the same link shows another pack from now on.
    pub async fn refresh_share(&self, share: &ShareId, request: &RefreshShare) -> Result<ShareView, ApiError> {
        self.exchange
            .json(&Ask::post(format!("/v1/shares/{share}/refresh"), request))
            .await
    }

    /// `DELETE /v1/shares/{id}`: the link ends at once.
    pub async fn revoke_share(&self, share: &ShareId) -> Result<(), ApiError> {
        self.exchange
            .done(&Ask::with_method(Method::DELETE, format!("/v1/shares/{share}")))
            .await
    }

    /// `GET /v1/shares/{id}/visits`: the view log, newest first.
    pub async fn share_visits(&self, share: &ShareId) -> Result<Vec<ShareVisit>, ApiError> {
        self.exchange.json(&Ask::get(format!("/v1/shares/{share}/visits"))).await
    }

    /// `GET /v1/admin-log`: the organisation's own log.
    pub async fn admin_log(&self, from: Seq, limit: Option<u32>) -> Result<EntriesPage, ApiError> {
        self.exchange
            .json(&Ask::get("/v1/admin-log").query("from", Some(from)).query("limit", limit))
            .await
    }
}

fn hex_sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
