//! Commands that people proposed before, for the command line's history.

use crate::error::ConsoleError;
use rusqlite::{Connection, params};

/// Commands that start with `prefix` in exact case, newest first, each once; on one endpoint or on all. A limit of 0 means 50.
///
/// # Errors
/// The database's.
pub fn commands(cache: &Connection, endpoint: Option<&str>, prefix: &str, limit: u32) -> Result<Vec<String>, ConsoleError> {
    let limit = if limit == 0 { 50 } else { limit.min(1_000) };
    // Every string that starts with the prefix lies between the prefix and the prefix followed by the last character there is.
    let mut rows = cache.prepare_cached(
        "SELECT command FROM commands
         WHERE command >= ?1 AND command <= ?1 || char(0x10ffff) AND (?2 IS NULL OR log = (SELECT log FROM logs WHERE endpoint = ?2))
         GROUP BY command ORDER BY max(last) DESC LIMIT ?3",
    )?;
    let rows = rows.query_map(params![prefix, endpoint, limit], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
