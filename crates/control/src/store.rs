//! The store port: what an object needs from SQLite, and no more than Durable Objects and rusqlite both give.
//!
//! Rules that keep both hosts alike: STRICT tables; a bare parameter in arithmetic, `||` or JSON functions is written
//! `CAST(?1 AS INTEGER)`; integers stay within ±(2^53 − 1); no booleans or dates; blobs at most 2,000,000 bytes; lists travel
//! through `json_each(?1)`; no PRAGMA, no transaction statements in shared SQL; the schema's version is in a table.

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
    /// At most 2,000,000 bytes.
    Blob(Vec<u8>),
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
