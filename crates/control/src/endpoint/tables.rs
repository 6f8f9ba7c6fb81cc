//! Schema of an Endpoint object's store.

use super::{action, approval, cosign, link, mail, rules, succession};
use crate::journal;
use crate::schema::Schema;

pub(crate) const SCHEMA: Schema = Schema {
    object: "endpoint",
    migrations: &[
        journal::TABLES,
        "CREATE TABLE identity (
             only INTEGER PRIMARY KEY CHECK (only = 1),
             organisation TEXT NOT NULL,
             endpoint TEXT NOT NULL,
             client TEXT NOT NULL,
             client_name TEXT NOT NULL,
             log TEXT NOT NULL,
             key TEXT NOT NULL,
             hostname TEXT NOT NULL,
             os TEXT NOT NULL,
             arch TEXT NOT NULL,
             installer TEXT NOT NULL,
             enrolled_at_ms INTEGER NOT NULL,
             removed INTEGER NOT NULL
         ) STRICT;
         CREATE TABLE link (
             only INTEGER PRIMARY KEY CHECK (only = 1),
             conn INTEGER,
             was_connected INTEGER NOT NULL,
             changed_at_ms INTEGER NOT NULL,
             clock_noted_ms INTEGER NOT NULL
         ) STRICT;
         CREATE TABLE sessions (
             session TEXT PRIMARY KEY,
             member TEXT NOT NULL,
             member_name TEXT NOT NULL,
             opened_at_ms INTEGER NOT NULL,
             first_seq INTEGER NOT NULL,
             closed_at_ms INTEGER,
             last_seq INTEGER,
             actions INTEGER NOT NULL
         ) STRICT, WITHOUT ROWID;
         CREATE INDEX sessions_open ON sessions (session) WHERE closed_at_ms IS NULL;
         CREATE INDEX sessions_by_first_seq ON sessions (first_seq);
         CREATE TABLE actions (
             action TEXT PRIMARY KEY,
             session TEXT NOT NULL,
             state TEXT NOT NULL,
             accepted INTEGER NOT NULL,
             cancel INTEGER NOT NULL,
             refusal TEXT,
             proposal_seq INTEGER NOT NULL,
             proposed_at_ms INTEGER NOT NULL,
             timeout_ms INTEGER NOT NULL
         ) STRICT, WITHOUT ROWID;
         CREATE INDEX actions_unfinished ON actions (action) WHERE state IN ('proposed', 'waiting', 'running');
         CREATE TABLE keys (
             device TEXT PRIMARY KEY,
             member TEXT NOT NULL,
             key TEXT NOT NULL,
             role TEXT NOT NULL
         ) STRICT, WITHOUT ROWID;
         CREATE TABLE submitted (
             digest BLOB PRIMARY KEY,
             seq INTEGER NOT NULL
         ) STRICT, WITHOUT ROWID;",
        cosign::TABLES,
        // By time first: rows in the order of their digests touched a page of their own each.
        "CREATE TABLE submissions (
             at_ms INTEGER NOT NULL,
             digest BLOB NOT NULL,
             seq INTEGER NOT NULL,
             PRIMARY KEY (at_ms, digest)
         ) STRICT, WITHOUT ROWID;
         INSERT INTO submissions (at_ms, digest, seq)
             SELECT CAST(json_extract(leaf, '$.statement.at_ms') AS INTEGER), digest, seq FROM submitted JOIN entries USING (seq);
         DROP TABLE submitted;",
        succession::TABLES,
        rules::TABLES,
        approval::TABLES,
        action::AUTHORISATIONS,
        mail::TABLES,
        link::CONNECTION,
    ],
    // Older programs look for the connection in another table, and cannot read a request that says who denied it.
    readable_by: 10,
};

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::SCHEMA;
    use rusqlite::Connection;

    #[test]
    fn what_was_submitted_to_an_older_program_is_remembered() {
        let (older, newer) = SCHEMA.migrations.split_at(3);
        let store = Connection::open_in_memory().unwrap();
        store.execute_batch(&older.concat()).unwrap();
        let rows = r#"INSERT INTO entries (seq, time_ms, record_bytes, leaf_hash, kind, leaf)
                          VALUES (6, 1, 1, x'', 'k', '{"seq":6,"statement":{"at_ms":1750000000001,"v":1}}'), (7, 1, 1, x'', 'k', '{}');
                      INSERT INTO submitted (digest, seq) VALUES (x'AB', 6);"#;
        store.execute_batch(rows).unwrap();
        store.execute_batch(&newer.concat()).unwrap();
        let kept = store.query_row("SELECT at_ms, hex(digest), seq FROM submissions", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?))
        });
        assert_eq!(kept.unwrap(), (1_750_000_000_001, "AB".to_owned(), 6));
    }
}
