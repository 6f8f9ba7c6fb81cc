//! After a restore from a backup: closes endpoints' logs and opens new ones, with the control plane stopped.
//!
//! Promises: nothing of an old log is changed but its last entry; interrupted anywhere, running it again finishes what was begun, and never
//! opens a second successor. What it does and when to use it: docs/operations/restore.md.

use crate::clock;
use crate::data_dir::{DataDir, DataDirError, Key};
use crate::store::SqliteStore;
use caisey_control::endpoint::{self, Decision, EndpointObject, Input, Predecessor, Successor};
use caisey_control::organisation::{OrganisationObject, Reply, Request};
use caisey_control::port::{Moment, ObjectName};
use caisey_control::store::{Store, StoreError};
use caisey_ledger::checkpoint::Checkpoint;
use caisey_ledger::id::{EndpointId, OrganisationId, Seq};
use caisey_protocol::http::EntriesPage;
use std::path::Path;

/// Why a log was not closed.
#[derive(Debug, thiserror::Error)]
pub enum SuccessionError {
    /// The data directory.
    #[error(transparent)]
    Data(#[from] DataDirError),
    /// Reading it.
    #[error("the data directory cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// A database.
    #[error("a database cannot be used: {0}; restore it from a backup first")]
    Store(#[from] StoreError),
    /// The organisation would not.
    #[error("{0}")]
    Refused(String),
    /// No such endpoint.
    #[error("there is no endpoint {0} in this data directory")]
    Unknown(EndpointId),
    /// Nothing to read.
    #[error("the log of {0} has no entries")]
    Empty(EndpointId),
}

/// A log that was closed, and the one that continues it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Succession {
    /// Origin of the closed log.
    pub old: String,
    /// Its entries, as restored.
    pub old_size: u64,
    /// Origin of the new one.
    pub new: String,
}

/// Closes the log of one endpoint, or of every endpoint in service, and opens new ones.
///
/// # Errors
/// See [`SuccessionError`]; what was done before stays done.
pub fn succeed(root: &Path, only: Option<&EndpointId>, decision: &Decision) -> Result<Vec<Succession>, SuccessionError> {
    let data = DataDir::open(root)?;
    let signer = data.key("checkpoint")?;
    let mut done = Vec::new();
    for name in data.endpoints()? {
        let ObjectName::Endpoint(organisation, endpoint) = &name else {
            continue;
        };
        if only.is_some_and(|only| only != endpoint) {
            continue;
        }
        if let Some(succession) = one(&data, &signer, organisation, endpoint, decision, only.is_none())? {
            done.push(succession);
        }
    }
    match only {
        Some(only) if done.is_empty() => Err(SuccessionError::Unknown(only.clone())),
        _ => Ok(done),
    }
}

/// None when the endpoint is out of service already and all of them were meant.
fn one(
    data: &DataDir,
    signer: &Key,
    organisation: &OrganisationId,
    endpoint: &EndpointId,
    decision: &Decision,
    all: bool,
) -> Result<Option<Succession>, SuccessionError> {
    let old_store = SqliteStore::open(&data.path(&ObjectName::Endpoint(organisation.clone(), endpoint.clone())))?;
    let old_page = page(&old_store)?.ok_or_else(|| SuccessionError::Empty(endpoint.clone()))?;
    // Asked for all a second time: neither what is closed nor what was only just opened.
    let just_opened = old_page.size <= 2
        && old_page
            .records
            .last()
            .is_some_and(|record| record.leaf.contains(endpoint::SUCCEEDED));
    if all && (just_opened || endpoint::is_succeeded(&old_store)?) {
        return Ok(None);
    }
    let origin = Checkpoint::read(&old_page.checkpoint)
        .map_err(|error| StoreError::Corrupt(error.to_string()))?
        .origin;
    let authority = origin.split('/').next().unwrap_or_default();
    let organisation_store = SqliteStore::open(&data.path(&ObjectName::Organisation(organisation.clone())))?;
    let reply = transaction(&organisation_store, |store| {
        let mut object = OrganisationObject::load(store, organisation.clone(), authority)?;
        let reply = object.handle(store, moment()?, Request::Succeed(endpoint.clone()))?;
        object.seal(store, signer)?;
        Ok(reply)
    })?;
    let identity = match reply {
        Ok(Reply::Enrolled(identity)) => *identity,
        Ok(_) => {
            return Err(SuccessionError::Refused(
                "the organisation gave an unexpected answer".to_owned(),
            ));
        }
        Err(_) if all => return Ok(None),
        Err(refusal) => return Err(SuccessionError::Refused(refusal.detail)),
    };
    let new_name = ObjectName::Endpoint(organisation.clone(), identity.endpoint.clone());
    data.prepare(&new_name)?;
    let new_store = SqliteStore::open(&data.path(&new_name))?;
    let before = Predecessor {
        log: origin.clone(),
        checkpoint: old_page.checkpoint,
        decision: decision.clone(),
    };
    let (new_endpoint, new_log) = (identity.endpoint.clone(), identity.log.clone());
    // One batch, so that one checkpoint signs exactly the two entries.
    run(
        &new_store,
        signer,
        vec![Input::Enrolled(Box::new(identity)), Input::ContinuesFrom(Box::new(before))],
    )?;
    let new_page = page(&new_store)?.ok_or_else(|| SuccessionError::Empty(new_endpoint.clone()))?;
    let proof =
        endpoint::prove_consistency(&new_store, 2, 2)?.ok_or_else(|| StoreError::Corrupt("no checkpoint of 2".to_owned()))?;
    let after = Successor {
        endpoint: new_endpoint,
        log: new_log.clone(),
        records: new_page.records.into_iter().take(2).collect(),
        checkpoint: proof.checkpoint,
        decision: decision.clone(),
    };
    run(&old_store, signer, vec![Input::SucceededBy(Box::new(after))])?;
    Ok(Some(Succession {
        old: origin,
        old_size: old_page.size,
        new: new_log,
    }))
}

fn page(store: &SqliteStore) -> Result<Option<EntriesPage>, StoreError> {
    endpoint::read_page(store, Seq::default(), 2)
}

fn run(store: &SqliteStore, signer: &Key, inputs: Vec<Input>) -> Result<(), StoreError> {
    let mut inputs = Some(inputs);
    transaction(store, |store| {
        let mut object = EndpointObject::load(store, &[])?;
        for input in inputs.take().unwrap_or_default() {
            object.handle(store, moment()?, input)?;
        }
        // Nobody is connected: there is nobody to tell.
        object.seal(store, signer).map(drop)
    })
}

fn transaction<T>(store: &SqliteStore, mut work: impl FnMut(&dyn Store) -> Result<T, StoreError>) -> Result<T, StoreError> {
    let mut done = None;
    store.tx(&mut || {
        done = Some(work(store)?);
        Ok(())
    })?;
    done.ok_or_else(|| StoreError::Refused("the store did not run the transaction".to_owned()))
}

fn moment() -> Result<Moment, StoreError> {
    Ok(Moment {
        now_ms: clock::now(),
        entropy: clock::random().map_err(|error| StoreError::Io(error.to_string()))?,
    })
}
