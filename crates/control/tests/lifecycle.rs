//! One endpoint's life, step by step: what is recorded, sent and answered.

use crate::{Desk, answer_to, to_runtime};
use caisey_control::endpoint::Input;
use caisey_control::port::{Answer, ConnId, DirectoryChange, Effect, RequestId};
use caisey_ledger::entry::Actor;
use caisey_ledger::event::{Event, RunOutcome};
use caisey_ledger::id::{ActionId, Seq};
use caisey_protocol::error::ErrorCode;
use caisey_protocol::http::EndpointState;
use caisey_protocol::role::Role;
use caisey_protocol::runtime::{FromRuntime, ToRuntime};
use caisey_protocol::watch::LogEvent;
use caisey_testkit::person::Person;

#[test]
fn a_command_from_enrolment_to_its_end() {
    let mut desk = Desk::new();
    desk.connect();
    let session = desk.open(1);
    let action = desk.propose(&session, 1).unwrap();
    desk.runtime.print(desk.plane.time(), &action, "Filesystem  Use%\n");
    desk.runtime.finish(desk.plane.time(), &action, RunOutcome::Exited);
    let sent = desk.runtime.send(10).unwrap();
    let effects = desk.message(sent);
    desk.pump(effects);
    assert!(desk.runtime.outbox.is_empty(), "everything is acknowledged");
    let close = desk.person.close(&desk.log(), desk.plane.time(), &session);
    desk.submit(close).unwrap();
    let expected = [
        "endpoint.enrolled",
        "endpoint.connected",
        "key.introduced",
        "session.opened",
        "action.proposed",
        "action.authorised",
        "command.started",
        "command.output",
        "command.finished",
        "session.closed",
    ];
    assert_eq!(desk.plane.kinds(), expected);
    assert!(desk.plane.is_idle(), "a connected endpoint without sessions is put away");
}

#[test]
fn the_same_bytes_again_are_one_entry_and_other_bytes_a_conflict() {
    let mut desk = Desk::new();
    desk.connect();
    let session = desk.open(1);
    let action = caisey_ledger::id::ActionId::from_bits([1; 16]);
    let said = desk
        .person
        .propose(&desk.log(), desk.plane.time(), &session, &action, "uptime");
    let first = desk.submit(said.clone()).unwrap();
    assert_eq!(desk.submit(said).unwrap(), first);
    let other = desk
        .person
        .propose(&desk.log(), desk.plane.time(), &session, &action, "reboot");
    assert_eq!(desk.submit(other).unwrap_err().code, ErrorCode::Conflict);
    let again = desk.person.open(&desk.log(), desk.plane.time(), &session);
    assert_eq!(desk.submit(again).unwrap_err().code, ErrorCode::Conflict);
    assert_eq!(desk.runtime.runs.len(), 1);
    for _ in 0..2 {
        let line = desk.person.chat(&desk.log(), desk.plane.time(), &session, "the same words");
        desk.submit(line).unwrap();
    }
    assert_eq!(desk.plane.kinds().iter().filter(|kind| *kind == "chat.message").count(), 2);
}

#[test]
fn without_a_runtime_a_proposal_is_recorded_refused_and_never_runs() {
    let mut desk = Desk::new();
    let session = desk.open(1);
    let action = caisey_ledger::id::ActionId::from_bits([1; 16]);
    let said = desk
        .person
        .propose(&desk.log(), desk.plane.time(), &session, &action, "uptime");
    for _ in 0..2 {
        assert_eq!(desk.submit(said.clone()).unwrap_err().code, ErrorCode::NotSendable);
    }
    assert_eq!(desk.plane.kinds()[3..], ["action.proposed", "action.refused"]);
    desk.connect();
    assert!(desk.runtime.runs.is_empty());
}

#[test]
fn a_lost_run_is_sent_again_in_time_and_expires_after() {
    for (away_ms, runs, last) in [(30_000, 2, "endpoint.connected"), (70_000, 1, "action.refused")] {
        let mut desk = Desk::new();
        desk.connect();
        let session = desk.open(1);
        let action = caisey_ledger::id::ActionId::from_bits([1; 16]);
        let said = desk
            .person
            .propose(&desk.log(), desk.plane.time(), &session, &action, "uptime");
        // The frame is lost with the connection.
        let effects = desk.batch(Input::Submit(RequestId(90), desk.person.caller(), Box::new(said)));
        let lost = to_runtime(&effects)
            .iter()
            .filter(|message| matches!(message, ToRuntime::Run { .. }))
            .count();
        assert_eq!(lost, 1);
        desk.drop_connection();
        desk.plane.now += away_ms;
        desk.connect();
        assert_eq!(desk.runtime.runs.len() + lost, runs);
        let kinds = desk.plane.kinds();
        let after: Vec<_> = kinds.iter().skip_while(|kind| *kind != "endpoint.disconnected").collect();
        assert!(after.iter().any(|kind| *kind == last), "{after:?}");
    }
}

