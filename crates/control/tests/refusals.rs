//! Bad inputs: each gets its code, loses nothing, and leaves the log as it was.

use crate::{Desk, to_runtime};
use caisey_control::endpoint::Input;
use caisey_control::port::{Caller, ConnId, Effect, RequestId};
use caisey_ledger::disclosure::Disclosure;
use caisey_ledger::entry::{Actor, SignedStatement};
use caisey_ledger::event::{Event, Interpreter, SessionEnd, Stream};
use caisey_ledger::id::{ActionId, ClientId, Counter, OrganisationId, Seq, SessionId};
use caisey_ledger::statement::sign;
use caisey_ledger::text::TextSeed;
use caisey_protocol::error::ErrorCode;
use caisey_protocol::role::Role;
use caisey_protocol::runtime::{FromRuntime, ToRuntime};
use caisey_testkit::person::Person;
use caisey_testkit::runtime::Runtime;

fn session(number: u8) -> SessionId {
    SessionId::from_bits([number; 16])
}

fn seed(number: u8) -> TextSeed {
    TextSeed::from_bytes([number; 32])
}

fn refused(desk: &mut Desk, caller: Caller, said: SignedStatement, expected: ErrorCode, why: &str) {
    let before = desk.plane.records().len();
    let body = desk.submit_as(caller, said).expect_err(why);
    assert_eq!(body.code, expected, "{why}: {}", body.detail);
    assert_eq!(desk.plane.records().len(), before, "{why}");
}

#[test]
fn who_may_not_gets_nothing_into_the_log() {
    let mut desk = Desk::new();
    let (log, now) = (desk.log(), desk.plane.time());
    let good = desk.person.open(&log, now, &session(1));
    let caller = desk.person.caller();
    let stranger = Caller {
        organisation: OrganisationId::from_bits([9; 16]),
        ..caller.clone()
    };
    refused(&mut desk, stranger, good.clone(), ErrorCode::NotFound, "another organisation");
    for role in [Role::Dispatcher, Role::Auditor] {
        let lesser = Caller { role, ..caller.clone() };
        refused(
            &mut desk,
            lesser,
            good.clone(),
            ErrorCode::Forbidden,
            "a role that only reads",
        );
    }
    let contact = |client| Caller {
        role: Role::Contact,
        client,
        ..caller.clone()
    };
    refused(
        &mut desk,
        contact(Some(ClientId::from_bits([8; 16]))),
        good.clone(),
        ErrorCode::NotFound,
        "another client's contact",
    );
    refused(
        &mut desk,
        contact(None),
        good.clone(),
        ErrorCode::NotFound,
        "a contact of nobody",
    );
    let own_client = Some(desk.plane.identity.client.clone());
    refused(
        &mut desk,
        contact(own_client),
        good.clone(),
        ErrorCode::Forbidden,
        "a contact who would operate",
    );
    let without = Caller {
        device: None,
        ..caller.clone()
    };
    refused(
        &mut desk,
        without,
        good.clone(),
        ErrorCode::BadSignature,
        "an unregistered key",
    );
    let other = Person::new(77, &desk.plane.identity.organisation, Role::Technician);
    refused(
        &mut desk,
        other.caller(),
        good.clone(),
        ErrorCode::BadSignature,
        "somebody else's statement",
    );
    let mixed = Caller {
        device: other.caller().device,
        ..caller
    };
    refused(&mut desk, mixed, good, ErrorCode::BadSignature, "another device's key");
}

