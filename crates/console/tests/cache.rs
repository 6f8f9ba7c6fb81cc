//! The cache file: encrypted, locked, damaged, with a lost key, of a newer program, or altered on this machine.

use crate::plane::{Plane, small_log, until};
use crate::ports::{MemoryKeyStore, config, open};
use caisey_console::bench::sample::SampleLog;
use caisey_console::cache::Cache;
use caisey_console::view::{SearchQuery, Verification};
use caisey_console::{Access, CancelFlag, Console, ConsoleError, Ports};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

struct Case {
    plane: Plane,
    folder: TempDir,
    keys: Arc<MemoryKeyStore>,
    log: SampleLog,
}

/// A folder with a synchronised cache, closed.
async fn closed() -> (Case, Console) {
    let (log, _) = small_log(1);
    let plane = Plane::start(vec![log.clone()]).await;
    let case = Case {
        plane,
        folder: tempfile::tempdir().unwrap(),
        keys: Arc::new(MemoryKeyStore::default()),
        log,
    };
    let console = open(case.folder.path(), &case.keys).await;
    case.plane.sign_in(&console).await;
    console.wait_synchronised(None, Duration::from_secs(10)).await.unwrap();
    console.shut_down().await;
    (case, console)
}

fn file(folder: &Path) -> PathBuf {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|end| end == "db"))
        .unwrap()
}

fn cache_key(keys: &MemoryKeyStore) -> [u8; 32] {
    let keys = keys.0.lock().unwrap();
    keys.iter()
        .find(|(name, _)| name.starts_with("cache key"))
        .unwrap()
        .1
        .as_slice()
        .try_into()
        .unwrap()
}

