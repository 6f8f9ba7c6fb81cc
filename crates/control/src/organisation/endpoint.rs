//! The endpoint directory: one row for each endpoint, kept up to date by the Endpoint objects' reports.

use super::event::AdminEvent;
use super::{OrganisationObject, only_client};
use crate::port::Caller;
use crate::refusal::{Stop, refused};
use crate::row::{Row, damaged, int, text, text_or_null};
use crate::store::{Store, StoreError, Value};
use crate::turn::Turn;
use caisey_ledger::id::{ClientId, EndpointId, InstallerId, TimeMs};
use caisey_protocol::error::ErrorCode;
use caisey_protocol::http::{EndpointState, EndpointView};

const COLUMNS: &str =
    "SELECT endpoint, endpoints.client, installer, key, log, hostname, os, arch, state, log_size, enrolled_at_ms,
    changed_at_ms, clients.name FROM endpoints JOIN clients ON clients.client = endpoints.client";

const STATES: [(EndpointState, &str); 4] = [
    (EndpointState::Pending, "pending"),
    (EndpointState::Ready, "ready"),
    (EndpointState::Offline, "offline"),
    (EndpointState::Removing, "removing"),
];

pub(super) struct Endpoint {
    pub(super) endpoint: EndpointId,
    pub(super) client: ClientId,
    pub(super) installer: InstallerId,
    pub(super) key: String,
    pub(super) log: String,
    pub(super) hostname: String,
    pub(super) os: String,
    pub(super) arch: String,
    pub(super) state: EndpointState,
    pub(super) log_size: u64,
    pub(super) enrolled_at: TimeMs,
    pub(super) changed_at: TimeMs,
}

fn word(state: EndpointState) -> Value {
    text(STATES.iter().find(|(known, _)| *known == state).map_or("", |(_, word)| word))
}

fn read(row: Vec<Value>) -> Result<(Endpoint, String), StoreError> {
    let mut row = Row::from(row);
    let time = |number| TimeMs::new(number).ok_or_else(|| damaged("an endpoint's time is out of range"));
    let endpoint = Endpoint {
        endpoint: row.parsed()?,
        client: row.parsed()?,
        installer: row.parsed()?,
        key: row.text()?,
        log: row.text()?,
        hostname: row.text()?,
        os: row.text()?,
        arch: row.text()?,
        state: {
            let found = row.text()?;
            let state = STATES.iter().find(|(_, word)| *word == found).map(|(state, _)| *state);
            state.ok_or_else(|| damaged("an endpoint's state is not known"))?
        },
        log_size: row.number()?,
        enrolled_at: time(row.number()?)?,
        changed_at: time(row.number()?)?,
    };
    Ok((endpoint, row.text()?))
}

pub(super) fn by_key(store: &dyn Store, key: &str) -> Result<Option<Endpoint>, StoreError> {
    let rows = store.exec(&format!("{COLUMNS} WHERE key = ?1"), &[text(key)])?;
    rows.into_iter()
        .next()
        .map(|row| read(row).map(|(endpoint, _)| endpoint))
        .transpose()
}

pub(super) fn find(store: &dyn Store, endpoint: &EndpointId) -> Result<Option<(Endpoint, String)>, StoreError> {
    let rows = store.exec(&format!("{COLUMNS} WHERE endpoint = ?1"), &[text(endpoint)])?;
    rows.into_iter().next().map(read).transpose()
}

/// The key of an endpoint whose log was closed is written with that endpoint's name behind it: the key belongs to its successor now.
pub(super) fn retired(key: &str, endpoint: &EndpointId) -> String {
    format!("{key} {endpoint}")
}

/// Frees an endpoint's key for its successor.
pub(super) fn retire_key(store: &dyn Store, endpoint: &EndpointId, key: &str) -> Result<(), StoreError> {
    let row = [text(endpoint), text(retired(key, endpoint))];
    store
        .exec("UPDATE endpoints SET key = ?2 WHERE endpoint = ?1", &row)
        .map(drop)
}

impl Endpoint {
    pub(super) fn insert(&self, store: &dyn Store) -> Result<(), StoreError> {
        store.exec(
            "INSERT INTO endpoints (endpoint, client, installer, key, log, hostname, os, arch, state, log_size, enrolled_at_ms,
                 changed_at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            &[
                text(&self.endpoint),
                text(&self.client),
                text(&self.installer),
                text(&self.key),
                text(&self.log),
                text(&self.hostname),
                text(&self.os),
                text(&self.arch),
                word(self.state),
                int(self.log_size),
                int(self.enrolled_at.get()),
                int(self.changed_at.get()),
            ],
        )?;
        Ok(())
    }

    fn view(self, client_name: String) -> EndpointView {
        EndpointView {
            endpoint: self.endpoint,
            log: self.log,
            client: self.client,
            client_name,
            hostname: self.hostname,
            os: self.os,
            arch: self.arch,
            state: self.state,
            log_size: self.log_size,
            enrolled_at_ms: self.enrolled_at,
            changed_at_ms: self.changed_at,
        }
    }
}

impl OrganisationObject {
    pub(super) fn endpoints(store: &dyn Store, caller: &Caller) -> Result<Vec<EndpointView>, Stop> {
        let only = text_or_null(only_client(caller)?);
        let sql = format!("{COLUMNS} WHERE ?1 IS NULL OR endpoints.client = ?1 ORDER BY clients.name, hostname, endpoint");
        let rows = store.exec(&sql, &[only])?;
        Ok(rows
            .into_iter()
            .map(|row| read(row).map(|(endpoint, name)| endpoint.view(name)))
            .collect::<Result<_, _>>()?)
    }

    pub(super) fn endpoint(store: &dyn Store, caller: &Caller, endpoint: &EndpointId) -> Result<EndpointView, Stop> {
        let only = only_client(caller)?;
        let found = find(store, endpoint)?.filter(|(found, _)| only.as_ref().is_none_or(|only| *only == found.client));
        let (endpoint, name) = found.ok_or_else(|| refused(ErrorCode::NotFound, "There is no such endpoint."))?;
        Ok(endpoint.view(name))
    }

    /// Takes an Endpoint object's report. What it is was fixed here when it enrolled; only its state and size are news.
    pub(super) fn endpoint_changed(&mut self, turn: &mut Turn<'_>, view: &EndpointView) -> Result<(), StoreError> {
        let Some((known, _)) = find(turn.store, &view.endpoint)? else {
            return Ok(());
        };
        turn.store.exec(
            "UPDATE endpoints SET state = ?2, log_size = ?3, changed_at_ms = ?4 WHERE endpoint = ?1",
            &[
                text(&view.endpoint),
                word(view.state),
                int(view.log_size),
                int(view.changed_at_ms.get()),
            ],
        )?;
        if view.state == EndpointState::Removing && known.state != EndpointState::Removing {
            AdminEvent::EndpointLeft {
                endpoint: view.endpoint.clone(),
            }
            .record(turn, &mut self.journal, &[])?;
        }
        Ok(())
    }
}
