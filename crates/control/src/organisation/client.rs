//! Clients: one row for each customer of the organisation.

use super::event::AdminEvent;
use super::{OrganisationObject, checked_line, only_client};
use crate::port::Caller;
use crate::refusal::{Stop, refused};
use crate::row::{Row, text, text_or_null};
use crate::store::{Store, StoreError};
use crate::turn::Turn;
use caisey_ledger::id::ClientId;
use caisey_protocol::error::ErrorCode;
use caisey_protocol::http::{ClientView, CreateClient, RenameClient};

pub(super) fn find(store: &dyn Store, client: &ClientId) -> Result<Option<ClientView>, StoreError> {
    let rows = store.exec("SELECT client, name FROM clients WHERE client = ?1", &[text(client)])?;
    rows.into_iter().next().map(view).transpose()
}

fn view(row: Vec<crate::store::Value>) -> Result<ClientView, StoreError> {
    let mut row = Row::from(row);
    Ok(ClientView {
        client: row.parsed()?,
        name: row.text()?,
    })
}

impl OrganisationObject {
    pub(super) fn clients(store: &dyn Store, caller: &Caller) -> Result<Vec<ClientView>, Stop> {
        let only = text_or_null(only_client(caller)?);
        let rows = store.exec(
            "SELECT client, name FROM clients WHERE ?1 IS NULL OR client = ?1 ORDER BY name, client",
            &[only],
        )?;
        Ok(rows.into_iter().map(view).collect::<Result<_, _>>()?)
    }

    pub(super) fn create_client(
        &mut self,
        turn: &mut Turn<'_>,
        caller: &Caller,
        wanted: CreateClient,
    ) -> Result<ClientView, Stop> {
        let name = checked_line("name", &wanted.name, 200)?;
        match find(turn.store, &wanted.client)? {
            Some(known) if known.name == name => return Ok(known),
            Some(_) => {
                return Err(refused(
                    ErrorCode::Conflict,
                    "A client with this identifier exists, with another name.",
                ));
            }
            None => {}
        }
        turn.store.exec(
            "INSERT INTO clients (client, name) VALUES (?1, ?2)",
            &[text(&wanted.client), text(&name)],
        )?;
        let event = AdminEvent::ClientCreated {
            client: wanted.client.clone(),
            by: caller.member.clone(),
        };
        event.record(turn, &mut self.journal, &[("name", &name)])?;
        Ok(ClientView {
            client: wanted.client,
            name,
        })
    }

    /// The name it already has changes nothing.
    pub(super) fn rename_client(
        &mut self,
        turn: &mut Turn<'_>,
        caller: &Caller,
        client: ClientId,
        wanted: RenameClient,
    ) -> Result<ClientView, Stop> {
        let name = checked_line("name", &wanted.name, 200)?;
        let known = find(turn.store, &client)?.ok_or_else(|| refused(ErrorCode::NotFound, "There is no such client."))?;
        if known.name == name {
            return Ok(known);
        }
        turn.store.exec(
            "UPDATE clients SET name = ?2 WHERE client = ?1",
            &[text(&client), text(&name)],
        )?;
        let event = AdminEvent::ClientRenamed {
            client: client.clone(),
            by: caller.member.clone(),
        };
        event.record(turn, &mut self.journal, &[("name", &name)])?;
        Ok(ClientView { client, name })
    }
}
