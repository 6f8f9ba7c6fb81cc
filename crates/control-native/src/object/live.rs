//! A loaded object with its store.

use super::Shared;
use crate::store::SqliteStore;
use caisey_control::endpoint::EndpointObject;
use caisey_control::organisation::OrganisationObject;
use caisey_control::port::ObjectName;
use caisey_control::store::{Store, StoreError};

/// A loaded object.
pub(crate) struct Live {
    pub(super) store: SqliteStore,
    pub(super) object: Object,
}

#[derive(Clone)]
pub(super) enum Object {
    Endpoint(Box<EndpointObject>),
    Organisation(Box<OrganisationObject>),
}

/// Opens an object's database, making it when absent.
pub(super) fn open(shared: &Shared, name: &ObjectName) -> Result<SqliteStore, StoreError> {
    shared.data.prepare(name).map_err(|error| match error.kind() {
        std::io::ErrorKind::StorageFull => StoreError::Full(error.to_string()),
        _ => StoreError::Io(error.to_string()),
    })?;
    SqliteStore::open(&shared.data.path(name))
}

impl Live {
    /// Opens the database and reads the object's state.
    pub(super) fn load(shared: &Shared, name: &ObjectName) -> Result<Box<Self>, StoreError> {
        let store = open(shared, name)?;
        let mut object = None;
        store.tx(&mut || {
            object = Some(match name {
                ObjectName::Organisation(organisation) => Object::Organisation(Box::new(OrganisationObject::load(
                    &store,
                    organisation.clone(),
                    &shared.authority,
                )?)),
                ObjectName::Endpoint(..) => Object::Endpoint(Box::new(EndpointObject::load(&store, &shared.hub.attached(name))?)),
            });
            Ok(())
        })?;
        match object {
            Some(object) => Ok(Box::new(Self { store, object })),
            None => Err(StoreError::Refused("the store did not run the transaction".to_owned())),
        }
    }

    /// Whether nothing is lost by putting it away.
    pub(super) fn is_idle(&self) -> bool {
        match &self.object {
            Object::Endpoint(object) => object.is_idle(),
            Object::Organisation(_) => true,
        }
    }

    /// When it wants to be woken, milliseconds since the Unix epoch.
    pub(super) fn deadline_ms(&self) -> Option<u64> {
        match &self.object {
            Object::Endpoint(object) => object.poll_deadline().map(|(at, _)| at.get()),
            Object::Organisation(_) => None,
        }
    }
}