#[test]
fn altered_foreign_and_malformed_statements_are_refused() {
    let mut desk = Desk::new();
    let (log, now, key) = (desk.log(), desk.plane.time(), desk.person.key.clone());
    desk.open(1);
    let caller = desk.person.caller();
    let good = desk.person.chat(&log, now, &session(1), "hello");
    let changed = |change: &dyn Fn(&mut SignedStatement), resign: bool| {
        let mut said = good.clone();
        change(&mut said);
        if resign {
            said.signature = Some(sign(&said.statement, &key).unwrap());
        }
        said
    };
    let other_log = format!("{log}x");
    let text = |text: &str| Disclosure::Full {
        text: text.into(),
        seed: seed(1),
    };
    type Change<'a> = (&'a str, bool, ErrorCode, &'a dyn Fn(&mut SignedStatement));
    let changes: &[Change<'_>] = &[
        ("unknown version", true, ErrorCode::UnsupportedVersion, &|said| {
            said.statement.v = 2
        }),
        ("another log", true, ErrorCode::BadRequest, &|said| {
            said.statement.log.clone_from(&other_log)
        }),
        ("altered after signing", false, ErrorCode::BadSignature, &|said| {
            said.statement.session = Some(session(2))
        }),
        ("unknown kind", true, ErrorCode::BadRequest, &|said| {
            said.statement.kind = "chat.whisper".into()
        }),
        ("a kind of the control plane's", true, ErrorCode::BadRequest, &|said| {
            said.statement.kind = "action.authorised".into()
        }),
        ("facts that do not fit", true, ErrorCode::BadRequest, &|said| {
            drop(said.statement.facts.insert("a".into(), 1.into()))
        }),
        ("a counter", true, ErrorCode::BadRequest, &|said| {
            said.statement.counter = Some(Counter::default())
        }),
        ("no signature", false, ErrorCode::BadSignature, &|said| said.signature = None),
        ("no text", false, ErrorCode::BadRequest, &|said| said.disclosures.clear()),
        ("erased text", false, ErrorCode::BadRequest, &|said| {
            drop(said.disclosures.insert("message".into(), Disclosure::Erased {}))
        }),
        ("other text", false, ErrorCode::BadSignature, &|said| {
            drop(said.disclosures.insert("message".into(), text("bye")))
        }),
        ("surplus text", false, ErrorCode::BadRequest, &|said| {
            drop(said.disclosures.insert("more".into(), text("bye")))
        }),
        ("long text", false, ErrorCode::TooLarge, &|said| {
            drop(said.disclosures.insert("message".into(), text(&"x".repeat(16_385))))
        }),
        ("no session", true, ErrorCode::BadRequest, &|said| {
            said.statement.session = None
        }),
        ("unknown session", true, ErrorCode::NotFound, &|said| {
            said.statement.session = Some(session(2))
        }),
        ("for somebody else", true, ErrorCode::BadSignature, &|said| {
            said.statement.actor = Actor::Endpoint {
                id: caisey_ledger::id::EndpointId::from_bits([1; 16]),
            };
        }),
    ];
    for (why, resign, expected, change) in changes {
        refused(&mut desk, caller.clone(), changed(*change, *resign), *expected, why);
    }
    desk.submit(good).unwrap();
}

#[test]
fn proposals_are_bounded_and_belong_to_an_own_open_session() {
    let mut desk = Desk::new();
    desk.connect();
    let (log, now) = (desk.log(), desk.plane.time());
    desk.open(1);
    let action = ActionId::from_bits([1; 16]);
    let propose = |person: &Person, timeout_ms, model: Option<&str>, command: &str| {
        let event = Event::ActionProposed {
            interpreter: Interpreter::Sh,
            timeout_ms,
            model: model.map(str::to_owned),
        };
        let draft = person.draft(&log, now, &event).session(session(1)).action(action.clone());
        draft
            .text("command", command, seed(1))
            .text("reason", "to see", seed(2))
            .sign(&person.key)
            .unwrap()
    };
    let caller = desk.person.caller();
    let long = "x".repeat(caisey_protocol::MAX_COMMAND_BYTES + 1);
    for (timeout_ms, model, command, expected) in [
        (0, None, "uptime", ErrorCode::BadRequest),
        (86_400_001, None, "uptime", ErrorCode::BadRequest),
        (1_000, Some("model-7"), "uptime", ErrorCode::BadRequest),
        (1_000, None, long.as_str(), ErrorCode::TooLarge),
    ] {
        let said = propose(&desk.person, timeout_ms, model, command);
        refused(&mut desk, caller.clone(), said, expected, command);
    }
    let colleague = Person::new(78, &desk.plane.identity.organisation, Role::Technician);
    let theirs = propose(&colleague, 1_000, None, "uptime");
    refused(
        &mut desk,
        colleague.caller(),
        theirs,
        ErrorCode::Forbidden,
        "another member's session",
    );
    let event = Event::SessionClosed {
        reason: SessionEnd::Idle,
    };
    let idle = desk
        .person
        .draft(&log, now, &event)
        .session(session(1))
        .sign(&desk.person.key)
        .unwrap();
    refused(&mut desk, caller, idle, ErrorCode::BadRequest, "a console that says idle");
    let command = "x".repeat(caisey_protocol::MAX_COMMAND_BYTES);
    let said = propose(&desk.person, 86_400_000, None, &command);
    desk.submit(said).unwrap();
    assert_eq!(desk.runtime.runs, [action]);
}

