//! What policies can speak of: the Cedar schema, and the facts of one action as Cedar sees them.
//!
//! A policy permits or forbids a principal (a member, a contact or an agent on a member's behalf) to take an action of a class on an
//! endpoint, under circumstances. Roles are groups of principals; a client is a group of endpoints.

use caisey_command::ActionClass;
use caisey_ledger::id::{ClientId, EndpointId, MemberId, OrganisationId, TimeMs};
use cedar_policy::{Context, Entities, EntityId, EntityTypeName, EntityUid, Request, Schema};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::str::FromStr;
use std::sync::LazyLock;

/// The schema that every policy is checked against, in Cedar's own notation.
pub const SCHEMA: &str = r#"
entity Role;
entity Organisation;
entity Client in [Organisation];
entity EndpointClass;
entity Endpoint in [Client, Organisation, EndpointClass] {
    os: String,
    attended: Bool,
    sensitive: Bool,
};
entity Member in [Role];
entity Agent in [Role];
action read_only, changing, destructive, opaque appliesTo {
    principal: [Member, Agent],
    resource: [Endpoint],
    context: {
        elevated: Bool,
        interpreter: String,
        clientHasContacts: Bool,
        utcMinuteOfWeek: Long,
    },
};
"#;

/// What a policy may look at for one action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The organisation.
    pub organisation: OrganisationId,
    /// The client.
    pub client: ClientId,
    /// Whether anybody can speak for the client.
    pub client_has_contacts: bool,
    /// The endpoint.
    pub endpoint: EndpointId,
    /// The endpoint's class, a word that administrators chose, such as `server`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint_class: Option<String>,
    /// `linux`, `windows` or `macos`.
    pub os: String,
    /// Whether a person sits at it.
    pub attended: bool,
    /// Whether it holds what must not get out.
    pub sensitive: bool,
    /// Who asks.
    pub member: MemberId,
    /// Their role, as on the wire.
    pub role: String,
    /// Whether an agent wrote the command on their behalf.
    pub by_agent: bool,
    /// What the command does.
    pub class: ActionClass,
    /// What reads it, as on the wire.
    pub interpreter: String,
    /// Whether it has an administrator's rights; true when that is not known.
    pub elevated: bool,
    /// When.
    pub at: TimeMs,
}

/// Minutes since Monday 00:00 UTC.
pub fn utc_minute_of_week(at: TimeMs) -> u32 {
    // 1970-01-01 was a Thursday.
    let minutes = at.get() / 60_000 + 3 * 1_440;
    u32::try_from(minutes % 10_080).unwrap_or(0)
}

/// The facts cannot be put before Cedar: our mistake, or Cedar's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("The action's facts do not fit the policies' vocabulary: {0}. Nothing was allowed; tell whoever runs the control plane.")]
pub struct Unfit(pub String);

fn unfit(error: impl std::fmt::Display) -> Unfit {
    Unfit(error.to_string())
}

/// The schema, read once: it is a constant.
pub(crate) fn schema() -> Result<&'static Schema, Unfit> {
    static READ: LazyLock<Result<Schema, Unfit>> =
        LazyLock::new(|| Schema::from_cedarschema_str(SCHEMA).map(|(schema, _)| schema).map_err(unfit));
    READ.as_ref().map_err(Clone::clone)
}

fn uid(kind: &str, id: &str) -> Result<EntityUid, Unfit> {
    let kind = EntityTypeName::from_str(kind).map_err(unfit)?;
    Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(id)))
}

impl Facts {
    /// As Cedar's request and entities.
    ///
    /// # Errors
    /// When they do not fit the schema.
    pub(crate) fn to_cedar(&self, schema: &Schema) -> Result<(Request, Entities), Unfit> {
        let person = if self.by_agent { "Agent" } else { "Member" };
        let context = json!({
            "elevated": self.elevated,
            "interpreter": self.interpreter,
            "clientHasContacts": self.client_has_contacts,
            "utcMinuteOfWeek": utc_minute_of_week(self.at),
        });
        let action = uid("Action", self.class.word())?;
        let context = Context::from_json_value(context, Some((schema, &action))).map_err(unfit)?;
        let request = Request::new(
            uid(person, self.member.as_str())?,
            action,
            uid("Endpoint", self.endpoint.as_str())?,
            context,
            Some(schema),
        )
        .map_err(unfit)?;
        let entity = |kind: &str, id: &str| json!({ "type": kind, "id": id });
        let class = self.endpoint_class.as_deref();
        let groups: Vec<_> = [
            entity("Client", self.client.as_str()),
            entity("Organisation", self.organisation.as_str()),
        ]
        .into_iter()
        .chain(class.map(|class| entity("EndpointClass", class)))
        .collect();
        let entities = json!([
            { "uid": entity(person, self.member.as_str()), "attrs": {}, "parents": [entity("Role", &self.role)] },
            {
                "uid": entity("Endpoint", self.endpoint.as_str()),
                "attrs": { "os": self.os, "attended": self.attended, "sensitive": self.sensitive },
                "parents": groups,
            },
        ]);
        let entities = Entities::from_json_value(entities, Some(schema)).map_err(unfit)?;
        Ok((request, entities))
    }
}
