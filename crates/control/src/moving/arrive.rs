//! An object arrives: lines become rows, whatever is not in order is refused, and at the end its log has to hold.

use super::leave::{begin, hex, with};
use super::line::{Header, Line};
use super::{Fault, Objects, Part, Standing, TABLE, check, damaged};
use crate::row::{Row, int};
use crate::store::{Store, StoreError, Value};

/// What has arrived of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrived {
    /// Some of it.
    Some,
    /// All of it; the line with which it ended.
    Whole(String),
}

struct State {
    /// Tables begun.
    place: u64,
    rows: u64,
    digest: [u8; 32],
}

/// Takes the next lines of an object, all of them or none. `key` is the control plane's public key, which has to have signed the log's end.
/// The first line makes the object, in a store with nothing in it; after its last it waits ([`super::settle`]).
///
/// # Errors
/// The store's. What is wrong with the lines is in the inner result.
pub fn arrive(
    store: &dyn Store,
    header: &Header,
    part: &Part,
    key: &[u8; 32],
    lines: &[String],
) -> Result<Result<Arrived, Fault>, StoreError> {
    let mut outcome = None;
    let stored = store.tx(&mut || match take(store, header, part, key, lines)? {
        Ok(arrived) => {
            outcome = Some(Ok(arrived));
            Ok(())
        }
        Err(fault) => {
            outcome = Some(Err(fault));
            // Nothing of the piece stays.
            Err(StoreError::Refused("a piece of a moved object is not in order".into()))
        }
    });
    match (outcome, stored) {
        (Some(Err(fault)), _) => Ok(Err(fault)),
        (_, Err(error)) => Err(error),
        (outcome, Ok(())) => Ok(outcome.unwrap_or_else(|| Err(damaged("nothing was taken")))),
    }
}

type Taken<T> = Result<Result<T, Fault>, StoreError>;

fn take(store: &dyn Store, header: &Header, part: &Part, key: &[u8; 32], lines: &[String]) -> Taken<Arrived> {
    // An object that begins again is taken anew.
    let begins = lines
        .first()
        .is_some_and(|line| matches!(Line::read(line), Ok(Line::Object(..))));
    let mut state = if begins { None } else { load(store)? };
    for line in lines {
        let read = match Line::read(line) {
            Ok(read) => read,
            Err(fault) => return Ok(Err(fault)),
        };
        let next = match (&mut state, read) {
            (None, Line::Object(named, schema)) if named == *part => first(store, header, part, schema, line)?.map(Some),
            (Some(state), Line::Table(name, columns)) => state.table(part, &name, &columns, line).map(|()| None),
            (Some(state), Line::Row(values)) => state.row(store, part, values, line)?.map(|()| None),
            (Some(state), Line::End(rows, digest)) => {
                return state.end(store, header, part, key, (rows, &digest, line));
            }
            _ => Err(damaged("its lines are not in order")),
        };
        match next {
            Ok(Some(begun)) => state = Some(begun),
            Ok(None) => {}
            Err(fault) => return Ok(Err(fault)),
        }
    }
    match state {
        Some(state) => state.keep(store, "arriving").map(|()| Ok(Arrived::Some)),
        None => Ok(Err(damaged("an object has no lines"))),
    }
}

fn load(store: &dyn Store) -> Result<Option<State>, StoreError> {
    if super::standing(store)? != Some(Standing::Arriving) {
        return Ok(None);
    }
    let rows = store.exec("SELECT place, rows, digest FROM moving", &[])?;
    let Some(mut row) = Row::first(rows) else { return Ok(None) };
    Ok(Some(State {
        place: row.number()?,
        rows: row.number()?,
        digest: row.bytes32()?,
    }))
}

fn first(store: &dyn Store, header: &Header, part: &Part, schema: u64, line: &str) -> Taken<State> {
    match super::standing(store)? {
        // What was broken off is begun anew.
        Some(Standing::Arriving | Standing::Arrived) => clear(store, part)?,
        Some(Standing::Left) => return Ok(Err(Fault::Exists(part.to_string()))),
        None => {
            let there = store.exec(
                "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_version'",
                &[],
            )?;
            if !there.is_empty() {
                return Ok(Err(Fault::Exists(part.to_string())));
            }
        }
    }
    let known = part.apply(store)?;
    if known != schema {
        return Ok(Err(Fault::Version {
            part: part.clone(),
            found: schema,
            known,
        }));
    }
    store.script(TABLE)?;
    Ok(Ok(State {
        place: 0,
        rows: 0,
        digest: with(begin(header), line),
    }))
}

