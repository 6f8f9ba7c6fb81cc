//! Key stores: missing, locked, failing, and the passphrase that a person may choose instead.

use crate::ports::{Failing, config};
use caisey_console::passphrase::{PassphraseError, PassphraseKeyStore, VAULT_FILE};
use caisey_console::ports::SystemEntropy;
use caisey_console::{Access, Console, KeyStore, KeyStoreError, Ports};
use std::sync::Arc;

#[tokio::test]
async fn a_machine_without_a_key_store_gets_a_clear_answer_and_no_file() {
    type Case = (fn() -> KeyStoreError, &'static str, &'static str);
    let cases: [Case; 3] = [
        (|| KeyStoreError::Missing(None), "key_store_missing", "passphrase"),
        (|| KeyStoreError::Locked(None), "key_store_locked", "Unlock"),
        (|| KeyStoreError::Other("broken".into()), "key_store_failed", "failed"),
    ];
    for (error, code, word) in cases {
        let folder = tempfile::tempdir().unwrap();
        let ports = Ports::with_keys(Arc::new(Failing(error)));
        let refused = Console::open(config(folder.path(), Access::ReadWrite), ports)
            .await
            .err()
            .unwrap();
        assert_eq!(refused.code(), code);
        assert!(refused.to_string().contains(word), "{refused}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was written");
    }
}

#[test]
fn a_passphrase_protects_the_keys_and_a_wrong_one_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let open = |passphrase: &str| PassphraseKeyStore::open(folder.path(), passphrase, &SystemEntropy);
    assert!(matches!(open("short"), Err(PassphraseError::TooShort)));
    assert!(!PassphraseKeyStore::exists(folder.path()));
    let vault = open("correct horse battery staple").unwrap();
    assert_eq!(vault.get("a").unwrap(), None);
    vault.set("a", b"first").unwrap();
    vault.set("a", b"secret-value").unwrap();
    vault.delete("never there").unwrap();
    drop(vault);
    assert!(matches!(open("correct horse battery stable"), Err(PassphraseError::Wrong)));
    let bytes = std::fs::read(folder.path().join(VAULT_FILE)).unwrap();
    assert!(!bytes.windows(12).any(|window| window == b"secret-value"));
    let vault = open("correct horse battery staple").unwrap();
    assert_eq!(vault.get("a").unwrap().as_deref(), Some(b"secret-value".as_slice()));
    vault.delete("a").unwrap();
    assert_eq!(vault.get("a").unwrap(), None);
}

/// Runs itself again without any session bus: the real adapter, in the situation of a server or a container.
#[cfg(target_os = "linux")]
#[test]
fn the_real_adapter_tells_a_missing_service_from_other_failures() {
    const CHILD: &str = "CAISEY_TEST_WITHOUT_KEY_STORE";
    if std::env::var_os(CHILD).is_some() {
        let error = caisey_console::key_store::OsKeyStore::default().get("any").unwrap_err();
        assert!(matches!(error, KeyStoreError::Missing(_)), "{error:?}");
        return;
    }
    let name = "keys::the_real_adapter_tells_a_missing_service_from_other_failures";
    let done = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(CHILD, "1")
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(String::from_utf8_lossy(&done.stdout).contains("1 passed"));
}
