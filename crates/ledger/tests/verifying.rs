//! Honest logs verify, whole, in pieces, resumed, on several threads; checkpoints and proofs fit them.

use crate::story::Story;
use caisey_ledger::checkpoint::{Checkpoint, CheckpointError, cosign, cosignature, cosigner_vkey, parse_vkey, vkey};
use caisey_ledger::event::{Event, KINDS};
use caisey_ledger::fault::Fault;
use caisey_ledger::proof::EntryProof;
use caisey_ledger::tree::{check_inclusion, leaf_hash, prove_consistency, prove_inclusion};
use caisey_ledger::verify::{Coverage, LogVerifier, check_extension, precheck};
use ed25519_dalek::{Signer, SigningKey};
use std::collections::BTreeSet;

#[test]
fn every_capture_kind_is_recorded_and_verified() {
    let story = Story::every_kind();
    let mut verifier = LogVerifier::new(&story.log);
    let outcome = verifier.accept_batch(&story.records);
    assert!(outcome.fault.is_none(), "{:?}", outcome.fault);
    let mut seen = BTreeSet::new();
    for accepted in &outcome.accepted {
        let event = accepted.event.as_ref().expect("every kind in the story is known");
        let (kind, facts) = event.to_parts().unwrap();
        assert_eq!(
            (&kind, &facts),
            (&accepted.entry.statement.kind, &accepted.entry.statement.facts)
        );
        assert_eq!(Event::from_parts(&kind, &facts).unwrap().as_ref(), Some(event));
        seen.insert(kind);
    }
    assert_eq!(seen, KINDS.iter().map(|kind| (*kind).to_owned()).collect());
    let coverage = verifier.check_checkpoint(&story.note(), &story.public_key()).unwrap();
    assert_eq!(coverage, Coverage::Exact(story.checkpoint()));
}

#[test]
fn one_by_one_in_batches_resumed_and_on_threads_come_to_the_same() {
    let story = Story::every_kind();
    let mut whole = LogVerifier::new(&story.log);
    assert!(whole.accept_batch(&story.records).fault.is_none());
    let mut single = LogVerifier::new(&story.log);
    for record in &story.records {
        single.accept(record).unwrap();
        // Stored and read back between any two records.
        single = serde_json::from_str(&serde_json::to_string(&single).unwrap()).unwrap();
    }
    assert_eq!(single, whole);
    let (left, right) = story.records.split_at(11);
    let (left, right) = std::thread::scope(|scope| {
        let left = scope.spawn(|| precheck(left));
        let right = scope.spawn(|| precheck(right));
        (left.join().unwrap(), right.join().unwrap())
    });
    let mut threaded = LogVerifier::new(&story.log);
    assert!(threaded.accept_all(left).fault.is_none());
    assert!(threaded.accept_all(right).fault.is_none());
    assert_eq!(threaded, whole);
}

#[test]
fn proofs_made_from_stored_nodes_hold_for_every_entry_and_size() {
    let story = Story::every_kind();
    let roots: Vec<_> = (0..=story.records.len())
        .map(|size| {
            let mut verifier = LogVerifier::new(&story.log);
            assert!(verifier.accept_batch(&story.records[..size]).fault.is_none());
            Checkpoint {
                origin: story.log.clone(),
                size: size as u64,
                root: verifier.root(),
            }
        })
        .collect();
    for newer in &roots {
        for (index, record) in story.records.iter().take(newer.size as usize).enumerate() {
            let proof = prove_inclusion(index as u64, newer.size, &story.nodes).unwrap();
            check_inclusion(
                leaf_hash(record.leaf.as_bytes()),
                index as u64,
                newer.size,
                &proof,
                newer.root,
            )
            .unwrap();
        }
        for older in roots.iter().take(newer.size as usize + 1) {
            let proof = prove_consistency(older.size, newer.size, &story.nodes).unwrap();
            check_extension(older, newer, &proof).unwrap();
        }
    }
    assert!(prove_inclusion(5, 5, &story.nodes).is_err());
    assert!(prove_consistency(6, 5, &story.nodes).is_err());
}

#[test]
fn an_older_checkpoint_is_extended_by_proof_and_a_fork_shows_both() {
    let mut story = Story::begun();
    let stored = story.checkpoint();
    for chunk in 0..20 {
        story.output("a line\n", chunk);
    }
    let mut verifier = LogVerifier::new(&story.log);
    assert!(verifier.accept_batch(&story.records).fault.is_none());
    let proof = prove_consistency(stored.size, verifier.size(), &story.nodes).unwrap();
    verifier.check_older(&stored, &proof).unwrap();
    let mut other = stored.clone();
    other.root.0[0] ^= 1;
    match verifier.check_older(&other, &proof) {
        Err(Fault::Fork { ours, theirs, .. }) => assert_eq!((*ours, *theirs), (other, story.checkpoint())),
        wrong => panic!("{wrong:?}"),
    }
}

