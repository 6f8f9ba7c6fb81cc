//! Whatever is changed, dropped, swapped, repeated, added or taken from elsewhere is detected, and the verifier says what it found.

use crate::story::{Story, technician};
use caisey_ledger::disclosure::Disclosure;
use caisey_ledger::entry::{Actor, Record};
use caisey_ledger::event::{Event, Stream};
use caisey_ledger::fault::Fault;
use caisey_ledger::id::{Counter, Seq, TimeMs};
use caisey_ledger::statement::Draft;
use caisey_ledger::text::TextSeed;
use caisey_ledger::verify::{Coverage, LogVerifier};
use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use std::sync::LazyLock;

static STORY: LazyLock<Story> = LazyLock::new(Story::every_kind);

/// What a console finds when it is given these records and the honest checkpoint: nothing, or the first fault's code.
fn verdict(records: &[Record]) -> Result<(), &'static str> {
    let mut verifier = LogVerifier::new(&STORY.log);
    if let Some(fault) = verifier.accept_batch(records).fault {
        assert!(!fault.to_string().is_empty());
        return Err(fault.code());
    }
    match verifier.check_checkpoint(&STORY.note(), &STORY.public_key()) {
        Ok(Coverage::Exact(_)) => Ok(()),
        Ok(Coverage::Ahead(_)) => Err("truncated"),
        Ok(Coverage::Behind(_)) => Err("appended"),
        Err(fault) => Err(fault.code()),
    }
}

#[test]
fn the_honest_log_is_accepted() {
    assert_eq!(verdict(&STORY.records), Ok(()));
}

#[test]
fn dropped_swapped_and_repeated_entries_are_named() {
    let size = STORY.records.len();
    for at in 0..size - 1 {
        let mut dropped = STORY.records.clone();
        dropped.remove(at);
        assert_eq!(verdict(&dropped), Err("dropped"), "{at}");
        let mut swapped = STORY.records.clone();
        swapped.swap(at, at + 1);
        assert_eq!(verdict(&swapped), Err("reordered"), "{at}");
        let mut repeated = STORY.records.clone();
        repeated.insert(at + 1, repeated[at].clone());
        assert_eq!(verdict(&repeated), Err("duplicate"), "{at}");
    }
    assert_eq!(verdict(&STORY.records[..size - 1]), Err("truncated"));
    assert_eq!(verdict(&STORY.records[..1]), Err("truncated"));
}

#[test]
fn an_entry_that_the_control_plane_adds_is_seen_at_the_checkpoint() {
    let mut records = STORY.records.clone();
    let event = Event::EndpointRemoved { member: technician().0 };
    let draft = Draft::new(&STORY.log, TimeMs::new(1).unwrap(), Actor::Control {}, &event).unwrap();
    let seq = Seq::new(records.len() as u64).unwrap();
    records.push(draft.unsigned().unwrap().into_record(seq, TimeMs::new(1).unwrap()).unwrap());
    assert_eq!(verdict(&records), Err("appended"));
}

/// An output that this key signs with this counter, at place `seq`.
fn output(seq: u64, counter: u64, key: &SigningKey, log: &str) -> Record {
    let event = Event::CommandOutput {
        stream: Stream::Stdout,
        chunk: 0,
    };
    let draft = Draft::new(
        log,
        TimeMs::new(1).unwrap(),
        Actor::Endpoint {
            id: crate::story::endpoint_id(),
        },
        &event,
    )
    .unwrap();
    let draft = draft
        .session(crate::story::session())
        .action(crate::story::action(1))
        .counter(Counter::new(counter).unwrap());
    let signed = draft
        .text("output", "forged", TextSeed::from_bytes([9; 32]))
        .sign(key)
        .unwrap();
    signed.into_record(Seq::new(seq).unwrap(), TimeMs::new(1).unwrap()).unwrap()
}

#[test]
fn the_control_plane_can_neither_invent_nor_drop_an_output() {
    let story = Story::begun();
    let begun = || {
        let mut verifier = LogVerifier::new(&story.log);
        assert!(verifier.accept_batch(&story.records).fault.is_none());
        verifier
    };
    let size = story.records.len() as u64;
    let accept = |record: Record| begun().accept(&record).map(|_| ());
    accept(output(size, 1, &story.endpoint, &story.log)).unwrap();
    let code = |record| accept(record).unwrap_err().code();
    assert_eq!(code(output(size, 1, &story.control, &story.log)), "unknown_key");
    assert_eq!(code(output(size, 1, &story.technician, &story.log)), "unknown_key");
    assert_eq!(code(output(size, 2, &story.endpoint, &story.log)), "counter_gap");
    assert_eq!(code(output(size, 0, &story.endpoint, &story.log)), "counter_repeated");
    assert_eq!(
        code(output(size, 1, &story.endpoint, "caisey.example/elsewhere")),
        "wrong_log"
    );
    assert_eq!(code(output(size + 1, 1, &story.endpoint, &story.log)), "dropped");
    // Signed by the right key, then given another statement.
    let mut altered = output(size, 1, &story.endpoint, &story.log);
    altered.leaf = altered.leaf.replace("\"chunk\":0", "\"chunk\":1");
    assert_eq!(code(altered), "bad_signature");
}

