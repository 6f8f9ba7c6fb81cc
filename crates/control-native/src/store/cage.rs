//! Keeps SQL within what a Durable Object accepts: its limits, and an authorizer that refuses what it refuses.
//!
//! Only the adapter's own statements (transactions, pragmas) pass, while it holds the cage open. They are never cached: a cached
//! statement is not authorised again.

use super::failure::normalise;
use caisey_control::store::StoreError;
use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Durable Object limits, the documented one where workerd has a wider: bytes per value or row, bytes of SQL, columns, and so on.
const LIMITS: &[(Limit, i32)] = &[
    (Limit::SQLITE_LIMIT_LENGTH, 2_000_000),
    (Limit::SQLITE_LIMIT_SQL_LENGTH, 100_000),
    (Limit::SQLITE_LIMIT_COLUMN, 100),
    (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100),
    (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 5),
    (Limit::SQLITE_LIMIT_FUNCTION_ARG, 32),
    (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50),
    (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 100),
    (Limit::SQLITE_LIMIT_ATTACHED, 0),
];

pub(super) struct Cage {
    open: Arc<AtomicBool>,
}

impl Cage {
    pub(super) fn around(connection: &mut Connection) -> Result<Self, StoreError> {
        for (limit, value) in LIMITS {
            connection.set_limit(*limit, *value).map_err(normalise)?;
        }
        let open = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&open);
        connection
            .authorizer(Some(move |context: AuthContext<'_>| {
                if seen.load(Ordering::Relaxed) || allowed(&context.action) {
                    Authorization::Allow
                } else {
                    Authorization::Deny
                }
            }))
            .map_err(normalise)?;
        Ok(Self { open })
    }

    /// Lets the adapter's own statements through.
    pub(super) fn open_for<T>(&self, run: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.open.store(true, Ordering::Relaxed);
        let done = run();
        self.open.store(false, Ordering::Relaxed);
        done
    }
}

fn allowed(action: &AuthAction<'_>) -> bool {
    match action {
        // Full-text search asks for its own shadow tables' version.
        AuthAction::Pragma {
            pragma_name,
            pragma_value,
        } => pragma_name.eq_ignore_ascii_case("data_version") && pragma_value.is_none(),
        AuthAction::CreateVtable { module_name, .. } | AuthAction::DropVtable { module_name, .. } => {
            module_name.eq_ignore_ascii_case("fts5") || module_name.eq_ignore_ascii_case("fts5vocab")
        }
        AuthAction::Function { function_name } => !function_name.eq_ignore_ascii_case("load_extension"),
        AuthAction::Transaction { .. }
        | AuthAction::Savepoint { .. }
        | AuthAction::Attach { .. }
        | AuthAction::Detach { .. }
        | AuthAction::CreateTempIndex { .. }
        | AuthAction::CreateTempTable { .. }
        | AuthAction::CreateTempTrigger { .. }
        | AuthAction::CreateTempView { .. }
        | AuthAction::DropTempIndex { .. }
        | AuthAction::DropTempTable { .. }
        | AuthAction::DropTempTrigger { .. }
        | AuthAction::DropTempView { .. }
        | AuthAction::Unknown { .. } => false,
        _ => true,
    }
}
