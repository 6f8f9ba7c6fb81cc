//! Approval requests and what a client's contacts say, as typed methods (caisey-protocol, `consent`).

use crate::api::Api;
use crate::error::ApiError;
use crate::exchange::Ask;
use caisey_ledger::id::{ClientId, EndpointId};
use caisey_protocol::consent::{AboutApproval, ApprovalAnswer, ApprovalView, ContactChain, ContactSays};
use caisey_protocol::http::{Submit, Submitted};

/// Methods fail with [`ApiError`].
#[allow(clippy::missing_errors_doc)]
impl Api {
    /// `GET /v1/approvals`: all that this person may see, open ones first.
    pub async fn approvals(&self) -> Result<Vec<ApprovalView>, ApiError> {
        self.exchange.json(&Ask::get("/v1/approvals")).await
    }

    /// `POST /v1/endpoints/{id}/decisions`. The answer comes when the entry is durable; repeating the same statement is safe.
    pub async fn decide(&self, endpoint: &EndpointId, request: &Submit) -> Result<Submitted, ApiError> {
        self.exchange
            .json(&Ask::post(format!("/v1/endpoints/{endpoint}/decisions"), request))
            .await
    }

    /// `POST /v1/endpoints/{id}/approvals`: says or asks something about a request. Repeating it is safe.
    pub async fn about_approval(&self, endpoint: &EndpointId, about: &AboutApproval) -> Result<ApprovalAnswer, ApiError> {
        self.exchange
            .json(&Ask::post(format!("/v1/endpoints/{endpoint}/approvals"), about))
            .await
    }

    /// `GET /v1/contacts`: what the client's contacts have said.
    pub async fn contacts(&self, client: &ClientId) -> Result<ContactChain, ApiError> {
        self.exchange
            .json(&Ask::get("/v1/contacts").query("client", Some(client)))
            .await
    }

    /// `POST /v1/contacts`: says something for the client. Repeating the same is safe.
    pub async fn contact_says(&self, request: &ContactSays) -> Result<ContactChain, ApiError> {
        self.exchange.json(&Ask::post("/v1/contacts", request)).await
    }
}
