//! Packs as a console makes them: a session, an attestation by somebody who took no part, a few redactions, a certificate.

use crate::story::{Nodes, Story, base64, session, technician};
use caisey_ledger::checkpoint::{Checkpoint, cosign, cosigner_vkey};
use caisey_ledger::disclosure::{Disclosure, Label};
use caisey_ledger::entry::{Actor, Entry, Record, SignedStatement, Statement};
use caisey_ledger::hash::Hash;
use caisey_ledger::id::{DeviceId, MemberId, Seq, SessionId, TimeMs};
use caisey_ledger::text::{TextSeed, commit};
use caisey_ledger::tree::{Frontier, leaf_hash};
use caisey_transcript::attestation::{Coverage, Review, Reviewer, SENTENCE, Verdict};
use caisey_transcript::certificate::Certificate;
use caisey_transcript::dsse::Statement as Signed;
use caisey_transcript::excerpt::{Excerpt, Proved, introduces};
use caisey_transcript::finding::Findings;
use caisey_transcript::pack::{ClaimedKeys, Contents, KEYS_FORMAT, release};
use caisey_transcript::redaction::{Pseudonyms, Span, apply};
use caisey_transcript::release::{Planted, Releaser, ScrubMeasure, Scrubbed};
use caisey_transcript::restored::Restored;
use caisey_transcript::snapshot::{LogRange, Scope, Snapshot};
use ed25519_dalek::{Signer, SigningKey};
use std::collections::BTreeMap;

pub const NOW: u64 = 1_780_001_000_000;

pub fn now() -> TimeMs {
    TimeMs::new(NOW).unwrap()
}

pub fn reviewer() -> (MemberId, DeviceId, SigningKey) {
    (
        MemberId::from_bits([10; 16]),
        DeviceId::from_bits([11; 16]),
        SigningKey::from_bytes(&[0x55; 32]),
    )
}

pub fn witness() -> SigningKey {
    SigningKey::from_bytes(&[0x66; 32])
}

/// An organisation's own log, in which consoles are registered.
pub fn organisation_log(
    story: &Story,
    devices: &[(MemberId, DeviceId, &SigningKey, &str, &str)],
) -> (String, Vec<Record>, Nodes) {
    let log = story.log.rsplit_once('/').unwrap().0.to_owned();
    let (mut frontier, mut nodes, mut records) = (Frontier::new(), Nodes::default(), Vec::new());
    for (number, (member, device, key, role, name)) in (0_u64..).zip(devices) {
        let facts = serde_json::json!({
            "member": member, "device": device, "key": base64(key.verifying_key().as_bytes()), "role": role,
        });
        let seed = TextSeed::from_bytes(Hash::of(name.as_bytes()).0);
        let statement = Statement {
            v: 1,
            log: log.clone(),
            at_ms: TimeMs::new(1_779_000_000_000 + number).unwrap(),
            actor: Actor::Control {},
            kind: "device.registered".to_owned(),
            facts: facts.as_object().unwrap().clone(),
            session: None,
            action: None,
            counter: None,
            texts: BTreeMap::from([("name".to_owned(), commit(name, &seed))]),
        };
        let text = (*name).to_owned();
        let signed = SignedStatement {
            statement,
            signature: None,
            disclosures: BTreeMap::from([("name".to_owned(), Disclosure::Full { text, seed })]),
        };
        let record = signed
            .into_record(Seq::new(number).unwrap(), TimeMs::new(1_779_000_000_000 + number).unwrap())
            .unwrap();
        frontier.append_with(leaf_hash(record.leaf.as_bytes()), |at, hash| {
            nodes.0.insert(at, hash);
        });
        records.push(record);
    }
    let checkpoint = Checkpoint {
        origin: log,
        size: frontier.size(),
        root: frontier.root(),
    };
    let note = checkpoint
        .sign(&story.public_key(), |message| story.control.sign(message).to_bytes())
        .unwrap();
    (note, records, nodes)
}

