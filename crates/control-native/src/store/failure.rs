//! SQLite's errors as the port's kinds. Texts differ between engines and are for logs only.

use caisey_control::store::StoreError;
use rusqlite::ffi;

pub(super) fn normalise(error: rusqlite::Error) -> StoreError {
    let text = error.to_string();
    let Some(code) = error.sqlite_error().map(|error| error.extended_code) else {
        return StoreError::Refused(text);
    };
    match (code, code & 0xff) {
        // Growing the write-ahead log's shared index is refused this way when there is no room.
        (_, ffi::SQLITE_FULL) | (ffi::SQLITE_IOERR_SHMSIZE, _) => StoreError::Full(text),
        (_, ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB) => StoreError::Corrupt(text),
        (_, ffi::SQLITE_CONSTRAINT) => StoreError::Constraint(text),
        (
            _,
            ffi::SQLITE_IOERR
            | ffi::SQLITE_CANTOPEN
            | ffi::SQLITE_READONLY
            | ffi::SQLITE_BUSY
            | ffi::SQLITE_LOCKED
            | ffi::SQLITE_PROTOCOL
            | ffi::SQLITE_NOMEM
            | ffi::SQLITE_PERM,
        ) => StoreError::Io(text),
        _ => StoreError::Refused(text),
    }
}
