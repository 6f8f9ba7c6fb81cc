//! An object leaves: its tables page by page, each row a line.

use super::line::{Header, Line, cell, value};
use super::{Part, TABLE};
use crate::row::{Row, damaged, int, text};
use crate::store::{Store, StoreError, Value};
use caisey_ledger::id::EndpointId;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

/// How far an object has left. To be handed back for the next piece; opaque.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaving {
    table: usize,
    /// Key of the last row of that table; none before its first.
    after: Option<Vec<Json>>,
    rows: u64,
    digest: String,
}

/// The digest before an object's first line.
pub(super) fn begin(header: &Header) -> [u8; 32] {
    Sha256::new_with_prefix(b"caisey.move/v1\n")
        .chain_update(header.line())
        .finalize()
        .into()
}

/// The digest with one line more.
pub(super) fn with(digest: [u8; 32], line: &str) -> [u8; 32] {
    Sha256::new().chain_update(digest).chain_update(line).finalize().into()
}

pub(super) fn hex(digest: &[u8; 32]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digit = |at: usize| text.get(at..at + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
    let bytes: Vec<u8> = (0..32).map(|at| digit(2 * at)).collect::<Option<_>>()?;
    bytes.try_into().ok()
}

/// The next piece of an object, about so many bytes, and how far it has left; none after its last line. With the first piece it is noted that
/// the object left: from there on it takes nothing.
///
/// # Errors
/// The store's; `Refused` for a `Leaving` of another object.
pub fn leave(
    store: &dyn Store,
    header: &Header,
    part: &Part,
    from: Option<Leaving>,
    most_bytes: usize,
) -> Result<(Vec<String>, Option<Leaving>), StoreError> {
    let mut piece = Piece::default();
    let mut at = match from {
        Some(from) => from,
        None => {
            let schema = part.apply(store)?;
            note(store)?;
            piece.digest = begin(header);
            piece.push(&Line::Object(part.clone(), schema))?;
            Leaving {
                table: 0,
                after: None,
                rows: 0,
                digest: hex(&piece.digest),
            }
        }
    };
    piece.digest = unhex(&at.digest).ok_or_else(|| StoreError::Refused("no object left so far".into()))?;
    while piece.bytes < most_bytes {
        let Some(table) = part.tables().get(at.table) else {
            let end = Line::End(at.rows, hex(&piece.digest)).write()?;
            piece.lines.push(end);
            return Ok((piece.lines, None));
        };
        if at.after.is_none() {
            let columns = table.columns.iter().map(|name| (*name).to_owned()).collect();
            piece.push(&Line::Table(table.name.to_owned(), columns))?;
        }
        let rows = page(store, table, at.after.as_deref())?;
        let last = rows.len() < usize::try_from(table.page).unwrap_or(usize::MAX);
        for mut row in rows {
            let values = row.split_off(table.key.len());
            at.after = Some(row.iter().map(cell).collect::<Result<_, _>>()?);
            at.rows += 1;
            piece.push(&Line::Row(values))?;
        }
        if last {
            (at.table, at.after) = (at.table + 1, None);
        }
    }
    at.digest = hex(&piece.digest);
    Ok((piece.lines, Some(at)))
}

#[derive(Default)]
struct Piece {
    lines: Vec<String>,
    bytes: usize,
    digest: [u8; 32],
}

impl Piece {
    fn push(&mut self, line: &Line) -> Result<(), StoreError> {
        let line = line.write()?;
        self.digest = with(self.digest, &line);
        self.bytes += line.len();
        self.lines.push(line);
        Ok(())
    }
}

/// Rows with their keys in front.
fn page(store: &dyn Store, table: &super::table::Table, after: Option<&[Json]>) -> Result<Vec<Vec<Value>>, StoreError> {
    let key = table.key.join(", ");
    let mut params: Vec<Value> = Vec::new();
    for cell in after.unwrap_or_default() {
        let cell = value(cell.clone()).ok_or_else(|| StoreError::Refused("no row left so far".into()))?;
        params.push(cell);
    }
    let limit = params.len() + 1;
    let places: Vec<String> = (1..limit).map(|place| format!("?{place}")).collect();
    let behind = if params.is_empty() {
        String::new()
    } else {
        format!("WHERE ({key}) > ({})", places.join(", "))
    };
    params.push(int(table.page));
    let sql = format!(
        "SELECT {key}, {} FROM {} {behind} ORDER BY {key} LIMIT CAST(?{limit} AS INTEGER)",
        table.columns.join(", "),
        table.name
    );
    store.exec(&sql, &params)
}

/// Notes that the object left. It stays as it is until somebody removes it, or says that it is to stay.
fn note(store: &dyn Store) -> Result<(), StoreError> {
    store.script(TABLE)?;
    let sql = "INSERT OR REPLACE INTO moving (only, state, place, rows, digest, objects) VALUES (1, 'left', 0, 0, ?1, ?1)";
    store.exec(sql, &[Value::Blob(Vec::new())]).map(drop)
}

/// The endpoint that follows this one, by what the organisation's object knows; the first, after none.
///
/// # Errors
/// The store's.
pub fn next_endpoint(store: &dyn Store, after: Option<&EndpointId>) -> Result<Option<EndpointId>, StoreError> {
    let after = after.map_or_else(String::new, ToString::to_string);
    let rows = store.exec(
        "SELECT endpoint FROM endpoints WHERE endpoint > ?1 ORDER BY endpoint LIMIT 1",
        &[text(after)],
    )?;
    Row::first(rows)
        .map(|mut row| row.parsed().map_err(|_| damaged("an endpoint's identifier is malformed")))
        .transpose()
}
