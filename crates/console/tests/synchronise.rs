//! Synchronising with an honest control plane: all of it, going on later, live, and reading with the network unplugged.

use crate::plane::{Plane, small_log, until};
use crate::ports::{MemoryKeyStore, open};
use caisey_console::bench::sample::SampleLog;
use caisey_console::view::{Connection, ConsoleEvent, SessionFilter, Verification};
use caisey_console::{CancelFlag, Console};
use std::sync::Arc;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(10);

async fn row(console: &Console, endpoint: &str) -> Option<caisey_console::view::EndpointRow> {
    console
        .overview()
        .await
        .unwrap()
        .endpoints
        .into_iter()
        .find(|row| row.endpoint == endpoint)
}

#[tokio::test]
async fn everything_arrives_verified_and_stays_readable_offline() {
    let (log, session) = small_log(1);
    let (size, endpoint) = (log.records.len() as u64, log.endpoint.to_string());
    let plane = Plane::start(vec![log]).await;
    let (folder, keys) = (tempfile::tempdir().unwrap(), Arc::new(MemoryKeyStore::default()));
    let console = open(folder.path(), &keys).await;
    plane.sign_in(&console).await;
    console.wait_synchronised(None, LONG).await.unwrap();

    let overview = console.overview().await.unwrap();
    assert_eq!(overview.me.unwrap().name, "Ada Example");
    assert_eq!(overview.notices, []);
    let endpoint_row = row(&console, &endpoint).await.unwrap();
    assert_eq!(
        (endpoint_row.cached_size, endpoint_row.verification),
        (size, Verification::Verified)
    );

    let detail = console.session_detail(session.as_str()).await.unwrap();
    assert_eq!(detail.row.purpose, "printer does not print");
    assert_eq!(detail.row.member_name, "Ada Example");
    assert_eq!((detail.row.actions, detail.log_size), (2, size));
    assert!(detail.items.iter().all(|item| item.verification == Verification::Verified));
    let headlines: Vec<&str> = detail.items.iter().map(|item| item.headline.as_str()).collect();
    assert_eq!(headlines[0], "Session opened: printer does not print");
    assert_eq!(headlines[1], "Command proposed: systemctl status cups");
    assert!(
        headlines.contains(&"Command finished with exit code 0 after 1.2 s"),
        "{headlines:?}"
    );

    // The network goes, then the program: everything is still there.
    plane.stop().await;
    until("the console knows that it is offline", async || {
        matches!(console.overview().await.unwrap().connection, Connection::Offline { .. }).then_some(())
    })
    .await;
    assert_eq!(console.session_detail(session.as_str()).await.unwrap().items, detail.items);
    console.shut_down().await;
    drop(console);
    let console = open(folder.path(), &keys).await;
    assert_eq!(console.session_detail(session.as_str()).await.unwrap().items, detail.items);
    assert_eq!(console.overview().await.unwrap().connection, Connection::SignedOut {});
    let sessions = console.sessions(SessionFilter::default()).await.unwrap();
    assert_eq!((sessions.len(), sessions[0].verification), (1, Verification::Verified));
}

#[tokio::test]
async fn synchronisation_goes_on_where_it_stopped() {
    let mut log = SampleLog::new(3, 1_760_000_000_000).unwrap();
    let session = log.open_session("many").unwrap();
    for number in 0..60 {
        log.command(&session, &format!("echo {number}"), &["x\n"]).unwrap();
    }
    let (size, endpoint) = (log.records.len() as u64, log.endpoint.to_string());
    let plane = Plane::start(vec![log]).await;
    plane.change(|script| script.page = 50);
    let (folder, keys) = (tempfile::tempdir().unwrap(), Arc::new(MemoryKeyStore::default()));
    let console = open(folder.path(), &keys).await;
    plane.sign_in(&console).await;
    console.wait_synchronised(None, LONG).await.unwrap();
    console.shut_down().await;
    drop(console);

    plane.change(|script| {
        script.pages_asked.clear();
        script.log().note(&session, "later").unwrap();
    });
    let console = open(folder.path(), &keys).await;
    plane.sign_in(&console).await;
    console.wait_synchronised(Some(&endpoint), LONG).await.unwrap();
    let row = row(&console, &endpoint).await.unwrap();
    assert_eq!((row.cached_size, row.verification), (size + 1, Verification::Verified));
    let asked = plane.change(|script| script.pages_asked.clone());
    assert!(
        asked.iter().all(|from| *from >= size - 1),
        "nothing is asked for twice: {asked:?}"
    );
}

