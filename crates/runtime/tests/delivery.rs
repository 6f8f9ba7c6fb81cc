//! Statements reach a control plane that is slow, forgetful, gone or dishonest: exactly once, in order, or not silently lost.

use crate::control::{Control, Manners};
use caisey_ledger::event::{Event, RunOutcome, Stream};
use caisey_protocol::runtime::ToRuntime;
use caisey_runtime::{Limits, Runtime, Status, waiting};
use std::time::Duration;

/// Prints its line numbers slowly enough to be cut many times.
const COUNTING: &str = "i=0; while [ $i -lt 60 ]; do echo line $i; i=$((i+1)); sleep 0.03; done";

fn counted() -> String {
    (0..60).map(|line| format!("line {line}\n")).collect()
}

#[tokio::test]
async fn dropped_connections_and_lost_acknowledgements_change_nothing() {
    for seed in 0..3 {
        let manners = Manners {
            drop_after: Some(4),
            ack_delay: Duration::from_millis(20),
            seed,
            ..Manners::default()
        };
        let control = Control::start(manners).await;
        let limits = Limits {
            flush_after: Duration::from_millis(20),
            ..Limits::default()
        };
        let (_dir, runtime) = control.endpoint(limits).await;
        let action = control.run(COUNTING);
        control.finished(&action).await;
        control.behave(Manners::default());
        let told = control.finished(&action).await;
        assert_eq!(told.stdout(), counted());
        assert_eq!(told.end(), (RunOutcome::Exited, Some(0), None));
        assert_eq!(told.kinds().iter().filter(|kind| *kind == "command.started").count(), 1);
        assert!(control.until("reconnections", |view| Some(view.connections())).await > 2);
        runtime.stop().await;
    }
}

#[tokio::test]
async fn what_is_printed_while_nobody_listens_is_delivered_later() {
    let control = Control::start(Manners::default()).await;
    let (_dir, runtime) = control.endpoint(Limits::default()).await;
    let action = control.run("echo before; sleep 1; echo during; sleep 0.2; echo after");
    control
        .until("the start", |view| {
            view.about(&action).stdout().contains("before").then_some(())
        })
        .await;
    control.behave(Manners {
        drop_after: Some(1),
        ..Manners::default()
    });
    control.cut();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    control.behave(Manners::default());
    assert_eq!(control.finished(&action).await.stdout(), "before\nduring\nafter\n");
    runtime.stop().await;
}

#[tokio::test]
async fn an_action_delivered_again_runs_once() {
    let control = Control::start(Manners::default()).await;
    let (dir, runtime) = control.endpoint(Limits::default()).await;
    let ran = dir.path().join("ran");
    runtime
        .status()
        .wait_for(|status| *status == Status::Connected)
        .await
        .unwrap();
    let action = control.next_action();
    let proposal = control.proposal(&action, &format!("echo x >> {}; sleep 0.3", ran.display()), |draft| draft);
    for _ in 0..5 {
        control.send(proposal.clone());
    }
    control.finished(&action).await;
    for _ in 0..3 {
        control.send(proposal.clone());
    }
    control
        .until("acceptances", |view| (view.accepted().len() >= 8).then_some(()))
        .await;
    runtime.stop().await;
    // Nor after a restart.
    let state = caisey_runtime::StateDir::open(dir.path().join("state")).unwrap();
    let runtime = Runtime::start(&state, Limits::default()).await.unwrap();
    control.send(proposal);
    control
        .until("one more acceptance", |view| (view.accepted().len() >= 9).then_some(()))
        .await;
    assert_eq!(std::fs::read_to_string(&ran).unwrap(), "x\n");
    runtime.stop().await;
}

#[tokio::test]
async fn the_endpoint_cosigns_what_it_found_and_only_further_on() {
    let control = Control::start(Manners::default()).await;
    let (dir, runtime) = control.endpoint(Limits::default()).await;
    control.done("for i in 1 2 3; do echo $i; sleep 0.3; done").await;
    control
        .until("cosignatures", |view| (view.cosigned().len() > 1).then_some(()))
        .await;
    runtime.stop().await;
    let state = caisey_runtime::StateDir::open(dir.path().join("state")).unwrap();
    let runtime = Runtime::start(&state, Limits::default()).await.unwrap();
    control.done("echo more").await;
    let all = control
        .until("the last", |view| {
            (view.cosigned().last() == Some(&(view.all().events.len() as u64))).then(|| view.cosigned().to_vec())
        })
        .await;
    assert!(all.is_sorted());
    runtime.stop().await;
}

