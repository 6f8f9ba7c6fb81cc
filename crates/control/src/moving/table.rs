//! Which tables an object has, in an order in which what refers to others comes after them. A test holds the lists against the schemas, so that
//! none can be forgotten.

/// One table.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: &'static [&'static str],
    /// What its rows are ordered by.
    pub(super) key: &'static [&'static str],
    /// Rows that are read at once: no more than some megabytes.
    pub(super) page: u64,
}

const fn table(name: &'static str, columns: &'static [&'static str], key: &'static [&'static str]) -> Table {
    Table {
        name,
        columns,
        key,
        page: 64,
    }
}

/// Of every object that keeps a log.
const ENTRIES: Table = table(
    "entries",
    &[
        "seq",
        "time_ms",
        "record_bytes",
        "leaf_hash",
        "kind",
        "session",
        "action",
        "counter",
        "leaf",
    ],
    &["seq"],
);
const TEXTS: Table = table("texts", &["seq", "name", "text", "seed"], &["seq", "name"]);
const NODES: Table = table("nodes", &["level", "place", "hash"], &["level", "place"]);
const CHECKPOINTS: Table = table("checkpoints", &["size", "note"], &["size"]);

#[rustfmt::skip]
pub(super) const ENDPOINT: &[Table] = &[
    ENTRIES, TEXTS, NODES, CHECKPOINTS,
    table("identity", &["only", "organisation", "endpoint", "client", "client_name", "log", "key", "hostname", "os", "arch", "installer",
        "enrolled_at_ms", "removed"], &["only"]),
    table("connection", &["only", "conn", "was_connected", "changed_at_ms", "clock_noted_ms", "elevated"], &["only"]),
    table("sessions", &["session", "member", "member_name", "opened_at_ms", "first_seq", "closed_at_ms", "last_seq", "actions"], &["session"]),
    table("actions", &["action", "session", "state", "accepted", "cancel", "refusal", "proposal_seq", "proposed_at_ms", "timeout_ms"],
        &["action"]),
    table("keys", &["device", "member", "key", "role"], &["device"]),
    table("cosignatures", &["size", "witness", "key", "who", "line", "kept"], &["size", "witness"]),
    table("submissions", &["at_ms", "digest", "seq"], &["at_ms", "digest"]),
    table("succession", &["only", "frame"], &["only"]),
    table("rules", &["only", "revision", "traits"], &["only"]),
    table("policies", &["name", "document"], &["name"]),
    table("contacts", &["number", "statement"], &["number"]),
    table("approvals", &["action", "open", "review_due", "requested_seq", "body"], &["action"]),
    table("authorisations", &["action", "at_ms"], &["action"]),
    table("mailing", &["contact"], &["rowid"]),
    table("mails", &["action", "member", "name", "address", "state", "attempts", "asked_at_ms", "at_ms", "due_ms", "detail", "answer"],
        &["action", "member"]),
    table("mail_links", &["token_sha256", "action", "member"], &["token_sha256"]),
];

#[rustfmt::skip]
pub(super) const ORGANISATION: &[Table] = &[
    ENTRIES, TEXTS, NODES, CHECKPOINTS,
    table("devices", &["device", "member", "key", "label"], &["device"]),
    table("clients", &["client", "name"], &["client"]),
    table("installers", &["installer", "client", "label", "token_sha256", "expires_at_ms", "max_uses", "uses", "revoked"], &["installer"]),
    table("endpoints", &["endpoint", "client", "installer", "key", "log", "hostname", "os", "arch", "state", "log_size", "enrolled_at_ms",
        "changed_at_ms"], &["endpoint"]),
    table("sessions", &["session", "endpoint", "client", "member", "member_name", "opened_at_ms", "closed_at_ms", "first_seq", "last_seq",
        "actions"], &["session"]),
    table("reviews", &["snapshot", "text", "member", "device", "envelope", "at_ms"], &["snapshot", "member"]),
    table("rules", &["only", "revision"], &["only"]),
    table("policies", &["name", "version", "scope", "text", "form", "published_at_ms", "published_by"], &["name", "version"]),
    table("contact_statements", &["client", "number", "statement"], &["client", "number"]),
    table("contact_devices", &["device", "client"], &["device"]),
    table("endpoint_traits", &["endpoint", "class", "attended", "sensitive"], &["endpoint"]),
    table("approvals", &["action", "endpoint", "client", "asked_at_ms", "waits", "view"], &["action"]),
    Table { name: "pack_parts", columns: &["pack", "part", "bytes", "put_at_ms"], key: &["pack", "part"], page: 2 },
    table("shares", &["share", "token_sha256", "label", "pack", "size_bytes", "snapshot", "about", "reviewed", "passphrase", "created_at_ms",
        "created_by", "expires_at_ms", "refreshed_at_ms", "revoked_at_ms", "views", "fetches", "wrong_passphrases", "viewed_at_ms"],
        &["share"]),
    table("share_visits", &["visit", "share", "at_ms", "what", "agent"], &["visit"]),
    table("mail_contacts", &["client", "member", "name", "address"], &["client", "member"]),
];

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::{ENDPOINT, ORGANISATION, Table};
    use rusqlite::Connection;

    fn check(migrations: &[&str], tables: &[Table]) {
        let store = Connection::open_in_memory().unwrap();
        store.execute_batch(&migrations.concat()).unwrap();
        let names = |sql: &str| -> Vec<String> {
            let mut statement = store.prepare(sql).unwrap();
            let rows = statement.query_map([], |row| row.get(0)).unwrap();
            rows.map(Result::unwrap).collect()
        };
        let mut made = names("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'");
        let mut listed: Vec<_> = tables.iter().map(|table| table.name.to_owned()).collect();
        made.sort();
        listed.sort();
        assert_eq!(listed, made, "a table is not moved, or is gone");
        for table in tables {
            let columns = names(&format!("SELECT name FROM pragma_table_info('{}') ORDER BY cid", table.name));
            assert_eq!(table.columns, columns.as_slice(), "{}", table.name);
            let key = names(&format!(
                "SELECT name FROM pragma_table_info('{}') WHERE pk > 0 ORDER BY pk",
                table.name
            ));
            assert!(
                table.key == ["rowid"] && key.is_empty() || table.key == key.as_slice(),
                "{}",
                table.name
            );
            let before: Vec<_> = tables
                .iter()
                .take_while(|other| other.name != table.name)
                .map(|other| other.name)
                .collect();
            for parent in names(&format!("SELECT \"table\" FROM pragma_foreign_key_list('{}')", table.name)) {
                assert!(before.contains(&parent.as_str()), "{} comes before {parent}", table.name);
            }
        }
    }

    #[test]
    fn no_table_and_no_column_is_forgotten() {
        check(crate::endpoint::SCHEMA.migrations, ENDPOINT);
        check(crate::organisation::SCHEMA.migrations, ORGANISATION);
    }
}
