//! What every store must do: run against each adapter, on each host.

use caisey_control::store::{Store, StoreError, Value};

const MAX: i64 = (1 << 53) - 1;

/// Runs the whole contract; `fresh` gives an empty store each time.
///
/// # Panics
/// When the store breaks it.
pub fn check<S: Store>(mut fresh: impl FnMut() -> S) {
    values_come_back(&fresh());
    numbers_outside_the_safe_range_are_refused(&fresh());
    failed_transactions_leave_nothing(&fresh());
    transactions_nest(&fresh());
    constraints_are_told_apart(&fresh());
    foreign_keys_hold(&fresh());
    what_the_other_host_refuses_is_refused(&fresh());
    limits_hold(&fresh());
    one_statement_at_a_time(&fresh());
}

fn one(store: &dyn Store, sql: &str, params: &[Value]) -> Value {
    store.exec(sql, params).unwrap().remove(0).remove(0)
}

fn table(store: &dyn Store) {
    store
        .script("CREATE TABLE t (id INTEGER PRIMARY KEY, body ANY) STRICT; CREATE TABLE u (id INTEGER REFERENCES t (id)) STRICT")
        .unwrap();
}

fn put(store: &dyn Store, id: i64) -> Result<(), StoreError> {
    store.exec("INSERT INTO t (id) VALUES (?1)", &[Value::Int(id)]).map(drop)
}

fn count(store: &dyn Store) -> Value {
    one(store, "SELECT count(*) FROM t", &[])
}

fn values_come_back(store: &dyn Store) {
    let texts = ["", "plain", "žluťoučký 漢字 🜁", "zero \u{0} inside"].map(|text| Value::Text(text.into()));
    let numbers = [0, 1, -1, MAX, -MAX].map(Value::Int);
    let blobs = [
        Value::Blob(Vec::new()),
        Value::Blob((0..=255).collect()),
        Value::Null,
        Value::Real(0.5),
    ];
    for value in texts.iter().chain(&numbers).chain(&blobs) {
        assert_eq!(one(store, "SELECT ?1", std::slice::from_ref(value)), *value);
    }
    assert!(store.size_bytes().is_ok());
}

fn numbers_outside_the_safe_range_are_refused(store: &dyn Store) {
    for number in [MAX + 1, -MAX - 1, i64::MAX, i64::MIN] {
        assert!(
            matches!(store.exec("SELECT ?1", &[Value::Int(number)]), Err(StoreError::Refused(_))),
            "{number}"
        );
    }
    assert!(store.exec("SELECT ?1", &[Value::Real(f64::NAN)]).is_err());
    assert!(store.exec("SELECT CAST('9007199254740992' AS INTEGER)", &[]).is_err());
}

fn failed_transactions_leave_nothing(store: &dyn Store) {
    table(store);
    let failed = store.tx(&mut || {
        put(store, 1)?;
        Err(StoreError::Full("no".into()))
    });
    assert_eq!(failed, Err(StoreError::Full("no".into())));
    assert_eq!(count(store), Value::Int(0));
    store.tx(&mut || put(store, 2)).unwrap();
    assert_eq!(count(store), Value::Int(1));
}

fn transactions_nest(store: &dyn Store) {
    table(store);
    store
        .tx(&mut || {
            put(store, 1)?;
            store.tx(&mut || put(store, 2))?;
            let inner = store.tx(&mut || {
                put(store, 3)?;
                store.tx(&mut || put(store, 4))?;
                Err(StoreError::Io("no".into()))
            });
            assert!(inner.is_err());
            assert_eq!(count(store), Value::Int(2));
            put(store, 5)
        })
        .unwrap();
    assert_eq!(count(store), Value::Int(3));
    let outer = store.tx(&mut || {
        store.tx(&mut || put(store, 6))?;
        Err(StoreError::Io("no".into()))
    });
    assert!(outer.is_err());
    assert_eq!(count(store), Value::Int(3));
}

fn constraints_are_told_apart(store: &dyn Store) {
    table(store);
    put(store, 1).unwrap();
    assert!(matches!(put(store, 1), Err(StoreError::Constraint(_))));
    assert!(matches!(
        store.exec("INSERT INTO t (id) VALUES ('x')", &[]),
        Err(StoreError::Constraint(_) | StoreError::Refused(_))
    ));
    assert!(matches!(
        store.exec("SELECT * FROM nowhere", &[]),
        Err(StoreError::Refused(_))
    ));
    // A failed statement in a transaction does not end it.
    store
        .tx(&mut || {
            assert!(put(store, 1).is_err());
            put(store, 2)
        })
        .unwrap();
    assert_eq!(count(store), Value::Int(2));
}

fn foreign_keys_hold(store: &dyn Store) {
    table(store);
    assert!(matches!(
        store.exec("INSERT INTO u (id) VALUES (7)", &[]),
        Err(StoreError::Constraint(_))
    ));
}

fn what_the_other_host_refuses_is_refused(store: &dyn Store) {
    table(store);
    for sql in [
        "BEGIN",
        "COMMIT",
        "SAVEPOINT s",
        "ROLLBACK",
        "VACUUM",
        "ATTACH 'x' AS y",
        "PRAGMA user_version = 1",
        "PRAGMA synchronous",
        "CREATE TEMP TABLE x (a)",
        "SELECT load_extension('x')",
    ] {
        assert!(store.exec(sql, &[]).is_err(), "{sql} by exec");
        assert!(store.script(sql).is_err(), "{sql} by script");
    }
    // And still, after the adapter has used such statements itself.
    store.tx(&mut || put(store, 1)).unwrap();
    assert!(store.exec("BEGIN IMMEDIATE", &[]).is_err());
    assert!(store.tx(&mut || store.exec("COMMIT", &[]).map(drop)).is_err());
}

fn limits_hold(store: &dyn Store) {
    table(store);
    let columns = (0..101).map(|n| format!("c{n}")).collect::<Vec<_>>().join(", ");
    assert!(store.script(&format!("CREATE TABLE wide ({columns})")).is_err());
    assert!(store.exec(&format!("SELECT {}1", "1 + ".repeat(120)), &[]).is_err());
    assert!(store.exec("SELECT ?101", &vec![Value::Int(1); 101]).is_err());
    assert!(store.exec("SELECT 'a' LIKE ?1", &[Value::Text("a".repeat(51))]).is_err());
    assert!(
        store
            .exec("INSERT INTO t (id, body) VALUES (1, ?1)", &[Value::Blob(vec![7; 2_000_001])])
            .is_err()
    );
    assert!(store.exec(&format!("SELECT '{}'", "x".repeat(100_001)), &[]).is_err());
}

fn one_statement_at_a_time(store: &dyn Store) {
    table(store);
    assert!(
        store
            .exec("INSERT INTO t (id) VALUES (1); INSERT INTO t (id) VALUES (2)", &[])
            .is_err()
    );
    store
        .script("INSERT INTO t (id) VALUES (1); INSERT INTO t (id) VALUES (2)")
        .unwrap();
    assert_eq!(count(store), Value::Int(2));
}
