//! A control plane that lies: every lie is found, the log is marked broken, the evidence is kept, and what held before still holds.

use crate::case::{Case, synchronised};
use crate::plane::{Plane, small_log, until};
use crate::ports::{MemoryKeyStore, open};
use caisey_console::bench::sample::SampleLog;
use caisey_console::view::{Notice, Verification};
use std::sync::Arc;
use std::time::Duration;

impl Case {
    async fn notice(&self) -> Notice {
        until("a notice", async || {
            self.console.overview().await.unwrap().notices.into_iter().next()
        })
        .await
    }

    /// The log is broken, says why, and what was verified before is still there and verified.
    async fn expect(&self, code: &str, proofs: usize) {
        let notice = self.notice().await;
        assert_eq!(notice.code, code, "{}", notice.message);
        assert_eq!(notice.severity, "danger");
        assert_eq!(notice.endpoint.as_deref(), Some(self.log.endpoint.as_str()));
        let signed = notice.evidence.iter().filter(|text| text.contains("\n\n— ")).count();
        assert_eq!(signed, proofs, "signed checkpoints kept: {:?}", notice.evidence);
        let overview = self.console.overview().await.unwrap();
        assert_eq!(overview.endpoints[0].verification, Verification::Broken);
        assert_eq!(overview.endpoints[0].cached_size, self.log.records.len() as u64);
        // More from this log is not taken in, whatever it says.
        let held = self.console.session_detail(self.session.as_str()).await.unwrap().items;
        self.plane.change(|script| script.logs[0].now_ms += 1);
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(self.console.session_detail(self.session.as_str()).await.unwrap().items, held);
    }
}

/// The same beginning, then other entries: signed by the same keys.
fn rewritten() -> SampleLog {
    let mut log = SampleLog::new(1, 1_760_000_000_000).unwrap();
    let session = log.open_session("something else entirely").unwrap();
    for _ in 0..4 {
        log.command(&session, "rm -rf /var/log", &["gone\n"]).unwrap();
    }
    log
}

#[tokio::test]
async fn another_history_of_the_same_log_is_a_fork() {
    let case = synchronised().await;
    case.plane.change(|script| script.logs[0] = rewritten());
    case.expect("fork", 2).await;
}

#[tokio::test]
async fn another_history_that_is_shorter_is_a_fork() {
    let case = synchronised().await;
    case.plane.change(|script| {
        script.logs[0] = rewritten();
        script.logs[0].records.truncate(7);
    });
    case.expect("fork", 2).await;
}

#[tokio::test]
async fn dropped_newest_entries_are_a_rewind() {
    let case = synchronised().await;
    case.plane.change(|script| {
        let size = script.logs[0].records.len();
        script.logs[0].records.truncate(size - 2);
    });
    case.expect("rewind", 2).await;
}

#[tokio::test]
async fn an_older_copy_of_the_database_is_a_rewind() {
    let mut case = synchronised().await;
    let old = case.log.clone();
    case.plane.change(|script| script.log().note(&case.session, "new").unwrap());
    case.console.wait_synchronised(None, Duration::from_secs(10)).await.unwrap();
    case.log = case.plane.change(|script| script.logs[0].clone());
    case.plane.change(|script| script.logs[0] = old);
    case.expect("rewind", 2).await;
}

#[tokio::test]
async fn an_altered_byte_in_a_new_entry_breaks_it_and_it_is_shown_broken() {
    let case = synchronised().await;
    case.plane.change(|script| {
        let log = script.log();
        log.note(&case.session, "nothing was found").unwrap();
        let record = log.records.last_mut().unwrap();
        record.leaf = record.leaf.replace("note.added", "note.adbed");
    });
    let notice = case.notice().await;
    assert_eq!(notice.code, "entry_broken", "{}", notice.message);
    let seq = case.log.records.len() as u64;
    let item = until("the entry is shown", async || {
        let found = case
            .console
            .search(caisey_console::view::SearchQuery::default())
            .await
            .unwrap()
            .hits;
        found.into_iter().map(|hit| hit.item).find(|item| item.seq == seq)
    })
    .await;
    assert_eq!(item.verification, Verification::Broken);
    assert!(item.fault.unwrap().contains("signature does not hold"));
    let before = case.console.session_detail(case.session.as_str()).await.unwrap();
    assert!(
        before
            .items
            .iter()
            .filter(|item| item.seq < seq)
            .all(|item| item.verification == Verification::Verified)
    );
}

#[tokio::test]
async fn an_altered_text_breaks_its_entry() {
    let case = synchronised().await;
    case.plane.change(|script| {
        let log = script.log();
        log.note(&case.session, "nothing was found").unwrap();
        let other = SampleLog::new(9, 1).unwrap().records[0].disclosures["hostname"].clone();
        log.records.last_mut().unwrap().disclosures.insert("note".to_owned(), other);
    });
    let notice = case.notice().await;
    assert_eq!(notice.code, "entry_broken");
    assert!(notice.message.contains("does not match its commitment"), "{}", notice.message);
}

