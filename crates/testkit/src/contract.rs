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
    what_is_above_a_limit_is_refused_and_costs_nothing(&fresh());
    what_is_at_a_limit_is_taken(&fresh());
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

fn list(n: usize, between: &str) -> String {
    vec!["1"; n].join(between)
}

fn wide(columns: usize) -> String {
    let columns: Vec<_> = (0..columns).map(|n| format!("c{n}")).collect();
    format!("CREATE TABLE wide ({})", columns.join(", "))
}

/// A statement of so many bytes.
fn long(sql_bytes: usize) -> String {
    format!("SELECT '{}'", "x".repeat(sql_bytes - "SELECT ''".len()))
}

fn blob(size_bytes: usize) -> Value {
    Value::Blob(vec![7; size_bytes])
}

/// Statements, their parameters, and words of the refusal, which says which limit it was.
fn above_limits() -> Vec<(String, Vec<Value>, &'static str)> {
    let row = "INSERT INTO pairs (a, b) VALUES (?1, ?2)";
    let case = |sql: &str, params: Vec<Value>, words| (sql.to_owned(), params, words);
    vec![
        case(row, vec![blob(2_000_001), Value::Null], "a row may have 2000000"),
        case(
            row,
            vec![Value::Text("x".repeat(2_000_001)), Value::Null],
            "a row may have 2000000",
        ),
        case(
            row,
            vec![blob(1_100_000), blob(1_100_000)],
            "2200000 bytes; a row may have 2000000",
        ),
        case("SELECT zeroblob(2000001)", vec![], "string or blob too big"),
        case("SELECT ?101", vec![Value::Int(1); 101], "101 parameters; 100 are possible"),
        case("SELECT ?101", vec![], "variable number must be between ?1 and ?100"),
        case(&long(100_001), vec![], "statement too long"),
        case(&wide(101), vec![], "too many columns"),
        case(&format!("SELECT {}", list(101, " + ")), vec![], "maximum depth 100"),
        case(
            &list(6, " UNION ALL SELECT ").replacen('1', "SELECT 1", 1),
            vec![],
            "too many terms in compound SELECT",
        ),
        // The platform's documents say 32, which is what our own hosts refuse above; workerd does above 127.
        case(
            &format!("SELECT max({})", list(128, ", ")),
            vec![],
            "too many arguments on function max",
        ),
        case("SELECT 'a' LIKE ?1", vec![Value::Text("a".repeat(51))], "pattern too complex"),
    ]
}

fn what_is_above_a_limit_is_refused_and_costs_nothing(store: &dyn Store) {
    table(store);
    store.script("CREATE TABLE pairs (a ANY, b ANY) STRICT").unwrap();
    store.exec("INSERT INTO pairs (a, b) VALUES (1, 2)", &[]).unwrap();
    let refused = |sql: &str, params: &[Value], words: &str| match store.exec(sql, params).map(drop) {
        Err(StoreError::Refused(why)) => assert!(why.contains(words), "{words}: {why}"),
        other => panic!("{words}: {other:?}"),
    };
    let mut id = 0;
    for (sql, params, words) in above_limits() {
        refused(&sql, &params, words);
        // In a transaction it costs nothing of what is around it.
        store
            .tx(&mut || {
                put(store, id)?;
                refused(&sql, &params, words);
                put(store, id + 1)
            })
            .unwrap();
        id += 2;
        assert_eq!(count(store), Value::Int(id), "{words}");
        assert_eq!(one(store, "SELECT count(*) FROM pairs", &[]), Value::Int(1), "{words}");
    }
    for sql in [long(100_001), wide(101)] {
        assert!(matches!(store.script(&sql), Err(StoreError::Refused(_))));
    }
    assert_eq!(count(store), Value::Int(id));
}

fn what_is_at_a_limit_is_taken(store: &dyn Store) {
    table(store);
    store.script("CREATE TABLE pairs (a ANY, b ANY) STRICT").unwrap();
    assert_eq!(one(store, "SELECT ?1", &[blob(2_000_000)]), blob(2_000_000));
    assert_eq!(one(store, "SELECT length(zeroblob(2000000))", &[]), Value::Int(2_000_000));
    // SQLite adds a few bytes of its own to a row.
    let row = [blob(999_990), Value::Text("x".repeat(999_990))];
    store.exec("INSERT INTO pairs (a, b) VALUES (?1, ?2)", &row).unwrap();
    assert_eq!(store.exec("SELECT a, b FROM pairs", &[]).unwrap(), [row.to_vec()]);
    assert_eq!(one(store, "SELECT ?100", &vec![Value::Int(1); 100]), Value::Int(1));
    assert_eq!(
        one(store, &long(100_000), &[]),
        Value::Text("x".repeat(100_000 - "SELECT ''".len()))
    );
    store.script(&format!("{};", wide(100))).unwrap();
    assert_eq!(one(store, &format!("SELECT {}", list(100, " + ")), &[]), Value::Int(100));
    assert_eq!(
        store
            .exec(&list(5, " UNION ALL SELECT ").replacen('1', "SELECT 1", 1), &[])
            .unwrap()
            .len(),
        5
    );
    assert_eq!(one(store, &format!("SELECT max({})", list(32, ", ")), &[]), Value::Int(1));
    assert_eq!(
        one(store, "SELECT 'a' LIKE ?1", &[Value::Text("a".repeat(50))]),
        Value::Int(0)
    );
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