/// Introductions before `first`, then everything to `last`; texts of entries outside of the scope are not given.
pub fn excerpt(story: &Story, note: &str, scope: &Scope, first: u64, last: u64) -> Excerpt {
    let wanted = |(at, record): &(u64, &Record)| (first..=last).contains(at) || (*at < first && introduces(&record.leaf));
    let chosen: Vec<(u64, &Record)> = (0_u64..).zip(&story.records).filter(wanted).collect();
    let places: Vec<u64> = chosen.iter().map(|(at, _)| *at).collect();
    let records = chosen
        .into_iter()
        .map(|(at, record)| {
            let mut record = record.clone();
            if at >= first && !scope.holds(&record.parse().unwrap()) {
                record.disclosures.clear();
            }
            record
        })
        .collect();
    Excerpt::new(note, &places, records, &story.nodes).unwrap()
}

pub fn range_of_session(story: &Story, wanted: &SessionId) -> (u64, u64) {
    let entries: Vec<Entry> = story.records.iter().map(|record| record.parse().unwrap()).collect();
    let own = || {
        entries
            .iter()
            .filter(|entry| entry.statement.session.as_ref() == Some(wanted))
    };
    (own().next().unwrap().seq.get(), own().next_back().unwrap().seq.get())
}

pub fn snapshot_of(story: &Story, scope: Scope, first: u64, last: u64) -> Snapshot {
    let range = LogRange {
        log: story.log.clone(),
        first_seq: Seq::new(first).unwrap(),
        last_seq: Seq::new(last).unwrap(),
        size: story.frontier.size(),
        root: story.frontier.root(),
    };
    Snapshot::new(scope, vec![range]).unwrap()
}

pub fn review(snapshot: &Snapshot, excerpt: &Excerpt, who: &(MemberId, DeviceId, SigningKey), verdict: Verdict) -> String {
    let range = &snapshot.logs[0];
    let mut shown = BTreeMap::new();
    let mut count = 0;
    for record in &excerpt.records {
        let entry = record.parse().unwrap();
        if range.contains(entry.seq) && snapshot.scope.holds(&entry) {
            count += 1;
            if count % 5 != 0 {
                shown.insert((range.log.clone(), entry.seq), 1_500);
            }
        }
    }
    let refused = verdict == Verdict::Refused;
    let review = Review {
        verdict,
        reason: refused.then(|| "The purpose does not fit what was done.".to_owned()),
        reviewer: Reviewer {
            member: who.0.clone(),
            device: who.1.clone(),
            name: "Ada Owner".to_owned(),
            role: "owner".to_owned(),
        },
        took_part: false,
        sentence: if refused { String::new() } else { SENTENCE.to_owned() },
        coverage: Coverage::gather(count, &shown),
        at_ms: now(),
    };
    seal(&review.statement(snapshot).unwrap(), &who.2)
}

pub fn seal<P: serde::Serialize + serde::de::DeserializeOwned>(statement: &Signed<P>, key: &SigningKey) -> String {
    statement
        .seal(&key.verifying_key().to_bytes(), |message| key.sign(message).to_bytes())
        .unwrap()
}

pub fn releaser() -> Releaser {
    let (member, device, _) = reviewer();
    Releaser {
        member,
        device,
        name: "Ada Owner".to_owned(),
    }
}

/// Hides every occurrence of these words.
pub fn hide(excerpt: &mut Excerpt, words: &[(&str, &str)]) {
    let mut names = Pseudonyms::default();
    for record in &mut excerpt.records {
        for (text_name, disclosure) in &mut record.disclosures {
            let Some(text) = disclosure.full_text() else { continue };
            let spans: Vec<Span> = words
                .iter()
                .flat_map(|(word, class)| text.match_indices(word).map(move |(at, _)| (at, *word, *class)))
                .map(|(at, word, class)| Span {
                    bytes: at..at + word.len(),
                    label: Label {
                        class: class.to_owned(),
                        by: "rule:test".to_owned(),
                        pseudonym: names.of(class, word),
                    },
                })
                .collect();
            *disclosure = apply(text_name, disclosure, &spans).unwrap().disclosure;
        }
    }
}