#[tokio::test]
async fn entries_of_another_log_and_gaps_break_the_log() {
    let case = synchronised().await;
    let (mut other, _) = small_log(2);
    case.plane.change(|script| {
        let session = other.open_session("elsewhere").unwrap();
        other.note(&session, "x").unwrap();
        script.log().records.push(other.records.last().unwrap().clone());
    });
    let notice = case.notice().await;
    assert!(notice.message.contains("of another log"), "{}", notice.message);

    let case = synchronised().await;
    case.plane.change(|script| {
        script.log().note(&case.session, "one").unwrap();
        script.log().note(&case.session, "two").unwrap();
        let before_last = script.log().records.len() - 2;
        script.log().records.remove(before_last);
    });
    let notice = case.notice().await;
    assert!(notice.message.contains("is missing"), "{}", notice.message);
}

#[tokio::test]
async fn a_checkpoint_by_another_key_is_not_believed() {
    let case = synchronised().await;
    let note = {
        let mut longer = case.log.clone();
        longer.note(&case.session, "more").unwrap();
        let checkpoint =
            caisey_ledger::checkpoint::Checkpoint::read(&longer.checkpoint(longer.records.len() as u64).unwrap()).unwrap();
        let key = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
        use ed25519_dalek::Signer;
        checkpoint
            .sign(key.verifying_key().as_bytes(), |message| key.sign(message).to_bytes())
            .unwrap()
    };
    case.plane.change(|script| {
        script.log().note(&case.session, "more").unwrap();
        script.note = Some(note);
    });
    case.expect("checkpoint", 2).await;
}

#[tokio::test]
async fn a_changed_checkpoint_key_stops_synchronisation() {
    let (log, session) = small_log(1);
    let plane = Plane::start(vec![log]).await;
    let (folder, keys) = (tempfile::tempdir().unwrap(), Arc::new(MemoryKeyStore::default()));
    let console = open(folder.path(), &keys).await;
    plane.sign_in(&console).await;
    console.wait_synchronised(None, Duration::from_secs(10)).await.unwrap();
    plane.change(|script| script.checkpoint_key = Some([3; 32]));
    plane.sign_in(&console).await;
    let overview = console.overview().await.unwrap();
    assert_eq!(overview.notices[0].code, "checkpoint_key_changed");
    assert_eq!(overview.notices[0].evidence.len(), 2);
    assert_eq!(overview.endpoints[0].verification, Verification::Broken);
    assert_eq!(console.note(session.as_str(), "x").await.unwrap_err().code(), "offline");
}

#[tokio::test]
async fn different_histories_shown_to_two_consoles_come_to_light_when_they_meet() {
    let (log, _) = small_log(1);
    let plane = Plane::start(vec![log]).await;
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = open(one.path(), &Arc::new(MemoryKeyStore::default())).await;
    plane.sign_in(&first).await;
    first.wait_synchronised(None, Duration::from_secs(10)).await.unwrap();
    plane.change(|script| script.logs[0] = rewritten());
    let second = open(two.path(), &Arc::new(MemoryKeyStore::default())).await;
    plane.sign_in(&second).await;
    second.wait_synchronised(None, Duration::from_secs(10)).await.unwrap();
    // The second knows no better; the first has seen something else.
    assert!(second.overview().await.unwrap().notices.is_empty());
    let notice = until("a fork", async || first.overview().await.unwrap().notices.into_iter().next()).await;
    assert_eq!(notice.code, "fork");
}

#[tokio::test]
async fn new_entries_in_another_order_break_the_log() {
    let case = synchronised().await;
    case.plane.change(|script| {
        let log = script.log();
        log.note(&case.session, "one").unwrap();
        log.note(&case.session, "two").unwrap();
        let end = log.records.len();
        log.records.swap(end - 1, end - 2);
    });
    let notice = case.notice().await;
    assert_eq!(notice.code, "entry_broken", "{}", notice.message);
}

#[tokio::test]
async fn an_entry_cut_off_in_the_middle_breaks_the_log() {
    let case = synchronised().await;
    case.plane.change(|script| {
        let log = script.log();
        log.note(&case.session, "what was found").unwrap();
        let record = log.records.last_mut().unwrap();
        record.leaf.truncate(record.leaf.len() / 2);
    });
    let notice = case.notice().await;
    assert_eq!(notice.code, "entry_broken", "{}", notice.message);
    let overview = case.console.overview().await.unwrap();
    assert_eq!(overview.endpoints[0].verification, Verification::Broken);
    assert_eq!(overview.endpoints[0].cached_size, case.log.records.len() as u64);
}
