//! What policies may know of endpoints: one row for each endpoint of which administrators said something.

use super::event::AdminEvent;
use super::{OrganisationObject, endpoint};
use crate::port::Caller;
use crate::refusal::{Stop, refused};
use crate::row::{Row, int, text, text_or_null};
use crate::store::{Store, StoreError};
use crate::turn::Turn;
use caisey_ledger::id::EndpointId;
use caisey_policy::document::is_class;
use caisey_protocol::consent::EndpointTraits;
use caisey_protocol::error::ErrorCode;

pub(super) fn find(store: &dyn Store, endpoint: &EndpointId) -> Result<EndpointTraits, StoreError> {
    let sql = "SELECT class, attended, sensitive FROM endpoint_traits WHERE endpoint = ?1";
    let Some(mut row) = Row::first(store.exec(sql, &[text(endpoint)])?) else {
        return Ok(EndpointTraits::default());
    };
    Ok(EndpointTraits {
        class: row.text_or_null()?,
        attended: row.flag()?,
        sensitive: row.flag()?,
    })
}

impl OrganisationObject {
    /// Those of an endpoint that the caller may see.
    pub(super) fn traits(store: &dyn Store, caller: &Caller, endpoint: &EndpointId) -> Result<EndpointTraits, Stop> {
        Self::endpoint(store, caller, endpoint)?;
        Ok(find(store, endpoint)?)
    }

    /// Those that it already has change nothing.
    pub(super) fn set_traits(
        &mut self,
        turn: &mut Turn<'_>,
        caller: &Caller,
        endpoint: EndpointId,
        wanted: EndpointTraits,
    ) -> Result<(), Stop> {
        if wanted.class.as_ref().is_some_and(|class| !is_class(class)) {
            return Err(refused(
                ErrorCode::BadRequest,
                "A class of endpoints is 1 to 64 small letters, digits and hyphens. Choose another.",
            ));
        }
        if endpoint::find(turn.store, &endpoint)?.is_none() {
            return Err(refused(ErrorCode::NotFound, "There is no such endpoint."));
        }
        if find(turn.store, &endpoint)? == wanted {
            return Ok(());
        }
        turn.store.exec(
            "INSERT OR REPLACE INTO endpoint_traits (endpoint, class, attended, sensitive) VALUES (?1, ?2, ?3, ?4)",
            &[
                text(&endpoint),
                text_or_null(wanted.class.as_ref()),
                int(wanted.attended.into()),
                int(wanted.sensitive.into()),
            ],
        )?;
        self.rules_changed(turn)?;
        let event = AdminEvent::EndpointTraitsSet {
            endpoint,
            class: wanted.class,
            attended: wanted.attended,
            sensitive: wanted.sensitive,
            by: caller.member.clone(),
        };
        event.record(turn, &mut self.journal, &[])?;
        Ok(())
    }
}
