//! Result rows read by column type.
//!
//! Promises: a column of another type than the schema's is reported as damage, never guessed at.

use crate::store::{Rows, StoreError, Value};
use std::str::FromStr;

/// One row, read from left to right.
pub(crate) struct Row {
    columns: std::vec::IntoIter<Value>,
}

impl Row {
    /// The only row, or none.
    pub(crate) fn first(rows: Rows) -> Option<Self> {
        rows.into_iter().next().map(Self::from)
    }

    fn next(&mut self) -> Value {
        self.columns.next().unwrap_or(Value::Null)
    }

    /// A whole number from 0.
    pub(crate) fn number(&mut self) -> Result<u64, StoreError> {
        self.number_or_null()?.ok_or_else(|| damaged("a number is missing"))
    }

    pub(crate) fn number_or_null(&mut self) -> Result<Option<u64>, StoreError> {
        match self.next() {
            Value::Null => Ok(None),
            Value::Int(number) => u64::try_from(number).map(Some).map_err(|_| damaged("a number is negative")),
            _ => Err(damaged("a column does not hold a number")),
        }
    }

    pub(crate) fn flag(&mut self) -> Result<bool, StoreError> {
        Ok(self.number()? != 0)
    }

    pub(crate) fn text(&mut self) -> Result<String, StoreError> {
        self.text_or_null()?.ok_or_else(|| damaged("a text is missing"))
    }

    pub(crate) fn text_or_null(&mut self) -> Result<Option<String>, StoreError> {
        match self.next() {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            _ => Err(damaged("a column does not hold a text")),
        }
    }

    /// A text in one of our own forms, such as an identifier.
    pub(crate) fn parsed<T: FromStr>(&mut self) -> Result<T, StoreError> {
        let text = self.text()?;
        text.parse().map_err(|_| damaged("an identifier is malformed"))
    }

    /// Bytes of any length.
    pub(crate) fn bytes(&mut self) -> Result<Vec<u8>, StoreError> {
        match self.next() {
            Value::Blob(bytes) => Ok(bytes),
            _ => Err(damaged("a column does not hold bytes")),
        }
    }

    /// Exactly 32 bytes.
    pub(crate) fn bytes32(&mut self) -> Result<[u8; 32], StoreError> {
        match self.next() {
            Value::Blob(bytes) => bytes.try_into().map_err(|_| damaged("a hash is not 32 bytes long")),
            _ => Err(damaged("a column does not hold bytes")),
        }
    }
}

impl From<Vec<Value>> for Row {
    fn from(columns: Vec<Value>) -> Self {
        Self {
            columns: columns.into_iter(),
        }
    }
}

/// The store holds something that this program does not write.
pub(crate) fn damaged(what: &str) -> StoreError {
    StoreError::Corrupt(what.to_owned())
}

/// A number as a parameter. Numbers that reach a store are bounded by their types; larger ones are refused by the adapter.
pub(crate) fn int(number: u64) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

/// A text as a parameter.
pub(crate) fn text(text: impl ToString) -> Value {
    Value::Text(text.to_string())
}

/// A text or NULL.
pub(crate) fn text_or_null(value: Option<impl ToString>) -> Value {
    value.map_or(Value::Null, text)
}
