//! An operator who holds the control plane's key, its database and its program, against consoles that kept what they saw.

use crate::story::{Story, technician};
use caisey_ledger::entry::{Actor, Record};
use caisey_ledger::event::Event;
use caisey_ledger::fault::Fault;
use caisey_ledger::id::{Seq, TimeMs};
use caisey_ledger::statement::Draft;
use caisey_ledger::text::TextSeed;
use caisey_ledger::tree::prove_consistency;
use caisey_ledger::verify::{Coverage, LogVerifier, check_extension};

/// The same story up to `shared` entries; then the operator writes notes of its own making, and signs.
fn rewritten(shared: usize, total: usize, claim: &str) -> Story {
    let honest = Story::every_kind();
    let mut forged = Story::new();
    for record in &honest.records[..shared] {
        replay(&mut forged, record);
    }
    while forged.records.len() < total {
        let texts = [("detail", claim)];
        let gap = Event::RecorderGap {
            cause: "restarted".into(),
            from_ms: 0,
            to_ms: 1,
        };
        forged.by_control(gap, &texts, false, None);
    }
    forged
}

fn replay(story: &mut Story, record: &Record) {
    let hash = caisey_ledger::tree::leaf_hash(record.leaf.as_bytes());
    let nodes = &mut story.nodes.0;
    story
        .frontier
        .append_with(hash, |at, hash| assert!(nodes.insert(at, hash).is_none()));
    story.records.push(record.clone());
}

fn verified(story: &Story) -> LogVerifier {
    let mut verifier = LogVerifier::new(&story.log);
    let outcome = verifier.accept_batch(&story.records);
    assert!(outcome.fault.is_none(), "{:?}", outcome.fault);
    let coverage = verifier.check_checkpoint(&story.note(), &story.public_key()).unwrap();
    assert_eq!(coverage, Coverage::Exact(story.checkpoint()));
    verifier
}

#[test]
fn a_log_recomputed_from_the_middle_contradicts_the_kept_checkpoint() {
    let honest = Story::every_kind();
    let kept = honest.checkpoint();
    for shared in [2, 5, 10, 27] {
        // Without an endpoint's or person's signature to forge, the operator can write entries of its own: the log alone looks whole.
        let forged = rewritten(shared, 40, "nothing happened");
        let verifier = verified(&forged);
        for from in [kept.size, 1, shared as u64] {
            let proof = prove_consistency(from, 40, &forged.nodes).unwrap();
            match verifier.check_older(&kept, &proof) {
                Err(Fault::Fork { ours, theirs, .. }) => assert_eq!((*ours, *theirs), (kept.clone(), forged.checkpoint())),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn an_older_copy_of_the_database_is_behind_and_cannot_grow_into_what_was_kept() {
    let honest = Story::every_kind();
    let console = verified(&honest);
    let older = rewritten(12, 12, "");
    assert!(matches!(
        console.check_checkpoint(&older.note(), &older.public_key()),
        Ok(Coverage::Behind(_))
    ));
    // The rewound log grows again, differently, up to the size that was kept.
    let regrown = rewritten(12, honest.records.len(), "after the restore");
    let fault = console.check_checkpoint(&regrown.note(), &regrown.public_key()).unwrap_err();
    assert_eq!(fault.code(), "altered");
    assert_eq!(
        check_extension(&honest.checkpoint(), &regrown.checkpoint(), &[])
            .unwrap_err()
            .code(),
        "fork"
    );
}

#[test]
fn two_consoles_that_were_shown_different_histories_have_the_proof() {
    let (one, other) = (
        Story::every_kind(),
        rewritten(9, Story::every_kind().records.len(), "for the other console"),
    );
    let (one, other) = (verified(&one), verified(&other));
    assert_eq!(one.size(), other.size());
    assert_ne!(one.root(), other.root());
}

#[test]
fn a_record_cut_off_in_the_middle_is_refused() {
    let story = Story::every_kind();
    for (at, record) in story.records.iter().enumerate() {
        let mut verifier = LogVerifier::new(&story.log);
        let mut records = story.records[..=at].to_vec();
        let half = record.leaf.len() / 2;
        records[at].leaf.truncate(half);
        let outcome = verifier.accept_batch(&records);
        assert_eq!((outcome.accepted.len(), outcome.fault.unwrap().code()), (at, "malformed"));
    }
}

#[test]
fn a_known_device_keeps_its_key_and_its_person() {
    let story = Story::begun();
    let (member, device) = technician();
    let introduce = |member, key: &[u8; 32], role: &str| {
        let event = Event::KeyIntroduced {
            member,
            device: device.clone(),
            key: crate::story::base64(key),
            role: role.into(),
        };
        let draft = Draft::new(&story.log, TimeMs::new(1).unwrap(), Actor::Control {}, &event).unwrap();
        let signed = draft.text("name", "x", TextSeed::from_bytes([1; 32])).unsigned().unwrap();
        verified(&story)
            .accept(
                &signed
                    .into_record(Seq::new(story.frontier.size()).unwrap(), TimeMs::new(1).unwrap())
                    .unwrap(),
            )
            .map(drop)
    };
    let own = story.technician.verifying_key().to_bytes();
    introduce(member.clone(), &own, "owner").unwrap();
    assert_eq!(
        introduce(member.clone(), &story.public_key(), "owner").unwrap_err().code(),
        "key_conflict"
    );
    assert_eq!(
        introduce(crate::story::contact().0, &own, "owner").unwrap_err().code(),
        "key_conflict"
    );
    assert_eq!(introduce(member, &[0; 32], "owner").unwrap_err().code(), "key_conflict");
}
