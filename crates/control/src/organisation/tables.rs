//! Schema of an Organisation object's store.

use crate::journal;
use crate::schema::Schema;

pub(crate) const SCHEMA: Schema = Schema {
    object: "organisation",
    migrations: &[
        journal::TABLES,
        "CREATE TABLE devices (
             device TEXT PRIMARY KEY,
             member TEXT NOT NULL,
             key TEXT NOT NULL UNIQUE,
             label TEXT NOT NULL
         ) STRICT, WITHOUT ROWID;
         CREATE INDEX devices_by_member ON devices (member);
         CREATE TABLE clients (
             client TEXT PRIMARY KEY,
             name TEXT NOT NULL
         ) STRICT, WITHOUT ROWID;
         CREATE TABLE installers (
             installer TEXT PRIMARY KEY,
             client TEXT NOT NULL REFERENCES clients (client),
             label TEXT NOT NULL,
             token_sha256 TEXT NOT NULL,
             expires_at_ms INTEGER NOT NULL,
             max_uses INTEGER NOT NULL,
             uses INTEGER NOT NULL,
             revoked INTEGER NOT NULL
         ) STRICT, WITHOUT ROWID;
         CREATE TABLE endpoints (
             endpoint TEXT PRIMARY KEY,
             client TEXT NOT NULL REFERENCES clients (client),
             installer TEXT NOT NULL REFERENCES installers (installer),
             key TEXT NOT NULL UNIQUE,
             log TEXT NOT NULL,
             hostname TEXT NOT NULL,
             os TEXT NOT NULL,
             arch TEXT NOT NULL,
             state TEXT NOT NULL,
             log_size INTEGER NOT NULL,
             enrolled_at_ms INTEGER NOT NULL,
             changed_at_ms INTEGER NOT NULL
         ) STRICT, WITHOUT ROWID;
         CREATE INDEX endpoints_by_client ON endpoints (client);
         CREATE TABLE sessions (
             session TEXT PRIMARY KEY,
             endpoint TEXT NOT NULL REFERENCES endpoints (endpoint),
             client TEXT NOT NULL,
             member TEXT NOT NULL,
             member_name TEXT NOT NULL,
             opened_at_ms INTEGER NOT NULL,
             closed_at_ms INTEGER,
             first_seq INTEGER NOT NULL,
             last_seq INTEGER,
             actions INTEGER NOT NULL
         ) STRICT, WITHOUT ROWID;
         CREATE INDEX sessions_by_time ON sessions (opened_at_ms);
         CREATE INDEX sessions_by_endpoint ON sessions (endpoint, opened_at_ms);
         CREATE INDEX sessions_by_client ON sessions (client, opened_at_ms);",
        "CREATE TABLE reviews (
             snapshot TEXT NOT NULL,
             text TEXT NOT NULL,
             member TEXT NOT NULL,
             device TEXT NOT NULL,
             envelope TEXT NOT NULL,
             at_ms INTEGER NOT NULL,
             PRIMARY KEY (snapshot, member)
         ) STRICT, WITHOUT ROWID;",
        "CREATE TABLE rules (
             only INTEGER PRIMARY KEY CHECK (only = 1),
             revision INTEGER NOT NULL
         ) STRICT;
         CREATE TABLE policies (
             name TEXT NOT NULL,
             version INTEGER NOT NULL,
             scope TEXT NOT NULL,
             text TEXT NOT NULL,
             form TEXT,
             published_at_ms INTEGER NOT NULL,
             published_by TEXT NOT NULL,
             PRIMARY KEY (name, version)
         ) STRICT, WITHOUT ROWID;
         CREATE TABLE contact_statements (
             client TEXT NOT NULL REFERENCES clients (client),
             number INTEGER NOT NULL,
             statement TEXT NOT NULL,
             PRIMARY KEY (client, number)
         ) STRICT, WITHOUT ROWID;
         CREATE TABLE contact_devices (
             device TEXT PRIMARY KEY REFERENCES devices (device),
             client TEXT NOT NULL
         ) STRICT, WITHOUT ROWID;
         CREATE INDEX contact_devices_by_client ON contact_devices (client);
         CREATE TABLE endpoint_traits (
             endpoint TEXT PRIMARY KEY REFERENCES endpoints (endpoint),
             class TEXT,
             attended INTEGER NOT NULL,
             sensitive INTEGER NOT NULL
         ) STRICT, WITHOUT ROWID;
         CREATE TABLE approvals (
             action TEXT PRIMARY KEY,
             endpoint TEXT NOT NULL REFERENCES endpoints (endpoint),
             client TEXT NOT NULL,
             asked_at_ms INTEGER NOT NULL,
             waits INTEGER NOT NULL,
             view TEXT NOT NULL
         ) STRICT, WITHOUT ROWID;
         CREATE INDEX approvals_by_time ON approvals (waits, asked_at_ms);",
        super::share::TABLES,
        "CREATE TABLE mail_contacts (
             client TEXT NOT NULL REFERENCES clients (client),
             member TEXT NOT NULL,
             name TEXT NOT NULL,
             address TEXT NOT NULL,
             PRIMARY KEY (client, member)
         ) STRICT, WITHOUT ROWID;",
    ],
    // A program that knows no policies would let everything run.
    readable_by: 4,
};
