//! Hands Endpoint objects what decides over actions on them: policies, traits, the chain of the client's contacts. The Organisation object
//! knows it; the Endpoint object keeps it.
//!
//! Promises: whoever submits something to an endpoint after a change was answered has it decided by that change, because every submission
//! compares revisions first; a runtime hears of new statements soon after it connects or they were made.

use super::slot::Mail;
use super::{Objects, Shared, internal};
use caisey_control::endpoint::Input;
use caisey_control::organisation::{Reply, Request};
use caisey_control::port::ObjectName;
use caisey_ledger::consent::SignedContactStatement;
use caisey_ledger::id::{EndpointId, OrganisationId};
use caisey_protocol::error::ErrorBody;
use std::sync::Arc;

impl Objects {
    /// Sees to it that the endpoint's object decides by the newest rules, of which this is the revision.
    pub(crate) async fn brief(&self, organisation: &OrganisationId, endpoint: &EndpointId, newest: u64) -> Result<(), ErrorBody> {
        let slot = self.slot(&ObjectName::Endpoint(organisation.clone(), endpoint.clone()));
        if slot.briefed() >= newest {
            return Ok(());
        }
        self.brief_now(organisation, endpoint).await.map(drop)
    }

    /// The same, when nothing is known of the newest revision. Returns the client's chain when there was something to hand over.
    pub(crate) async fn brief_now(
        &self,
        organisation: &OrganisationId,
        endpoint: &EndpointId,
    ) -> Result<Vec<SignedContactStatement>, ErrorBody> {
        let slot = self.slot(&ObjectName::Endpoint(organisation.clone(), endpoint.clone()));
        let asked = Request::Rules(endpoint.clone(), slot.briefed());
        let Reply::Rules(rules) = self.organisation(organisation, asked).await? else {
            return Err(internal("the organisation gave an unexpected answer"));
        };
        let Some(rules) = rules else { return Ok(Vec::new()) };
        let (revision, chain) = (rules.revision, rules.chain.clone());
        self.put(&slot, Mail::Endpoint(Input::Rules(rules)), 0);
        slot.note_briefed(revision);
        Ok(chain)
    }

    /// What the contacts of an endpoint's client have said, for its enrolment; its object is handed the same.
    pub(crate) async fn contacts_of(
        &self,
        organisation: &OrganisationId,
        endpoint: &EndpointId,
    ) -> Result<Vec<SignedContactStatement>, ErrorBody> {
        self.slot(&ObjectName::Endpoint(organisation.clone(), endpoint.clone()))
            .forget_briefed();
        self.brief_now(organisation, endpoint).await
    }

    /// Something that decides was changed: endpoints that are connected hear of it, the others when they are next used.
    pub(crate) fn brief_all(&self, organisation: &OrganisationId) {
        let objects = self.clone();
        let organisation = organisation.clone();
        tokio::spawn(async move {
            for endpoint in objects.hub().attached_endpoints(&organisation) {
                if let Err(error) = objects.brief_now(&organisation, &endpoint).await {
                    tracing::warn!(code = ?error.code, %endpoint, "an endpoint could not be told of changed rules yet");
                }
            }
        });
    }
}

/// From an object's thread, for a runtime that was just welcomed.
pub(super) fn soon(shared: &Arc<Shared>, name: &ObjectName) {
    let ObjectName::Endpoint(organisation, endpoint) = name.clone() else {
        return;
    };
    let objects = Objects(Arc::clone(shared));
    shared.runtime.spawn(async move {
        if let Err(error) = objects.brief_now(&organisation, &endpoint).await {
            tracing::warn!(code = ?error.code, %endpoint, "an endpoint could not be told of the rules yet");
        }
    });
}