#[test]
fn what_the_runtime_forgot_becomes_unknown_and_a_late_word_is_kept() {
    let mut desk = Desk::new();
    desk.connect();
    let session = desk.open(1);
    let action = desk.propose(&session, 1).unwrap();
    desk.runtime.crash(desk.plane.time());
    desk.drop_connection();
    desk.connect();
    assert!(
        !desk.plane.kinds().contains(&"action.unknown".to_owned()),
        "it has a moment to report"
    );
    // Meanwhile the runtime is shown what the log gained.
    desk.plane.now += 1_000;
    let shown = desk.batch(Input::Wake);
    desk.pump(shown);
    desk.plane.now += 4_000;
    assert_eq!(desk.plane.deadline(), Some(desk.plane.time()));
    desk.batch(Input::Wake);
    assert_eq!(desk.plane.kinds().last().unwrap(), "action.unknown");
    desk.runtime.finish(desk.plane.time(), &action, RunOutcome::Exited);
    let said = desk.runtime.send(10).unwrap();
    desk.message(said);
    assert_eq!(desk.plane.kinds().last().unwrap(), "command.finished");
}

#[test]
fn what_the_runtime_says_it_lost_is_unknown_at_once() {
    let mut desk = Desk::new();
    desk.connect();
    let session = desk.open(1);
    desk.propose(&session, 1).unwrap();
    desk.runtime.crash_and_report(desk.plane.time());
    desk.drop_connection();
    desk.connect();
    assert_eq!(desk.plane.kinds().last().unwrap(), "action.unknown");
    let close = desk.person.close(&desk.log(), desk.plane.time(), &session);
    desk.submit(close).unwrap();
}

#[test]
fn a_session_is_closed_only_when_nothing_runs_or_nobody_can_be_asked() {
    let mut desk = Desk::new();
    desk.connect();
    let session = desk.open(1);
    desk.propose(&session, 1).unwrap();
    let close = desk.person.close(&desk.log(), desk.plane.time(), &session);
    assert_eq!(desk.submit(close.clone()).unwrap_err().code, ErrorCode::Conflict);
    desk.drop_connection();
    desk.submit(close).unwrap();
    let kinds = desk.plane.kinds();
    assert_eq!(kinds[kinds.len() - 2..], ["action.unknown", "session.closed"]);
    let late = desk.propose(&session, 2).unwrap_err();
    assert_eq!(late.code, ErrorCode::Conflict);
}

#[test]
fn cancelling_reaches_the_runtime() {
    let mut desk = Desk::new();
    desk.connect();
    let session = desk.open(1);
    let action = desk.propose(&session, 1).unwrap();
    let cancel = desk.person.cancel(&desk.log(), desk.plane.time(), &session, &action);
    desk.submit(cancel.clone()).unwrap();
    desk.pump(Vec::new());
    let sent = desk.runtime.send(10);
    assert!(sent.is_none() && desk.runtime.alive.is_empty());
    assert_eq!(desk.plane.kinds().last().unwrap(), "command.finished");
    desk.submit(cancel).unwrap();
    let other = caisey_ledger::id::ActionId::from_bits([9; 16]);
    let unknown = desk.person.cancel(&desk.log(), desk.plane.time(), &session, &other);
    assert_eq!(desk.submit(unknown).unwrap_err().code, ErrorCode::NotFound);
}

#[test]
fn idle_sessions_end_and_say_so() {
    let mut desk = Desk::new();
    desk.open(1);
    let (at, session_open) = (desk.plane.deadline().unwrap(), !desk.plane.is_idle());
    assert!(session_open);
    desk.plane.now = at.get() - 1;
    desk.batch(Input::Wake);
    assert_eq!(desk.plane.kinds().last().unwrap(), "session.opened");
    desk.plane.now = at.get();
    desk.batch(Input::Wake);
    assert_eq!(desk.plane.kinds().last().unwrap(), "session.closed");
    assert_eq!(desk.plane.deadline(), None);
}

#[test]
fn a_newer_connection_takes_the_place_of_the_old_one() {
    let mut desk = Desk::new();
    desk.connect();
    let old = desk.conn;
    desk.runtime.disconnected();
    let effects = desk.connect();
    assert!(effects.contains(&Effect::CloseRuntime { conn: old }));
    // The old one's end is no news.
    desk.batch(Input::RuntimeClosed(old, caisey_ledger::event::DisconnectReason::Lost));
    assert_eq!(
        desk.plane.kinds()[1..],
        ["endpoint.connected", "endpoint.disconnected", "endpoint.connected"]
    );
}