pub fn proved(story: &Story, contents: &Contents) -> Vec<Proved> {
    let mut found = Findings::default();
    let part = contents.excerpts[0]
        .prove(&story.log, Some(&contents.snapshot.logs[0]), &story.public_key(), &mut found)
        .unwrap();
    assert!(found.hold(), "{found:?}");
    vec![part]
}

/// The contents of an attested session's pack; nothing hidden yet.
pub fn contents(story: &Story) -> Contents {
    let scope = Scope::Session { session: session() };
    let (first, last) = range_of_session(story, &session());
    contents_of(story, scope, first, last)
}

pub fn contents_of(story: &Story, scope: Scope, first: u64, last: u64) -> Contents {
    let key = witness();
    let witness_key = key.verifying_key().to_bytes();
    let name = "witness.example/1";
    let note = cosign(&story.note(), name, &witness_key, NOW / 1_000, |message| {
        key.sign(message).to_bytes()
    })
    .unwrap();
    let snapshot = snapshot_of(story, scope, first, last);
    let part = excerpt(story, &note, &snapshot.scope, first, last);
    let ada = reviewer();
    let (member, device) = technician();
    let (organisation_note, records, nodes) = organisation_log(
        story,
        &[
            (member, device, &story.technician, "technician", "John Doe"),
            (ada.0.clone(), ada.1.clone(), &ada.2, "owner", "Ada Owner"),
        ],
    );
    let keys = Excerpt::new(&organisation_note, &[1], records[1..2].to_vec(), &nodes).unwrap();
    let mut contents = Contents {
        attestations: vec![review(&snapshot, &part, &ada, Verdict::Attested)],
        snapshot,
        excerpts: vec![part, keys],
        certificates: Vec::new(),
        timestamps: Vec::new(),
        keys: ClaimedKeys {
            format: KEYS_FORMAT.to_owned(),
            control: Hash(story.public_key()),
            witnesses: vec![cosigner_vkey(name, &witness_key).unwrap()],
        },
    };
    let parts = proved(story, &contents);
    let own: Vec<&Proved> = parts.iter().collect();
    let answer = Certificate::answer("*payroll*", &contents.snapshot, &own, releaser(), now()).unwrap();
    contents
        .certificates
        .push(seal(&answer.statement(&contents.snapshot).unwrap(), &ada.2));
    contents
}

pub fn measure() -> ScrubMeasure {
    let email = Planted {
        planted: 1_000,
        found: 997,
    };
    ScrubMeasure {
        rules: "1".to_owned(),
        classes: BTreeMap::from([("email".to_owned(), email)]),
        least_per_mille: 990,
    }
}

pub fn packed(contents: &Contents) -> Vec<u8> {
    packed_by(contents, &reviewer().2)
}

pub fn packed_by(contents: &Contents, key: &SigningKey) -> Vec<u8> {
    packed_with(contents, key, Vec::new())
}

/// A pack whose release says that this is shown again.
pub fn packed_with(contents: &Contents, key: &SigningKey, restored: Vec<Restored>) -> Vec<u8> {
    let scrubbed = Scrubbed {
        measure: measure(),
        restored,
    };
    release(
        contents,
        releaser(),
        now(),
        Some(scrubbed),
        &key.verifying_key().to_bytes(),
        |message| key.sign(message).to_bytes(),
    )
    .unwrap()
}

/// A whole pack with a few hidden words.
pub fn pack(story: &Story) -> Vec<u8> {
    let mut contents = contents(story);
    hide(
        &mut contents.excerpts[0],
        &[("root", "user-path"), ("John Doe", "person"), ("srv", "host")],
    );
    packed(&contents)
}
