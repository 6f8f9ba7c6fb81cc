//! A log that ends because its control plane was restored, and the one that continues it. And clocks that jump.

use crate::{Desk, answer_to, to_runtime};
use caisey_control::endpoint::{Decision, Input, Predecessor, Successor, is_succeeded, read_page};
use caisey_control::port::{ConnId, RequestId};
use caisey_ledger::entry::Record;
use caisey_ledger::event::{Event, RunOutcome};
use caisey_ledger::id::{EndpointId, Seq, TimeMs};
use caisey_protocol::error::ErrorCode;
use caisey_protocol::runtime::ToRuntime;

const DAY: u64 = 86_400_000;

fn decision() -> Decision {
    Decision {
        by: "Ada\nOperator".into(),
        reason: "restored from a backup".into(),
    }
}

fn gaps(desk: &Desk) -> Vec<(String, u64, u64)> {
    let events = desk.plane.verified().into_iter().filter_map(|accepted| accepted.event);
    events
        .filter_map(|event| match event {
            Event::RecorderGap { cause, from_ms, to_ms } => Some((cause, from_ms, to_ms)),
            _ => None,
        })
        .collect()
}

#[test]
fn a_log_that_ends_says_so_once_and_sends_the_runtime_on() {
    let mut desk = Desk::new();
    desk.connect();
    let session = desk.open(1);
    let after = Successor {
        endpoint: EndpointId::from_bits([9; 16]),
        log: "caisey.test/org/ep".into(),
        records: Vec::<Record>::new(),
        checkpoint: "note".into(),
        decision: decision(),
    };
    desk.drop_connection();
    for _ in 0..2 {
        desk.batch(Input::SucceededBy(Box::new(after.clone())));
    }
    assert!(is_succeeded(&desk.plane.store).unwrap());
    let causes: Vec<String> = gaps(&desk).into_iter().map(|(cause, ..)| cause).collect();
    assert_eq!(causes, ["log_closed"]);
    assert_eq!(
        desk.plane.kinds().last().unwrap(),
        "recorder.gap",
        "sessions end before the log does"
    );
    // Nothing is added any more, and the runtime hears where its record goes on.
    let note = desk.person.chat(&desk.log(), desk.plane.time(), &session, "x");
    assert_eq!(desk.submit(note).unwrap_err().code, ErrorCode::Conflict);
    desk.conn = ConnId(50);
    desk.plane.alive.push(desk.conn);
    let effects = desk.batch(Input::RuntimeOpened(desk.conn));
    let ToRuntime::Challenge { nonce, .. } = to_runtime(&effects)[0].clone() else {
        panic!("a challenge")
    };
    let hello = desk.runtime.hello(&nonce);
    let effects = desk.message(hello);
    assert!(matches!(to_runtime(&effects)[0], ToRuntime::Succeeded { log, .. } if *log == after.log));
}

#[test]
fn a_log_that_continues_another_names_it_with_its_checkpoint() {
    let mut desk = Desk::new();
    let before = Predecessor {
        log: "caisey.test/org/before".into(),
        checkpoint: "the note\n".into(),
        decision: decision(),
    };
    for _ in 0..2 {
        desk.batch(Input::ContinuesFrom(Box::new(before.clone())));
    }
    let page = read_page(&desk.plane.store, Seq::default(), 9).unwrap().unwrap();
    assert_eq!(page.size, 2, "said once");
    let detail = page.records[1].disclosures["detail"].full_text().unwrap();
    assert!(
        detail.starts_with("predecessor: caisey.test/org/before\nby: Ada Operator\nreason: restored"),
        "{detail}"
    );
    assert!(detail.ends_with("the note\n"));
    assert!(!is_succeeded(&desk.plane.store).unwrap());
}

#[test]
fn the_hosts_clock_jumping_a_day_forward_is_noted_and_ends_nothing() {
    let mut desk = Desk::new();
    desk.connect();
    let session = desk.open(1);
    let action = desk.propose(&session, 1).unwrap();
    let expected = desk.plane.time();
    desk.plane.now += DAY;
    let effects = desk.batch(Input::ClockJumped(expected, desk.plane.time()));
    desk.pump(effects);
    assert_eq!(gaps(&desk), [("clock_jump".to_owned(), expected.get(), expected.get() + DAY)]);
    // The session is neither idle nor over, and its hour begins anew from where it was.
    desk.runtime.finish(desk.plane.time(), &action, RunOutcome::Exited);
    let sent = desk.runtime.send(9).unwrap();
    let effects = desk.message(sent);
    desk.pump(effects);
    assert!(!desk.plane.kinds().contains(&"session.closed".to_owned()));
    desk.second();
    assert!(desk.plane.deadline().unwrap().get() <= desk.plane.now + 3_600_000);
    // Back again: noted by the log's own end, once.
    let expected = desk.plane.time();
    desk.plane.now -= DAY;
    desk.batch(Input::ClockJumped(expected, desk.plane.time()));
    let causes: Vec<String> = gaps(&desk).into_iter().map(|(cause, ..)| cause).collect();
    assert_eq!(causes, ["clock_jump", "clock_jump"]);
    assert!(
        desk.plane.deadline().unwrap().get() <= desk.plane.now + 3_600_000,
        "nothing waits for a day"
    );
    // A log on which nobody is at work has nothing to compare.
    let mut idle = Desk::new();
    idle.plane.now += DAY;
    idle.batch(Input::ClockJumped(
        TimeMs::new(idle.plane.now - DAY).unwrap(),
        idle.plane.time(),
    ));
    assert!(gaps(&idle).is_empty());
}

/// An endpoint whose own clock is a day off is listened to, answered and given work like any other: its times are only what it says.
#[test]
fn an_endpoint_whose_clock_is_a_day_off_works_as_any_other() {
    for off in [DAY as i64, -(DAY as i64)] {
        let mut desk = Desk::new();
        desk.connect();
        let session = desk.open(1);
        let action = desk.propose(&session, 1).unwrap();
        let theirs = TimeMs::new(desk.plane.now.saturating_add_signed(off)).unwrap();
        desk.runtime.print(theirs, &action, "x\n");
        desk.runtime.finish(theirs, &action, RunOutcome::Exited);
        let sent = desk.runtime.send(9).unwrap();
        let effects = desk.message(sent);
        desk.pump(effects);
        assert!(desk.runtime.outbox.is_empty());
        desk.second();
        let close = desk.person.close(&desk.log(), desk.plane.time(), &session);
        desk.submit(close).unwrap();
        assert!(gaps(&desk).is_empty());
        let last = desk.plane.verified().pop().unwrap().entry;
        assert!(
            last.time_ms.get() <= desk.plane.now,
            "the log's times are the control plane's"
        );
        assert_eq!(desk.runtime.found, desk.runtime.next_counter());
        // Nor does its clock decide whether it can be reached.
        desk.requests += 1;
        let request = RequestId(desk.requests);
        let asked = desk.batch(Input::AskSendable(request));
        let answered = desk.pump(asked);
        assert!(answer_to(&answered, request).is_ok());
    }
}