#[tokio::test]
async fn a_session_that_somebody_looks_at_arrives_as_events_and_after_an_outage_too() {
    let (log, session) = small_log(4);
    let plane = Plane::start(vec![log]).await;
    let (folder, keys) = (tempfile::tempdir().unwrap(), Arc::new(MemoryKeyStore::default()));
    let console = open(folder.path(), &keys).await;
    let mut events = console.subscribe();
    plane.sign_in(&console).await;
    console.wait_synchronised(None, LONG).await.unwrap();
    let detail = console.session_detail(session.as_str()).await.unwrap();
    console.look_at(session.as_str());

    let mut next_note = async |note: &str, since: u64| {
        tokio::time::timeout(LONG, async {
            loop {
                if let Ok(ConsoleEvent::Session { session: of, items, .. }) = events.recv().await {
                    assert_eq!(of, session.as_str());
                    let found = items
                        .iter()
                        .find(|item| item.texts.iter().any(|text| text.text.as_deref() == Some(note)));
                    if let Some(item) = found.filter(|item| item.verification == Verification::Verified) {
                        assert!(item.seq > since);
                        return item.seq;
                    }
                }
            }
        })
        .await
        .unwrap()
    };
    plane.change(|script| script.log().note(&session, "first").unwrap());
    let first = next_note("first", detail.row.last_seq).await;
    plane.stop().await;
    plane.change(|script| script.log().note(&session, "second").unwrap());
    plane.resume().await;
    console.retry_now();
    next_note("second", first).await;
}

#[tokio::test]
async fn an_erased_text_is_destroyed_here_too_and_the_log_still_verifies() {
    let (mut log, session) = small_log(5);
    let endpoint = log.endpoint.to_string();
    let plane = Plane::start(vec![log.clone()]).await;
    let (folder, keys) = (tempfile::tempdir().unwrap(), Arc::new(MemoryKeyStore::default()));
    let console = open(folder.path(), &keys).await;
    plane.sign_in(&console).await;
    console.wait_synchronised(None, LONG).await.unwrap();
    let find = async || {
        let query = caisey_console::view::SearchQuery {
            text: "payroll".to_owned(),
            ..Default::default()
        };
        console.search(query).await.unwrap()
    };
    let hit = find().await.hits.remove(0);
    assert_eq!(hit.item.kind, "action.proposed");
    assert_eq!(console.command_history(None, "cat ", 0).await.unwrap().len(), 1);

    log.erase(hit.item.seq, "command").unwrap();
    plane.change(|script| script.logs[0] = log.clone());
    console.wait_synchronised(None, LONG).await.unwrap();
    let after = find().await;
    assert_eq!((after.hits.len(), after.unreadable_entries), (0, 1));
    assert!(console.command_history(None, "cat ", 0).await.unwrap().is_empty());
    let detail = console.session_detail(session.as_str()).await.unwrap();
    let item = detail.items.iter().find(|item| item.seq == hit.item.seq).unwrap();
    assert_eq!(item.headline, "Command proposed: (erased or not disclosed)");
    let again = console.verify_again(&endpoint, CancelFlag::default(), |_| {}).await.unwrap();
    assert_eq!(
        (again.verification, again.done, again.faults),
        (Verification::Verified, log.records.len() as u64, vec![])
    );
}
