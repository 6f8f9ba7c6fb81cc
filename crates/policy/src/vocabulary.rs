//! What policies can speak of: the Cedar schema, and the facts of one action as Cedar sees them.
//!
//! A policy permits or forbids a principal (a member, a contact or an agent on a member's behalf) to take an action of a class on an
//! endpoint, under circumstances. Roles are groups of principals; a client is a group of endpoints.

use caisey_command::ActionClass;
use caisey_ledger::id::{ClientId, EndpointId, MemberId, OrganisationId, TimeMs};
use cedar_policy::{Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression, Schema};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
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

/// Names of the schema's types, read once: reading one is a parser's work.
struct Kinds {
    member: EntityTypeName,
    agent: EntityTypeName,
    role: EntityTypeName,
    organisation: EntityTypeName,
    client: EntityTypeName,
    class: EntityTypeName,
    endpoint: EntityTypeName,
    action: EntityTypeName,
}

fn kinds() -> Result<&'static Kinds, Unfit> {
    static READ: LazyLock<Result<Kinds, Unfit>> = LazyLock::new(|| {
        let kind = |name: &str| EntityTypeName::from_str(name).map_err(unfit);
        Ok(Kinds {
            member: kind("Member")?,
            agent: kind("Agent")?,
            role: kind("Role")?,
            organisation: kind("Organisation")?,
            client: kind("Client")?,
            class: kind("EndpointClass")?,
            endpoint: kind("Endpoint")?,
            action: kind("Action")?,
        })
    });
    READ.as_ref().map_err(Clone::clone)
}

fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

/// One action's facts as Cedar takes them: made once, put before as many policies as wanted.
pub struct Prepared<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) request: Request,
    pub(crate) entities: Entities,
}

impl Facts {
    /// For putting them before policies.
    ///
    /// # Errors
    /// When they do not fit the schema.
    pub fn prepared(&self) -> Result<Prepared<'_>, Unfit> {
        let (schema, kinds) = (schema()?, kinds()?);
        let flag = RestrictedExpression::new_bool;
        let word = |text: &str| RestrictedExpression::new_string(text.to_owned());
        let context = Context::from_pairs([
            ("elevated".to_owned(), flag(self.elevated)),
            ("interpreter".to_owned(), word(&self.interpreter)),
            ("clientHasContacts".to_owned(), flag(self.client_has_contacts)),
            (
                "utcMinuteOfWeek".to_owned(),
                RestrictedExpression::new_long(utc_minute_of_week(self.at).into()),
            ),
        ]);
        let person = uid(if self.by_agent { &kinds.agent } else { &kinds.member }, self.member.as_str());
        let endpoint = uid(&kinds.endpoint, self.endpoint.as_str());
        let request = Request::new(
            person.clone(),
            uid(&kinds.action, self.class.word()),
            endpoint.clone(),
            context.map_err(unfit)?,
            Some(schema),
        );
        let groups = [
            uid(&kinds.client, self.client.as_str()),
            uid(&kinds.organisation, self.organisation.as_str()),
        ];
        let class = self.endpoint_class.as_deref().map(|class| uid(&kinds.class, class));
        let traits = [
            ("os".to_owned(), word(&self.os)),
            ("attended".to_owned(), flag(self.attended)),
            ("sensitive".to_owned(), flag(self.sensitive)),
        ];
        let person = Entity::new(person, HashMap::new(), [uid(&kinds.role, &self.role)].into());
        let endpoint = Entity::new(endpoint, traits.into(), groups.into_iter().chain(class).collect());
        let entities = [person.map_err(unfit)?, endpoint.map_err(unfit)?];
        Ok(Prepared {
            facts: self,
            request: request.map_err(unfit)?,
            entities: Entities::from_entities(entities, Some(schema)).map_err(unfit)?,
        })
    }
}
