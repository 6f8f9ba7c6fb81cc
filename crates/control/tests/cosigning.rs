//! Who cosigns, what is taken from whom, and how much of it is kept.

use crate::{Desk, answer_to, to_runtime};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use caisey_control::endpoint::{Input, prove_consistency, read_cosigned};
use caisey_control::port::{Answer, ConnId, Effect, RequestId};
use caisey_ledger::checkpoint::{Checkpoint, cosignature};
use caisey_ledger::event::RunOutcome;
use caisey_ledger::id::Seq;
use caisey_ledger::witness::{cosignature_line, split, witness_name};
use caisey_protocol::error::{ErrorBody, ErrorCode};
use caisey_protocol::http::{Cosign, CosignedPage};
use caisey_protocol::role::Role;
use caisey_protocol::runtime::{FromRuntime, Seen, ToRuntime};
use caisey_protocol::watch::LogEvent;
use caisey_testkit::person::Person;
use ed25519_dalek::Signer as _;

impl Desk {
    fn cosigned(&self, from: u64) -> CosignedPage {
        read_cosigned(&self.plane.store, from).unwrap()
    }

    fn size(&self) -> u64 {
        self.plane.records().len() as u64
    }

    fn note(&self, size: u64) -> String {
        prove_consistency(&self.plane.store, size, size).unwrap().unwrap().checkpoint
    }

    /// A second passes, and whatever waits for it happens.
    pub fn second(&mut self) {
        self.plane.now += 1_000;
        let effects = self.batch(Input::Wake);
        self.pump(effects);
    }

    fn offer(&mut self, person: &Person, offered: Cosign) -> Result<CosignedPage, ErrorBody> {
        self.requests += 1;
        let request = RequestId(self.requests);
        let effects = self.batch(Input::Cosign(request, person.caller(), Box::new(offered)));
        answer_to(&effects, request).map(|answer| match answer {
            Answer::Cosigned(page) => page,
            other => panic!("{other:?}"),
        })
    }

    fn by(&self, person: &Person, size: u64) -> Cosign {
        let (device, key) = person.caller().device.unwrap();
        let name = witness_name(&self.log(), device.as_str()).unwrap();
        let public = person.key.verifying_key().to_bytes();
        let sign = |message: &[u8]| person.key.sign(message).to_bytes();
        Cosign {
            version: 1,
            size,
            key,
            cosignature: cosignature_line(&self.note(size), &name, &public, 5, sign).unwrap(),
        }
    }
}

fn endpoint_signed(desk: &Desk, note: &str) -> bool {
    let name = witness_name(&desk.log(), desk.runtime.endpoint.as_str()).unwrap();
    let key = desk.runtime.key.verifying_key().to_bytes();
    cosignature(note, &name, &key).unwrap().is_some()
}

#[test]
fn the_endpoint_cosigns_at_its_hello_once_a_second_and_when_a_session_ends() {
    let mut desk = Desk::new();
    desk.connect();
    assert_eq!(desk.runtime.cosigned, [2]);
    let page = desk.cosigned(0);
    assert_eq!(page.checkpoints[0].witnesses[0].who, "FRONT-DESK-2");
    assert!(endpoint_signed(&desk, &page.checkpoints[0].note));
    let session = desk.open(1);
    let action = desk.propose(&session, 1).unwrap();
    assert_eq!(desk.runtime.cosigned.len(), 1, "not with every entry");
    assert_eq!(desk.plane.deadline().map(|due| due.get()), Some(desk.plane.now + 1_000));
    desk.second();
    assert_eq!(desk.runtime.cosigned.last(), Some(&desk.size()));
    // The object is put away and loaded again while the runtime stays connected.
    desk.plane.put_away();
    let now = desk.plane.time();
    desk.runtime.print(now, &action, "Use%\n");
    desk.runtime.finish(now, &action, RunOutcome::Exited);
    let sent = desk.runtime.send(10).unwrap();
    let effects = desk.message(sent);
    desk.pump(effects);
    desk.second();
    assert_eq!(desk.runtime.cosigned.last(), Some(&desk.size()));
    let close = desk.person.close(&desk.log(), desk.plane.time(), &session);
    desk.submit(close).unwrap();
    assert_eq!(
        desk.runtime.cosigned.last(),
        Some(&desk.size()),
        "the session's end is not waited for"
    );
    assert_eq!(desk.runtime.found, desk.runtime.next_counter());
    assert!(desk.plane.is_idle());
    // Later cosignatures replace each other, the one that covers the session's end stays.
    let end = desk.size();
    for number in 2..12 {
        let session = desk.open(number);
        desk.second();
        let _ = session;
    }
    let sizes: Vec<u64> = desk
        .cosigned(0)
        .checkpoints
        .iter()
        .map(|cosigned| Checkpoint::read(&cosigned.note).unwrap().size)
        .collect();
    assert_eq!(sizes.len(), 5, "{sizes:?}");
    assert_eq!(sizes[0], end);
    assert_eq!(desk.cosigned(end + 1).checkpoints.len(), 4);
}

