//! The store contract, on the SQLite adapter in memory and in a file.

use crate::sqlite::SqliteStore;
use caisey_control::store::{Store, StoreError, Value};
use caisey_testkit::contract;
use caisey_testkit::faulty::FaultyStore;

#[test]
fn memory_keeps_the_contract() {
    contract::check(|| SqliteStore::in_memory().unwrap());
}

#[test]
fn a_faulty_store_without_a_fault_keeps_the_contract() {
    contract::check(|| FaultyStore::new(SqliteStore::in_memory().unwrap()));
}

#[test]
fn a_file_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let mut number = 0;
    contract::check(|| {
        number += 1;
        SqliteStore::open(&folder.path().join(format!("{number}.sqlite"))).unwrap()
    });
}

/// The platform documents 32, workerd takes 127: what is shared is written for the lesser.
#[test]
fn a_function_takes_as_many_arguments_as_the_platform_documents() {
    let store = SqliteStore::in_memory().unwrap();
    let most = |n: usize| store.exec(&format!("SELECT max({})", vec!["1"; n].join(", ")), &[]);
    assert_eq!(most(32).unwrap(), [[Value::Int(1)]]);
    assert!(matches!(most(33), Err(StoreError::Refused(_))));
}

/// And rows that statements make larger than what they were given.
#[test]
fn a_row_that_sql_makes_is_bounded_too() {
    let store = SqliteStore::in_memory().unwrap();
    store.script("CREATE TABLE t (a ANY, b ANY) STRICT").unwrap();
    let made = store.exec("INSERT INTO t (a, b) VALUES (zeroblob(1100000), zeroblob(1100000))", &[]);
    assert!(matches!(made, Err(StoreError::Refused(_))));
    assert_eq!(store.exec("SELECT count(*) FROM t", &[]).unwrap(), [[Value::Int(0)]]);
}

#[test]
fn a_file_is_private_and_keeps_what_was_committed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.sqlite");
    let store = SqliteStore::open(&path).unwrap();
    store
        .script("CREATE TABLE t (a TEXT) STRICT; INSERT INTO t VALUES ('kept')")
        .unwrap();
    drop(store);
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(
        store.exec("SELECT a FROM t", &[]).unwrap(),
        vec![vec![Value::Text("kept".into())]]
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_file_that_is_no_database_is_reported_as_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.sqlite");
    std::fs::write(&path, vec![7; 8192]).unwrap();
    assert!(matches!(SqliteStore::open(&path), Err(StoreError::Corrupt(_))));
    assert!(matches!(
        SqliteStore::open(&folder.path().join("no/such/folder")),
        Err(StoreError::Io(_))
    ));
}

#[test]
fn deleted_text_is_gone_from_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.sqlite");
    let store = SqliteStore::open(&path).unwrap();
    let secret = "correct horse battery staple ".repeat(400);
    store
        .script("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL) STRICT")
        .unwrap();
    store.exec("INSERT INTO t VALUES (1, ?1)", &[Value::Text(secret)]).unwrap();
    let holds_it = || {
        let files = std::fs::read_dir(folder.path()).unwrap();
        files
            .map(|file| std::fs::read(file.unwrap().path()).unwrap())
            .any(|bytes| bytes.windows(13).any(|part| part == b"battery stapl"))
    };
    assert!(holds_it());
    store.exec("DELETE FROM t", &[]).unwrap();
    store.flush_log().unwrap();
    assert!(!holds_it());
}
