//! A long session in pages: together they are the whole, and each can be understood by itself.

use crate::plane::Plane;
use crate::ports::{MemoryKeyStore, open};
use caisey_console::bench::sample::SampleLog;
use caisey_console::view::{TimelineItem, Verification};
use caisey_console::{CancelFlag, Console};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(60);

/// Short commands, one that prints much more than a page holds, and short commands again.
async fn long_session() -> (Plane, Console, String, tempfile::TempDir) {
    let mut log = SampleLog::new(1, 1_760_000_000_000).unwrap();
    let session = log.open_session("a long night").unwrap();
    let lines: Vec<String> = (0..1_400).map(|line| format!("line {line}\n")).collect();
    let output: Vec<&str> = lines.iter().map(String::as_str).collect();
    for number in 0..80 {
        log.command(&session, &format!("echo before {number}"), &["before\n"])
            .unwrap();
    }
    log.command(&session, "journalctl --no-pager", &output).unwrap();
    for number in 0..200 {
        log.command(&session, &format!("echo after {number}"), &["after\n"]).unwrap();
    }
    log.note(&session, "to be erased").unwrap();
    let noted = log.records.len() as u64 - 1;
    log.close_session(&session).unwrap();
    log.erase(noted, "note").unwrap();
    let plane = Plane::start(vec![log]).await;
    let folder = tempfile::tempdir().unwrap();
    let console = open(folder.path(), &Arc::new(MemoryKeyStore::default())).await;
    plane.sign_in(&console).await;
    console.wait_synchronised(None, LONG).await.unwrap();
    (plane, console, session.to_string(), folder)
}

fn is_end(item: &TimelineItem) -> bool {
    matches!(item.kind.as_str(), "command.finished" | "action.refused" | "action.unknown")
}

#[tokio::test]
async fn pages_are_the_whole_and_each_says_how_its_commands_began_and_ended() {
    let (_plane, console, session, _folder) = long_session().await;
    let whole = console.session_detail(&session).await.unwrap().items;
    let head = console.session_head(&session).await.unwrap();
    assert_eq!(head.total, whole.len() as u64);
    assert!(head.pages.len() > 8, "{}", head.pages.len());
    assert_eq!(head.row.verification, Verification::Verified);

    let ends: BTreeSet<&str> = whole
        .iter()
        .filter(|item| is_end(item))
        .filter_map(|item| item.action.as_deref())
        .collect();
    let (mut together, mut cut) = (Vec::new(), 0);
    for (at, from) in head.pages.iter().enumerate() {
        let page = console
            .session_page(&session, *from, head.pages.get(at + 1).copied())
            .await
            .unwrap();
        assert_eq!(page.items[0].seq, *from);
        let known: Vec<&TimelineItem> = page.context.iter().chain(&page.items).collect();
        for item in &page.items {
            let Some(action) = item.action.as_deref() else { continue };
            let of = |kind: &str| {
                known
                    .iter()
                    .any(|one| one.action.as_deref() == Some(action) && one.kind == kind)
            };
            assert!(of("action.proposed"), "page {at}: nobody proposed {action}");
            assert!(
                !ends.contains(action) || known.iter().any(|one| one.action.as_deref() == Some(action) && is_end(one)),
                "page {at}: {action} never ends"
            );
        }
        cut += usize::from(page.context.iter().any(|item| item.kind == "command.finished"));
        assert!(
            page.context.len() < 40,
            "page {at} brings {} entries along",
            page.context.len()
        );
        together.extend(page.items);
    }
    assert_eq!(together, whole);
    assert!(
        cut >= 3,
        "the long output fills pages of its own, which know their end: {cut}"
    );
}

#[tokio::test]
async fn the_strip_counts_every_command_and_the_proof_every_entry() {
    let (_plane, console, session, _folder) = long_session().await;
    let head = console.session_head(&session).await.unwrap();
    let marks = console.session_commands(&session).await.unwrap();
    assert!(marks.len() <= 602, "{}", marks.len());
    assert_eq!(
        marks.iter().map(|mark| u64::from(mark.commands)).sum::<u64>(),
        head.row.actions
    );
    assert!(marks.iter().all(|mark| mark.status == "ok" && mark.to_ms.is_some()));
    let long = marks
        .iter()
        .find(|mark| mark.commands == 1 && mark.label == "journalctl --no-pager");
    assert!(long.is_some() || marks.iter().any(|mark| mark.commands > 1));

    let proof = console.session_proof(&session).await.unwrap();
    assert_eq!(
        (proof.total, proof.broken, proof.unverified, proof.gaps),
        (head.total, 0, 0, 0)
    );
    assert_eq!(proof.erased, 1, "the tombstone came after the session's end and still counts");
    assert!(proof.log_size > head.row.last_seq && proof.checkpoint.is_some());
}

#[tokio::test]
async fn an_export_tells_how_far_it_is_and_stops_when_asked() {
    let (_plane, console, session, _folder) = long_session().await;
    let last = Arc::new(AtomicU64::new(0));
    let told = Arc::clone(&last);
    let json = console
        .export_session_json(&session, CancelFlag::default(), move |done, total| {
            assert!(told.swap(done, Ordering::SeqCst) <= done && done <= total);
        })
        .await
        .unwrap();
    assert!(last.load(Ordering::SeqCst) > 2_500 && json.len() > 500_000);

    let flag = CancelFlag::default();
    let stop = flag.clone();
    let stopped = console
        .export_session_json(&session, flag, move |done, _| {
            if done > 1_000 {
                stop.cancel();
            }
        })
        .await;
    assert_eq!(stopped.unwrap_err().code(), "cancelled");
}
