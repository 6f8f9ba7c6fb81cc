//! Handing over from the cache: packs that anybody can check, answers, tables; with the network unplugged.

use crate::plane::{Plane, small_log};
use crate::ports::{MemoryKeyStore, open};
use caisey_console::facade::{HandOver, Leaving, Question};
use caisey_console::view::{AuditPreset, RecordOf, ReviewState, Shown, TextPoint};
use caisey_transcript::audit::{Preset, Verdict};
use caisey_transcript::policy::Policy;
use caisey_transcript::verify::verify;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test]
async fn a_session_and_a_period_are_packed_asked_and_audited_offline() {
    let (log, session) = small_log(1);
    let (origin, key) = (log.origin(), log.control_key());
    let plane = Plane::start(vec![log]).await;
    let folder = tempfile::tempdir().unwrap();
    let console = open(folder.path(), &Arc::new(MemoryKeyStore::default())).await;
    plane.sign_in(&console).await;
    console.wait_synchronised(None, Duration::from_secs(10)).await.unwrap();
    plane.stop().await;
    let policy = Policy::of_control(origin.split('/').next().unwrap(), key);
    let period = Question::Period {
        endpoints: Vec::new(),
        from_ms: 0,
        to_ms: 4_000_000_000_000,
    };
    for question in [Question::Session(session.to_string()), period] {
        let (snapshot, transcript) = console.transcript(&question).await.unwrap();
        assert!(
            transcript
                .rows
                .iter()
                .any(|row| row.what.contains("cat /srv/payroll/readme.txt"))
        );
        let wanted = HandOver {
            ask: vec!["*payroll*".to_owned()],
            scrub: true,
            ..HandOver::default()
        };
        let bytes = console.evidence_pack(&question, wanted).await.unwrap();
        let verified = verify(&bytes, Some(&policy));
        assert_eq!(verified.findings.failures(), Vec::<&str>::new(), "{:#?}", verified.findings);
        let record = verified.record.unwrap();
        assert_eq!((record.snapshot, record.certificates.len()), (snapshot, 1));
        let (certificate, envelope, snapshot) = console.certify(&question, "*payroll*").await.unwrap();
        assert!(!certificate.matched.is_empty());
        assert!(caisey_transcript::certificate::Certificate::open(&envelope, &snapshot).is_ok());
        let table = console.audit(&question, Preset::Sox).await.unwrap();
        assert_eq!(table.lines.len(), 2);
        assert!(
            table.lines.iter().all(|line| line.verdict == Verdict::AutomaticUnderPolicy),
            "{table:?}"
        );
    }
}

fn session_of(session: &str) -> RecordOf {
    RecordOf::Session {
        session: session.to_owned(),
    }
}

/// A console that was signed in once, with the control plane gone since; the session, and who may believe it.
async fn offline(folder: &std::path::Path) -> (caisey_console::Console, String, Policy) {
    let (log, session) = small_log(1);
    let policy = Policy::of_control(log.origin().split('/').next().unwrap(), log.control_key());
    let plane = Plane::start(vec![log]).await;
    let console = open(folder, &Arc::new(MemoryKeyStore::default())).await;
    plane.sign_in(&console).await;
    console.wait_synchronised(None, Duration::from_secs(10)).await.unwrap();
    plane.stop().await;
    (console, session.to_string(), policy)
}

#[tokio::test]
async fn what_was_on_the_screen_is_counted_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (console, session, _) = offline(folder.path()).await;
    let draft = console.open_draft(session_of(&session)).await.unwrap();
    assert_eq!((draft.state, draft.coverage.seen), (ReviewState::Draft, 0));
    let rows = console.draft_rows(&draft.draft, 0, 500).await.unwrap();
    assert_eq!(rows.len(), draft.rows as usize);
    assert!(rows.iter().all(|row| !row.seen));
    let shown = |row, ms| Shown { row, ms };
    // Too short to be read; and more than the time that can have passed.
    let view = console
        .draft_shown(&draft.draft, &[shown(0, 120), shown(1, u32::MAX)])
        .await
        .unwrap();
    assert_eq!(
        (view.seen, view.next, view.runs.as_slice()),
        (1, Some(0), [(1, 1)].as_slice())
    );
    assert!(view.shown_ms <= 5_000, "{view:?}");
    let view = console.draft_shown(&draft.draft, &[shown(0, 400)]).await.unwrap();
    assert_eq!((view.seen, view.runs.as_slice()), (2, [(0, 1)].as_slice()));
    console.close_draft(&draft.draft).await.unwrap();
    assert!(console.draft_rows(&draft.draft, 0, 1).await.is_err());
    let again = console.open_draft(session_of(&session)).await.unwrap();
    assert_eq!((again.coverage.seen, again.digest), (2, draft.digest));
    assert!(
        console.review_draft(&again.draft, None).await.is_err(),
        "nobody can be told offline"
    );
    assert!(console.review_draft(&again.draft, Some("  ".to_owned())).await.is_err());
}