#[tokio::test]
async fn acknowledged_statements_leave_the_disk_and_others_stay() {
    let control = Control::start(Manners {
        no_acks: true,
        ..Manners::default()
    })
    .await;
    let (dir, runtime) = control.endpoint(Limits::default()).await;
    let outbox = dir.path().join("state/outbox.db");
    control.done("echo kept").await;
    assert!(waiting(&outbox).unwrap().unwrap().statements >= 3);
    control.behave(Manners::default());
    control.cut();
    control.done("echo gone").await;
    let emptied = async {
        while waiting(&outbox).unwrap().unwrap().statements > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), emptied).await.unwrap();
    runtime.stop().await;
}

#[tokio::test]
async fn a_full_outbox_is_stated_and_new_actions_wait_for_room() {
    let control = Control::start(Manners {
        no_acks: true,
        ..Manners::default()
    })
    .await;
    let limits = Limits {
        outbox_bytes: 1 << 20,
        ..Limits::default()
    };
    let (_dir, runtime) = control.endpoint(limits).await;
    let flood = control.run("yes overflow | head -c 6000000");
    let mut running = runtime.running();
    running.wait_for(|count| *count > 0).await.unwrap();
    tokio::time::timeout(Duration::from_secs(60), running.wait_for(|count| *count == 0))
        .await
        .unwrap()
        .unwrap();
    let late = control.run("true");
    tokio::time::sleep(Duration::from_millis(500)).await;
    control.behave(Manners::default());
    control.cut();
    let told = control.finished(&flood).await;
    assert_eq!(told.end(), (RunOutcome::Exited, Some(0), None));
    let kept = told.output(Stream::Stdout).len() as u64;
    let omitted: u64 = told
        .events
        .iter()
        .map(|(event, _)| match event {
            Event::CommandOutputOmitted { omitted_bytes, .. } => *omitted_bytes,
            _ => 0,
        })
        .sum();
    assert_eq!(kept + omitted, 6_000_000);
    assert!(omitted > 4_000_000 && kept > 100_000, "kept {kept}, omitted {omitted}");
    assert_eq!(control.finished(&late).await.refusal(), "not_recorded");
    // What was acknowledged made room; the gap follows with the next commit.
    assert_eq!(control.done("echo again").await.stdout(), "again\n");
    let gaps = control
        .until("the gap", |view| Some(view.all().gaps()).filter(|gaps| !gaps.is_empty()))
        .await;
    assert_eq!(gaps, ["outbox_full"]);
    runtime.stop().await;
}

#[tokio::test]
async fn pings_are_answered() {
    let control = Control::start(Manners::default()).await;
    let (_dir, runtime) = control.endpoint(Limits::default()).await;
    let mut status = runtime.status();
    status.wait_for(|status| *status == Status::Connected).await.unwrap();
    control.done("true").await;
    control.tell(ToRuntime::Ping { nonce: 77 });
    control.until("a pong", |view| view.pongs().contains(&77).then_some(())).await;
    runtime.stop().await;
    control.until("goodbye", |view| view.said_goodbye().then_some(())).await;
}

#[tokio::test]
async fn a_log_that_goes_back_is_not_trusted_any_more() {
    let control = Control::start(Manners::default()).await;
    let (dir, runtime) = control.endpoint(Limits::default()).await;
    control.done("echo one").await;
    let outbox = dir.path().join("state/outbox.db");
    let emptied = async {
        while waiting(&outbox).unwrap().unwrap().statements > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), emptied).await.unwrap();
    control.shift_checkpoints(-1_000);
    let action = control.run("echo two");
    let mut status = runtime.status();
    let refused = tokio::time::timeout(
        Duration::from_secs(30),
        status.wait_for(|status| matches!(status, Status::Refused(_))),
    )
    .await;
    let Status::Refused(why) = refused.unwrap().unwrap().clone() else {
        panic!()
    };
    assert!(why.contains("went back"), "{why}");
    // What was not acknowledged properly is still here.
    let kept = async {
        while waiting(&outbox).unwrap().unwrap().statements == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), kept).await.unwrap();
    drop(action);
    runtime.stop().await;
}

#[tokio::test]
async fn a_removed_endpoint_stops_for_good() {
    let control = Control::start(Manners::default()).await;
    let (_dir, runtime) = control.endpoint(Limits::default()).await;
    control.done("true").await;
    control.tell(ToRuntime::Removed {});
    let mut status = runtime.status();
    tokio::time::timeout(Duration::from_secs(20), status.wait_for(|status| *status == Status::Removed))
        .await
        .unwrap()
        .unwrap();
    runtime.stop().await;
}
