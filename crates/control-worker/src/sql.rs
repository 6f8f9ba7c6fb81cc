//! The store port over a Durable Object's SQL: statements and rows as bytes, and the platform's error texts as the port's kinds.
//!
//! Promises: numbers beyond what a double carries are refused both ways; one statement at a time. A statement is asked as: how (0 one statement,
//! 1 a script), its length, its text, then parameters; answered as: 0 with the number of columns and the values row by row, or 1 with a text.
//! A value is a tag (0 NULL, 1 whole number, 2 real number, 3 text, 4 blob) and 8 bytes, or a length and bytes.

use caisey_control::store::{MAX_ROW_BYTES, Rows, StoreError, Value, check_parameters};
use caisey_ledger::id::MAX_SAFE_INTEGER;

/// What the platform has for one statement's text.
const MAX_SQL_BYTES: usize = 100_000;

/// One statement with its parameters, as JavaScript reads it.
pub(crate) fn question(sql: &str, params: &[Value]) -> Result<Vec<u8>, StoreError> {
    if !is_one_statement(sql) {
        return Err(StoreError::Refused("more than one statement at once".into()));
    }
    check_parameters(params)?;
    let mut out = begin(0, sql)?;
    for value in params {
        put(&mut out, value);
    }
    Ok(out)
}

/// Several statements.
pub(crate) fn script(sql: &str) -> Result<Vec<u8>, StoreError> {
    begin(1, sql)
}

fn begin(how: u8, sql: &str) -> Result<Vec<u8>, StoreError> {
    if sql.len() > MAX_SQL_BYTES {
        return Err(StoreError::Refused(format!(
            "statement too long: {} bytes; {MAX_SQL_BYTES} are possible",
            sql.len()
        )));
    }
    let mut out = Vec::with_capacity(sql.len() + 256);
    out.push(how);
    put_bytes(&mut out, sql.as_bytes());
    Ok(out)
}

/// A value that was checked.
fn put(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.push(0),
        Value::Int(number) => {
            out.push(1);
            #[allow(clippy::cast_precision_loss)] // within 2^53
            out.extend_from_slice(&(*number as f64).to_le_bytes());
        }
        Value::Real(number) => {
            out.push(2);
            out.extend_from_slice(&number.to_le_bytes());
        }
        Value::Text(text) => {
            out.push(3);
            put_bytes(out, text.as_bytes());
        }
        Value::Blob(bytes) => {
            out.push(4);
            put_bytes(out, bytes);
        }
    }
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(bytes);
}

/// Whether nothing but space follows the first `;` that is outside of quotes. Shared SQL has no comments.
fn is_one_statement(sql: &str) -> bool {
    let mut quote = None;
    for (at, letter) in sql.char_indices() {
        match (quote, letter) {
            (None, '\'' | '"') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            (None, ';') => return sql.get(at + 1..).is_none_or(|rest| rest.trim().is_empty()),
            _ => {}
        }
    }
    true
}

/// Reads what JavaScript answered.
pub(crate) fn answer(bytes: &[u8]) -> Result<Rows, StoreError> {
    let Some((status, mut rest)) = bytes.split_first() else {
        return Err(garbled());
    };
    if *status != 0 {
        return Err(normalised(&String::from_utf8_lossy(rest)));
    }
    let columns = number(&mut rest).ok_or_else(garbled)?;
    let mut rows = Rows::new();
    while !rest.is_empty() {
        let mut row = Vec::with_capacity(columns);
        for _ in 0..columns.max(1) {
            row.push(value(&mut rest)?);
        }
        rows.push(row);
    }
    Ok(rows)
}

fn value(rest: &mut &[u8]) -> Result<Value, StoreError> {
    let (tag, after) = rest.split_first().ok_or_else(garbled)?;
    *rest = after;
    Ok(match tag {
        0 => Value::Null,
        1 | 2 => {
            let (bytes, after) = rest.split_first_chunk::<8>().ok_or_else(garbled)?;
            *rest = after;
            let number = f64::from_le_bytes(*bytes);
            if *tag == 2 {
                Value::Real(number)
            } else {
                Value::Int(whole(number)?)
            }
        }
        3 => {
            let text = String::from_utf8(taken(rest)?.to_vec());
            Value::Text(text.map_err(|_| StoreError::Corrupt("a text is not UTF-8".into()))?)
        }
        4 => Value::Blob(taken(rest)?.to_vec()),
        _ => return Err(garbled()),
    })
}

