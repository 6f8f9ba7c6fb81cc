//! Statements, entries and records: what is signed, what is logged, what travels.
//!
//! A **statement** is what its author says happened; an endpoint or a person's device signs it. An **entry** is a statement
//! given its place: sequence number and time of the control plane. The entry's RFC 8785 bytes are the Merkle leaf. A
//! **record** is an entry together with whatever of its texts is disclosed. This module holds the shapes;
//! [`crate::statement`] makes and checks them. Byte layout: docs/formats/entry.md.

use crate::disclosure::Disclosure;
use crate::id::{ActionId, Counter, DeviceId, EndpointId, MemberId, Seq, SessionId, TimeMs};
use crate::kind::Author;
use crate::text::Commitment;
use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Version of the entry format that this crate writes.
pub const ENTRY_VERSION: u32 = 1;

/// An entry's canonical bytes may not be longer than this.
pub const MAX_ENTRY_BYTES: usize = 65_535;

/// Who says so.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Actor {
    /// The control plane itself. Such statements carry no signature of their own: the checkpoint is its signature.
    Control {},
    /// The runtime on the endpoint, by the endpoint's key.
    Endpoint {
        /// Which.
        id: EndpointId,
    },
    /// A person of the organisation, by the key of one of their devices.
    Member {
        /// Which.
        id: MemberId,
        /// The console that signed.
        device: DeviceId,
    },
    /// A client's authorised person, likewise.
    Contact {
        /// Which.
        id: MemberId,
        /// The console that signed.
        device: DeviceId,
    },
    /// A model, driven from this person's console, whose key signs.
    Agent {
        /// The person who directs it.
        on_behalf_of: MemberId,
        /// The console that signed.
        device: DeviceId,
    },
}

/// What its author says happened. Its canonical bytes are what the author signs (docs/formats/entry.md, "Signature"). Fields of this
/// and of all that is in it stand in canonical order: written in one pass, they need no sorting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// About which action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<ActionId>,
    /// Who.
    pub actor: Actor,
    /// When, by the author's clock.
    pub at_ms: TimeMs,
    /// The endpoint's own dense count; present exactly when the actor is an endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counter: Option<Counter>,
    /// The kind's facts.
    pub facts: Map<String, Value>,
    /// The kind; see [`crate::event::Event`].
    pub kind: String,
    /// The log it belongs to: the checkpoint origin, `<authority>/<organisation>/<endpoint>`.
    pub log: String,
    /// Within which session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// Commitments to the texts, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "not_empty")]
    pub texts: BTreeMap<String, Commitment>,
    /// Always [`ENTRY_VERSION`].
    pub v: u32,
}

/// An author's Ed25519 signature (RFC 8032) over a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatementSignature {
    /// Public key, 32 bytes, standard base64 with padding.
    pub key: String,
    /// Signature, 64 bytes, standard base64 with padding.
    pub sig: String,
}

/// A statement with its author's signature and its disclosed texts: what an endpoint or a device sends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedStatement {
    /// What is said.
    pub statement: Statement,
    /// By whom; absent exactly when the actor is the control plane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<StatementSignature>,
    /// The texts themselves.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub disclosures: BTreeMap<String, Disclosure>,
}

/// A statement in its place in a log. Its canonical bytes are the Merkle leaf's data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Place in the log.
    pub seq: Seq,
    /// By whom; absent exactly when the actor is the control plane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<StatementSignature>,
    /// What is said.
    pub statement: Statement,
    /// When the control plane placed it, by its clock.
    pub time_ms: TimeMs,
}

/// An entry's exact bytes with what is disclosed of its texts: the unit of synchronisation and of packs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// RFC 8785 canonical bytes of an [`Entry`], as text.
    pub leaf: String,
    /// By text name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub disclosures: BTreeMap<String, Disclosure>,
}

/// An empty member would be a second way to write the same entry.
fn not_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Commitment>, D::Error> {
    let texts = BTreeMap::deserialize(deserializer)?;
    if texts.is_empty() {
        Err(serde::de::Error::custom("an empty `texts` is left out instead"))
    } else {
        Ok(texts)
    }
}

/// As serde's tagged enums are written, but with the members in canonical order.
impl Serialize for Actor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (word, members) = match self {
            Self::Control {} => ("control", 1),
            Self::Endpoint { .. } => ("endpoint", 2),
            Self::Member { .. } => ("member", 3),
            Self::Contact { .. } => ("contact", 3),
            Self::Agent { .. } => ("agent", 3),
        };
        let mut actor = serializer.serialize_struct("Actor", members)?;
        match self {
            Self::Control {} => {}
            Self::Endpoint { id } => actor.serialize_field("id", id)?,
            Self::Member { id, device } | Self::Contact { id, device } => {
                actor.serialize_field("device", device)?;
                actor.serialize_field("id", id)?;
            }
            Self::Agent { on_behalf_of, device } => {
                actor.serialize_field("device", device)?;
                actor.serialize_field("on_behalf_of", on_behalf_of)?;
            }
        }
        actor.serialize_field("type", word)?;
        actor.end()
    }
}

impl Actor {
    /// Which kind of author it is.
    pub fn author(&self) -> Author {
        match self {
            Self::Control {} => Author::Control,
            Self::Endpoint { .. } => Author::Endpoint,
            Self::Member { .. } => Author::Member,
            Self::Contact { .. } => Author::Contact,
            Self::Agent { .. } => Author::Agent,
        }
    }

    /// The person behind it and the console that signs for them, if a person it is.
    pub fn person(&self) -> Option<(&MemberId, &DeviceId)> {
        match self {
            Self::Member { id, device }
            | Self::Contact { id, device }
            | Self::Agent {
                on_behalf_of: id,
                device,
            } => Some((id, device)),
            Self::Control {} | Self::Endpoint { .. } => None,
        }
    }
}