#[test]
fn removed_endpoints_and_unknown_devices_are_not_believed() {
    let mut verifier = LogVerifier::new(&STORY.log);
    assert!(verifier.accept_batch(&STORY.records).fault.is_none());
    let late = output(verifier.size(), verifier.next_counter(), &STORY.endpoint, &STORY.log);
    assert!(matches!(verifier.accept(&late), Err(Fault::UnknownKey { .. })));
    // The contact's key does not speak for the technician.
    let mut verifier = LogVerifier::new(&STORY.log);
    assert!(verifier.accept_batch(&STORY.records[..4]).fault.is_none());
    let (id, device) = technician();
    let draft = Draft::new(
        &STORY.log,
        TimeMs::new(1).unwrap(),
        Actor::Member { id, device },
        &Event::NoteAdded {},
    )
    .unwrap();
    let signed = draft
        .text("note", "I", TextSeed::from_bytes([1; 32]))
        .sign(&STORY.contact)
        .unwrap();
    let record = signed.into_record(Seq::new(4).unwrap(), TimeMs::new(1).unwrap()).unwrap();
    let before = verifier.clone();
    assert!(matches!(verifier.accept(&record), Err(Fault::UnknownKey { .. })));
    assert_eq!(verifier, before, "a fault changes nothing");
}

#[test]
fn a_log_begins_with_its_only_enrolment() {
    let mut verifier = LogVerifier::new(&STORY.log);
    let mut second = STORY.records[1].clone();
    second.leaf = second.leaf.replacen("\"seq\":1", "\"seq\":0", 1);
    assert!(matches!(verifier.accept(&second), Err(Fault::Enrolment { seq: 0, .. })));
    verifier.accept(&STORY.records[0]).unwrap();
    let mut again = STORY.records[0].clone();
    again.leaf = again.leaf.replacen("\"seq\":0", "\"seq\":1", 1);
    assert!(matches!(verifier.accept(&again), Err(Fault::Enrolment { seq: 1, .. })));
}

#[test]
fn sessions_open_once_and_close_once() {
    use caisey_ledger::event::{Interpreter, SessionEnd};
    use caisey_ledger::id::{ActionId, SessionId};
    let story = Story::begun();
    let (id, device) = technician();
    let (open, other) = (crate::story::session(), SessionId::from_bits([77; 16]));
    let attempt = |event: Event, session: &SessionId, texts: &[&str]| {
        let mut verifier = LogVerifier::new(&story.log);
        assert!(verifier.accept_batch(&story.records).fault.is_none());
        let actor = Actor::Member {
            id: id.clone(),
            device: device.clone(),
        };
        let draft = Draft::new(&story.log, TimeMs::new(1).unwrap(), actor, &event)
            .unwrap()
            .session(session.clone());
        let draft = draft.action(ActionId::from_bits([5; 16]));
        let draft = texts
            .iter()
            .fold(draft, |draft, name| draft.text(name, "x", TextSeed::from_bytes([1; 32])));
        let record = draft
            .sign(&story.technician)
            .unwrap()
            .into_record(Seq::new(verifier.size()).unwrap(), TimeMs::new(1).unwrap());
        verifier.accept(&record.unwrap()).map(drop).map_err(|fault| fault.code())
    };
    let opened = Event::SessionOpened { device: device.clone() };
    let closed = Event::SessionClosed {
        reason: SessionEnd::ByTechnician,
    };
    let proposed = Event::ActionProposed {
        interpreter: Interpreter::Sh,
        timeout_ms: 1,
        model: None,
    };
    assert_eq!(attempt(opened.clone(), &open, &["purpose"]), Err("session"));
    assert_eq!(attempt(opened, &other, &["purpose"]), Ok(()));
    assert_eq!(attempt(closed.clone(), &open, &[]), Ok(()));
    assert_eq!(attempt(closed, &other, &[]), Err("session"));
    assert_eq!(attempt(proposed.clone(), &open, &["command", "reason"]), Ok(()));
    assert_eq!(attempt(proposed, &other, &["command", "reason"]), Err("session"));
}

#[test]
fn texts_of_other_entries_and_unknown_texts_are_refused() {
    let mut records = STORY.records.clone();
    let command = records[5].disclosures["command"].clone();
    records[5].disclosures.insert("reason".into(), command.clone());
    assert_eq!(verdict(&records), Err("commitment_mismatch"));
    let mut records = STORY.records.clone();
    records[5].disclosures.insert("other".into(), command);
    assert_eq!(verdict(&records), Err("commitment_mismatch"));
    // Not showing or erasing texts breaks nothing.
    let mut records = STORY.records.clone();
    records[5].disclosures.remove("reason");
    records[5].disclosures.insert("command".into(), Disclosure::Erased {});
    assert_eq!(verdict(&records), Ok(()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn any_changed_byte_of_a_leaf_is_detected(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), change in 1_u8..=255) {
        let mut records = STORY.records.clone();
        let which = which.index(records.len());
        let mut bytes = records[which].leaf.clone().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= change;
        // Leaves travel as JSON strings: what is not UTF-8 never arrives.
        if let Ok(leaf) = String::from_utf8(bytes) {
            records[which].leaf = leaf;
            prop_assert!(verdict(&records).is_err());
        }
    }

    #[test]
    fn any_changed_byte_of_a_record_on_the_wire_is_detected(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), change in 1_u8..=255) {
        let mut records = STORY.records.clone();
        let which = which.index(records.len());
        let mut bytes = serde_json::to_vec(&records[which]).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= change;
        if let Ok(record) = serde_json::from_slice::<Record>(&bytes) {
            // Some changes leave the meaning: another way to write the same string in JSON.
            let same = record == records[which];
            records[which] = record;
            prop_assert_eq!(verdict(&records).is_ok(), same);
        }
    }

    #[test]
    fn any_permutation_but_the_right_one_is_detected(order in Just((0..STORY.records.len()).collect::<Vec<_>>()).prop_shuffle()) {
        let shuffled: Vec<Record> = order.iter().map(|at| STORY.records[*at].clone()).collect();
        prop_assert_eq!(verdict(&shuffled).is_ok(), order.is_sorted());
    }
}