/// Destroys an object that did not arrive.
fn clear(store: &dyn Store, part: &Part) -> Result<(), StoreError> {
    for table in part.tables().iter().rev() {
        store.script(&format!("DROP TABLE {}", table.name))?;
    }
    store.script("DROP TABLE schema_version; DROP TABLE moving")
}

/// The organisation's own object has arrived, and so has another one, with this line.
///
/// # Errors
/// The store's; `Refused` when the organisation is not arriving.
pub fn ended(store: &dyn Store, line: &str) -> Result<(), StoreError> {
    let mut objects = objects(store)?;
    objects.ended(line);
    store
        .exec("UPDATE moving SET objects = ?1", &[Value::Blob(objects.to_bytes())])
        .map(drop)
}

/// All objects that have arrived, as the organisation's own object was told.
///
/// # Errors
/// The store's; `Refused` when the organisation is not arriving.
pub fn objects(store: &dyn Store) -> Result<Objects, StoreError> {
    let refused = || StoreError::Refused("the organisation is not arriving".into());
    if super::standing(store)? != Some(Standing::Arrived) {
        return Err(refused());
    }
    let mut row = Row::first(store.exec("SELECT objects FROM moving", &[])?).ok_or_else(refused)?;
    let bytes = row.bytes()?;
    if bytes.is_empty() {
        return Ok(Objects::new());
    }
    Objects::from_bytes(&bytes).ok_or_else(|| crate::row::damaged("the tree of objects that arrived"))
}

impl State {
    fn table(&mut self, part: &Part, name: &str, columns: &[String], line: &str) -> Result<(), Fault> {
        let next = usize::try_from(self.place).ok().and_then(|place| part.tables().get(place));
        match next {
            Some(table) if table.name == name && table.columns == columns => {
                self.place += 1;
                self.digest = with(self.digest, line);
                Ok(())
            }
            _ => Err(damaged(format!("the table {name} is not in order"))),
        }
    }

    fn row(&mut self, store: &dyn Store, part: &Part, values: Vec<Value>, line: &str) -> Taken<()> {
        let at = self.place.checked_sub(1).and_then(|place| usize::try_from(place).ok());
        let Some(table) = at
            .and_then(|at| part.tables().get(at))
            .filter(|table| table.columns.len() == values.len())
        else {
            return Ok(Err(damaged("a row belongs to no table")));
        };
        let places: Vec<String> = (1..=values.len()).map(|place| format!("?{place}")).collect();
        let sql = format!(
            "INSERT INTO {} ({}) VALUES ({})",
            table.name,
            table.columns.join(", "),
            places.join(", ")
        );
        match store.exec(&sql, &values) {
            Ok(_) => {}
            Err(StoreError::Constraint(why)) => return Ok(Err(damaged(format!("a row of {} does not fit: {why}", table.name)))),
            Err(error) => return Err(error),
        }
        self.rows += 1;
        self.digest = with(self.digest, line);
        Ok(Ok(()))
    }

    fn end(
        &self,
        store: &dyn Store,
        header: &Header,
        part: &Part,
        key: &[u8; 32],
        (rows, digest, line): (u64, &str, &str),
    ) -> Taken<Arrived> {
        if usize::try_from(self.place).ok() != Some(part.tables().len()) {
            return Ok(Err(damaged(format!("tables of {part} are missing"))));
        }
        if rows != self.rows || digest != hex(&self.digest) {
            return Ok(Err(damaged(format!("what arrived of {part} is not what left"))));
        }
        if let Err(fault) = check::whole(store, header, part, key)? {
            return Ok(Err(fault));
        }
        self.keep(store, "arrived")?;
        Ok(Ok(Arrived::Whole(line.to_owned())))
    }

    fn keep(&self, store: &dyn Store, word: &str) -> Result<(), StoreError> {
        let row = [
            Value::Text(word.to_owned()),
            int(self.place),
            int(self.rows),
            Value::Blob(self.digest.to_vec()),
            Value::Blob(Vec::new()),
        ];
        store
            .exec(
                "INSERT OR REPLACE INTO moving (only, state, place, rows, digest, objects) VALUES (1, ?1, ?2, ?3, ?4, ?5)",
                &row,
            )
            .map(drop)
    }
}