#[test]
fn a_restarted_host_records_the_connection_as_lost() {
    let mut desk = Desk::new();
    desk.connect();
    desk.plane.put_away();
    desk.batch(Input::Wake);
    assert_eq!(
        desk.plane.kinds().last().unwrap(),
        "endpoint.connected",
        "the connection is alive, only the object was put away"
    );
    desk.plane.put_away();
    desk.plane.alive.clear();
    desk.runtime.disconnected();
    let session = caisey_ledger::id::SessionId::from_bits([1; 16]);
    let said = desk.person.open(&desk.log(), desk.plane.time(), &session);
    desk.submit(said).unwrap();
    assert_eq!(
        desk.plane.kinds()[2..4],
        ["endpoint.disconnected", "key.introduced"],
        "the connection is known to be gone before anything else"
    );
    assert_eq!(desk.propose(&session, 1).unwrap_err().code, ErrorCode::NotSendable);
    desk.connect();
    desk.plane.put_away();
    desk.runtime.disconnected();
    // The next host counts its connections from the same number on.
    desk.conn = ConnId(0);
    desk.connect();
    let kinds = desk.plane.kinds();
    assert_eq!(
        kinds[kinds.len() - 3..],
        ["endpoint.connected", "endpoint.disconnected", "endpoint.connected"]
    );
}

#[test]
fn an_agents_proposal_names_its_model_and_a_persons_none() {
    let mut desk = Desk::new();
    desk.connect();
    let session = desk.open(1);
    let action = ActionId::from_bits([7; 16]);
    let (log, now) = (desk.log(), desk.plane.time());
    let nameless = desk.person.propose_as_agent(&log, now, &session, &action, "df -h /", None);
    assert_eq!(desk.submit(nameless).unwrap_err().code, ErrorCode::BadRequest);
    let before = desk.plane.verified().len();
    let named = desk
        .person
        .propose_as_agent(&log, now, &session, &action, "df -h /", Some("example-model-3"));
    desk.submit(named).unwrap();
    let recorded = desk.plane.verified().remove(before).entry.statement;
    assert_eq!(recorded.kind, "action.proposed");
    assert!(matches!(recorded.actor, Actor::Agent { .. }), "{:?}", recorded.actor);
}

#[test]
fn sendable_is_asked_and_has_an_end() {
    let mut desk = Desk::new();
    let ask = |desk: &mut Desk, number| desk.batch(Input::AskSendable(RequestId(number)));
    let sendable = |effects: &[Effect], number| match answer_to(effects, RequestId(number)) {
        Ok(Answer::Sendable(answer)) => answer,
        other => panic!("{other:?}"),
    };
    let effects = ask(&mut desk, 101);
    assert_eq!(sendable(&effects, 101).why_not.as_deref(), Some("not connected"));
    desk.connect();
    let effects = ask(&mut desk, 102);
    let effects = desk.pump(effects);
    assert!(sendable(&effects, 102).sendable);
    ask(&mut desk, 103);
    desk.plane.now += 2_000;
    let effects = desk.batch(Input::Wake);
    assert_eq!(sendable(&effects, 103).why_not.as_deref(), Some("did not answer within 2 s"));
    ask(&mut desk, 104);
    let effects = desk.drop_connection();
    assert!(!sendable(&effects, 104).sendable);
}

#[test]
fn watchers_get_everything_once_and_no_more_than_they_take() {
    let mut desk = Desk::new();
    let watcher = ConnId(500);
    let mut seen = Vec::new();
    let take = |effects: &[Effect], seen: &mut Vec<_>| {
        let before = seen.len();
        for effect in effects {
            if let Effect::ToWatcher {
                event: LogEvent::Records { from, records, .. },
                ..
            } = effect
            {
                assert_eq!(from.get(), seen.len() as u64);
                seen.extend(records.iter().cloned());
            }
        }
        seen.len() - before
    };
    let effects = desk.batch(Input::WatchOpened(watcher, Seq::default()));
    assert_eq!(take(&effects, &mut seen), 1);
    let effects = desk.connect();
    assert_eq!(take(&effects, &mut seen), 0, "the first page was not taken yet");
    let effects = desk.batch(Input::WatchDrained(watcher));
    assert_eq!(take(&effects, &mut seen), 1);
    desk.batch(Input::WatchDrained(watcher));
    desk.requests += 1;
    let said = desk.person.open(
        &desk.log(),
        desk.plane.time(),
        &caisey_ledger::id::SessionId::from_bits([1; 16]),
    );
    let effects = desk.batch(Input::Submit(RequestId(1), desk.person.caller(), Box::new(said)));
    assert_eq!(take(&effects, &mut seen), 2);
    assert_eq!(seen, desk.plane.records());
    let effects = desk.batch(Input::WatchOpened(ConnId(501), Seq::new(1_000).unwrap()));
    assert!(effects.iter().any(|effect| matches!(
        effect,
        Effect::ToWatcher {
            event: LogEvent::Error(_),
            ..
        }
    )));
}