#[test]
fn a_runtime_that_saw_nothing_is_shown_everything_in_bounded_pieces() {
    let mut desk = Desk::new();
    desk.connect();
    let session = desk.open(1);
    for _ in 0..5_000 {
        let said = desk.person.chat(&desk.log(), desk.plane.time(), &session, "still here");
        let caller = desk.person.caller();
        desk.requests += 1;
        desk.plane
            .batch(vec![Input::Submit(RequestId(desk.requests), caller, Box::new(said))])
            .unwrap();
    }
    desk.drop_connection();
    desk.runtime.tree = caisey_ledger::tree::Frontier::new();
    desk.runtime.found = 0;
    desk.connect();
    assert_eq!(desk.runtime.tree.size(), desk.size());
    // What is behind the runtime's own tree is never shown again.
    let effects = desk.message(FromRuntime::Show(Seen {
        size: desk.size() + 7,
        ..Seen::default()
    }));
    let shown = to_runtime(&effects);
    assert!(matches!(shown[..], [ToRuntime::Grown { from, leaves, .. }] if *from == desk.size() && leaves.is_empty()));
}

#[test]
fn a_console_cosigns_and_everybody_who_watches_sees_it() {
    let mut desk = Desk::new();
    desk.connect();
    let watcher = ConnId(900);
    desk.batch(Input::WatchOpened(watcher, Seq::default()));
    let person = Person::new(7, &desk.plane.identity.organisation, Role::Auditor);
    let offered = desk.by(&person, 2);
    desk.requests += 1;
    let request = RequestId(desk.requests);
    let effects = desk.batch(Input::Cosign(request, person.caller(), Box::new(offered.clone())));
    let seen = effects.iter().find_map(|effect| match effect {
        Effect::ToWatcher {
            conn,
            event: LogEvent::Cosigned(cosigned),
        } if *conn == watcher => Some(cosigned.clone()),
        _ => None,
    });
    let seen = seen.expect("the watcher is told");
    assert_eq!(seen.witnesses.len(), 2);
    assert_eq!(split(&seen.note).unwrap().1.len(), 2);
    assert!(endpoint_signed(&desk, &seen.note));
    // Again changes nothing, and the answer is what is known.
    let page = desk.offer(&person, offered).unwrap();
    assert_eq!(page.checkpoints, [seen]);
}

#[test]
fn cosignatures_that_do_not_hold_or_are_nobodys_are_refused() {
    let mut desk = Desk::new();
    desk.connect();
    let organisation = desk.plane.identity.organisation.clone();
    let person = Person::new(7, &organisation, Role::Technician);
    let other = Person::new(8, &organisation, Role::Technician);
    let good = desk.by(&person, 2);
    let code = |desk: &mut Desk, person: &Person, offered: Cosign| desk.offer(person, offered).unwrap_err().code;
    let with = |change: &dyn Fn(&mut Cosign)| {
        let mut offered = good.clone();
        change(&mut offered);
        offered
    };
    assert_eq!(
        code(&mut desk, &other, good.clone()),
        ErrorCode::BadSignature,
        "another's key"
    );
    assert_eq!(code(&mut desk, &person, with(&|it| it.size = 1)), ErrorCode::BadSignature);
    assert_eq!(code(&mut desk, &person, with(&|it| it.size = 77)), ErrorCode::Conflict);
    assert_eq!(code(&mut desk, &person, with(&|it| it.size = u64::MAX)), ErrorCode::Conflict);
    assert_eq!(
        code(&mut desk, &person, with(&|it| it.version = 9)),
        ErrorCode::UnsupportedVersion
    );
    for wrong in ["", "\n", "x\n", "— a b\n"] {
        assert_eq!(
            code(&mut desk, &person, with(&|it| it.cosignature = wrong.into())),
            ErrorCode::BadSignature
        );
    }
    assert_eq!(
        code(&mut desk, &person, with(&|it| it.cosignature = it.cosignature.repeat(2))),
        ErrorCode::BadSignature
    );
    let stranger = Person::new(9, &caisey_ledger::id::OrganisationId::from_bits([9; 16]), Role::Owner);
    let theirs = desk.by(&stranger, 2);
    assert_eq!(code(&mut desk, &stranger, theirs), ErrorCode::NotFound);
    let dispatcher = Person::new(10, &organisation, Role::Dispatcher);
    if !Role::Dispatcher.may(caisey_protocol::role::Permission::ReadRecords) {
        let theirs = desk.by(&dispatcher, 2);
        assert_eq!(code(&mut desk, &dispatcher, theirs), ErrorCode::Forbidden);
    }
    // A runtime whose cosignature does not hold is turned away.
    let effects = desk.message(FromRuntime::Cosigned {
        size: 2,
        cosignature: STANDARD.encode([1; 40]),
    });
    let turned_away = |message: &&ToRuntime| matches!(message, ToRuntime::Error(body) if body.code == ErrorCode::BadSignature);
    assert!(to_runtime(&effects).iter().any(turned_away));
    assert_eq!(desk.cosigned(0).checkpoints[0].witnesses.len(), 1);
}