#[test]
fn checkpoints_of_other_keys_logs_and_sizes_are_told_apart() {
    let story = Story::begun();
    let mut verifier = LogVerifier::new(&story.log);
    assert!(verifier.accept_batch(&story.records[..5]).fault.is_none());
    assert!(matches!(
        verifier.check_checkpoint(&story.note(), &story.public_key()),
        Ok(Coverage::Ahead(_))
    ));
    let short = Checkpoint {
        size: 3,
        ..story.checkpoint()
    };
    let sign = |checkpoint: &Checkpoint, key: &SigningKey| {
        checkpoint
            .sign(key.verifying_key().as_bytes(), |message| key.sign(message).to_bytes())
            .unwrap()
    };
    assert!(matches!(
        verifier.check_checkpoint(&sign(&short, &story.control), &story.public_key()),
        Ok(Coverage::Behind(_))
    ));
    let same_size = Checkpoint {
        size: 5,
        ..story.checkpoint()
    };
    assert!(matches!(
        verifier.check_checkpoint(&sign(&same_size, &story.control), &story.public_key()),
        Err(Fault::Altered { .. })
    ));
    let unrelated = verifier.check_checkpoint(&sign(&short, &story.endpoint), &story.public_key());
    assert!(
        matches!(unrelated, Err(Fault::Checkpoint(CheckpointError::NotSigned))),
        "{unrelated:?}"
    );
    let elsewhere = Checkpoint {
        origin: "caisey.example/other".into(),
        ..story.checkpoint()
    };
    let elsewhere = verifier.check_checkpoint(&sign(&elsewhere, &story.control), &story.public_key());
    assert!(
        matches!(elsewhere, Err(Fault::Checkpoint(CheckpointError::Origin { .. }))),
        "{elsewhere:?}"
    );
    let forged = story.note().replace(&format!("\n{}\n", story.frontier.size()), "\n3\n");
    let forged = verifier.check_checkpoint(&forged, &story.public_key());
    assert!(
        matches!(forged, Err(Fault::Checkpoint(CheckpointError::BadSignature))),
        "{forged:?}"
    );
}

#[test]
fn witnesses_cosign_and_everybody_can_check() {
    let story = Story::begun();
    let witness = SigningKey::from_bytes(&[0x55; 32]);
    let key = witness.verifying_key().to_bytes();
    let name = "caisey.example/console/dev_1";
    let once = cosign(&story.note(), name, &key, 1_780_000_000, |message| {
        witness.sign(message).to_bytes()
    })
    .unwrap();
    let twice = cosign(&once, "another", &key, 1_780_000_007, |message| {
        witness.sign(message).to_bytes()
    })
    .unwrap();
    assert!(twice.starts_with(&story.note()));
    assert_eq!(
        Checkpoint::open(&twice, &story.log, &story.public_key()).unwrap(),
        story.checkpoint()
    );
    assert_eq!(cosignature(&twice, name, &key).unwrap().unwrap().time_s, 1_780_000_000);
    assert_eq!(cosignature(&twice, "another", &key).unwrap().unwrap().time_s, 1_780_000_007);
    assert_eq!(cosignature(&twice, "somebody", &key).unwrap(), None);
    assert_eq!(cosignature(&story.note(), name, &key).unwrap(), None);
    // The same key's plain signature is not a cosignature, and a moved line does not verify.
    let other_body = once.replace(&format!("\n{}\n", story.frontier.size()), "\n3\n");
    assert!(cosignature(&other_body, name, &key).is_err());
    assert_eq!(
        parse_vkey(&vkey(&story.log, &key).unwrap()).unwrap(),
        (story.log.clone(), key)
    );
    assert!(parse_vkey(&cosigner_vkey(name, &key).unwrap()).is_err());
}

#[test]
fn a_proof_file_proves_one_entry_and_no_other() {
    let story = Story::every_kind();
    let hashes = prove_inclusion(7, story.frontier.size(), &story.nodes).unwrap();
    for extra in [None, Some(b"anything".to_vec())] {
        let proof = EntryProof {
            index: 7,
            hashes: hashes.clone(),
            checkpoint: story.note(),
            extra,
        };
        let read = EntryProof::parse(&proof.to_text()).unwrap();
        assert_eq!(read, proof);
        for (index, record) in story.records.iter().enumerate() {
            let result = read.verify(record, &story.log, &story.public_key());
            assert_eq!(result.is_ok(), index == 7);
        }
    }
}
