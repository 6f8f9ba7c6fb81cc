//! What a client agreed to: for the client's contact the policies that apply to them, for the organisation where each client stands with one.
//!
//! Names and sentences are safe to draw. Texts of policies are as published; where one must not be drawn as it is, its segments come along.

use super::{DifferenceLine, PolicyRow, PolicyVersion};
use crate::visible::Segment;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A version of a policy that a contact signed for their client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AgreementRow {
    /// The version.
    #[ts(type = "number")]
    pub version: u64,
    /// Who signed it, by name; empty when the name is not known here.
    pub by: String,
    /// Whether that is the signed-in person.
    pub mine: bool,
    /// When, by their own clock.
    #[ts(type = "number")]
    pub at_ms: u64,
    /// Whether the key that signed it still speaks for the client.
    pub key_counts: bool,
}

/// Where one client stands with a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AgreementOf {
    /// The client.
    pub client: String,
    /// Its name.
    pub client_name: String,
    /// `agreed` to the newest version, `older` only to one before it, `none`, or `hidden`: the text names other clients, so it is not shown
    /// to this one's contacts.
    pub state: String,
    /// The newest version that they agreed to.
    pub last: Option<AgreementRow>,
    /// Why what is shown now cannot be what they agreed to.
    pub fault: Option<String>,
}

/// The policies that apply to the signed-in contact's client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ClientPoliciesView {
    /// The client.
    pub client: String,
    /// Its name; empty while it has no endpoint here.
    pub client_name: String,
    /// Widest scope first, then by name.
    pub rows: Vec<ClientPolicy>,
    /// How many of them need the client's agreement.
    pub to_agree: u32,
    /// Why nothing can be signed from this console.
    pub cannot_sign: Option<String>,
    /// When the control plane was last asked; absent when this is its answer of now.
    #[ts(type = "number | null")]
    pub as_of_ms: Option<u64>,
}

/// One policy as the client's contact sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ClientPolicy {
    /// As in the organisation's list; whoever published it is named where the name is known here, and empty otherwise.
    pub row: PolicyRow,
    /// The newest version.
    pub newest: PolicyVersion,
    /// Present when its text must not be drawn as it is.
    pub segments: Option<Vec<Segment>>,
    /// `agreed` to the newest version, `older` only to one before it, `none`, or `over`: it is out of force.
    pub state: String,
    /// What contacts of the client signed, newest version first.
    pub agreements: Vec<AgreementRow>,
    /// What is different from the newest version that was agreed to.
    pub change: Option<PolicyChange>,
    /// Why what is shown cannot be relied on; then it cannot be agreed to.
    pub fault: Option<String>,
}

/// What changed from one version of a policy to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PolicyChange {
    /// The earlier version.
    #[ts(type = "number")]
    pub since: u64,
    /// Whether both versions are rules in words; otherwise only their texts can be compared.
    pub in_words: bool,
    /// Rules in words that are gone.
    pub removed: Vec<String>,
    /// Rules in words that are new.
    pub added: Vec<String>,
    /// Whether the texts were too long to be compared line by line.
    pub too_long: bool,
    /// The texts' difference, line by line.
    pub lines: Vec<DifferenceLine>,
}
