//! Proofs and pages against the ledger's own verifier, over sizes that cross the tree's stored levels.

use crate::Desk;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use caisey_control::endpoint::{Input, prove_consistency, prove_inclusion, read_page};
use caisey_control::port::RequestId;
use caisey_ledger::checkpoint::Checkpoint;
use caisey_ledger::event::{Event, Stream};
use caisey_ledger::hash::Hash;
use caisey_ledger::id::Seq;
use caisey_ledger::tree::{check_consistency, check_inclusion, leaf_hash};
use caisey_protocol::http::ProofAnswer;

fn seq(number: u64) -> Seq {
    Seq::new(number).unwrap()
}

fn hashes(answer: &ProofAnswer) -> Vec<Hash> {
    answer
        .hashes
        .iter()
        .map(|hash| Hash(STANDARD.decode(hash).unwrap().try_into().unwrap()))
        .collect()
}

fn print(desk: &mut Desk, times: usize, output: &str) {
    for _ in 0..times {
        let event = Event::CommandOutput {
            stream: Stream::Stdout,
            chunk: 0,
        };
        let action = desk.runtime.taken.keys().next().unwrap().clone();
        desk.runtime
            .say(desk.plane.time(), &event, Some(&action), &[("output", output)]);
    }
    desk.pump(Vec::new());
    while let Some(message) = desk.runtime.send(1_000) {
        let effects = desk.message(message);
        desk.pump(effects);
    }
}

fn busy_desk() -> Desk {
    let mut desk = Desk::new();
    desk.connect();
    let session = desk.open(1);
    desk.propose(&session, 1).unwrap();
    desk
}

#[test]
fn every_proof_holds_also_across_stored_levels_and_after_loading() {
    let mut desk = busy_desk();
    let mut sizes = Vec::new();
    for times in [1, 2, 5, 80, 150, 17, 300] {
        print(&mut desk, times, "x");
        desk.plane.put_away();
        let page = read_page(&desk.plane.store, seq(0), 1).unwrap().unwrap();
        sizes.push(Checkpoint::open(&page.checkpoint, &desk.log(), &desk.plane.signer_key()).unwrap());
    }
    let leaves: Vec<Hash> = desk
        .plane
        .records()
        .iter()
        .map(|record| leaf_hash(record.leaf.as_bytes()))
        .collect();
    for (number, old) in sizes.iter().enumerate() {
        for new in &sizes[number..] {
            let proof = prove_consistency(&desk.plane.store, old.size, new.size).unwrap().unwrap();
            check_consistency((old.size, old.root), (new.size, new.root), &hashes(&proof)).unwrap();
        }
        for place in (0..old.size).step_by(7).chain([old.size - 1]) {
            let proof = prove_inclusion(&desk.plane.store, seq(place), old.size).unwrap().unwrap();
            check_inclusion(leaves[place as usize], place, old.size, &hashes(&proof), old.root).unwrap();
            assert_eq!(Checkpoint::read(&proof.checkpoint).unwrap(), *old);
        }
        assert_eq!(prove_inclusion(&desk.plane.store, seq(old.size), old.size).unwrap(), None);
        assert_eq!(
            prove_consistency(&desk.plane.store, old.size, old.size + 1_000_000).unwrap(),
            None
        );
        assert_eq!(prove_consistency(&desk.plane.store, u64::MAX, old.size).unwrap(), None);
    }
    assert_eq!(prove_consistency(&desk.plane.store, 1, u64::MAX).unwrap(), None);
}

#[test]
fn pages_are_dense_and_bounded_by_what_travels() {
    let mut desk = busy_desk();
    // Every byte of this is six on the wire.
    print(&mut desk, 12, &"\u{1}".repeat(65_536));
    let all = desk.plane.records();
    let mut at = 0;
    while at < all.len() as u64 {
        let page = read_page(&desk.plane.store, seq(at), 5).unwrap().unwrap();
        assert!(!page.records.is_empty() && page.records.len() <= 5);
        assert!(serde_json::to_string(&page).unwrap().len() < caisey_protocol::MAX_MESSAGE_BYTES);
        at += page.records.len() as u64;
    }
    assert_eq!(read_page(&desk.plane.store, seq(at + 7), 5).unwrap().unwrap().records, vec![]);
    desk.plane.verified();
}

#[test]
fn a_changed_database_is_not_loaded() {
    use caisey_control::endpoint::EndpointObject;
    use caisey_control::store::{Store as _, StoreError};
    for damage in [
        "UPDATE entries SET leaf_hash = zeroblob(32) WHERE seq = 2",
        "DELETE FROM texts; UPDATE entries SET seq = 77 WHERE seq = (SELECT max(seq) FROM entries)",
        "DELETE FROM checkpoints WHERE size = (SELECT max(size) FROM checkpoints)",
    ] {
        let mut desk = busy_desk();
        desk.plane.put_away();
        assert!(EndpointObject::load(&desk.plane.store, &[]).is_ok());
        desk.plane.store.script(damage).unwrap();
        assert!(
            matches!(EndpointObject::load(&desk.plane.store, &[]), Err(StoreError::Corrupt(_))),
            "{damage}"
        );
        let failed = desk.plane.batch(vec![Input::AskSendable(RequestId(1))]);
        assert!(failed.is_err());
    }
}