#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // within 2^53
fn whole(number: f64) -> Result<i64, StoreError> {
    if number.abs() > MAX_SAFE_INTEGER as f64 {
        return Err(StoreError::Refused(
            "a result is above 2^53 - 1, which this host rounds silently".into(),
        ));
    }
    Ok(number as i64)
}

fn number(rest: &mut &[u8]) -> Option<usize> {
    let (bytes, after) = rest.split_first_chunk::<4>()?;
    *rest = after;
    usize::try_from(u32::from_le_bytes(*bytes)).ok()
}

fn taken<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], StoreError> {
    let length = number(rest).ok_or_else(garbled)?;
    // workerd makes longer values than the platform that it stands for.
    if length > MAX_ROW_BYTES {
        return Err(StoreError::Refused(format!(
            "string or blob too big: a result of {length} bytes; {MAX_ROW_BYTES} are possible"
        )));
    }
    let (bytes, after) = rest.split_at_checked(length).ok_or_else(garbled)?;
    *rest = after;
    Ok(bytes)
}

fn garbled() -> StoreError {
    StoreError::Io("the host's answer to a statement cannot be read".into())
}

/// The platform says what happened in a text that ends in SQLite's name for it.
pub(crate) fn normalised(text: &str) -> StoreError {
    let says = |word: &str| text.contains(word);
    let text = text.to_owned();
    if says("SQLITE_FULL") || says("exceeded its maximum") || says("storage limit") {
        StoreError::Full(text)
    } else if says("SQLITE_CORRUPT") || says("SQLITE_NOTADB") {
        StoreError::Corrupt(text)
    } else if says("SQLITE_CONSTRAINT") {
        StoreError::Constraint(text)
    } else if says("SQLITE_IOERR") || says("SQLITE_CANTOPEN") || says("SQLITE_BUSY") || says("SQLITE_NOMEM") {
        StoreError::Io(text)
    } else {
        StoreError::Refused(text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn one_statement_is_told_from_two() {
        for one in [
            "SELECT 1",
            "SELECT 1;",
            "SELECT ';' ; ",
            "SELECT \"a;b\"",
            "SELECT 'it''s; so'",
        ] {
            assert!(is_one_statement(one), "{one}");
        }
        for two in ["SELECT 1; SELECT 2", "SELECT 'a'; x", ";;"] {
            assert!(!is_one_statement(two), "{two}");
        }
    }

    #[test]
    fn what_no_host_carries_is_refused_before_it_is_asked() {
        let refused = |value| matches!(question("SELECT ?1", &[value]), Err(StoreError::Refused(_)));
        assert!(refused(Value::Int(1 << 53)) && refused(Value::Int(i64::MIN)));
        assert!(refused(Value::Real(f64::NAN)) && refused(Value::Real(f64::INFINITY)));
        assert!(refused(Value::Blob(vec![0; MAX_ROW_BYTES + 1])) && refused(Value::Text("x".repeat(MAX_ROW_BYTES + 1))));
        assert!(question("SELECT ?101", &vec![Value::Null; 101]).is_err());
        assert!(script(&"x".repeat(MAX_SQL_BYTES + 1)).is_err());
    }

    #[test]
    fn answers_that_are_cut_short_are_no_rows() {
        let mut bytes = vec![0, 2, 0, 0, 0, 1];
        bytes.extend_from_slice(&7.0_f64.to_le_bytes());
        bytes.extend_from_slice(&[3, 2, 0, 0, 0, b'o', b'k']);
        assert_eq!(answer(&bytes).unwrap(), vec![vec![Value::Int(7), Value::Text("ok".into())]]);
        for cut in 0..bytes.len() {
            // After the number of columns an answer without rows is complete.
            assert!(cut == 5 || answer(bytes.get(..cut).unwrap()).is_err(), "{cut}");
        }
        assert!(matches!(
            answer(b"\x01UNIQUE constraint failed: t.id: SQLITE_CONSTRAINT"),
            Err(StoreError::Constraint(_))
        ));
    }
}
