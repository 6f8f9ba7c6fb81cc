//! JSON Schemas of all bodies, by type name, for the OpenAPI document that hosts publish.
//!
//! Identifiers and sequence numbers appear as plain strings and integers; statements and records, which `caisey-ledger` defines, as
//! objects (docs/formats/entry.md).

use crate::{consent, error, handover, http, mail, share, sign_in};
use serde_json::{Map, Value};
use utoipa::PartialSchema;

/// Every schema that a route's body or answer names, and what these refer to.
pub fn all() -> Map<String, Value> {
    let mut schemas = Map::new();
    let mut add = |name: &str, schema: Result<Value, serde_json::Error>| {
        // A schema that cannot be written as JSON would be missing from the document, which its test notices.
        if let Ok(schema) = schema {
            schemas.insert(name.to_owned(), schema);
        }
    };
    macro_rules! add_all {
        ($($module:ident::$name:ident),* $(,)?) => {$(
            add(stringify!($name), serde_json::to_value(<$module::$name as PartialSchema>::schema()));
        )*};
    }
    use crate::role;
    add_all!(
        error::ErrorCode,
        error::ErrorBody,
        role::Role,
        http::Health,
        http::EnrolRequest,
        http::EnrolAnswer,
        http::Me,
        http::RegisterDevice,
        http::DeviceView,
        http::ClientView,
        http::CreateClient,
        http::RenameClient,
        http::CreateInstaller,
        http::InstallerSecret,
        http::InstallerView,
        http::EndpointState,
        http::EndpointView,
        http::Sendable,
        http::SessionView,
        http::EntriesPage,
        http::ProofAnswer,
        http::Cosign,
        http::CosignedPage,
        http::CosignedCheckpoint,
        http::WitnessView,
        http::Submit,
        http::Submitted,
        http::EraseText,
        handover::KeyEvidence,
        handover::SubmitReview,
        handover::ReviewView,
        consent::ApprovalState,
        consent::ApprovalView,
        consent::Prompt,
        consent::AboutApproval,
        consent::ApprovalWord,
        consent::ApprovalAnswer,
        consent::PolicyView,
        consent::PublishPolicy,
        consent::PolicyComplaint,
        consent::PolicyCheck,
        consent::ContactChain,
        consent::ContactKeyView,
        consent::ContactSays,
        consent::EndpointTraits,
        share::ShareState,
        share::CreateShare,
        share::RefreshShare,
        share::ShareView,
        share::ShareLink,
        share::VisitKind,
        share::ShareVisit,
        mail::MailContact,
        mail::MailContacts,
        mail::MailSending,
        mail::MailState,
        mail::MailView,
        sign_in::SignInWays,
        sign_in::SignInProvider,
        sign_in::BearerKind,
        sign_in::TokenRequest,
        sign_in::TokenAnswer,
    );
    schemas
}