#[tokio::test]
async fn a_person_settles_what_leaves_and_that_is_what_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let (console, session, policy) = offline(folder.path()).await;
    let draft = console.open_draft(session_of(&session)).await.unwrap().draft;
    console.scrub_draft(&draft).await.unwrap();
    let rows = console.draft_rows(&draft, 0, 500).await.unwrap();
    let command = |row: &&caisey_console::view::DraftRow| {
        row.texts
            .iter()
            .any(|text| text.name == "command" && text.pieces.iter().any(|piece| piece.text.contains("payroll")))
    };
    let row = rows.iter().find(command).unwrap().row;
    let words = "cat /srv/payroll/readme.txt";
    let at = |at: usize| TextPoint {
        at: 0,
        units: u32::try_from(at).unwrap(),
    };
    let hide = |from: usize, to: usize| console.hide_in_draft(&draft, row, "command", (at(from), at(to)), "document");
    let refused = hide(0, 3).await.unwrap_err().to_string();
    assert!(refused.contains("“cat” stays") && refused.contains("verbs"), "{refused}");
    assert!(hide(4, 4).await.is_err());
    let before = console.scrub_draft(&draft).await.unwrap();
    let view = hide(0, words.len()).await.unwrap();
    assert!(view.rows.contains(&row));
    assert!(
        view.classes
            .iter()
            .any(|class| class.class == "document" && class.removals >= 1),
        "{view:?}"
    );
    let shown = console.draft_rows(&draft, row, 1).await.unwrap();
    let text = shown
        .first()
        .unwrap()
        .texts
        .iter()
        .find(|text| text.name == "command")
        .unwrap()
        .clone();
    let left: String = text
        .pieces
        .iter()
        .filter(|piece| piece.removal.is_none())
        .map(|piece| piece.text.as_str())
        .collect();
    assert_eq!(left, "cat");
    let pack = console
        .pack_draft(
            &draft,
            Leaving {
                scrubbed: true,
                ask: vec!["*payroll*".to_owned()],
            },
        )
        .await
        .unwrap();
    let verified = verify(&pack, Some(&policy));
    assert_eq!(verified.findings.failures(), Vec::<&str>::new(), "{:#?}", verified.findings);
    let record = verified.record.unwrap();
    assert_eq!(record.redactions.spans.len() as u64, view.removals);
    assert!(
        !String::from_utf8_lossy(&pack).contains("payroll/readme"),
        "what was hidden left"
    );
    // Shown again, with a reason.
    let removal = text.pieces.iter().find_map(|piece| piece.removal.clone()).unwrap();
    assert!(console.show_in_draft(&draft, row, "command", removal.at, " ").await.is_err());
    let view = console
        .show_in_draft(&draft, row, "command", removal.at, "the client agrees")
        .await
        .unwrap();
    assert_eq!(view.restored.last().unwrap().reason, "the client agrees");
    assert!(view.removals <= before.removals);
    // The reason leaves with the record, under the reviewer's name.
    let leaving = Leaving {
        scrubbed: true,
        ask: Vec::new(),
    };
    let pack = console.pack_draft(&draft, leaving).await.unwrap();
    let verified = verify(&pack, Some(&policy));
    assert_eq!(verified.findings.failures(), Vec::<&str>::new(), "{:#?}", verified.findings);
    let restored = verified.record.unwrap().release.unwrap().restored;
    let last = restored.last().unwrap();
    assert_eq!((last.reason.as_str(), last.text.as_str()), ("the client agrees", "command"));
    assert_eq!(restored.len(), view.restored.len());
}

#[tokio::test]
async fn an_answer_has_three_parts_and_a_table_says_who_allowed_what() {
    let folder = tempfile::tempdir().unwrap();
    let (console, session, _) = offline(folder.path()).await;
    let answer = console.ask_negative(session_of(&session), "*payroll*").await.unwrap();
    assert!(
        !answer.matched.is_empty() && answer.matched.iter().all(|row| row.words.contains("payroll")),
        "{answer:?}"
    );
    assert!(answer.sentences.iter().all(|sentence| sentence.ends_with('.')));
    let none = console.ask_negative(session_of(&session), "*crown-jewels*").await.unwrap();
    assert!(none.matched.is_empty() && none.sentences[1].starts_with("No command") && none.complete[0].entries > 0);
    let refused = console.ask_negative(session_of(&session), "*").await.unwrap_err().to_string();
    assert!(refused.starts_with("A pattern needs"), "{refused}");
    let table = console.audit_view(session_of(&session), AuditPreset::Hipaa).await.unwrap();
    assert_eq!((table.total, table.controls.len()), (2, 6));
    // Its lines again, one at a time and beyond the end.
    let of = || session_of(&session);
    for (at, line) in (0..).zip(&table.lines) {
        let rows = console.audit_rows(of(), AuditPreset::Hipaa, at, 1).await.unwrap();
        assert_eq!(rows, std::slice::from_ref(line));
    }
    assert!(console.audit_rows(of(), AuditPreset::Hipaa, 2, 10).await.unwrap().is_empty());
    let other = console.audit_rows(of(), AuditPreset::None, 0, 10).await.unwrap();
    assert!(
        other.len() == 2 && other.iter().all(|line| line.controls.is_empty()),
        "{other:?}"
    );
    assert!(
        table.lines.iter().all(|line| line
            .authority
            .iter()
            .any(|by| by.starts_with("Allowed without asking by policy"))),
        "{table:?}"
    );
}
