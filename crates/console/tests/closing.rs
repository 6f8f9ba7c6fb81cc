//! Closing a console: the cache is free for the next one, whoever still waits for an answer.

use crate::plane::{Plane, small_log, until};
use crate::ports::{MemoryKeyStore, open};
use caisey_console::bench::sample::SampleLog;
use caisey_console::cache::Cache;
use caisey_console::{Access, ConsoleError};
use std::sync::{Arc, mpsc};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_question_that_is_never_answered_does_not_hold_the_cache() {
    let (log, _) = small_log(1);
    let endpoint = log.endpoint.to_string();
    let plane = Plane::start(vec![log]).await;
    let (folder, keys) = (tempfile::tempdir().unwrap(), Arc::new(MemoryKeyStore::default()));
    let console = open(folder.path(), &keys).await;
    plane.sign_in(&console).await;
    console.wait_synchronised(None, LONG).await.unwrap();
    plane.change(|script| script.stall_sendable = Some(0));
    let asking = tokio::spawn({
        let console = console.clone();
        async move { console.ask_sendable(&endpoint).await }
    });
    until("the question has arrived", async || {
        plane.change(|script| (script.stall_sendable > Some(0)).then_some(()))
    })
    .await;

    console.shut_down().await;
    assert!(!asking.is_finished(), "somebody still waits");
    let next = open(folder.path(), &keys).await;
    assert_eq!(next.overview().await.unwrap().endpoints.len(), 1);
}

#[tokio::test]
async fn a_page_that_never_comes_does_not_hold_the_cache() {
    let mut log = SampleLog::new(3, 1_760_000_000_000).unwrap();
    let session = log.open_session("many").unwrap();
    for number in 0..60 {
        log.command(&session, &format!("echo {number}"), &["x\n"]).unwrap();
    }
    let plane = Plane::start(vec![log]).await;
    plane.change(|script| (script.page, script.stall_from) = (50, Some(100)));
    let (folder, keys) = (tempfile::tempdir().unwrap(), Arc::new(MemoryKeyStore::default()));
    let console = open(folder.path(), &keys).await;
    plane.sign_in(&console).await;
    until("the page is asked for and those before it are here", async || {
        let asked = plane.change(|script| script.pages_asked.contains(&100));
        let cached = console.overview().await.unwrap().endpoints.first().map(|row| row.cached_size);
        (asked && cached == Some(100)).then_some(())
    })
    .await;

    console.shut_down().await;
    let next = open(folder.path(), &keys).await;
    assert_eq!(next.overview().await.unwrap().endpoints[0].cached_size, 100);
}

#[test]
fn whoever_reads_is_interrupted_and_whoever_comes_later_refused() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Cache::open(folder.path(), "cache", &[7; 32], Access::ReadWrite, 0);
    let cache = Arc::new(open().unwrap().cache);
    let (began, begins) = mpsc::channel();
    let reading = std::thread::spawn({
        let cache = Arc::clone(&cache);
        move || {
            cache.read(|cache| {
                began.send(()).unwrap();
                let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
                Ok(cache.query_row(endless, [], |row| row.get::<_, i64>(0))?)
            })
        }
    });
    begins.recv().unwrap();
    cache.close();
    assert!(matches!(reading.join().unwrap(), Err(ConsoleError::Cancelled)));
    assert!(matches!(cache.read(|_| Ok(())), Err(ConsoleError::Cancelled)));
    assert!(matches!(cache.write(|_| Ok(())), Err(ConsoleError::Cancelled)));
    assert!(open().is_ok(), "the lock is free while the closed cache is still held");
    drop(cache);
}
