//! The store port: what an object needs from SQLite, and no more than Durable Objects and rusqlite both give.
//!
//! Rules that keep both hosts alike: STRICT tables; a bare parameter in arithmetic, `||` or JSON functions is written
//! `CAST(?1 AS INTEGER)`; integers stay within ±(2^53 − 1); no booleans or dates; rows at most 2,000,000 bytes; lists travel
//! through `json_each(?1)`; no PRAGMA, no transaction statements in shared SQL; the schema's version is in a table.

use caisey_ledger::id::MAX_SAFE_INTEGER;

/// What Durable Objects have for one value, and for one row, in bytes.
pub const MAX_ROW_BYTES: usize = 2_000_000;
/// And for bound parameters of one statement.
pub const MAX_PARAMETERS: usize = 100;

/// A bound parameter or a result column.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// Within ±(2^53 − 1); adapters refuse others on the way in.
    Int(i64),
    /// IEEE 754 double.
    Real(f64),
    /// UTF-8.
    Text(String),
    /// At most [`MAX_ROW_BYTES`].
    Blob(Vec<u8>),
}

impl Value {
    /// Bytes of a text or blob; numbers do not count.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Blob(bytes) => bytes.len(),
            Self::Null | Self::Int(_) | Self::Real(_) => 0,
        }
    }
}

/// Refuses what not every host carries, before any is asked: adapters call it. Parameters are counted together, because they become one row
/// at most and a host need not say no to a row that is too long for another.
///
/// # Errors
/// `Refused`.
pub fn check_parameters(params: &[Value]) -> Result<(), StoreError> {
    if params.len() > MAX_PARAMETERS {
        return Err(StoreError::Refused(format!(
            "{} parameters; {MAX_PARAMETERS} are possible",
            params.len()
        )));
    }
    for (value, number) in params.iter().zip(1..) {
        let fits = match value {
            Value::Int(number) => number.unsigned_abs() <= MAX_SAFE_INTEGER,
            Value::Real(number) => number.is_finite(),
            Value::Null | Value::Text(_) | Value::Blob(_) => true,
        };
        if !fits {
            return Err(StoreError::Refused(format!(
                "parameter ?{number} is outside what every host carries"
            )));
        }
    }
    let size_bytes: usize = params.iter().map(Value::size_bytes).sum();
    if size_bytes > MAX_ROW_BYTES {
        return Err(StoreError::Refused(format!(
            "parameters of {size_bytes} bytes; a row may have {MAX_ROW_BYTES}"
        )));
    }
    Ok(())
}

/// Result rows, all drained.
pub type Rows = Vec<Vec<Value>>;

/// Why the store did not do it. Messages of the engines differ and are for logs only.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// No room: nothing was stored.
    #[error("the disk is full: {0}")]
    Full(String),
    /// Reading or writing the medium failed.
    #[error("the store's medium failed: {0}")]
    Io(String),
    /// The file is not what we wrote.
    #[error("the store is damaged: {0}")]
    Corrupt(String),
    /// A UNIQUE, CHECK, NOT NULL or foreign key rule refused it.
    #[error("a constraint refused it: {0}")]
    Constraint(String),
    /// The statement, a parameter or a limit is wrong: our mistake.
    #[error("the statement was refused: {0}")]
    Refused(String),
}

/// One object's database. Synchronous; one writer; object-safe.
pub trait Store {
    /// Runs one statement with parameters `?1`, `?2`, … and returns all its rows.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn exec(&self, sql: &str, params: &[Value]) -> Result<Rows, StoreError>;

    /// Runs several statements without parameters.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn script(&self, sql: &str) -> Result<(), StoreError>;

    /// Runs `body` in a transaction; an error rolls everything in it back. Nests.
    ///
    /// # Errors
    /// Whatever `body` returned, or the commit's own failure.
    fn tx(&self, body: &mut dyn FnMut() -> Result<(), StoreError>) -> Result<(), StoreError>;

    /// Size of the database in bytes.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn size_bytes(&self) -> Result<u64, StoreError>;
}
