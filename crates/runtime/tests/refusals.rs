//! What an endpoint will not do, and that it says so on record.

use crate::control::{Control, Manners};
use caisey_ledger::disclosure::Disclosure;
use caisey_ledger::entry::SignedStatement;
use caisey_ledger::event::RunOutcome;
use caisey_ledger::text::TextSeed;
use caisey_protocol::runtime::ToRuntime;
use caisey_runtime::Limits;

async fn refused(change: impl FnOnce(&mut SignedStatement)) -> String {
    let control = Control::start(Manners::default()).await;
    let (dir, runtime) = control.endpoint(Limits::default()).await;
    let action = control.next_action();
    let witness = dir.path().join("it-ran");
    let mut proposal = control.proposal(&action, &format!("touch {}", witness.display()), |draft| draft);
    change(&mut proposal);
    control.send(proposal);
    let code = control.finished(&action).await.refusal().to_owned();
    assert!(!witness.exists());
    runtime.stop().await;
    code
}

#[tokio::test]
async fn a_changed_command_never_runs() {
    let code = refused(|proposal| match proposal.disclosures.get_mut("command").unwrap() {
        Disclosure::Full { text, .. } => text.push_str("; true"),
        other => panic!("{other:?}"),
    });
    assert_eq!(code.await, "bad_signature");
}

#[tokio::test]
async fn a_changed_fact_never_runs() {
    let code = refused(|proposal| drop(proposal.statement.facts.insert("timeout_ms".to_owned(), 7.into())));
    assert_eq!(code.await, "bad_signature");
}

#[tokio::test]
async fn a_foreign_key_under_the_signature_never_runs() {
    let code =
        refused(|proposal| proposal.signature.as_mut().unwrap().key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned());
    assert_eq!(code.await, "bad_signature");
}

#[tokio::test]
async fn a_hidden_text_never_runs() {
    let code = refused(|proposal| drop(proposal.disclosures.remove("command")));
    assert_eq!(code.await, "bad_request");
}

#[tokio::test]
async fn bounds_are_checked() {
    let control = Control::start(Manners::default()).await;
    let (_dir, runtime) = control.endpoint(Limits::default()).await;
    for (command, cwd, code) in [
        ("x".repeat(40_000), "/", "too_large"),
        (String::new(), "/", "bad_request"),
        ("echo \0".to_owned(), "/", "bad_request"),
    ] {
        let action = control.next_action();
        control.send(control.proposal(&action, &command, |draft| {
            draft.text("cwd", cwd, TextSeed::from_bytes([4; 32]))
        }));
        assert_eq!(control.finished(&action).await.refusal(), code);
    }
    runtime.stop().await;
}

#[tokio::test]
async fn a_changed_log_never_runs_and_says_so() {
    // One byte of where the proposal says that it belongs, the signature as it was.
    let code = refused(|proposal| proposal.statement.log = proposal.statement.log.replace("test", "tesT"));
    assert_eq!(code.await, "wrong_log");
}

#[tokio::test]
async fn another_endpoints_proposal_never_runs_and_says_so() {
    let control = Control::start(Manners::default()).await;
    let (dir, runtime) = control.endpoint(Limits::default()).await;
    let (action, witness) = (control.next_action(), dir.path().join("it-ran"));
    let mut proposal = control.proposal(&action, &format!("touch {}", witness.display()), |draft| draft);
    proposal.statement.log = control.log.replace("test", "best");
    control.send(control.signed_anew(proposal));
    let told = control.finished(&action).await;
    assert_eq!(told.refusal(), "wrong_log");
    assert!(told.text("detail").contains("another endpoint"), "{}", told.text("detail"));
    assert!(!witness.exists());
    // The connection and everything else go on.
    assert_eq!(control.done("true").await.end().0, RunOutcome::Exited);
    runtime.stop().await;
}

#[tokio::test]
async fn more_than_the_limit_is_busy() {
    let control = Control::start(Manners::default()).await;
    let (_dir, runtime) = control
        .endpoint(Limits {
            running: 2,
            ..Limits::default()
        })
        .await;
    let long: Vec<_> = (0..2).map(|_| control.run("echo on; sleep 1000")).collect();
    for action in &long {
        control
            .until("a start", |view| {
                view.about(action)
                    .kinds()
                    .contains(&"command.started".to_owned())
                    .then_some(())
            })
            .await;
    }
    assert_eq!(control.done("true").await.refusal(), "busy");
    control.tell(ToRuntime::Cancel { action: long[0].clone() });
    control.finished(&long[0]).await;
    let mut running = runtime.running();
    running.wait_for(|count| *count < 2).await.unwrap();
    assert_eq!(control.done("true").await.end().0, RunOutcome::Exited);
    runtime.stop().await;
    assert_eq!(control.finished(&long[1]).await.end().0, RunOutcome::Cancelled);
    control.until("goodbye", |view| view.said_goodbye().then_some(())).await;
}

#[tokio::test]
async fn a_named_probe_that_may_do_more_than_read_is_refused() {
    let control = Control::start(Manners::default()).await;
    let (dir, runtime) = control.endpoint(Limits::default()).await;
    let witness = dir.path().join("it-ran");
    for probe in [
        format!("touch {}", witness.display()),
        "./look.sh".to_owned(),
        format!("ls > {}", witness.display()),
    ] {
        let action = control.next_action();
        control.send(control.proposal(&action, &format!("touch {}", witness.display()), |draft| {
            draft.text("probe", probe.clone(), TextSeed::from_bytes([4; 32]))
        }));
        let told = control.finished(&action).await;
        assert_eq!(told.refusal(), "probe_not_read_only");
        assert!(told.text("detail").contains("Name another probe"), "{}", told.text("detail"));
    }
    assert!(!witness.exists());
    runtime.stop().await;
}
