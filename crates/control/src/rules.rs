//! What an Organisation object hands an Endpoint object so that it can decide by itself: policies, the client's chain, the endpoint's
//! traits (docs/decisions/0050-where-approvals-are-decided.md).
//!
//! Promises: one value for each revision; a later revision replaces an earlier one as a whole, except that a chain only ever grows.
//! Serialisable for hosts whose objects are apart.

use caisey_ledger::consent::SignedContactStatement;
use caisey_policy::document::Document;
use caisey_protocol::consent::EndpointTraits;
use caisey_protocol::mail::MailContact;
use serde::{Deserialize, Serialize};

/// Everything that decides over actions on one endpoint.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    /// Grows with every change in the organisation; never below the time of the change in milliseconds, so that it also grows when a
    /// control plane goes on from a backup. 0: nothing was ever changed.
    pub revision: u64,
    /// What policies may know of the endpoint.
    pub traits: EndpointTraits,
    /// The newest versions of the policies that cover it, without the built-in one and without those that were taken out of force.
    pub policies: Vec<Document>,
    /// What the client's contacts have said, from the beginning.
    pub chain: Vec<SignedContactStatement>,
    /// The client's contacts who get e-mail; each has an identifier.
    pub mailing: Vec<MailContact>,
}