#[tokio::test]
async fn nothing_readable_is_on_the_disk() {
    let (case, _) = closed().await;
    for entry in std::fs::read_dir(case.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for word in ["payroll", "SQLite format", "CUPS", "command.output"] {
            assert!(
                !bytes.windows(word.len()).any(|window| window == word.as_bytes()),
                "{word} in {path:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_damaged_file_is_set_aside_and_everything_comes_again() {
    let (case, _) = closed().await;
    let path = file(case.folder.path());
    let mut bytes = std::fs::read(&path).unwrap();
    for byte in &mut bytes[..4_000] {
        *byte ^= 0x55;
    }
    std::fs::write(&path, &bytes).unwrap();
    expect_fresh_start(&case, &bytes).await;
}

#[tokio::test]
async fn a_page_damaged_in_the_middle_is_found_in_use_and_set_aside_at_the_next_start() {
    let (case, _) = closed().await;
    let path = file(case.folder.path());
    let whole = std::fs::read(&path).unwrap();
    let wanted = || SearchQuery {
        text: "payroll".to_owned(),
        ..SearchQuery::default()
    };
    // Damage that opening notices (the schema's pages) or that a search does not meet is another test's; here it has to be found in use.
    for page in (2..whole.len() / 4_096).rev() {
        let mut bytes = whole.clone();
        bytes[page * 4_096..(page + 1) * 4_096]
            .iter_mut()
            .for_each(|byte| *byte ^= 0x55);
        for file in std::fs::read_dir(path.parent().unwrap()).unwrap().flatten() {
            let name = file.file_name();
            let stale = name.to_string_lossy().contains(".db") && !name.to_string_lossy().ends_with(".lock");
            if stale {
                std::fs::remove_file(file.path()).unwrap();
            }
        }
        std::fs::write(&path, &bytes).unwrap();
        let console = open(case.folder.path(), &case.keys).await;
        let set_aside = console.overview().await.is_ok_and(|overview| !overview.notices.is_empty());
        let failed = console.search(wanted()).await.err();
        console.shut_down().await;
        drop(console);
        if let (false, Some(failed)) = (set_aside, failed) {
            assert_eq!(failed.code(), "cache_failed", "{failed}");
            expect_fresh_start(&case, &bytes).await;
            return;
        }
    }
    panic!("no damaged page was found in use");
}

#[tokio::test]
async fn a_lost_key_is_like_damage() {
    let (case, _) = closed().await;
    let bytes = std::fs::read(file(case.folder.path())).unwrap();
    case.keys.0.lock().unwrap().retain(|name, _| !name.starts_with("cache key"));
    expect_fresh_start(&case, &bytes).await;
}

async fn expect_fresh_start(case: &Case, old: &[u8]) {
    let console = open(case.folder.path(), &case.keys).await;
    let overview = console.overview().await.unwrap();
    assert_eq!(overview.notices[0].code, "cache_damaged");
    let aside = &overview.notices[0].evidence[0];
    assert!(aside.contains(".damaged-"));
    assert!(std::fs::read(aside).unwrap() == old, "the old file is untouched");
    assert!(overview.endpoints.is_empty());
    case.plane.sign_in(&console).await;
    console.wait_synchronised(None, Duration::from_secs(10)).await.unwrap();
    let row = console.overview().await.unwrap().endpoints.remove(0);
    assert_eq!(
        (row.cached_size, row.verification),
        (case.log.records.len() as u64, Verification::Verified)
    );
    console.dismiss_notice("cache_damaged", None);
    assert!(console.overview().await.unwrap().notices.is_empty());
}

#[tokio::test]
async fn a_second_console_is_refused_but_may_read() {
    let (case, _) = closed().await;
    let first = open(case.folder.path(), &case.keys).await;
    let ports = || Ports::with_keys(case.keys.clone());
    let refused = Console::open(config(case.folder.path(), Access::ReadWrite), ports()).await;
    assert!(matches!(refused, Err(ConsoleError::CacheInUse)));
    let reader = Console::open(config(case.folder.path(), Access::ReadOnly), ports())
        .await
        .unwrap();
    let query = SearchQuery {
        text: "payroll".to_owned(),
        ..SearchQuery::default()
    };
    assert!(!reader.search(query).await.unwrap().hits.is_empty());
    assert_eq!(
        reader.sign_in(case.plane.sign_in_request()).await.unwrap_err().code(),
        "read_only"
    );
    assert_eq!(reader.keep_draft("x", "y").await.unwrap_err().code(), "read_only");
    first.shut_down().await;
    drop(first);
    assert!(
        Console::open(config(case.folder.path(), Access::ReadWrite), ports())
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_newer_programs_file_is_refused_and_left_alone() {
    let (case, _) = closed().await;
    {
        let name = file(case.folder.path()).file_stem().unwrap().to_str().unwrap().to_owned();
        let cache = Cache::open(case.folder.path(), &name, &cache_key(&case.keys), Access::ReadWrite, 0)
            .unwrap()
            .cache;
        cache
            .write(|tx| caisey_console::cache::schema::put(tx, "compatibility", "99"))
            .unwrap();
    }
    for access in [Access::ReadWrite, Access::ReadOnly] {
        let refused = Console::open(config(case.folder.path(), access), Ports::with_keys(case.keys.clone())).await;
        assert!(
            matches!(refused, Err(ConsoleError::CacheTooNew { found: 99, .. })),
            "{access:?}"
        );
    }
}

#[tokio::test]
async fn a_byte_altered_in_the_cache_is_found_by_checking_again() {
    let (case, _) = closed().await;
    let seq = case.log.records.len() as u64 - 2;
    {
        let name = file(case.folder.path()).file_stem().unwrap().to_str().unwrap().to_owned();
        let cache = Cache::open(case.folder.path(), &name, &cache_key(&case.keys), Access::ReadWrite, 0)
            .unwrap()
            .cache;
        cache
            .write(|tx| {
                tx.execute(
                    "UPDATE entries SET disclosures = replace(disclosures, '100%', '110%') WHERE seq = ?1",
                    [seq],
                )?;
                Ok(())
            })
            .unwrap();
    }
    let console = open(case.folder.path(), &case.keys).await;
    let endpoint = case.log.endpoint.to_string();
    let cancelled = CancelFlag::default();
    cancelled.cancel();
    assert_eq!(
        console.verify_again(&endpoint, cancelled, |_| {}).await.unwrap_err().code(),
        "cancelled"
    );
    let found = console.verify_again(&endpoint, CancelFlag::default(), |_| {}).await.unwrap();
    assert_eq!((found.verification, found.done), (Verification::Broken, seq));
    assert!(found.faults[0].contains("does not hold"), "{:?}", found.faults);
    assert_eq!(console.overview().await.unwrap().notices[0].code, "cache_altered");
}

#[tokio::test]
async fn nobody_signed_in_yet_is_a_clear_state() {
    let folder = tempfile::tempdir().unwrap();
    let keys = Arc::new(MemoryKeyStore::default());
    let reading = Console::open(config(folder.path(), Access::ReadOnly), Ports::with_keys(keys.clone())).await;
    assert!(matches!(reading, Err(ConsoleError::SignedOut)));
    let console = open(folder.path(), &keys).await;
    let overview = console.overview().await.unwrap();
    assert!(overview.me.is_none() && overview.endpoints.is_empty());
    assert_eq!(console.session_detail("ses_x").await.unwrap_err().code(), "signed_out");
    until("nothing", async || Some(())).await;
}