#[test]
fn a_device_that_the_log_knows_otherwise_is_refused() {
    let mut desk = Desk::new();
    desk.open(1);
    let mut impostor = Person::new(79, &desk.plane.identity.organisation, Role::Technician);
    impostor.device = desk.person.device.clone();
    let said = impostor.open(&desk.log(), desk.plane.time(), &session(2));
    refused(
        &mut desk,
        impostor.caller(),
        said,
        ErrorCode::BadSignature,
        "a device identifier used twice",
    );
    desk.person.role = Role::Admin;
    desk.open(3);
    assert_eq!(
        desk.plane.kinds().iter().filter(|kind| *kind == "key.introduced").count(),
        2,
        "the new role is recorded"
    );
}

/// The error that the runtime is sent away with.
fn turned_away(effects: &[Effect], conn: ConnId) -> ErrorCode {
    assert!(effects.contains(&Effect::CloseRuntime { conn }), "{effects:?}");
    match to_runtime(effects).last() {
        Some(ToRuntime::Error(body)) => body.code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_the_enrolled_key_connects() {
    let mut desk = Desk::new();
    let conn = ConnId(41);
    let imposter = Runtime::new(99, &desk.runtime.endpoint, &desk.log());
    let hello = |desk: &mut Desk, from: &dyn Fn(&str) -> FromRuntime| {
        let effects = desk.batch(Input::RuntimeOpened(conn));
        let [ToRuntime::Challenge { nonce, .. }] = to_runtime(&effects)[..] else {
            panic!()
        };
        let message = from(nonce);
        turned_away(&desk.batch(Input::RuntimeMessage(conn, Box::new(message))), conn)
    };
    assert_eq!(hello(&mut desk, &|nonce| imposter.hello(nonce)), ErrorCode::BadSignature);
    let honest = Runtime::new(0, &desk.runtime.endpoint, &desk.log());
    let key = desk.runtime.key.clone();
    let mut honest = honest;
    honest.key = key;
    assert_eq!(hello(&mut desk, &|_| honest.hello("an old nonce")), ErrorCode::BadSignature);
    let with_version = |nonce: &str, new: u32| match honest.hello(nonce) {
        FromRuntime::Hello {
            endpoint,
            signature,
            runtime_version,
            next_counter,
            running,
            elevated,
            seen,
            ..
        } => FromRuntime::Hello {
            version: new,
            endpoint,
            signature,
            runtime_version,
            next_counter,
            running,
            elevated,
            seen,
        },
        other => other,
    };
    assert_eq!(
        hello(&mut desk, &|nonce| with_version(nonce, 2)),
        ErrorCode::UnsupportedVersion
    );
    assert_eq!(
        hello(&mut desk, &|_| FromRuntime::Pong { nonce: 1 }),
        ErrorCode::Unauthenticated
    );
    assert_eq!(
        hello(&mut desk, &|_| FromRuntime::Statements { statements: vec![] }),
        ErrorCode::Unauthenticated
    );
    // Nobody says anything.
    desk.batch(Input::RuntimeOpened(conn));
    desk.plane.now = desk.plane.deadline().unwrap().get();
    assert_eq!(
        turned_away(&desk.plane.batch(vec![Input::Wake]).unwrap(), conn),
        ErrorCode::Unauthenticated
    );
    assert_eq!(desk.plane.kinds(), ["endpoint.enrolled"]);
}

#[test]
fn connections_that_prove_nothing_are_few() {
    let mut desk = Desk::new();
    let mut closed = 0;
    for number in 0..100 {
        let effects = desk.batch(Input::RuntimeOpened(ConnId(1_000 + number)));
        closed += effects
            .iter()
            .filter(|effect| matches!(effect, Effect::CloseRuntime { .. }))
            .count();
        desk.plane.now += 1;
    }
    assert_eq!(closed, 84);
    desk.connect();
    assert_eq!(desk.plane.kinds().last().unwrap(), "endpoint.connected");
}

/// A connected desk whose runtime has one command running and everything acknowledged.
fn running() -> (Desk, ActionId) {
    let mut desk = Desk::new();
    desk.connect();
    desk.open(1);
    let action = desk.propose(&session(1), 1).unwrap();
    assert!(desk.runtime.outbox.is_empty());
    (desk, action)
}

#[test]
fn an_endpoints_statement_must_be_its_own_dense_and_whole() {
    let (mut desk, action) = running();
    desk.runtime.print(desk.plane.time(), &action, "output");
    let good = desk.runtime.outbox[0].clone();
    let key = desk.runtime.key.clone();
    let strangers_key = ed25519_dalek::SigningKey::from_bytes(&[5; 32]);
    type Change<'a> = (
        &'a str,
        Option<&'a ed25519_dalek::SigningKey>,
        ErrorCode,
        &'a dyn Fn(&mut SignedStatement),
    );
    let counter = |number| Counter::new(number);
    let changes: &[Change<'_>] = &[
        ("a gap", Some(&key), ErrorCode::Conflict, &|said| {
            said.statement.counter = counter(2)
        }),
        ("no counter", Some(&key), ErrorCode::BadRequest, &|said| {
            said.statement.counter = None
        }),
        ("another key", Some(&strangers_key), ErrorCode::BadSignature, &|_| {}),
        ("altered", None, ErrorCode::BadSignature, &|said| {
            said.statement.action = Some(ActionId::from_bits([9; 16]))
        }),
        ("another log", Some(&key), ErrorCode::BadRequest, &|said| {
            said.statement.log.push('x')
        }),
        ("the control plane's word", Some(&key), ErrorCode::BadRequest, &|said| {
            said.statement.kind = "action.authorised".into()
        }),
        ("no text", None, ErrorCode::BadRequest, &|said| said.disclosures.clear()),
        ("another endpoint", Some(&key), ErrorCode::BadRequest, &|said| {
            said.statement.actor = Actor::Endpoint {
                id: caisey_ledger::id::EndpointId::from_bits([9; 16]),
            };
        }),
        ("too long", None, ErrorCode::TooLarge, &|said| {
            said.disclosures.insert(
                "output".into(),
                Disclosure::Full {
                    text: "x".repeat(140_000),
                    seed: seed(1),
                },
            );
        }),
    ];
    for (why, key, expected, change) in changes {
        let mut said = good.clone();
        change(&mut said);
        if let Some(key) = key {
            said.signature = Some(sign(&said.statement, key).unwrap());
        }
        let before = desk.plane.records().len();
        let effects = desk.message(FromRuntime::Statements { statements: vec![said] });
        assert_eq!(turned_away(&effects, desk.conn), *expected, "{why}");
        assert_eq!(desk.plane.records().len(), before, "{why}");
    }
    // What was good before the bad one in the same frame is kept and acknowledged.
    desk.runtime.print(desk.plane.time(), &action, "more");
    let mut bad = desk.runtime.outbox[1].clone();
    bad.signature = Some(sign(&bad.statement, &strangers_key).unwrap());
    let effects = desk.message(FromRuntime::Statements {
        statements: vec![good.clone(), bad],
    });
    assert!(effects.contains(&Effect::CloseRuntime { conn: desk.conn }));
    let acked = to_runtime(&effects)
        .iter()
        .any(|message| matches!(message, ToRuntime::Acked { next_counter, .. } if next_counter.get() == 2));
    assert!(acked);
    // And again: no second entry.
    let size = desk.plane.records().len();
    let effects = desk.message(FromRuntime::Statements { statements: vec![good] });
    assert!(
        to_runtime(&effects)
            .iter()
            .any(|message| matches!(message, ToRuntime::Acked { .. }))
    );
    assert_eq!(desk.plane.records().len(), size);
}

#[test]
fn a_counter_used_again_with_other_bytes_is_refused_and_recorded_once() {
    let (mut desk, action) = running();
    let set_back = |output: &str| {
        let mut draft = desk.runtime.taken.clone();
        let about = draft.remove(&action).unwrap();
        let event = Event::CommandOutput {
            stream: Stream::Stdout,
            chunk: 0,
        };
        let actor = Actor::Endpoint {
            id: desk.runtime.endpoint.clone(),
        };
        let draft = caisey_ledger::statement::Draft::new(&desk.log(), desk.plane.time(), actor, &event).unwrap();
        let draft = draft
            .counter(Counter::default())
            .session(about)
            .action(action.clone())
            .text("output", output, seed(3));
        draft.sign(&desk.runtime.key).unwrap()
    };
    let statements = vec![set_back("one"), set_back("two")];
    for said in statements {
        let effects = desk.message(FromRuntime::Statements { statements: vec![said] });
        assert_eq!(turned_away(&effects, desk.conn), ErrorCode::Conflict);
    }
    let gaps: Vec<_> = desk
        .plane
        .verified()
        .into_iter()
        .filter(|entry| entry.entry.statement.kind == "recorder.gap")
        .collect();
    assert_eq!(gaps.len(), 1);
    assert!(matches!(&gaps[0].event, Some(Event::RecorderGap { cause, .. }) if cause == "counter_reused"));
}

#[test]
fn an_endpoints_word_changes_its_own_action_only_but_is_kept() {
    let (mut desk, action) = running();
    let unknown = ActionId::from_bits([9; 16]);
    // An action that nobody proposed, and one of another session than it says.
    desk.runtime.taken.insert(unknown.clone(), session(1));
    desk.runtime
        .finish(desk.plane.time(), &unknown, caisey_ledger::event::RunOutcome::Exited);
    desk.runtime.taken.insert(action.clone(), session(5));
    desk.runtime
        .finish(desk.plane.time(), &action, caisey_ledger::event::RunOutcome::Exited);
    let said = desk.runtime.send(10).unwrap();
    desk.message(said);
    assert_eq!(
        desk.plane.kinds().iter().filter(|kind| *kind == "command.finished").count(),
        2,
        "evidence is kept"
    );
    let close = desk.person.close(&desk.log(), desk.plane.time(), &session(1));
    assert_eq!(
        desk.submit(close).unwrap_err().code,
        ErrorCode::Conflict,
        "the action still runs"
    );
}

#[test]
fn nothing_but_enrolment_reaches_an_object_that_is_nobody() {
    use caisey_testkit::plane::Plane;
    let (identity, _) = caisey_testkit::runtime::identity(1);
    let mut plane = Plane::new(crate::SqliteStore::in_memory().unwrap(), identity.clone(), 1);
    let mut person = Person::new(2, &identity.organisation, Role::Owner);
    let said = person.open(&identity.log, plane.time(), &session(1));
    let inputs = vec![
        Input::RuntimeOpened(ConnId(1)),
        Input::WatchOpened(ConnId(2), Seq::default()),
        Input::Submit(RequestId(1), person.caller(), Box::new(said)),
        Input::AskSendable(RequestId(2)),
        Input::Remove(RequestId(3), person.caller()),
        Input::RecordingFailed("disk_full", plane.time()),
        Input::Wake,
    ];
    let effects = plane.batch(inputs).unwrap();
    assert_eq!(
        effects
            .iter()
            .filter(|effect| matches!(effect, Effect::Answer { answer: Err(body), .. } if body.code == ErrorCode::NotFound))
            .count(),
        3
    );
    assert!(plane.records().is_empty());
}
