//! Reviews of snapshots: who may, who may not, and what says whose key signed.

use crate::organisation::Office;
use caisey_control::endpoint::ReviewBasis;
use caisey_control::organisation::{Reply, Request, key_evidence, reviews};
use caisey_ledger::checkpoint::Checkpoint;
use caisey_ledger::hash::Hash;
use caisey_ledger::id::{DeviceId, Seq, SessionId, TimeMs};
use caisey_ledger::set_proof::set_root;
use caisey_ledger::tree::leaf_hash;
use caisey_protocol::error::ErrorCode;
use caisey_protocol::handover::SubmitReview;
use caisey_protocol::http::{DEVICE_CONTEXT, RegisterDevice};
use caisey_protocol::role::Role;
use caisey_testkit::person::Person;
use caisey_transcript::attestation::{Coverage, Review, Reviewer, SENTENCE, Verdict};
use caisey_transcript::snapshot::{LogRange, Scope, Snapshot};
use ed25519_dalek::Signer;
use std::collections::BTreeMap;

fn snapshot() -> Snapshot {
    let range = LogRange {
        log: "caisey.test/a/b".into(),
        first_seq: Seq::new(4).unwrap(),
        last_seq: Seq::new(9).unwrap(),
        size: 12,
        root: Hash([7; 32]),
    };
    let session = SessionId::from_bits([8; 16]);
    Snapshot::new(Scope::Session { session }, vec![range]).unwrap()
}

fn register(office: &mut Office, person: &Person) -> DeviceId {
    let device = RegisterDevice {
        key: person.public_key(),
        label: "laptop".into(),
        proof: person.sign_lines(&[DEVICE_CONTEXT, person.member.as_str()]),
    };
    match office.ask(Request::RegisterDevice(person.caller(), device)) {
        Ok(Reply::Device(view)) => view.device,
        _ => panic!("a device"),
    }
}

fn review(person: &Person, device: DeviceId, verdict: Verdict) -> SubmitReview {
    let refused = verdict == Verdict::Refused;
    let said = Review {
        verdict,
        reason: refused.then(|| "Two outputs are missing.".to_owned()),
        reviewer: Reviewer {
            member: person.member.clone(),
            device,
            name: "Robin".into(),
            role: "technician".into(),
        },
        took_part: false,
        sentence: if refused { String::new() } else { SENTENCE.into() },
        coverage: Coverage {
            entries: 6,
            ..Coverage::default()
        },
        at_ms: TimeMs::new(1_750_000_000_000).unwrap(),
    };
    let key = &person.key;
    let envelope = said
        .statement(&snapshot())
        .unwrap()
        .seal(&key.verifying_key().to_bytes(), |message| key.sign(message).to_bytes())
        .unwrap();
    SubmitReview {
        snapshot: snapshot().to_text().unwrap(),
        envelope,
    }
}

fn basis(participants: &[&Person]) -> ReviewBasis {
    let took_part = participants
        .iter()
        .map(|person| (person.member.clone(), Seq::new(4).unwrap()));
    ReviewBasis {
        entries: 6,
        took_part: took_part.collect::<BTreeMap<_, _>>(),
    }
}

/// One refusal, for the log's vectors.
pub fn reviewed(office: &mut Office, person: &Person) {
    let device = register(office, person);
    let wanted = review(person, device, Verdict::Refused);
    office
        .ask(Request::Review(person.caller(), wanted, basis(&[])))
        .map(drop)
        .unwrap();
}

#[test]
fn somebody_who_took_no_part_reviews_once_and_the_log_says_so() {
    let mut office = Office::new();
    let robin = Person::new(7, &office.organisation, Role::Technician);
    let device = register(&mut office, &robin);
    let wanted = review(&robin, device.clone(), Verdict::Attested);
    for _ in 0..2 {
        office
            .ask(Request::Review(robin.caller(), wanted.clone(), basis(&[])))
            .map(drop)
            .unwrap();
    }
    let second = review(&robin, device, Verdict::Refused);
    assert_eq!(
        office.ask(Request::Review(robin.caller(), second, basis(&[]))).map(drop),
        Err(ErrorCode::Conflict)
    );
    for of in [snapshot().digest().unwrap(), SessionId::from_bits([8; 16]).to_string()] {
        let kept = reviews(&office.store, &of).unwrap();
        assert_eq!(
            (kept.len(), &kept[0].envelope, &kept[0].member),
            (1, &wanted.envelope, &robin.member)
        );
        assert!(Review::open(&kept[0].envelope, &Snapshot::parse(&kept[0].snapshot_text).unwrap()).is_ok());
    }
    assert!(reviews(&office.store, "ses_00000000000000000000000000").unwrap().is_empty());
}

#[test]
fn participants_strangers_and_contacts_are_refused() {
    let mut office = Office::new();
    let robin = Person::new(7, &office.organisation, Role::Technician);
    let device = register(&mut office, &robin);
    let wanted = review(&robin, device.clone(), Verdict::Attested);
    let mut ask = |person: &Person, wanted: &SubmitReview, basis: ReviewBasis| {
        office.ask(Request::Review(person.caller(), wanted.clone(), basis)).map(drop)
    };
    assert_eq!(ask(&robin, &wanted, basis(&[&robin])), Err(ErrorCode::Forbidden));
    // Another person hands in what Robin signed; Robin signs with a key that nobody registered.
    let other = Person::new(8, &robin.organisation, Role::Owner);
    assert_eq!(ask(&other, &wanted, basis(&[])), Err(ErrorCode::BadSignature));
    let forged = review(&other, device, Verdict::Attested);
    assert_eq!(ask(&robin, &forged, basis(&[])), Err(ErrorCode::BadSignature));
    let mut fewer = basis(&[]);
    fewer.entries = 5;
    assert_eq!(ask(&robin, &wanted, fewer), Err(ErrorCode::BadRequest));
    let altered = SubmitReview {
        snapshot: wanted.snapshot.replace("\"size\":12", "\"size\":13"),
        ..wanted.clone()
    };
    assert_eq!(ask(&robin, &altered, basis(&[])), Err(ErrorCode::BadRequest));
    assert_eq!(ask(&robin, &wanted, basis(&[&other])), Ok(()));
}

#[test]
fn a_registered_key_is_proved_by_the_organisations_log() {
    let mut office = Office::new();
    let people: Vec<Person> = (20..25)
        .map(|seed| Person::new(seed, &office.organisation, Role::Technician))
        .collect();
    let devices: Vec<DeviceId> = people.iter().map(|person| register(&mut office, person)).collect();
    for (place, device) in (0_u64..).zip(&devices) {
        let evidence = key_evidence(&office.store, device).unwrap().unwrap();
        let checkpoint = Checkpoint::read(&evidence.checkpoint).unwrap();
        let proof: Vec<Hash> = evidence.proof.iter().map(|hash| Hash::from_base64(hash).unwrap()).collect();
        let leaf = (place, leaf_hash(evidence.record.leaf.as_bytes()));
        assert_eq!(set_root(&[leaf], checkpoint.size, &proof), Ok(checkpoint.root));
        assert!(evidence.record.leaf.contains(device.as_str()));
    }
    assert!(key_evidence(&office.store, &DeviceId::from_bits([0; 16])).unwrap().is_none());
}