#[test]
fn erasing_destroys_the_text_and_leaves_the_proofs() {
    let mut desk = Desk::new();
    let session = desk.open(1);
    let line = desk
        .person
        .chat(&desk.log(), desk.plane.time(), &session, "my password is swordfish");
    let seq = desk.submit(line).unwrap();
    let watcher = ConnId(500);
    desk.batch(Input::WatchOpened(watcher, Seq::default()));
    let admin = Person::new(9, &desk.plane.identity.organisation, Role::Admin).caller();
    let erase = |desk: &mut Desk, number, caller: &caisey_control::port::Caller, name: &str| {
        let input = Input::Erase(
            RequestId(number),
            caller.clone(),
            seq,
            vec![name.into()],
            "GDPR article 17".into(),
        );
        let effects = desk.batch(input);
        (answer_to(&effects, RequestId(number)), effects)
    };
    let technician = desk.person.caller();
    assert_eq!(
        erase(&mut desk, 201, &technician, "message").0.unwrap_err().code,
        ErrorCode::Forbidden
    );
    assert_eq!(erase(&mut desk, 202, &admin, "note").0.unwrap_err().code, ErrorCode::NotFound);
    let (answer, effects) = erase(&mut desk, 203, &admin, "message");
    answer.unwrap();
    let told = LogEvent::Erased {
        seq,
        names: vec!["message".into()],
    };
    assert!(effects.contains(&Effect::ToWatcher {
        conn: watcher,
        event: told
    }));
    assert_eq!(
        erase(&mut desk, 204, &admin, "message").0.unwrap_err().code,
        ErrorCode::NotFound
    );
    assert!(desk.plane.records()[seq.get() as usize].disclosures.is_empty());
    assert_eq!(desk.plane.kinds().last().unwrap(), "text.erased");
}

#[test]
fn a_removed_endpoint_is_closed_for_good() {
    let mut desk = Desk::new();
    desk.connect();
    let session = desk.open(1);
    desk.propose(&session, 1).unwrap();
    let admin = Person::new(9, &desk.plane.identity.organisation, Role::Owner).caller();
    let effects = desk.batch(Input::Remove(RequestId(301), admin));
    answer_to(&effects, RequestId(301)).unwrap();
    assert!(to_runtime(&effects).contains(&&ToRuntime::Removed {}));
    let state = effects.iter().find_map(|effect| match effect {
        Effect::Directory(DirectoryChange::Endpoint(view)) => Some(view.state),
        _ => None,
    });
    assert_eq!(state, Some(EndpointState::Removing));
    let kinds = desk.plane.kinds();
    assert_eq!(
        kinds[kinds.len() - 4..],
        [
            "action.unknown",
            "session.closed",
            "endpoint.disconnected",
            "endpoint.removed"
        ]
    );
    desk.runtime.disconnected();
    desk.connect();
    assert!(desk.runtime.removed);
    let again = desk.person.open(
        &desk.log(),
        desk.plane.time(),
        &caisey_ledger::id::SessionId::from_bits([7; 16]),
    );
    assert_eq!(desk.submit(again).unwrap_err().code, ErrorCode::Conflict);
    assert_eq!(desk.plane.kinds().len(), kinds.len());
}

#[test]
fn a_clock_that_goes_back_a_day_is_noted_once_and_times_stay_in_order() {
    let mut desk = Desk::new();
    desk.open(1);
    desk.plane.now -= 86_400_000;
    desk.open(2);
    desk.plane.put_away();
    desk.open(3);
    let entries = desk.plane.verified();
    assert!(entries.windows(2).all(|pair| pair[0].entry.time_ms <= pair[1].entry.time_ms));
    let gaps: Vec<_> = entries
        .iter()
        .filter_map(|entry| entry.event.as_ref())
        .filter(|event| matches!(event, Event::RecorderGap { .. }))
        .collect();
    assert!(
        matches!(gaps[..], [Event::RecorderGap { cause, from_ms, to_ms }] if cause == "clock_jump" && to_ms - from_ms == 86_400_000)
    );
}

#[test]
fn a_runtime_that_says_goodbye_is_recorded_as_closed() {
    let mut desk = Desk::new();
    desk.connect();
    let effects = desk.message(FromRuntime::Goodbye {});
    assert!(effects.contains(&Effect::CloseRuntime { conn: desk.conn }));
    desk.drop_connection();
    let last = desk.plane.verified().pop().unwrap();
    let expected = Event::EndpointDisconnected {
        reason: caisey_ledger::event::DisconnectReason::Closed,
    };
    assert_eq!(last.event, Some(expected));
}
