//! What Endpoint objects have to know to decide: collected for one endpoint, with a revision that grows with every change.

use super::{OrganisationObject, contact, endpoint, mail, policy, traits};
use crate::refusal::{Stop, refused};
use crate::row::{Row, int};
use crate::rules::Rules;
use crate::store::{Store, StoreError};
use crate::turn::Turn;
use caisey_ledger::id::EndpointId;
use caisey_policy::document::{Document, Scope};
use caisey_protocol::error::ErrorCode;
use std::sync::Arc;

pub(super) fn revision(store: &dyn Store) -> Result<u64, StoreError> {
    Row::first(store.exec("SELECT revision FROM rules", &[])?).map_or(Ok(0), |mut row| row.number())
}

impl OrganisationObject {
    /// Something that decides was changed.
    pub(super) fn rules_changed(&mut self, turn: &Turn<'_>) -> Result<(), StoreError> {
        self.revision = turn.now.get().max(self.revision + 1);
        turn.store
            .exec(
                "INSERT OR REPLACE INTO rules (only, revision) VALUES (1, ?1)",
                &[int(self.revision)],
            )
            .map(drop)
    }

    /// All that decides over actions on an endpoint; none when that is what is known already.
    pub(super) fn rules(&self, store: &dyn Store, endpoint: &EndpointId, known: u64) -> Result<Option<Arc<Rules>>, Stop> {
        if known == self.revision {
            return Ok(None);
        }
        let unknown = || refused(ErrorCode::NotFound, "There is no such endpoint.");
        let (found, _) = endpoint::find(store, endpoint)?.ok_or_else(unknown)?;
        let traits = traits::find(store, endpoint)?;
        let covers = |document: &Document| match &document.scope {
            Scope::Organisation => true,
            Scope::Client { client } => *client == found.client,
            Scope::EndpointClass { class } => traits.class.as_ref() == Some(class),
            Scope::Endpoint { endpoint } => *endpoint == found.endpoint,
        };
        let mut policies = policy::in_force(store)?;
        policies.retain(covers);
        Ok(Some(Arc::new(Rules {
            revision: self.revision,
            policies,
            chain: contact::chain(store, &found.client)?,
            mailing: mail::of_client(store, &found.client)?,
            traits,
        })))
    }
}
